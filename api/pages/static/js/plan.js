// The planner's page: all cells shaded by load, the same cells in a table, one chosen in both.

import { byId, data, el, look, named, number, t } from "./dom.js";
import { Problem, get, layer, notice, shown } from "./http.js";
import { CountyMap, baseMap, legend, middle } from "./map.js";
import { CellField, Detail, unseen } from "./plan-field.js";
import { light } from "./glyphs.js";
import { listPlans } from "./plan-list.js";
import { PlanSession } from "./plan-open.js";
import { Table } from "./table.js";

/** More names than these are not read, and rows beyond them are found by the search. */
const MOST_NAMED = 400;
const MOST_ROWS = 300;

const county = new CountyMap();
const state = { measure: "households", drawing: "now", cells: null, communities: new Map(), chosen: null, most: null };
const list = byId("cells-list");
const detail = byId("cell-detail");
const search = byId("cell-search");

const EDGE = { color: look.lines.cell.colour, weight: look.lines.cell.width };
/** Cells that are no more, in which open cases were reported. */
const DASHED = { color: look.colours.ink, weight: 1.4, dashArray: "5 4" };

/** Whether a primary worker has more households than the county wants of one. */
const overfull = (row) => row.workers > 0 && row.households / row.workers > state.most;
const capacity = () => t("plan.overfull", { n: number(state.most) });
const place = (row) => state.communities.get(row.area)?.name ?? "";
const table = new Table(
  [
    { key: "name", title: t("plan.cell"), value: (row) => row.name, node: (row) => el("span", {}, row.name, el("br"), el("small", { class: "quiet" }, row.code)) },
    { key: "households", title: t("plan.households"), value: (row) => row.households, number: true, node: (row) => (overfull(row) ? el("span", { class: "plan-overfull", title: capacity() }, light("red", 16), number(row.households)) : null) },
    { key: "open", title: t("plan.open"), value: (row) => row.open_incidents, number: true },
    { key: "workers", title: t("plan.workers"), value: (row) => row.workers, number: true },
    { key: "load", title: t("plan.load"), value: (row) => row.load, number: true },
  ],
  { caption: t("plan.table"), onChoose: (row) => choose(row.code, true), sort: "load", most: MOST_ROWS },
);

for (const choice of ["measure", "drawing"]) {
  const buttons = document.querySelectorAll(`[data-${choice}]`);
  for (const button of buttons) button.addEventListener("click", () => {
    state[choice] = button.dataset[choice];
    for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    load();
  });
}
search.addEventListener("input", fill);

start();

async function start() {
  county.fitCounty();
  await load();
  try {
    // the ground of a large county takes a while when it is first asked for, and nobody who plans waits for it
    await Promise.all([baseMap(county, keepAreas).then(() => { nameCells(); fill(); }), plans()]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    byId("map-state").replaceChildren(notice(error, () => location.reload()));
  }
}

async function plans() {
  await listPlans(openPlan);
  const asked = Number(new URLSearchParams(location.search).get("plan"));
  if (asked) await openPlan(asked);
}

/** A plan takes the place of the load; what is chosen there is left, and comes back with the load. */
async function openPlan(id) {
  history.replaceState(null, "", `?plan=${id}`);
  state.detail?.close();
  county.map.off("click", pick).off("moveend", nameCells);
  for (const name of ["cellNames", "chosen", "chosenCasing", "ended"]) county.drop(name);
  const onClose = async () => {
    history.replaceState(null, "", location.pathname);
    draw();
    nameCells();
    await listPlans(openPlan);
  };
  await new PlanSession(county, id, { before: state.cells, communities: state.communities, onClose, onOpen: openPlan }).open();
}

async function keepAreas(name, params) {
  const collection = await layer(name, params);
  if (name === "areas") for (const { properties } of collection.features) state.communities.set(properties.code, properties);
  return collection;
}

async function load() {
  const given = { measure: state.measure, drawing: state.drawing, metres: (state.metres = unseen(county)) };
  const answers = await shown(list, () => Promise.all([layer("cells", given), get("/cell-limits"), get("/drawings")]), load);
  if (!answers) return;
  const [collection, { limits }, drawings] = answers;
  state.most = limits.households_most;
  // whose cells a case counts in makes a difference once there were two drawings
  byId("plan-drawing-part").hidden = drawings.items.length < 2;
  const ended = ({ properties }) => properties.valid_to && properties.valid_to <= data.today;
  state.ended = collection.features.filter(ended);
  state.cells = { ...collection, features: collection.features.filter((one) => !ended(one)) };
  list.replaceChildren(table.node);
  draw();
  fill();
  county.box.dataset.ready = "true";
}

function draw() {
  const colour = ({ load_class: position }) => (position === null ? look.colours.too_few : look.load[position]);
  // the fill lies below rivers and roads, borders above them
  const heavy = { color: look.lights.red.fill, weight: 3 };
  const field = new CellField(county, { colour, edge: EDGE, mark: (properties) => (overfull(properties) ? heavy : null) });
  field.set(state.cells.features);
  county.put("cells", field);
  county.put("ended", county.geojson({ type: "FeatureCollection", features: state.ended }, "points", { style: { fill: false, ...DASHED } }));
  state.field = field;
  state.detail?.close();
  state.detail = new Detail(county, state.metres, { ask: finer, put: (features) => field.set(features) });
  county.map.off("click", pick).on("click", pick).off("moveend", nameCells).on("moveend", nameCells);
  const [shades, borders] = [state.cells.legend.filter((item) => item.draw === "ramp"), state.cells.legend.filter((item) => item.draw !== "ramp")];
  if (rows().some((row) => row.load === null)) shades.push({ draw: "fill", colour: look.colours.too_few, label: t("plan.no_worker") });
  if (rows().some(overfull)) borders.push({ draw: "line", colour: heavy.color, width: heavy.weight, label: capacity() });
  if (state.ended.length) borders.push({ draw: "line", colour: DASHED.color, width: DASHED.weight, label: t("plan.ended") });
  legend(t(`plan.by_${state.measure}`), [shades, borders]);
  if (state.chosen) mark(state.chosen);
}

const pick = ({ latlng }) => { const code = state.field.at(latlng); if (code) choose(code, false); };

/** Finer shapes of the cells in view, of today's drawing. */
async function finer(given) {
  const { features } = await get(`/drawings/${data.today}`, given);
  const known = new Map(state.cells.features.map((one) => [one.properties.code, one]));
  return features.map((one) => known.get(one.properties.code) && Object.assign(known.get(one.properties.code), { geometry: one.geometry })).filter(Boolean);
}

/** Cells are named where names can be read: a few in view. */
function nameCells() {
  if (document.body.classList.contains("plan-open")) return;
  const view = county.map.getBounds();
  const near = state.cells.features.filter(({ geometry }) => { const [lon, lat] = middle(geometry); return view.contains(county.at(lon, lat)); });
  county.names("cell", near.length > MOST_NAMED ? [] : near, "cell");
}

const rows = () => state.cells.features.map((one) => one.properties);

function fill() {
  if (!state.cells) return;
  const wanted = search.value.trim().toLowerCase();
  const found = rows().filter((row) => !wanted || [row.code, row.name, place(row)].some((text) => text?.toLowerCase().includes(wanted)));
  table.fill(found);
  const total = (key, of = rows()) => of.reduce((sum, row) => sum + (row[key] ?? 0), 0);
  const openCases = () => total("open_incidents") + total("open_incidents", state.ended.map((one) => one.properties));
  byId("plan-figures").replaceChildren(
    ...[["plan.cells_n", rows().length], ["plan.households_n", total("households")], ["plan.open_n", openCases()], ["plan.overfull_n", rows().filter(overfull).length]]
      .map(([key, n]) => el("div", {}, el("b", {}, number(n)), el("span", {}, t(key)))),
  );
}

function mark(code) {
  const features = state.cells.features.filter((one) => one.properties.code === code);
  county.choose(features);
  return county.groups.chosen;
}

async function choose(code, move) {
  state.chosen = code;
  const shape = mark(code);
  if (move) county.fit(shape, 120, 14.5);
  table.choose(code);
  const cell = await shown(detail, () => get(`/cells/${encodeURIComponent(code)}`), () => choose(code, move));
  if (!cell || state.chosen !== code) return;
  const row = rows().find((one) => one.code === code);
  detail.replaceChildren(
    el("h2", {}, named(cell), " ", el("span", { class: "quiet figures" }, cell.code)),
    el("p", { class: "quiet" }, [named(cell.area), t("plan.area", { n: number(cell.area_m2 / 1e6) })].join(" · ")),
    el("p", {}, t("plan.carries", { households: number(row.households), open: number(row.open_incidents) })),
    el("p", {}, roster(cell.workers)),
  );
}

function roster(workers) {
  if (!workers.length) return t("plan.no_roster");
  return workers.map((one) => t("plan.on_roster", { name: named(one), rank: t(`rank.${one.rank}`) })).join(t("list.and"));
}
