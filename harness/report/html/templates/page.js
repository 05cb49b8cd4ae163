"use strict";
// Sorting, filtering, opening and the theme. The page is whole without this script, which only adds controls.
(() => {
  const words = document.body.dataset;
  const FEWEST_ROWS = 6;

  function button(text, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", action);
    return made;
  }

  // Numbers by value, with empty cells last in either direction; texts by the reader's language.
  function order(kind, rising) {
    const value = (text) => parseFloat(text.replace(/,/g, "").replace("\u2212", "-"));
    return (a, b) => {
      if (!a.text || !b.text) return Number(!a.text) - Number(!b.text);
      const difference = kind === "number" ? value(a.text) - value(b.text) : a.text.localeCompare(b.text, undefined, { numeric: true });
      return (rising ? difference : -difference) || a.place - b.place;
    };
  }

  function makeSortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    [...body.rows].forEach((row, place) => { row.dataset.place = place; });
    heads.forEach((head, column) => {
      const title = head.textContent;
      head.textContent = "";
      head.append(button(title, () => {
        const rising = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => ({ row, text: row.cells[column].textContent.trim(), place: Number(row.dataset.place) }));
        rows.sort(order(head.dataset.kind, rising));
        body.append(...rows.map((entry) => entry.row));
      }));
    });
  }

  function makeFilterable(table, region) {
    const rows = [...table.tBodies[0].rows];
    const bar = document.createElement("div");
    bar.className = "tools";
    const label = document.createElement("label");
    const input = document.createElement("input");
    const count = document.createElement("output");
    input.type = "search";
    count.setAttribute("aria-live", "polite");
    const show = () => {
      const terms = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !terms.every((term) => text.includes(term));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = `${shown} / ${rows.length} ${words.rows}`;
    };
    input.addEventListener("input", show);
    label.append(words.filter, " ", input);
    bar.append(label, count);
    region.before(bar);
    show();
  }

  for (const table of document.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length > 1) makeSortable(table);
    if (table.tBodies[0].rows.length >= FEWEST_ROWS) makeFilterable(table, table.parentElement);
  }

  for (const ladder of document.querySelectorAll(".ladder")) {
    const rungs = [...ladder.querySelectorAll("details")];
    const all = button(words.open, () => {
      const open = rungs.some((rung) => !rung.open);
      rungs.forEach((rung) => { rung.open = open; });
      all.textContent = open ? words.close : words.open;
    });
    const bar = document.createElement("div");
    bar.className = "tools";
    bar.append(all);
    ladder.before(bar);
  }

  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = button(words.theme, () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    theme.setAttribute("aria-pressed", String(isDark()));
  });
  theme.className = "theme";
  theme.setAttribute("aria-pressed", String(isDark()));
  document.querySelector("header").append(theme);

  // Paper shows everything; afterwards the page is as the reader left it.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((entry) => { entry.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((entry) => { entry.open = false; }));
})();
