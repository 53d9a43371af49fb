// The findings as tables, in the map's place: circles of the scan, enterprises by evidence, cells that stand out.

import { named, number, t } from "./dom.js";
import { Table } from "./table.js";

export const small = (value) => (value === null || value === undefined ? "–" : value < 0.001 ? "< 0.001" : value.toFixed(3));

const column = (key, title, value, more = {}) => ({ key, title: t(title), value, ...more });
const figure = (key, title, value) => column(key, title, value, { number: true });
const chance = (name) => ({ key: name, title: name, value: (row) => row[name], text: (row) => small(row[name]), number: true });

/** `evidence(row)`: how much speaks for an enterprise; `where(row)`: the circles and groups it stands in. */
export function twins({ evidence, where }) {
  const circles = new Table([
    column("name", "finding.circles", (row) => row.name),
    figure("cells", "finding.circle_cells", (row) => row.members.length),
    figure("radius", "finding.circle_radius", (row) => row.radius_m / 1000),
    figure("households", "insight.households", (row) => row.households),
    figure("observed", "finding.observed", (row) => row.cases),
    figure("expected", "finding.expected", (row) => row.expected),
    chance("p"),
  ], { caption: t("finding.circles"), sort: "name", descending: false });
  const table = new Table([
    column("name", "finding.enterprise", (row) => named(row)),
    column("evidence", "finding.verdict", evidence, { text: (row) => t(`verdict.${row.verdict}`), number: true }),
    figure("households", "insight.households", (row) => row.near.households),
    figure("observed", "finding.observed", (row) => row.near.observed),
    figure("expected", "finding.expected", (row) => row.near.expected),
    figure("excess", "finding.excess", (row) => row.excess),
    chance("q"),
    column("where", "finding.where", where),
  ], { caption: t("finding.table"), sort: "evidence" });
  const spots = new Table([
    column("name", "finding.cell", (row) => named(row)),
    column("class", "finding.verdict", (row) => -row.q, { text: (row) => t(row.class.startsWith("hot") ? "finding.hot" : "finding.cold", { level: row.class.slice(-2) }), number: true }),
    figure("households", "insight.households", (row) => row.households),
    figure("observed", "finding.observed", (row) => row.count),
    figure("expected", "finding.expected", (row) => row.expected),
    chance("q"),
    column("emerging", "finding.two_years", (row) => (row.emerging && row.emerging !== "none" ? t(`emerging.${row.emerging.replace(" ", "_")}`) : "–")),
  ], { caption: t("finding.cells_table"), sort: "class" });
  return { circles, table, spots };
}
