// How far help gets in ten minutes on foot, drawn around a call from a help button.

import { t } from "./dom.js";
import { Problem, get } from "./http.js";

/* global L */

const HELP = "emergency-help";

/** Draw it around this case, or take it off the map: where `row` is null, is no such call, or there is no network. */
export async function drawCircle(county, row = null) {
  county.drop("help");
  if (row?.category?.code !== HELP || row.closed_at) return;
  try {
    const { lon, lat, radius_m: radius } = await get(`/help/incidents/${row.id}/circle`);
    const style = { renderer: county.renderers.chosen, pane: "chosen", interactive: false, color: "#A3121F", weight: 3, dashArray: "6 5", fill: false };
    const circle = L.circle(county.at(lon, lat), { radius, ...style });
    const foot = L.latLng(circle.addTo(county.map).getBounds().getSouth(), circle.getLatLng().lng);
    county.put("help", L.layerGroup([circle, county.label(county.degrees(foot), "name", t("case.ten_minutes"))]));
    county.map.fitBounds(circle.getBounds().pad(0.05), { animate: false });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
