// The county on the map: panes and canvases from the ground up, names, marks, legend, scale. Rows come as GeoJSON.

import { border, byId, data, distance, el, lightOf, look, named, number, svg, t } from "./dom.js";
import { enterprise, icon, light } from "./glyphs.js";

/* global L */

const { colours, lines } = look;
// bottom to top; only cells can be clicked, so a canvas above them never swallows a click
const PANES = {
  base: 210, own: 214, built: 218, shade: 222, water: 230, roads: 240, dim: 250, cells: 300, borders: 310, points: 320, chosen: 330,
  names: 560,
};
// names that matter more come first and push the others out
const RANKS = ["circle", "accuracy", "own", "town", "enterprise", "community", "cell", "village", "water"];
const CLOSE = 14.5;
const TOWN = 12;
const MINOR = 13;

export class CountyMap {
  constructor() {
    this.map = window[data.map];
    this.box = byId("map");
    this.groups = {};
    this.renderers = {};
    for (const [name, order] of Object.entries(PANES)) this.#pane(name, order);
    this.map.on("zoomend resize", () => this.#zoomed());
    this.map.on("moveend", () => this.#scale());
    this.map.attributionControl?.remove();
    for (const button of this.box.querySelectorAll("[data-zoom]")) this.#zoomButton(button);
    if (data.tiles?.attribution) Object.assign(byId("credit"), { textContent: data.tiles.attribution, hidden: false });
    document.body.classList.add("map-page");
    // what was fitted stays fitted while the page settles, until somebody moves the map
    new ResizeObserver(() => { this.map.invalidateSize({ animate: false }); this.home?.(); }).observe(this.box);
    for (const event of ["pointerdown", "wheel", "keydown"]) this.box.addEventListener(event, () => { this.home = null; }, { passive: true });
    const { west, south, east, north } = box(data.county.bounds);
    this.bounds = L.latLngBounds(this.at(west, south), this.at(east, north));
    this.map.setMaxBounds(this.bounds.pad(0.6));
    this.map.getContainer().setAttribute("role", "application");
    this.map.getContainer().setAttribute("aria-label", this.box.getAttribute("aria-label"));
    this.#zoomed();
  }

  #pane(name, order) {
    const pane = this.map.createPane(name);
    pane.style.zIndex = order;
    if (name !== "cells") pane.classList.add("quiet-pane");
    if (name !== "names") this.renderers[name] = L.canvas({ pane: name, padding: 0.25, tolerance: 3 });
  }

  #zoomButton(button) {
    const step = Number(button.dataset.zoom);
    button.append(icon(step > 0 ? "plus" : "minus"));
    button.addEventListener("click", () => this.map.setZoom(this.map.getZoom() + step));
  }

  /** Where WGS84 degrees stand on this map: shifted where the tiles below are drawn in GCJ-02. */
  at(lon, lat) {
    if (data.tiles?.crs !== "gcj02") return L.latLng(lat, lon);
    const [x, y] = gcj02(lon, lat);
    return L.latLng(y, x);
  }

  /** WGS84 degrees of a place on this map. */
  degrees(latlng) {
    if (data.tiles?.crs !== "gcj02") return [latlng.lng, latlng.lat];
    let [lon, lat] = [latlng.lng, latlng.lat];
    for (let i = 0; i < 6; i += 1) {
      const [x, y] = gcj02(lon, lat);
      [lon, lat] = [lon + latlng.lng - x, lat + latlng.lat - y];
    }
    return [lon, lat];
  }

  geojson(collection, pane, options = {}) {
    return L.geoJSON(collection, {
      coordsToLatLng: ([lon, lat]) => this.at(lon, lat),
      renderer: this.renderers[pane],
      pane,
      interactive: false,
      smoothFactor: 0.7,
      ...options,
    });
  }

  put(name, layer) {
    this.groups[name]?.remove();
    this.groups[name] = layer.addTo(this.map);
    // what a test and a person in the console can count
    this.box.dataset[`n${name[0].toUpperCase()}${name.slice(1)}`] = String(layer.getLayers?.().length ?? 1);
    return layer;
  }

  drop(name) {
    this.groups[name]?.remove();
    delete this.groups[name];
    delete this.box.dataset[`n${name[0].toUpperCase()}${name.slice(1)}`];
  }

  // --- the base map ---

  /** County and town land, borders and names. */
  areas(collection) {
    const of = (level) => ({ ...collection, features: collection.features.filter((one) => one.properties.level === level) });
    const counties = of("county");
    const shape = counties.features.length ? counties : of("community");
    this.put("land", this.geojson(shape, "base", { style: { stroke: false, fillColor: colours.land, fillOpacity: 1 } }));
    // from afar borders are drawn finer, or a county's communities would hide what lies between them
    const fine = () => (this.map.getZoom() < TOWN ? 0.65 : 1);
    const stroke = (level, opacity = 1) => () => ({
      fill: false, color: lines[level].colour, weight: lines[level].width * fine(), lineJoin: "round", opacity: opacity * fine(),
    });
    const cased = () => ({ fill: false, color: lines.town.casing, weight: lines.town.casing_width * fine(), opacity: 0.75, lineJoin: "round" });
    this.#zooming("community", this.geojson(of("community"), "borders"), stroke("community", 0.8));
    this.#zooming("townCasing", this.geojson(of("town"), "borders"), cased);
    this.#zooming("town", this.geojson(of("town"), "borders"), stroke("town"));
    this.put("county", this.geojson(counties, "borders", { style: stroke("county")() }));
    this.names("area", [...of("town").features, ...of("community").features]);
  }

  builtUp(collection) {
    this.put("builtUp", this.geojson(collection, "built", { style: { stroke: false, fillColor: colours.built_up, fillOpacity: 1 } }));
  }

  water(collection) {
    const style = ({ geometry, properties }) => {
      const area = geometry.type.endsWith("Polygon");
      const weight = area ? 0.6 : 0.5 + 0.7 * (properties.width ?? 1);
      return { color: colours.water, weight, fillColor: colours.water, fillOpacity: area ? 1 : 0, fill: area, lineCap: "round" };
    };
    this.put("water", this.geojson(collection, "water", { style }));
    this.names("water", collection.features.filter((one) => one.properties.name));
  }

  roads(collection) {
    const grown = () => (this.map.getZoom() >= CLOSE ? 1.5 : this.map.getZoom() >= TOWN ? 1 : 0.62);
    const under = ({ properties }) => {
      const line = lines[`road_${properties.class}`] ?? lines.road_track;
      const plain = properties.class === "track";
      return { color: plain ? line.colour : line.casing, weight: (plain ? line.width : line.casing_width) * grown(), lineCap: "butt" };
    };
    const over = ({ properties }) => {
      const line = lines[`road_${properties.class}`] ?? lines.road_track;
      return { color: line.colour, weight: line.width * grown(), lineCap: "round" };
    };
    const white = { ...collection, features: collection.features.filter((one) => one.properties.class !== "track") };
    this.#zooming("roadCasing", this.geojson(collection, "roads"), under);
    this.#zooming("roads", this.geojson(white, "roads"), over);
  }

  /** Main roads of the whole county; what is smaller is fetched for the part in view once it can be seen. */
  roadsInView(fetchLayer) {
    let held = null;
    const load = async () => {
      const zoom = this.map.getZoom();
      const classes = zoom >= CLOSE ? "main,minor,track" : zoom >= MINOR ? "main,minor" : "main";
      const view = this.map.getBounds();
      if (held && held.classes === classes && (classes === "main" || held.bounds.contains(view))) return;
      held = { classes, bounds: view.pad(0.5) };
      const asked = held;
      const collection = await fetchLayer("roads", { class: classes, ...(classes === "main" ? {} : { bbox: this.bbox(asked.bounds) }) });
      if (asked === held) this.roads(collection);
    };
    this.map.on("moveend", () => load().catch(() => { held = null; }));
    return load();
  }

  /** west,south,east,north of what is in view, or of given bounds. */
  bbox(bounds = this.map.getBounds()) {
    const [[west, south], [east, north]] = [this.degrees(bounds.getSouthWest()), this.degrees(bounds.getNorthEast())];
    return [west, south, east, north].map((value) => value.toFixed(5)).join(",");
  }

  /** A layer whose style follows the zoom. */
  #zooming(name, layer, style) {
    this.restyled = { ...this.restyled, [name]: style };
    this.put(name, layer.setStyle(style));
  }

  /** Names of places: short text with a halo, one element each. */
  places(collection) {
    const villages = collection.features.filter((one) => one.properties.class === "village");
    this.names("places", villages, "village");
  }

  names(group, features, kind = null) {
    const markers = features.filter((one) => one.geometry && one.properties.name).map((one) => {
      const name = kind ?? one.properties.level ?? group;
      return this.label(middle(one.geometry), `name name-${name}`, one.properties.name);
    });
    this.put(`${group}Names`, L.layerGroup(markers));
    this.#declutter();
  }

  /** Hide names that would run into a more important one; called again when the zoom changes. */
  #declutter() {
    cancelAnimationFrame(this.decluttering);
    this.decluttering = requestAnimationFrame(() => {
      const box = (node, at, w, h) => ({ node, x0: at.x - w, x1: at.x + w, y0: at.y - h, y1: at.y + h });
      const apart = (a, b, dy) => a.x1 < b.x0 || b.x1 < a.x0 || a.y1 + dy < b.y0 || b.y1 < a.y0 + dy;
      const roomy = this.map.getSize().x > 600;
      const marks = roomy ? this.map.getPane("markerPane").querySelectorAll(".mark") : [];
      const kept = [...marks].map((node) => box(node, L.DomUtil.getPosition(node.parentElement), 7, 7));
      const names = [...this.map.getPane("names").querySelectorAll(".name")].filter((node) => node.offsetWidth).map((node) => {
        const below = node.classList.contains("name-enterprise") ? 17 : 0;
        const placed = box(node, L.DomUtil.getPosition(node.parentElement).add([0, below]), node.offsetWidth / 2 + 2, node.offsetHeight / 2);
        return Object.assign(placed, { rank: RANKS.findIndex((name) => node.classList.contains(`name-${name}`)), below });
      });
      for (const one of names.sort((a, b) => a.rank - b.rank)) {
        // a name stands on its place or a little above or below it; towns stay even where nothing is free
        // the letter of a circle stands on its line, or nobody knows whose it is
        const offset = (one.rank === 0 || one.below ? [0] : [0, -14, 14, -24, 24]).find((dy) => kept.every((other) => apart(one, other, dy)));
        const shown = offset !== undefined || (one.rank <= RANKS.indexOf("town") && roomy);
        one.node.style.visibility = shown ? "visible" : "hidden";
        one.node.style.marginTop = `${offset ?? 0}px`;
        if (shown) kept.push({ ...one, y0: one.y0 + (offset ?? 0), y1: one.y1 + (offset ?? 0) });
      }
    });
  }

  label([lon, lat], className, ...text) {
    const html = el("span", { class: className }, ...text);
    return L.marker(this.at(lon, lat), {
      pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ html, className: "", iconSize: [0, 0] }),
    });
  }

  enterprises(collection, options = () => ({})) {
    const marks = collection.features.filter((one) => one.geometry).map((one) => {
      const { kind, name } = one.properties;
      const { size = 12, ...look } = options(one.properties);
      const html = el("span", { class: "mark", role: "img", "aria-label": `${name}, ${t(`enterprise.${kind}`)}`, title: name });
      html.append(enterprise(kind, size, look));
      const [lon, lat] = middle(one.geometry);
      return L.marker(this.at(lon, lat), {
        icon: L.divIcon({ html, className: "", iconSize: [size, size] }), interactive: false, keyboard: false, zIndexOffset: -20000,
      });
    });
    const pits = { ...collection, features: collection.features.filter((one) => one.geometry?.type.endsWith("Polygon")) };
    this.put("pits", this.geojson(pits, "points", {
      style: { color: "#8E8878", weight: 1, dashArray: "4 3", fillColor: "#D9D2C1", fillOpacity: 0.8 },
    }));
    this.put("enterprises", L.layerGroup(marks));
    this.#declutter();
  }

  /** Households as 4 px squares, drawn on one canvas. */
  households(collection, { colour = colours.household, opacity = 1 } = {}) {
    const Square = square();
    const squares = collection.features.map((one) => new Square(this.at(...one.geometry.coordinates), {
      renderer: this.renderers.points, pane: "points", radius: 2, stroke: false, fillColor: colour, fillOpacity: opacity, interactive: false,
    }));
    this.put("households", L.layerGroup(squares));
  }

  /** The ground around one's own households, for a page that does not fetch the county's built-up land. */
  homes(features) {
    const discs = features.map((one) => L.circle(this.at(...one.geometry.coordinates), {
      radius: 26, renderer: this.renderers.built, pane: "built", stroke: false, fillColor: colours.built_up, fillOpacity: 1, interactive: false,
    }));
    this.put("homes", L.layerGroup(discs));
  }

  /** Incidents as lights; `numeral` puts the list's number into each, so that list and map match. */
  incidents(rows, { chosen = null, numeral = null, size = 22, onChoose = null } = {}) {
    const marks = rows.map((row, i) => {
      const label = `${numeral ? `${numeral(row, i)}. ` : ""}${named(row.category)}, ${t(`light.${lightOf(row)}`)}`;
      const html = el("span", { class: "mark", dataset: { id: row.id } }, light(lightOf(row), size, numeral?.(row, i) ?? null));
      const marker = L.marker(this.at(row.lon, row.lat), {
        icon: L.divIcon({ html, className: "", iconSize: [size, size] }), keyboard: Boolean(onChoose), alt: label,
        title: label, interactive: Boolean(onChoose), zIndexOffset: row.id === chosen ? 10000 : -10 * i,
      });
      if (onChoose) marker.on("click", () => onChoose(row)).on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && onChoose(row));
      return marker;
    });
    this.put("incidents", L.layerGroup(marks));
  }

  /** Heat from the server's tiles, each drawn at half its size: as sharp on a fine screen, and smooth between zooms. */
  heat({ tiles: [address], bounds: [west, south, east, north], minzoom, maxzoom }) {
    this.put("heat", L.tileLayer(address, {
      pane: "shade", className: "heat-tiles", opacity: 0.92, tileSize: 128, zoomOffset: 1, minNativeZoom: minzoom, maxNativeZoom: maxzoom - 1,
      bounds: L.latLngBounds(this.at(west, south), this.at(east, north)).pad(0.02),
    }));
  }

  /** Mark features as chosen: accent 3 px on white 6. */
  choose(features) {
    const shape = { type: "FeatureCollection", features };
    const line = (colour, weight) => ({ fill: false, color: colour, weight, lineJoin: "round" });
    this.put("chosenCasing", this.geojson(shape, "chosen", { style: line(lines.selection.casing, lines.selection.casing_width) }));
    this.put("chosen", this.geojson(shape, "chosen", { style: line(lines.selection.colour, lines.selection.width) }));
  }

  /** One's own cells bright, the rest of the county dim. */
  own(features) {
    const shape = { type: "FeatureCollection", features };
    this.put("own", this.geojson(shape, "own", { style: { stroke: false, fillColor: "#FFFEFA", fillOpacity: 1 } }));
    const rings = features.flatMap(({ geometry: { type, coordinates } }) => (type === "Polygon" ? [coordinates] : coordinates));
    const holes = rings.map((polygon) => polygon[0].map(([lon, lat]) => this.at(lon, lat)));
    const world = [[-85, -179], [-85, 179], [85, 179], [85, -179]];
    this.put("dim", L.polygon([world, ...holes], {
      renderer: this.renderers.dim, pane: "dim", interactive: false, stroke: false, fillColor: colours.outside, fillOpacity: 0.55,
    }));
    this.choose(features);
  }

  fit(layer, padding = 24, maxZoom = 17) {
    const bounds = layer instanceof L.LatLngBounds ? layer : layer.getBounds();
    if (!bounds.isValid()) return;
    this.home = () => this.map.fitBounds(bounds, { padding: [padding, padding], maxZoom, animate: false });
    this.home();
  }

  /** The whole county, beside the legend where there is room for both. */
  fitCounty() {
    this.home = () => {
      const { x } = this.map.getSize();
      const left = x > 700 ? Math.min(220, 0.17 * x) : 12;
      this.map.fitBounds(this.bounds, { paddingTopLeft: [left, 20], paddingBottomRight: [16, 16], animate: false });
    };
    this.home();
  }

  // --- what floats on the map ---

  #zoomed() {
    const zoom = this.map.getZoom();
    document.body.dataset.band = zoom >= CLOSE ? "close" : zoom >= TOWN ? "town" : "county";
    for (const [name, style] of Object.entries(this.restyled ?? {})) this.groups[name]?.setStyle(style);
    this.#declutter();
    this.#scale();
  }

  /** A bar of a round length, 60 to 130 px wide. */
  #scale() {
    const size = this.map.getSize();
    if (!size.x) return;
    const y = size.y / 2;
    const metres = this.map.distance(this.map.containerPointToLatLng([0, y]), this.map.containerPointToLatLng([100, y]));
    const rough = 1.2 * metres;
    const power = 10 ** Math.floor(Math.log10(rough));
    const length = power * ([5, 2, 1].find((step) => step * power <= rough) ?? 1);
    const bar = byId("scale");
    bar.style.width = `${(100 * length) / metres}px`;
    bar.replaceChildren(el("span", {}, distance(length)));
    bar.setAttribute("aria-label", t("map.scale", { length: distance(length) }));
  }
}

const box = ([west, south, east, north]) => ({ west, south, east, north });

let Square = null;
function square() {
  Square ??= L.CircleMarker.extend({
    _updatePath() {
      const { _ctx: context } = this._renderer;
      if (!this._renderer._drawing || this._empty()) return;
      const { x, y } = this._point;
      context.globalAlpha = this.options.fillOpacity;
      context.fillStyle = this.options.fillColor;
      context.fillRect(Math.round(x) - 2, Math.round(y) - 2, 4, 4);
    },
  });
  return Square;
}

/** A place for a name: a point itself, the middle of a line, the centroid of the largest ring of an area. */
export function middle(geometry) {
  const { type, coordinates } = geometry;
  if (type === "Point") return coordinates;
  if (type === "LineString") return coordinates[Math.floor(coordinates.length / 2)];
  if (type === "MultiLineString") return middle({ type: "LineString", coordinates: longest(coordinates) });
  if (type === "Polygon") return centroid(coordinates[0]);
  if (type === "MultiPolygon") return centroid(longest(coordinates.map((rings) => rings[0])));
  return coordinates[0];
}

const longest = (lists) => lists.reduce((a, b) => (b.length > a.length ? b : a));

function centroid(ring) {
  let [x, y, area] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const cross = (ring[i][0] - ring[0][0]) * (ring[i + 1][1] - ring[0][1]) - (ring[i + 1][0] - ring[0][0]) * (ring[i][1] - ring[0][1]);
    area += cross;
    x += (ring[i][0] + ring[i + 1][0] + ring[0][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1] + ring[0][1]) * cross;
  }
  return area ? [x / (3 * area), y / (3 * area)] : ring[0];
}

/** WGS84 to GCJ-02 by the published formulas, for a base map drawn in it; the platform itself stays in WGS84. */
export function gcj02(lon, lat) {
  if (lon < 72.004 || lon > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lon, lat];
  const { sin, cos, sqrt, abs, PI } = Math;
  const [x, y] = [lon - 105, lat - 35];
  const wave = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * (2 / 3);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    + (20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * (2 / 3) + (160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * (2 / 3);
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    + (20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * (2 / 3) + (150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * (2 / 3);
  const [a, ee, radians] = [6378245.0, 0.00669342162296594323, (lat / 180) * PI];
  const magic = 1 - ee * sin(radians) ** 2;
  return [
    lon + (east * 180) / ((a / sqrt(magic)) * cos(radians) * PI),
    lat + (north * 180) / (((a * (1 - ee)) / (magic * sqrt(magic))) * PI),
  ];
}

// --- the legend ---

/** The legend from layers' own legend items; on phones it folds. `aside` stands at the right of the head. */
export function legend(title, sections, aside = "") {
  const node = byId("legend");
  const head = el("div", { class: "legend-head" }, el("b", {}, title), aside && el("span", {}, aside));
  const parts = sections.filter((items) => items.length).map((items) => section(items));
  if (matchMedia("(max-width: 767px)").matches) {
    node.replaceChildren(el("details", {}, el("summary", {}, t("map.legend")), head, ...parts));
  } else {
    if (parts.length) parts[0].prepend(head);
    node.replaceChildren(...(parts.length ? parts : [head]));
  }
  node.hidden = false;
}

function section(items) {
  const ramps = items.filter((item) => item.draw === "ramp").map(ramp);
  const rest = items.filter((item) => item.draw !== "ramp");
  const two = rest.length > 2 && rest.every((item) => ["glyph", "light", "line"].includes(item.draw)) ? "two" : null;
  const list = rest.length ? el("ul", { class: two }, ...rest.map((item) => el("li", {}, swatch(item), el("span", {}, item.label)))) : null;
  return el("div", {}, ...ramps, list);
}

function ramp({ colours: fills, breaks, label }) {
  const n = fills.length;
  const blocks = fills.map((fill, i) => svg("rect", { x: i * 30, y: 0.5, width: 30, height: 13, fill, stroke: "#B98B4A", "stroke-width": 0.5 }));
  const words = breaks.map((value, i) => {
    const span = el("span", {}, border(value));
    span.style.left = `${(100 * (i + 1)) / n}%`;
    return span;
  });
  const said = `${label}: ${breaks.map(border).join(", ")}`;
  return el(
    "div", { class: "legend-ramp", role: "img", "aria-label": said },
    svg("svg", { viewBox: `0 0 ${30 * n} 14`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...blocks),
    el("div", { class: "legend-breaks", "aria-hidden": "true" }, ...words),
  );
}

function swatch({ draw, colour, glyph, width = 1, node }) {
  if (draw === "light") return light(glyph, 18);
  if (node) return node;
  if (draw === "glyph") return enterprise(Object.keys(look.glyphs).find((kind) => look.glyphs[kind] === glyph), 14);
  const shape = {
    line: () => svg("path", { d: "M1 8C7 3 15 12 23 6", fill: "none", stroke: colour, "stroke-width": width }),
    point: () => svg("rect", { x: 10, y: 5, width: 4, height: 4, fill: colour }),
    fill: () => svg("rect", { x: 0.5, y: 1.5, width: 23, height: 11, rx: 1, fill: colour, stroke: "#C9C4B6" }),
  }[draw];
  return svg("svg", { width: 24, height: 14, viewBox: "0 0 24 14", "aria-hidden": "true" }, shape());
}

// --- loading layers together ---

/** Fetch the base map's layers at once and draw each as it is there; a layer that fails leaves the others. */
export async function baseMap(county, fetchLayer, names = ["areas", "land", "water", "places"]) {
  const method = { areas: "areas", land: "builtUp", water: "water", places: "places" };
  const drawn = names.map(async (name) => county[method[name]](await fetchLayer(name, {})));
  drawn.push(county.roadsInView(fetchLayer));
  await settled(county, drawn);
}

async function settled(county, drawn) {
  const results = await Promise.allSettled(drawn);
  const failed = results.find(({ status }) => status === "rejected");
  county.box.dataset.base = failed ? "failed" : "drawn";
  if (failed) throw failed.reason;
}
