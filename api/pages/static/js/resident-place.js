// Where it is: by the phone's position, by a name, or by a pin on the map. The three know of each other.

import { el, named, t } from "./dom.js";
import { get } from "./http.js";
import { pinMap } from "./resident-map.js";

export function placeField(draft, keep, failed) {
  const said = el("p", { role: "status", class: "quiet" }, draft.lon ? t("resident.placed", { place: draft.place }) : t("resident.no_place"));
  let map = null;
  const put = (place, lon, lat, accuracy_m) => { keep({ place, lon, lat, accuracy_m }); said.textContent = t("resident.placed", { place }); };
  const found = (place, lon, lat, accuracy_m) => { put(place, lon, lat, accuracy_m); map?.show(lon, lat); };
  const button = (text, click) => el("button", { class: "button", type: "button", on: { click } }, text);
  return el(
    "fieldset", {}, el("legend", {}, t("resident.where")),
    button(t("resident.gps"), () => here(found, said)), ...searching(found, said, button, failed),
    mapping(draft, put, button, failed, (made) => { map = made; }), said,
  );
}

function here(found, said) {
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => found(t("resident.here", { m: Math.round(coords.accuracy) }), coords.longitude, coords.latitude, Math.round(coords.accuracy)),
    () => { said.textContent = t("resident.no_gps"); }, { enableHighAccuracy: true, timeout: 15000 },
  );
}

function searching(found, said, button, failed) {
  const list = el("div", { class: "stack" });
  const search = el("input", { id: "place-search", type: "search", maxlength: 40, autocomplete: "off" });
  const find = async () => {
    if (!search.value.trim()) return;
    try {
      const places = await get("/public/places", { q: search.value.trim() });
      list.replaceChildren(...places.map((one) => button(named(one), () => { found(named(one), one.lon, one.lat, 1000); list.replaceChildren(); })));
      if (!places.length) said.textContent = t("resident.no_match");
    } catch (error) { failed(error); }
  };
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); find(); } });
  return [el("div", { class: "field" }, el("label", { for: "place-search" }, t("resident.search")), el("div", { class: "search" }, search, button(t("resident.find"), find))), list];
}

function mapping(draft, put, button, failed, ready) {
  const box = el("div", { class: "pin-map", role: "application", "aria-label": t("resident.map_label") });
  const whole = el("div", { class: "stack" });
  const open = async () => {
    whole.replaceChildren(box);
    try {
      const map = await pinMap(box, (lon, lat, metres) => put(t("resident.pinned"), lon, lat, metres));
      ready(map);
      if (draft.lon) map.show(draft.lon, draft.lat);
      whole.append(el("p", { class: "quiet" }, t("resident.map_hint")), el("div", { class: "choices" },
        button(t("resident.zoom_in"), () => map.zoom(1)), button(t("resident.zoom_out"), () => map.zoom(-1)), button(t("resident.map_here"), map.middle)));
      box.dataset.ready = "true";
    } catch (error) { whole.replaceChildren(button(t("resident.map"), open)); failed(error); }
  };
  whole.append(button(t("resident.map"), open));
  return whole;
}
