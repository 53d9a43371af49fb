// Which cell a place lies in, and how sure that is, from the pack's outlines: for a phone without a network. What is sent
// holds the place alone; the server decides by it, in the drawing of the day.

import { covers, polygons, toBorder } from "./places.js";

/** a radius of 68 % around a place that errs alike in both directions is 1.51 deviations of one of them */
const DEVIATIONS = 1.5096;

/** As `GET /locate` answers; `cells`: features with `code` and `name`; `own`: codes of the worker's cells; `me`: the worker. */
export function located(lon, lat, accuracy, { cells, own, me }) {
  const place = [lon, lat];
  const known = cells.map((one) => ({ ...one.properties, covers: covers(one.geometry, place), metres: toBorder(one.geometry, place) }));
  const home = known.find((one) => one.covers);
  if (!home) return { cell: null, offline: true, outside_pack: true };
  const other = known.filter((one) => one !== home).sort((a, b) => a.metres - b.metres)[0];
  const confidence = accuracy ? normal(home.metres / (accuracy / DEVIATIONS)) : null;
  const worker = (one) => (own.has(one.code) ? me : null);
  return {
    cell: home, worker: worker(home), border_m: home.metres, confidence, offline: true,
    runner_up: other && other.metres <= 3 * (accuracy ?? 0) ? { ...other, worker: worker(other) } : null,
  };
}

/** The standard normal distribution, to seven places (Abramowitz and Stegun 26.2.17). */
function normal(z) {
  const u = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = u * (0.31938153 + u * (-0.356563782 + u * (1.781477937 + u * (-1.821255978 + u * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z < 0 ? tail : 1 - tail;
}

/** The place in an area that is nearest to a point, 3 m in from its border. */
export function inside(geometry, [lon, lat]) {
  const shrink = Math.cos((lat * Math.PI) / 180);
  const rings = polygons(geometry).map(([outer]) => outer);
  const sides = rings.flatMap((ring) => ring.slice(1).map((end, i) => side(ring[i], end, lon, lat, shrink)));
  const gap = Math.min(...sides.map((one) => one.gap));
  const near = sides.find((one) => one.gap === gap);
  // at a corner two sides are equally near: go in between them
  const meeting = sides.filter((one) => Math.hypot((one.x - near.x) * shrink, one.y - near.y) < 1e-9);
  const [x, y] = [0, 1].map((axis) => meeting.reduce((sum, one) => sum + one.inward[axis], 0));
  const step = 3 / 111320 / (Math.hypot(x, y) || 1);
  return [near.x + (x * step) / shrink, near.y + y * step];
}

/** The point of a side that is nearest, how far, and which way is in: outer rings run counter-clockwise, so to the left. */
function side([ax, ay], [bx, by], lon, lat, shrink) {
  const [dx, dy] = [(bx - ax) * shrink, by - ay];
  const length = Math.hypot(dx, dy) || 1;
  const along = Math.min(1, Math.max(0, (((lon - ax) * shrink) * dx + (lat - ay) * dy) / length ** 2));
  const [x, y] = [ax + along * (bx - ax), ay + along * (by - ay)];
  return { x, y, gap: ((lon - x) * shrink) ** 2 + (lat - y) ** 2, inward: [-dy / length, dx / length] };
}
