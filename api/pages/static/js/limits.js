// The county's limits for cells, as the admin sets them: plans are judged by them from then on.

import { byId, el, moment, number, t } from "./dom.js";
import { Problem, get, notice, put, shown } from "./http.js";

/** [field, factor between what is shown and what is kept, step]: hectares and per cent are easier to read. */
const FIELDS = [
  ["households_least", 1, 1], ["households_most", 1, 1], ["area_least_m2", 1e4, "any"], ["area_most_m2", 1e4, "any"],
  ["compactness_least", 1, "any"], ["deviation_most", 0.01, "any"],
];

const shownAs = (value, factor) => (value === null ? "" : String(Number((value / factor).toPrecision(12))));
const kept = (text, factor) => (text === "" ? null : Number((Number(text) * factor).toPrecision(12)));

export async function limits() {
  const node = byId("limits");
  const found = await shown(node, () => get("/cell-limits"), limits);
  if (!found) return;
  const said = el("div", { role: "status" });
  const form = el("form", { class: "limits-form" }, ...FIELDS.map((one) => field(one, found.limits)),
    el("div", { class: "flow-acts" }, el("button", { class: "button button-primary", type: "submit" }, t("limits.keep"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await put("/cell-limits", Object.fromEntries(FIELDS.map(([name, factor]) => [name, kept(form.elements[name].value, factor)])));
      await limits();
      byId("limits").append(el("p", { role: "status", class: "saved" }, t("limits.kept")));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      said.replaceChildren(notice(error));
    }
  });
  node.replaceChildren(form, said, ...(found.history.length ? [earlier(found.history)] : [el("p", { class: "quiet" }, t("limits.shipped"))]));
}

function field([name, factor, step], now) {
  const input = el("input", { name, type: "number", min: 0, step, required: name !== "area_most_m2", value: shownAs(now[name], factor) });
  return el("label", { class: "field" }, el("span", {}, t(`limits.of.${name}`)), input);
}

function earlier(history) {
  const heads = [t("limits.when"), t("limits.by"), ...FIELDS.map(([name]) => t(`limits.of.${name}`))];
  const row = (one) => [moment(one.said_at), one.by ?? t("limits.platform"), ...FIELDS.map(([name, factor]) => (one[name] === null ? "–" : number(Number(shownAs(one[name], factor)))))];
  return el("details", {}, el("summary", {}, t("limits.history", { n: number(history.length) })),
    el("div", { class: "table-wrap" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((one) => el("th", { scope: "col" }, one)))),
      el("tbody", {}, ...history.map((one) => el("tr", {}, ...row(one).map((cell) => el("td", {}, cell))))))));
}
