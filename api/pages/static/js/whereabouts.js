// Which cell a place lies in, and how sure that is, from the pack's outlines: for a phone without a network. What is sent
// holds the place alone; the server decides by it, in the drawing of the day.

import { covers, toBorder } from "./places.js";

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
