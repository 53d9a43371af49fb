// One case in full: what, where, who, why this worker, its clock and its steps. All of it text.

import { el, lightOf, moment, named, number, serverNow, standing, svg, t, words } from "./dom.js";
import { get } from "./http.js";
import { icon, light } from "./glyphs.js";

/** Fetch a case with its events and draw it. `onClose` leaves it; `actions` are buttons for it. */
export async function loadCase(id, { onClose, actions = () => [] }) {
  const [incident, events] = await Promise.all([get(`/incidents/${id}`), get(`/incidents/${id}/events`)]);
  return drawCase(incident, events, onClose, actions(incident));
}

function drawCase(incident, events, onClose, buttons) {
  const { responsible } = incident;
  const close = el("button", { class: "icon-button", type: "button", "aria-label": t("case.close"), on: { click: onClose } }, icon("close"));
  return el(
    "article", { class: "case", "aria-label": named(incident.category), dataset: { case: incident.id } },
    el(
      "header", { class: "case-head" }, light(lightOf(incident), 28), el("h1", { tabindex: "-1" }, named(incident.category)), close,
      el("p", { class: "sub" }, [incident.number, named(incident.cell) || t("case.outside"), t(`channel.${incident.channel}`)].join(" · ")),
    ),
    facts([
      [t("case.body"), named(responsible.body) || "–"],
      [t("case.worker"), named(responsible.worker) || t("case.nobody")],
      [t("case.status"), `${t(`light.${lightOf(incident)}`)} · ${standing(incident)}`],
    ]),
    incident.text && el("p", { class: "case-text" }, incident.text),
    reporter(incident),
    buttons.length ? el("div", { class: "case-actions" }, ...buttons) : null,
    clockPart(incident),
    whyPart(incident),
    stepsPart(events),
  );
}

function facts(pairs) {
  return el("dl", { class: "facts" }, ...pairs.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))));
}

function reporter({ reporter_name: name, reporter_phone: phone }) {
  if (!name && !phone) return null;
  return facts([[t("case.reporter"), [name, phone].filter(Boolean).join(" · ")]]);
}

/** When it began, is due, and where it stands now, as a bar in proportion. */
function clockPart(incident) {
  const [start, due] = [new Date(incident.received_at), new Date(incident.due_at)];
  const now = incident.closed_at ? new Date(incident.closed_at) : new Date(serverNow());
  const end = Math.max(due, now) - start || 1;
  const at = (time) => (1000 * Math.min(Math.max(time - start, 0), end)) / end;
  const late = now > due;
  const rect = (x, width, fill) => svg("rect", { x, y: 4, width: Math.max(0, width), height: 22, fill });
  const bar = svg(
    "svg", { class: "clock-bar", viewBox: "0 0 1000 30", preserveAspectRatio: "none", role: "img", "aria-label": standing(incident, now.getTime()) },
    rect(0, 1000, "#E6EBEF"), rect(0, at(late ? due : now), "#45525E"), late ? rect(at(due), at(now) - at(due), "#C2182B") : null,
    svg("rect", { x: Math.min(996, at(due)), y: 0, width: 4, height: 30, fill: "#15202B" }),
  );
  const heading = late && !incident.closed_at ? t("case.why_red") : t("case.clock");
  return el(
    "section", { class: "case-part" }, el("h2", {}, heading), el("p", {}, clockSentence(incident, now)), bar,
    el(
      "div", { class: "clock-ends" }, el("span", {}, `${t("case.received")} ${moment(incident.received_at)}`),
      el("b", {}, `${t("case.due")} ${moment(incident.due_at)}`),
    ),
  );
}

function clockSentence(incident, now) {
  const hours = (a, b) => (new Date(b) - new Date(a)) / 3.6e6;
  const span = (value) => (value >= 48 ? t("unit.days", { n: number(value / 24) }) : t("unit.hours", { n: number(value) }));
  const allowed = hours(incident.received_at, incident.due_at);
  return t("case.clock_sentence", { allowed: span(allowed), used: span(hours(incident.received_at, now)), state: standing(incident, now.getTime()) });
}

/** Why this cell and this worker. */
function whyPart(incident) {
  const lines = [t(`reason.${incident.responsible.reason ?? "outside"}`, { cell: named(incident.cell), worker: named(incident.responsible.worker) })];
  if (incident.border_m !== null) lines.push(t("case.border", { metres: number(Math.round(incident.border_m)) }));
  if (incident.confidence !== null) {
    lines.push(t("case.confidence", { percent: number(Math.floor(100 * incident.confidence)), accuracy: number(incident.accuracy_m) }));
  }
  if (incident.runner_up) lines.push(t("case.runner_up", { cell: named(incident.runner_up) }));
  if (incident.nearest) lines.push(t("case.nearest", { cell: named(incident.nearest), metres: number(Math.round(incident.nearest_m ?? 0)) }));
  return el("section", { class: "case-part" }, el("h2", {}, t("case.why_worker")), ...lines.map((line) => el("p", {}, line)));
}

function stepsPart(events) {
  const rows = [...events].reverse().map((event) => el(
    "li", {}, el("time", { datetime: event.at }, moment(event.at)),
    el("div", {}, el("b", {}, words(`event.${event.kind}`, event.kind)), el("span", { class: "quiet" }, said(event))),
  ));
  return el(
    "section", { class: "case-part" }, el("h2", {}, `${t("case.steps")} `, el("span", { class: "quiet" }, t("unit.items", { n: events.length }))),
    el("ol", { class: "timeline" }, ...rows),
  );
}

/** What an event says besides its name: its reason in words; ids stay inside. */
function said({ data }) {
  if (data?.reason) return words(`reason_short.${data.reason}`, data.reason);
  return data?.channel ? words(`channel.${data.channel}`, data.channel) : "";
}
