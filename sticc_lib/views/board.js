// People and fragments as lists of pictures, several to be chosen, and buttons that correct a count.
const BUTTONS = [
  ["merge", "Merge", "The two people that are picked are one"],
  ["split", "Split off", "The chosen fragments are somebody else"],
  ["drop", "Not a person", "Whoever is picked is nobody, and is not counted"],
  ["keep", "Count anyway", "Whoever is picked counts, however short they were seen"],
  ["undo", "Undo", "Take the last correction back"],
];
const WIDE = 38, HIGH = 77; // of a picture, CSS pixels

function make(kind, role, label) {
  const made = document.createElement(kind);
  if (role) made.setAttribute("role", role);
  if (label) made.setAttribute("aria-label", label);
  return made;
}

// A list of pictures. `items`, `sheet`, `value`: names of the model's traits.
function list(model, label, items, sheet, value) {
  const box = make("div", "listbox"), head = make("p");
  head.setAttribute("aria-hidden", "true"); // the list is called so
  box.setAttribute("aria-multiselectable", "true");
  let address = "";
  const options = () => Array.from(box.querySelectorAll("[role=option]"));
  const toggle = (id) => {
    const now = model.get(value);
    model.set(value, now.includes(id) ? now.filter((n) => n !== id) : [...now, id]);
    model.save_changes();
  };
  const mark = () => {
    const now = model.get(value);
    options().forEach((option, place) => {
      option.setAttribute("aria-selected", now.includes(model.get(items)[place]?.id));
    });
  };
  const reach = (place) => {
    options().forEach((option, n) => (option.tabIndex = n === place ? 0 : -1));
    box.dataset.at = place;
  };
  const fill = () => {
    const focused = box.contains(document.activeElement);
    const there = model.get(items);
    box.hidden = !there.length;
    head.hidden = !there.length;
    head.textContent = label(there);
    box.setAttribute("aria-label", label(there));
    box.replaceChildren();
    there.forEach((item, place) => {
      const option = make("div", "option", item.label);
      option.title = item.label;
      option.classList.toggle("pale", item.pale);
      const across = model.get("across");
      const picture = make("span");
      picture.className = "picture";
      picture.style.backgroundImage = `url(${address})`;
      picture.style.backgroundSize = `${across * WIDE}px auto`;
      picture.style.backgroundPosition =
        `${-WIDE * (place % across)}px ${-HIGH * Math.floor(place / across)}px`;
      const name = make("b");
      name.textContent = item.name;
      const note = make("small");
      note.textContent = item.note;
      option.append(picture, name, note);
      if (item.group && item.group !== there[place - 1]?.group) option.classList.add("first");
      option.addEventListener("click", () => {
        reach(place);
        toggle(item.id);
      });
      box.append(option);
    });
    mark();
    const at = Math.min(Number(box.dataset.at || 0), Math.max(there.length - 1, 0));
    reach(at);
    if (focused) options()[at]?.focus({ preventScroll: true });
  };
  const paint = () => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get(sheet)], { type: "image/jpeg" }));
    fill();
  };
  box.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const wide = Math.max(1, all.filter((o) => o.offsetTop === all[0].offsetTop).length);
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide,
                    Home: -at, End: all.length - 1 - at };
    if (event.key === " " || event.key === "Enter") toggle(model.get(items)[at].id);
    else if (event.key in moves) {
      const place = Math.min(Math.max(at + moves[event.key], 0), all.length - 1);
      reach(place);
      all[place].focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  paint();
  return { parts: [head, box], stop: () => URL.revokeObjectURL(address),
           listeners: { [`change:${items} change:${sheet}`]: paint, [`change:${value}`]: mark } };
}

function render({ model, el }) {
  el.classList.add("sticc-board");
  el.dataset.lmSuppressShortcuts = "true"; // keys are not JupyterLab's in here
  const told = make("p", "status"), alarm = make("p", "alert");
  told.className = "told";
  alarm.className = "alarm";
  const row = make("div", "group", "Corrections");
  const buttons = BUTTONS.map(([act, text, help]) => {
    const button = make("button");
    button.type = "button";
    button.textContent = text;
    button.title = help;
    button.addEventListener("click", () => {
      if (model.get("can").includes(act)) model.send({ act });
    });
    row.append(button);
    return button;
  });
  const people = list(model, () => "People: pick one, or two to merge", "people", "people_sheet",
                      "picked");
  const whose = (items) => `Fragments of ${[...new Set(items.map((i) => i.group))].join(" and ")}: ` +
    "choose those of somebody else";
  const fragments = list(model, whose, "fragments", "fragments_sheet", "chosen");
  el.append(told, row, alarm, ...people.parts, ...fragments.parts);

  const say = () => {
    told.textContent = model.get("told");
    alarm.textContent = model.get("alarm");
    alarm.hidden = !model.get("alarm");
    // not `disabled`: who has the focus on it keeps it
    buttons.forEach((button, n) =>
      button.setAttribute("aria-disabled", !model.get("can").includes(BUTTONS[n][0])));
  };
  const listeners = { "change:told change:alarm change:can": say, ...people.listeners,
                      ...fragments.listeners };
  Object.entries(listeners).forEach(([event, listener]) => model.on(event, listener));
  say();
  return () => {
    people.stop();
    fragments.stop();
    Object.entries(listeners).forEach(([event, listener]) => model.off(event, listener));
  };
}

export default { render };
