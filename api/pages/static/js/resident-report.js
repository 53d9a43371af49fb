// A report without an account: what, where, words, photos, a contact by consent. The draft stays on the phone until sent.

import { byId, data, el, moment, named, t } from "./dom.js";
import { Problem, get, notice, post } from "./http.js";
import { sendPhoto, shrunk } from "./resident-photo.js";
import { proofOf } from "./resident-proof.js";

const KEPT = "gridmap.resident.draft";
const MOST_PHOTOS = 3;
const draft = { key: crypto.randomUUID?.() ?? newKey(), text: "", category: "", ...kept() };
const photos = [];

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; }
}

function keep(more) {
  Object.assign(draft, more);
  try { localStorage.setItem(KEPT, JSON.stringify(draft)); } catch { /* full or forbidden: the page itself still holds it */ }
}

const field = (label, node) => el("label", { class: "field" }, el("span", {}, label), node);

function categoryField() {
  const tops = data.categories.filter((one) => !one.parent);
  const groups = tops.map((top) => {
    const below = data.categories.filter((one) => one.parent === top.code);
    const options = (below.length ? below : [top]).map((one) => el("option", { value: one.code, selected: one.code === draft.category }, named(one)));
    return el("optgroup", { label: named(top) }, ...options);
  });
  const choice = el("select", { required: true, on: { change: () => keep({ category: choice.value }) } }, el("option", { value: "" }, t("resident.choose")), ...groups);
  return field(t("resident.what"), choice);
}

function placeField() {
  const said = el("p", { role: "status", class: "quiet" }, draft.lon ? t("resident.placed", { place: draft.place }) : t("resident.no_place"));
  const put = (place, lon, lat, accuracy_m) => { keep({ place, lon, lat, accuracy_m }); said.textContent = t("resident.placed", { place }); };
  const found = el("div", { class: "stack" });
  const search = el("input", { type: "search", maxlength: 40, autocomplete: "off" });
  const find = async () => {
    if (!search.value.trim()) return;
    try {
      const places = await get("/public/places", { q: search.value.trim() });
      found.replaceChildren(...places.map((one) => el("button", { class: "button", type: "button", on: { click: () => { put(named(one), one.lon, one.lat, 1000); found.replaceChildren(); } } }, named(one))));
      if (!places.length) said.textContent = t("resident.no_match");
    } catch (error) { failed(error); }
  };
  const here = () => navigator.geolocation?.getCurrentPosition(
    ({ coords }) => put(t("resident.here", { m: Math.round(coords.accuracy) }), coords.longitude, coords.latitude, Math.round(coords.accuracy)),
    () => { said.textContent = t("resident.no_gps"); }, { enableHighAccuracy: true, timeout: 15000 },
  );
  return el(
    "fieldset", {}, el("legend", {}, t("resident.where")),
    el("button", { class: "button", type: "button", on: { click: here } }, t("resident.gps")),
    field(t("resident.search"), search), el("button", { class: "button", type: "button", on: { click: find } }, t("resident.find")), found, said,
  );
}

function photoField() {
  const said = el("p", { class: "quiet", role: "status" });
  const input = el("input", { type: "file", accept: "image/*", multiple: true, on: { change: async () => {
    for (const file of [...input.files].slice(0, MOST_PHOTOS - photos.length)) photos.push({ blob: await shrunk(file), key: newKey() });
    said.textContent = t("resident.photos_held", { n: photos.length });
  } } });
  return el("div", {}, field(t("resident.photos"), input), said);
}

function contactFields() {
  const name = el("input", { maxlength: 100, autocomplete: "name" });
  const phone = el("input", { maxlength: 40, autocomplete: "tel", inputmode: "tel" });
  const consent = el("input", { type: "checkbox" });
  const node = el(
    "fieldset", {}, el("legend", {}, t("resident.contact")), field(t("resident.name"), name), field(t("resident.phone"), phone),
    el("label", { class: "consent" }, consent, el("span", {}, t("resident.consent"))),
  );
  return { node, read: () => ({ name: name.value, phone: phone.value, consent: consent.checked }) };
}

function failed(error) {
  if (!(error instanceof Problem)) throw error;
  byId("said").replaceChildren(notice(error));
  byId("said").scrollIntoView();
}

function form() {
  const text = el("textarea", { required: true, maxlength: 4000, on: { input: () => keep({ text: text.value }) } }, draft.text);
  const sum = el("input", { inputmode: "numeric", maxlength: 3, autocomplete: "off" });
  const contact = contactFields();
  const button = el("button", { class: "button button-primary button-wide" }, t("resident.send"));
  let asked = null;
  const question = el("p", {});
  const help = el("details", { on: { toggle: async () => { try { asked = await get("/public/challenge"); question.textContent = t("resident.sum", { a: asked.sum[0], b: asked.sum[1] }); } catch (error) { failed(error); } } } },
    el("summary", {}, t("resident.sum_instead")), question, field(t("resident.answer"), sum));
  const send = async (event) => {
    event.preventDefault();
    if (!draft.lon) { byId("said").replaceChildren(el("p", { class: "notice notice-error", role: "alert" }, t("resident.no_place"))); byId("said").scrollIntoView(); return; }
    button.disabled = true;
    byId("said").textContent = t("resident.working");
    try {
      const bySum = sum.value.trim() && asked;
      const challenge = bySum ? asked : await get("/public/challenge");
      const proof = bySum ? `sum:${sum.value.trim()}` : await proofOf(challenge);
      const { key, category, lon, lat, accuracy_m } = draft;
      const said = { category, lon, lat, accuracy_m, text: draft.text, ...contact.read(), challenge: challenge.challenge, proof };
      receipt(await post("/public/reports", said, { "Idempotency-Key": key }));
    } catch (error) { failed(error); } finally { button.disabled = false; }
  };
  byId("resident").replaceChildren(el("form", { class: "stack", on: { submit: send } }, categoryField(), placeField(), field(t("resident.words"), text), photoField(), contact.node, help, button));
}

async function receipt(answer) {
  try { localStorage.removeItem(KEPT); } catch { /* nothing was kept */ }
  const link = `${location.origin}/track/${answer.token}`;
  byId("said").replaceChildren(el("p", { class: "notice" }, el("b", {}, t("resident.done", { number: answer.number }))));
  const photoLine = el("p", { role: "status" });
  byId("resident").replaceChildren(
    el("p", {}, t("resident.answers", { body: named(answer, "body") || named(answer, "area"), due: moment(answer.due_at) })),
    el("p", {}, t("resident.keep_link")), el("p", { class: "link" }, el("a", { href: link }, link)), photoLine,
    el("button", { class: "button", type: "button", on: { click: () => print() } }, t("resident.print")),
  );
  byId("said").scrollIntoView();
  let sent = 0;
  for (const { blob, key } of photos) {
    try { await sendPhoto(answer.token, blob, key); sent += 1; } catch (error) { failed(error); }
    photoLine.textContent = t("resident.photos_sent", { n: sent, of: photos.length });
  }
}

form();
