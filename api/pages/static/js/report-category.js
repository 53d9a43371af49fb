// The first step of a report: what it is, by what was used last, by search, or from the list.

import { el, named, t } from "./dom.js";
import { recentCategories } from "./drafts.js";
import { icon } from "./glyphs.js";

/** `categories`: null until they have come; `onChoose(code)`. */
export function categoryPart(categories, onChoose) {
  const all = categories ?? [];
  const list = el("ul", { class: "categories" });
  const tops = new Map(all.filter((one) => !one.parent).map((one) => [one.code, one]));
  const leaves = all.filter((one) => one.parent || !all.some((other) => other.parent === one.code));
  const fill = (wanted) => {
    const found = leaves.filter((one) => [one.name, one.name_en, one.code, named(tops.get(one.parent))].some((text) => text?.toLowerCase().includes(wanted)));
    list.replaceChildren(...found.map((one) => el(
      "li", {}, el("button", { type: "button", dataset: { code: one.code }, on: { click: () => onChoose(one.code) } },
        el("span", {}, named(one)), el("span", { class: "quiet" }, named(tops.get(one.parent)))),
    )));
    if (!found.length && categories) list.append(el("li", { class: "report-part quiet" }, t("report.no_category")));
  };
  fill("");
  const input = el("input", {
    type: "search", placeholder: t("report.search"), "aria-label": t("report.search"), autocomplete: "off",
    on: { input: () => fill(input.value.trim().toLowerCase()) },
  });
  return el("div", { class: "report-part" }, el("h2", {}, t("report.what")), recentPart(leaves, onChoose), el("div", { class: "category-search" }, icon("search", 22), input), list);
}

function recentPart(leaves, onChoose) {
  const recent = recentCategories().map((code) => leaves.find((one) => one.code === code)).filter(Boolean);
  return recent.length > 0 && el("div", { class: "recent", role: "group", "aria-label": t("phone.recent") }, ...recent.map((one) => el(
    "button", { class: "button", type: "button", dataset: { recent: one.code }, on: { click: () => onChoose(one.code) } }, named(one),
  )));
}
