// A small map to put a pin on: what any paper map shows, drawn from one file. Fetched only when somebody asks for it.

import { data, el, look, named, t } from "./dom.js";
import { get } from "./http.js";

/* global L */

const NAMES_FROM = { town: 0, county: 0, village: 12 };
/** how many pixels a finger may be off */
const FINGER = 12;

function added(node) {
  return new Promise((done, failed) => { node.onload = done; node.onerror = () => failed(new Error("not loaded")); document.head.append(node); });
}

export async function leaflet() {
  if (globalThis.L) return;
  await Promise.all([
    added(el("link", { rel: "stylesheet", href: data.leaflet.style })),
    added(el("script", { src: data.leaflet.script })),
  ]);
}

const line = ({ colour, width, dash }) => ({ color: colour, weight: width, dashArray: dash || null, fill: false, interactive: false });
const flat = (colour) => ({ color: colour, weight: 2, fillColor: colour, fillOpacity: 1, interactive: false });

export function draw(map, told) {
  const { colours, lines } = look;
  const of = (layer, kinds) => ({ ...layer, features: layer.features.filter((one) => kinds.includes(one.properties.kind)) });
  const put = (layer, style) => L.geoJSON(layer, { style: () => style, interactive: false }).addTo(map);
  put(of(told.areas, ["county"]), { ...flat(colours.land), weight: 0 });
  put(told.water, { ...flat(colours.water), fillOpacity: 0.9 });
  put(told.roads, { color: "#BDB5A4", weight: 4, fill: false });
  put(told.roads, { color: "#FFFFFF", weight: 2.4, fill: false });
  for (const level of ["community", "town", "county"]) put(of(told.areas, [level]), line(lines[level]));
}

export function writeNames(map, places) {
  const group = L.layerGroup().addTo(map);
  const write = () => {
    group.clearLayers();
    const seen = map.getBounds();
    for (const { geometry, properties } of places.features) {
      const at = L.latLng(geometry.coordinates[1], geometry.coordinates[0]);
      if (map.getZoom() < (NAMES_FROM[properties.kind] ?? 12) || !seen.contains(at)) continue;
      const icon = L.divIcon({ className: "pin-name", html: el("span", {}, named(properties)), iconSize: null });
      L.marker(at, { icon, interactive: false, keyboard: false }).addTo(group);
    }
  };
  map.on("moveend", write);
  write();
}

/** Draw the map into a box. `onPin(lon, lat, metres)` hears of each choice; the answer's `show` puts the pin elsewhere. */
export async function pinMap(box, onPin) {
  const [told] = await Promise.all([get("/public/map"), leaflet()]);
  const [west, south, east, north] = data.county.bounds;
  const bounds = L.latLngBounds([south, west], [north, east]);
  const map = L.map(box, { preferCanvas: true, zoomControl: false, zoomSnap: 0.25, attributionControl: false, maxBounds: bounds.pad(0.5), maxZoom: 18 });
  map.fitBounds(bounds);
  draw(map, told);
  writeNames(map, told.places);
  const pin = L.marker(bounds.getCenter(), {
    draggable: true, autoPan: true, title: t("resident.pinned"),
    icon: L.divIcon({ className: "pin", html: el("i"), iconSize: [48, 48], iconAnchor: [24, 44] }),
  });
  const show = (lon, lat) => pin.setLatLng([lat, lon]).addTo(map);
  const chosen = (at) => {
    show(at.lng, at.lat);
    const metres = 40075016 * Math.cos((at.lat * Math.PI) / 180) / 2 ** (map.getZoom() + 8);
    onPin(at.lng, at.lat, Math.max(5, Math.round(FINGER * metres)));
  };
  map.on("click", ({ latlng }) => chosen(latlng));
  pin.on("dragend", () => chosen(pin.getLatLng()));
  return {
    zoom: (step) => map.setZoom(map.getZoom() + step),
    middle: () => chosen(map.getCenter()),
    show: (lon, lat) => { show(lon, lat); map.setView([lat, lon], Math.max(map.getZoom(), 15)); },
  };
}
