// A frame under a grid of tokens: a click or the arrow keys pick one.
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function cells(model, grid) {
  const [rows, columns] = model.get("shape");
  grid.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
  const made = [];
  for (let row = 0; row < rows; row++) {
    const line = document.createElement("div");
    line.setAttribute("role", "row");
    for (let column = 0; column < columns; column++) {
      const cell = document.createElement("div");
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-label", `row ${row}, column ${column}`);
      cell.addEventListener("click", () => pick(model, row, column));
      line.append(cell);
      made.push(cell);
    }
    grid.append(line);
  }
  return made;
}

function pick(model, row, column) {
  const [rows, columns] = model.get("shape");
  model.set("row", Math.min(Math.max(row, 0), rows - 1));
  model.set("column", Math.min(Math.max(column, 0), columns - 1));
  model.save_changes();
}

function render({ model, el }) {
  const image = document.createElement("img");
  const grid = document.createElement("div");
  el.classList.add("sticc-picker");
  el.dataset.lmSuppressShortcuts = "true"; // arrow keys are not JupyterLab's in here
  image.alt = ""; // the grid over it has the words
  grid.setAttribute("role", "grid");
  grid.setAttribute("aria-label", model.get("label"));
  el.append(image, grid);
  const made = cells(model, grid);

  const mark = () => {
    const chosen = model.get("row") * model.get("shape")[1] + model.get("column");
    const focused = grid.contains(document.activeElement);
    made.forEach((cell, number) => {
      cell.setAttribute("aria-selected", number === chosen);
      cell.tabIndex = number === chosen ? 0 : -1;
    });
    if (focused) made[chosen]?.focus({ preventScroll: true });
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
  model.on("change:row change:column", mark);
  model.on("change:picture", paint);
  mark();
  paint();
  return () => {
    URL.revokeObjectURL(address);
    model.off("change:row change:column", mark);
    model.off("change:picture", paint);
  };
}

export default { render };
