// Lengths and places without a network, on the sphere: metres between degrees of WGS84.

/** Metres in a degree of a great circle. */
export const METRES = 111_195;
const radians = (degrees) => (degrees * Math.PI) / 180;

/** Metres between two [lon, lat], as the crow flies; exact to a centimetre at the size of a county's cell. */
export function between([ax, ay], [bx, by]) {
  return Math.hypot((bx - ax) * Math.cos(radians((ay + by) / 2)), by - ay) * METRES;
}

/** Metres along places in order. */
export const along = (places) => places.slice(1).reduce((sum, place, i) => sum + between(places[i], place), 0);

/** The polygons of a geometry, each a list of rings. */
export const polygons = ({ type, coordinates }) => (type === "Polygon" ? [coordinates] : coordinates);

/** Whether an area has the place inside. */
export function covers(geometry, [lon, lat]) {
  const odd = (ring) => ring.slice(1).reduce((inside, [bx, by], i) => {
    const [ax, ay] = ring[i];
    return ay > lat !== by > lat && lon < ax + ((bx - ax) * (lat - ay)) / (by - ay) ? !inside : inside;
  }, false);
  return polygons(geometry).some(([outer, ...holes]) => odd(outer) && !holes.some(odd));
}

/** Metres from a place to the nearest border of an area. */
export function toBorder(geometry, [lon, lat]) {
  const shrink = Math.cos(radians(lat));
  const gaps = polygons(geometry).flat().flatMap((ring) => ring.slice(1).map((end, i) => {
    const [ax, ay] = [(ring[i][0] - lon) * shrink, ring[i][1] - lat];
    const [dx, dy] = [(end[0] - ring[i][0]) * shrink, end[1] - ring[i][1]];
    const part = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
    return Math.hypot(ax + part * dx, ay + part * dy);
  }));
  return Math.min(...gaps) * METRES;
}

/** Open cases of one category within some metres of a place, nearest first, each with its `metres`. */
export function nearby(cases, category, place, within) {
  const same = cases.filter((one) => one.category.code === category).map((one) => ({ ...one, metres: between([one.lon, one.lat], place) }));
  return same.filter((one) => one.metres <= within).sort((a, b) => a.metres - b.metres);
}
