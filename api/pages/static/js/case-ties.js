// What ties a case to others: the bodies its steps name, the whole or the double it belongs to, the rule that sent it, pictures.

import { data, el, fileButton, moment, named, t } from "./dom.js";
import { all, newKey, notice, Problem, upload } from "./http.js";
import { shrunk } from "./shrink.js";

/** Who may add a picture; residents do it by their own link. */
const TAKES_PICTURES = ["worker", "dispatcher", "handler", "supervisor"];

/** The bodies that a step names: who it was sent to, asked for, proposed, or sits at a table. */
const bodiesOf = ({ kind, data: told }) => ["accepted", "signed", "routed"].includes(kind) ? [] : [told?.body_id, told?.proposed_body_id, ...(told?.body_ids ?? [])].filter(Boolean);

/** Bodies by id, asked for only where a step names one; none where they cannot be had. */
export async function bodyNames(events) {
  if (!events.some((event) => bodiesOf(event).length)) return new Map();
  const { rows } = await all("/bodies").catch(() => ({ rows: [] }));
  return new Map(rows.map((one) => [one.id, named(one)]));
}

/** What a step says besides its name and reason: whom it names, and when a meeting is. */
export function saidOf(event, bodies) {
  const whom = bodiesOf(event).map((id) => bodies.get(id)).filter(Boolean).join("、");
  if (!whom) return "";
  if (event.kind === "returned") return t("case.proposed", { name: whom });
  return event.kind === "meeting_called" ? `${moment(event.data.at)} · ${whom}` : whom;
}

/** Links from a step to the other cases that it names. */
export function tiesOf({ data: told }) {
  const ids = [told?.into_id, told?.from_id, told?.child_id, ...(told?.child_ids ?? [])].filter(Boolean);
  return ids.map((id) => tie(id, t("case.other")));
}

/** The case that this one is a part of, or went into: [name, link] where there is one. */
export function facing(incident) {
  return [["case.part_of", incident.parent_id], ["case.merged_into", incident.merged_into_id]]
    .filter(([, id]) => id)
    .map(([name, id]) => [t(name), tie(id, t("case.other"))]);
}

const tie = (id, text) => el("a", { href: `/${data.page}?case=${id}` }, text);

/** "Why did it go there?": the rule and its version; null before there were rules. */
export function ruleOf({ routed }) {
  if (!routed) return null;
  return routed.rule ? t("case.routed", { rule: routed.rule, n: routed.rules }) : t("case.routed_none", { n: routed.rules });
}

/** The body that was proposed when the case last came back, while it waits for another hand. */
export function proposed(incident, events) {
  const last = events.filter((event) => event.kind === "returned").pop();
  return incident.status === "returned" ? last?.data?.proposed_body_id ?? null : null;
}

/** A button that adds a picture; shrunk here, made anew by the server. */
export function addPicture(incident, onDone) {
  if (!TAKES_PICTURES.includes(data.me?.role) || ["voided", "merged"].includes(incident.status)) return null;
  const trouble = el("div");
  const input = el("input", { type: "file", accept: "image/*", on: { change: send } });
  async function send() {
    const [file] = input.files;
    if (!file) return;
    input.disabled = true;
    try {
      const key = newKey();
      await upload(`/incidents/${incident.id}/photos`, await shrunk(file), "image/jpeg", { "Idempotency-Key": key });
      await onDone();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      input.disabled = false;
      trouble.replaceChildren(notice(error));
    }
  }
  return el("div", {}, fileButton(input, t("case.add_photo")), trouble);
}
