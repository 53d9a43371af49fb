// An open plan: what is chosen, edited, undone and shown, and the panel beside the map.

import { byId, data, el, moment, number, t } from "./dom.js";
import { light } from "./glyphs.js";
import { Problem, get, notice, post, upload } from "./http.js";
import { askBalance } from "./plan-balance.js";
import { PlanDiff, sides } from "./plan-diff.js";
import { drawFindings, drawHandovers, drawImpact } from "./plan-impact.js";
import { unseen } from "./plan-field.js";
import { MEASURES, PlanMap, short } from "./plan-map.js";
import { PlanStore, overtaken } from "./plan-store.js";
import { Tools } from "./plan-tools.js";
import { drawComments, drawHistory, drawStatus, drawSteps, drawWay } from "./plan-way.js";

/** Defects of an imported file that are listed; the others are counted. */
const MOST_DEFECTS = 12;

export class PlanSession {
  /** `before`: today's cells; `communities`: areas by code; `onClose()` once the plan is left; `onOpen(id)` for another one. */
  constructor(county, id, { before, communities, onClose, onOpen }) {
    Object.assign(this, { county, communities, onClose, onOpen, view: { by: "cells", all: false } });
    this.store = new PlanStore(id);
    this.map = new PlanMap(county, before, (code, event) => this.tools.pick(code, event.shiftKey || event.ctrlKey));
    this.tools = new Tools(this);
    this.diff = new PlanDiff(() => sides(this.store, byId("plan-against").value || null, this.looked), (work) => this.guarded(work));
  }

  get editable() { return data.me.role === "planner" && Boolean(this.store.plan) && this.store.draft; }

  async open() {
    document.body.classList.add("plan-open");
    this.#controls();
    if (!await this.guarded(() => this.store.load(unseen(this.county)))) return;
    this.map.draw(this.store);
    await this.tools.refresh();
    this.#panel();
    const changed = [...this.store.cells.values()].filter((one) => one.properties.changed).map((one) => one.properties.code);
    if (changed.length) this.map.fitTo(changed);
    await this.guarded(() => drawHistory((item) => this.#history(item)));
    this.county.box.dataset.plan = String(this.store.id);
  }

  close() {
    document.body.classList.remove("plan-open");
    this.tools.close();
    this.map.close();
    byId("plan-history").replaceChildren();
    byId("plan-history").hidden = true;
    byId("plan-trouble").replaceChildren();
    delete this.county.box.dataset.plan;
    this.onClose();
  }

  // --- what is done ---

  /** Do something; where it goes wrong, say so at the top of the panel. Whether it went well. */
  async guarded(work) {
    const trouble = byId("plan-trouble");
    try {
      await work();
      trouble.replaceChildren();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      trouble.replaceChildren(overtaken(error) ? this.#overtaken(error) : notice(error), ...this.#defects(error.body));
      const { lon, lat } = error.body;
      if (typeof lon === "number" && typeof lat === "number") this.county.map.panTo(this.county.at(lon, lat));
      return false;
    }
  }

  edit(edits) { return this.#changed(() => this.store.edit(edits)); }
  undo() { return this.#changed(() => this.store.undo()); }
  redo() { return this.#changed(() => this.store.redo()); }

  async #changed(work) {
    const went = await this.guarded(async () => {
      const { features, gone, fresh } = await work();
      // what a split made is chosen too, so that one goes on where one is
      this.map.chosen = [...this.map.chosen, ...fresh.slice(0, 40)];
      this.map.replace(features, gone);
    });
    // what went wrong stays said while the handles go back to where they were
    const said = [...byId("plan-trouble").children];
    if (went) this.#panel();
    if (await this.guarded(() => this.tools.refresh())) byId("plan-trouble").replaceChildren(...said);
    this.county.box.dataset.version = String(this.store.version);
    return went;
  }

  async chosen(codes) {
    this.map.choose(codes);
    this.#chosenPart();
    await this.guarded(() => this.tools.refresh());
    drawComments(this.store, this.map.chosen, (text, cell) => this.#say(text, cell));
  }

  async #step(name, body) {
    if (await this.guarded(() => this.store.step(name, body))) {
      this.#panel();
      await this.tools.refresh();
      await this.guarded(() => drawHistory((item) => this.#history(item)));
    }
  }

  async #say(text, cell) {
    if (await this.guarded(() => this.store.comment(text, cell))) drawComments(this.store, this.map.chosen, (more, of) => this.#say(more, of));
  }

  async #reload() {
    if (!await this.guarded(() => this.store.load(this.store.metres))) return;
    this.map.draw(this.store);
    this.map.choose(this.map.chosen.filter((code) => this.store.cells.has(code)));
    await this.tools.refresh();
    this.#panel();
  }

  #overtaken(error) {
    const { by, at, changes = [] } = error.body;
    const rows = changes.map((one) => el("li", {}, `${t(`redraw.kind.${one.kind}`)}${one.undone ? ` (${t("redraw.undone")})` : ""}`, one.by && el("span", { class: "quiet" }, ` ${one.by}`)));
    return el("div", { class: "notice notice-error", role: "alert", dataset: { overtaken: "" } }, el("b", {}, t("redraw.overtaken", { name: by ?? "", moment: moment(at) })),
      el("ul", {}, ...rows), el("button", { class: "button", type: "button", on: { click: () => this.#reload() } }, t("redraw.take_theirs")));
  }

  /** What is wrong with the file that was to be imported, each with its place, and a way to have it repaired. */
  #defects({ code, defects = [] }) {
    if (code !== "plan_defects") return [];
    const rows = defects.slice(0, MOST_DEFECTS).map((one) => {
      const names = one.cells.map(short).join(", ");
      return el("li", { dataset: { defect: one.kind } }, light("red", 18), el("div", {}, el("b", {}, `${names} `), t(`redraw.defect.${one.kind}`)),
        one.lon !== null && el("button", { class: "link", type: "button", "aria-label": t("redraw.show_cell", { name: names }), on: { click: () => this.#lookAt(one) } }, t("redraw.show")));
    });
    const rest = defects.length - rows.length;
    return [el("ul", { class: "plan-finding" }, ...rows), rest > 0 && el("p", { class: "quiet" }, t("redraw.more_n", { n: number(rest) })),
      el("button", { class: "button", type: "button", id: "plan-mend", on: { click: () => this.#import(this.file, true) } }, t("redraw.mend"))].filter(Boolean);
  }

  async #rebase() {
    await this.guarded(async () => {
      const { trouble } = await post(`/plans/${this.store.id}/rebase`, {}, { "If-Match": `"${this.store.version}"` });
      await this.#reload();
      if (trouble.length) byId("plan-trouble").replaceChildren(el("div", { class: "notice" }, el("b", {}, t("redraw.rebase_trouble", { n: trouble.length })),
        el("ul", {}, ...trouble.map((one) => el("li", {}, `${t(`redraw.kind.${one.kind}`)} ${one.cells.map(short).join(", ")}`)))));
    });
  }

  async #history(item) {
    this.looked = item;
    this.map.history(null);
    this.diff.draw();
    if (item) await this.guarded(async () => {
      const drawing = await get(`/drawings/${item.valid_from}`, { metres: unseen(this.county) });
      // the slider may be elsewhere by now
      if (this.looked === item) this.map.history(drawing);
    });
  }

  // --- the panel ---

  #controls() {
    const measure = byId("plan-measure");
    measure.replaceChildren(...MEASURES.map((one) => el("option", { value: one }, t(`redraw.by.${one}`))));
    measure.onchange = () => this.map.shadeBy(measure.value);
    byId("plan-close").onclick = () => this.close();
    byId("plan-print").onclick = () => print();
    byId("plan-by").onclick = () => { this.view.by = this.view.by === "cells" ? "workers" : "cells"; this.#impact(); };
    byId("plan-all").onclick = () => { this.view.all = !this.view.all; this.#impact(); };
    byId("plan-export").href = `/api/v1/plans/${this.store.id}/export`;
    const file = byId("plan-import");
    file.onchange = () => { if (file.files[0]) this.#import(file.files[0]); file.value = ""; };
    byId("plan-balance").onclick = () => askBalance(this.store, this.map.chosen, (edits) => this.edit(edits));
    this.#others();
  }

  async #import(file, mend = false) {
    this.file = file;
    const path = `/plans/${this.store.id}/import?mend=${mend}`;
    if (await this.guarded(() => upload(path, file, "application/geopackage+sqlite3", { "If-Match": `"${this.store.version}"` }))) await this.#reload();
  }

  /** Other plans that this one may be compared with, instead of the drawing that it began with. */
  async #others() {
    const { items } = await get("/plans", { limit: 50 });
    const select = byId("plan-against");
    select.replaceChildren(el("option", { value: "" }, t("redraw.against_drawing")),
      ...items.filter((one) => one.id !== this.store.id && one.status !== "withdrawn").map((one) => el("option", { value: one.id }, t("redraw.against_plan", { title: one.title }))));
    select.onchange = async () => {
      this.diff.draw();
      if (await this.guarded(() => this.store.weigh(select.value || null))) this.#impact();
    };
  }

  #panel() {
    const { store } = this;
    drawStatus(store);
    this.#chosenPart();
    this.#impact();
    drawFindings(store, (one) => this.#show(one));
    drawSteps(store, this.editable, { undo: () => this.undo(), redo: () => this.redo() });
    this.diff.draw();
    drawComments(store, this.map.chosen, (text, cell) => this.#say(text, cell));
    drawWay(store, { step: (name, body) => this.#step(name, body), reverse: () => this.#reverse(), rebase: () => this.#rebase() });
    for (const node of document.querySelectorAll("[data-editing]")) node.hidden = !this.editable;
    this.county.box.dataset.version = String(store.version);
  }

  async #reverse() {
    await this.guarded(async () => {
      const { id } = await this.store.reverse();
      this.close();
      this.onOpen(id);
    });
  }

  #impact() {
    byId("plan-by").textContent = t(this.view.by === "cells" ? "redraw.show_workers" : "redraw.show_cells");
    byId("plan-all").textContent = t(this.view.all ? "redraw.few_measures" : "redraw.all_measures");
    drawImpact(this.store, this.view, (code) => { this.chosen([code]); this.map.fitTo([code]); });
    drawHandovers(this.store.impact);
  }

  #show({ cell, lon, lat }) {
    this.chosen([cell]);
    this.#lookAt({ lon, lat });
  }

  #lookAt({ lon, lat }) {
    this.county.home = null;
    this.county.map.setView(this.county.at(lon, lat), Math.max(this.county.map.getZoom(), 15), { animate: false });
  }

  /** The chosen cells by name, each to be left; one alone can be given to another community; two and more balanced. */
  #chosenPart() {
    const codes = this.map.chosen;
    const chips = codes.map((code) => el("button", { class: "tag", type: "button", title: code, dataset: { chosen: code }, on: { click: () => this.chosen(this.map.chosen.filter((one) => one !== code)) } }, `${short(code)} ×`));
    const add = this.#choice();
    byId("plan-chosen").replaceChildren(...chips, add, ...(this.editable && codes.length === 1 ? [this.#community(codes[0])] : []));
    const button = byId("plan-balance");
    button.disabled = codes.length < 2;
    button.title = codes.length < 2 ? t("redraw.choose_first", { n: 2 }) : "";
  }

  /** The list of all cells: thousands of options, so it is made anew only where there are other cells. */
  #choice() {
    const { chosen } = this.map;
    const all = [...this.store.cells.keys()].sort();
    if (this.list?.all.length !== all.length || this.list.all.some((code, i) => code !== all[i])) {
      const select = el("select", { class: "select", id: "plan-choose", "aria-label": t("redraw.choose_cell") }, el("option", { value: "" }, t("redraw.choose_cell")),
        ...all.map((code) => el("option", { value: code }, code)));
      select.addEventListener("change", async () => {
        const more = select.value;
        select.value = "";
        if (!more || this.map.chosen.includes(more)) return;
        await this.chosen([...this.map.chosen, more]);
        this.map.fitTo(this.map.chosen);
      });
      this.list = { all, select, off: [] };
    }
    for (const option of this.list.off) option.disabled = false;
    this.list.off = chosen.map((code) => this.list.select.options[all.indexOf(code) + 1]).filter(Boolean);
    for (const option of this.list.off) option.disabled = true;
    return this.list.select;
  }

  #community(code) {
    const own = this.store.cells.get(code).properties.community;
    const all = this.tools.communities();
    const select = el("select", { class: "select", id: "plan-community", "aria-label": t("redraw.community") },
      ...all.map((one) => el("option", { value: one.code, selected: one.code === own }, one.name ?? one.code)));
    select.addEventListener("change", () => this.tools.changeCommunity(code, select.value));
    return select;
  }
}
