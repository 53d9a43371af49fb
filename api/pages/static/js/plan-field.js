// Thousands of cells on two canvases: fills below rivers and roads, borders above them. Each cell is a path made once; a
// pan or a zoom draws the paths that are in view, and nothing of it is in the page's tree.

/* global L */

/** Paths are kept in pixels of this zoom from a corner of their own, so that none loses places to rounding. */
const ZOOM = 14;
const PADDING = 0.25;

let Sheet = null;
/** A canvas that follows the map as Leaflet's own do, and is painted by a function. */
function sheet(pane, paint) {
  Sheet ??= L.Renderer.extend({
    _initContainer() { this._container = document.createElement("canvas"); },
    _destroyContainer() { this._container.remove(); delete this._container; },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const sharp = window.devicePixelRatio > 1 ? 2 : 1;
      L.DomUtil.setPosition(this._container, this._bounds.min);
      Object.assign(this._container, { width: sharp * size.x, height: sharp * size.y });
      Object.assign(this._container.style, { width: `${size.x}px`, height: `${size.y}px`, pointerEvents: "none" });
      this.options.paint(this._container.getContext("2d"), this._bounds, sharp);
    },
    again() { if (this._map) this._update(); },
  });
  return new Sheet({ pane, padding: PADDING, paint });
}

export class CellField {
  /** `colour(properties)` of a cell's fill; `edge`: {color, weight}; `mark(properties)`: another edge, drawn above, or null. */
  constructor(county, { colour, edge, mark = () => null }) {
    Object.assign(this, { county, colour, edge, mark, paths: new Map() });
    this.shade = sheet("shade", (...given) => this.#fill(...given));
    this.lines = sheet("cells", (...given) => this.#stroke(...given));
    this.probe = document.createElement("canvas").getContext("2d");
  }

  addTo(map) { this.shade.addTo(map); this.lines.addTo(map); return this; }
  remove() { this.shade.remove(); this.lines.remove(); return this; }
  getLayers() { return [...this.paths.values()]; }

  /** Put cells by their codes, in place of those that were there. */
  set(features) {
    for (const feature of features) this.paths.set(feature.properties.code, this.#path(feature));
    this.draw();
  }

  delete(codes) {
    for (const code of codes) this.paths.delete(code);
    this.draw();
  }

  /** Once for all that changes in a frame. */
  draw() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.shade.again(); this.lines.again(); });
  }

  /** The code of the cell at a place of the map; null where there is none. */
  at(latlng) {
    const { x, y } = this.#local(latlng);
    for (const [code, { path, box }] of this.paths) {
      if (box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3] && this.probe.isPointInPath(path, x, y, "evenodd")) return code;
    }
    return null;
  }

  #local(latlng) {
    const point = this.county.map.project(latlng, ZOOM);
    this.corner ??= point.floor();
    return point.subtract(this.corner);
  }

  #path(feature) {
    const { type, coordinates } = feature.geometry;
    const path = new Path2D();
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of type === "Polygon" ? coordinates : coordinates.flat()) {
      ring.forEach(([lon, lat], i) => {
        const { x, y } = this.#local(this.county.at(lon, lat));
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
        if (i) path.lineTo(x, y);
        else path.moveTo(x, y);
      });
      path.closePath();
    }
    return { path, box, properties: feature.properties };
  }

  /** The paths in view, with the context set to their pixels; how large one of these is on the screen. */
  #seen(context, bounds, sharp) {
    if (!this.corner) return [[], 1];
    const { map } = this.county;
    const scale = 2 ** (map.getZoom() - ZOOM);
    const from = this.corner.multiplyBy(scale).subtract(map.getPixelOrigin()).subtract(bounds.min);
    context.setTransform(sharp * scale, 0, 0, sharp * scale, sharp * from.x, sharp * from.y);
    const size = bounds.getSize();
    const [west, north, east, south] = [-from.x, -from.y, size.x - from.x, size.y - from.y].map((one) => one / scale);
    return [[...this.paths.values()].filter(({ box }) => box[0] <= east && box[2] >= west && box[1] <= south && box[3] >= north), scale];
  }

  #fill(context, bounds, sharp) {
    const [seen] = this.#seen(context, bounds, sharp);
    context.globalAlpha = 0.86;
    for (const { path, properties } of seen) {
      context.fillStyle = this.colour(properties);
      context.fill(path, "evenodd");
    }
  }

  #stroke(context, bounds, sharp) {
    const [seen, scale] = this.#seen(context, bounds, sharp);
    Object.assign(context, { strokeStyle: this.edge.color, lineWidth: this.edge.weight / scale, lineJoin: "round" });
    for (const { path } of seen) context.stroke(path);
    for (const { path, properties } of seen) {
      const edge = this.mark(properties);
      if (!edge) continue;
      Object.assign(context, { strokeStyle: edge.color, lineWidth: edge.weight / scale });
      context.stroke(path);
    }
  }
}

/** Cells come with as many vertices as can be seen: few for the whole county, all of them close up, for the part in view. */
export class Detail {
  /** `ask({bbox, metres})` gives features; `put(features)` takes those that are finer than what is drawn. */
  constructor(county, coarse, { ask, put }) {
    Object.assign(this, { county, coarse, ask, put, held: null });
    this.moved = () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.#look(), 150); };
    county.map.on("moveend", this.moved);
    this.moved();
  }

  close() {
    clearTimeout(this.timer);
    this.county.map.off("moveend", this.moved);
    this.held = null;
  }

  async #look() {
    const metres = unseen(this.county);
    const view = this.county.map.getBounds();
    if (metres >= this.coarse || (this.held && this.held.metres <= metres && this.held.bounds.contains(view))) return;
    const asked = { metres, bounds: view.pad(0.4) };
    this.held = asked;
    try {
      const features = await this.ask({ bbox: this.county.bbox(asked.bounds), metres });
      if (this.held) this.put(features);
    } catch {
      if (this.held === asked) this.held = null; // what is drawn stays, coarse; the next move asks again
    }
  }
}

/** How many metres make no difference on the map as it stands: a power of two, 0 where each vertex can be seen. */
export function unseen(county) {
  const { map } = county;
  const y = map.getSize().y / 2;
  const pixel = map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([100, y])) / 100;
  return pixel < 2 ? 0 : Math.min(1024, 2 ** Math.floor(Math.log2(pixel)));
}
