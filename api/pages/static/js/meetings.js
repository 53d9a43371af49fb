// Joint meetings: the list, and one meeting with its promises. The form that calls one: meeting-call.js.

import { byId, data, day, el, moment, named, number, t, words } from "./dom.js";
import { light } from "./glyphs.js";
import { all, empty, get, post, shown } from "./http.js";
import { ahead, button, choice, done, field, folded, form, part, promise, zoned } from "./joint.js";
import { call } from "./meeting-call.js";
import { shifted } from "./span.js";

const node = byId("content");
const query = new URLSearchParams(location.search);
if (data.meeting) show();
else if (query.has("call") && data.leads) call(node, query);
else list();

const RANK = { red: 3, yellow: 2, green: 1 };

// --- the list --------------------------------------------------------------------------------------------------------

async function list() {
  const found = await shown(node, () => Promise.all([all("/meetings"), all("/promises", { unsettled: true })]), list);
  if (!found) return;
  const [{ rows }, { rows: open }] = found;
  const worst = {};
  for (const one of open) if ((RANK[one.light] ?? 0) > (RANK[worst[one.meeting_id]] ?? 0)) worst[one.meeting_id] = one.light;
  rows.sort((a, b) => (RANK[worst[b.id]] ?? 0) - (RANK[worst[a.id]] ?? 0) || b.id - a.id);
  node.replaceChildren(
    el("div", { class: "sheet-head" }, el("h2", {}, t("meetings.list")), data.leads && el("a", { class: "button button-primary", href: "/meetings?call" }, t("meetings.call"))),
    rows.length ? part("", el("ul", { class: "rows-plain" }, ...rows.map((one) => row(one, worst[one.id])))) : empty(t("meetings.none"), t("meetings.none_text")),
  );
  done();
}

function row(one, worst) {
  return el(
    "li", { dataset: { meeting: one.id } },
    el("div", { class: "row-line" }, worst && light(worst, 20), el("a", { class: "link", href: `/meetings/${one.id}` }, one.title)),
    el("div", { class: "quiet" }, [t(`meeting.status.${one.status}`), named(one.enterprise), moment(one.meets_at), one.venue].filter(Boolean).join(" · ")),
    el("div", {}, one.open_promises ? t("meetings.open", { n: number(one.open_promises) }) : t("meetings.settled"), worst ? ` · ${words(`light.${worst}`, "")}` : ""),
  );
}

// --- one meeting -----------------------------------------------------------------------------------------------------

async function show() {
  const one = await shown(node, () => get(`/meetings/${data.meeting}`), show);
  if (!one) return;
  const company = one.enterprise_id && el("a", { class: "link", href: `/enterprises/${one.enterprise_id}` }, named(one.enterprise));
  node.replaceChildren(
    el("div", { class: "sheet-head" },
      el("div", {}, el("h2", {}, one.title), el("p", { class: "quiet" }, [one.number, t(`meeting.status.${one.status}`), moment(one.meets_at), one.venue].join(" · ")), company),
      el("div", { class: "acts" }, el("a", { class: "button", href: `/meetings/${one.id}/table`, target: "_blank", rel: "noopener" }, t("meeting.table")), el("a", { class: "button", href: `/meetings/${one.id}/table?format=pdf` }, t("meeting.table_pdf")), evidence(one))),
    el("div", { class: "cards" },
      part(t("meeting.promises"), one.promises.length ? el("ul", { class: "rows-plain" }, ...one.promises.map((made) => promise(made, show))) : el("p", { class: "quiet" }, t("meeting.promises_none"))),
      part(t("meeting.seats"), el("ul", { class: "rows-plain" }, ...one.seats.map(seat))),
      (one.minutes || one.reason) && part(t(one.minutes ? "meeting.minutes" : "meeting.reason"), el("p", { class: "text" }, one.minutes ?? one.reason)),
      part(t("meeting.agenda"), agenda(one)),
      one.status === "called" && data.leads && el("section", { class: "part part-wide" }, folded("meeting.hold", hold(one)), folded("meeting.cancel", cancel(one)))),
  );
  done();
}

/** The evidence card that may lie on the table, of the months before the meeting: no house, no complainant. For those
 * who read figures. */
function evidence(one) {
  if (!one.enterprise_id || !data.figures) return null;
  const to = shifted([one.meets_at, data.today].sort()[0].slice(0, 7), -1);
  const asked = new URLSearchParams({ from: shifted(to, -3), to, edition: "table" });
  return el("a", { class: "button", href: `/insight/evidence/${one.enterprise_id}?${asked}`, target: "_blank", rel: "noopener" }, t("meeting.evidence"));
}

const seat = (one) => el("li", {}, el("span", {}, el("b", {}, t(`meeting.party.${one.party}`)), ` · ${one.party === "residents" ? t("meeting.residents_of", { name: named(one) }) : named(one)}`));

/** Its cases, as far as the reader serves them; who reads figures is told how many there are in all. */
function agenda({ agenda: cases, agenda_cases: all }) {
  const more = all > cases.length ? el("p", {}, t("meeting.agenda_of", { n: number(all), own: number(cases.length) })) : "";
  if (!cases.length) return more || el("p", { class: "quiet" }, t("meeting.agenda_none"));
  const line = (one) => [one.number, t(`status.${one.status}`), day(one.received_at)].join(" · ");
  const name = (one) => (data.me.role === "official" ? el("b", {}, named(one.category)) : el("a", { class: "link", href: `/cases?case=${one.id}` }, named(one.category)));
  return el("div", {}, more, el("ul", { class: "rows-plain" }, ...cases.map((one) => el("li", {}, name(one), el("span", { class: "quiet" }, line(one))))));
}

function hold(one) {
  const owners = [["", named(one.enterprise)], ...one.seats.filter((who) => who.party === "government").map((who) => [who.code, named(who)])];
  const promises = el("div", { class: "form" });
  const add = () => promises.append(el("fieldset", { class: "plain-set promise-in form" }, field("meeting.promise_text", "text", { maxlength: 8000, rows: 2 }, "textarea"),
    el("div", { class: "two" }, choice("meeting.promise_owner", "owner", owners), field("meeting.promise_due", "due", { type: "datetime-local", value: ahead(60, "18:00") }))));
  add();
  const send = async (said) => {
    const [texts, whose, due] = ["text", "owner", "due"].map((name) => said.getAll(name));
    const made = texts.map((text, i) => ({ text, body: whose[i] || null, due_at: due[i] && zoned(due[i]) })).filter((given) => given.text.trim());
    await post(`/meetings/${one.id}/held`, { minutes: said.get("minutes"), promises: made });
    await show();
  };
  return form("meeting.hold", send, field("meeting.minutes", "minutes", { required: true, maxlength: 8000, rows: 5 }, "textarea"), promises, el("div", {}, button("meeting.add_promise", add)));
}

const cancel = (one) => form("meeting.cancel", async (said) => {
  await post(`/meetings/${one.id}/cancelled`, { reason: said.get("reason") });
  await show();
}, field("meeting.why", "reason", { required: true, maxlength: 8000 }));
