// What the parts of the page of rules, processes and calendars have in common: tables, buttons, and faults where they are.

import { el, t } from "./dom.js";
import { Problem, notice, reason } from "./http.js";

export function table(heads, rows) {
  const head = el("thead", {}, el("tr", {}, ...heads.map((one) => el("th", { scope: "col" }, one))));
  const body = rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))));
  return el("div", { class: "table-wrap" }, el("table", {}, head, el("tbody", {}, ...body)));
}

export const button = (key, act, primary = false) =>
  el("button", { class: primary ? "button button-primary" : "button", type: "button", on: { click: act } }, t(key));

/** A control with its name above it. */
export const labelled = (text, control) => el("label", { class: "field" }, el("span", {}, text), control);

/** A box to tick with its name beside it: `box` is the control. */
export function tick(text, checked) {
  const box = el("input", { type: "checkbox", checked });
  return { box, node: el("label", { class: "flow-tick" }, box, el("span", {}, text)) };
}

/** Do something, and say in `node` what went wrong: every fault with its rule or step. */
export async function tried(node, work) {
  try {
    node.replaceChildren(el("p", { class: "quiet" }, t("state.loading")));
    const result = await work();
    node.replaceChildren();
    return result;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const faults = error.body.errors ?? [];
    node.replaceChildren(
      faults.length
        ? table([t("flow.where"), t("flow.field"), t("flow.fault")], faults.map((one) => [one.rule ?? one.step ?? "–", one.field, reason(one) ?? el("span", { lang: "en" }, one.message)]))
        : notice(error),
    );
    return null;
  }
}
