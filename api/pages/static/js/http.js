// Asking the API: errors as one kind, cursors followed, loading shown after 300 ms, offline told apart from refused.

import { byId, data, el, filled, lang, t, words } from "./dom.js";
import { icon } from "./glyphs.js";

export const API = "/api/v1";
const SHOW_AFTER_MS = 300;

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? "");
    this.status = status;
    this.code = body?.code ?? (status === 0 ? "offline" : `${status}`);
    this.body = body ?? {};
  }

  /** What happened, in the page's language; the server's own sentence is added where ours is general. */
  get said() {
    return reason(this.body) ?? filled(words(`problem.${this.code}`, words(`problem.${this.status}`, t("problem.other"))), this.body);
  }
}

/** Codes of the flow that have words of their own; a list is told as a list. */
const TOLD = { action: "act", status: "status", statuses: "status", role: "role", roles: "role", level: "problem.level", unit: "problem.unit", fields: "ask", codes: "code" };

/** Why the flow refuses something, or what is wrong with a process or rule, in the page's language; null where it is none of these. */
export function reason({ why, given }) {
  const text = why && words(`problem.why.${why}`, null);
  if (!text) return null;
  const told = (name, value) => (name in TOLD ? words(`${TOLD[name]}.${value}`, value) : value);
  const one = ([name, value]) => [name, Array.isArray(value) ? value.map((each) => told(name, each)).join(lang === "zh" ? "、" : ", ") : told(name, value)];
  return filled(text, Object.fromEntries(Object.entries(given ?? {}).map(one)));
}

/** What happens when the session has ended: to the log-in, and back here afterwards. A page that keeps things puts them away first. */
export const session = { ended: () => location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`) };

// on the map, where everybody looks: what is shown is as old as the page
addEventListener("offline", () => byId("map-state")?.replaceChildren(notice(new Problem(0, null))));
addEventListener("online", () => byId("map-state")?.replaceChildren());

export async function get(path, params = {}, options = {}) {
  return answer(`${API}${path}${asked(params)}`, { ...options, headers: { Accept: "application/json", ...options.headers } });
}

/** Heat tiles with these parameters: their address, their legend and the figures behind it. */
export async function heatTiles(params) {
  return answer(`/tiles/heat.json${asked(params)}`, { headers: { Accept: "application/json" } });
}

/** The parameters that hold something, as the end of an address. */
function asked(params) {
  const query = String(new URLSearchParams(Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "")));
  return query && `?${query}`;
}

/** A key under which a request counts once however often it is sent: random bits that nobody guesses. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export async function post(path, body, headers = {}) {
  return sent("POST", path, body, headers);
}

/** Send a file as it is. */
export async function upload(path, file, type, more = {}) {
  const headers = { "Content-Type": type, Accept: "application/json", "X-CSRF-Token": data.csrf, ...more };
  return answer(`${API}${path}`, { method: "POST", headers, body: file });
}

export async function put(path, body) {
  return sent("PUT", path, body);
}

function sent(method, path, body, more = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": data.csrf, ...more };
  return answer(`${API}${path}`, { method, headers, body: JSON.stringify(body) });
}

export async function remove(path) {
  return answer(`${API}${path}`, { method: "DELETE", headers: { Accept: "application/json", "X-CSRF-Token": data.csrf } });
}

async function answer(url, options) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, null);
  }
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.status === 401) session.ended();
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

/** All rows of a list, page by page; `most` stops a list that is too long for a screen. */
export async function all(path, params = {}, most = 5000) {
  const rows = [];
  let cursor = null;
  let more = false;
  do {
    const page = await get(path, { limit: 1000, ...params, cursor });
    rows.push(...(page.items ?? page.features));
    cursor = page.next;
    more = Boolean(cursor) && rows.length >= most;
  } while (cursor && !more);
  return { rows, more };
}

/** All features of a layer as one collection. */
export async function layer(name, params = {}) {
  const first = await get(`/layers/${name}`, { lang: data.lang, ...params });
  const whole = { ...first, features: [...first.features] };
  for (let cursor = first.next; cursor; ) {
    const page = await get(`/layers/${name}`, { lang: data.lang, ...params, cursor });
    whole.features.push(...page.features);
    cursor = page.next;
  }
  return whole;
}

/** Wait for work; bars where its result will be from 300 ms on, and a notice with a way out when it fails. */
export async function shown(node, work, again = null) {
  const bars = el("div", { class: "skeleton", "aria-label": t("state.loading") }, el("i"), el("i"), el("i"));
  const timer = setTimeout(() => node.replaceChildren(bars), SHOW_AFTER_MS);
  try {
    const result = await work();
    clearTimeout(timer);
    node.replaceChildren();
    return result;
  } catch (error) {
    clearTimeout(timer);
    if (!(error instanceof Problem)) throw error;
    node.replaceChildren(notice(error, again));
    return null;
  }
}

/** A problem as people read it: what, why, one way out. */
export function notice(problem, again = null) {
  const offline = problem.code === "offline";
  const retry = again && el("button", { class: "button", type: "button", on: { click: again } }, t("state.again"));
  return el(
    "div", { class: offline ? "notice notice-offline" : "notice notice-error", role: "alert" },
    el("b", {}, offline && icon("offline", 18), offline ? t("state.offline") : problem.said),
    problem.message && !reason(problem.body) && problem.message !== problem.said && !offline ? el("p", { lang: "en" }, problem.message) : null,
    offline && el("p", {}, t("state.offline_text")),
    retry,
  );
}

export function empty(title, text = "", action = null) {
  return el("div", { class: "notice" }, el("b", {}, title), text && el("p", {}, text), action);
}
