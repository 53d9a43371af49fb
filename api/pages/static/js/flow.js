// Rules and processes (their forms: flow-rules.js, flow-process.js; calendar years: calendars.js; limits of cells: limits.js; failed messages: letters.js): shown, edited in forms or as JSON, tried and put in force. Faults are shown where they are.

import { calendar } from "./calendars.js";
import { byId, el, lang, named, number, t } from "./dom.js";
import { button, table, tried } from "./flow-parts.js";
import { processForm } from "./flow-process.js";
import { rulesForm } from "./flow-rules.js";
import { asks, placeName, ruleNames } from "./rule-words.js";
import { get, post, put, shown } from "./http.js";
import { letters } from "./letters.js";
import { limits } from "./limits.js";

start();

async function start() {
  await Promise.all([rules(), processes(), calendar(), limits(), letters()]);
  byId("main").dataset.ready = "true";
}

/** A box of JSON with a button that keeps it. */
function editor(value, label, keep) {
  const box = el("textarea", { "aria-label": label, spellcheck: "false" });
  box.value = JSON.stringify(value, null, 2);
  const said = el("div", { role: "status" });
  const save = async () => {
    let read;
    try {
      read = JSON.parse(box.value);
    } catch (error) {
      said.replaceChildren(el("div", { class: "notice notice-error", role: "alert" }, el("b", {}, t("flow.no_json")), el("p", { lang: "en" }, error.message)));
      return;
    }
    await tried(said, () => keep(read));
  };
  return el("div", {}, box, el("div", { class: "flow-acts" }, button("flow.keep", save, true)), said);
}

// --- rules ---------------------------------------------------------------------------------------------------------

async function rules() {
  const node = byId("rules");
  const list = await shown(node, () => get("/rules"), rules);
  if (!list) return;
  const live = list.find((one) => one.live);
  const [current, names, known] = await Promise.all([get(`/rules/${live.version}`), ruleNames(), get("/processes")]);
  const keep = async (read) => {
    await post("/rules", read);
    await rules();
  };
  const said = el("div", { role: "status" });
  const versions = list.map((one) => [
    number(one.version), number(one.rules), one.live ? el("span", { class: "tag" }, t("flow.live")) : "",
    el("div", { class: "flow-acts" }, button("flow.replay", () => replay(said, one, names)), one.live ? "" : button("flow.publish", () => publish(said, one))),
  ]);
  node.replaceChildren(
    el("h2", {}, t("flow.rules_live", { n: live.version })),
    ruleTable(current.rules, names),
    table([t("flow.version"), t("flow.rules_n"), t("flow.state"), ""], versions),
    said,
    el("details", { class: "flow-edit" }, el("summary", {}, t("flow.form_rules")), rulesForm(current.rules, names, known, (edited) => keep({ rules: edited }))),
    el("details", {}, el("summary", {}, t("flow.edit_rules")), editor({ rules: current.rules }, t("flow.edit_rules"), keep)),
  );
}

function ruleTable(list, names) {
  const asked = (when) => asks(when, names).join(lang === "zh" ? "；" : "; ") || t("flow.always");
  const whom = ({ to, name }) => (to === "desk" ? t(`flow.level.${name}`) : to === "body" ? placeName(name, names) : name);
  const target = (one) => t(`flow.to.${one.target.to}`, { name: whom(one.target) }) + (one.straight ? ` · ${t("flow.straight")}` : "");
  return table(
    ["#", t("flow.rule"), t("flow.when"), t("flow.to"), t("flow.process")],
    list.map((one, i) => [number(i + 1), one.name, asked(one.when), target(one), one.process ?? "–"]),
  );
}

/** Who would get what: bodies with another number of cases first, the others folded away. */
async function replay(said, one, names) {
  const found = await tried(said, () => post(`/rules/${one.version}/replay`, {}));
  if (!found) return;
  const counts = (rows) => table([t("flow.body"), t("flow.before"), t("flow.after")], rows.map((row) => [placeName(row.body, names), number(row.before), number(row.after)]));
  const other = found.by_body.filter((row) => row.before !== row.after);
  const same = found.by_body.filter((row) => row.before === row.after);
  said.replaceChildren(
    el("p", {}, t("flow.replayed", { n: number(found.cases), changed: number(found.changed), days: found.days, version: found.version })),
    other.length ? counts(other) : "",
    found.named.length
      ? table([t("flow.case"), t("flow.before"), t("flow.after"), t("flow.rule")], found.named.map((row) => [row.number, placeName(row.before, names), placeName(row.after, names), row.rule ?? "–"]))
      : "",
    same.length ? el("details", {}, el("summary", {}, t("flow.same", { n: number(same.length) })), counts(same)) : "",
  );
}

async function publish(said, one) {
  if (await tried(said, () => post(`/rules/${one.version}/publish`, {}))) await rules();
}

// --- processes -----------------------------------------------------------------------------------------------------

const limit = (value) => (value ? Object.entries(value).map(([unit, n]) => t(`flow.unit.${unit}`, { n })).join(" ") : "–");

async function processes() {
  const node = byId("processes");
  const list = await shown(node, () => get("/processes"), processes);
  if (!list) return;
  const keep = (code) => async (read) => {
    await put(`/processes/${code}`, read);
    await processes();
  };
  node.replaceChildren(...list.flatMap((one) => [
    el("h2", {}, t("flow.process_of", { name: named(one), version: one.version, limit: limit(one.limit) })),
    table([t("flow.step"), t("flow.level"), t("flow.limit"), t("flow.statuses")], one.steps.map((step) => [
      named(step, "title"), step.level ? t(`flow.level.${step.level}`) : t("flow.every"), limit(step.limit), step.statuses.map((status) => t(`status.${status}`)).join(lang === "zh" ? "、" : ", "),
    ])),
    el("details", { class: "flow-edit" }, el("summary", {}, t("flow.form_process")), processForm(one, list, keep(one.code))),
    el("details", {}, el("summary", {}, t("flow.edit_process")), editor(one, t("flow.edit_process"), keep(one.code))),
  ]));
}
