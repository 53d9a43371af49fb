// The cases of a dispatcher, a handler or a supervisor: list, map, and one case in full.

import { byId, data, el, lightOf, named, number, standing, t } from "./dom.js";
import { Problem, all, empty, get, layer, notice, post, shown } from "./http.js";
import { DAYS, askDays, daysPart, showDays, tidyDays } from "./case-dates.js";
import { drawCircle } from "./help-circle.js";
import { icon, light } from "./glyphs.js";
import { CountyMap, baseMap, legend } from "./map.js";
import { loadCase } from "./case.js";
import { savedLists } from "./lists.js";
import { ListKeys, keysNote } from "./keys.js";
import { Many } from "./many.js";

const LIGHTS = ["very_late", "red", "yellow", "green", "paused"];
/** What stands in a light's place once a case has ended; offered where there are such. */
const ENDINGS = ["done_late", "done_in_time", "ended"];
const WAITING = ["extension", "appeal", "supervision"];
/** What the address holds of the list; a search in texts is left out of it, since it may name people. */
const FILTERS = ["light", "waiting", "body", "area", "q", ...DAYS];
/** A figure of the scorecards: with `counted` in the address, the cases behind it are listed, closed ones too. */
const FIGURE = ["counted", "month", "in_area", "at_area", "first_body", "of_category", "category", "channel"];
const SHOWN = 200;
/** What may be the number of a case, such as 261029-8G97A2. */
const NUMBER = /^(?=.*\d)[\w-]{5,40}$/;
const county = new CountyMap();
const state = { rows: [], light: null, waiting: null, body: null, area: null, figure: null, q: "", chosen: null, shown: SHOWN, glyphs: [], found: null, cut: false, from: null, through: null, ended: null };
const list = byId("case-list");
const main = byId("main");
const search = byId("case-search");
search.before(icon("search"));
const many = new Many(byId("many"), list, { shown: () => found().slice(0, state.shown), onDone: load });
search.addEventListener("input", () => { state.q = search.value.trim(); state.found = null; keep(); draw(); });
new ListKeys({ search, list, open: () => state.chosen, choose: (id) => { several(true); many.flip(id); }, close });
list.after(keysNote());

start();

async function start() {
  county.fitCounty();
  take(location.search);
  byId("case-filters").append(await filters());
  showDays(state);
  await load();
  await linked();
  await baseMap(county, layer).catch(problem);
  const collection = await layer("enterprises").catch(problem);
  if (collection) {
    state.glyphs = collection.legend;
    county.enterprises(collection, () => ({ size: county.map.getSize().x < 600 ? 9 : 11 }));
    county.names("enterprise", collection.features.filter((one) => one.geometry), "enterprise");
  }
  draw();
}

async function load() {
  const open = state.waiting === "appeal" || state.ended ? null : true;
  const params = state.figure ?? { open, waiting: state.waiting, area: state.area, ...askDays(state) };
  const loaded = await shown(list, () => all("/incidents", params), load);
  if (!loaded) return;
  state.cut = loaded.more;
  state.rows = loaded.rows.sort(urgentFirst);
  draw();
  figureBanner();
  fitCases();
  county.box.dataset.ready = "true";
}

/** The most urgent first; behind them what has ended, the latest first. */
function urgentFirst(a, b) {
  if (Boolean(a.closed_at) !== Boolean(b.closed_at)) return a.closed_at ? 1 : -1;
  return a.closed_at ? new Date(b.closed_at) - new Date(a.closed_at) : new Date(a.red_at ?? a.due_at) - new Date(b.red_at ?? b.due_at);
}

function fitCases() {
  if (!state.rows.length) return;
  const bounds = window.L.latLngBounds(state.rows.map((row) => county.at(row.lon, row.lat)));
  county.fit(bounds.pad(0.05), 40, 15);
}

const listed = () => state.found?.rows ?? state.rows;
const found = () => listed().filter((row) => (!state.light || lightOf(row) === state.light)
  && (!state.body || row.body?.code === state.body) && (state.found || !state.q || matches(row)));

const matches = (row) => [row.number, named(row.category), named(row.cell), named(row.body), named(row.worker)].some((text) => text?.toLowerCase().includes(state.q.toLowerCase()));

function draw() {
  const present = lightsThere();
  byId("lights").replaceChildren(...present.map(lightButton));
  byId("search-part").replaceChildren(...searchPart());
  bodies();
  const rows = found();
  const shownRows = rows.slice(0, state.shown);
  const more = rows.length > shownRows.length
    ? el("li", {}, el("button", { class: "button button-wide", type: "button", on: { click: () => { state.shown += SHOWN; draw(); } } }, t("cases.more", { n: number(rows.length - shownRows.length) })))
    : null;
  byId("case-title").textContent = title();
  byId("case-count").textContent = t("cases.count", { n: number(rows.length) });
  list.replaceChildren(rows.length ? el("ol", {}, ...shownRows.map((row) => el("li", { class: "case-item" }, box(row), caseRow(row))), more) : empty(t("cases.none"), t("cases.none_text")));
  if (state.cut && !state.found) list.prepend(el("p", { class: "figure-part small", role: "status" }, t("desk.cut", { n: number(state.rows.length) })));
  // the most urgent as lights; the map says how many it leaves out
  county.incidents(shownRows, { size: 20, chosen: state.chosen, onChoose: choose });
  const lights = present.map((name) => ({ draw: "light", glyph: name, label: t(`light.${name}`) }));
  legend(t("cases.legend", { n: number(shownRows.length) }), [lights, state.glyphs], shownRows.length < rows.length ? t("cases.of", { n: number(rows.length) }) : "");
}

/** What the list is of, when it is the cases behind a figure; a figure is told with how many of its cases open here. */
function figureBanner() {
  const box = byId("figure-part");
  box.hidden = !state.figure;
  if (box.hidden) return;
  const { counted, month } = state.figure;
  const n = data.figure?.count ?? state.rows.length;
  const said = t("figures.banner", { month, what: t(`counted.${counted}`), n: number(n) });
  const fewer = n === state.rows.length ? null : el("p", { class: "small" }, t("figures.listed", { m: number(state.rows.length) }));
  box.replaceChildren(el("p", {}, el("b", {}, said)), fewer ?? "", el("p", { class: "small" }, el("a", { href: `/figures?month=${encodeURIComponent(month)}` }, t("figures.back")), " · ", el("a", { href: "/cases" }, t("figures.open"))));
}

/** What the listed cases are, in a word or two. */
function title() {
  if (state.figure) return t("figures.title");
  if (state.waiting) return t(`desk.waiting.${state.waiting}`);
  return t(state.ended ? "cases.open_and_ended" : "cases.open");
}

/** The lights to choose from: of open cases all, of those behind a figure and of what has ended the ones that occur. */
function lightsThere() {
  const there = new Set([...listed().map(lightOf), state.light]);
  return [...LIGHTS.filter((name) => !state.figure || there.has(name)), ...ENDINGS.filter((name) => there.has(name))];
}

function lightButton(name) {
  const n = listed().filter((row) => lightOf(row) === name).length;
  const toggle = () => { state.light = state.light === name ? null : name; state.shown = SHOWN; keep(); draw(); };
  return el(
    "button", { type: "button", "aria-pressed": String(state.light === name), on: { click: toggle } },
    el("span", { class: "n" }, light(name, 18), number(n)), el("span", { class: "w" }, t(`light.${name}`)),
  );
}

function box(row) {
  const node = many.box(row, `${row.number} ${named(row.category)}`);
  node.dataset.id = row.id;
  return node;
}

// --- the filters and the address ---------------------------------------------------------------------------------

/** The filters as an address ends. */
function asked() {
  const held = FILTERS.filter((name) => state[name]).map((name) => [name, state[name]]).concat(Object.entries(state.figure ?? {}));
  return new URLSearchParams(held).toString();
}

/** Keep the filters and the open case in the address, so that it can be given to a colleague. */
function keep() {
  const query = new URLSearchParams(asked());
  if (state.chosen) query.set("case", state.chosen);
  history.replaceState(null, "", String(query) ? `?${query}` : location.pathname);
}

/** Take the filters of an address over. */
function take(query) {
  const held = new URLSearchParams(query);
  for (const name of FILTERS) state[name] = held.get(name) ?? (name === "q" ? "" : null);
  state.figure = held.get("counted") ? Object.fromEntries(FIGURE.filter((name) => held.get(name)).map((name) => [name, held.get(name)])) : null;
  if (![...LIGHTS, ...ENDINGS].includes(state.light)) state.light = null;
  if (!WAITING.includes(state.waiting)) state.waiting = null;
  tidyDays(state);
  Object.assign(state, { found: null, linked: Number(held.get("case")) || null, shown: SHOWN });
  search.value = state.q;
}

async function filters() {
  const waiting = el(
    "select", { class: "select", id: "waiting", "aria-label": t("desk.waiting") },
    el("option", { value: "" }, t("desk.waiting")), ...WAITING.map((one) => el("option", { value: one }, t(`desk.waiting.${one}`))),
  );
  waiting.value = state.waiting ?? "";
  waiting.addEventListener("change", () => { state.waiting = waiting.value || null; keep(); load(); });
  const body = el("select", { class: "select", id: "body", "aria-label": t("desk.body") });
  body.addEventListener("change", () => { state.body = body.value || null; keep(); draw(); });
  const choosing = el("button", { class: "button", type: "button", id: "choose-many", "aria-pressed": "false" }, t("desk.choose"));
  choosing.addEventListener("click", () => several(!many.on));
  const go = (query) => { take(query); waiting.value = state.waiting ?? ""; showDays(state); keep(); load(); };
  const part = document.createDocumentFragment();
  const saved = await savedLists(asked, go, problem).catch(problem) ?? [];
  part.append(waiting, body, choosing, ...saved, daysPart(state, () => { state.shown = SHOWN; keep(); load(); }));
  return part;
}

/** Begin or end choosing several. */
function several(on) {
  if (on !== many.on) many.toggle();
  const choosing = byId("choose-many");
  choosing.setAttribute("aria-pressed", String(on));
  choosing.textContent = t(on ? "desk.end" : "desk.choose");
}

/** The bodies that have any of the cases. */
function bodies() {
  const node = byId("body");
  if (!node) return;
  const known = new Map(state.rows.filter((row) => row.body).map((row) => [row.body.code, named(row.body)]));
  node.replaceChildren(el("option", { value: "" }, t("desk.body")), ...[...known].map(([code, name]) => el("option", { value: code }, name)));
  node.value = known.has(state.body) ? state.body : "";
}

/** The case that the address names. */
async function linked() {
  if (!state.linked) return;
  const row = state.rows.find((one) => one.id === state.linked) ?? await get(`/incidents/${state.linked}`).catch(problem);
  if (row) await choose(row);
}

// --- search in texts ---------------------------------------------------------------------------------------------

function searchPart() {
  const look = (text, more) => el("button", { class: "button", type: "button", on: { click: () => inTexts(more) } }, text);
  const { found: so } = state;
  const byNumber = () => el("button", { class: "button", type: "button", on: { click: withNumber } }, t("desk.by_number"));
  if (!so) return state.q ? [look(t("desk.in_text"), false), NUMBER.test(state.q) && byNumber()].filter(Boolean) : [];
  const back = el("button", { class: "button", type: "button", on: { click: () => { state.found = null; draw(); } } }, t("desk.back"));
  if (so.number) return [el("span", { role: "status" }, t("desk.of_number", { number: so.number })), back];
  return [el("span", { role: "status" }, t("desk.looked", { looked: number(so.looked), total: number(so.total) })), so.next && look(t("desk.go_on"), true), back].filter(Boolean);
}

async function inTexts(more) {
  const before = more ? state.found : { rows: [], looked: 0, next: null };
  try {
    const { items, looked, total, next } = await post("/incidents/search", { words: state.q, cursor: before.next });
    state.found = { rows: [...before.rows, ...items], looked: before.looked + looked, total, next };
    draw();
  } catch (error) {
    problem(error);
  }
}

/** A case by its number, closed or not. */
async function withNumber() {
  try {
    const { items } = await get("/incidents", { number: state.q.toUpperCase(), limit: 1 });
    state.found = { rows: items, number: state.q.toUpperCase() };
    state.light = null;
    keep();
    draw();
    if (items.length) await choose(items[0]);
  } catch (error) {
    problem(error);
  }
}

function caseRow(row) {
  const where = [named(row.cell) || t("case.outside"), named(row.body) || named(row.worker)].filter(Boolean).join(" · ");
  return el(
    "button", { class: "case-row", type: "button", "aria-current": String(row.id === state.chosen), dataset: { id: row.id }, on: { click: () => choose(row) } },
    light(lightOf(row), 20), el("span", { class: "what" }, named(row.category)), el("span", { class: `when when-${lightOf(row)}` }, standing(row)),
    el("span", { class: "where" }, where), el("span", { class: "visually-hidden" }, t(`light.${lightOf(row)}`)),
  );
}

async function choose(row) {
  state.chosen = row.id;
  keep();
  const panel = byId("case-panel");
  panel.hidden = false;
  main.classList.add("with-case");
  for (const node of list.querySelectorAll(".case-row")) node.setAttribute("aria-current", String(node.dataset.id === String(row.id)));
  county.map.invalidateSize({ animate: false });
  county.home = null;
  county.map.panTo(county.at(row.lon, row.lat), { animate: false });
  const article = await shown(panel, () => loadCase(row.id, { onClose: close, onDone: () => done(row) }), () => choose(row));
  if (!article || state.chosen !== row.id) return;
  panel.replaceChildren(article);
  panel.scrollTop = 0;
  article.querySelector("h1").focus({ preventScroll: true });
  await drawCircle(county, row);
}

/** After an action: the list anew, and the case where it stands now, as long as it is still ours to see. */
async function done(row) {
  close();
  await load();
  const still = state.rows.find((one) => one.id === row.id);
  if (still) await choose(still);
  else list.prepend(el("p", { class: "notice", role: "status" }, t("cases.gone", { number: row.number })));
}

function close() {
  const left = list.querySelector(`.case-row[data-id="${state.chosen}"]`);
  state.chosen = null;
  keep();
  drawCircle(county);
  main.classList.remove("with-case");
  byId("case-panel").hidden = true;
  for (const node of list.querySelectorAll(".case-row")) node.setAttribute("aria-current", "false");
  county.map.invalidateSize({ animate: false });
  left?.focus({ preventScroll: true }); // who works by keys goes on from there
}

function problem(error) {
  if (!(error instanceof Problem)) throw error;
  byId("map-state").replaceChildren(notice(error, () => location.reload()));
  return null;
}
