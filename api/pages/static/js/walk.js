// The way from one visit to the next, in the order of the list: straight lines, and said to be so.

import { distance, el, t } from "./dom.js";
import { along } from "./places.js";

/* global L */

/** Draw the way over places [lon, lat] on the map; `here`: where the worker stands, if that is known. */
export function drawWalk(county, places, here = null) {
  const stops = here ? [here, ...places] : places;
  if (stops.length < 2) { county.drop("walk"); return; }
  const line = stops.map(([lon, lat]) => county.at(lon, lat));
  const style = { renderer: county.renderers.chosen, pane: "chosen", interactive: false, color: "#0B4F9E", weight: 3, lineCap: "round", dashArray: "1 7" };
  county.put("walk", L.layerGroup([L.polyline(line, style)]));
}

/** How far it is, honestly: as the crow flies. */
export function walkLine(places, here = null) {
  const stops = here ? [here, ...places] : places;
  return stops.length < 2 ? null : el("p", { class: "walk quiet" }, t("phone.walk", { distance: distance(Math.round(along(stops))) }));
}
