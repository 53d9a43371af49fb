// The tools of a redraw: what a click on a cell means now, and what each tool says and asks.

import { byId, el, lang, named, t } from "./dom.js";
import { Pen } from "./plan-draw.js";
import { Handles } from "./plan-handles.js";
import { areaWkb, crossings, keyOf, ringsOf, same } from "./plan-lines.js";
import { short } from "./plan-map.js";

/** Tool -> its key and its sign (24 by 24). */
const TOOLS = {
  choose: ["v", "M5 3l6 16 2.200-6.800L20 10z"],
  vertices: ["e", "M4 18C7 8 14 5 20 6M4 18h.010M20 6h.010M9.500 9.500h.010"],
  add: ["n", "M3 12h6m6 0h6M12 9v6M9 12h6"],
  split: ["s", "M5 4l14 16M5 20L19 4"],
  merge: ["m", "M12 3v8m0 0l-7 9m7-9l7 9"],
  part: ["p", "M4 4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 8V4M9 9h6v6H9z"],
};

export class Tools {
  /** `session`: {store, map, county, communities, edit(edits), chosen(codes)}. */
  constructor(session) {
    Object.assign(this, { session, tool: "choose", shared: { borders: [], nodes: [] } });
    this.handles = new Handles(session.county, {
      onMove: (place, to) => session.edit([{ kind: "move_node", place, to }]),
      onAdd: (a, b, to) => session.edit([{ kind: "reshape", old: [a, b], new: [a, to, b] }]),
      onRemove: (a, place, b) => session.edit([{ kind: "reshape", old: [a, place, b], new: [a, b] }]),
      onSay: (text) => { byId("plan-say").textContent = text ?? ""; },
    });
    this.pen = new Pen(session.county, { onChange: () => this.#hint(), onDone: () => this.#finish() });
    this.rail = byId("plan-tools");
    this.rail.replaceChildren(...Object.entries(TOOLS).map(([name, [key, path]]) => this.#button(name, key, path)));
    this.keys = (event) => this.#key(event);
    document.addEventListener("keydown", this.keys);
  }

  close() {
    document.removeEventListener("keydown", this.keys);
    this.handles.clear();
    this.pen.end();
    byId("plan-hint").hidden = true;
    this.rail.hidden = true;
  }

  #button(name, key, path) {
    const label = t(`redraw.tool.${name}`);
    const NS = "http://www.w3.org/2000/svg";
    const sign = document.createElementNS(NS, "svg");
    sign.setAttribute("viewBox", "0 0 24 24");
    sign.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(NS, "path");
    for (const [attribute, value] of Object.entries({ d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.9, "stroke-linecap": "round", "stroke-linejoin": "round" })) line.setAttribute(attribute, value);
    sign.append(line);
    const props = { class: "tool", type: "button", title: `${label} (${key.toUpperCase()})`, "aria-label": label, "aria-keyshortcuts": key, "aria-pressed": name === this.tool, dataset: { tool: name } };
    return el("button", { ...props, on: { click: () => this.use(name) } }, sign, el("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
  }

  /** What can be done changes with the plan's status, what is chosen and what the cells are. */
  async refresh() {
    const { store, map } = this.session;
    this.rail.hidden = !this.session.editable;
    const asked = map.chosen;
    const shared = this.session.editable && asked.length ? await store.shared(asked) : { borders: [], nodes: [] };
    if (asked !== map.chosen) return; // others were chosen meanwhile, and their borders are on the way
    this.shared = shared;
    this.#drawHandles();
    this.#hint();
    this.session.county.box.dataset.handles = asked.join(",");
  }

  use(name) {
    this.tool = name;
    for (const button of this.rail.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    if (name === "split" || name === "part") this.pen.begin({ closed: name === "part", corners: this.#corners() });
    else this.pen.end();
    this.#drawHandles();
    this.#hint();
    if (name === "merge") byId("plan-merge")?.focus();
  }

  #corners() {
    return [...new Map(this.shared.borders.flatMap((one) => one.coordinates).map((place) => [keyOf(place), place])).values()];
  }

  #drawHandles() {
    if (["vertices", "add"].includes(this.tool) && this.shared.borders.length) this.handles.show(this.shared, { adding: this.tool === "add" });
    else this.handles.clear();
    if (this.pen.on) this.pen.corners = this.#corners();
  }

  /** A click on a cell; false where the map is to have it, for drawing. */
  pick(code, more) {
    if (this.pen.on) return false;
    const { map } = this.session;
    const many = more || this.tool === "merge";
    const others = map.chosen.filter((one) => one !== code);
    this.session.chosen(many ? (others.length < map.chosen.length ? others : [...others, code]) : [code]);
    return true;
  }

  #key(event) {
    if (event.target.closest("input, textarea, select, dialog") || !this.session.editable) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const way = key === "y" || (key === "z" && event.shiftKey) ? "redo" : key === "z" ? "undo" : null;
      if (!way) return;
      event.preventDefault();
      this.session[way]();
      return;
    }
    const found = Object.entries(TOOLS).find(([, [own]]) => own === key);
    if (found && !event.altKey) this.use(found[0]);
    else if (event.key === "Escape") this.use("choose");
    else if (event.key === "Enter" && this.pen.on && !event.target.closest("button")) this.pen.done();
    else if (event.key === "Backspace" && this.pen.on) this.pen.removeLast();
  }

  // --- what the tool says and asks ---

  #hint() {
    const bar = byId("plan-hint");
    const { chosen } = this.session.map;
    bar.hidden = !this.session.editable;
    const say = el("span", { id: "plan-say", role: "status" });
    const parts = { vertices: () => this.#list(), add: () => [], split: () => this.#splitting(), merge: () => this.#merging(), part: () => this.#parting(), choose: () => [] };
    const needs = { choose: 0, vertices: 1, add: 1, split: 1, merge: 2, part: 1 }[this.tool];
    const text = chosen.length < needs ? t("redraw.choose_first", { n: needs }) : t(`redraw.hint.${this.tool}`);
    bar.replaceChildren(el("b", {}, t(`redraw.tool.${this.tool}`)), el("span", {}, text), ...(chosen.length < needs ? [] : parts[this.tool]()), say);
  }

  #list() {
    const rows = this.handles.listed();
    const select = el("select", { class: "select", id: "plan-vertex", "aria-label": t("redraw.vertex_list") },
      el("option", { value: "" }, t("redraw.vertices_n", { n: rows.length })), ...rows.map(({ key, label }) => el("option", { value: key }, label)));
    select.addEventListener("change", () => this.handles.focus(select.value));
    return [select];
  }

  #drawn(label) {
    const enough = this.pen.places.length >= (this.pen.closed ? 3 : 2);
    return [
      el("button", { class: "button", type: "button", id: "plan-point", on: { click: () => this.pen.addMiddle() } }, t("redraw.point_here")),
      el("button", { class: "button button-primary", type: "button", id: "plan-done", disabled: !enough, on: { click: () => this.pen.done() } }, label),
    ];
  }

  #splitting() {
    const rows = this.shared.borders.flatMap((one) => one.coordinates.map((place) => [keyOf(place), place, one.cells]));
    const places = new Map(rows.map(([key, place]) => [key, place]));
    const sides = new Map(rows.map(([key, , cells]) => [key, cells.map((code) => (code ? short(code) : t("redraw.outside"))).join(" | ")]));
    const point = (name, label) => el("select", { class: "select", id: name, "aria-label": label }, el("option", { value: "" }, label),
      ...[...places.keys()].map((key, i) => el("option", { value: key }, `${i + 1}: ${sides.get(key)}`)));
    const [from, to] = [point("plan-from", t("redraw.from_point")), point("plan-to", t("redraw.to_point"))];
    const ready = () => { if (from.value && to.value && from.value !== to.value) this.#split([places.get(from.value), places.get(to.value)]); };
    from.addEventListener("change", ready);
    to.addEventListener("change", ready);
    return [...this.#drawn(t("redraw.split_now")), from, to];
  }

  #merging() {
    return [el("button", { class: "button button-primary", type: "button", id: "plan-merge", on: { click: () => this.#merge() } }, t("redraw.merge_now"))];
  }

  #parting() {
    const [source] = this.session.map.chosen;
    const beside = [...new Set(this.shared.borders.filter((one) => one.cells.includes(source)).flatMap((one) => one.cells))].filter((code) => code && code !== source);
    const select = el("select", { class: "select", id: "plan-target", "aria-label": t("redraw.target") },
      ...beside.map((code) => el("option", { value: code }, t("redraw.to_cell", { name: short(code) }))));
    if (beside.includes(this.target)) select.value = this.target;
    select.addEventListener("change", () => { this.target = select.value; });
    return [...this.#drawn(t("redraw.move_now")), select];
  }

  // --- what is done ---

  #finish() {
    if (this.tool === "split") return this.#split([...this.pen.places]);
    const [source] = this.session.map.chosen;
    const target = byId("plan-target")?.value;
    if (!source || !target) return null;
    return this.#do([{ kind: "move_part", source, target, area: areaWkb(this.pen.places) }]);
  }

  async #split(line) {
    const { store, map } = this.session;
    // the cell that the line crosses most, or on whose rim its ends lie bit for bit
    const crossed = map.chosen.map((code) => {
      const { geometry } = store.cells.get(code);
      return { code, times: crossings(line, geometry), ends: [line[0], line.at(-1)].filter((end) => ringsOf(geometry).flat().some((place) => same(place, end))).length };
    }).sort((a, b) => b.times + b.ends - a.times - a.ends);
    if (!crossed.length) return;
    const { code, times } = crossed[0];
    const pieces = Math.max(2, Math.floor(times / 2) + 1);
    await this.session.guarded(async () => {
      const more = await store.codes(store.cells.get(code).properties.community, pieces - 1);
      await this.#do([{ kind: "split", cell: code, line, codes: [code, ...more] }]);
    });
  }

  /** The cell with most households keeps its code and community: fewest people learn a new one. */
  #merge() {
    const { store, map } = this.session;
    const cells = map.chosen.map((code) => store.cells.get(code).properties).sort((a, b) => b.households - a.households);
    return this.#do([{ kind: "merge", cells: cells.map((one) => one.code), code: cells[0].code, community: cells[0].community }]);
  }

  async #do(edits) {
    if (await this.session.edit(edits)) this.use("choose");
  }

  /** Give a cell to another community, with a code of it. */
  async changeCommunity(code, community) {
    await this.session.guarded(async () => {
      const [fresh] = await this.session.store.codes(community, 1);
      await this.session.edit([{ kind: "change_community", cell: code, community }, { kind: "assign_codes", codes: [[code, fresh]] }]);
    });
  }

  /** Communities to choose from, by name in the page's language. */
  communities() {
    return [...this.session.communities.values()].filter((one) => one.level === "community")
      .sort((a, b) => named(a).localeCompare(named(b), lang));
  }
}
