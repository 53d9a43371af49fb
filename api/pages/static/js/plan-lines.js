// Lines and places of a redraw: distances, snapping, crossings, and areas as the server reads them.

/* global L */

const EARTH_M = 6371008.8;
const SNAP_PX = 9;

export const same = (a, b) => a[0] === b[0] && a[1] === b[1];
export const keyOf = (place) => `${place[0]},${place[1]}`;
export const middleOf = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** Metres between two places, as the crow flies over some kilometres. */
export function metres(a, b) {
  const rad = Math.PI / 180;
  return EARTH_M * Math.hypot((b[0] - a[0]) * rad * Math.cos(((a[1] + b[1]) / 2) * rad), (b[1] - a[1]) * rad);
}

/** A place moved by metres to the east and north. */
export function shifted([lon, lat], east, north) {
  const degree = (EARTH_M * Math.PI) / 180;
  return [lon + east / (degree * Math.cos((lat * Math.PI) / 180)), lat + north / degree];
}

/** The nearest place on a drawn river or road within a few pixels: {latlng, what}, or null. */
export function onGround(county, latlng) {
  const { map, groups } = county;
  const at = map.latLngToLayerPoint(latlng);
  const around = L.latLngBounds(...[[-SNAP_PX, SNAP_PX], [SNAP_PX, -SNAP_PX]].map((by) => map.layerPointToLatLng(at.add(by))));
  let best = null;
  for (const what of ["water", "roads"]) {
    groups[what]?.eachLayer((line) => {
      if (!line.getLatLngs || !line.getBounds().intersects(around)) return;
      for (const path of paths(line.getLatLngs())) {
        for (let i = 1; i < path.length; i += 1) {
          const near = L.LineUtil.closestPointOnSegment(at, map.latLngToLayerPoint(path[i - 1]), map.latLngToLayerPoint(path[i]));
          const far = near.distanceTo(at);
          if (far <= SNAP_PX && far < (best?.far ?? Infinity)) best = { far, near, what };
        }
      }
    });
  }
  return best && { latlng: map.layerPointToLatLng(best.near), what: best.what };
}

function paths(latlngs) {
  return Array.isArray(latlngs[0]) ? latlngs.flatMap(paths) : [latlngs];
}

export const ringsOf = ({ type, coordinates }) => (type === "Polygon" ? coordinates : coordinates.flat());

/** How often a line crosses the rim of a shape. */
export function crossings(line, geometry) {
  let count = 0;
  for (const ring of ringsOf(geometry)) {
    for (let i = 1; i < ring.length; i += 1) {
      for (let j = 1; j < line.length; j += 1) count += Number(cross(ring[i - 1], ring[i], line[j - 1], line[j]));
    }
  }
  return count;
}

function cross(a, b, c, d) {
  const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** An area given by its corners, as hexadecimal WKB: what an edit "move_part" carries. */
export function areaWkb(corners) {
  const ring = [...corners, corners[0]];
  const view = new DataView(new ArrayBuffer(13 + 16 * ring.length));
  view.setUint8(0, 1);
  view.setUint32(1, 3, true);
  view.setUint32(5, 1, true);
  view.setUint32(9, ring.length, true);
  ring.forEach(([lon, lat], i) => {
    view.setFloat64(13 + 16 * i, lon, true);
    view.setFloat64(21 + 16 * i, lat, true);
  });
  return [...new Uint8Array(view.buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
