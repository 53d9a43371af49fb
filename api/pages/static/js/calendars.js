// Calendar years and the county's own days and hours: shown, and taken in from forms; a published year may come as a CSV file.

import { byId, data, el, number, t } from "./dom.js";
import { button, table, tried } from "./flow-parts.js";
import { get, post, shown } from "./http.js";

export async function calendar() {
  const node = byId("calendar");
  const found = await shown(node, () => get("/calendars"), calendar);
  if (!found) return;
  const rows = found.years.map((one) => [one.year, one.provisional ? el("span", { class: "tag" }, t("flow.provisional")) : t("flow.official"), one.source ?? "–"]).reverse();
  node.replaceChildren(
    found.left ? el("p", { class: "notice" }, t("flow.left", { n: number(found.left) })) : "",
    table([t("flow.year"), t("flow.state"), t("flow.source")], rows),
    el("details", {}, el("summary", {}, t("flow.add_year")), yearForm(found)),
    table([t("flow.since"), t("flow.hours")], found.office.map((one) => [one.since, one.hours])),
    found.local.length ? table([t("flow.day"), t("flow.state"), t("flow.name")], found.local.map((one) => [one.day, one.works ? one.hours ?? t("flow.works") : t("flow.off"), one.name ?? "–"])) : "",
    el("details", {}, el("summary", {}, t("flow.set_local")), localForm(found)),
  );
}

const field = (key, node) => el("label", { class: "field" }, el("span", {}, t(key)), node);

/** A form that sends what `read` makes of its fields, and says in itself what is wrong. */
function form(fields, read, send) {
  const said = el("div", { role: "status" });
  const node = el("form", { class: "calendar-form" }, ...fields, el("div", { class: "flow-acts" }, el("button", { class: "button button-primary", type: "submit" }, t("flow.keep"))), said);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await tried(said, () => send(read(node.elements)))) await calendar();
  });
  return node;
}

function yearForm(found) {
  const year = Math.max(Number(data.today.slice(0, 4)), ...found.years.filter((one) => !one.provisional).map((one) => one.year)) + 1;
  const days = el("textarea", { name: "days", required: true, spellcheck: "false", placeholder: t("flow.year_days_like", { year }) });
  return form(
    [
      field("flow.year", el("input", { name: "year", type: "number", required: true, min: 2000, max: 2060, value: year })),
      field("flow.source", el("input", { name: "source", required: true, maxlength: 300 })),
      field("flow.year_days", days),
      fromFile(days),
    ],
    ({ year: of, source, days: { value } }) => ({ year: Number(of.value), source: source.value, days: headed(value, "day,kind,name") }),
    (read) => post("/calendars", read),
  );
}

function localForm(found) {
  const office = el("textarea", { name: "office", class: "is-short", required: true, spellcheck: "false" });
  office.value = found.office.map((one) => `${one.since} ${one.hours}`).join("\n");
  return form(
    [field("flow.local_days", el("textarea", { name: "days", class: "is-short", spellcheck: "false", placeholder: t("flow.local_days_like", { year: data.today.slice(0, 4) }) })), field("flow.office", office)],
    ({ days, office: { value } }) => ({ days: headed(days.value, "day,kind,name,hours"), office: lines(value).map(hours) }),
    (read) => post("/calendars/local", read),
  );
}

const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);

function hours(line) {
  const [since, ...rest] = line.split(/\s+/);
  return { since, hours: rest.join(" ") };
}

/** CSV with its heading: whoever types days in a box leaves that out. */
function headed(text, heading) {
  const rows = lines(text.replace(/^\ufeff/, "").replaceAll("，", ","));
  return [...(rows[0]?.startsWith("day,") ? [] : [heading]), ...rows, ""].join("\n");
}

/** A button that fills a box from a file. */
function fromFile(box) {
  const input = el("input", { type: "file", accept: ".csv,text/csv,text/plain", hidden: true, "aria-label": t("flow.from_file") });
  input.addEventListener("change", async () => { if (input.files[0]) box.value = await input.files[0].text(); });
  return el("div", { class: "flow-acts" }, button("flow.from_file", () => input.click()), input);
}
