// One action on many cases: each is done or refused by itself, and every refusal stands there with its reason.

import { entered, field } from "./act.js";
import { data, el, number, t, words } from "./dom.js";
import { get, newKey, notice, post, Problem, reason } from "./http.js";

/** What each role may do to many at once; what a case's process or hands forbid besides is told of each. */
const ACTIONS = {
  worker: ["dispatch", "hand_over", "extend_ask", "escalate", "comment"],
  dispatcher: ["dispatch", "hand_over", "extend_ask", "prioritise", "escalate", "comment"],
  handler: ["hand_over", "extend_ask", "escalate", "comment"],
  supervisor: ["supervise", "supervise_end", "extend_grant", "extend_refuse", "hand_over", "prioritise", "escalate", "comment"],
};
/** As many as one request may name. */
const MOST = 200;

/** The bar under the filters while several are being chosen. `chosen`: ids; `shown()`: rows now listed. */
export class Many {
  constructor(bar, list, { shown, onDone }) {
    Object.assign(this, { bar, list, shown, onDone, chosen: new Set(), on: false });
  }

  toggle() {
    this.on = !this.on;
    this.chosen.clear();
    this.list.classList.toggle("choosing", this.on);
    this.bar.hidden = !this.on;
    if (this.on) this.draw();
    for (const box of this.list.querySelectorAll(".case-item > input")) box.checked = false;
  }

  box(row, label) {
    const box = el("input", { type: "checkbox", checked: this.chosen.has(row.id), "aria-label": label });
    box.addEventListener("change", () => {
      this.chosen[box.checked ? "add" : "delete"](row.id);
      this.count();
    });
    return box;
  }

  /** Choose one, or leave it out again. */
  flip(id) {
    this.chosen[this.chosen.has(id) ? "delete" : "add"](id);
    this.ticks();
  }

  ticks() {
    for (const box of this.list.querySelectorAll(".case-item > input")) box.checked = this.chosen.has(Number(box.dataset.id));
    this.count();
  }

  draw() {
    this.counted = el("b", { role: "status" });
    this.form = el("div", { class: "many-result" });
    const every = el("button", { class: "button", type: "button", on: { click: () => this.all() } }, t("desk.choose_all"));
    this.action = el(
      "select", { class: "select", name: "many-action", "aria-label": t("desk.action"), on: { change: () => this.ask() } },
      el("option", { value: "" }, t("desk.action")), ...(ACTIONS[data.me.role] ?? []).map((one) => el("option", { value: one }, t(`act.${one}`))),
    );
    this.bar.replaceChildren(this.counted, every, this.action, this.form);
    this.count();
  }

  all() {
    for (const row of this.shown().slice(0, MOST)) this.chosen.add(row.id);
    this.ticks();
  }

  count() {
    this.counted.textContent = t("desk.chosen", { n: number(this.chosen.size) });
    this.action.disabled = this.chosen.size === 0;
    const send = this.form.querySelector("button[type=submit]");
    if (send) send.textContent = t("desk.do", { n: number(this.chosen.size) });
  }

  /** What the action asks for, as the first of the chosen cases says. */
  async ask() {
    const action = this.action.value;
    this.form.replaceChildren();
    if (!action) return;
    try {
      const known = await get(`/incidents/${[...this.chosen][0]}/actions`);
      const { asked } = known.find((one) => one.action === action);
      const fields = await Promise.all(asked.map((one) => field(one, null)));
      if (this.action.value === action) this.form.replaceChildren(this.fields(action, fields));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.form.replaceChildren(notice(error));
    }
  }

  fields(action, fields) {
    const key = newKey();
    const send = el("button", { class: "button button-primary", type: "submit" }, t("desk.do", { n: number(this.chosen.size) }));
    const form = el("form", { class: "act-fields", dataset: { form: action } }, ...fields.map((one) => one.node), send);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        const body = { action, ids: [...this.chosen].slice(0, MOST), given: await entered(fields) };
        const answer = await post("/incidents/bulk", body, { "Idempotency-Key": key });
        await this.told(answer);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        send.disabled = false;
        form.append(notice(error));
      }
    });
    return form;
  }

  async told(answer) {
    const numbers = new Map(this.shown().map((row) => [row.id, row.number]));
    const refused = answer.results.filter((one) => !one.done);
    await this.onDone();
    this.chosen = new Set(refused.map((one) => one.id));
    this.draw();
    this.form.replaceChildren(
      el("p", { role: "status" }, t("desk.done", answer)),
      el("ul", {}, ...refused.map((one) => el("li", {}, el("b", {}, numbers.get(one.id) ?? String(one.id)), " ", reason(one) ?? words(`problem.${one.code}`, null) ?? el("span", { lang: "en" }, one.reason)))),
    );
    this.ticks();
  }
}
