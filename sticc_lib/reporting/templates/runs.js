"use strict";
// Sorts and filters the table of runs. Without it the table stands as it was written.
(() => {
  const table = document.getElementById("runs"), [body, rest] = table.tBodies;
  const more = document.getElementById("more"), PAGE = 100;
  let shown = PAGE;
  const form = document.getElementById("filter"), output = document.getElementById("shown");
  const [words, kind, end] = ["words", "kind", "end"].map((id) => document.getElementById(id));
  const heads = [...table.tHead.rows[0].cells];
  const whole = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");
  const runs = [...table.tBodies].flatMap((part) => [...part.rows]).map((row, place) => ({
    row, place, kind: row.dataset.kind, end: row.dataset.end,
    text: row.textContent.toLowerCase(), keys: {},
  }));
  rest?.remove();

  // numbers as numbers, the rest as text; empty cells stand last either way
  function key(run, column) {
    if (!(column in run.keys)) {
      const cell = run.row.cells[column];
      const text = (cell.dataset.value ?? cell.textContent).trim();
      const number = text === "" ? NaN : Number(text);
      run.keys[column] = text === "" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
    }
    return run.keys[column];
  }

  function compare(a, b) {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  }

  // a hundred rows at a time are in the page: laying out a thousand takes seconds
  function show() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = runs.filter((run) => (!kind.value || run.kind === kind.value)
      && (!end.value || run.end === end.value) && wanted.every((word) => run.text.includes(word)));
    body.replaceChildren(...found.slice(0, shown).map((run) => run.row));
    more.hidden = found.length <= shown;
    more.textContent = `Show ${Math.min(PAGE, found.length - shown)} more`;
    output.textContent = found.length === runs.length
      ? `${whole(runs.length)} runs` : `${whole(found.length)} of ${whole(runs.length)} runs`;
  }

  function again() {
    shown = PAGE;
    show();
  }

  function sort(column, rising) {
    runs.sort((a, b) => {
      const [x, y] = [key(a, column), key(b, column)];
      if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;
      return (rising ? compare(x, y) : compare(y, x)) || a.place - b.place;
    });
    heads.forEach((head, n) => {
      if (n === column) head.setAttribute("aria-sort", rising ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    again();
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // numbers begin with the largest, names with the first
      const number = runs.some((run) => typeof key(run, column) === "number");
      const now = head.getAttribute("aria-sort");
      sort(column, now ? now === "descending" : !number);
    });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const control of [words, kind, end]) control.addEventListener("input", again);
  more.addEventListener("click", () => {
    const first = body.rows.length;
    shown += PAGE;
    show();
    body.rows[first].querySelector("a").focus(); // the keyboard goes on where reading goes on
  });
  window.addEventListener("pageshow", show); // the browser may have kept what was typed
  form.hidden = false;
  show();
})();
