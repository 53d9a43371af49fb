// Today's list out of the pack: what is red, what is due, whom to visit in order, sheets to sign, messages.

import { el, distance, lightOf, named, number, standing, t } from "./dom.js";
import { light } from "./glyphs.js";
import { between } from "./places.js";

/** visits that a day has room for */
const MOST_VISITS = 8;

/** The pack's sections as the page works with them. */
export function day(sections) {
  const categories = new Map((sections.categories ?? []).map((one) => [one.code, one]));
  const cells = new Map(sections.cells.features.map((one) => [one.properties.id ?? one.id, one.properties]));
  const cases = sections.incidents.map((one) => ({
    ...one, number: one.number ?? one.code, category: categories.get(one.category) ?? { code: one.category }, cell: cells.get(one.cell_id) ?? null,
  }));
  const homes = new Map(sections.households.map((one) => [one.id, one]));
  const { today } = sections;
  const visits = (today.visits ?? []).map((one) => ({ ...homes.get(one.household_id ?? one.id), ...one, id: one.household_id ?? one.id }));
  return {
    cases: cases.sort((a, b) => new Date(a.red_at ?? a.due_at) - new Date(b.red_at ?? b.due_at)), cells, households: sections.households,
    visits: visits.filter((one) => one.lon !== undefined).slice(0, MOST_VISITS), handovers: today.handovers ?? [], unread: today.unread ?? 0,
  };
}

export const GROUPS = {
  all: () => true, late: ({ light: name }) => name === "red" || name === "very_late", soon: ({ light: name }) => name === "yellow",
};

const far = (one, here) => (here ? distance(Math.round(between([one.lon, one.lat], here))) : "");

/** A case as a row of the list, numbered as on the map. */
export function caseRow(row, n, here, open) {
  const where = [named(row.cell) || t("case.outside"), far(row, here), row.number].filter(Boolean).join(" · ");
  return el(
    "button", { class: "task", type: "button", dataset: { id: row.id }, on: { click: open } },
    light(lightOf(row), 32, n), el("span", { class: "what" }, named(row.category)),
    el("span", { class: `when when-${lightOf(row)}` }, standing(row)), el("span", { class: "where" }, where),
    el("span", { class: "visually-hidden" }, t(`light.${lightOf(row)}`)),
  );
}

/** A household to visit: why now, and since when nobody came. */
export function visitRow(one, n, here, open) {
  const shown = one.red ? "red" : "green";
  const seen = one.days === null || one.days === undefined ? t("phone.never") : t("phone.days", { n: number(one.days) });
  const why = [one.return_on && t("phone.promised"), one.needs && t("phone.needs", { n: number(one.needs) }), far(one, here)].filter(Boolean).join(" · ");
  return el(
    "button", { class: "task", type: "button", dataset: { visit: one.id }, on: { click: open } },
    light(shown, 32, n), el("span", { class: "what" }, t("phone.visit", { address: one.address })),
    el("span", { class: `when when-${shown}` }, seen), el("span", { class: "where" }, why || t("phone.in_turn")),
  );
}

/** A sheet that both workers sign when cells change hands. */
export function handoverRow(one, sign) {
  const from = named(one.source) || t("case.nobody");
  const items = one.items ?? {};
  const count = t("phone.handover_items", { households: number(items.households?.length ?? items.households ?? 0), cases: number(items.incidents?.length ?? items.cases ?? 0) });
  return el(
    "div", { class: "sheet-row", dataset: { handover: one.id } },
    el("span", {}, el("b", {}, one.title), el("span", { class: "quiet" }, [t("phone.handover", { from, to: named(one.to) || t("case.nobody") }), count].join(" · "))),
    el("span", { class: "sheet-actions" },
      el("a", { class: "button", href: `/handovers/${one.id}` }, t("phone.read_sheet")),
      el("button", { class: "button button-primary", type: "button", on: { click: sign } }, t("phone.sign"))),
  );
}
