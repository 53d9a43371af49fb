// The worker's page: today's list out of the pack that this phone keeps, own cells on the map, and the report.

import { byId, data, day as date, el, moment, named, number, serverNow, serverSays, t, time } from "./dom.js";
import { Problem, empty, get, notice, post, session } from "./http.js";
import { icon, light } from "./glyphs.js";
import { drawCircle } from "./help-circle.js";
import { CountyMap } from "./map.js";
import { openPack } from "./pack.js";
import { tryAgain } from "./again.js";
import { belongsTo, logOut, loggedOut, putThingsAway, sync } from "./sync.js";
import { loadCase } from "./case.js";
import { Report } from "./report.js";
import { sendAll, unsent } from "./queue.js";
import { carryOut, keptCase } from "./step.js";
import { around, ground } from "./own-map.js";
import { homeCard, householdsList } from "./home-card.js";
import { handled } from "./sheet.js";
import { waitingList } from "./waiting.js";
import { keepPage } from "./worker-update.js";
import { drawMenu, exportPart, switchLanguage } from "./paper.js";
import { lasting, lossNotice } from "./losses.js";
import { GROUPS, caseRow, day, handoverRow, visitRow } from "./today.js";
import { drawWalk, walkLine } from "./walk.js";

const state = { pack: null, today: null, filter: "all", view: "cases", here: null, over: false, refreshing: null };
const body = byId("sheet-body");
let county = null;
let report = null;
for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon, 24));
byId("start-report").addEventListener("click", () => report?.open());
byId("show-cases").addEventListener("click", () => show("cases"));
byId("show-households").addEventListener("click", () => show("households"));
byId("unsent").addEventListener("click", sendOrShow);
byId("language").addEventListener("click", switchLanguage);
byId("log-out").addEventListener("click", leave);
window.addEventListener("online", () => refresh());
tryAgain(refresh, async () => !loggedOut() && (await unsent()).some((one) => !one.problem));
handled(byId("handle"), stop);
session.ended = toLogIn;
/** the map's own script comes after this one, so that the list need not wait for it */
const mapThere = new Promise((done) => { document.addEventListener("DOMContentLoaded", done, { once: true }); });
/** some browsers run scripts before a kept style sheet is read: the map has measured itself without it */
const styled = new Promise((done) => {
  const sheet = document.querySelector("link[rel=stylesheet]");
  if (sheet.sheet) done();
  else for (const end of ["load", "error"]) sheet.addEventListener(end, done, { once: true });
});

start();

async function start() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    body.replaceChildren(el("div", { class: "notice notice-error", role: "alert" }, el("b", {}, t("phone.insecure")), el("p", {}, t("phone.insecure_text"))));
    return;
  }
  lasting(true); // what is known before the browser is asked
  const kept = loggedOut() ? null : await openPack();
  if (kept?.about.over) {
    await putThingsAway(kept.about);
    state.over = true;
  } else if (kept) {
    belongsTo(kept.account);
    serverSays(Date.now() + kept.about.ahead);
    take(kept);
    draw();
  }
  showUnsent();
  const fresh = refresh();
  await Promise.all([mapThere, styled]);
  await Promise.all([fresh, drawMap()]);
  keepPage();
  lasting(await globalThis.navigator.storage?.persist?.().catch(() => false) ?? false);
}

/**
 * Send what waits, and ask the server what is new: one at a time, however often a doubtful network comes back. Who asks while one
 * is under way gets the next: the one under way may have looked at the queue before what is to go now was in it.
 */
function refresh() {
  if (!state.refreshing) {
    state.refreshing = contact().finally(() => { state.refreshing = null; });
    return state.refreshing;
  }
  state.next ??= state.refreshing.catch(() => null).then(() => { state.next = null; return refresh(); });
  return state.next;
}

/** Without a network the page goes on with what it has. */
async function contact() {
  if (!state.pack && !body.children.length) body.replaceChildren(el("div", { class: "skeleton", "aria-label": t("state.loading") }, el("i"), el("i"), el("i")));
  try {
    // a page that was just opened has to hear who it is before it may send
    if (data.csrf) await sendWaiting();
    await renew();
    if (await sendWaiting()) await renew();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await unanswered(error);
    await showUnsent();
  }
}

/** The pack anew, and what is drawn of it. */
async function renew() {
  const { pack, kept } = await sync(state.pack);
  take(pack);
  if (!busy()) draw();
  if (county) await drawMap();
  if (!kept) byId("map-state").replaceChildren(empty(t("phone.no_room"), t("phone.no_room_text")));
}

/** Why there is nothing to see without a network. */
const WHY = {
  over: [t("phone.over"), t("phone.over_text")], out: [t("phone.out"), t("phone.out_text")], first: [t("phone.first"), t("phone.first_text")],
};

async function unanswered(error) {
  if (error.status === 403 && error.code !== "csrf") await withdrawn(error);
  else if (state.pack) { if (error.status) mapProblem(error); } else if (error.status === 0) body.replaceChildren(notice(error, refresh), empty(...WHY[state.over ? "over" : loggedOut() ? "out" : "first"]));
  else if (error.status !== 401) body.replaceChildren(notice(error, refresh));
}

/** A case or the waiting list is open: the list behind it is new when one comes back. */
const busy = () => Boolean(body.querySelector("article.case, .waiting, .home-card"));

function take(pack) {
  state.pack = pack;
  state.today = day(pack.sections);
  title();
  drawMenu(pack.about);
  for (const node of document.querySelectorAll("[data-unread]")) {
    node.hidden = !state.today.unread;
    node.textContent = number(state.today.unread);
    node.setAttribute("aria-label", t("mailbox.unread", { n: state.today.unread }));
  }
}

// --- who may see this, and until when ---

/** The right was withdrawn: nothing of it stays on this phone. */
async function withdrawn(error) {
  await putThingsAway(state.pack?.about);
  Object.assign(state, { pack: null, today: null });
  for (const name of ["incidents", "households", "homes", "own", "chosen", "cells", "walk"]) county?.drop(name);
  body.replaceChildren(notice(error), el("p", { class: "report-part" }, el("a", { class: "button", href: "/" }, t("phone.own_page"))));
}

async function toLogIn() {
  if (state.leaving) return;
  state.leaving = true;
  await putThingsAway(state.pack?.about);
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function leave() {
  byId("log-out").disabled = true;
  await logOut(state.pack?.about);
  if (navigator.onLine) location.assign("/login?next=/field");
  else location.reload();
}

// --- the map ---

async function drawMap() {
  if (!window.L) { body.append(notice(new Problem(0, null), () => location.reload())); return; }
  county ??= newMap();
  if (!state.pack) { county.fitCounty(); return; }
  const { cells } = state.pack.sections;
  const bbox = around(county, cells.features, ownCodes(), !state.bbox);
  county.homes(state.today.households.map(asPoint));
  county.households({ features: state.today.households.map(asPoint) });
  marks();
  county.box.dataset.ready = "true";
  if (!state.linked) { state.linked = true; await linked(); }
  if (state.bbox === bbox) return;
  state.bbox = bbox;
  await ground(county, bbox).catch(mapProblem);
}

function newMap() {
  const made = new CountyMap();
  made.map.invalidateSize({ animate: false });
  const locate = el("button", { class: "tool", type: "button", "aria-label": t("map.locate"), title: t("map.locate"), on: { click: goToMe } }, icon("locate"));
  // a report takes its place from the map's middle; the map's own tools come after the zoom buttons
  byId("map-tools").append(el("div", { class: "tool-group" }, locate));
  report = new Report(made, { known, onDone: reported, onQueued: showUnsent, onCase: open });
  return made;
}

const asPoint = ({ lon, lat }) => ({ geometry: { type: "Point", coordinates: [lon, lat] } });
const ownCodes = () => new Set(data.me.cells.map((cell) => cell.code));
const known = () => ({
  cells: state.pack?.sections.cells.features, own: ownCodes(), me: data.me.worker, cases: state.today?.cases, categories: state.pack?.sections.categories,
});

function title() {
  const names = data.me.cells.map((cell) => named(cell));
  if (names.length) byId("own-cells").textContent = names.length > 1 ? t("field.cells", { first: names[0], n: names.length, more: names.length - 1 }) : names[0];
  const { unit } = state.pack.sections.me ?? {};
  byId("own-line").textContent = [typeof unit === "string" ? unit : named(unit), named(data.me.worker) || data.me.name, date(serverNow())].filter(Boolean).join(" · ");
}

// --- the sheet ---

function show(view) {
  state.view = view;
  for (const name of ["cases", "households"]) byId(`show-${name}`).setAttribute("aria-pressed", String(name === view));
  if (byId("sheet").dataset.stop === "peek") stop("half");
  if (state.today) draw();
}

function draw() {
  if (county) drawCircle(county);
  body.replaceChildren(...(state.view === "cases" ? todayList() : householdsList(state.today.households, openHome)));
  body.scrollTop = 0;
  body.dataset.drawn = "true";
  marks();
}

const filters = {
  ...Object.fromEntries(Object.entries(GROUPS).map(([name, group]) => [name, () => state.today.cases.filter(group)])),
  visits: () => state.today.visits, sign: () => state.today.handovers,
};
const casesShown = () => (GROUPS[state.filter] ? filters[state.filter]() : []);
const visitsShown = () => (["all", "visits"].includes(state.filter) ? state.today.visits : []);
const sheetsShown = () => (["all", "sign"].includes(state.filter) ? state.today.handovers : []);
const places = () => visitsShown().map(({ lon, lat }) => [lon, lat]);

const everything = () => state.today.cases.length + state.today.visits.length + state.today.handovers.length;

function todayList() {
  const { cases } = state.today;
  const total = everything();
  const made = state.pack.about.made_at;
  const at = date(made) === date(serverNow()) ? time(made) : moment(made);
  const head = el(
    "div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("field.today")), el("span", { class: "quiet" }, t("phone.todo", { n: number(total) })),
    el("span", { class: "aged quiet" }, t("phone.as_of", { at })),
  );
  if (!data.me.cells.length) return [head, empty(t("field.no_cells"), t("field.no_cells_text"))];
  if (!total) return [head, empty(t("field.nothing"), t("field.nothing_text"))];
  const rows = casesShown().map((row, i) => caseRow(row, i + 1, state.here, () => open(row)));
  const visitRows = visitsShown().map((one, i) => visitRow(one, rows.length + i + 1, state.here, () => openHome(one)));
  return [
    head, lossNotice(), chips(), sheetsShown().length > 0 && el("div", { class: "sheets" }, ...sheetsShown().map((one) => handoverRow(one, () => sign(one)))),
    el("ol", { class: "cases" }, ...rows.map((row) => el("li", {}, row))),
    visitRows.length > 0 && el("h2", { class: "sheet-part" }, t("phone.visits")), walkLine(places(), state.here),
    el("ol", { class: "visits" }, ...visitRows.map((row) => el("li", {}, row))),
    !cases.length && state.filter === "all" && empty(t("field.nothing"), t("field.nothing_text")),
  ].filter(Boolean);
}

function chips() {
  const chip = (name, words, glyph) => el(
    "button", { class: "chip", type: "button", "aria-pressed": String(state.filter === name), dataset: { filter: name }, on: { click: () => { state.filter = name; draw(); } } },
    el("span", {}, glyph && light(glyph, 20), el("span", { class: glyph ? "chip-word" : null }, words), " ", number(name === "all" ? everything() : filters[name]().length)),
  );
  const some = (name, words) => filters[name]().length > 0 && chip(name, words);
  return el(
    "div", { class: "chips" }, chip("all", t("field.filter_all")), chip("late", t("field.filter_late"), "red"), chip("soon", t("field.filter_soon"), "yellow"),
    some("visits", t("phone.filter_visits")), some("sign", t("phone.filter_sign")),
  );
}

async function sign(one) {
  await acting(() => post(`/handovers/${one.id}/sign`, {}));
}

/** Something that needs the server now; then the list anew. */
async function acting(work) {
  try {
    await work();
    await refresh();
    if (!busy()) draw();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    body.prepend(notice(error));
  }
}

function openHome(one) {
  county && goTo(one);
  const away = state.here && county.map.distance([one.lat, one.lon], [state.here[1], state.here[0]]);
  body.replaceChildren(homeCard(one, { away, onClose: draw }));
  body.scrollTop = 0;
  body.querySelector("h1").focus();
}

function goTo(place) {
  county.home = null;
  county.map.setView(county.at(place.lon, place.lat), 17, { animate: false });
  stop("half");
}

function marks() {
  if (!county || !state.today) return;
  const visits = visitsShown().map((one) => ({ id: `visit ${one.id}`, lon: one.lon, lat: one.lat, light: one.red ? "red" : "green", category: { name: one.address }, home: one }));
  county.incidents([...casesShown(), ...visits], { numeral: (_, i) => i + 1, size: 32, onChoose: (row) => (row.home ? openHome(row.home) : open(row)) });
  drawWalk(county, places(), state.here);
}

// --- one case ---

/** Draw a case; `unasked`: nobody has just chosen it, and what was opened meanwhile stays. */
async function open(row, { unasked = false } = {}) {
  stop("half");
  const shown = await drawn(row);
  if (unasked && busy()) return;
  body.replaceChildren(shown);
  body.scrollTop = 0;
  body.querySelector("h1")?.focus();
  if (!county) return;
  county.home = null;
  county.map.panTo(county.at(row.lon, row.lat), { animate: false });
  await drawCircle(county, row);
}

/** A case as the server tells it; without a network as the pack knows it; what is wrong, if something is. */
async function drawn(row) {
  if (!navigator.onLine) return fromPack(row);
  try {
    return await loadCase(row.id, { onClose: draw, onDone: () => done(row), carryOut: keep });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.status ? notice(error, () => open(row)) : fromPack(row);
  }
}

const keep = (incident, action, given, key) => carryOut(incident, action, given, key, showUnsent);
const fromPack = (row) => keptCase(row, { onClose: draw, keep });

/** The case that the address names: a link in a mailbox or from somebody else. */
async function linked() {
  const id = Number(new URLSearchParams(location.search).get("case"));
  if (!id) return;
  const row = state.today.cases.find((one) => one.id === id) ?? await get(`/incidents/${id}`).catch(mapProblem);
  if (row) await open(row);
}

/** After an action: the list anew, and the case where it stands now, unless the contact has brought what was refused. */
async function done(row) {
  draw();
  await refresh();
  const still = state.today.cases.find((one) => one.id === row.id);
  if (still && !busy()) await open(still, { unasked: true });
}

function stop(name) {
  byId("sheet").dataset.stop = name;
  county?.map.invalidateSize({ animate: false });
}

// --- where I am, what waits ---

function goToMe() {
  const failed = () => county.box.querySelector("#map-state").replaceChildren(empty(t("map.no_position")));
  if (!navigator.geolocation) { failed(); return; }
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      state.here = [coords.longitude, coords.latitude];
      county.map.setView(county.at(...state.here), Math.max(16, county.map.getZoom()), { animate: false });
      county.put("here", window.L.layerGroup([county.label(state.here, "here")]));
      if (state.today && !busy()) draw();
    },
    failed,
    { enableHighAccuracy: true, timeout: 15000 },
  );
}

async function showUnsent() {
  const waiting = (await unsent().catch(() => [])).length;
  const badge = byId("unsent");
  badge.hidden = !waiting;
  badge.replaceChildren(icon("offline"), el("span", {}, t("field.unsent")), el("i", {}, number(waiting)));
  return waiting;
}

/** Send what waits; how many went. */
async function sendWaiting() {
  await showUnsent();
  const { sent, refused } = await sendAll();
  await showUnsent();
  if (refused.size) await showWaiting();
  return sent.size;
}

/** Send what waits, and show what still does. */
async function sendOrShow() {
  await refresh();
  if (await showUnsent()) await showWaiting();
}

async function showWaiting() {
  stop("half");
  body.replaceChildren(...await waitingList({ onMend: mended, onChange: sentAgain, more: exportPart(state.pack?.about) }));
  body.scrollTop = 0;
}

async function mended() {
  await showUnsent();
  draw();
  await report.open();
}

async function sentAgain() {
  await refresh();
  if (await showUnsent()) await showWaiting();
  else draw();
}

async function reported(answer) {
  if (!answer) return;
  draw();
  await refresh();
}

function mapProblem(error) {
  if (!(error instanceof Problem)) throw error;
  byId("map-state").replaceChildren(notice(error, () => location.reload()));
}
