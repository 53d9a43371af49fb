// What a household may ask for on its own file: a care note kept or removed, a contact kept, a line corrected, all erased.

import { day, el, t, words } from "./dom.js";
import { post } from "./http.js";

const CARE = ["mobility", "hearing", "sight", "medicine", "alone", "equipment", "other"];
const HOUSING = ["adobe", "rubble", "brick", "frame", "other"];
const KEPT_DAYS = 180;

const field = (label, node) => el("label", { class: "field" }, el("span", {}, label), node);
const choices = (values, said, chosen) => values.map((one) => el("option", { value: one, selected: one === chosen }, said(one)));

/** A form behind one button, so that the file stays short. `work` gets the form. */
function folded(title, fields, name, work) {
  const form = el("form", { on: { submit: (event) => { event.preventDefault(); work(form); } } }, ...fields, el("button", { class: "button button-primary" }, name));
  return el("details", {}, el("summary", {}, title), form);
}

/** A care note in the list, and the button that removes it. */
export function careLine(home, one, doing) {
  const line = el("p", { class: "split" }, el("span", {},
    el("b", {}, words(`care.${one.purpose}`, one.purpose)), ` ${one.text ?? ""} `,
    el("small", { class: "quiet" }, [t("visits.until", { day: day(one.expires_on) }), one.readers === "agent" ? t("visits.agent_only") : ""].filter(Boolean).join(" · "))));
  const click = () => doing(line, () => post(`/households/${home.id}/care-notes/${one.id}/remove`, {}));
  line.append(el("button", { class: "button", type: "button", on: { click } }, t("visits.remove")));
  return line;
}

/** Keep a care note: only where the household agreed, until a day, for whom it names. */
export function careForm(home, today, doing) {
  if (!holds(home, "care")) return null;
  const purpose = el("select", { name: "purpose" }, choices(CARE, (one) => words(`care.${one}`, one)));
  const text = el("textarea", { name: "text", maxlength: 500, required: true });
  const until = el("input", { type: "date", name: "expires_on", required: true, value: later(today, KEPT_DAYS) });
  const readers = el("select", { name: "readers" }, el("option", { value: "cell" }, t("visits.readers_cell")), el("option", { value: "agent" }, t("visits.readers_agent")));
  const fields = [field(t("visits.care_about"), purpose), field(t("visits.care_text"), text), field(t("visits.care_until"), until), field(t("visits.care_readers"), readers)];
  return folded(t("visits.add_care"), fields, t("visits.keep"), (form) => doing(form, () => post(
    `/households/${home.id}/care-notes`, { purpose: purpose.value, text: text.value.trim(), expires_on: until.value, readers: readers.value },
  )));
}

/** The consent to keep a contact comes with the contact. */
export function contactForm(home, doing) {
  const name = el("input", { name: "contact_name", maxlength: 80, value: home.contact.contact_name ?? "" });
  const phone = el("input", { name: "contact_phone", maxlength: 80, inputmode: "tel", value: home.contact.contact_phone ?? "" });
  const how = el("select", { name: "how" }, el("option", { value: "spoken" }, t("visits.how_spoken")), el("option", { value: "written" }, t("visits.how_written")));
  return folded(t("visits.keep_contact"), [field(t("visits.contact_name"), name), field(t("visits.contact_phone"), phone), field(t("visits.how"), how)], t("visits.keep"), (form) => doing(form, () => post(
    `/households/${home.id}/consents`, { purpose: "contact", how: how.value, contact_name: name.value.trim() || null, contact_phone: phone.value.trim() || null },
  )));
}

/** Only what was changed is sent, so that the audit names no more. */
export function correctForm(home, doing) {
  const address = el("input", { name: "address", maxlength: 80, required: true, value: home.address });
  const count = (name) => el("input", { name, type: "number", min: 0, max: 99, value: home[name] ?? "" });
  const counts = { children: count("children"), adults: count("adults"), elders: count("elders") };
  const housing = el("select", { name: "housing" }, el("option", { value: "" }, "–"), choices(HOUSING, (one) => t(`housing.${one}`), home.housing));
  const fields = [
    field(t("visits.address"), address), field(t("visits.children"), counts.children), field(t("visits.adults"), counts.adults),
    field(t("visits.elders"), counts.elders), field(t("visits.housing"), housing),
  ];
  return folded(t("visits.correct"), fields, t("visits.correct_send"), (form) => {
    const given = {
      address: address.value.trim(), housing: housing.value || null,
      ...Object.fromEntries(Object.entries(counts).map(([name, node]) => [name, node.value === "" ? null : Number(node.value)])),
    };
    const changed = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== (home[name] ?? null)));
    if (Object.keys(changed).length) doing(form, () => post(`/households/${home.id}/correct`, changed));
  });
}

/** Said first, then done: it cannot be taken back. */
export function eraseForm(home, doing) {
  const sure = el("input", { type: "checkbox", required: true });
  const fields = [el("p", {}, t("visits.erase_text")), el("label", { class: "sure" }, sure, el("span", {}, t("visits.erase_sure")))];
  return folded(t("visits.erase"), fields, t("visits.erase_send"), (form) => doing(form, () => post(`/households/${home.id}/erase`, {})));
}

const holds = (home, purpose) => home.consents.some((one) => one.purpose === purpose && !one.withdrawn_at);

function later(today, days) {
  const at = new Date(`${today}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}
