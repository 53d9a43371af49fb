// Proposals for even cells: asked for the chosen cells, compared by their scores, taken as edits like any other.

import { el, number, t } from "./dom.js";
import { notice, Problem, post } from "./http.js";

/** `chosen`: codes; `take(edits)` makes the edits of a proposal; resolves when the dialog is closed. */
export function askBalance(store, chosen, take) {
  const field = (label, control) => el("label", { class: "field" }, el("span", {}, label), control);
  const load = el("select", { class: "select", name: "load" }, ...["households", "hours", "cases"].map((one) => el("option", { value: one }, t(`redraw.balance.${one}`))));
  const most = el("input", { name: "most_moved", type: "number", min: 0, step: 1 });
  const seed = el("input", { name: "seed", type: "number", min: 0, step: 1, value: 1, required: true });
  const seconds = el("input", { name: "seconds", type: "number", min: 1, max: 60, step: 1, value: 5, required: true });
  const progress = el("progress", { max: 100, hidden: true, "aria-label": t("redraw.balance.working") });
  const result = el("div", { class: "plan-proposals", "aria-live": "polite" });
  const send = el("button", { class: "button button-primary", type: "submit" }, t("redraw.balance.ask"));
  const close = el("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, t("redraw.close"));
  const form = el("form", { class: "plan-balance-form" }, field(t("redraw.balance.load"), load), field(t("redraw.balance.most"), most),
    field(t("redraw.balance.seed"), seed), field(t("redraw.balance.seconds"), seconds), send, close);
  const dialog = el("dialog", { class: "plan-dialog", "aria-label": t("redraw.balance") },
    el("h2", {}, t("redraw.balance")), el("p", { class: "quiet" }, t("redraw.balance.of", { n: number(chosen.length) })), form, progress, result);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    const timer = running(progress, Number(seconds.value));
    const wish = { cells: chosen, load: load.value, seed: Number(seed.value), seconds: Number(seconds.value), most_moved: most.value === "" ? null : Number(most.value) };
    try {
      const { items } = await post(`/plans/${store.id}/balance`, wish);
      result.replaceChildren(items.length ? scores(items, (one) => { dialog.close(); take(one.edits); }) : el("p", {}, t("redraw.balance.none")));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      result.replaceChildren(notice(error));
    } finally {
      clearInterval(timer);
      progress.hidden = true;
      send.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => { dialog.addEventListener("close", () => { dialog.remove(); resolve(); }); });
}

/** The time that the search was given is what its bar shows: it may end sooner. */
function running(progress, seconds) {
  const begun = performance.now();
  progress.hidden = false;
  progress.value = 0;
  return setInterval(() => { progress.value = Math.min(100, (performance.now() - begun) / (10 * seconds)); }, 200);
}

function scores(items, take) {
  const titles = ["redraw.balance.aim", "redraw.balance.deviation", "redraw.balance.mean", "redraw.balance.compact", "redraw.balance.moved"];
  const percent = (share) => `${number(100 * share)} %`;
  return el("table", {}, el("thead", {}, el("tr", {}, ...titles.map((key, i) => el("th", { scope: "col", class: i ? "number" : null }, t(key))), el("td"))),
    el("tbody", {}, ...items.map((one) => el("tr", { dataset: { aim: one.aim } }, el("th", { scope: "row" }, t(`redraw.aim.${one.aim.replace(/ /g, "_")}`)),
      el("td", { class: "number" }, percent(one.deviation)), el("td", { class: "number" }, percent(one.mean_deviation)),
      el("td", { class: "number" }, one.compactness.toFixed(2)), el("td", { class: "number" }, number(one.moved)),
      el("td", {}, el("button", { class: "button", type: "button", disabled: !one.edits.length, on: { click: () => take(one) } }, t("redraw.balance.take")))))));
}
