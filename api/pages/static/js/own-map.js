// What the worker's map is drawn of: own cells with their neighbours, the ground around them, and the legend.

import { look, named, t } from "./dom.js";
import { layer } from "./http.js";
import { legend } from "./map.js";
import { groundOf } from "./pack.js";

/**
 * One's own cells (`codes`) with their neighbours: a phone needs no more of the county. `fit`: show them whole. Answers the part of
 * the map they lie in.
 */
export function around(county, features, codes, fit) {
  const own = features.filter((one) => codes.has(one.properties.code));
  if (!own.length) {
    county.fitCounty();
    return county.bbox();
  }
  county.own(own);
  if (fit) county.fit(county.groups.chosen, 20);
  const { colour: color, width: weight, dash: dashArray } = look.lines.cell_close;
  const spoken = features.map((one) => ({ ...one, properties: { ...one.properties, name: named(one.properties) } }));
  county.put("cells", county.geojson({ type: "FeatureCollection", features: spoken }, "borders", { style: { fill: false, color, weight, dashArray, opacity: 0.7 } }));
  county.names("cell", spoken.filter((one) => !codes.has(one.properties.code)), "cell");
  county.names("own", spoken.filter((one) => codes.has(one.properties.code)), "own");
  return county.bbox(county.groups.chosen.getBounds().pad(1));
}

/** Water, roads, names and enterprises around: from the phone where they were kept. */
export async function ground(county, bbox) {
  const drawn = ["water", "roads", "places"].map(async (name) => county[name](await groundOf(name, bbox, layer)));
  drawn.push(groundOf("enterprises", bbox, layer).then((found) => {
    county.enterprises(found, () => ({ size: 16, filled: true }));
    county.names("enterprise", found.features, "enterprise");
    drawLegend(found.legend);
  }));
  const results = await Promise.allSettled(drawn);
  const failed = results.find(({ status }) => status === "rejected");
  county.box.dataset.base = failed ? "failed" : "drawn";
  // a base map that was never fetched is no reason to stop: cells and households are there
  if (failed && failed.reason.status !== 0) throw failed.reason;
}

function drawLegend(glyphs) {
  const lights = ["very_late", "red", "yellow", "green"].map((name) => ({ draw: "light", glyph: name, label: t(`light.${name}`) }));
  const signs = [{ draw: "point", colour: look.colours.household, label: t("map.household") }, { draw: "line", colour: look.colours.accent, width: 3, label: t("map.own_cell") }];
  legend(t("map.legend"), [lights, signs, glyphs]);
}
