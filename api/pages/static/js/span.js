// A slider with two handles over months: what lies between them is the period. Two range inputs one above the other, so
// that arrows, Home and End work, and a screen reader says the month.

import { el, monthName, t } from "./dom.js";

export class Span {
  /** `choose(from, to)` is called when a handle was let go, or moved by a key. */
  constructor(node, choose) {
    Object.assign(this, { node, choose, months: [] });
    this.handles = Object.entries({ from: t("span.from"), to: t("span.to") }).map(([name, said]) => el("input", {
      type: "range", min: 0, step: 1, "aria-label": said, dataset: { handle: name },
      on: { input: () => this.#moved(name), change: () => this.choose(...this.#chosen()) },
    }));
    this.between = el("span", { class: "span-between", "aria-hidden": "true" });
    this.said = el("output", { class: "visually-hidden" });
    node.replaceChildren(this.between, ...this.handles, this.said);
  }

  /** The months that can be chosen, and those that are. */
  show(months, from, to) {
    this.months = months;
    this.node.hidden = months.length < 2;
    this.node.style.setProperty("--months", String(months.length));
    for (const handle of this.handles) handle.max = String(Math.max(0, months.length - 1));
    const [first, last] = this.handles;
    [first.value, last.value] = [months.indexOf(from), months.indexOf(to)].map((place) => String(Math.max(0, place)));
    this.#draw();
  }

  #chosen() {
    return this.handles.map((handle) => this.months[Number(handle.value)]);
  }

  /** A handle stops at the other one. */
  #moved(name) {
    const [first, last] = this.handles;
    if (Number(first.value) > Number(last.value)) (name === "from" ? first : last).value = (name === "from" ? last : first).value;
    this.#draw();
    this.said.textContent = t("span.said", { from: monthName(this.#chosen()[0]), to: monthName(this.#chosen()[1]) });
  }

  #draw() {
    const [from, to] = this.handles.map((handle) => Number(handle.value));
    this.node.style.setProperty("--from", String(from));
    this.node.style.setProperty("--to", String(to));
    // at the right end both may stand on one month: the one that still can move lies on top
    this.handles[0].style.zIndex = from === this.months.length - 1 ? "2" : "1";
    this.handles.forEach((handle, i) => handle.setAttribute("aria-valuetext", monthName(this.#chosen()[i])));
  }
}

/** Months ("2026-03") from one to another. */
export function between(first, last) {
  const months = [];
  for (let month = first; month <= last; month = shifted(month, 1)) months.push(month);
  return months;
}

/** The month so many later. */
export function shifted(month, by) {
  const [year, number_] = month.split("-").map(Number);
  const n = year * 12 + number_ - 1 + by;
  return `${Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}`;
}
