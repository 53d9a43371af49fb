// What may be done with a case now: a button for each action, and under it what the action asks for.

import { data, el, moment, named, t, words } from "./dom.js";
import { all, get, newKey, notice, post, Problem } from "./http.js";
import { changesPart } from "./changes.js";
import { casePicker } from "./pick.js";
import { partsField, splitNeeds } from "./split.js";
import { proposed } from "./case-ties.js";

/** Actions that the page has a form for; a pin is moved on the map, a picture added above, a meeting called on its own page. */
const WAY = ["accept", "resolve", "verify", "close", "sign", "handle", "dispatch"];
const SHOWN = [
  ...WAY, "return", "escalate", "hand_over", "pause", "resume", "ask_help", "answer_help", "extend_ask", "extend_grant", "extend_refuse",
  "recategorise", "prioritise", "supervise", "supervise_reply", "supervise_end", "appeal", "appeal_refuse", "rate", "reopen", "merge", "split", "link", "void", "comment",
];
const LISTS = { worker_id: "/workers", household_id: "/households", enterprise_id: "/enterprises" };
/** Asking for a deadline in days: the end of that office day. */
const DAY_ENDS = "18:00:00";

/**
 * The section with the case's actions; `onDone` is called once one was carried out. `carryOut(incident, action, given, key)`
 * sends it, where a page has a way of its own.
 */
export function actionsPart(incident, events, actions, onDone, carryOut = posted) {
  const open = actions.filter((one) => one.allowed && SHOWN.includes(one.action));
  open.sort((a, b) => SHOWN.indexOf(a.action) - SHOWN.indexOf(b.action));
  if (!open.length) return null;
  const form = el("div", { class: "act-form" });
  const first = open.find((one) => WAY.includes(one.action));
  const buttons = open.map((one) => {
    const kind = one === first ? "button button-primary" : "button";
    return el("button", { class: kind, type: "button", dataset: { action: one.action }, on: { click: () => choose(one) } }, t(`act.${one.action}`));
  });

  async function choose(one) {
    for (const button of buttons) button.setAttribute("aria-expanded", String(button.dataset.action === one.action));
    try {
      form.replaceChildren(await drawForm(incident, events, one, { onDone, carryOut }));
      form.querySelector("select, textarea, input, button")?.focus();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      form.replaceChildren(notice(error));
    }
  }

  return el("section", { class: "case-part act", "aria-label": t("case.actions") }, el("div", { class: "act-buttons" }, ...buttons), form);
}

const posted = ({ id }, action, given, key) => post(`/incidents/${id}/actions/${action}`, given, { "Idempotency-Key": key });

async function drawForm(incident, events, { action, asked }, { onDone, carryOut }) {
  // a picture is asked for where the process insists on one
  const wanted = asked.filter((one) => one.name !== "ask_seq" && (one.name !== "photo_id" || one.required));
  const fields = await Promise.all(wanted.map((one) => field(one, incident)));
  preset(fields, action, incident, events);
  const key = newKey();
  const send = el("button", { class: "button button-primary", type: "submit" }, t(`act.${action}`));
  const trouble = el("div");
  const form = el("form", { class: "act-fields", dataset: { form: action } }, ...fields.map((one) => one.node), trouble, send);
  // over what somebody else did meanwhile: as seen now
  const again = (now) => { incident.seen = now; send.click(); };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const given = await entered(fields);
      if (asked.some((one) => one.name === "ask_seq")) given.ask_seq = events.filter((one) => one.kind === "help_asked").pop()?.seq;
      splitNeeds(action, given);
      await carryOut(incident, action, given, key);
      await onDone();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      send.disabled = false;
      trouble.replaceChildren(error.code === "changed" ? changesPart(error.body, () => again(error.body.now)) : notice(error));
    }
  });
  return form;
}

/** What is most likely meant: the body that was proposed, as much time as was asked for. */
function preset(fields, action, incident, events) {
  const control = (name) => fields.find((one) => one.name === name)?.node.querySelector("select, input");
  const body = action === "dispatch" && proposed(incident, events);
  if (body) control("body_id").value = body;
  const more = action === "extend_grant" && events.filter((one) => one.kind === "extension_asked").pop()?.data.more;
  if (more) [control("more").value] = Object.values(more);
}

/** What was entered, by name; what was left empty is left out. */
export async function entered(fields) {
  const values = await Promise.all(fields.map(async (one) => [one.name, await one.value()]));
  return Object.fromEntries(values.filter(([, value]) => value !== null));
}

/** One thing to enter: its node, and how its value is read (null: nothing entered). `incident`: null for many cases. */
export async function field({ name, type, required, codes }, incident) {
  const label = t(`ask.${name}`);
  const wrap = (control) => el("label", { class: "field" }, el("span", {}, required ? label : t("ask.optional", { name: label })), control);
  const text = (control, read = (value) => value) => ({ name, node: wrap(control), value: () => (control.value === "" ? null : read(control.value)) });
  const select = (options, read) => text(
    el("select", { class: "select", name, required }, el("option", { value: "" }, "–"), ...options.map(([value, words_]) => el("option", { value }, words_))), read,
  );
  switch (type) {
    case "text": return text(el("textarea", { name, rows: 3, required, maxlength: 4000 }));
    case "flag": return select([["yes", t(`ask.${name}_yes`)], ["no", t(`ask.${name}_no`)]], (value) => value === "yes");
    case "limit": return limitField(name, codes[0] ?? "workdays", required);
    case "moment": return text(el("input", { name, type: "date", required }), (value) => `${value}T${DAY_ENDS}${offset(value)}`);
    case "ids": return casePicker(name, incident, { many: true, required });
    case "parts": return partsField(name, () => choices("body_id"));
    case "score": return select(["1", "2", "3", "4", "5"].map((n) => [n, n]), Number);
    case "id":
      if (name === "photo_id") return select((await get(`/incidents/${incident.id}/photos`)).map((one, i) => [one.id, t("case.photo_n", { n: i + 1, at: moment(one.created_at) })]), Number);
      if (name === "into_id") return casePicker(name, incident, { many: false, required });
      return select((await choices(name)).map((one) => [one.id, named(one) || one.address || one.code]), Number);
    default: {
      if (name === "category") return select((await get("/categories")).map((one) => [one.code, named(one)]));
      const known = name === "priority" ? ["normal", "urgent"] : codes;
      return select(known.map((code) => [code, words(`code.${code}`, code)]));
    }
  }
}

/** So much time, in the unit in which the process gives it. */
function limitField(name, unit, required) {
  const amount = el("input", { name, type: "number", min: 0.5, step: 0.5, required });
  return { name, node: el("label", { class: "field" }, el("span", {}, t(`ask.more_${unit}`)), amount), value: () => (amount.value === "" ? null : { [unit]: Number(amount.value) }) };
}

const choices = async (name) => (await all(LISTS[name] ?? "/bodies")).rows;

/** The county's offset from UTC on a day: "+08:00". */
function offset(day) {
  const noon = new Date(`${day}T12:00:00Z`);
  // by what the clocks show there: phones of 2020 cannot say an offset by itself
  const there = noon.toLocaleString("sv-SE", { timeZone: data.timezone }).replace(" ", "T");
  const minutes = Math.round((Date.parse(`${there}Z`) - noon) / 60_000);
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}
