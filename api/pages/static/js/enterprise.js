// The file of one enterprise: permits, shaking by its blasts, who lives around it, cases nearby, meetings and promises.

import { byId, data, day, distance, el, lang, moment, named, number, t } from "./dom.js";
import { enterprise } from "./glyphs.js";
import { Problem, all, get, notice, post, put, shown } from "./http.js";
import { choice, done, field, folded, form, part, promise } from "./joint.js";
import { permitFile } from "./permits.js";

const id = data.enterprise;
const node = byId("content");
const NEAR_M = 1500;
const ASK_AGAIN_MS = 1000;
const KINDS = ["mining", "blasting", "land", "water", "discharge", "safety", "other"];
start();

async function start() {
  const one = await shown(node, () => get(`/enterprises/${id}`), start);
  if (!one) return;
  const near = data.figures ? await get(`/enterprises/${id}/neighbourhood`) : null;
  const cards = el("div", { class: "cards" });
  node.replaceChildren(head(one), cards);
  const parts = [data.figures && evidence, meetings, data.figures && blasting, near && (() => exposure(near)), data.me.role !== "official" && (() => cases(one, near)), agreed, data.leads && whom, data.leads && review];
  const slots = parts.filter(Boolean).map((fill) => [fill, el("div", {})]);
  cards.append(...slots.map(([, slot]) => slot));
  await Promise.all(slots.map(([fill, slot]) => fillIn(slot, fill)));
  done();
}

async function fillIn(slot, fill) {
  try {
    slot.replaceChildren(await fill(() => fillIn(slot, fill)));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    slot.replaceChildren(notice(error, () => fillIn(slot, fill)));
  }
}

function head(one) {
  const facts = [one.code, t(`enterprise.${one.kind}`), t(`enterprise.status.${one.status}`), one.opened_on && t("company.since", { day: day(`${one.opened_on}T12:00:00Z`) }), named(one.cell)].filter(Boolean);
  return el("div", { class: "sheet-head" },
    el("div", {}, el("h2", { class: "row-line" }, enterprise(one.kind, 20), named(one)), el("p", { class: "quiet" }, facts.join(" · "))),
    el("div", { class: "acts" },
      data.leads && el("a", { class: "button button-primary", href: `/meetings?call&enterprise=${id}` }, t("meetings.call"))));
}

/** What the reports near by prove and what not: the finding of the usual months, as /insight has it, and its cards. */
async function evidence(again) {
  const found = await get(`/enterprises/${id}/evidence`);
  const card = (edition, key) => el("a", { class: "button", href: `/insight/evidence/${id}?edition=${edition}`, target: "_blank", rel: "noopener" }, t(key));
  const cards = el("div", { class: "acts" }, card("figures", "finding.card"), card("table", "finding.card_table"));
  if (found.status === "waiting" || found.status === "running") setTimeout(again, ASK_AGAIN_MS);
  const { said, verdict } = found.result?.source ?? {};
  const words = said ? said[lang] : t(found.status === "failed" ? "study.failed" : "study.running");
  return part(t("company.evidence"), el("p", { role: said ? null : "status" }, verdict ? el("b", {}, t("company.verdict", { verdict: t(`verdict.${verdict}`) })) : null, words), said && el("p", { class: "quiet" }, t("company.squares")), cards);
}

async function meetings(again) {
  const [{ rows }, { rows: made }] = await Promise.all([all("/meetings", { enterprise_id: id }), all("/promises", { enterprise_id: id })]);
  const count = (test) => number(made.filter(test).length);
  const told = t("company.told", {
    kept: count((one) => one.status === "kept"), broken: count((one) => one.status === "broken"), open: count((one) => !one.settled_at), late: count((one) => one.light === "red"),
  });
  return part(
    t("company.meetings"), made.length ? el("p", {}, told) : null,
    rows.length ? el("ul", { class: "rows-plain" }, ...rows.map((one) => el("li", {}, el("a", { class: "link", href: `/meetings/${one.id}` }, one.title), el("span", { class: "quiet" }, [t(`meeting.status.${one.status}`), moment(one.meets_at)].join(" · "))))) : el("p", { class: "quiet" }, t("meetings.none")),
    el("ul", { class: "rows-plain" }, ...made.filter((one) => !one.settled_at).map((one) => promise(one, again))),
  );
}

function buildings(rows) {
  const cell = (text) => el("td", { class: "number" }, text);
  const heads = ["company.building", "company.houses", "company.over", "company.worst", "company.radius"];
  return el("div", { class: "table-wrap" }, el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((key, i) => el("th", { scope: "col", class: i ? "number" : null }, t(key))))),
    el("tbody", {}, ...rows.map((one) => el("tr", { dataset: { building: one.building } }, el("td", {}, t(`building.${one.building}`)), cell(number(one.houses)), cell(el("b", {}, number(one.over))),
      cell(one.worst_cm_s === null ? "–" : `${one.worst_cm_s.toFixed(2)} (${one.limit_cm_s})`), cell(one.safe_radius_m === null ? "–" : distance(one.safe_radius_m)))))));
}

async function blasting() {
  const one = await get(`/enterprises/${id}/blasting`);
  if (!one.blasts) return part(t("company.blasting"), el("p", { class: "quiet" }, t("company.no_blasts")));
  return part(t("company.blasting"), el("p", {}, t("company.blasts", { n: number(one.blasts), kg: number(one.largest_kg), day: day(one.last_at) })), buildings(one.buildings),
    el("p", { class: "quiet" }, t(`site.${one.site_source}`)), el("p", { class: "quiet" }, t("company.blasting_limits")));
}

function exposure(near) {
  const rows = near.households.map((one) => el("tr", {}, el("td", {}, t("company.within", { span: distance(one.within_m) })), el("td", { class: "number" }, t("company.households", { n: number(one.households) }))));
  return part(t("company.exposure"), el("div", { class: "table-wrap" }, el("table", {}, el("tbody", {}, ...rows))), el("p", {}, t("company.reports", { span: distance(near.radius_m), n: number(near.reports_year) })));
}

/** Open cases of the reader's own scope around it; their places are compared here, the list is the API's. */
async function cases(one, near) {
  const { lon, lat } = near ?? one;
  const [east, north] = [111_320 * Math.cos((lat * Math.PI) / 180), 110_574];
  const [w, h] = [NEAR_M / east, NEAR_M / north];
  const found = await all("/incidents", { bbox: [lon - w, lat - h, lon + w, lat + h].join(","), open: true }, 1000);
  const rows = found.rows.filter((row) => Math.hypot((row.lon - lon) * east, (row.lat - lat) * north) <= NEAR_M);
  if (!rows.length) return part(t("company.cases"), el("p", { class: "quiet" }, t("company.cases_none")));
  return part(t("company.cases"), el("ul", { class: "rows-plain" }, ...rows.slice(0, 20).map((row) => el("li", {}, el("a", { class: "link", href: `/cases?case=${row.id}` }, named(row.category)), el("span", { class: "quiet" }, [row.number, t(`status.${row.status}`), day(row.received_at)].join(" · "))))));
}

async function agreed(again) {
  const found = await get(`/enterprises/${id}/agreed`);
  const rows = found.permits.map((one) => el("li", {}, el("span", {}, el("b", {}, t(`permit.${one.kind}`)), ` · ${one.number}`),
    el("span", { class: "quiet" }, `${t(one.holds ? "company.permit_holds" : "company.permit_over")} · ${one.valid_from} – ${one.valid_to ?? ""}`)));
  const keep = async (said) => {
    await post(`/enterprises/${id}/permits`, { kind: said.get("kind"), number: said.get("number"), valid_from: said.get("from"), valid_to: said.get("to") || null });
    await again();
  };
  const regular = async (said) => {
    await put(`/enterprises/${id}/regular`, { months: said.get("months") ? Number(said.get("months")) : null });
    await again();
  };
  const rule = found.regular;
  return part(
    t("company.permits"), rows.length ? el("ul", { class: "rows-plain" }, ...rows) : el("p", { class: "quiet" }, t("company.permits_none")),
    data.leads && folded("company.permit_add", form("company.keep", keep, el("div", { class: "two" }, choice("company.permit_kind", "kind", KINDS.map((kind) => [kind, t(`permit.${kind}`)])), field("company.permit_number", "number", { required: true, maxlength: 100 }),
      field("company.valid_from", "from", { type: "date", required: true }), field("company.valid_to", "to", { type: "date" })))),
    data.leads && permitFile(again),
    el("h3", {}, t("company.regular")),
    el("p", {}, rule ? t("company.regular_is", { n: rule.months, day: rule.next_on }) : t("company.regular_none")),
    data.leads && folded("company.regular_months", form("company.keep", regular, field("company.regular_months", "months", { type: "number", min: 1, max: 36, value: rule?.months ?? "" }))),
  );
}

/** Whom to call there, for those who lead meetings at it; of one in another's area nothing is said. */
async function whom(again) {
  const found = await get(`/enterprises/${id}/contact`).catch((error) => { if (error.code !== "outside_area") throw error; });
  if (!found) return "";
  const keep = async (said) => {
    await put(`/enterprises/${id}/contact`, { contact_name: said.get("name") || null, contact_phone: said.get("phone") || null });
    await again();
  };
  const named = [found.contact_name, found.contact_phone].filter(Boolean).join(" · ");
  return part(
    t("company.contact"), el("p", { class: named ? null : "quiet" }, named || t("company.contact_none")),
    folded("company.contact_change", form("company.keep", keep, el("div", { class: "two" },
      field("company.contact_name", "name", { maxlength: 100, value: found.contact_name ?? "", autocomplete: "off" }),
      field("company.contact_phone", "phone", { maxlength: 40, value: found.contact_phone ?? "", inputmode: "tel", autocomplete: "off" })))),
  );
}

function review() {
  const result = el("div", { "aria-live": "polite" });
  const send = async (said) => {
    const found = await get(`/enterprises/${id}/review`, { within_m: said.get("within"), charge_kg: said.get("charge") });
    const over = (found.buildings ?? []).reduce((sum, one) => sum + one.over, 0);
    result.replaceChildren(
      el("p", {}, t("company.review_said", { span: distance(found.within_m), households: number(found.households), n: number(found.reports_year) })),
      found.buildings ? el("p", {}, el("b", {}, t("company.review_over", { n: number(over) }))) : "",
      found.buildings ? buildings(found.buildings) : "",
      found.buildings ? el("p", { class: "quiet" }, t(`site.${found.site_source}`)) : "",
      el("p", {}, t("company.told", found.promises)),
      el("h3", {}, t("company.review_last")),
      found.last.length ? el("ul", { class: "rows-plain" }, ...found.last.map((one) => el("li", {}, el("b", {}, one.text), el("span", { class: "quiet" }, [t(`promise.status.${one.status}`), named(one.owner), t("promise.due", { day: day(one.due_at) })].join(" · "))))) : el("p", { class: "quiet" }, t("company.review_first")),
    );
  };
  return part(t("company.review"), el("p", { class: "quiet" }, t("company.review_hint")), form("company.review_do", send,
    el("div", { class: "two" }, field("company.review_within", "within", { type: "number", min: 1, max: 3000, value: 1500, required: true }), field("company.review_charge", "charge", { type: "number", min: 0.1, max: 1000000, step: "any" }))), result);
}
