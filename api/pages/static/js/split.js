// Splitting one report into new cases: what each is, what is said of it, for which body; and how the parts of a case stand.

import { data, el, lightOf, named, standing, t } from "./dom.js";
import { get, Problem } from "./http.js";
import { light } from "./glyphs.js";

/** As many as the server takes at once. */
const MOST = 10;
/** Who may send a part to a body at once; for others the rules decide. */
const SENDS = ["worker", "dispatcher"];

/** A field for new parts, two to begin with; those left empty are left out. `bodies`: asked for only where one may be chosen. */
export async function partsField(name, bodies) {
  const [categories, sendTo] = await Promise.all([get("/categories"), SENDS.includes(data.me?.role) ? bodies() : null]);
  const rows = el("div", { class: "split-parts" });
  const more = el("button", { class: "button", type: "button", on: { click: () => { add(); rows.lastChild.querySelector("select").focus(); } } }, t("split.add"));

  function add() {
    const drop = el("button", { class: "button", type: "button", on: { click: () => { row.remove(); told(); more.focus(); } } }, t("split.drop"));
    const category = options("category", categories.map((one) => [one.code, named(one)]));
    const text = el("textarea", { name: "text", rows: 2, maxlength: 4000 });
    const body = sendTo && options("body_id", sendTo.map((one) => [one.id, named(one)]), t("split.by_rules"));
    const row = el(
      "fieldset", { class: "split-part" }, el("legend", {}), labelled("split.category", category), labelled("split.text", text),
      body && labelled("split.body", body), drop,
    );
    // whoever begins a part ends it
    row.addEventListener("input", () => { category.required = text.required = Boolean(category.value || text.value || body?.value); });
    rows.append(row);
    told();
  }
  function told() {
    [...rows.children].forEach((row, i) => { row.firstChild.textContent = t("split.part", { n: i + 1 }); });
    more.hidden = rows.children.length >= MOST;
  }
  add();
  add();
  return { name, node: el("div", { class: "field" }, el("span", {}, t("ask.parts")), el("p", { class: "quiet" }, t("split.what")), rows, more), value: () => read(rows) };
}

const labelled = (word, control) => el("label", { class: "field" }, el("span", {}, t(word)), control);

const options = (name, listed, none = "–") => el(
  "select", { class: "select", name }, el("option", { value: "" }, none), ...listed.map(([value, words]) => el("option", { value }, words)),
);

function read(rows) {
  const parts = [...rows.children].map((row) => {
    const [category, text, body] = ["category", "text", "body_id"].map((one) => row.querySelector(`[name=${one}]`)?.value.trim());
    return { category, text, ...(body ? { body_id: Number(body) } : {}) };
  }).filter((part) => part.category || part.text);
  return parts.length ? parts : null;
}

/** Refuse a split into nothing before it is sent. */
export function splitNeeds(action, given) {
  if (action === "split" && !given.parts && !given.child_ids) throw new Problem(422, { code: "split_into" });
}

/** The parts of a case that was split, as far as one may see them: where each stands, and a way there. */
export async function partsOf(incident, events) {
  if (!events.some((event) => event.kind === "split")) return null;
  const { items } = await get("/incidents", { part_of: incident.id, limit: 100 }).catch(() => ({ items: [] }));
  if (!items.length) return null;
  const rows = [...items].reverse().map((one) => el(
    "li", {}, el(
      "a", { class: "part-row", href: `/${data.page}?case=${one.id}` }, light(lightOf(one), 18),
      el("span", {}, el("b", {}, `${named(one.category)} · ${one.number}`), el("span", { class: "quiet" }, [t(`status.${one.status}`), named(one.body) || named(one.worker), one.closed_at ? "" : standing(one)].filter(Boolean).join(" · "))),
    ),
  ));
  const open = items.filter((one) => !one.closed_at).length;
  return el(
    "section", { class: "case-part" }, el("h2", {}, `${t("split.its_parts")} `, el("span", { class: "quiet" }, t("split.open", { open, n: items.length }))),
    el("ul", { class: "part-list" }, ...rows),
  );
}
