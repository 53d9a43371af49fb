// One case in full: what, where, who, why this worker, what may be done, its clock and its steps. All of it text.

import { actionsPart } from "./act.js";
import { data, el, lang, lightOf, moment, named, number, standing, svg, t, words } from "./dom.js";
import { API, get } from "./http.js";
import { icon, light } from "./glyphs.js";
import { asks, ruleNames } from "./rule-words.js";
import { partsOf } from "./split.js";
import { addPicture, bodyNames, facing, ruleOf, saidOf, tiesOf } from "./case-ties.js";

/** Fetch a case with all that is told of it and draw it. `onClose` leaves it; `onDone` follows an action; `carryOut`: see act.js. */
export async function loadCase(id, { onClose, onDone, carryOut }) {
  const asked = ["", "/events", "/actions", "/why"].map((part) => get(`/incidents/${id}${part}`));
  asked.push(get(`/incidents/${id}/photos`).catch(() => [])); // a case is read without them, too
  const told = await Promise.all(asked);
  const when = told[3].routed?.when ?? {};
  const [bodies, parts, names] = await Promise.all([
    bodyNames(told[1]), partsOf(told[0], told[1]), ruleNames({ categories: Boolean(when.categories), areas: Boolean(when.areas), bodies: false }),
  ]);
  return drawCase(told, bodies, parts, asks(when, names), { onClose, onDone, carryOut });
}

function drawCase([incident, events, actions, why, photos], bodies, parts, asked, { onClose, onDone, carryOut }) {
  const { responsible } = incident;
  const close = el("button", { class: "icon-button", type: "button", "aria-label": t("case.close"), on: { click: onClose } }, icon("close"));
  return el(
    "article", { class: "case", "aria-label": named(incident.category), dataset: { case: incident.id } },
    el(
      "header", { class: "case-head" }, light(lightOf(incident), 28), el("h1", { tabindex: "-1" }, named(incident.category)), close,
      el("p", { class: "sub" }, el("a", { href: `/${data.page}?case=${incident.id}`, title: t("case.link") }, incident.number), " · ", [named(incident.cell) || t("case.outside"), t(`channel.${incident.channel}`)].join(" · ")),
      ["dispatcher", "supervisor"].includes(data.me?.role) && el("p", { class: "sub" }, el("a", { href: `/meetings?${new URLSearchParams({ call: "", case: incident.id, ...(incident.enterprise_id ? { enterprise: incident.enterprise_id } : {}) })}` }, t("case.call_meeting"))),
    ),
    facts([
      [t("case.body"), named(responsible.body) || "–"],
      [t("case.worker"), named(responsible.worker) || t("case.nobody")],
      [t("case.status"), [t(`status.${incident.status}`), lightOf(incident) === "ended" ? null : t(`light.${lightOf(incident)}`), standing(incident)].filter(Boolean).join(" · ")],
      ...facing(incident),
    ]),
    incident.text && el("p", { class: "case-text" }, incident.text),
    photosPart(incident, photos, onDone),
    reporter(incident),
    parts,
    actionsPart(incident, events, actions, onDone, carryOut),
    clockPart(incident, why),
    whyPart(incident, why, asked),
    stepsPart(events, bodies),
  );
}

function facts(pairs) {
  return el("dl", { class: "facts" }, ...pairs.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))));
}

function reporter({ reporter_name: name, reporter_phone: phone }) {
  if (!name && !phone) return null;
  return facts([[t("case.reporter"), [name, phone].filter(Boolean).join(" · ")]]);
}

/** What residents and staff sent: small here, whole in a page of its own. */
function photosPart(incident, photos, onDone) {
  const more = navigator.onLine ? addPicture(incident, onDone) : null;
  if (!photos.length) return more && el("section", { class: "case-part" }, more);
  const shots = photos.map((photo, i) => {
    const where = `${API}/incidents/${incident.id}/photos/${photo.id}`;
    const by = t(photo.by_resident ? "case.photo_by_resident" : "case.photo_by_staff");
    const said = t("case.photo_open", { n: i + 1, by, at: moment(photo.created_at) });
    const image = el("img", { src: `${where}?size=thumb`, alt: "", loading: "lazy" });
    return el("li", {}, el("a", { href: where, target: "_blank", rel: "noopener", "aria-label": said }, image), el("span", { class: "quiet" }, by));
  });
  return el("section", { class: "case-part" }, el("h2", {}, t("case.photos")), el("ul", { class: "case-photos" }, ...shots), more);
}

/** The clock that decides the light: what was allowed, what was used, as a sentence, a bar and a ledger that adds up. */
function clockPart(incident, why) {
  const { limit_min: limit, used_min: used } = why;
  const scale = 1000 / (Math.max(limit, used) || 1);
  const late = used > limit;
  const rect = (x, width, fill) => svg("rect", { x, y: 4, width: Math.max(0, width), height: 22, fill });
  const sentence = t("case.clock_sentence", { clock: t(`clock.${why.of}_${why.clock}`), allowed: spent(limit, why), used: spent(used, why), state: incident.closed_at || why.running ? standing({ ...incident, due_at: why.due_at, red_at: why.due_at }) : t("case.stopped") });
  const bar = svg(
    "svg", { class: "clock-bar", viewBox: "0 0 1000 30", preserveAspectRatio: "none", role: "img", "aria-label": sentence },
    rect(0, 1000, "#E6EBEF"), rect(0, Math.min(used, limit) * scale, "#45525E"), late ? rect(limit * scale, (used - limit) * scale, "#C2182B") : null,
    svg("rect", { x: Math.min(996, limit * scale), y: 0, width: 4, height: 30, fill: "#15202B" }),
  );
  const heading = ["red", "very_late"].includes(incident.light) ? t("case.why_red") : t("case.clock");
  return el(
    "section", { class: "case-part" }, el("h2", {}, heading), el("p", {}, sentence), bar,
    el(
      "div", { class: "clock-ends" }, el("span", {}, `${t("case.received")} ${moment(incident.received_at)}`),
      el("b", {}, `${t("case.due")} ${moment(why.due_at)}`),
    ),
    ledger(why),
    why.provisional.length ? el("p", { class: "quiet" }, t("case.provisional", { years: why.provisional.join(", ") })) : null,
  );
}

function ledger(why) {
  const spans = why.spans.filter((span) => span.counted_min > 0 || span.kind === "paused");
  const row = (name, value, kind = "") => el("li", { class: kind }, el("span", {}, name), el("span", {}, value));
  return el(
    "ul", { class: "ledger" },
    ...spans.map((span) => row(`${moment(span.from)} · ${t(`status.${span.status}`)}`, spent(span.counted_min, why))),
    row(t("case.used"), spent(why.used_min, why), "ledger-sum"),
  );
}

/** Minutes of a clock as people say them; days of the work clock are office days. */
function spent(minutes, why) {
  const hours = minutes / 60;
  if (why.clock === "work" || hours < 48) return t("unit.hours", { n: number(hours) });
  return t("unit.days", { n: number(hours / 24) });
}

/** Why this cell and this worker, and which rule sent it there. */
function whyPart(incident, why, asked) {
  const lines = [t(`reason.${incident.responsible.reason ?? "outside"}`, { cell: named(incident.cell), worker: named(incident.responsible.worker) })];
  if (incident.border_m !== null) lines.push(t("case.border", { metres: number(Math.round(incident.border_m)) }));
  if (incident.confidence !== null) {
    lines.push(t("case.confidence", { percent: number(Math.floor(100 * incident.confidence)), accuracy: number(incident.accuracy_m) }));
  }
  if (incident.runner_up) lines.push(t("case.runner_up", { cell: named(incident.runner_up) }));
  if (incident.nearest) lines.push(t("case.nearest", { cell: named(incident.nearest), metres: number(Math.round(incident.nearest_m ?? 0)) }));
  const rule = ruleOf(why);
  if (rule) lines.push(rule);
  if (asked.length) lines.push(t("case.rule_asks", { what: asked.join(lang === "zh" ? "；" : "; ") }));
  return el("section", { class: "case-part" }, el("h2", {}, t("case.why_worker")), ...lines.map((line) => el("p", {}, line)));
}

function stepsPart(events, bodies) {
  const rows = [...events].reverse().map((event) => el(
    "li", {}, el("time", { datetime: event.at }, moment(event.at)),
    el("div", {}, el("b", {}, words(`event.${event.kind}`, event.kind)), el("span", { class: "quiet" }, [said(event), saidOf(event, bodies)].filter(Boolean).join(" · ")), ...tiesOf(event), event.note && el("p", { class: "timeline-note" }, event.note)),
  ));
  return el(
    "section", { class: "case-part" }, el("h2", {}, `${t("case.steps")} `, el("span", { class: "quiet" }, String(events.length))),
    el("ol", { class: "timeline" }, ...rows),
  );
}

/** What an event says besides its name: its reason in words; ids stay inside. */
function said({ data }) {
  const code = data?.reason ?? data?.outcome ?? data?.priority;
  if (code) return words(`reason_short.${code}`, words(`code.${code}`, code));
  return data?.channel ? words(`channel.${data.channel}`, data.channel) : "";
}
