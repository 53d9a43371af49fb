// The table beside or instead of a map: sorted by its heads, rows chosen by click or key.

import { el, number, t } from "./dom.js";

/**
 * columns: {key, title, value(row), text?(row), node?(row), number?}. `id(row)` names rows; `onChoose(row)` makes them clickable.
 * `most` rows are shown; of more it says how many. The first column's cell is the row's head.
 */
export class Table {
  constructor(columns, { caption, id = (row) => row.code, onChoose = null, sort = null, descending = true, most = Infinity }) {
    Object.assign(this, { columns, id, onChoose, sort: sort ?? columns[0].key, descending, most, rows: [], chosen: null });
    this.body = el("tbody");
    this.heads = columns.map((column) => el(
      "th", { scope: "col", class: column.number ? "number" : null },
      el("button", { type: "button", on: { click: () => this.#sortBy(column) } }, column.title),
    ));
    this.node = el("table", {}, el("caption", { class: "visually-hidden" }, caption), el("thead", {}, el("tr", {}, ...this.heads)), this.body);
  }

  fill(rows) {
    this.rows = rows;
    this.#draw();
  }

  choose(identity, scroll = true) {
    this.chosen = identity;
    for (const row of this.body.rows) row.setAttribute("aria-selected", String(row.dataset.row === String(identity)));
    const row = [...this.body.rows].find((one) => one.dataset.row === String(identity));
    if (row && scroll) row.scrollIntoView({ block: "nearest" });
  }

  #sortBy(column) {
    this.descending = this.sort === column.key ? !this.descending : Boolean(column.number);
    this.sort = column.key;
    this.#draw();
  }

  #draw() {
    const column = this.columns.find((one) => one.key === this.sort);
    const sign = this.descending ? -1 : 1;
    const order = [...this.rows].sort((a, b) => sign * compare(column.value(a), column.value(b), sign));
    this.heads.forEach((head, i) => {
      if (this.columns[i].key === this.sort) head.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const more = order.length - this.most;
    this.body.replaceChildren(...order.slice(0, this.most).map((row) => this.#row(row)), ...(more > 0 ? [this.#rest(more)] : []));
    if (this.chosen !== null) this.choose(this.chosen, false);
  }

  /** What a table of thousands leaves out: the search or another order brings it up. */
  #rest(n) {
    return el("tr", {}, el("td", { class: "quiet", colspan: this.columns.length }, t("table.more", { n: number(n) })));
  }

  #row(row) {
    const cells = this.columns.map((column, i) => {
      const text = column.text ? column.text(row) : column.number ? number(column.value(row)) : column.value(row) ?? "–";
      const content = column.node?.(row) ?? text;
      const inside = i === 0 && this.onChoose ? el("button", { class: "link", type: "button" }, content) : content;
      return el(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: column.number ? "number" : null }, inside);
    });
    const on = this.onChoose ? { click: () => this.onChoose(row) } : {};
    return el("tr", { dataset: this.onChoose ? { row: this.id(row) } : {}, on }, ...cells);
  }
}

/** Missing values come last whichever way the table is sorted. */
function compare(a, b, sign) {
  const [no, neither] = [a === null || a === undefined, b === null || b === undefined];
  if (no || neither) return no && neither ? 0 : (no ? 1 : -1) * sign;
  return typeof a === "number" ? a - b : String(a).localeCompare(String(b), t("sort.locale"));
}

/** A bar as long as its share of the largest. */
export function bar(share, colour = "#45525E") {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  const rect = document.createElementNS(NS, "rect");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  rect.setAttribute("width", String(Math.max(0, Math.min(100, 100 * share))));
  rect.setAttribute("height", "8");
  rect.setAttribute("fill", colour);
  svg.append(rect);
  const span = document.createElement("span");
  span.className = "bar-cell";
  span.append(svg);
  return span;
}
