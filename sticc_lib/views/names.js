// Gives the picture of the view around it its alt text, and every slider handle the label beside it.
function name(el, alt) {
  const view = el.closest(".sticc-view");
  if (!view) return false;
  view.querySelector("img.sticc-picture")?.setAttribute("alt", alt);
  for (const control of view.querySelectorAll(".sticc-control")) {
    const label = control.querySelector(".widget-label")?.textContent;
    for (const handle of control.querySelectorAll("[role=slider]")) {
      handle.setAttribute("aria-label", label);
    }
  }
  return true;
}

function render({ model, el }) {
  el.style.display = "none";
  const again = () => name(el, model.get("alt"));
  // a new range makes a new handle, and other parts of the view may come later than this one
  const timers = [0, 100, 500, 2000].map((wait) => setTimeout(again, wait));
  const later = () => timers.push(setTimeout(again, 50));
  model.on("change:alt", later);
  return () => {
    timers.forEach(clearTimeout);
    model.off("change:alt", later);
  };
}

export default { render };
