// Picking other cases for an action: those that may be the same are offered, any other is named by its number.

import { distance, el, lightOf, moment, named, t } from "./dom.js";
import { get, Problem } from "./http.js";
import { light } from "./glyphs.js";

/** A field that names one case, or several: radio buttons or check boxes, and a line for numbers. */
export async function casePicker(name, incident, { many, required }) {
  const near = await get(`/incidents/${incident.id}/similar`);
  const rows = near.map((one) => el(
    "label", { class: "pick-row" }, el("input", { type: many ? "checkbox" : "radio", name, value: one.id }), light(lightOf(one), 18),
    el("span", {}, el("b", {}, `${named(one.category)} · ${one.number}`), el("span", { class: "quiet" }, `${moment(one.received_at)} · ${distance(one.distance_m)}`)),
  ));
  const numbers = el("input", { class: "pick-number", type: "text", name: `${name}_number`, autocomplete: "off", maxlength: 400 });
  const node = el(
    "fieldset", { class: "pick" }, el("legend", {}, t(`ask.${name}`)),
    rows.length ? el("p", { class: "quiet" }, t("pick.near")) : el("p", { class: "quiet" }, t("pick.none_near")), ...rows,
    el("label", { class: "field" }, el("span", {}, t(many ? "pick.numbers" : "pick.number")), numbers),
  );
  return { name, node, value: () => picked(node, numbers, many, required) };
}

async function picked(node, numbers, many, required) {
  const said = numbers.value.split(/[\s,，、;]+/).filter(Boolean);
  const named_ = await Promise.all(said.map(idOf));
  const ticked = [...node.querySelectorAll("input:checked")].map((one) => Number(one.value));
  const ids = [...new Set([...named_, ...ticked])];
  if (!ids.length && required) throw new Problem(422, { code: "pick_one" });
  if (!ids.length) return null;
  return many ? ids : ids[0];
}

/** The case with a number, among those one may see. */
async function idOf(number) {
  const { items } = await get("/incidents", { number: number.toUpperCase(), limit: 1 });
  if (!items.length) throw new Problem(404, { code: "no_such_number", detail: number });
  return items[0].id;
}
