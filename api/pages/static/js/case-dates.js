// The days on which the listed cases were reported, and whether those that have ended since are listed, too.

import { byId, day, el, t } from "./dom.js";

/** What the address holds of it: the first day, the last one (included), "1" for those that have ended, too. */
export const DAYS = ["from", "through", "ended"];
const DAY = /^\d{4}-(0[1-9]|1[0-2])-\d{2}$/;

const real = (value) => (DAY.test(value ?? "") && !Number.isNaN(Date.parse(value)) ? value : null);

/** The days as they can be asked for: real ones in order, and ended cases only from a day on, since they never get fewer. */
export function tidyDays(state) {
  state.from = real(state.from);
  state.through = real(state.through);
  if (state.from && state.through && state.through < state.from) [state.from, state.through] = [state.through, state.from];
  state.ended = state.from && state.ended ? "1" : null;
}

/** The days as parameters of the list: its "to" is the first day no longer included. */
export function askDays({ from, through }) {
  const next = through && new Date(Date.parse(through) + 864e5).toISOString().slice(0, 10);
  return { from, to: next || null };
}

/** Two days and a box, folded away until they are used; `changed()` after each change. */
export function daysPart(state, changed) {
  const input = (name) => el("input", { class: "date", type: "date", id: `days-${name}`, min: "1900-01-01", max: "2199-12-31" });
  const [from, through] = [input("from"), input("through")];
  const ended = el("input", { type: "checkbox", id: "days-ended" });
  const take = () => {
    Object.assign(state, { from: from.value, through: through.value, ended: ended.checked });
    tidyDays(state);
    showDays(state);
    changed();
  };
  for (const node of [from, through, ended]) node.addEventListener("change", take);
  const named = (key, node) => el("label", { class: "days-field" }, el("span", {}, t(key)), node);
  return el(
    "details", { class: "days", id: "days" }, el("summary", { id: "days-said" }),
    el("div", { class: "days-fields" }, named("desk.days.from", from), named("desk.days.through", through)),
    el("label", { class: "days-ended" }, ended, el("span", {}, t("desk.days.ended"))),
  );
}

/** Show the days as they stand: in the fields, and in words where these are folded away. */
export function showDays(state) {
  byId("days-from").value = state.from ?? "";
  byId("days-through").value = state.through ?? "";
  Object.assign(byId("days-ended"), { checked: Boolean(state.ended), disabled: !state.from });
  const words = { from: state.from && day(noon(state.from)), through: state.through && day(noon(state.through)) };
  const key = ["from", "through"].filter((name) => state[name]).join("_") || "any";
  byId("days-said").textContent = [t(`desk.days_said.${key}`, words), state.ended && t("desk.days.ended")].filter(Boolean).join(" · ");
  byId("days").hidden = Boolean(state.figure); // a figure has its month
}

/** A moment of this day in nearly every zone, to be told as moments are. */
const noon = (value) => `${value}T12:00:00Z`;
