// The worker's page: own cells, households, open cases with their lights, and the report.

import { byId, day, distance, el, lightOf, look, named, number, serverNow, standing, t } from "./dom.js";
import { Problem, all, empty, get, layer, notice, shown } from "./http.js";
import { icon, light } from "./glyphs.js";
import { CountyMap, baseMapOf, legend } from "./map.js";
import { loadCase } from "./case.js";
import { Report } from "./report.js";
import { sendAll, unsent } from "./queue.js";
import { waitingList } from "./waiting.js";

const county = new CountyMap();
const state = { cases: [], households: [], cells: [], filter: "all", view: "cases", me: null };
const body = byId("sheet-body");
for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon, 24));
// a report takes its place from the map's middle; the map's own tools come after the zoom buttons
const locate = el("button", { class: "tool", type: "button", "aria-label": t("map.locate"), title: t("map.locate"), on: { click: goToMe } }, icon("locate"));
byId("map-tools").append(el("div", { class: "tool-group" }, locate));

const report = new Report(county, { cells: [], onDone: reported, onQueued: showUnsent });
byId("start-report").addEventListener("click", () => report.open());
byId("show-cases").addEventListener("click", () => show("cases"));
byId("show-households").addEventListener("click", () => show("households"));
byId("unsent").addEventListener("click", sendOrShow);
byId("handle").addEventListener("click", () => stop({ peek: "half", half: "full", full: "peek" }[byId("sheet").dataset.stop]));
window.addEventListener("online", sendUnsent);
dragged(byId("handle"));

load();

async function load() {
  showUnsent();
  const loaded = await shown(body, async () => {
    state.me = await get("/me");
    const own = await Promise.all(state.me.cells.map((cell) => get(`/cells/${encodeURIComponent(cell.code)}`)));
    state.cells = own.map((cell) => ({ type: "Feature", geometry: cell.geometry, properties: cell }));
    const sheets = get("/handovers", { unsigned: true }).then(({ items }) => items, () => []);
    await Promise.all([around(), loadCases(), loadHouseholds(), title()]);
    state.sheets = await sheets;
    return true;
  }, load);
  if (!loaded) return;
  draw();
  county.box.dataset.ready = "true";
  await linked();
  await Promise.all([baseMapOf(county, layer, state.bbox), enterprises()]).catch(mapProblem);
  sendUnsent();
}

/** One's own cells with their neighbours: a phone needs no more of the county. */
async function around() {
  if (!state.cells.length) {
    county.fitCounty();
    state.bbox = county.bbox();
    return;
  }
  county.own(state.cells);
  county.fit(county.groups.chosen, 20);
  state.bbox = county.bbox(county.groups.chosen.getBounds().pad(1));
  const { rows } = await all("/cells", { bbox: state.bbox, format: "geojson" });
  report.cells = rows;
  const features = rows.map((one) => ({ ...one, properties: { ...one.properties, name: named(one.properties) } }));
  county.put("cells", county.geojson({ type: "FeatureCollection", features }, "borders", {
    style: { fill: false, color: look.lines.cell_close.colour, weight: look.lines.cell_close.width, dashArray: look.lines.cell_close.dash, opacity: 0.7 },
  }));
  const codes = new Set(state.me.cells.map((cell) => cell.code));
  county.names("cell", features.filter((one) => !codes.has(one.properties.code)), "cell");
  county.names("own", features.filter((one) => codes.has(one.properties.code)), "own");
}

async function loadCases() {
  const { rows } = await all("/incidents", { open: true });
  state.cases = rows.sort((a, b) => new Date(a.due_at) - new Date(b.due_at));
}

async function loadHouseholds() {
  state.households = state.me.cells.length ? (await all("/households")).rows : [];
  const features = state.households.map((one) => ({ geometry: { type: "Point", coordinates: [one.lon, one.lat] } }));
  county.homes(features);
  county.households({ features });
}

async function enterprises() {
  const collection = await layer("enterprises", { bbox: state.bbox });
  county.enterprises(collection, () => ({ size: 16, filled: true }));
  county.names("enterprise", collection.features, "enterprise");
  drawLegend(collection.legend);
}

function drawLegend(glyphs) {
  const lights = ["very_late", "red", "yellow", "green"].map((name) => ({ draw: "light", glyph: name, label: t(`light.${name}`) }));
  const marks = [{ draw: "point", colour: look.colours.household, label: t("map.household") }, { draw: "line", colour: look.colours.accent, width: 3, label: t("map.own_cell") }];
  legend(t("map.legend"), [lights, marks, glyphs]);
}

async function title() {
  const names = state.me.cells.map((cell) => named(cell));
  if (names.length) byId("own-cells").textContent = names.length > 1 ? t("field.cells", { first: names[0], n: names.length, more: names.length - 1 }) : names[0];
  const { rows } = await all("/areas");
  const areas = new Map(rows.map((area) => [area.code, area]));
  const community = areas.get(state.cells[0]?.properties.area.code);
  const town = named(areas.get(community?.parent) ?? community);
  byId("own-line").textContent = [town, named(state.me.worker) || state.me.name, day(serverNow())].filter(Boolean).join(" · ");
}

// --- the sheet ---

function show(view) {
  state.view = view;
  for (const name of ["cases", "households"]) byId(`show-${name}`).setAttribute("aria-pressed", String(name === view));
  if (byId("sheet").dataset.stop === "peek") stop("half");
  draw();
}

function draw() {
  body.replaceChildren(...(state.view === "cases" ? casesList() : householdsList()));
  body.scrollTop = 0;
  marks();
}

const groups = { all: () => true, late: ({ light: name }) => name === "red" || name === "very_late", soon: ({ light: name }) => name === "yellow" };

function casesList() {
  const count = (name) => state.cases.filter(groups[name]).length;
  const chip = (name, glyph) => el(
    "button", { class: "chip", type: "button", "aria-pressed": String(state.filter === name), on: { click: () => { state.filter = name; draw(); } } },
    el("span", {}, glyph && light(glyph, 20), `${t(`field.filter_${name}`)} ${number(count(name))}`),
  );
  const rows = filtered().map((row, i) => el("li", {}, task(row, i + 1)));
  const top = el("div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("field.today")), el("span", { class: "quiet" }, t("unit.items", { n: number(state.cases.length) })));
  const head = [top, ...(state.sheets?.length ? [el("a", { class: "notice", href: "/handovers", id: "to-sign" }, t("handover.waiting", { n: number(state.sheets.length) }))] : [])];
  if (!state.me.cells.length) return [...head, empty(t("field.no_cells"), t("field.no_cells_text"))];
  if (!state.cases.length) return [...head, empty(t("field.nothing"), t("field.nothing_text"))];
  return [...head, el("div", { class: "chips" }, chip("all"), chip("late", "red"), chip("soon", "yellow")), el("ol", {}, ...rows)];
}

const filtered = () => state.cases.filter(groups[state.filter]);

function task(row, n) {
  const where = [named(row.cell) || t("case.outside"), away(row), row.number].filter(Boolean).join(" · ");
  return el(
    "button", { class: "task", type: "button", dataset: { id: row.id }, on: { click: () => open(row) } },
    light(lightOf(row), 32, n), el("span", { class: "what" }, named(row.category)),
    el("span", { class: `when when-${lightOf(row)}` }, standing(row)), el("span", { class: "where" }, where),
    el("span", { class: "visually-hidden" }, t(`light.${lightOf(row)}`)),
  );
}

const away = (row) => (state.here ? distance(Math.round(county.map.distance([row.lat, row.lon], state.here))) : "");

function householdsList() {
  const rows = state.households.map((one) => el(
    "tr", { dataset: { row: one.code }, on: { click: () => goTo(one) } },
    el("td", {}, el("button", { class: "link", type: "button" }, one.address)), el("td", {}, one.housing ? t(`housing.${one.housing}`) : "–"),
    el("td", { class: "number" }, number((one.children ?? 0) + (one.adults ?? 0) + (one.elders ?? 0))),
  ));
  const heads = [t("household.address"), t("household.housing"), t("household.members")].map((text, i) => el("th", { scope: "col", class: i === 2 ? "number" : null }, text));
  return [
    el("div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("field.households")), el("span", { class: "quiet" }, t("unit.households", { n: number(rows.length) }))),
    rows.length ? el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)) : empty(t("field.no_households")),
  ];
}

function goTo(place) {
  county.home = null;
  county.map.setView(county.at(place.lon, place.lat), 17, { animate: false });
  stop("half");
}

function marks() {
  county.incidents(filtered(), { numeral: (_, i) => i + 1, size: 32, onChoose: open });
}

async function open(row) {
  stop("half");
  const article = await shown(body, () => loadCase(row.id, { onClose: draw, onDone: () => done(row) }), () => open(row));
  if (!article) return;
  body.replaceChildren(article);
  body.scrollTop = 0;
  article.querySelector("h1").focus();
  county.home = null;
  county.map.panTo(county.at(row.lon, row.lat), { animate: false });
}

/** The case that the address names: a link in a mailbox or from somebody else. */
async function linked() {
  const id = Number(new URLSearchParams(location.search).get("case"));
  if (!id) return;
  const row = state.cases.find((one) => one.id === id) ?? await get(`/incidents/${id}`).catch(mapProblem);
  if (row) await open(row);
}

/** After an action: the list anew, and the case where it stands now. */
async function done(row) {
  await loadCases();
  draw();
  const still = state.cases.find((one) => one.id === row.id);
  if (still) await open(still);
}

function stop(name) {
  byId("sheet").dataset.stop = name;
  county.map.invalidateSize({ animate: false });
}

/** Drag the sheet's handle up or down from one stop to the next. */
function dragged(handle) {
  let from = null;
  handle.addEventListener("pointerdown", (event) => { from = event.clientY; });
  handle.addEventListener("pointerup", (event) => {
    const moved = from === null ? 0 : event.clientY - from;
    from = null;
    if (Math.abs(moved) < 24) return;
    const stops = ["full", "half", "peek"];
    const next = stops.indexOf(byId("sheet").dataset.stop) + Math.sign(moved);
    handle.addEventListener("click", (click) => click.stopImmediatePropagation(), { once: true, capture: true });
    stop(stops[Math.min(2, Math.max(0, next))]);
  });
}

// --- where I am, what waits ---

function goToMe() {
  const failed = () => county.box.querySelector("#map-state").replaceChildren(empty(t("map.no_position")));
  if (!navigator.geolocation) { failed(); return; }
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      state.here = [coords.latitude, coords.longitude];
      county.map.setView(county.at(coords.longitude, coords.latitude), Math.max(16, county.map.getZoom()), { animate: false });
      const dot = county.label([coords.longitude, coords.latitude], "here");
      county.put("here", window.L.layerGroup([dot]));
      if (state.view === "cases") draw();
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

async function sendUnsent() {
  if (!await showUnsent()) return;
  const { sent, refused } = await sendAll();
  await showUnsent();
  if (refused.size) await showWaiting();
  if (sent.size && state.me) {
    await loadCases();
    if (!refused.size) draw();
  }
}

/** Send what waits, and show what still does. */
async function sendOrShow() {
  await sendUnsent();
  if (await showUnsent()) await showWaiting();
}

async function showWaiting() {
  stop("half");
  body.replaceChildren(...await waitingList({ onMend: mended, onChange: sentAgain }));
  body.scrollTop = 0;
}

async function mended() {
  await showUnsent();
  draw();
  await report.open();
}

async function sentAgain() {
  await sendUnsent();
  if (await showUnsent()) await showWaiting();
  else draw();
}

async function reported(answer) {
  if (!answer) return;
  await loadCases();
  draw();
}

function mapProblem(error) {
  if (!(error instanceof Problem)) throw error;
  byId("map-state").replaceChildren(notice(error, () => location.reload()));
}
