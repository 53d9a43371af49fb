// The list of cases without a mouse: / to the search, j and k (or the arrows) from case to case, x to choose one of several.

import { el, t } from "./dom.js";

const TYPING = /^(input|textarea|select)$/i;
const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
const SAID = [["j", "k", "desk.keys.step"], ["Enter", "desk.keys.open"], ["x", "desk.keys.choose"], ["/", "desk.keys.search"], ["Esc", "desk.keys.close"]];

/** Listens on the whole page. `search`, `list`: the nodes; `open()`: the id of the open case; `choose(id)` marks one of several; `close()`. */
export class ListKeys {
  constructor({ search, list, open, choose, close }) {
    Object.assign(this, { search, list, open, choose, close });
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  pressed(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target === this.search && key === "ArrowDown") return this.go(event, 0);
    if (key === "Escape" && this.open()) return this.close();
    if (TYPING.test(target.tagName) && target.type !== "checkbox") return;
    if (key === "/") {
      event.preventDefault();
      this.search.focus();
    } else if (key === "x" && this.at() >= 0) this.choose(Number(this.rows()[this.at()].dataset.id));
    // arrows scroll what else has the focus: a map, a case
    else if (key in STEPS && (key.length === 1 || this.list.contains(target) || target === document.body)) this.go(event, this.next(STEPS[key]));
  }

  rows() {
    return [...this.list.querySelectorAll(".case-row")];
  }

  /** Where the focus is in the list, else the open case; -1 where neither is. */
  at() {
    const rows = this.rows();
    const focused = rows.findIndex((one) => one.parentNode.contains(document.activeElement));
    return focused >= 0 ? focused : rows.findIndex((one) => one.dataset.id === String(this.open()));
  }

  next(step) {
    return Math.min(Math.max(this.at() + step, 0), this.rows().length - 1);
  }

  go(event, index) {
    const row = this.rows()[index];
    if (!row) return;
    event.preventDefault();
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }
}

/** What the keys do, folded away. */
export function keysNote() {
  const rows = SAID.map((one) => el("div", {}, el("dt", {}, ...one.slice(0, -1).map((key) => el("kbd", {}, key))), el("dd", {}, t(one.at(-1)))));
  return el("details", { class: "keys small" }, el("summary", {}, t("desk.keys")), el("dl", {}, ...rows));
}
