// The drawing of a plan on the map: thousands of cells on canvases, each replaced alone where an edit changes it.

import { byId, el, look, named, number, t } from "./dom.js";
import { legend, middle } from "./map.js";
import { CellField, Detail } from "./plan-field.js";

/* global L */

export const MEASURES = ["households", "visit_hours", "open", "red", "enterprises", "blasting_zones", "walk_m", "area_m2"];
/** The groups that a plan draws; all go when it is closed. */
const GROUPS = ["cells", "planBefore", "planNames", "chosen", "chosenCasing", "history"];
const EDGE = { color: look.lines.cell.colour, weight: look.lines.cell.width };

export class PlanMap {
  /** `before`: the cells in force today, with whose figures the names begin. */
  constructor(county, before, onPick) {
    Object.assign(this, { county, onPick, measure: "households", chosen: [] });
    this.before = new Map(before.features.map((one) => [one.properties.code, one]));
  }

  /** `store`: the plan's cells, the shapes before it, and finer ones for the part in view. */
  draw(store) {
    this.store = store;
    this.cells = store.cells;
    this.#measure();
    this.field = new CellField(this.county, { colour: (properties) => this.#colour(properties[this.measure]), edge: EDGE });
    this.field.set(this.cells.values());
    this.county.put("cells", this.field);
    this.detail?.close();
    this.detail = new Detail(this.county, store.metres, { ask: (given) => store.finer(given), put: (features) => this.field.set(features) });
    this.clicked ??= ({ latlng, originalEvent }) => { const code = this.field.at(latlng); if (code) this.onPick(code, originalEvent); };
    this.county.map.off("click", this.clicked).on("click", this.clicked);
    this.#legend();
    this.#marks();
  }

  #measure() {
    this.breaks = breaksOf([...this.cells.values()].map((one) => one.properties[this.measure]));
  }

  shadeBy(measure) {
    this.measure = measure;
    this.#measure();
    this.field.draw();
    this.#legend();
  }

  /** Only what an edit changed is drawn anew. */
  replace(features, gone) {
    this.field.delete(gone);
    this.field.set(features);
    this.choose(this.chosen.filter((code) => this.cells.has(code)));
  }

  #colour(value) {
    if (value === null || value === undefined) return look.colours.too_few;
    return look.load[this.breaks.filter((one) => value >= one).length];
  }

  choose(codes) {
    this.chosen = codes;
    this.#marks();
  }

  #marks() {
    this.county.choose(this.chosen.map((code) => this.cells.get(code)).filter(Boolean));
    const changed = [...this.cells.values()].filter((one) => one.properties.changed);
    const old = [...changed.filter((one) => one.was).map((one) => ({ ...one, geometry: one.was })), ...this.store.gone.values()];
    const dashed = { fill: false, color: look.colours.ink, weight: 1.4, dashArray: "5 4" };
    this.county.put("planBefore", this.county.geojson({ type: "FeatureCollection", features: old }, "chosen", { style: dashed }));
    const told = new Map([...changed.slice(0, 60), ...this.chosen.map((code) => this.cells.get(code)).filter(Boolean)].map((one) => [one.properties.code, one]));
    this.county.put("planNames", L.layerGroup([...told.values()].map((one) => this.#label(one))));
  }

  #label({ geometry, properties: { code, worker, households } }) {
    const was = this.before.get(code)?.properties.households;
    const homes = was === undefined || was === households ? number(households) : t("redraw.from_to", { before: number(was), after: number(households) });
    return this.county.label(
      middle(geometry), "name name-cell plan-name", el("b", {}, short(code)), el("br"), worker ? named(worker) : t("redraw.nobody"), el("br"),
      el("span", { class: "plan-name-n" }, t("redraw.households_n", { n: homes })),
    );
  }

  #legend() {
    const ramp = { draw: "ramp", colours: look.load, breaks: this.breaks, label: t(`redraw.by.${this.measure}`) };
    const lines = [
      { draw: "line", colour: look.lines.selection.colour, width: 3, label: t("redraw.chosen") },
      { draw: "line", colour: look.colours.ink, width: 1.4, label: t("redraw.before") },
    ];
    legend(t(`redraw.by.${this.measure}`), [[ramp], lines]);
  }

  fitTo(codes, zoom = 15.5) {
    const features = codes.map((code) => this.cells.get(code)).filter(Boolean);
    if (features.length) this.county.fit(this.county.geojson({ type: "FeatureCollection", features }, "chosen"), 90, zoom);
  }

  /** Another drawing instead of the plan's, to look at; null: the plan again. */
  history(collection) {
    const hidden = collection ? 0.15 : 1;
    for (const pane of ["shade", "chosen", "names"]) this.county.map.getPane(pane).style.opacity = hidden;
    if (!collection) return this.county.drop("history");
    return this.county.put("history", this.county.geojson(collection, "points", { style: { fill: false, color: look.colours.accent, weight: 1.6 } }));
  }

  close() {
    this.history(null);
    this.detail?.close();
    this.county.map.off("click", this.clicked);
    for (const name of GROUPS) this.county.drop(name);
    byId("legend").hidden = true;
  }
}

/** A cell's code as people say it within a community. */
export const short = (code) => code.slice(-6);

/** Four round breaks at 50, 80, 120 and 160 % of the mean, as the server's own shading has them. */
function breaksOf(values) {
  const known = values.filter((one) => one !== null && one !== undefined);
  const mean = known.reduce((sum, one) => sum + one, 0) / (known.length || 1) || 1;
  const unit = 10 ** Math.floor(Math.log10(mean / 20));
  const step = unit * (mean / 20 / unit < 2 ? 1 : mean / 20 / unit < 5 ? 2 : 5);
  return [0.5, 0.8, 1.2, 1.6].map((share) => Number((Math.round((mean * share) / step) * step).toFixed(6)));
}
