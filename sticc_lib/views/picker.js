// A picture under a grid of fields: a click or the arrow keys pick one.
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function pick(model, row, column) {
  const [rows, columns] = model.get("shape");
  const first = model.get("first");
  model.set("row", Math.min(Math.max(row, first), first + rows - 1));
  model.set("column", Math.min(Math.max(column, first), first + columns - 1));
  model.save_changes();
}

function fields(model, grid) {
  const [rows, columns] = model.get("shape");
  const first = model.get("first");
  grid.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
  grid.replaceChildren();
  for (let row = first; row < first + rows; row++) {
    const line = document.createElement("div");
    line.setAttribute("role", "row");
    for (let column = first; column < first + columns; column++) {
      const field = document.createElement("div");
      field.setAttribute("role", "gridcell");
      field.setAttribute("aria-label", `row ${row}, column ${column}`);
      field.addEventListener("click", () => pick(model, row, column));
      line.append(field);
    }
    grid.append(line);
  }
}

function render({ model, el }) {
  const image = document.createElement("img");
  const grid = document.createElement("div");
  el.classList.add("sticc-picker");
  el.dataset.lmSuppressShortcuts = "true"; // arrow keys are not JupyterLab's in here
  image.alt = ""; // the grid over it has the words
  grid.setAttribute("role", "grid");
  el.append(image, grid);

  const mark = () => {
    const first = model.get("first");
    const chosen =
      (model.get("row") - first) * model.get("shape")[1] + model.get("column") - first;
    const focused = grid.contains(document.activeElement);
    grid.querySelectorAll("[role=gridcell]").forEach((field, number) => {
      field.setAttribute("aria-selected", number === chosen);
      field.tabIndex = number === Math.max(chosen, 0) ? 0 : -1; // where none is chosen: the first
      if (focused && number === chosen) field.focus({ preventScroll: true });
    });
  };
  const shape = () => {
    el.style.setProperty("--wide", `${model.get("field") * model.get("shape")[1]}px`);
    grid.setAttribute("aria-label", model.get("label"));
    fields(model, grid);
    mark();
  };
  let address = "";
  const paint = () => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    image.src = address;
  };
  grid.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    pick(model, model.get("row") + move[0], model.get("column") + move[1]);
  });
  const listeners = {
    "change:row change:column": mark,
    "change:shape": shape,
    "change:picture": paint,
  };
  Object.entries(listeners).forEach(([event, listener]) => model.on(event, listener));
  shape();
  paint();
  return () => {
    URL.revokeObjectURL(address);
    Object.entries(listeners).forEach(([event, listener]) => model.off(event, listener));
  };
}

export default { render };
