// A report without an account: what, where, words, photos, a contact by consent. The draft stays on the phone until sent.

import { byId, data, el, fileButton, moment, named, t } from "./dom.js";
import { Problem, newKey, notice, post } from "./http.js";
import { drop, keep as keepHere, kept } from "./resident-draft.js";
import { lostPart } from "./resident-lost.js";
import { dropPhoto, keepPhoto, keptPhotos, sendPhoto } from "./resident-photo.js";
import { placeField } from "./resident-place.js";
import { proofField } from "./resident-proof.js";
import { shrunk } from "./shrink.js";

const MOST_PHOTOS = 3;
const draft = { key: newKey(), text: "", category: "" };
let photos = [];

function keep(more) {
  Object.assign(draft, more);
  keepHere("draft", draft);
}

const field = (label, node) => el("label", { class: "field" }, el("span", {}, label), node);

function categoryField() {
  const tops = data.categories.filter((one) => !one.parent);
  const groups = tops.map((top) => {
    const below = data.categories.filter((one) => one.parent === top.code);
    const options = (below.length ? below : [top]).map((one) => el("option", { value: one.code, selected: one.code === draft.category }, named(one)));
    return el("optgroup", { label: named(top) }, ...options);
  });
  const choice = el("select", { class: "select", required: true, on: { change: () => keep({ category: choice.value }) } }, el("option", { value: "" }, t("resident.choose")), ...groups);
  return field(t("resident.what"), choice);
}

function photoField() {
  const said = el("p", { class: "quiet", role: "status" });
  const shown = el("div", { class: "thumbs" });
  const tell = () => {
    said.textContent = photos.length ? t("resident.photos_held", { n: photos.length }) : "";
    shown.replaceChildren(...photos.map((photo, i) => {
      const remove = () => { photos = photos.filter((one) => one !== photo); dropPhoto(photo.key); tell(); };
      const image = el("img", { src: URL.createObjectURL(new Blob([photo.bytes], { type: "image/jpeg" })), alt: t("resident.photo_alt", { n: i + 1 }) });
      return el("span", {}, image, el("button", { class: "button", type: "button", on: { click: remove } }, t("resident.photo_remove")));
    }));
  };
  const input = el("input", { type: "file", accept: "image/*", multiple: true, on: { change: async () => {
    for (const file of [...input.files].slice(0, MOST_PHOTOS - photos.length)) {
      const photo = { key: newKey(), at: Date.now() + photos.length, bytes: await (await shrunk(file)).arrayBuffer(), token: null };
      photos.push(photo);
      await keepPhoto(photo);
    }
    input.value = "";
    tell();
  } } });
  tell();
  return el("div", { class: "field" }, el("span", {}, t("resident.photos")), fileButton(input, t("resident.photo_add")), shown, said);
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
  const contact = contactFields();
  const button = el("button", { class: "button button-primary button-wide" }, t("resident.send"));
  const proof = proofField(failed);
  const send = async (event) => {
    event?.preventDefault();
    if (!draft.lon) { byId("said").replaceChildren(el("p", { class: "notice notice-error", role: "alert" }, t("resident.no_place"))); byId("said").scrollIntoView(); return; }
    button.disabled = true;
    byId("said").textContent = t("resident.working");
    const { key, category, lon, lat, accuracy_m } = draft;
    const said = { category, lon, lat, accuracy_m, text: draft.text, ...contact.read() };
    // what was sent last is kept until it is answered: without it nobody could say what an earlier attempt brought there
    const first = await kept("tried");
    try {
      const proven = await proof.solve();
      if (first?.key !== key) await keepHere("tried", { key, said });
      await receipt(await post("/public/reports", { ...said, ...proven }, { "Idempotency-Key": key }));
    } catch (error) {
      if (error.code === "idempotency_key_reused") changed(first, send); else failed(error);
    } finally { button.disabled = false; }
  };
  byId("resident").replaceChildren(
    el("form", { class: "stack", on: { submit: send } }, categoryField(), placeField(draft, keep, failed), field(t("resident.words"), text), photoField(), contact.node, proof.node, button),
    lostPart(failed),
  );
}

/** An earlier attempt had arrived, its answer had not, and the report was changed since: both can be had. */
function changed(first, send) {
  const anew = async () => { await drop("tried"); keep({ key: newKey() }); send(); };
  const old = async () => {
    try { await receipt(await post("/public/reports", { ...first.said, challenge: "", proof: "" }, { "Idempotency-Key": first.key })); } catch (error) { failed(error); }
  };
  byId("said").replaceChildren(el("div", { class: "notice", role: "alert" }, el("p", {}, t("resident.sent_before")), el("div", { class: "choices" },
    first && el("button", { class: "button", type: "button", on: { click: old } }, t("resident.retry_old")),
    el("button", { class: "button button-primary", type: "button", on: { click: anew } }, t("resident.retry_new")))));
  byId("said").scrollIntoView();
}

async function receipt(answer) {
  await Promise.all([drop("draft"), drop("tried")]);
  const link = `${location.origin}/track/${answer.token}`;
  byId("said").replaceChildren(el("p", { class: "notice" }, el("b", {}, t("resident.done", { number: answer.number }))));
  const photoLine = el("div", { role: "status" });
  byId("resident").replaceChildren(
    el("p", {}, t("resident.answers", { body_name: named(answer, "body") || named(answer, "area"), due: moment(answer.due_at) })),
    el("p", {}, t("resident.keep_link")), el("p", { class: "link" }, el("a", { href: link }, link)), photoLine,
    el("button", { class: "button", type: "button", on: { click: () => print() } }, t("resident.print")),
  );
  byId("said").scrollIntoView();
  for (const photo of photos) { photo.token = answer.token; await keepPhoto(photo); }
  await sendPhotos(photos, photoLine);
}

/** Send what is left; what does not arrive stays on the phone, and the next visit of this page goes on with it. */
async function sendPhotos(left, line) {
  let sent = 0;
  for (const photo of left) {
    try {
      await sendPhoto(photo.token, photo);
      sent += 1;
    } catch (error) {
      failed(error);
      if (error.status === 0 || error.status >= 500 || error.status === 429) break;
    }
    await dropPhoto(photo.key);
    line.textContent = t("resident.photos_sent", { n: sent, of: left.length });
  }
  const waiting = (await keptPhotos()).filter((one) => one.token);
  if (waiting.length) line.replaceChildren(t("resident.photos_left", { n: waiting.length }), again(waiting, line));
}

const again = (waiting, line) => el("button", { class: "button", type: "button", on: { click: () => { byId("said").replaceChildren(); sendPhotos(waiting, line); } } }, t("resident.photos_again"));

/** Whoever opens the page on this device sees what was written: it is said, and can be erased. */
function foundPart(savedAt) {
  const erase = async () => {
    for (const { key } of photos) await dropPhoto(key);
    await Promise.all([drop("draft"), drop("tried")]);
    location.reload();
  };
  return el("div", { class: "notice kept-draft", role: "status" }, el("p", {}, t("resident.kept", { at: moment(savedAt) })), el("button", { class: "button", type: "button", on: { click: erase } }, t("resident.erase")));
}

async function start() {
  const [found, pictures] = [await kept("draft"), await keptPhotos()];
  Object.assign(draft, found);
  photos = pictures.filter((one) => !one.token).slice(0, MOST_PHOTOS);
  form();
  if (found || photos.length) byId("resident").prepend(foundPart(found?.saved_at ?? photos[0].at));
  const waiting = pictures.filter((one) => one.token);
  if (!waiting.length) return;
  const line = el("div", { class: "notice", role: "status" }, t("resident.photos_left", { n: waiting.length }));
  byId("resident").prepend(line);
  sendPhotos(waiting, line);
}

start();
