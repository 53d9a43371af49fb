// A step of a case on the phone: through the queue, also from a case that only the pack knows.

import { el, moment, named, t } from "./dom.js";
import { newKey, post } from "./http.js";
import { icon, light } from "./glyphs.js";
import { add, drop, picked, sendAll, unsent } from "./queue.js";

/** A case as the pack knows it: what it is and when it is due; a note can be added, and waits for a network. */
export function keptCase(row, { onClose, keep }) {
  const close = el("button", { class: "icon-button", type: "button", "aria-label": t("case.close"), on: { click: onClose } }, icon("close"));
  const area = el("textarea", { name: "note", rows: 3, required: true, maxlength: 4000 });
  const form = el("form", { class: "act-fields", dataset: { form: "comment" } }, el("label", { class: "field" }, el("span", {}, t("act.comment")), area), el("button", { class: "button button-primary", type: "submit" }, t("phone.keep_note")));
  const key = newKey();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await keep(row, "comment", { note: area.value }, key);
    onClose();
  });
  return el(
    "article", { class: "case", dataset: { case: row.id } },
    el("header", { class: "case-head" }, light(row.light ?? "green", 28), el("h1", { tabindex: "-1" }, named(row.category)), close, el("p", { class: "sub" }, [row.number, named(row.cell)].filter(Boolean).join(" · "))),
    el("dl", { class: "facts" }, el("div", {}, el("dt", {}, t("case.status")), el("dd", {}, t(`status.${row.status}`))), el("div", {}, el("dt", {}, t("case.due")), el("dd", {}, moment(row.due_at)))),
    row.summary && el("p", { class: "case-text" }, row.summary), el("p", { class: "notice notice-offline" }, t("phone.kept_case")), form,
  );
}

/** A step of a case goes through the queue: it survives the page, and what others did meanwhile is shown first. `changed` is called
 * whenever something has come into the queue or left it. */
export async function carryOut(incident, action, given, key, changed) {
  // a note stands beside whatever others do
  const seen = action === "comment" || !incident.responsible ? null : incident.seen ?? picked(incident);
  if (!await add(key, given, { action: { incident: incident.id, action, seen } })) {
    await post(`/incidents/${incident.id}/actions/${action}`, given, { "Idempotency-Key": key });
    return;
  }
  const { refused } = await sendAll();
  await changed();
  if (!refused.has(key)) return;
  // its writer is here to decide: out of the queue, back into the form
  const waits = (await unsent()).find((one) => one.key === key);
  if (waits) await drop(waits);
  await changed();
  throw refused.get(key);
}
