// A worker's visits: the month's plan, and the file of one household, opened with a reason.

import { byId, data, day, el, moment, named, number, t } from "./dom.js";
import { light } from "./glyphs.js";
import { empty, get, newKey, notice, post, shown } from "./http.js";
import { careForm, careLine, contactForm, correctForm, eraseForm } from "./visits-rights.js";

const PURPOSES = ["visits", "care", "interpreter", "help_button"];
const OUTCOMES = ["met", "absent", "declined"];
const main = byId("main");
let chosen = null;
let categories = null;

start();

async function start() {
  const plan = await shown(byId("plan"), () => get("/visits/plan"), start);
  if (!plan) return;
  const left = Math.max(0, plan.least - plan.met);
  const line = t("visits.line", { from: day(plan.from), to: day(plan.to), least: plan.least, met: plan.met, left });
  byId("plan-line").replaceChildren(line, plan.red ? `　${t("visits.red_n", { n: number(plan.red) })}` : "");
  const list = el("ul", {}, plan.items.slice(0, 200).map((item) => el("li", {}, row(item))));
  byId("plan").replaceChildren(plan.items.length ? list : empty(t("visits.none"), t("visits.none_text")));
  main.dataset.ready = "true";
}

/** One household of the plan: its light, its address, and since when nobody came. */
function row(item) {
  const seen = item.days === null ? t("visits.never") : item.days === 0 ? t("visits.today") : t("visits.days", { n: number(item.days) });
  const more = [
    item.red ? el("b", { class: "late" }, `${t("visits.red")} · ${seen}`) : seen,
    item.return_on ? ` · ${t("visits.promised", { day: day(item.return_on) })}` : "",
    item.needs ? ` · ${t("visits.needs", { n: number(item.needs) })}` : "",
  ];
  const on = { click: () => ask(item) };
  const tag = item.due ? el("b", { class: "tag" }, t("visits.due")) : null;
  return el(
    "button", { class: "row", type: "button", "aria-current": chosen === item.id, on },
    light(item.red ? "red" : "green"), el("span", {}, item.address, el("small", {}, more)), tag,
  );
}

/** Nobody opens a file without saying why. */
function ask(item) {
  chosen = item.id;
  const why = [t("visits.why_visit"), t("visits.why_request"), t("visits.why_asked")].map((said) => {
    return el("button", { class: "button", type: "button", on: { click: () => open(item.id, said) } }, said);
  });
  show(back(), el("h1", {}, item.address), el("h2", {}, t("visits.why")), el("p", { class: "quiet" }, t("visits.why_text")), el("div", { class: "actions" }, why));
}

function show(...nodes) {
  main.classList.add("one");
  byId("home").hidden = false;
  byId("home").replaceChildren(...nodes.filter(Boolean));
}

function back() {
  const on = { click: () => { main.classList.remove("one"); byId("home").hidden = true; } };
  return el("button", { class: "button back", type: "button", on }, t("visits.back"));
}

async function open(id, reason) {
  const home = await shown(byId("home"), () => get(`/households/${id}/file`, { reason }), () => open(id, reason));
  if (!home) return;
  categories ??= await get("/categories");
  const again = () => open(id, reason);
  const onFile = (node, work) => doing(node, work, again);
  const counted = [home.children, home.adults, home.elders].some((one) => one !== null);
  const people = !counted ? t("visits.no_people") : t("visits.people", { children: number(home.children), adults: number(home.adults), elders: number(home.elders) });
  const contact = [home.contact.contact_name, home.contact.contact_phone].filter(Boolean).join(" ");
  show(
    back(), el("h1", {}, home.address), el("p", { class: "quiet" }, people),
    el("p", {}, `${t("visits.contact")}: ${contact || t("visits.no_contact")}`),
    home.interpreter_wanted ? el("p", {}, el("b", { class: "tag" }, t("visits.interpreter"))) : null,
    section(t("visits.care"), home.care_notes, (one) => careLine(home, one, onFile)),
    careForm(home, data.today, onFile),
    visitForm(home, again),
    section(t("visits.history"), home.visits, (one) => past(one, again)),
    section(t("visits.requests"), home.requests, (one) => el("p", {}, `${one.number} ${named(one, "category_name")} · ${day(one.received_at)}`)),
    section(t("visits.consents"), home.consents, (one) => consent(home, one, again)),
    el("div", { class: "actions" }, agreeing(home, again)),
    contactForm(home, onFile),
    el("h2", {}, t("visits.rights")), el("div", { class: "actions" }, pdf(id, reason)),
    correctForm(home, onFile), eraseForm(home, onFile),
  );
}

function section(title, rows, draw) {
  const list = rows.length ? el("ul", {}, rows.map((one) => el("li", {}, draw(one)))) : el("p", { class: "quiet" }, t("visits.nothing"));
  return el("div", {}, el("h2", {}, title), list);
}

const pdf = (id, reason) => el("a", { class: "button", href: `/api/v1/households/${id}/file.pdf?${new URLSearchParams({ reason })}` }, t("visits.pdf"));

/** Does something, then shows the file anew; what went wrong stands where the button is. */
async function doing(node, work, again) {
  try {
    await work();
    await again();
    start();
  } catch (error) {
    node.append(notice(error));
  }
}

function consent(home, one, again) {
  const until = one.withdrawn_at ? t("visits.withdrawn", { day: day(one.withdrawn_at) }) : one.until ? t("visits.until", { day: day(one.until) }) : "";
  const line = el("p", { class: "split" }, el("span", {}, `${t(`consent.${one.purpose}`)} · ${t("visits.given", { day: day(one.given_at) })} ${until}`));
  if (!one.withdrawn_at) {
    const click = () => doing(line, () => post(`/households/${home.id}/consents/${one.purpose}/withdraw`, {}), again);
    line.append(el("button", { class: "button", type: "button", on: { click } }, t("visits.withdraw")));
  }
  return line;
}

function agreeing(home, again) {
  const held = new Set(home.consents.filter((one) => !one.withdrawn_at).map((one) => one.purpose));
  return PURPOSES.filter((one) => !held.has(one)).map((purpose) => {
    const click = (event) => doing(event.target.parentNode, () => post(`/households/${home.id}/consents`, { purpose, how: "spoken" }), again);
    return el("button", { class: "button", type: "button", on: { click } }, `${t("visits.agree")}: ${t(`consent.${purpose}`)}`);
  });
}

function visitForm(home, again) {
  // made once with the form: however often it is sent, it is one visit
  const key = newKey();
  const outcome = el("select", { name: "outcome" }, OUTCOMES.map((one) => el("option", { value: one }, t(`outcome.${one}`))));
  const note = el("textarea", { name: "note", maxlength: 1000 });
  const date = el("input", { type: "date", name: "return_on" });
  const promised = home.visits.find((one) => one.return_on && !home.visits.some((other) => other.return_of_id === one.id));
  const form = el(
    "form", { on: { submit: (event) => {
      event.preventDefault();
      const body = { household_id: home.id, outcome: outcome.value, note: note.value.trim(), return_on: date.value || null, return_of: promised?.id ?? null };
      doing(form, () => post("/visits", body, { "Idempotency-Key": key }), again);
    } } },
    el("label", { class: "field" }, el("span", {}, t("visits.outcome")), outcome),
    el("label", { class: "field" }, el("span", {}, t("visits.note")), note),
    el("label", { class: "field" }, el("span", {}, t("visits.return")), date),
    el("button", { class: "button button-primary" }, t("visits.write")),
  );
  return el("div", {}, el("h2", {}, t("visits.write")), form);
}

/** A visit that was; its note becomes a case with one tap, once a category is chosen. */
function past(one, again) {
  const line = el("p", {}, `${moment(one.visited_at)} · ${t(`outcome.${one.outcome}`)} · ${named(one, "worker")}${one.note ? ` · ${one.note}` : ""}`);
  if (!one.note || one.incident_id) return line;
  const leaves = categories.filter((category) => category.parent);
  const choice = el("select", { "aria-label": t("visits.category") }, leaves.map((category) => el("option", { value: category.code }, named(category))));
  const click = () => doing(line, () => post(`/visits/${one.id}/incident`, { category: choice.value }), again);
  line.append(el("span", { class: "actions" }, choice, el("button", { class: "button", type: "button", on: { click } }, t("visits.raise"))));
  return line;
}
