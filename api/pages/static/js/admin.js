// The administrator's map: all cells, those without a primary worker marked. Tables come with the page.

import { byId, el, look, number, t } from "./dom.js";
import { Problem, layer, notice, shown } from "./http.js";
import { CountyMap, baseMap, legend } from "./map.js";

const county = new CountyMap();
start();

async function start() {
  county.fitCounty();
  const collection = await shown(byId("map-state"), () => layer("cells"), start);
  if (!collection) return;
  const empty = (one) => one.properties.workers === 0;
  const style = (one) => ({ color: look.lines.cell.colour, weight: 0.8, fill: empty(one), fillColor: look.lights.yellow.fill, fillOpacity: 0.55 });
  county.put("cells", county.geojson(collection, "cells", { style }));
  const n = collection.features.filter(empty).length;
  byId("admin-figures").append(
    el("div", {}, el("b", {}, number(collection.features.length)), el("span", {}, t("plan.cells_n"))),
    el("div", {}, el("b", {}, number(n)), el("span", {}, t("admin.without"))),
  );
  const marked = [{ draw: "fill", colour: look.lights.yellow.fill, label: t("admin.no_primary", { n: number(n) }) }];
  legend(t("admin.legend"), [marked, collection.legend.filter((item) => item.draw === "line")]);
  county.box.dataset.ready = "true";
  await baseMap(county, layer).catch((error) => {
    if (!(error instanceof Problem)) throw error;
    byId("map-state").replaceChildren(notice(error, () => location.reload()));
  });
}
