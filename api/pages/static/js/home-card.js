// Households as the pack knows them: the list, and the card of one. Its whole file is opened with a reason, and needs a network.

import { day as date, distance, el, number, t } from "./dom.js";
import { empty } from "./http.js";
import { icon } from "./glyphs.js";

const housing = (one) => ((one.housing_type ?? one.housing) ? t(`housing.${one.housing_type ?? one.housing}`) : "–");
const members = (one) => one.members ?? one;
const people = (one) => (members(one).children ?? 0) + (members(one).adults ?? 0) + (members(one).elders ?? 0);

export function householdsList(households, open) {
  const rows = households.map((one) => el(
    "tr", { dataset: { row: one.id }, on: { click: () => open(one) } },
    el("td", {}, el("button", { class: "link", type: "button" }, one.address)), el("td", {}, housing(one)), el("td", { class: "number" }, number(people(one))),
  ));
  const heads = [t("household.address"), t("household.housing"), t("household.members")].map((text, i) => el("th", { scope: "col", class: i === 2 ? "number" : null }, text));
  return [
    el("div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("field.households")), el("span", { class: "quiet" }, t("unit.households", { n: number(rows.length) }))),
    rows.length ? el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)) : empty(t("field.no_households")),
  ];
}

/** `away`: metres from where the worker is, or null. */
export function homeCard(one, { away, onClose }) {
  const contact = [one.contact_name ?? one.contact?.name, one.contact_phone ?? one.contact?.phone].filter(Boolean).join(" ");
  const facts = [
    [t("household.housing"), housing(one)], [t("household.members"), t("phone.people", { children: number(members(one).children), adults: number(members(one).adults), elders: number(members(one).elders) })],
    [t("phone.last_visit"), one.last_visit ? date(one.last_visit) : t("phone.never")], contact && [t("phone.contact"), contact],
    away !== null && [t("phone.away"), distance(Math.round(away))],
  ].filter(Boolean);
  const close = el("button", { class: "icon-button", type: "button", "aria-label": t("case.close"), on: { click: onClose } }, icon("close"));
  return el(
    "article", { class: "case home-card" }, el("header", { class: "case-head" }, icon("home", 28), el("h1", { tabindex: "-1" }, one.address), close),
    el("dl", { class: "facts" }, ...facts.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text)))),
    el("a", { class: "button button-primary", href: "/visits" }, t("phone.open_visits")),
  );
}
