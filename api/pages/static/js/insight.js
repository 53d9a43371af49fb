// The official's page: heat, enterprises, months, counts by category and town; a table in the map's place, same filters.

import { byId, data, distance, el, look, monthName, named, number, serverNow, svg, t } from "./dom.js";
import { Problem, empty, get, heatTiles, layer, notice, shown } from "./http.js";
import { file, give, rowsOf } from "./files.js";
import { Findings } from "./findings.js";
import { icon } from "./glyphs.js";
import { CountyMap, baseMap, legend } from "./map.js";
import { picture } from "./picture.js";
import { Span, between, shifted } from "./span.js";
import { Table, bar } from "./table.js";

/* global L */

const MONTHS_SHOWN = 4, USUAL_M = "1500";
/** What changes the heat and nothing else: counts and findings are of the whole area. */
const HEAT_ALONE = new Set(["near", "measure", "bandwidth", "classes"]);
const county = new CountyMap();
const state = { category: "", near: "", within: USUAL_M, measure: "rate", bandwidth: "900", classes: "mean", drawing: "now", asOf: "", months: [], from: null, to: null, places: new Map(), enterprises: null, glyphs: [] };
const twin = new Table(
  [
    { key: "name", title: t("insight.community"), value: (row) => row.name },
    { key: "town", title: t("insight.town"), value: (row) => row.town },
    { key: "households", title: t("insight.households"), value: (row) => row.households, number: true },
    { key: "count", title: t("insight.cases"), value: (row) => row.count, number: true },
    { key: "rate", title: t("insight.rate"), value: (row) => row.rate, text: (row) => (row.rate === null ? t("insight.too_few") : number(row.rate)), number: true },
    { key: "open", title: t("insight.open"), value: (row) => row.open, number: true },
    { key: "overdue", title: t("insight.overdue"), value: (row) => row.overdue, number: true },
  ],
  { caption: t("insight.table"), sort: "count" },
);
byId("twin").append(twin.node);
const findings = new Findings(county, byId("findings"), byId("twin"));
findings.changed = () => { drawLegend(); files(); };
for (const button of document.querySelectorAll("[data-icon]")) button.prepend(icon(button.dataset.icon, 17));
for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => showAs(button.dataset.show));
for (const button of document.querySelectorAll("[data-drawing]")) button.addEventListener("click", () => draw({ drawing: button.dataset.drawing }));
byId("as-of").addEventListener("change", (event) => draw({ asOf: event.target.value }));
for (const name of ["category", "near", "within", "measure", "bandwidth", "classes"]) byId(name).addEventListener("change", (event) => draw({ [name]: event.target.value }));
const span = new Span(byId("months-span"), (from, to) => period(from, to));
byId("picture").addEventListener("click", takePicture);
byId("from").addEventListener("change", (event) => period(event.target.value, state.to));
byId("to").addEventListener("change", (event) => period(state.from, event.target.value));

start();

async function start() {
  county.fitCounty();
  const ready = await shown(byId("map-state"), async () => {
    const [categories, months, drawings] = await Promise.all([get("/categories"), get("/stats/counts", { by: "month" }), get("/drawings")]);
    fillCategories(categories);
    fillDrawings(drawings.items);
    fillMonths(months.rows);
    return true;
  }, start);
  if (!ready) return;
  const base = baseMap(county, keepPlaces).catch(problem);
  await Promise.all([draw(), enterprises(), households(), base]);
  await figures();
  county.box.dataset.ready = "true";
  find();
}

// --- what is asked ---

function fillCategories(categories) {
  const tops = categories.filter((one) => !one.parent);
  const groups = tops.map((top) => el(
    "optgroup", { label: named(top) }, el("option", { value: top.code }, t("insight.whole", { name: named(top) })),
    ...categories.filter((one) => one.parent === top.code).map((one) => el("option", { value: one.code }, named(one))),
  ));
  byId("category").append(...groups);
}

/** Whose cells: today's, or those of another drawing by its first day. Nothing to choose while there is but one. */
function fillDrawings(drawings) {
  const others = drawings.filter(({ valid_from: from, valid_to: to }) => from > data.today || (to && to <= data.today)).reverse();
  byId("as-of").closest("label").hidden = !others.length;
  byId("as-of").replaceChildren(el("option", { value: "" }, t("insight.cells_today")), ...others.map(({ valid_from: from }) => el("option", { value: from }, t("insight.cells_from", { day: from }))));
}

/** Months from the first to the last with cases; the period is the last closed ones. */
function fillMonths(rows) {
  const counted = new Map(rows.map((row) => [row.month, row.count]));
  const all = rows.length ? between(rows[0].month, rows.at(-1).month) : [];
  state.months = all.map((month) => ({ month, count: counted.get(month) ?? 0 }));
  const closed = all.filter((month) => month < data.today.slice(0, 7));
  [state.from, state.to] = [closed.at(-MONTHS_SHOWN) ?? all[0] ?? null, closed.at(-1) ?? all.at(-1) ?? null];
  for (const id of ["from", "to"]) byId(id).replaceChildren(...all.map((month) => el("option", { value: month }, monthName(month))));
}

function period(from, to) {
  [state.from, state.to] = from <= to ? [from, to] : [to, from];
  draw();
}

const asked = () => ({
  category: state.category, from: state.from && `${state.from}-01`, to: state.to && `${shifted(state.to, 1)}-01`,
});

async function draw(change = {}) {
  Object.assign(state, change);
  byId("within").closest("label").hidden = !state.near;
  if (!state.near && state.within !== USUAL_M) change = { ...change, within: byId("within").value = state.within = USUAL_M };
  const changed = Object.keys(change);
  if (changed.length && changed.every((name) => HEAT_ALONE.has(name))) return heat();
  if (state.from) Object.assign(byId("from"), { value: state.from }) && Object.assign(byId("to"), { value: state.to });
  span.show(state.months.map((one) => one.month), state.from, state.to);
  for (const button of document.querySelectorAll("[data-drawing]")) button.setAttribute("aria-pressed", String(button.dataset.drawing === state.drawing));
  if ("drawing" in change || "asOf" in change) await households();
  await Promise.all([heat(), state.places.size ? figures() : null, chart()]);
  if (county.box.dataset.ready) find();
}

/** Ask what the statistics find in the closed months of the period. */
function find() {
  const closed = shifted(data.today.slice(0, 7), -1);
  const to = state.to && state.to < closed ? state.to : closed;
  byId("release").href = `/insight/release?${new URLSearchParams(state.from && state.from <= to ? { from: state.from, to } : {})}`;
  if (!state.from || state.from > to) return byId("findings").replaceChildren(el("p", { class: "study" }, t("study.open_month")));
  return findings.ask({ from: state.from, to, category: state.category, drawing: state.drawing, as_of: state.asOf, within: state.within }, state.enterprises);
}

// --- the map ---

async function keepPlaces(name, params) {
  const collection = await layer(name, params);
  if (name === "areas") for (const { properties } of collection.features) state.places.set(properties.code, { ...properties, households: 0 });
  return collection;
}

async function households() {
  const [day, drawing] = [state.asOf || data.today, state.drawing];
  const cells = await layer("cells", { drawing: state.drawing, as_of: state.asOf }).catch(problem);
  if (!cells || day !== (state.asOf || data.today) || drawing !== state.drawing) return;
  const gone = ({ valid_to: last }) => Boolean(last && last <= day);  // no more on that day, but cases were reported in it
  county.put("cells", county.geojson(cells, "borders", {
    style: ({ properties }) => ({ fill: false, color: look.lines.cell.colour, weight: gone(properties) ? 1.2 : 0.5, opacity: 0.55, dashArray: gone(properties) ? "4 4" : null }),
  }));
  state.cells = cells.features.map((one) => one.properties);
}

async function enterprises() {
  const collection = await layer("enterprises").catch(problem);
  if (!collection) return;
  state.enterprises = collection;
  state.glyphs = collection.legend;
  county.enterprises(collection, () => ({ size: county.map.getSize().x < 600 ? 9 : 12 }));
  county.names("enterprise", collection.features.filter((one) => one.geometry), "enterprise");
  circles();
}

/** How far "near" reaches, around each enterprise of the kinds asked for. */
function circles() {
  const kinds = new Set(state.near.split(","));
  const chosen = state.near && state.enterprises ? state.enterprises.features.filter((one) => one.geometry && kinds.has(one.properties.kind)) : [];
  county.put("reach", county.geojson({ type: "FeatureCollection", features: chosen.map((one) => ({ ...one, geometry: { type: "Point", coordinates: centre(one.geometry) } })) }, "points", {
    pointToLayer: (_, at) => L.circle(at, {
      radius: Number(state.within), renderer: county.renderers.points, pane: "points", interactive: false, fill: false, color: look.colours.accent, weight: 1.2,
    }),
  }));
}

function centre(geometry) {
  if (geometry.type === "Point") return geometry.coordinates;
  const flat = geometry.coordinates.flat(geometry.type === "Polygon" ? 1 : 2);
  return [0, 1].map((axis) => flat.reduce((sum, xy) => sum + xy[axis], 0) / flat.length);
}

async function heat() {
  const serial = (state.serial = (state.serial ?? 0) + 1);
  const params = {
    category: state.category, from: state.from, to: state.to, measure: state.measure, bandwidth: state.bandwidth, classes: state.classes,
    ...(state.near ? { near: state.near, within: state.within } : {}), ...(data.tiles?.crs === "gcj02" ? { crs: "gcj02" } : {}),
  };
  const surface = await shown(byId("map-state"), () => heatTiles(params), heat);
  if (!surface || serial !== state.serial) return;
  if (surface.drawn) county.heat(surface);
  else {
    county.drop("heat");
    byId("map-state").replaceChildren(empty(t("insight.no_heat"), t("insight.no_heat_text")));
  }
  circles();
  state.surface = surface;
  drawLegend();
  heatWords();
}

function drawLegend() {
  if (!state.surface) return;
  const title = state.category ? byId("category").selectedOptions[0].textContent : t("insight.all_cases");
  const near = state.near ? [{ draw: "line", colour: look.colours.accent, width: 1.4, label: t("insight.reach", { distance: distance(Number(state.within)) }) }] : [];
  legend(t(`insight.legend.${state.surface.measure}`, { title }), [state.surface.legend, [...state.glyphs, ...near], findings.legend()], meanWords());
}

/** How far a case is spread, and why; what is drawn unless something else is chosen; and what divides the colours. */
function heatWords() {
  const { bandwidth_m: spread, classes, legend: [ramp] } = state.surface;
  const said = [t("insight.bandwidth", { distance: distance(spread) }), t(`insight.classes.${classes}`, { n: ramp.colours.length })];
  if (classes !== state.classes) said.push(t("insight.classes.not_yet"));
  if (ramp.colours.length < look.heat.length) said.push(t("insight.classes.fewer"));
  byId("heat-words").replaceChildren(...said.flatMap((one) => [one, " "]));
}

function meanWords() {
  const { mean } = state.surface;
  return mean === null ? "" : t("insight.mean", { n: number(mean) });
}

// --- the figures ---

async function figures() {
  const filters = { ...asked(), drawing: state.drawing, as_of: state.asOf };
  const by = state.category ? "category" : "top_category";
  const counts = await shown(byId("counts"), () => Promise.all([
    get("/stats/counts", { ...filters, by }), get("/stats/counts", { ...filters, by: "community" }),
  ]), figures);
  if (!counts) return;
  const [categories, communities] = counts.map((one) => one.rows);
  const places = withHouseholds(communities);
  twin.fill(places);
  const towns = byTown(places);
  Object.assign(state, { communities: places, counted: categories, by });
  const sum = (key) => communities.reduce((total, row) => total + row[key], 0);
  state.total = { count: sum("count"), open: sum("open"), overdue: sum("overdue"), households: places.reduce((total, row) => total + row.households, 0) };
  keyFigures();
  drawLegend();
  byId("counts").replaceChildren(
    section(t("insight.by_category"), categories.map((row) => ({ name: named(row, `${by}_name`), count: row.count, open: row.open }))),
    townSection(towns),
  );
  files();
  totals();
}

/** Every figure of the page as a file. */
function files() {
  const counts = state.communities ? [
    file("communities", () => rowsOf(state.communities, Object.fromEntries(["code", "name", "town", "households", "count", "open", "overdue", "rate"].map((name) => [name, (row) => row[name]])))),
    file("categories", () => rowsOf(state.counted, { code: (row) => row[state.by], name: (row) => row[`${state.by}_name`], count: (row) => row.count, open: (row) => row.open, overdue: (row) => row.overdue })),
    file("cases-by-month", () => rowsOf(state.months, { month: (row) => row.month, count: (row) => row.count })),
  ] : [];
  byId("files").replaceChildren(...[...counts, ...findings.files()].map((one) => el("li", {}, one)));
}

/** Every community with its households and its town, also those without a case. */
function withHouseholds(rows) {
  const counted = new Map(rows.map((row) => [row.community, row]));
  const homes = new Map();
  for (const cell of state.cells ?? []) homes.set(cell.area, (homes.get(cell.area) ?? 0) + (cell.households ?? 0));
  return [...state.places.values()].filter((place) => place.level === "community").map((place) => {
    const { count = 0, open = 0, overdue = 0 } = counted.get(place.code) ?? {};
    const households_ = homes.get(place.code) ?? 0;
    return {
      code: place.code, name: place.name, town: state.places.get(place.parent)?.name ?? "", households: households_, count, open, overdue,
      rate: households_ >= 25 ? Math.round((1000 * count) / households_) / 10 : null,
    };
  });
}

function byTown(places) {
  const towns = new Map();
  for (const { town, households: homes, count, open } of places) {
    const held = towns.get(town) ?? { name: town, households: 0, count: 0, open: 0 };
    towns.set(town, { ...held, households: held.households + homes, count: held.count + count, open: held.open + open });
  }
  return [...towns.values()].map((one) => ({ ...one, rate: one.households ? (100 * one.count) / one.households : null }));
}

function keyFigures() {
  const { count, open, overdue } = state.total;
  byId("key-figures").replaceChildren(...[["insight.cases", count], ["insight.open", open], ["insight.overdue", overdue]].map(
    ([key, n]) => el("div", {}, el("b", {}, number(n)), el("span", {}, t(key))),
  ));
  byId("panel-aside").textContent = t("insight.households_enterprises", { households: number(state.total.households), enterprises: number(state.enterprises?.features.length ?? 0) });
}

function section(title, rows) {
  const most = Math.max(1, ...rows.map((row) => row.count));
  const table = new Table(
    [
      { key: "name", title, value: (row) => row.name },
      { key: "share", title: "", value: (row) => row.count, node: (row) => bar(row.count / most) },
      { key: "count", title: t("insight.cases"), value: (row) => row.count, number: true },
      { key: "open", title: t("insight.open"), value: (row) => row.open, number: true },
    ],
    { caption: title, sort: "count" },
  );
  table.fill(rows);
  return el("section", {}, table.node);
}

function townSection(rows) {
  const table = new Table(
    [
      { key: "name", title: t("insight.by_town"), value: (row) => row.name },
      { key: "households", title: t("insight.households"), value: (row) => row.households, number: true },
      { key: "count", title: t("insight.cases"), value: (row) => row.count, number: true },
      { key: "rate", title: t("insight.rate"), value: (row) => row.rate, number: true },
    ],
    { caption: t("insight.by_town"), sort: "count" },
  );
  table.fill(rows);
  return el("section", {}, table.node);
}

// --- the months ---

async function chart() {
  const counted = await get("/stats/counts", { by: "month", category: state.category }).catch(problem);
  if (!counted) return;
  const counts = new Map(counted.rows.map((row) => [row.month, row.count]));
  state.months = state.months.map(({ month }) => ({ month, count: counts.get(month) ?? 0 }));
  const most = Math.max(1, ...state.months.map((one) => one.count));
  byId("months").replaceChildren(...state.months.map((one, i) => monthBar(one, i, most)));
  totals();
}

function monthBar({ month, count }, i, most) {
  const chosen = month >= state.from && month <= state.to;
  const before = month >= shifted(state.from, -12) && month <= shifted(state.to, -12);
  const fill = chosen ? look.colours.accent : before ? "#8B97A1" : "#C4CBD1";
  const height = (40 * count) / most;
  const bars = svg(
    "svg", { viewBox: "0 0 10 44", preserveAspectRatio: "none", "aria-hidden": "true" },
    chosen ? svg("rect", { x: -2, y: 0, width: 14, height: 44, fill: "#E6EFF9" }) : null, svg("rect", { x: 0.3, y: 44 - height, width: 9.4, height, fill }),
  );
  const label = `${monthName(month)}, ${t("unit.items", { n: number(count) })}`;
  const choose = (event) => (event.shiftKey ? period(month < state.from ? month : state.from, month < state.from ? state.to : month) : period(month, month));
  const january = state.months.findIndex((one) => one.month.endsWith("-01"));
  const first = i === 0 && (january < 0 || january > 5);
  return el(
    "li", {}, el("button", { type: "button", tabindex: -1, "aria-label": label, "aria-pressed": String(chosen), title: label, on: { click: choose } }, bars),
    first || month.endsWith("-01") ? el("span", { class: "year" }, first ? monthName(month) : month.slice(0, 4)) : null,
  );
}

function totals() {
  const sum = (from, to) => state.months.filter(({ month }) => month >= from && month <= to).reduce((total, one) => total + one.count, 0);
  if (!state.from) return;
  const before = sum(shifted(state.from, -12), shifted(state.to, -12));
  byId("months-total").replaceChildren(
    el("b", {}, t("unit.items", { n: number(sum(state.from, state.to)) })),
    el("span", {}, before ? t("insight.year_before", { n: number(before) }) : ""),
  );
}

// --- the map as a picture ---

// 2026-11-29 09:05, in the county's time zone
const made = new Intl.DateTimeFormat("sv-SE", { timeZone: data.timezone, dateStyle: "short", timeStyle: "short" });

/** What a printed map has to say: whose, of what and when, whence and when made, and who may have it. */
function underPicture() {
  const title = state.category ? byId("category").selectedOptions[0].textContent : t("insight.all_cases");
  const said = t(`insight.legend.${state.measure}`, { title });
  const months = state.from === state.to ? monthName(state.from) : `${monthName(state.from)} – ${monthName(state.to)}`;
  const near = state.near ? `${byId("near").selectedOptions[0].textContent}, ${byId("within").selectedOptions[0].textContent}` : null;
  const cells = state.asOf ? t("insight.cells_from", { day: state.asOf }) : document.querySelector(`[data-drawing=${state.drawing}]`).textContent;
  return [
    [document.title, said, byId("bandwidth").selectedOptions[0].textContent, byId("classes").selectedOptions[0].textContent, months, near, cells].filter(Boolean).join(" · "),
    [t("picture.sources", { made: made.format(serverNow()) }), data.tiles?.attribution && t("picture.tiles", { credit: data.tiles.attribution })].filter(Boolean).join(" "),
    t("picture.inside"),
  ];
}

async function takePicture() {
  const button = byId("picture");
  button.disabled = true;
  showAs("map");
  // the legend that folds on a phone would lie over the map: it goes below it
  const folded = byId("legend").querySelector("details");
  const open = folded?.open;
  if (folded) folded.open = true;
  try {
    give(await picture(byId("map"), underPicture(), ".map-tools, .map-state", folded && byId("legend")), `map-${state.from}-${state.to}.png`);
  } finally {
    if (folded) folded.open = open;
    button.disabled = false;
  }
}

// --- map or table ---

function showAs(name) {
  byId("map").hidden = name === "table";
  byId("twin").hidden = name === "map";
  for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === name));
  if (name === "map") county.map.invalidateSize({ animate: false });
}

function problem(error) {
  if (!(error instanceof Problem)) throw error;
  byId("map-state").replaceChildren(notice(error, () => location.reload()));
  return null;
}
