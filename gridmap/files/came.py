"""How a place first came in (`crs_in`, `x_in`, `y_in`), read back from a file that `gridmap export` wrote.

The file's place and what it says of its origin are held together: where somebody moved the place since, the place is
believed, and it is what came in now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.files.places import Places
from gridmap.files.values import Texts, present
from gridmap.ground import parse_crs, to_wgs84

CAME_FIELDS = ("crs_in", "x_in", "y_in")

#: degrees: about 0.1 m, ten times what a GeoJSON rounded to seven digits loses
_SAME = 1e-6


def as_first_came(places: Places, told: Mapping[str, Texts]) -> Places:
    """The places with what they first came as, by the parsed columns of `CAME_FIELDS` (None where a row says nothing).

    A point within 0.1 m of what its origin converts to is taken from there, so it comes back bit for bit whatever the
    format rounded. A row whose reference system is unknown has a fault.
    """
    names, xs, ys = (told[field] for field in CAME_FIELDS)
    rows = np.flatnonzero(present(names) & present(xs) & present(ys) & ~present(places.faults))
    crs: Texts = np.full(len(places.x), places.crs, dtype=object)
    x, y, lon, lat = places.x.copy(), places.y.copy(), places.lon.copy(), places.lat.copy()
    faults = places.faults.copy()
    moved = 0
    for name in dict.fromkeys(names[rows].tolist()):
        mine = rows[names[rows] == name]
        try:
            known = parse_crs(name)
        except InvalidInput as error:
            faults[mine] = f"crs_in is not accepted: {error.message}"
            continue
        x_in, y_in = xs[mine].astype(np.float64), ys[mine].astype(np.float64)
        east, north = to_wgs84(x_in, y_in, known)
        same = _same(places, mine, east, north)
        moved += int((~same).sum())
        kept = mine[same]
        crs[kept], x[kept], y[kept] = known, x_in[same], y_in[same]
        lon[kept], lat[kept] = east[same], north[same]
    note = f"{moved:,} places were moved since they came in (x_in and y_in are elsewhere): the place is taken."
    notes = (*places.notes, note) if moved else places.notes
    return replace(places, came=crs, x=x, y=y, lon=lon, lat=lat, faults=faults, notes=notes)


def _same(
    places: Places, rows: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether these converted places are still the rows' own: at their point, or in the box of their shape."""
    if places.geometry is None:
        west = east = places.lon[rows]
        south = north = places.lat[rows]
    else:
        west, south, east, north = shapely.bounds(places.geometry[rows]).T
    inside = (lon >= west - _SAME) & (lon <= east + _SAME) & (lat >= south - _SAME) & (lat <= north + _SAME)
    return np.asarray(inside, dtype=bool)
