"""Where rows lie: columns of numbers, one text column, WKT or a file's own geometry, brought to WGS84.

What came in is kept beside the WGS84. A place that looks wrong is asked about, never shifted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridmap.errors import InvalidInput
from gridmap.files.headers import normal
from gridmap.files.table import Table
from gridmap.files.values import MISSING, Fault, Texts, number, present, texts
from gridmap.ground import parse_crs, question, question_text, to_wgs84
from gridmap.parsing.limits import Limits

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
Extent = Sequence[float]

_TWO_NUMBERS = re.compile(r"\s*[(\[（]?\s*([+-]?\d[\d.]*)\s*[,，;；\s]\s*([+-]?\d[\d.]*)\s*[)\]）]?\s*")
_WKT_POINT = re.compile(r"\s*POINT\s*\(\s*([+-]?\d[\d.]*)\s+([+-]?\d[\d.]*)\s*\)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Places:
    """Places of n rows: WGS84, as they came, and for each what is wrong with it (None: nothing).

    `geometry` (WGS84) is given for kinds that have more than points. `came`: each row's own reference system, where the
    file says how its places first came in (see `came`).
    """

    crs: str
    x: Floats
    y: Floats
    lon: Floats
    lat: Floats
    faults: Texts
    values: Texts
    geometry: Geometries | None = None
    notes: tuple[str, ...] = ()
    came: Texts | None = None


def crs_of(table: Table, asked: str | None) -> str:
    """The CRS to read a table's coordinates in: the one asked for, the file's own, else (numbers only) WGS84.

    InvalidInput when a spatial file does not say and nobody else does.
    """
    if asked:
        return parse_crs(asked)
    if table.crs is None:
        if table.spatial and table.format != "memory":
            raise InvalidInput(
                f"{table.path.name} does not say which reference system it is in (a Shapefile says it in its .prj). "
                "Give --crs, for example --crs EPSG:4490.",
                code="unknown_crs", file=table.path.name,
            )  # fmt: skip
        return parse_crs("EPSG:4326")
    try:
        return parse_crs(table.crs)
    except InvalidInput:
        pass
    try:
        return parse_crs(CRS.from_user_input(table.crs))
    except CRSError:
        raise InvalidInput(
            f"{table.path.name}: its reference system is not known. Give --crs.",
            code="unknown_crs",
            file=table.path.name,
        ) from None


def points_of(
    table: Table,
    mapping: Mapping[str, str],
    crs: str | None,
    extent: Extent | None,
    assume_ok: bool,
    order: Order | None = None,
) -> Places:
    """One point for each row, from `x` and `y`, `coordinates`, or `geometry` in the mapping.

    `order`: what was seen of `coordinates` already, where the table is a part of its file only.
    """
    name, extent = crs_of(table, crs), _known(extent)
    notes: tuple[str, ...] = ()
    if "x" in mapping:
        x, y, faults, values = _from_columns(table, mapping)
    elif "coordinates" in mapping:
        x, y, faults, values, notes = _from_texts(
            texts(table.frame[mapping["coordinates"]]), mapping["coordinates"], name, order
        )
    else:
        shapes, faults = geometries(table, mapping["geometry"])
        x, y, faults = _from_shapes(shapes, faults)
        values = np.full(len(x), "", dtype=object)
    lon, lat = to_wgs84(x, y, name)
    _ask(lon, lat, faults, name, extent, assume_ok)
    return Places(name, x, y, lon, lat, faults, values, notes=notes)


def shapes_of(
    table: Table, column: str, allowed: tuple[str, ...], crs: str | None, extent: Extent | None, assume_ok: bool
) -> Places:
    """Geometry for each row (None where the row has none), single parts made multi; `allowed` are GeoJSON type names.

    The points given beside are representative ones, inside their shape. Invalid geometry is a fault, never mended here.
    """
    name, extent = crs_of(table, crs), _known(extent)
    shapes, faults = geometries(table, column)
    notes = ("Heights in the geometry were dropped.",) if shapely.has_z(shapes).any() else ()
    shapes = shapely.force_2d(shapes)
    _check_shapes(shapes, faults, allowed)
    usable = ~present(faults) & ~shapely.is_missing(shapes)
    came: Geometries = np.full(len(shapes), None, dtype=object)
    came[usable] = shapes[usable]
    moved = to_wgs84_shapes(came, name)
    _check_moved(moved, faults, usable, name)
    inner = shapely.point_on_surface(came)
    x, y = shapely.get_x(inner), shapely.get_y(inner)
    lon, lat = to_wgs84(x, y, name)
    asked: Texts = np.full(len(x), "", dtype=object)  # rows without a shape are not asked about
    asked[usable] = None
    _ask(lon, lat, asked, name, extent, assume_ok)
    for place in np.flatnonzero(usable & present(asked)):
        faults[place] = faults[place] or asked[place]
    return Places(name, x, y, lon, lat, faults, np.full(len(x), "", dtype=object), _multi(moved), notes)


def to_wgs84_shapes(shapes: Geometries, crs: str) -> Geometries:
    """Geometries (None stays None) from the named CRS to WGS84; coordinates that cannot be converted become NaN."""
    moved = shapely.transform(shapes, lambda x, y: to_wgs84(x, y, crs), interleaved=False)
    return np.asarray(moved, dtype=object)


def _from_columns(table: Table, mapping: Mapping[str, str]) -> tuple[Floats, Floats, Texts, Texts]:
    if "y" not in mapping:
        raise InvalidInput(f"x is in {mapping['x']!r}, but no column is named for y.", code="bad_map")
    x, x_fault, x_text = _numbers(table, mapping["x"])
    y, y_fault, y_text = _numbers(table, mapping["y"])
    faults = np.where(present(x_fault), x_fault, y_fault)
    pairs = zip(x_text, y_text, strict=True)
    values = np.array([f"{a or ''}, {b or ''}" if a or b else "" for a, b in pairs], dtype=object)
    return x, y, faults, values


def _numbers(table: Table, column: str) -> tuple[Floats, Texts, Texts]:
    """The column as float64 (NaN where it is none), the fault of each, and its text."""
    raw = texts(table.frame[column])
    found = np.full(len(raw), np.nan)
    faults = np.full(len(raw), None, dtype=object)
    for place, text in enumerate(raw):
        if text is None:
            faults[place] = f"there is no coordinate in {column!r}"
            continue
        try:
            value = number(text)
        except Fault as fault:
            faults[place] = f"the coordinate in {column!r} is not accepted: {fault}"
        else:
            if value is MISSING:
                faults[place] = f"there is no coordinate in {column!r}"
            else:
                found[place] = value
    return found, faults, raw


def _from_texts(
    raw: Texts, column: str, crs: str, order: Order | None
) -> tuple[Floats, Floats, Texts, Texts, tuple[str, ...]]:
    """Two numbers in one text; which comes first is settled once for the whole column."""
    first, second, faults, is_wkt = _pairs(raw, column)
    order = order or Order(column, crs)
    order.see(first, second, is_wkt)
    lat_first = order.lat_first()
    said = "latitude, longitude" if lat_first else "longitude (or x), latitude (or y)"
    x, y = (second, first) if lat_first else (first, second)
    values = np.array([text or "" for text in raw], dtype=object)
    return x, y, faults, values, (f"{column!r} is read as {said}.",)


def _pairs(raw: Texts, column: str) -> tuple[Floats, Floats, Texts, bool]:
    """Both numbers of each text (NaN where there are none), the fault of each, and whether any is WKT."""
    first, second = np.full(len(raw), np.nan), np.full(len(raw), np.nan)
    faults = np.full(len(raw), None, dtype=object)
    is_wkt = False
    for place, text in enumerate(raw):
        if text is None:
            faults[place] = f"there is no coordinate in {column!r}"
            continue
        wkt = _WKT_POINT.fullmatch(text)
        found = wkt or _TWO_NUMBERS.fullmatch(text)
        is_wkt |= wkt is not None
        try:
            first[place], second[place] = (float(found[1]), float(found[2])) if found else (np.nan, np.nan)
        except ValueError:
            found = None
        if found is None:
            faults[place] = f"{column!r} does not hold two numbers"
    return first, second, faults, is_wkt


@dataclass(slots=True)
class Order:
    """Which of the two numbers in a column comes first, by all of its texts that were seen."""

    column: str
    crs: str
    first_lon: bool = False
    second_lon: bool = False
    is_wkt: bool = False

    def look(self, raw: Texts) -> None:
        """See texts without reading them as places."""
        first, second, _, is_wkt = _pairs(raw, self.column)
        self.see(first, second, is_wkt)

    def see(self, first: Floats, second: Floats, is_wkt: bool) -> None:
        self.first_lon |= bool((np.abs(first) > 90).any())
        self.second_lon |= bool((np.abs(second) > 90).any())
        self.is_wkt |= is_wkt

    def lat_first(self) -> bool:
        """Whether latitude comes first: by values beyond 90 degrees, else by the words in the heading.

        InvalidInput when values say both.
        """
        if self.is_wkt or self.crs not in {"wgs84", "gcj02", "bd09"}:
            return False
        if self.first_lon and self.second_lon:
            raise InvalidInput(
                f"{self.column!r} holds longitude first in some rows and second in others. Give two columns.",
                code="mixed_axes",
            )
        if self.first_lon or self.second_lon:
            return self.second_lon
        return not normal(self.column).startswith(("lon", "lng", "经", "坐标", "x"))


def geometries(table: Table, column: str) -> tuple[Geometries, Texts]:
    """The file's geometry, or the column read as WKT."""
    if table.spatial and column == "geometry":
        shapes = table.frame["geometry"].to_numpy(dtype=object)
        return shapes.copy(), np.full(len(shapes), None, dtype=object)
    raw = texts(table.frame[column])
    faults: Texts = np.full(len(raw), None, dtype=object)
    limits = Limits()
    for place, text in enumerate(raw):
        # GEOS follows nested collections by recursion, and dies of deep ones
        if text is not None and text.upper().count("COLLECTION") > limits.depth:
            faults[place] = f"its geometry is nested more than {limits.depth} deep"
        elif text is not None and text.count(",") >= limits.vertices:
            faults[place] = f"its geometry has more than {limits.vertices:,} vertices; simplify it or cut it up"
    with np.errstate(invalid="ignore"):
        shapes = np.atleast_1d(shapely.from_wkt(_only(raw, ~present(faults)), on_invalid="ignore"))
    faults[shapely.is_missing(shapes) & present(raw) & ~present(faults)] = "the text is no geometry in WKT"
    return shapes, faults


def _only(values: Texts, keep: NDArray[np.bool_]) -> Texts:
    """The values, None where they are not kept."""
    out: Texts = np.full(len(values), None, dtype=object)
    out[keep] = values[keep]
    return out


def _from_shapes(shapes: Geometries, faults: Texts) -> tuple[Floats, Floats, Texts]:
    kinds = shapely.get_type_id(shapes)
    lone = (kinds == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
    shapes = np.where(lone, shapely.get_geometry(shapes, 0), shapes)
    kinds = shapely.get_type_id(shapes)
    for place in np.flatnonzero(kinds != shapely.GeometryType.POINT):
        shape = shapes[place]
        faults[place] = faults[place] or (
            "it has no geometry" if shape is None else f"its geometry is a {shape.geom_type}; a Point is needed"
        )
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    for place in np.flatnonzero((kinds == shapely.GeometryType.POINT) & ~(np.isfinite(x) & np.isfinite(y))):
        faults[place] = faults[place] or "its point is empty or not finite"
    return x, y, faults


def _check_shapes(shapes: Geometries, faults: Texts, allowed: tuple[str, ...]) -> None:
    """Write the fault of each shape that is empty, of another type, not finite or invalid."""
    here = ~shapely.is_missing(shapes)
    names = {kind.name.lower(): kind.value for kind in shapely.GeometryType}
    ids = {names[name.lower()] for name in allowed}
    finite = np.isfinite(shapely.bounds(shapes)).all(axis=1) & ~_any_not_finite(shapes)
    empty = shapely.is_empty(shapes)
    kinds = shapely.get_type_id(shapes)
    sound = here & finite & ~empty
    valid = np.ones(len(shapes), dtype=bool)
    valid[sound] = shapely.is_valid(shapes[sound])
    for place in np.flatnonzero(here & (empty | ~finite | ~np.isin(kinds, list(ids)) | ~valid)):
        shape = shapes[place]
        if empty[place]:
            faults[place] = "its geometry is empty"
        elif kinds[place] not in ids:
            faults[place] = f"its geometry is a {shape.geom_type}; it must be {' or '.join(allowed)}"
        elif not finite[place]:
            faults[place] = "its geometry has coordinates that are not finite"
        else:
            why = shapely.is_valid_reason(shape)
            faults[place] = (
                f"its geometry is not valid ({why}); mend it where it was drawn, or by gridmap repair, and try again"
            )


def _check_moved(moved: Geometries, faults: Texts, usable: NDArray[np.bool_], crs: str) -> None:
    lost = usable & _any_not_finite(moved)
    for place in np.flatnonzero(lost):
        faults[place] = f"its geometry cannot be converted from {crs}; is that its reference system?"
    rest = usable & ~lost
    west, _, east, _ = shapely.bounds(moved).T
    for place in np.flatnonzero(rest & (east - west > 180)):
        faults[place] = "its geometry goes around more than half of the earth; if it crosses 180 degrees, cut it there"
    rest &= ~present(faults)
    broken = np.zeros(len(moved), dtype=bool)
    broken[rest] = ~shapely.is_valid(moved[rest])
    for place in np.flatnonzero(broken):
        faults[place] = f"its geometry is not valid once in WGS84 ({shapely.is_valid_reason(moved[place])})"


def _any_not_finite(shapes: Geometries) -> NDArray[np.bool_]:
    coords, owner = shapely.get_coordinates(shapes, return_index=True)
    bad = np.zeros(len(shapes), dtype=bool)
    bad[owner[~np.isfinite(coords).all(axis=1)]] = True
    return bad


_MULTI: Mapping[int, Any] = {
    int(shapely.GeometryType.POLYGON): shapely.multipolygons,
    int(shapely.GeometryType.LINESTRING): shapely.multilinestrings,
}


def _multi(shapes: Geometries) -> Geometries:
    """Single polygons and lines as multi ones."""
    out = shapes.copy()
    kinds = shapely.get_type_id(shapes)
    for kind, make in _MULTI.items():
        single = np.flatnonzero(kinds == kind)
        out[single] = make(shapes[single], indices=np.arange(len(single)))
    return out


def _known(extent: Extent | None) -> Extent | None:
    """The extent, unless nothing stands in it yet."""
    return extent if extent is not None and np.isfinite(extent).all() else None


def _ask(lon: Floats, lat: Floats, faults: Texts, crs: str, extent: Extent | None, assume_ok: bool) -> None:
    """Write the question about each place that looks wrong; `assume_ok` answers those that can be answered."""
    open_ = ~present(faults)
    lost = open_ & ~(np.isfinite(lon) & np.isfinite(lat))
    faults[lost] = f"the coordinates cannot be converted from {crs}; is that their reference system?"
    look = np.flatnonzero(open_ & ~lost)
    off_earth = (np.abs(lon[look]) > 180) | (np.abs(lat[look]) > 90)
    codes: Texts = np.full(len(look), None, dtype=object)
    codes[off_earth] = "out_of_range"
    if extent is not None:
        codes = question(lon[look], lat[look], extent)
    else:
        flipped = off_earth & (np.abs(lon[look]) <= 90) & (np.abs(lat[look]) <= 180)
        codes[flipped] = "swapped"
    for code in dict.fromkeys(codes[present(codes)]):
        answerable = code == "elsewhere" or (code == "swapped" and extent is not None)
        if assume_ok and answerable:
            continue
        hint = " If it is right, say so with --assume-ok." if answerable else ""
        faults[look[np.equal(codes, code).astype(bool)]] = question_text(code) + hint
