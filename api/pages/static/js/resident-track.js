// Where a report stands, in plain words, and what its reporter can say of it.

import { byId, el, moment, named, stepLate, t, words } from "./dom.js";
import { Problem, get, newKey, notice, post } from "./http.js";
import { lostPart } from "./resident-lost.js";

const token = location.pathname.split("/").pop();
const where = `/public/reports/${token}`;

function failed(error) {
  if (!(error instanceof Problem)) throw error;
  byId("said").replaceChildren(notice(error));
  byId("said").scrollIntoView();
}

function sayForm(action, told) {
  const note = el("textarea", { required: action !== "rate", maxlength: 4000 });
  const key = newKey();
  const send = async (more) => {
    try {
      const said = { ...more, ...(note.value.trim() ? { note: note.value.trim() } : {}) };
      show(await post(`${where}/actions/${action}`, said, { "Idempotency-Key": key }));
      byId("said").replaceChildren(el("p", { class: "notice" }, t("resident.thanks")));
    } catch (error) { failed(error); }
  };
  const rated = (satisfied) => el("button", { class: "button", type: "button", on: { click: () => send({ satisfied }) } }, t(satisfied ? "resident.satisfied" : "resident.unsatisfied"));
  const buttons = action === "rate" ? [rated(true), rated(false)] : [el("button", { class: "button" }, t("resident.send"))];
  return el("form", { class: "stack", on: { submit: (event) => { event.preventDefault(); send({}); } } },
    el("h2", {}, t({ comment: "resident.comment", rate: "resident.rate", appeal: "resident.appeal" }[action])),
    el("label", { class: "field" }, el("span", {}, t("resident.words")), note), ...buttons, told);
}

function show(report) {
  const light = stepLate(report) ? t("resident.step_late") : report.light ? t(`light.${report.light}`) : t("resident.ended");
  byId("resident").replaceChildren(...[
    el("p", {}, el("b", {}, report.number), ` · ${named(report, "category")}`),
    el("p", {}, `${words(`status.${report.status}`, report.status)} · ${light}`),
    el("p", {}, answered(report)),
    el("ol", {}, ...report.steps.map((one) => el("li", {}, `${moment(one.at)} ${words(`event.${one.kind}`, one.kind)}`))),
    report.own ? null : el("p", { class: "quiet" }, t("resident.only_shows")),
    ...["rate", "appeal", "comment"].filter((action) => report.may.includes(action)).map((action) => sayForm(action)),
    report.may.includes("withdraw") ? taking(t("resident.withdraw"), t("resident.withdraw_text"), () => post(`${where}/actions/withdraw`, {}, { "Idempotency-Key": newKey() }), t("resident.thanks")) : null,
    report.contact ? taking(t("resident.withdraw_contact"), t("resident.withdraw_contact_text"), () => post(`${where}/contact/withdraw`, {}), t("resident.contact_gone")) : null,
  ].filter(Boolean));
}

/** Which body answers, and until when; once it has ended, when that was. */
function answered(report) {
  const body_name = named(report, "body") || named(report, "area");
  const { closed_at: ended, due_at: due } = report;
  return ended ? t("resident.answered", { body_name, at: moment(ended) }) : t("resident.answers", { body_name, due: moment(due) });
}

/** What cannot be taken back: said first, then done. */
function taking(name, text, work, done) {
  const click = async (event) => {
    event.target.disabled = true;
    try {
      show(await work());
      byId("said").replaceChildren(el("p", { class: "notice" }, done));
    } catch (error) { event.target.disabled = false; failed(error); }
  };
  return el("details", {}, el("summary", {}, name), el("p", {}, text), el("button", { class: "button", type: "button", on: { click } }, name));
}

/** What is offered where no report stands under the address. */
function lost() {
  const part = lostPart(failed);
  part.open = true;
  byId("resident").replaceChildren(part);
}

if (!/^[0-9a-f]{64}$/.test(token)) {
  byId("said").replaceChildren(el("p", { class: "notice" }, t("resident.link_wanted")));
  lost();
} else {
  try { show(await get(where)); } catch (error) {
    failed(error);
    if (error.status === 404) lost();
  }
}
