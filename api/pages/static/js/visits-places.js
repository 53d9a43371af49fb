// Visits by community, for planners, supervisors and dispatchers: counts, and whether the hours suffice. Nobody's name is in it.

import { byId, data, el, named, number, t } from "./dom.js";
import { empty, get, shown } from "./http.js";
import { Table } from "./table.js";

const month = byId("month");
const verdict = (row) => el("b", { class: row.enough ? "fits" : "late" }, t(row.enough ? "visits.fits" : "visits.short", { need: number(row.need_h), have: number(row.capacity_h) }));

month.value = data.today.slice(0, 7);
month.addEventListener("change", draw);
draw();

async function draw() {
  const found = await shown(byId("places"), () => get("/visits/figures", { month: month.value }), draw);
  if (!found) return;
  const short = found.items.filter((row) => !row.enough).length;
  const sum = (name) => number(found.items.reduce((total, row) => total + row[name], 0));
  const counts = t("visits.sum", { met: sum("met"), asked: sum("asked"), places: number(found.items.length) });
  byId("sum").textContent = `${counts} ${short ? t("visits.sum_short", { short: number(short) }) : t("visits.sum_fits")}`;
  const table = new Table(
    [
      { key: "name", title: t("visits.place"), value: (row) => named(row), node: (row) => el("span", {}, named(row), verdict(row)) },
      { key: "households", title: t("visits.households"), value: (row) => row.households, number: true },
      { key: "met", title: t("visits.met"), value: (row) => row.met, number: true },
      { key: "asked", title: t("visits.asked"), value: (row) => row.asked, number: true },
      { key: "hours", title: t("visits.hours"), value: (row) => row.need_h - row.capacity_h, text: (row) => `${number(row.need_h)} / ${number(row.capacity_h)}`, number: true },
    ],
    { caption: t("visits.table"), sort: "hours" },
  );
  table.fill(found.items);
  byId("places").replaceChildren(found.items.length ? table.node : empty(t("visits.no_places")));
  byId("main").dataset.ready = "true";
}
