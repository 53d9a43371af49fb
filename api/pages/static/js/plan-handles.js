// The vertices of the chosen cells' borders as handles: dragged with the mouse or moved with the keyboard. A border has
// each vertex once, so both neighbours follow.

import { distance, el, look, number, t } from "./dom.js";
import { keyOf, metres, middleOf, onGround, same, shifted } from "./plan-lines.js";
import { short } from "./plan-map.js";

/* global L */

const STEP_M = 5;
const LEAP_M = 50;
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export class Handles {
  /** `onMove(place, to)`, `onAdd(a, b, to)`, `onRemove(previous, place, next)`, `onSay(text)` while something is held. */
  constructor(county, listeners) {
    Object.assign(this, { county, ...listeners, markers: new Map(), vertices: new Map() });
  }

  /** `adding`: also a small handle in the middle of each piece of a border, which puts a vertex there. */
  show({ borders, nodes }, { adding = false } = {}) {
    this.clear();
    const crossings = new Set(nodes.map(keyOf));
    const fixed = new Set(borders.filter((one) => one.cells.includes(null)).flatMap((one) => one.coordinates.map(keyOf)));
    for (const border of borders.filter((one) => !one.cells.includes(null))) this.#collect(border, crossings, fixed);
    const markers = [...this.vertices.values()].map((one) => this.#marker(one));
    if (adding) markers.push(...borders.filter((one) => !one.cells.includes(null)).flatMap((one) => this.#middles(one)));
    this.county.put("handles", L.layerGroup(markers));
    if (this.wanted) this.focus(this.wanted);
  }

  #collect(border, crossings, fixed) {
    border.coordinates.forEach((place, i) => {
      const key = keyOf(place);
      if (fixed.has(key)) return;
      const one = this.vertices.get(key) ?? { key, place, node: crossings.has(key), cells: new Set(), beside: [] };
      for (const code of border.cells) one.cells.add(code);
      for (const other of [border.coordinates[i - 1], border.coordinates[i + 1]]) {
        if (other && !one.beside.some((known) => same(known, other))) one.beside.push(other);
      }
      this.vertices.set(key, one);
    });
  }

  clear() {
    this.county.drop("handles");
    this.county.drop("ghost");
    this.vertices.clear();
    this.markers.clear();
  }

  /** What a list of vertices says of each, in the order from west to east. */
  listed() {
    return [...this.vertices.values()].sort((a, b) => a.place[0] - b.place[0]).map((one, i) => ({ key: one.key, label: this.#named(one, i + 1) }));
  }

  #named(one, n = null) {
    const cells = [...one.cells].map(short).sort().join(" | ");
    return t(one.node ? "redraw.node_of" : "redraw.vertex_of", { cells, n: n === null ? "" : number(n) });
  }

  focus(key) {
    const marker = this.markers.get(key);
    this.wanted = null;
    if (!marker) return false;
    if (!this.county.map.getBounds().contains(marker.getLatLng())) this.county.map.panTo(marker.getLatLng(), { animate: false });
    marker.getElement()?.focus();
    return true;
  }

  #marker(vertex) {
    const label = this.#named(vertex);
    const html = el("span", { class: `vertex ${vertex.node ? "vertex-node" : ""}` });
    const [lon, lat] = vertex.place;
    const marker = L.marker(this.county.at(lon, lat), {
      icon: L.divIcon({ html, className: "vertex-hold", iconSize: [24, 24] }), draggable: true, keyboard: true, alt: label, title: label,
    });
    this.markers.set(vertex.key, marker);
    this.#held(marker, vertex, (to) => this.onMove(vertex.place, to));
    marker.on("add", () => {
      const node = marker.getElement();
      node.dataset.vertex = vertex.key;
      node.setAttribute("aria-label", label);
    });
    return marker;
  }

  #middles(border) {
    return border.coordinates.slice(1).map((b, i) => {
      const a = border.coordinates[i];
      const [lon, lat] = middleOf(a, b);
      const label = t("redraw.add_here");
      const html = el("span", { class: "vertex vertex-middle" });
      const icon = L.divIcon({ html, className: "vertex-hold", iconSize: [20, 20] });
      const marker = L.marker(this.county.at(lon, lat), { icon, draggable: true, keyboard: true, alt: label, title: label });
      this.#held(marker, { place: [lon, lat], beside: [a, b] }, (to) => this.onAdd(a, b, to));
      return marker;
    });
  }

  /** Mouse and keys of one handle: the way it takes is shown while it is held, and nothing is changed before it is let go. */
  #held(marker, vertex, commit) {
    const home = marker.getLatLng();
    let moved = null;
    const preview = (place) => { moved = place; this.#ghost(vertex, place); };
    const back = () => { moved = null; marker.setLatLng(home); this.county.drop("ghost"); this.onSay(null); };
    marker.on("drag", ({ latlng, originalEvent }) => {
      const found = originalEvent?.altKey ? null : onGround(this.county, latlng);
      if (found) marker.setLatLng(found.latlng);
      preview(this.county.degrees(marker.getLatLng()));
      if (found) this.onSay(t(`redraw.snapped.${found.what}`));
    });
    marker.on("dragend", () => { if (moved) this.#commit(moved, commit); });
    marker.on("add", () => {
      const node = marker.getElement();
      node.addEventListener("keydown", (event) => {
        if (this.committing) return; // the handle is about to be drawn where it is now
        const arrow = ARROWS[event.key];
        if (arrow && !event.ctrlKey && !event.metaKey) {
          const step = event.shiftKey ? LEAP_M : STEP_M;
          preview(shifted(moved ?? vertex.place, arrow[0] * step, arrow[1] * step));
          marker.setLatLng(this.county.at(...moved));
        } else if (event.key === "Enter" && moved) this.#commit(moved, commit);
        else if (event.key === "Escape" && moved) back();
        else if (event.key === "Delete" && vertex.key && !vertex.node && vertex.beside.length === 2) this.onRemove(vertex.beside[0], vertex.place, vertex.beside[1]);
        else return;
        event.preventDefault();
        event.stopPropagation();
      });
      node.addEventListener("blur", () => { if (moved && !this.committing) back(); });
    });
  }

  #commit(to, commit) {
    this.committing = true;
    this.wanted = keyOf(to);
    Promise.resolve(commit(to)).finally(() => { this.committing = false; });
  }

  /** The new way solid, the old one dashed. */
  #ghost({ place, beside }, to) {
    const at = (one) => this.county.at(...one);
    const line = (from, style) => beside.map((other) => L.polyline([at(from), at(other)], {
      renderer: this.county.renderers.chosen, pane: "chosen", interactive: false, ...style,
    }));
    const old = line(place, { color: look.colours.ink, weight: 1.6, dashArray: "5 4" });
    const held = line(to, { color: look.lines.selection.colour, weight: 3 });
    this.county.put("ghost", L.layerGroup([...old, ...held]));
    this.onSay(t("redraw.moved", { distance: distance(metres(place, to)) }));
  }
}
