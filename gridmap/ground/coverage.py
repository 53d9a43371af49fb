"""Whether cells are a coverage: every place of the area in exactly one cell, no gaps, no overlaps.

Shapes are compared in the coordinates they came in, so that nothing is moved before it is judged; areas are told in
square metres on the ellipsoid. Neighbours come from a tree, so the cost follows the number of borders.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import Rows, inner_points, parted
from gridmap.ground.arrays import Floats
from gridmap.ground.cells import POLYGONAL, code_texts, not_finite, source_rows
from gridmap.ground.measure import Geometries, area_m2, length_m, transform

#: overlaps and gaps smaller than this are rounding: coordinates in degrees end at about 2e-9 m, so a vertex set on a
#: neighbour's straight edge misses it by that, times an edge of up to 10 km
NOISE_M2 = 1e-4
#: and so are gaps narrower than this on average, however long
NOISE_M = 1e-4
#: a ring that crosses itself more often than this is not untangled for comparison: it would take minutes
TANGLED = 100_000
_PLACE = re.compile(r"\[(\S+) (\S+)\]$")


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row whose shape or code cannot be used as it is; `lon`, `lat` (WGS84) say where, when that is known."""

    row: int
    code: str | None
    reason: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two cells, by code (without a code column: by row), and the area both claim."""

    a: str | int
    b: str | int
    area_m2: float


@dataclass(frozen=True, slots=True)
class Gap:
    """An area in no cell, and a WGS84 point in it."""

    area_m2: float
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What `check` found. `outside`, parts of cells beyond the boundary, is None when no boundary was given."""

    cells: int
    invalid: list[Invalid]
    overlaps: list[Overlap]
    gaps: list[Gap]
    holes: list[Gap]
    duplicate_codes: list[str]
    outside: list[Gap] | None
    ok: bool

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `gridmap check`; `outside` is there only when a boundary was given."""
        found = asdict(self)
        if self.outside is None:
            del found["outside"]
        return found


def check(
    cells: gpd.GeoDataFrame,
    code: str | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry | None = None,
    max_gap_m2: float = 10_000.0,
) -> CoverageReport:
    """Every fault that keeps the cells from being a coverage.

    `cells`: any CRS; not changed. `code`: the column of codes, which must be unique and present. `within`: the area to
    be covered (a bare geometry: in the CRS of the cells). Gaps are enclosed areas in no cell, and with `within` all
    uncovered parts of it, of at most `max_gap_m2`; larger ones are holes, which may be meant and so are faults only
    inside a given boundary. A crack between cells that opens to the outside is a gap only when `within` says so.
    Cells with faulty rings are reported and compared as their mended shape; what covers less than `NOISE_M2` is
    rounding. `ok`: nothing to mend. Raises InvalidInput without a CRS, or when `code` is no column.
    """
    if cells.crs is None:
        raise InvalidInput("cannot measure: the cells have no coordinate reference system; say which it is")
    codes = code_texts(cells, code) if code is not None else None
    names: list[Any] = source_rows(cells).tolist() if codes is None else codes
    invalid, shapes = _sound(cells, codes)
    pairs = zip(*overlapping(shapes, cells.crs), strict=True)
    overlaps = [Overlap(names[a], names[b], float(area_m2)) for a, b, area_m2 in pairs]
    area = None if within is None else boundary_of(within, cells.crs)
    uncovered, beyond = missing_and_outside(shapes, area)
    missing = pieces(uncovered, cells.crs)
    gaps = [gap for gap in missing if gap.area_m2 <= max_gap_m2]
    holes = [gap for gap in missing if gap.area_m2 > max_gap_m2]
    outside = None if area is None else pieces(beyond, cells.crs)
    duplicates = sorted(c for c, n in Counter(codes or []).items() if c is not None and n > 1)
    faults = [invalid, overlaps, gaps, duplicates, outside or [], [] if area is None else holes]
    return CoverageReport(len(cells), invalid, overlaps, gaps, holes, duplicates, outside, ok=not any(faults))


def _sound(cells: gpd.GeoDataFrame, codes: list[str | None] | None) -> tuple[list[Invalid], Geometries]:
    """The faults of single rows, and shapes fit to be compared (None for those that cannot be)."""
    shapes = np.asarray(shapely.force_2d(np.asarray(cells.geometry.values)), dtype=object)
    rows = source_rows(cells)
    reasons = shape_faults(shapes, bool(cells.crs.is_geographic))
    unusable = np.array([reason is not None for reason in reasons], dtype=bool)
    shapes[unusable] = None
    for i in np.flatnonzero(~shapely.is_valid(shapes) & ~unusable):
        reasons[i] = shapely.is_valid_reason(shapes[i])
        shapes[i] = mended(shapes[i])
        if shapes[i] is None:
            reasons[i] = f"too tangled to compare with the others: {reasons[i]}"
    found = [invalid_row(int(rows[i]), codes[i] if codes else None, reason, cells.crs)
             for i, reason in enumerate(reasons) if reason is not None]  # fmt: skip
    found.extend(Invalid(int(rows[i]), None, "no code", None, None) for i, c in enumerate(codes or []) if c is None)
    return sorted(found, key=lambda one: one.row), shapes


def shape_faults(shapes: Geometries, geographic: bool) -> list[str | None]:
    """Why a shape cannot be compared at all; None where it can."""
    kind = shapely.get_type_id(shapes)
    bounds = shapely.bounds(shapes)
    faults = [
        (kind == -1, "no geometry"),
        (shapely.is_empty(shapes), "an empty geometry"),
        (~np.isin(kind, POLYGONAL), "no polygon: a cell is a polygon or multipolygon"),
        (not_finite(shapes), "coordinates that are not finite"),
        (geographic & (np.abs(bounds) > 360.0).any(axis=1),
         "no longitudes and latitudes: is the reference system declared rightly?"),
    ]  # fmt: skip
    reasons: list[str | None] = [None] * len(shapes)
    for bad, reason in faults:
        for i in np.flatnonzero(bad):
            reasons[i] = reasons[i] or reason
    return reasons


def invalid_row(row: int, code: str | None, reason: str, crs: Any) -> Invalid:
    """A fault of a shape, its place taken from GEOS's reason ("Self-intersection[106.5 26.9]")."""
    found = _PLACE.search(reason)
    if found is None:
        return Invalid(row, code, reason, None, None)
    point = transform(shapely.Point(float(found[1]), float(found[2])), crs, "EPSG:4326")[0]
    return Invalid(row, code, reason[: found.start()], point.x, point.y)


def mended(shape: BaseGeometry) -> BaseGeometry | None:
    """A valid shape that covers the same, None where finding it would take too long."""
    if shape.is_valid:
        return shape
    if crossings(shape) > TANGLED:
        return None
    return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def crossings(shape: BaseGeometry, sample: int = 200) -> float:
    """About how often a shape's segments cross one another, from evenly spaced ones of them."""
    coords, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    same = ring[1:] == ring[:-1]
    segments = shapely.linestrings(np.stack([coords[:-1][same], coords[1:][same]], axis=1))
    some = segments[:: max(1, len(segments) // sample)]  # at least one: an invalid shape has a ring
    found = shapely.STRtree(segments).query(some, predicate="crosses")
    return float(found.shape[1] / len(some) * len(segments) / 2.0)


def overlapping(shapes: Geometries, crs: Any) -> tuple[Rows, Rows, Floats]:
    """Pairs of shapes (left below right) that cover some of the same, more than rounding, and how many square metres.

    Shapes are valid polygons or None. Of two that overlap one has an edge that does not fit the other, so that only
    the neighbours of such shapes are looked at.
    """
    there = np.flatnonzero(~shapely.is_missing(shapes))
    odd = there[~shapely.is_empty(shapely.coverage_invalid_edges(shapes[there]))]
    one, other = shapely.STRtree(shapes).query(shapes[odd], predicate="intersects")
    pairs = np.stack([np.minimum(odd[one], other), np.maximum(odd[one], other)])
    left, right = np.unique(pairs[:, pairs[0] < pairs[1]], axis=1)
    inner = shapely.relate_pattern(shapes[left], shapes[right], "T********")
    left, right = left[inner], right[inner]
    areas = areas_m2(shapely.intersection(shapes[left], shapes[right]), crs)
    real = areas >= NOISE_M2
    return left[real], right[real], areas[real]


def areas_m2(shapes: Geometries, crs: Any) -> Floats:
    """Square metres on the ellipsoid of shapes in any CRS."""
    return area_m2(transform(shapes, crs, "EPSG:4326"))


def boundary_of(within: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry, crs: Any) -> BaseGeometry:
    if isinstance(within, BaseGeometry):
        parts: NDArray[np.object_] = np.array([within], dtype=object)
    elif within.crs is None:
        raise InvalidInput("the boundary has no coordinate reference system; say which it is")
    else:
        parts = np.asarray(within.geometry.to_crs(crs).values)
    if not_finite(parts).any():
        raise InvalidInput("the boundary has coordinates that are not finite")
    pieces = [mended(part) for part in parts[shapely.get_dimensions(parts) == 2] if not part.is_empty]
    if None in pieces:
        raise InvalidInput("the boundary is too tangled to compare with: mend its rings first")
    area = shapely.union_all(pieces)
    if area.area == 0.0:
        raise InvalidInput("the boundary holds no area: it must be a polygon or multipolygon")
    return area


def missing_and_outside(shapes: Geometries, area: BaseGeometry | None) -> tuple[Geometries, Geometries]:
    """What is in no cell, enclosed by cells or in the area to be covered, and what of the cells is beyond that area."""
    covered, enclosed = parted(shapes)
    if area is None:
        return enclosed, np.zeros(0, dtype=object)
    union = shapely.coverage_union_all(covered)
    shapely.prepare(area)
    astride = enclosed[~shapely.covers(area, enclosed)]
    missing = shapely.union_all([shapely.difference(area, union), *shapely.difference(astride, area)])
    return _polygons(missing), _polygons(shapely.difference(union, area))


def _polygons(whole: BaseGeometry) -> Geometries:
    parts = np.asarray(shapely.get_parts(whole), dtype=object)
    return np.asarray(parts[shapely.get_dimensions(parts) == 2], dtype=object)


def more_than_rounding(parts: Geometries, crs: Any) -> tuple[NDArray[np.bool_], Floats]:
    """Which areas are more than what rounding leaves between neighbours, and the square metres of all of them."""
    areas, rims = areas_m2(parts, crs), length_m(transform(parts, crs, "EPSG:4326"))
    return (areas >= NOISE_M2) & (areas >= NOISE_M * rims / 2.0), areas


def pieces(parts: Geometries, crs: Any) -> list[Gap]:
    """Those areas that are more than rounding, the largest first."""
    real, areas = more_than_rounding(parts, crs)
    parts, areas = parts[real], areas[real]
    points = shapely.get_coordinates(transform(inner_points(parts), crs, "EPSG:4326"))
    order = np.lexsort((points[:, 1], points[:, 0], -areas))
    return [Gap(float(areas[i]), float(points[i, 0]), float(points[i, 1])) for i in order]
