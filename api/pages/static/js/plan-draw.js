// Drawing on the map for a split or a part: corner by corner with the mouse, or by the middle of the map and the keyboard.

import { look } from "./dom.js";
import { onGround } from "./plan-lines.js";

/* global L */

const NEAR_PX = 10;

export class Pen {
  /** `closed`: an area instead of a line. `onChange(places)`, `onDone(places)`. */
  constructor(county, { onChange, onDone }) {
    Object.assign(this, { county, onChange, onDone, places: [], closed: false, corners: [], on: false });
    county.map.on("click", (event) => { if (this.on) this.add(this.#place(event)); });
    county.map.on("dblclick", () => { if (this.on) this.done(); });
    county.map.on("mousemove", ({ latlng }) => { if (this.on && this.places.length) this.#draw(county.degrees(latlng)); });
  }

  /** `corners`: vertices of borders, which a place near them is put on, bit for bit. */
  begin({ closed, corners }) {
    Object.assign(this, { closed, corners, places: [], on: true });
    this.county.map.doubleClickZoom.disable();
    this.county.box.classList.add("drawing");
    this.#draw();
  }

  end() {
    this.on = false;
    this.places = [];
    this.county.map.doubleClickZoom.enable();
    this.county.box.classList.remove("drawing");
    this.county.drop("pen");
  }

  add(place) {
    const last = this.places.at(-1);
    if (last && last[0] === place[0] && last[1] === place[1]) return; // the second click of a double one
    this.places.push(place);
    this.#draw();
    this.onChange(this.places);
  }

  addMiddle() { this.add(this.#place({ latlng: this.county.map.getCenter() })); }

  removeLast() {
    this.places.pop();
    this.#draw();
    this.onChange(this.places);
  }

  done() {
    if (this.places.length >= (this.closed ? 3 : 2)) this.onDone(this.places);
  }

  #place({ latlng, originalEvent }) {
    const { map } = this.county;
    if (originalEvent?.altKey) return this.county.degrees(latlng);
    const at = map.latLngToContainerPoint(latlng);
    const far = (place) => map.latLngToContainerPoint(this.county.at(...place)).distanceTo(at);
    const nearest = this.corners.reduce((best, place) => (far(place) < (best ? far(best) : NEAR_PX) ? place : best), null);
    if (nearest) return nearest;
    return this.county.degrees(onGround(this.county, latlng)?.latlng ?? latlng);
  }

  #draw(next = null) {
    const style = { renderer: this.county.renderers.chosen, pane: "chosen", interactive: false, color: look.colours.accent, weight: 3, fillOpacity: 0.15 };
    const at = [...this.places, ...(next ? [next] : [])].map((place) => this.county.at(...place));
    const shape = this.closed && at.length > 2 ? L.polygon(at, style) : L.polyline(at, { ...style, dashArray: "8 5" });
    const dots = this.places.map((place) => L.circleMarker(this.county.at(...place), { ...style, radius: 5, fillColor: "#FFFFFF", fillOpacity: 1, weight: 2 }));
    this.county.put("pen", L.layerGroup([shape, ...dots]));
  }
}
