// The cases of a dispatcher, a handler or a supervisor: list, map, and one case in full.

import { byId, data, el, lightOf, named, number, standing, t } from "./dom.js";
import { Problem, all, empty, layer, notice, shown } from "./http.js";
import { icon, light } from "./glyphs.js";
import { CountyMap, baseMap, legend } from "./map.js";
import { loadCase } from "./case.js";

const LIGHTS = ["very_late", "red", "yellow", "green", "paused"];
const SHOWN = 200;
const county = new CountyMap();
const state = { rows: [], light: null, text: "", chosen: null, shown: SHOWN, glyphs: [] };
const list = byId("case-list");
const main = byId("main");
const search = byId("case-search");
search.before(icon("search"));
search.addEventListener("input", () => { state.text = search.value.trim().toLowerCase(); draw(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(input|textarea|select)$/i.test(document.activeElement.tagName)) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && state.chosen) close();
});

start();

async function start() {
  county.fitCounty();
  await load();
  await baseMap(county, layer).catch(problem);
  const collection = await layer("enterprises").catch(problem);
  if (collection) {
    state.glyphs = collection.legend;
    county.enterprises(collection, () => ({ size: county.map.getSize().x < 600 ? 9 : 11 }));
    county.names("enterprise", collection.features.filter((one) => one.geometry), "enterprise");
  }
  draw();
}

async function load() {
  const loaded = await shown(list, () => all("/incidents", { open: true }), load);
  if (!loaded) return;
  state.rows = loaded.rows.sort((a, b) => new Date(a.due_at) - new Date(b.due_at));
  draw();
  fitCases();
  county.box.dataset.ready = "true";
}

function fitCases() {
  if (!state.rows.length) return;
  const bounds = window.L.latLngBounds(state.rows.map((row) => county.at(row.lon, row.lat)));
  county.fit(bounds.pad(0.05), 40, 15);
}

const found = () => state.rows.filter((row) => (!state.light || lightOf(row) === state.light) && (!state.text || matches(row)));

const matches = (row) => [row.number, named(row.category), named(row.cell), named(row.body), named(row.worker)].some((text) => text?.toLowerCase().includes(state.text));

function draw() {
  byId("lights").replaceChildren(...LIGHTS.map(lightButton));
  const rows = found();
  const shownRows = rows.slice(0, state.shown);
  const more = rows.length > shownRows.length
    ? el("li", {}, el("button", { class: "button button-wide", type: "button", on: { click: () => { state.shown += SHOWN; draw(); } } }, t("cases.more", { n: number(rows.length - shownRows.length) })))
    : null;
  byId("case-count").textContent = t("cases.count", { n: number(rows.length) });
  list.replaceChildren(rows.length ? el("ol", {}, ...shownRows.map((row) => el("li", {}, caseRow(row))), more) : empty(t("cases.none"), t("cases.none_text")));
  // the most urgent as lights; the map says how many it leaves out
  county.incidents(shownRows, { size: 20, chosen: state.chosen, onChoose: choose });
  const lights = LIGHTS.map((name) => ({ draw: "light", glyph: name, label: t(`light.${name}`) }));
  legend(t("cases.legend", { n: number(shownRows.length) }), [lights, state.glyphs], shownRows.length < rows.length ? t("cases.of", { n: number(rows.length) }) : "");
}

function lightButton(name) {
  const n = state.rows.filter((row) => lightOf(row) === name).length;
  const toggle = () => { state.light = state.light === name ? null : name; state.shown = SHOWN; draw(); };
  return el(
    "button", { type: "button", "aria-pressed": String(state.light === name), on: { click: toggle } },
    el("span", { class: "n" }, light(name, 18), number(n)), el("span", { class: "w" }, t(`light.${name}`)),
  );
}

function caseRow(row) {
  const where = [named(row.cell) || t("case.outside"), named(row.body) || named(row.worker)].filter(Boolean).join(" · ");
  return el(
    "button", { class: "case-row", type: "button", "aria-current": String(row.id === state.chosen), dataset: { id: row.id }, on: { click: () => choose(row) } },
    light(lightOf(row), 20), el("span", { class: "what" }, named(row.category)), el("span", { class: `when when-${lightOf(row)}` }, standing(row)),
    el("span", { class: "where" }, where), el("span", { class: "visually-hidden" }, t(`light.${lightOf(row)}`)),
  );
}

async function choose(row) {
  state.chosen = row.id;
  const panel = byId("case-panel");
  panel.hidden = false;
  main.classList.add("with-case");
  for (const node of list.querySelectorAll(".case-row")) node.setAttribute("aria-current", String(node.dataset.id === String(row.id)));
  county.map.invalidateSize({ animate: false });
  county.home = null;
  county.map.panTo(county.at(row.lon, row.lat), { animate: false });
  const article = await shown(panel, () => loadCase(row.id, { onClose: close, onDone: () => done(row) }), () => choose(row));
  if (!article || state.chosen !== row.id) return;
  panel.replaceChildren(article);
  panel.scrollTop = 0;
  article.querySelector("h1").focus({ preventScroll: true });
}

/** After an action: the list anew, and the case where it stands now, as long as it is still ours to see. */
async function done(row) {
  close();
  await load();
  const still = state.rows.find((one) => one.id === row.id);
  if (still) await choose(still);
}

function close() {
  state.chosen = null;
  main.classList.remove("with-case");
  byId("case-panel").hidden = true;
  for (const node of list.querySelectorAll(".case-row")) node.setAttribute("aria-current", "false");
  county.map.invalidateSize({ animate: false });
}

function problem(error) {
  if (!(error instanceof Problem)) throw error;
  byId("map-state").replaceChildren(notice(error, () => location.reload()));
  return null;
}
