// The entries that wait: what each says, since when, and why the server refused it; mend it, send it again or drop it.

import { el, moment, t } from "./dom.js";
import { Problem, notice } from "./http.js";
import { loadDraft, saveDraft, savePhoto } from "./drafts.js";
import { changesPart } from "./changes.js";
import { drop, retry, unsent } from "./queue.js";

/** The list's nodes. `onMend()`: the entry is the draft now; `onChange()`: something was sent again or dropped. */
export async function waitingList({ onMend, onChange, more = null }) {
  const [entries, draft] = await Promise.all([unsent(), loadDraft()]);
  const busy = draft !== null;
  const head = el("div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("waiting.title")), el("span", { class: "quiet" }, t("unit.items", { n: entries.length })));
  return [head, el("p", { class: "waiting-note quiet" }, t("waiting.kept")), el("ol", { class: "waiting" }, ...entries.map((one) => entryRow(one, { busy, onMend, onChange }))), more];
}

/** What an entry says: the report's words, a step of a case, or that it was sealed at a log-out. */
function saying(one) {
  if (one.action) return [t(`act.${one.action.action}`), one.body?.note].filter(Boolean).join(" · ");
  if (one.body) return one.body.text || t("waiting.no_text");
  return t(one.done ? "waiting.photo_left" : "waiting.sealed");
}

function entryRow(one, { busy, onMend, onChange }) {
  const said = el("div", {}, el("b", {}, saying(one)), el("p", { class: "quiet" }, t("waiting.since", { when: moment(one.at) })));
  const { body, status } = one.problem ?? {};
  const anyway = async () => { await retry(one, body.now); onChange(); };
  const problem = one.problem && (body?.code === "changed" ? changesPart(body, anyway) : notice(new Problem(status, body)));
  return el("li", { dataset: { key: one.key } }, said, one.photo && el("p", { class: "quiet" }, t("waiting.with_photo")), problem, one.problem && buttons(one, { busy, onMend, onChange }));
}

function buttons(one, { busy, onMend, onChange }) {
  const after = (work) => async () => { await work(one); onChange(); };
  const sure = async (entry) => { if (confirm(t("waiting.sure"))) await drop(entry); };
  const button = (word, click, kind = "") => el("button", { class: `button ${kind}`, type: "button", on: { click } }, t(word));
  const mendButton = button("waiting.mend", () => mend(one, onMend), "button-primary");
  mendButton.disabled = busy;
  const whole = one.body && !one.action && !one.done;
  return el(
    "div", { class: "waiting-actions" }, whole && mendButton, one.problem.body?.code !== "changed" && button("waiting.again", after((entry) => retry(entry))), button("waiting.drop", after(sure)),
    whole && busy && el("p", { class: "quiet" }, t("waiting.draft_first")),
  );
}

/** Make it the draft again, under its old key: it was refused, so it had no effect yet. It leaves only once it is a draft. */
async function mend(one, onMend) {
  if (!await saveDraft({ key: one.key, ...one.body, confirmed: undefined, sure: undefined })) return;
  if (one.photo && !await savePhoto(one.photo)) return;
  await drop(one);
  onMend();
}
