// A row of months as a drawing: a bar a month, the row without its season as a line, changes of level dashed.

import { el, lang, monthName, svg, t } from "./dom.js";

const WIDE = 384, TALL = 56, FOOT = 16;

/** `trend`: as an analysis tells it of its area. */
export function trendChart({ months, observed, adjusted, changes, said }) {
  const step = WIDE / Math.max(months.length, 1), most = Math.max(...observed, ...(adjusted ?? []), 1);
  const high = (value) => TALL - (TALL - 4) * Math.max(value, 0) / most;
  const bars = observed.map((seen, i) => svg("rect", { class: "seen", x: (i + 0.15) * step, y: high(seen), width: 0.7 * step, height: TALL - high(seen) }, svg("title", {}, `${monthName(months[i])}: ${seen}`)));
  const line = adjusted && svg("polyline", { class: "level", points: adjusted.map((value, i) => `${((i + 0.5) * step).toFixed(1)},${high(value).toFixed(1)}`).join(" ") });
  const marks = changes.map(({ month }) => svg("path", { class: "change", d: `M${(months.indexOf(month) * step).toFixed(1)} 0V${TALL}` }));
  const years = months.flatMap((month, i) => (month.endsWith("-01") ? [svg("text", { x: i * step, y: TALL + 12 }, month.slice(0, 4))] : []));
  const words = ["trend.seen", ...(line ? ["trend.level"] : []), ...(marks.length ? ["trend.change"] : [])].map((key) => el("span", { class: key.slice(6) }, t(key)));
  return el(
    "figure", { class: "trend" },
    svg("svg", { viewBox: `0 0 ${WIDE} ${TALL + FOOT}`, role: "img", "aria-label": said[lang] }, ...bars, ...[line, ...marks, ...years].filter(Boolean)),
    el("figcaption", {}, ...words),
  );
}
