// What is different between two drawings, in words and as a file: asked for once it is opened.

import { byId, data, day, el, number, t } from "./dom.js";
import { file, rowsOf } from "./files.js";
import { get } from "./http.js";

/** Lines that are shown at once; the rest is behind a word. */
const MOST_SHOWN = 40;
const COLUMNS = { source: (one) => one.source, to: (one) => one.to, area_m2: (one) => one.area_m2, reliable_m2: (one) => one.reliable_m2, lon: (one) => one.lon, lat: (one) => one.lat };

/** The part of the panel. `ask()` gives the two sides as {path, params, text}; `guarded(work)` says what goes wrong. */
export class PlanDiff {
  constructor(ask, guarded) {
    Object.assign(this, { ask, guarded, node: byId("plan-diff"), body: el("div") });
    this.title = el("summary", {});
    this.node.replaceChildren(this.title, this.body);
    this.node.open = false;
    this.node.ontoggle = () => this.draw();
  }

  /** Say what is compared, and ask where somebody looks. */
  async draw() {
    const asked = this.asked = this.ask();
    this.title.replaceChildren(el("b", {}, t("redraw.diff")), el("span", { class: "quiet small" }, ` ${asked.text}`));
    if (!this.node.open) return;
    await this.guarded(async () => {
      const found = await get(asked.path, { ...asked.params, lang: data.lang });
      if (this.asked === asked) this.#tell(found);
    });
  }

  #tell({ lines, moved }) {
    const rows = lines.map((line) => el("li", { class: line.startsWith(" ") ? "quiet" : null }, line.trim()));
    const rest = rows.splice(MOST_SHOWN);
    this.body.replaceChildren(...[
      rows.length ? el("ul", { dataset: { diff: String(lines.length) } }, ...rows) : el("p", { class: "quiet" }, t("redraw.diff_none")),
      rest.length > 0 && el("details", {}, el("summary", {}, t("redraw.more_n", { n: number(rest.length) })), el("ul", {}, ...rest)),
      moved.length > 0 && el("p", {}, file("diff", () => rowsOf(moved, COLUMNS))),
    ].filter(Boolean));
  }
}

/** The two sides: a plan and what it is compared with, or the drawing that is looked at and the one that the plan began with. */
export function sides({ plan }, against, looked) {
  if (!looked) return { path: `/plans/${plan.id}/diff`, params: { against }, text: t(against ? "redraw.diff_plan" : "redraw.diff_base") };
  // what is in force is seen as it is there, a draft as it began
  const [since, until] = [looked.valid_from, plan.applies_on ?? plan.base_day].sort();
  const [since_day, until_day] = [since, until].map((one) => day(`${one}T12:00:00Z`));
  return { path: `/drawings/${until}/diff`, params: { since }, text: t("redraw.diff_days", { since_day, until_day }) };
}
