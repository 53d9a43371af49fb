// What a rule of routing asks and where it sends, in words: names instead of codes, days and hours as people write them.

import { lang, named, t } from "./dom.js";
import { all, get } from "./http.js";

const none = { rows: [] };

/** Names of categories, areas and bodies by what rules call them; only of what is asked for, none where they cannot be had. */
export async function ruleNames({ categories = true, areas = true, bodies = true } = {}) {
  const [kinds, places, units] = await Promise.all([
    categories ? get("/categories").catch(() => []) : [],
    areas ? all("/areas").catch(() => none) : none,
    bodies ? all("/bodies").catch(() => none) : none,
  ]);
  const byCode = (rows) => new Map(rows.map((one) => [one.code, named(one)]));
  return {
    categories: byCode(kinds), areas: byCode(places.rows), bodies: byCode(units.rows), paths: pathsOf(places.rows),
    departments: new Set(units.rows.map((one) => one.department).filter(Boolean).sort()),
  };
}

/** The path of each area by its code: its own behind those above it, as rules ask for them. */
function pathsOf(areas) {
  const above = new Map(areas.map((one) => [one.code, one.parent]));
  const path = (code) => (above.get(code) ? path(above.get(code)) : "/") + `${code}/`;
  return new Map(areas.map(({ code }) => [code, path(code)]));
}

const two = (n) => String(n).padStart(2, "0");
/** A minute of the day as a clock shows it. */
export const clock = (minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
/** 2024 began on a Monday. */
export const dayName = (n) => new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + n)));

const VALUES = {
  categories: (codes, names) => codes.map((one) => names.categories.get(one) ?? one),
  // a path of codes from the county down: what is asked is its end
  areas: (paths, names) => paths.map((one) => names.areas.get(one.split("/").filter(Boolean).pop()) ?? one),
  enterprise_ids: (ids) => ids.map(String),
  enterprise_kinds: (kinds) => kinds.map((one) => t(`enterprise.${one}`)),
  channels: (channels) => channels.map((one) => t(`channel.${one}`)),
  words: (texts) => texts.map((one) => (lang === "zh" ? `“${one}”` : `"${one}"`)),
  weekdays: (bits) => [0, 1, 2, 3, 4, 5, 6].filter((n) => bits & (1 << n)).map(dayName),
  hours: ([from, until]) => [`${clock(from)}–${clock(until)}`],
};

/** What a rule asks: [] where it takes everything. */
export const asks = (when, names) => Object.entries(when).map(([name, value]) => t("rule.asks", { name: t(`rule.${name}`), values: VALUES[name](value, names).join(lang === "zh" ? "、" : ", ") }));

/** A body's code, or a desk such as "desk:town", by name. */
export function placeName(code, names) {
  const [to, level] = code.split(":");
  return to === "desk" && level ? t("flow.to.desk", { name: t(`flow.level.${level}`) }) : names.bodies.get(code) ?? code;
}
