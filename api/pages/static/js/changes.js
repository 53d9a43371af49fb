// Somebody else acted on the case meanwhile: what changed, field by field, beside what the writer saw.

import { el, moment, t, words } from "./dom.js";

const MOMENTS = new Set(["due_at", "closed_at"]);

/** The fields in which two states of a case differ: [name, as it was seen, as it is now]. */
export const differing = (seen, now) => Object.keys(now).filter((name) => seen[name] !== now[name]).map((name) => [name, seen[name], now[name]]);

/** A table of what changed, with the way on: `onAnyway()` sends the entry as it is, over what the other did. */
export function changesPart({ seen, now }, onAnyway) {
  const head = ["field", "seen", "now"].map((name) => el("th", { scope: "col" }, t(`phone.changes_${name}`)));
  const rows = differing(seen, now).map(([name, before, after]) => el(
    "tr", { dataset: { changed: name } }, el("th", { scope: "row" }, t(`phone.field_${name}`)), el("td", {}, said(name, before)), el("td", {}, el("b", {}, said(name, after))),
  ));
  return el(
    "div", { class: "notice notice-error changes", role: "alert" }, el("b", {}, t("phone.changed")), el("p", {}, t("phone.changed_text")),
    el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)),
    el("button", { class: "button", type: "button", on: { click: onAnyway } }, t("phone.anyway")),
  );
}

function said(name, value) {
  if (value === null || value === undefined) return "–";
  if (MOMENTS.has(name)) return moment(value);
  return words(`${name === "status" ? "status" : "code"}.${value}`, value);
}
