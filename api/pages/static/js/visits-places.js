// Visits by community, for planners, supervisors and dispatchers: counts, and whether the hours suffice. Nobody's name is in it.

import { byId, data, day, el, named, number, t } from "./dom.js";
import { empty, get, shown } from "./http.js";
import { Table } from "./table.js";

const month = byId("month");
const verdict = (row) => el("b", { class: row.enough ? "fits" : "late" }, t(row.enough ? "visits.fits" : "visits.short", { need: number(row.need_h), have: number(row.capacity_h) }));

month.value = data.today.slice(0, 7);
month.addEventListener("change", draw);
draw();
if (data.watches) devices();

/** Help buttons that nobody heard for a week, or whose monthly test is due: by device and cell, no house. */
async function devices() {
  const rows = await shown(byId("devices"), () => get("/help/devices"), devices);
  if (!rows) return;
  const last = (at) => (at ? day(at) : t("devices.never"));
  const table = new Table(
    [
      { key: "code", title: t("devices.code"), value: (row) => row.code, node: (row) => el("span", {}, row.code, " ", row.silent && el("b", { class: "late" }, t("devices.silent"))) },
      { key: "cell", title: t("devices.cell"), value: (row) => row.cell ?? "" },
      { key: "heard", title: t("devices.heard"), value: (row) => row.heard_at ?? "", text: (row) => last(row.heard_at) },
      { key: "tested", title: t("devices.tested"), value: (row) => row.tested_at ?? "", node: (row) => el("span", {}, last(row.tested_at), " ", row.test_due && el("b", { class: "late" }, t("devices.due"))) },
    ],
    { caption: t("devices.table"), sort: "heard" },
  );
  table.fill(rows);
  byId("devices").replaceChildren(el("h2", {}, t("devices.title")), rows.length ? table.node : el("p", { class: "quiet" }, t("devices.none")));
  byId("devices").dataset.ready = "true";
}

async function draw() {
  const found = await shown(byId("places"), () => get("/visits/figures", { month: month.value }), draw);
  if (!found) return;
  const short = found.items.filter((row) => !row.enough).length;
  const sum = (name) => number(found.items.reduce((total, row) => total + row[name], 0));
  const counts = t("visits.sum", { met: sum("met"), asked: sum("asked"), done: sum("done"), places: number(found.items.length) });
  byId("sum").textContent = `${counts} ${short ? t("visits.sum_short", { short: number(short) }) : t("visits.sum_fits")}`;
  const table = new Table(
    [
      { key: "name", title: t("visits.place"), value: (row) => named(row), node: (row) => el("span", {}, named(row), verdict(row)) },
      { key: "households", title: t("visits.households"), value: (row) => row.households, number: true },
      { key: "met", title: t("visits.met"), value: (row) => row.met, number: true },
      { key: "asked", title: t("visits.asked"), value: (row) => row.asked - row.done, text: (row) => `${number(row.done)} / ${number(row.asked)}`, number: true },
      { key: "hours", title: t("visits.hours"), value: (row) => row.need_h - row.capacity_h, text: (row) => `${number(row.need_h)} / ${number(row.capacity_h)}`, number: true },
    ],
    { caption: t("visits.table"), sort: "hours" },
  );
  table.fill(found.items);
  byId("places").replaceChildren(found.items.length ? table.node : empty(t("visits.no_places")));
  byId("main").dataset.ready = "true";
}
