// What a redraw does and what stands in its way, beside the map: figures before and after, findings, hand-overs.

import { byId, el, look, named, number, svg, t, words } from "./dom.js";
import { light } from "./glyphs.js";
import { short } from "./plan-map.js";

const FIGURES = ["households", "visits_due", "visit_hours", "open", "yellow", "red", "enterprises", "blasting_zones", "walk_m"];
const RULES = ["one_community", "contiguous", "no_holes", "households", "area", "compact", "no_barrier_crossed", "codes_follow", "a_worker_each", "even_work"];

/** `store`, `view`: {by: "cells" | "workers", all: boolean}; `onZoom(code)`. */
export function drawImpact(store, view, onZoom) {
  // an undone edit is told of too: what is as it was is no impact
  const rows = store.impact[view.by].filter((one) => FIGURES.some((key) => differs(one, key)) || store.cells.get(one.code)?.properties.changed).map((one) => ({ ...one, who: view.by === "cells" ? cellHead(store, one) : workerHead(one) }));
  byId("plan-moves").replaceChildren(...moves(store.impact).map(([value, label]) => el("div", {}, el("b", {}, value), el("span", {}, label))));
  const node = byId("plan-impact");
  node.classList.toggle("wide", view.all);
  if (!rows.length) return node.replaceChildren(el("p", { class: "quiet" }, t("redraw.no_change")));
  return node.replaceChildren(view.all ? allMeasures(rows, onZoom) : inShort(rows, onZoom));
}

function moves({ crosswalk, cells }) {
  const gone = crosswalk.filter((one) => one.source_cell !== one.to_cell);
  const sum = (key) => gone.reduce((total, one) => total + one[key], 0);
  const gaps = ["before", "after"].map((side) => gap(cells.map((one) => one[side]?.visit_hours).filter((value) => value !== undefined && value !== null)));
  return [
    [number(sum("households")), t("redraw.households_move")],
    [number(sum("cases")), t("redraw.cases_move")],
    [t("redraw.from_to", { before: gaps[0], after: `${gaps[1]} %` }), t("redraw.largest_gap")],
  ];
}

/** The largest gap to the mean, in %. */
function gap(values) {
  const mean = values.reduce((total, one) => total + one, 0) / (values.length || 1);
  return number(mean ? Math.round(100 * Math.max(...values.map((one) => Math.abs(one / mean - 1)))) : 0);
}

function cellHead(store, { code }) {
  const worker = store.cells.get(code)?.properties.worker;
  return { code, title: short(code), text: store.cells.has(code) ? (worker ? named(worker) : t("redraw.nobody")) : t("redraw.abolished") };
}

function workerHead({ worker }) {
  return { code: null, title: worker ? named(worker) : t("redraw.nobody"), text: worker?.code ?? "" };
}

const value = (side, key) => (side ? side[key] : null);
const differs = (row, key) => value(row.before, key) !== value(row.after, key);

function pair(row, key) {
  const [before, after] = [value(row.before, key), value(row.after, key)].map((one) => number(one));
  return before === after ? el("b", {}, after) : el("span", {}, el("span", { class: "quiet" }, before), " → ", el("b", {}, after));
}

function head(row, onZoom) {
  const title = row.who.code ? el("button", { class: "link", type: "button", title: row.who.code, on: { click: () => onZoom(row.who.code) } }, row.who.title) : el("b", {}, row.who.title);
  return el("th", { scope: "row" }, title, el("br"), el("small", { class: "quiet" }, row.who.text));
}

function inShort(rows, onZoom) {
  const most = Math.max(...rows.flatMap((row) => [value(row.before, "visit_hours") ?? 0, value(row.after, "visit_hours") ?? 0]), 1);
  const titles = ["redraw.cell_worker", "redraw.by.households", "redraw.by.visit_hours", "redraw.by.open"];
  return el("table", {}, el("thead", {}, el("tr", {}, ...titles.map((key, i) => el("th", { scope: "col", class: i === 1 || i === 3 ? "number" : null }, t(key))))),
    el("tbody", {}, ...rows.map((row) => el("tr", { dataset: { impact: row.who.code ?? row.who.text } }, head(row, onZoom),
      el("td", { class: "number" }, pair(row, "households"), difference(row)),
      el("td", {}, bars(row, most), pair(row, "visit_hours")),
      el("td", { class: "number" }, pair(row, "open"))))));
}

function difference(row) {
  if (!differs(row, "households") || !row.before || !row.after) return null;
  const by = row.after.households - row.before.households;
  return el("small", { class: "plan-by" }, by > 0 ? `+${number(by)}` : `−${number(-by)}`);
}

/** Outline before, solid after. */
function bars(row, most) {
  const width = (side) => (90 * (value(row[side], "visit_hours") ?? 0)) / most;
  const fill = differs(row, "visit_hours") ? look.colours.accent : "#7F8B96";
  return svg("svg", { viewBox: "0 0 92 18", width: 92, height: 18, "aria-hidden": "true", class: "plan-bars" },
    svg("rect", { x: 0.5, y: 1, width: width("before"), height: 6, rx: 2, fill: "none", stroke: "#7F8B96" }),
    svg("rect", { x: 0.5, y: 10, width: width("after"), height: 7, rx: 2, fill }));
}

function allMeasures(rows, onZoom) {
  const titles = [t("redraw.cell_worker"), ...FIGURES.map((key) => t(`redraw.by.${key}`))];
  return el("div", { class: "table-wrap" }, el("table", {}, el("thead", {}, el("tr", {}, ...titles.map((text, i) => el("th", { scope: "col", class: i ? "number" : null }, text)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, head(row, onZoom), ...FIGURES.map((key) => el("td", { class: "number" }, pair(row, key))))))));
}

// --- findings ---

/** Blockers, then warnings, then how many rules are kept; each leads to its place. */
export function drawFindings(store, onShow) {
  const { blockers, warnings, limits } = store.findings;
  const broken = new Set([...blockers, ...warnings].map((one) => one.rule));
  const met = RULES.filter((rule) => !broken.has(rule));
  byId("plan-verdict").textContent = t("redraw.verdict", { blockers: number(blockers.length), warnings: number(warnings.length), met: number(met.length) });
  byId("plan-findings").replaceChildren(
    ...group("red", t("redraw.blockers"), blockers, limits, onShow), ...group("yellow", t("redraw.warnings"), warnings, limits, onShow),
    el("details", { class: "plan-met" }, el("summary", {}, light("green", 18), el("b", {}, t("redraw.met", { n: number(met.length) }))),
      el("ul", {}, ...met.map((rule) => el("li", { dataset: { met: rule } }, t(`redraw.rule.${rule}`), wanted(rule, limits))))),
  );
}

const MOST_SHOWN = 12;

function group(sign, title, findings, limits, onShow) {
  if (!findings.length) return [];
  const rows = findings.map((one) => el("li", { dataset: { rule: one.rule, cell: one.cell } }, light(sign, 18),
    el("div", {}, el("b", {}, `${short(one.cell)} `), said(one), limit(one), wanted(one.rule, limits)),
    el("button", { class: "link", type: "button", "aria-label": t("redraw.show_cell", { name: short(one.cell) }), on: { click: () => onShow(one) } }, t("redraw.show"))));
  const rest = rows.splice(MOST_SHOWN);
  const more = rest.length ? el("details", {}, el("summary", {}, t("redraw.more_n", { n: number(rest.length) })), el("ul", {}, ...rest)) : null;
  return [el("h3", { class: `plan-${sign}` }, title), el("ul", { class: "plan-finding" }, ...rows), more].filter(Boolean);
}

const SHARES = new Set(["no_barrier_crossed", "even_work"]);

function figure({ rule }, amount) {
  if (SHARES.has(rule)) return `${number(100 * amount)} %`;
  return rule === "compact" ? amount.toFixed(2) : number(amount);
}

const said = (one) => words(`redraw.broken.${one.rule}`, one.why);

function limit(one) {
  if (one.value === null || one.limit === null) return null;
  return el("span", { class: "quiet" }, ` ${t("redraw.value_limit", { value: figure(one, one.value), limit: figure(one, one.limit) })}`);
}

/** What the county wants, where that is a number of its own. */
function wanted(rule, limits) {
  const text = {
    households: () => t("redraw.wanted.households", { least: number(limits.households_least), most: number(limits.households_most) }),
    area: () => area(limits.area_least_m2, limits.area_most_m2),
    compact: () => t("redraw.wanted.compact", { least: limits.compactness_least }),
    even_work: () => t("redraw.wanted.even_work", { most: number(Math.round(1000 * limits.deviation_most) / 10) }),
  }[rule]?.();
  return text ? el("small", { class: "quiet plan-wanted" }, text) : null;
}

function area(least, most) {
  if (most !== null) return t("redraw.wanted.area", { least: number(least), most: number(most) });
  return least ? t("redraw.wanted.area_least", { least: number(least) }) : t("redraw.wanted.area_any");
}

// --- hand-overs ---

export function drawHandovers(impact) {
  const name = (one) => (one ? named(one) : t("redraw.nobody"));
  const rows = impact.handovers.map((one) => el("li", {}, el("b", {}, name(one.source)), " → ", el("b", {}, name(one.to)), ` ${t("redraw.hands", {
    households: number(one.households), cases: number(one.cases), source: short(one.source_cell), to: short(one.to_cell),
  })}`));
  byId("plan-handovers").replaceChildren(...(rows.length ? [el("ul", {}, ...rows), el("p", { class: "quiet small" }, t("redraw.clocks"))] : [el("p", { class: "quiet" }, t("redraw.no_handover"))]));
}
