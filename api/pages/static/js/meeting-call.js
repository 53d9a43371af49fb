// The form that calls a joint meeting: of an enterprise (`enterprise`), a case (`case`), a hot cell (`cell`) or a circle (`near`).

import { distance, el, named, number, t } from "./dom.js";
import { all, get, newKey, post, shown } from "./http.js";
import { ahead, choice, done, field, folded, form, zoned } from "./joint.js";
import { between } from "./places.js";

/** Show it in `node`; `query`: the parameters of the page's address. */
export async function call(node, query) {
  const chosen = Number(query.get("enterprise")) || null;
  const made = await shown(node, () => (chosen ? called(query, chosen) : asked(query)), () => call(node, query));
  if (!made) return;
  node.replaceChildren(el("section", { class: "part part-wide" }, el("h2", {}, t("meetings.call")), made));
  done();
}

// --- about whom: everything else follows from the enterprise

/** The enterprises to choose from, the nearest first where it is known where the trouble is. */
async function asked(query) {
  const [{ rows }, place] = await Promise.all([all("/enterprises"), placeOf(query)]);
  const near = rows.map((one) => ({ ...one, metres: place && placed(one) ? between(place, placed(one)) : null }));
  if (place) near.sort((a, b) => (a.metres ?? Infinity) - (b.metres ?? Infinity));
  const names = near.map((one) => [one.id, [named(one), one.metres === null ? null : distance(one.metres)].filter(Boolean).join(" · ")]);
  const which = choice("meeting.choose_enterprise", "enterprise", [["", "–"], ...names]);
  which.querySelector("select").addEventListener("change", (event) => {
    query.set("enterprise", event.target.value);
    location.search = query;
  });
  return el("div", { class: "form" }, el("p", { class: "quiet" }, t(place ? "meeting.nearest_first" : "meeting.first_enterprise")), which);
}

/** A point is told by its place, anything larger by its box. */
const placed = ({ lon, lat, bbox }) => (bbox ? [(bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2] : lon !== undefined && [lon, lat]);

/** Where the trouble is: of a circle, a hot cell, a case. Null where nothing says it. */
async function placeOf(query) {
  const near = query.get("near")?.split(",").map(Number);
  if (near?.length === 2 && near.every(Number.isFinite)) return near;
  if (query.get("cell")) return placed(await get(`/cells/${encodeURIComponent(query.get("cell"))}`));
  if (Number(query.get("case"))) return placed(await get(`/incidents/${Number(query.get("case"))}`));
  return null;
}

// --- the form

async function called(query, chosen) {
  const [company, place, bodies, areas] = await Promise.all([
    get(`/enterprises/${chosen}`), get(`/enterprises/${chosen}/neighbourhood`), all("/bodies"), all("/areas"),
  ]);
  const { community, open } = place;
  const cases = query.getAll("case").map(Number).filter(Boolean);
  const key = newKey();
  const send = async (said, status) => {
    const invite = said.get("invite");
    const made = await post("/meetings", {
      title: said.get("title"), meets_at: zoned(said.get("when")), venue: said.get("venue"), enterprise_id: chosen,
      bodies: said.getAll("bodies"), residents: said.get("residents"), called_from: cases[0] ?? null,
      incident_ids: cases, categories: said.getAll("categories"), invite_m: invite ? Number(invite) : null,
    }, { "Idempotency-Key": key });
    status.replaceChildren(el("p", {}, t("meeting.invited", { n: number(made.invited) })));
    location.assign(`/meetings/${made.id}`);
  };
  return form("meetings.call", send,
    el("p", {}, el("b", {}, named(company))),
    field("meeting.title", "title", { required: true, maxlength: 200, value: t("meeting.default_title", { name: named(company) }) }),
    el("div", { class: "two" }, field("meeting.when", "when", { type: "datetime-local", required: true, value: ahead(7) }), field("meeting.venue", "venue", { required: true, maxlength: 200 })),
    bodiesPart(bodies.rows, community),
    el("div", { class: "two" }, choice("meeting.community", "residents", around(areas.rows, community)), field("meeting.invite", "invite", { type: "number", min: 1, max: 5000, value: "1000" })),
    el("p", { class: "quiet" }, t("meeting.invite_hint")),
    cases.length ? el("p", {}, t("meeting.cases", { n: number(cases.length) })) : null,
    open.length ? openPart(open, place.radius_m) : null,
  );
}

/** Its open cases by category: those of mines and their neighbours are taken unless one says otherwise. */
function openPart(open, radius) {
  const tick = (one) => el("label", {}, el("input", { type: "checkbox", name: "categories", value: one.category.code, checked: one.top === "mining" }), `${named(one.category)} · ${t("unit.items", { n: number(one.cases) })}`);
  return el("fieldset", { class: "plain-set" }, el("legend", {}, el("b", {}, t("meeting.with_cases", { span: distance(radius) }))), el("div", { class: "ticks" }, ...open.map(tick)));
}

/** Those that answer there first, the nearest at the top; a county has hundreds. */
function bodiesPart(bodies, community) {
  const there = bodies.filter((one) => community?.code.startsWith(one.area?.code)).sort((a, b) => b.area.code.length - a.area.code.length);
  const others = bodies.filter((one) => !there.includes(one));
  const ticks = (some) => el("div", { class: "ticks" }, ...some.map((one) => el("label", {}, el("input", { type: "checkbox", name: "bodies", value: one.code }), named(one))));
  return el(
    "fieldset", { class: "plain-set" }, el("legend", {}, el("b", {}, t("meeting.bodies"))), there.length > 0 && ticks(there),
    others.length > 0 && folded("meeting.other_bodies", ticks(others)),
  );
}

/** Whose residents: of the enterprise's community, of one beside it in its town, or of the whole town. */
function around(areas, community) {
  const own = areas.find((one) => one.code === community?.code);
  const town = areas.filter((one) => own && (one.parent === own.parent || one.code === own.parent) && one !== own);
  return [own, ...town].filter(Boolean).map((one) => [one.code, named(one)]);
}
