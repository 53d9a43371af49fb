// Figures as files: what a page shows, to take along as CSV.

import { el, t } from "./dom.js";

/** Rows as CSV: text quoted, numbers plain, so that spreadsheets read it as UTF-8 and never as formulas. */
export function csv(rows) {
  const safe = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? ""));
  return rows.map((row) => row.map((value) => `"${safe(value).replaceAll('"', '""')}"`).join(",")).join("\r\n");
}

/** Hand something over as a file of this name. */
export function give(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A button that hands over `rows()` (the first names the columns) as a file. */
export function file(name, rows) {
  const hand = () => give(new Blob(["\uFEFF", csv(rows())], { type: "text/csv" }), `${name}.csv`);
  return el("button", { class: "link", type: "button", dataset: { file: name }, on: { click: hand } }, t(`file.${name}`));
}

/** Things as rows: the columns' names, then of each thing these values. A list becomes words between blanks. */
export function rowsOf(things, columns) {
  const names = Object.keys(columns);
  const plain = (value) => (Array.isArray(value) ? value.join(" ") : value ?? "");
  return [names, ...things.map((thing) => names.map((name) => plain(columns[name](thing))))];
}
