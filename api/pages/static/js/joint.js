// What the pages of meetings and enterprises share: parts, forms, promises with their lights, moments in county time.

import { byId, data, day, distance, el, moment, named, number, serverNow, t, words } from "./dom.js";
import { light } from "./glyphs.js";
import { Problem, get, notice, post } from "./http.js";

export const part = (title, ...children) => el("section", { class: "part" }, title && el("h3", {}, title), ...children);
export const button = (key, act, primary = false) => el("button", { class: primary ? "button button-primary" : "button", type: "button", on: { click: act } }, t(key));

/** A moment of the county's clock ("2026-07-10T09:00") as the moment it is, whatever this device's own time zone. */
export function zoned(local) {
  const guess = Date.parse(`${local}:00Z`);
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: data.timezone, dateStyle: "short", timeStyle: "medium" }).format(guess);
  return new Date(guess - (Date.parse(`${shown.replace(" ", "T")}Z`) - guess)).toISOString();
}

/** A day and hour some days from now, for a field. */
export function ahead(days, hour = "09:00") {
  const then = serverNow() + days * 86_400_000;
  return `${new Intl.DateTimeFormat("sv-SE", { timeZone: data.timezone, dateStyle: "short" }).format(then)}T${hour}`;
}

export function field(key, name, props = {}, tag = "input") {
  const input = el(tag, { name, ...props });
  if (tag === "textarea" && props.value) input.value = props.value;
  return el("label", { class: "field" }, el("span", {}, t(key)), input);
}

export function choice(key, name, options) {
  return el("label", { class: "field" }, el("span", {}, t(key)), el("select", { class: "select", name }, ...options.map(([value, text]) => el("option", { value }, text))));
}

/** A form whose answer is `send(values of its fields)`; what is refused is said in it, and nothing typed is lost. */
export function form(key, send, ...children) {
  const said = el("div", { role: "status" });
  const go = el("button", { class: "button button-primary", type: "submit" }, t(key));
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await send(new FormData(event.target), said);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      said.replaceChildren(notice(error));
    } finally {
      go.disabled = false;
    }
  };
  return el("form", { class: "form", on: { submit } }, ...children, said, el("div", { class: "acts" }, go));
}

export const folded = (key, ...children) => el("details", {}, el("summary", {}, t(key)), ...children);

// --- promises --------------------------------------------------------------------------------------------------------

const NEXT = {
  open: [["proven", "promise.prove", "promise.proof"], ["broken", "promise.break", "promise.reason"], ["withdrawn", "promise.withdraw", "promise.reason"]],
  proven: [["kept", "promise.keep", null], ["open", "promise.back", "promise.reason"], ["broken", "promise.break", "promise.reason"]],
};

/** One promise: light, what, whose, until when; what may follow as far as the reader may say it. `again`: show anew. */
export function promise(one, again) {
  const state = one.light === "red" ? words("light.red", "") : t(`promise.status.${one.status}`);
  const more = el("div", {});
  const acts = (NEXT[one.status] ?? []).filter(([status]) => data.leads || status === "proven").map(([status, key, ask]) => button(key, () => more.replaceChildren(step(one, status, key, ask, again))));
  return el(
    "li", { dataset: { promise: one.id, status: one.status } },
    el("div", { class: "row-line" }, one.light && light(one.light, 20), el("b", {}, one.text)),
    el("div", { class: "quiet" }, [state, named(one.owner), t("promise.due", { day: day(one.due_at) })].join(" · ")),
    el("div", { class: "acts" }, ...acts, button("promise.steps", async () => more.replaceChildren(await steps(one))), data.leads && button("promise.effect", async () => more.replaceChildren(await effect(one)))),
    more,
  );
}

function step(one, status, key, ask, again) {
  const send = async (said) => {
    await post(`/promises/${one.id}/steps`, { status, note: said.get("note") || null });
    await again();
  };
  return form(key, send, ask && field(ask, "note", { required: true, maxlength: 8000, rows: 3 }, "textarea"));
}

async function asked(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.code === "too_early" ? el("p", {}, t("effect.early")) : notice(error);
  }
}

const steps = (one) => asked(async () => {
  const found = await get(`/promises/${one.id}/steps`);
  return el("ol", { class: "rows-plain" }, ...found.map((row) => el("li", {}, el("span", {}, el("b", {}, t(`promise.status.${row.status}`)), ` · ${moment(row.at)}`), row.note && el("p", { class: "text" }, row.note))));
});

/** What reports did, as sentences: counts first, then what may be said of them. */
const effect = (one) => asked(async () => {
  const found = await get(`/promises/${one.id}/effect`);
  const values = Object.fromEntries(["ratio", "low", "high"].map((name) => [name, found[name] === null ? "–" : found[name].toFixed(2)]));
  return el(
    "div", {},
    el("p", {}, t("effect.counts", { days: number(Math.max(1, Math.round(found.days))), radius: distance(found.radius_m), before: number(found.before), after: number(found.after) })),
    el("p", {}, el("b", {}, t(`change.${found.verdict}`, values))),
    el("p", { class: "quiet" }, t("effect.limits")),
  );
});

export const done = () => { byId("main").dataset.ready = "true"; };
