// The rules of routing as a form: their order, what each asks, and where it sends. What the form does not show stays as it is.

import { el, named, t } from "./dom.js";
import { labelled, tick, tried } from "./flow-parts.js";
import { clock, dayName } from "./rule-words.js";

const CHANNELS = ["worker", "resident", "phone", "counter", "online", "import"];
const KINDS = ["mine", "quarry", "factory", "other"];
const LEVELS = ["community", "town", "county", "city"];
const DAYS = [0, 1, 2, 3, 4, 5, 6];
const NEW = { name: "", when: {}, target: { to: "category", name: "" }, process: null, straight: false };

const choice = (options, value, name) => {
  const node = el("select", { class: "select", name }, ...options.map(([code, text]) => el("option", { value: code }, text)));
  node.value = value;
  return node;
};

/** The form of a set of rules. `names`: see rule-words.js; `processes`: code and name of each; `keep(rules)` keeps a version. */
export function rulesForm(rules, names, processes, keep) {
  const list = el("ol", { class: "flow-rules" });
  const held = new Map();
  const said = el("div", { role: "status" });
  const add = (rule, open) => {
    const one = ruleItem(rule, names, processes, { moved: (by) => move(one.node, by), dropped: () => { held.delete(one.node); one.node.remove(); more.focus(); } });
    held.set(one.node, one.read);
    list.append(one.node);
    if (open) one.open();
  };
  const move = (node, by) => {
    const other = by < 0 ? node.previousElementSibling : node.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(node);
    else other.after(node);
    node.querySelector(by < 0 ? "[name=up]" : "[name=down]").focus();
  };
  const more = el("button", { class: "button", type: "button", on: { click: () => add(NEW, true) } }, t("flow.rule_add"));
  rules.forEach((rule) => add(rule, false));
  const save = async (event) => {
    event.preventDefault();
    await tried(said, () => keep([...list.children].map((node) => held.get(node)())));
  };
  return el(
    "form", { class: "flow-form", on: { submit: save } }, el("p", { class: "quiet" }, t("flow.rules_form_hint")), list,
    el("div", { class: "flow-acts" }, more, el("button", { class: "button button-primary", type: "submit" }, t("flow.keep"))), said,
  );
}

function ruleItem(rule, names, processes, { moved, dropped }) {
  const name = el("input", { name: "name", required: true, maxlength: 64, value: rule.name });
  const asked = conditions(rule.when, names);
  const target = targetPart(rule, names);
  const process = choice([["", t("flow.process_own")], ...processes.map((one) => [one.code, named(one)])], rule.process ?? "", "process");
  const straight = tick(t("flow.straight_long"), rule.straight);
  const title = el("b", {}, rule.name || t("flow.rule_new"));
  name.addEventListener("input", () => { title.textContent = name.value || t("flow.rule_new"); });
  const act = (key, code, does) => el("button", { class: "button", type: "button", name: code, "aria-label": `${t(key)}: ${rule.name}`, on: { click: does } }, t(key));
  const details = el(
    "details", {}, el("summary", {}, title), labelled(t("flow.rule_name"), name),
    el("fieldset", {}, el("legend", {}, t("flow.when")), el("p", { class: "quiet" }, t("flow.when_hint")), ...asked.nodes),
    el("fieldset", {}, el("legend", {}, t("flow.to")), ...target.nodes, straight.node), labelled(t("flow.process"), process),
  );
  const node = el("li", {}, details, el("div", { class: "flow-acts" }, act("flow.rule_up", "up", () => moved(-1)), act("flow.rule_down", "down", () => moved(1)), act("flow.rule_drop", "drop", dropped)));
  // a field that is folded away cannot say what it lacks
  name.addEventListener("invalid", () => { details.open = true; });
  return {
    node,
    open: () => { details.open = true; name.focus(); },
    read: () => ({ name: name.value.trim(), when: asked.read(), target: target.read(), process: process.value || null, straight: straight.box.checked }),
  };
}

/** What a rule asks. Areas are told by their paths from the county down, as `names.paths` has them. */
function conditions(when, names) {
  const ticks = (name, options, checked = (one) => when[name]?.includes(one) ?? false, read = (codes) => codes) => {
    const boxes = options.map(([code, text]) => [code, tick(text, checked(code))]);
    const node = el("fieldset", { dataset: { asks: name } }, el("legend", {}, t(`rule.${name}`)), el("div", { class: "flow-ticks" }, ...boxes.map(([, one]) => one.node)));
    return { name, node, read: () => read(boxes.filter(([, { box }]) => box.checked).map(([code]) => code)) };
  };
  // of many, those that are asked stand first
  const many = (name, options) => ticks(name, [...options].sort(([one], [other]) => (when[name]?.includes(other) ?? false) - (when[name]?.includes(one) ?? false)));
  const said = el("input", { name: "words", value: (when.words ?? []).join(t("list.and")), maxlength: 400 });
  const parts = [
    many("categories", names.categories),
    many("areas", [...names.paths].map(([code, path]) => [path, names.areas.get(code)])),
    ticks("enterprise_kinds", KINDS.map((one) => [one, t(`enterprise.${one}`)])),
    ticks("channels", CHANNELS.map((one) => [one, t(`channel.${one}`)])),
    { name: "words", node: labelled(t("flow.words_long"), said), read: () => said.value.split(/[,，、;；]/).map((one) => one.trim()).filter(Boolean) },
    ticks("weekdays", DAYS.map((one) => [one, dayName(one)]), (one) => Boolean((when.weekdays ?? 0) & (1 << one)), (days) => days.reduce((bits, one) => bits | (1 << one), 0) || null),
    hoursPart(when.hours),
  ];
  return {
    nodes: parts.map((part) => part.node),
    read() {
      const asked = { ...when };
      for (const { name, read } of parts) {
        const value = read();
        if (value === null || value.length === 0) delete asked[name];
        else asked[name] = value;
      }
      return asked;
    },
  };
}

function hoursPart(hours) {
  const input = (minute, key) => el("input", { type: "time", value: hours ? clock(minute % 1440) : "", "aria-label": `${t("rule.hours")} · ${t(key)}` });
  const [from, until] = [input(hours?.[0], "flow.hours_from"), input(hours?.[1], "flow.hours_until")];
  const minutes = (value) => Number(value.slice(0, 2)) * 60 + Number(value.slice(3, 5));
  const node = el("div", { class: "field" }, el("span", {}, t("rule.hours")), el("div", { class: "flow-limit" }, from, until));
  return { name: "hours", node, read: () => (from.value && until.value ? [minutes(from.value), minutes(until.value) || 1440] : null) };
}

/** Where a rule sends: the kind of destination, and which one of it. */
function targetPart({ target }, names) {
  const to = choice(["category", "body", "department", "desk"].map((one) => [one, t(`flow.send.${one}`)]), target.to, "to");
  const options = {
    body: [...names.bodies], department: [...names.departments].map((one) => [one, one]), desk: LEVELS.map((one) => [one, t(`flow.level.${one}`)]), category: [],
  };
  const which = el("select", { class: "select", name: "whom" });
  const field = labelled(t("flow.whom"), which);
  const fill = (value) => {
    const listed = options[to.value];
    which.replaceChildren(...listed.map(([code, text]) => el("option", { value: code }, text)));
    // one that is no more is shown as it is written, and refused by the check
    if (value && !listed.some(([code]) => code === value)) which.prepend(el("option", { value }, value));
    which.value = value || listed[0]?.[0] || "";
    field.hidden = to.value === "category";
  };
  to.addEventListener("change", () => fill(""));
  fill(target.name);
  return { nodes: [labelled(t("flow.send"), to), field], read: () => ({ to: to.value, name: to.value === "category" ? "" : which.value }) };
}
