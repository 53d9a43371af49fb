// A submitted plan for everybody: the cells before and after, what changes for places and bodies, a word without an account.

import { byId, data, el, lang, look, named, number, t } from "./dom.js";
import { Problem, get, newKey, notice, post, shown } from "./http.js";
import { draw, leaflet, writeNames } from "./resident-map.js";
import { proofField } from "./resident-proof.js";

/* global L */

const box = byId("reading");
const HECTARE = 10000;
const size = (side) => (side ? number(Math.round(side.area_m2 / HECTARE * 10) / 10) : "–");
const said = (side, what) => (side ? (lang === "en" && side[`${what}_en`]) || side[what] || "–" : "–");

start();

async function start() {
  const plan = await shown(box, () => get(`/public/plans/${data.plan}`), start);
  if (!plan) return;
  byId("reading-title").textContent = plan.title;
  const maps = ["before", "after"].map((side) => ({ side, node: el("div", { class: "side-map", role: "img", "aria-label": t(`reading.side.${side}`) }) }));
  box.replaceChildren(
    el("p", {}, t(`reading.status.${plan.status}`, { day: plan.applies_on ?? "" })),
    el("div", { class: "maps" }, ...maps.map(({ side, node }) => el("figure", {}, node, el("figcaption", {}, t(`reading.side.${side}`))))),
    changes(plan), ...pieces(plan), plan.open ? form(plan) : el("p", { class: "notice" }, t("reading.closed")),
  );
  await drawn(plan, maps).catch(failed);
  box.dataset.ready = "true";
}

function failed(error) {
  if (!(error instanceof Problem)) throw error;
  byId("said").replaceChildren(notice(error));
  byId("said").scrollIntoView();
}

// --- the maps ---

async function drawn(plan, maps) {
  const [told] = await Promise.all([get("/public/map"), leaflet()]);
  const bounds = L.geoJSON([plan.before, plan.after].flatMap((one) => one.features)).getBounds().pad(0.15);
  for (const { side, node } of maps) {
    const map = L.map(node, { preferCanvas: true, zoomControl: false, zoomSnap: 0.25, attributionControl: false, scrollWheelZoom: false, maxZoom: 18 });
    map.fitBounds(bounds, { animate: false });
    draw(map, told);
    const style = { color: look.colours.accent, weight: 2.4, fillColor: look.colours.accent, fillOpacity: 0.12, dashArray: side === "before" ? "6 4" : null };
    L.geoJSON(plan[side], { style, interactive: false, onEachFeature: ({ properties }, layer) => {
      const icon = L.divIcon({ className: "pin-name cell-name", html: el("span", {}, named(properties)), iconSize: null });
      L.marker(layer.getBounds().getCenter(), { icon, interactive: false, keyboard: false }).addTo(map);
    } }).addTo(map);
    writeNames(map, told.places);
  }
}

// --- what changes ---

function table(title, heads, rows) {
  return el("section", {}, el("h2", {}, title), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map(([text, kind]) => el("th", { scope: "col", class: kind ?? null }, text)))), el("tbody", {}, ...rows))));
}

const arrow = (before, after) => (before === after ? before : `${before} → ${after}`);

function changes(plan) {
  const rows = plan.changes.map(({ code, before, after }) => {
    const kind = before && after ? "changed" : after ? "new" : "gone";
    const both = (what) => (kind === "changed" ? arrow(said(before, what), said(after, what)) : said(before ?? after, what));
    return el("tr", { dataset: { code } }, el("td", {}, el("b", {}, said(after ?? before, "name")), " ", el("span", { class: "quiet small" }, code)), el("td", {}, t(`reading.kind.${kind}`)),
      el("td", {}, both("area")), el("td", {}, both("body")), el("td", { class: "number" }, arrow(size(before), size(after))));
  });
  return table(t("reading.changes"), [[t("reading.cell")], [t("reading.what")], [t("reading.community")], [t("reading.body")], [t("reading.hectares"), "number"]], rows);
}

function pieces(plan) {
  const names = new Map(plan.changes.map((one) => [one.code, said(one.before ?? one.after, "name")]));
  const rows = plan.pieces.map((one) => el("tr", {}, el("td", {}, names.get(one.from)), el("td", {}, names.get(one.to)), el("td", { class: "number" }, size(one))));
  return rows.length ? [table(t("reading.pieces"), [[t("reading.from")], [t("reading.to")], [t("reading.hectares"), "number"]], rows)] : [];
}

// --- a word on it ---

function form(plan) {
  let key = newKey();
  const text = el("textarea", { required: true, maxlength: 1000, name: "remark", on: { input: () => { key = newKey(); } } });
  const cell = el("select", { name: "cell", on: { change: () => { key = newKey(); } } }, el("option", { value: "" }, t("reading.whole")),
    ...plan.changes.map((one) => el("option", { value: one.code }, said(one.after ?? one.before, "name"))));
  const proof = proofField(failed);
  const button = el("button", { class: "button button-primary button-wide" }, t("reading.send"));
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    byId("said").textContent = t("resident.working");
    try {
      await post(`/public/plans/${plan.id}/comments`, { text: text.value, cell: cell.value || null, ...(await proof.solve()) }, { "Idempotency-Key": key });
      byId("said").replaceChildren(el("p", { class: "notice" }, t("reading.thanks")));
      text.value = "";
      key = newKey();
    } catch (error) { byId("said").textContent = ""; failed(error); } finally { button.disabled = false; }
    byId("said").scrollIntoView();
  };
  const field = (label, node) => el("label", { class: "field" }, el("span", {}, label), node);
  return el("section", {}, el("h2", {}, t("reading.say")), el("p", { class: "quiet" }, t("reading.say_text")),
    el("form", { class: "stack", on: { submit: send } }, field(t("reading.about"), cell), field(t("reading.words"), text), proof.node, button));
}
