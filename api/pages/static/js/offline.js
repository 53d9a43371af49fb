// The file that opens offline: released counts by communities, enterprises and base map; with a right, single cases.

import { byId, data, day, lang, lightOf, look, monthName, moment, number, t } from "./dom.js";
import { CountyMap, legend } from "./map.js";
import { Table } from "./table.js";

/* global L */

/** Told in the legend always; others where a case shows them. */
const LIGHTS = ["very_late", "red", "yellow", "green"];

const county = new CountyMap();
let table = null;
const layers = Object.fromEntries(Object.entries(data.layers).map(([name, held]) => [name, spoken(held)]));

document.documentElement.lang = data.tag;
document.title = `${t("offline.title")} · ${data.county.name}`;
byId("brand").textContent = data.county.name;
byId("title").textContent = t("offline.title");
byId("made").textContent = t("offline.made", { day: day(data.now) });
byId("other-language").textContent = t("offline.other");
byId("other-language").addEventListener("click", () => { location.hash = lang === "zh" ? "en" : "zh"; location.reload(); });
for (const note of document.querySelectorAll(".map-note")) note.textContent = t("page.demo");
if (data.months[0]) byId("period").textContent = t("offline.period", { first: monthName(data.months[0]), last: monthName(data.months[1]) });
byId("foot").textContent = data.exact_for ? t("offline.exact", { who: data.exact_for }) : t(data.withheld ? "offline.withheld" : "offline.gate");

/** A collection in the language of this view. */
function spoken(held) {
  const features = held.features.map((one) => ({ ...one, properties: lang === "en" ? { ...one.properties, ...one.en } : one.properties }));
  return { ...held, features, legend: held.legend[lang] };
}

draw();

function draw() {
  const methods = { areas: "areas", land: "builtUp", water: "water", roads: "roads", places: "places", households: "households" };
  for (const [name, method] of Object.entries(methods)) if (layers[name]) county[method](layers[name]);
  if (layers.released) shades();
  if (layers.cells) county.put("cells", county.geojson(layers.cells, "borders", { style: { fill: false, color: look.lines.cell.colour, weight: 0.8 } }));
  if (layers.enterprises) {
    county.enterprises(layers.enterprises, () => ({ size: 12 }));
    county.names("enterprise", layers.enterprises.features, "enterprise");
  }
  table = layers.incidents ? incidents() : parts();
  byId("table").replaceChildren(table.node);
  drawLegend();
  if (layers.incidents) fitRows();
  else county.fitCounty();
  county.box.dataset.ready = "true";
  county.box.dataset.base = "drawn";
}

/** Single rows are somebody's own: show where they are. */
function fitRows() {
  const places = [...layers.incidents.features, ...(layers.households?.features ?? [])].map((one) => county.at(...one.geometry.coordinates));
  if (places.length) county.fit(L.latLngBounds(places).pad(0.1), 40, 16);
  else county.fitCounty();
}

function shades() {
  const fill = ({ properties: { class: position } }) => ({
    stroke: false, fillColor: position === null ? look.colours.too_few : look.heat[position], fillOpacity: 0.9,
  });
  county.put("heat", county.geojson(layers.released, "shade", { style: fill }));
  const outline = county.geojson(layers.released, "cells", { style: { color: look.lines.cell.colour, weight: 0.8, fillOpacity: 0 }, interactive: true });
  outline.on("click", ({ layer }) => choose(layer.feature));
  county.put("released", outline);
}

function choose(feature) {
  county.choose([feature]);
  table.choose(String(layers.released.features.indexOf(feature)));
}

/** Released parts: long lists of communities are named by their first. */
function parts() {
  const features = layers.released?.features ?? [];
  const rows = features.map((one, i) => ({ ...one.properties, code: String(i), feature: one }));
  const separator = lang === "zh" ? "、" : ", ";
  const called = (row) => (row.communities > 3 ? t("offline.more", { first: row.name.split(separator)[0], n: number(row.communities), more: number(row.communities - 1) }) : row.name);
  const parted = new Table(
    [
      { key: "name", title: t("offline.place"), value: called },
      { key: "households", title: t("insight.households"), value: (row) => row.households, number: true },
      { key: "count", title: t("offline.cases"), value: (row) => row.count, number: true },
      { key: "rate", title: t("insight.rate"), value: (row) => row.rate, text: (row) => (row.rate === null ? t("insight.too_few") : number(row.rate)), number: true },
    ],
    { caption: t("insight.table"), sort: "rate", onChoose: (row) => choose(row.feature) },
  );
  parted.fill(rows);
  byId("total").textContent = t("unit.items", { n: number(rows.reduce((sum, row) => sum + row.count, 0)) });
  return parted;
}

function incidents() {
  const rows = layers.incidents.features.map((one) => {
    const [lon, lat] = one.geometry.coordinates;
    const { properties } = one;
    return { ...properties, id: one.id, lon, lat, category: { code: properties.category, name: properties.category_name }, cell: { code: properties.cell } };
  });
  county.incidents(rows);
  const cases = new Table(
    [
      { key: "number", title: t("offline.number"), value: (row) => row.number },
      { key: "category", title: t("offline.category"), value: (row) => row.category.name },
      { key: "due", title: t("offline.due"), value: (row) => row.due_at, text: (row) => moment(row.due_at) },
    ],
    { caption: t("offline.title"), sort: "due", id: (row) => row.id },
  );
  cases.fill(rows);
  byId("total").textContent = t("unit.items", { n: number(rows.length) });
  return cases;
}

function drawLegend() {
  const there = new Set(layers.incidents?.features.map(({ properties }) => lightOf(properties)));
  const lights = (layers.incidents?.legend ?? []).filter(({ glyph }) => LIGHTS.includes(glyph) || there.has(glyph));
  const shade = layers.released?.legend ?? [];
  legend(t("offline.title"), [shade, lights, layers.enterprises?.legend ?? []]);
}
