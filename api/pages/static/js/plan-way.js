// A plan's way: its edits in order, what was said of it, and the steps from a draft to the drawing in force.

import { byId, data, day, el, moment, number, t, time } from "./dom.js";
import { get } from "./http.js";
import { short } from "./plan-map.js";

const WAY = ["draft", "submitted", "approved", "published", "applied"];

/** Where the plan stands: done, now, to come. */
export function drawStatus({ plan, savedAt }) {
  const at = WAY.indexOf(plan.status);
  const steps = plan.status === "withdrawn" ? ["withdrawn"] : WAY;
  byId("plan-status").replaceChildren(...steps.map((name, i) => el(
    "li", { class: i < at ? "done" : null, "aria-current": name === plan.status ? "step" : null }, t(`redraw.status.${name}`))));
  byId("plan-title").textContent = plan.title;
  const saved = savedAt ? t("redraw.saved", { time: time(savedAt) }) : t("redraw.changed_by", { name: plan.changed_by ?? plan.author ?? "", moment: moment(plan.changed_at) });
  byId("plan-saved").textContent = saved;
  byId("plan-note").textContent = plan.note ? t("redraw.returned_note", { text: plan.note }) : "";
}

/** The edits, the last one first. */
export function drawSteps({ plan }, editable, { undo, redo }) {
  const done = plan.steps.filter((one) => !one.undone);
  const undone = plan.steps.length - done.length;
  byId("plan-undo").replaceChildren(
    el("button", { class: "button", type: "button", disabled: !editable || !done.length, "aria-keyshortcuts": "Control+Z", dataset: { undo: "" }, on: { click: undo } }, t("redraw.undo")),
    el("button", { class: "button", type: "button", disabled: !editable || !undone, "aria-keyshortcuts": "Control+Y", dataset: { redo: "" }, on: { click: redo } }, t("redraw.redo")),
  );
  const rows = plan.steps.map((one, i) => el("li", { class: one.undone ? "undone" : null }, el("span", { class: "plan-n" }, number(i + 1)),
    el("span", {}, t(`redraw.kind.${one.kind}`)), el("span", { class: "quiet small" }, [one.by, time(one.at)].filter(Boolean).join(" · "))));
  byId("plan-steps").replaceChildren(...(rows.length ? rows.reverse().slice(0, 60) : [el("li", { class: "quiet" }, t("redraw.no_edits"))]));
}

export function drawComments(store, chosen, say) {
  const rows = store.comments.map((one) => el("li", {}, el("b", {}, one.by ?? ""), ` ${one.cell ? short(one.cell) : ""} `, el("span", { class: "quiet small" }, moment(one.at)), el("p", {}, one.text)));
  const text = el("textarea", { name: "comment", rows: 2, maxlength: 4000, required: true, "aria-label": t("redraw.comment") });
  const about = chosen.length === 1 ? chosen[0] : null;
  const form = el("form", {}, text, el("button", { class: "button", type: "submit" }, about ? t("redraw.say_of", { name: short(about) }) : t("redraw.say")));
  form.addEventListener("submit", (event) => { event.preventDefault(); if (text.value.trim()) say(text.value, about); });
  byId("plan-comments").replaceChildren(el("ul", {}, ...rows), form);
}

/** The steps that this person may take now; one that is not open yet says why. */
export function drawWay(store, { step, reverse, rebase }) {
  const { plan, findings } = store;
  const [planner, approver] = [data.me.role === "planner", data.me.role === "approver"];
  const button = (name, act, why = null, primary = true) => [
    el("button", { class: primary ? "button button-primary" : "button", type: "button", disabled: Boolean(why), dataset: { step: name }, on: { click: act } }, t(`redraw.step.${name}`)),
    why && el("p", { class: "quiet small" }, why),
  ];
  const parts = [];
  if (planner && plan.status === "draft") parts.push(...button("submit", () => step("submit"), whyNot(store)), ...button("rebase", rebase, null, false));
  if (approver && plan.status === "submitted") parts.push(...button("approve", () => step("approve")));
  if (approver && plan.status === "approved") parts.push(...publishing(button, step, findings));
  if ((planner || approver) && ["submitted", "approved"].includes(plan.status)) parts.push(...returning(button, step));
  if (planner && ["draft", "submitted", "approved"].includes(plan.status)) parts.push(...button("withdraw", () => step("withdraw"), null, false));
  if (planner && ["published", "applied"].includes(plan.status)) parts.push(...button("reverse", reverse, null, false));
  if (plan.applies_on) parts.push(el("p", {}, t("redraw.applies_on", { day: day(`${plan.applies_on}T12:00:00Z`) })));
  if (plan.approver) parts.push(el("p", { class: "quiet small" }, t("redraw.approved_by", { name: plan.approver })));
  byId("plan-way").replaceChildren(...parts.filter(Boolean), el("p", { class: "quiet small" }, t("redraw.another_person")));
}

function whyNot(store) {
  if (!store.changed) return t("redraw.nothing_yet");
  const n = store.findings.blockers.length;
  return n ? t("redraw.fix_first", { n: number(n) }) : null;
}

function publishing(button, step, findings) {
  const input = el("input", { class: "date", type: "date", name: "from", value: data.today, min: data.today, required: true });
  const n = findings.blockers.length;
  return [el("label", { class: "field" }, el("span", {}, t("redraw.valid_from")), input),
    ...button("publish", () => input.reportValidity() && step("publish", { from: input.value }), n ? t("redraw.fix_first", { n: number(n) }) : null)];
}

function returning(button, step) {
  const note = el("input", { name: "note", type: "text", maxlength: 4000 });
  return [el("label", { class: "field" }, el("span", {}, t("redraw.return_note")), note), ...button("return", () => step("return", { note: note.value || null }), null, false)];
}

// --- the drawings there were, are and will be ---

/** A slider over all drawings; `show(item)` draws one, null the plan itself. Drawn anew it stays the same input: somebody may hold it. */
export async function drawHistory(show) {
  const { items } = await get("/drawings");
  const stops = [...items.map((item) => ({ item, text: said(item) })), { item: null, text: t("redraw.this_plan") }];
  const node = byId("plan-history");
  const old = node.querySelector("input");
  const range = old ?? el("input", { type: "range", min: 0, step: 1, id: "plan-drawing", "aria-label": t("redraw.drawing") });
  const output = node.querySelector("output") ?? el("output", { for: "plan-drawing" });
  const last = stops.length - 1;
  const at = old && old.value !== old.max ? Math.min(old.value, last) : last;
  range.max = last;
  range.value = at;
  const say = () => { output.textContent = stops[range.value].text; range.setAttribute("aria-valuetext", stops[range.value].text); };
  range.oninput = () => { say(); show(stops[range.value].item); };
  say();
  if (!old) node.replaceChildren(el("b", {}, t("redraw.drawing")), range, output);
  node.hidden = false;
}

function said({ valid_from: from, valid_to: to, title }) {
  const from_ = day(`${from}T12:00:00Z`);
  const span = to ? t("redraw.from_until", { from_day: from_, to_day: day(`${to}T12:00:00Z`) }) : t("redraw.from_on", { day: from_ });
  return title ? `${span} · ${title}` : span;
}
