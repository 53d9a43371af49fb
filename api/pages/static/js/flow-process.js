// The usual things of a process as a form: time limits, who may do what in a step, and what else it has switched on.

import { el, named, t, words } from "./dom.js";
import { labelled, tick, tried } from "./flow-parts.js";

const UNITS = ["workdays", "work_hours", "hours", "minutes"];

const count = (value, least = 1) => el("input", { type: "number", min: least, max: 9999, step: 1, required: true, value });

/** An amount and its unit; an empty amount is no limit, where there may be none. */
function limitField(text, value, required) {
  const [[unit, amount]] = Object.entries(value ?? { workdays: "" });
  const number = el("input", { type: "number", min: 0, step: "any", required, value: amount, "aria-label": text });
  const units = el("select", { class: "select", "aria-label": `${text} · ${t("flow.unit_of")}` }, ...UNITS.map((one) => el("option", { value: one }, t(`flow.in.${one}`))));
  units.value = unit;
  return {
    node: el("div", { class: "field" }, el("span", {}, text), el("div", { class: "flow-limit" }, number, units)),
    read: () => (number.value === "" ? null : { [units.value]: Number(number.value) }),
  };
}

/** The form of one process; `all` of them tell what can be allowed to whom at all. `keep(process)` saves the next version. */
export function processForm(process, all, keep) {
  const parts = [wholePart(process), ...process.steps.map((step) => stepPart(step, all))];
  const said = el("div", { role: "status" });
  const save = async (event) => {
    event.preventDefault();
    const edited = structuredClone(process);
    parts.forEach((part) => part.put(edited));
    await tried(said, () => keep(edited));
  };
  return el(
    "form", { class: "flow-form", dataset: { process: process.code }, on: { submit: save } }, ...parts.map((part) => part.node),
    el("div", { class: "flow-acts" }, el("button", { class: "button button-primary", type: "submit" }, t("flow.keep"))), said,
  );
}

/** What holds for the whole case. What a process has not at all (a pause, say) is given to it as JSON. */
function wholePart(process) {
  const limit = limitField(t("flow.whole"), process.limit, true);
  const switches = ["verification", "satisfaction"].map((name) => [name, tick(t(`flow.has.${name}`), process[name])]);
  const numbers = [
    ["most_returns", null], ["pause", "days"], ["pause", "times"], ["extension", "times"], ["reopen", "days"],
  ].filter(([part]) => process[part] !== null).map(([part, name]) => ({ part, name, input: count(name ? process[part][name] : process[part]) }));
  const amounts = [["extension", "most"], ["reopen", "more"]].filter(([part]) => process[part] !== null)
    .map(([part, name]) => ({ part, name, field: limitField(t(`flow.of.${part}_${name}`), process[part][name], true) }));
  return {
    node: el(
      "fieldset", {}, el("legend", {}, t("flow.whole_case")), limit.node, ...switches.map(([, one]) => one.node),
      ...numbers.map(({ part, name, input }) => labelled(t(`flow.of.${name ? `${part}_${name}` : part}`), input)), ...amounts.map(({ field }) => field.node),
    ),
    put(edited) {
      edited.limit = limit.read();
      for (const [name, { box }] of switches) edited[name] = box.checked;
      for (const { part, name, input } of numbers) {
        if (name) edited[part][name] = Number(input.value);
        else edited[part] = Number(input.value);
      }
      for (const { part, name, field } of amounts) edited[part][name] = field.read();
    },
  };
}

/** A step: its limit, and who may do what. Offered is what any process allows to anybody in one of its statuses. */
function stepPart(step, all) {
  const limit = limitField(t("flow.limit"), step.limit, false);
  const offered = offers(step, all);
  const boxes = [...offered].map(([action, parties]) => [action, [...parties].map((party) => [party, tick(t(`role.${party}`), step.may[action]?.includes(party) ?? false)])]);
  const rows = boxes.map(([action, each]) => el("div", { class: "flow-may", role: "group", dataset: { action }, "aria-label": words(`act.${action}`, action) }, el("b", {}, words(`act.${action}`, action)), ...each.map(([, one]) => one.node)));
  return {
    node: el("fieldset", { dataset: { step: step.name } }, el("legend", {}, named(step, "title")), limit.node, el("details", {}, el("summary", {}, t("flow.may")), ...rows)),
    put(edited) {
      const one = edited.steps.find(({ name }) => name === step.name);
      one.limit = limit.read();
      for (const [action, each] of boxes) {
        const may = each.filter(([, { box }]) => box.checked).map(([party]) => party);
        if (may.length) one.may[action] = may;
        else delete one.may[action];
      }
    },
  };
}

function offers(step, all) {
  const found = new Map();
  const alike = all.flatMap((one) => one.steps).filter((one) => one.statuses.some((status) => step.statuses.includes(status)));
  for (const [action, parties] of alike.flatMap((one) => Object.entries(one.may))) {
    found.set(action, new Set([...(found.get(action) ?? []), ...parties]));
  }
  return new Map([...found].sort());
}
