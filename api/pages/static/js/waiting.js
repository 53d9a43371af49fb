// The entries that wait: what each says, since when, and why the server refused it; mend it, send it again or drop it.

import { el, moment, t } from "./dom.js";
import { Problem, notice } from "./http.js";
import { loadDraft, saveDraft } from "./drafts.js";
import { drop, retry, unsent } from "./queue.js";

/** The list's nodes. `onMend()`: the entry is the draft now; `onChange()`: something was sent again or dropped. */
export async function waitingList({ onMend, onChange }) {
  const entries = await unsent();
  const head = el("div", { class: "sheet-head" }, el("h1", { id: "sheet-title" }, t("waiting.title")), el("span", { class: "quiet" }, t("unit.items", { n: entries.length })));
  return [head, el("p", { class: "waiting-note quiet" }, t("waiting.kept")), el("ol", { class: "waiting" }, ...entries.map((one) => entryRow(one, { onMend, onChange })))];
}

function entryRow(one, { onMend, onChange }) {
  const said = el("div", {}, el("b", {}, one.body.text || t("waiting.no_text")), el("p", { class: "quiet" }, t("waiting.since", { when: moment(one.at) })));
  const problem = one.problem && notice(new Problem(one.problem.status, one.problem.body));
  return el("li", { dataset: { key: one.key } }, said, problem, one.problem && buttons(one, { onMend, onChange }));
}

function buttons(one, { onMend, onChange }) {
  const after = (work) => async () => { await work(one); onChange(); };
  const sure = async (entry) => { if (confirm(t("waiting.sure"))) await drop(entry); };
  const button = (word, click, kind = "") => el("button", { class: `button ${kind}`, type: "button", on: { click } }, t(word));
  const busy = Boolean(loadDraft());
  const mendButton = button("waiting.mend", () => mend(one, onMend), "button-primary");
  mendButton.disabled = busy;
  return el(
    "div", { class: "waiting-actions" }, mendButton, button("waiting.again", after(retry)), button("waiting.drop", after(sure)),
    busy && el("p", { class: "quiet" }, t("waiting.draft_first")),
  );
}

/** Make it the draft again, under its old key: it was refused, so it had no effect yet. It leaves only once it is a draft. */
async function mend(one, onMend) {
  if (!saveDraft({ key: one.key, ...one.body, confirmed: undefined, sure: undefined })) return;
  await drop(one);
  onMend();
}
