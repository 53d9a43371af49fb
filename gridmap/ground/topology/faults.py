"""What keeps cells from being a topology: what is no coverage, and borders whose vertices only one side has."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import loose_edges
from gridmap.ground.cells import code_texts
from gridmap.ground.coverage import CoverageReport, check
from gridmap.ground.measure import Geometries, transform

#: a vertex this near to a segment, in parts of its coordinates, is meant to be on it
_ON = 1e-11
_NAMED = 5


@dataclass(frozen=True, slots=True)
class TopologyFault:
    """A fault of the coverage in words, the cells it is about, and a WGS84 place where that is known."""

    kind: str
    cells: tuple[str, ...]
    why: str
    lon: float | None = None
    lat: float | None = None


def faults(cells: gpd.GeoDataFrame, code: str = "code") -> list[TopologyFault]:
    """Everything that keeps the cells from being a topology; an empty list says that they are one.

    `cells`: any CRS, codes in the column `code`. Holes larger than `check` calls gaps are no fault: they are meant.
    """
    found = _of_report(check(cells, code=code))
    return found or _joints(cells, [str(text) for text in code_texts(cells, code)])


def refuse_faults(cells: gpd.GeoDataFrame, code: str = "code") -> None:
    """Raise InvalidInput naming the first faults, all of them in `details["faults"]`."""
    found = faults(cells, code)
    if found:
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        told = "; ".join(one.why for one in found[:_NAMED])
        raise InvalidInput(
            f"the cells are no coverage: {told}{more}. `gridmap repair` mends such", code="no_coverage", faults=found
        )


def _of_report(report: CoverageReport) -> list[TopologyFault]:
    found = [
        TopologyFault("invalid", (one.code or "",), f"row {one.row} ({one.code}): {one.reason}", one.lon, one.lat)
        for one in report.invalid
    ]
    found += [TopologyFault("duplicate", (one,), f"code {one} is there twice") for one in report.duplicate_codes]
    found += [
        TopologyFault("overlap", (str(one.a), str(one.b)), f"{one.a} and {one.b} overlap by {one.area_m2:,.1f} m2")
        for one in report.overlaps
    ]
    found += [
        TopologyFault("gap", (), f"a gap of {one.area_m2:,.1f} m2 at {one.lon:.6f}, {one.lat:.6f}", one.lon, one.lat)
        for one in report.gaps
    ]
    return found


@dataclass(frozen=True, slots=True)
class Joint:
    """A vertex of the shape `having` on a segment of the shape `along`, which has no vertex there."""

    place: tuple[float, float]
    having: int
    along: int
    start: tuple[float, float]
    end: tuple[float, float]


def _joints(cells: gpd.GeoDataFrame, codes: list[str]) -> list[TopologyFault]:
    """Vertices on a neighbour's segment where that has none, and vertices repeated in a row."""
    shapes = np.asarray(shapely.force_2d(np.asarray(cells.geometry.values)), dtype=object)
    fewer = shapely.get_num_coordinates(shapely.remove_repeated_points(shapes))
    found = [
        TopologyFault("repeated", (codes[i],), f"{codes[i]} repeats a vertex")
        for i in np.flatnonzero(fewer != shapely.get_num_coordinates(shapes))
    ]
    for joint in joints(shapes):
        place = transform(shapely.Point(joint.place), cells.crs, "EPSG:4326")[0]
        one, other = codes[joint.having], codes[joint.along]
        why = f"{one} has a vertex on the border at {place.x:.6f}, {place.y:.6f} that {other} has not"
        found.append(TopologyFault("joint", (one, other), why, place.x, place.y))
    return found


def joints(shapes: Geometries) -> list[Joint]:
    """Vertices on the border of two valid shapes that only one of them has, to within a few roundings."""
    lines = loose_edges(shapes)
    ends, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    pairs = np.stack([ends[:-1][joined], ends[1:][joined]], axis=1)
    places = np.unique(ends, axis=0)
    points = shapely.points(places)
    reach = _ON * max(1.0, float(np.abs(places).max(initial=0.0)))
    tree = shapely.STRtree(shapely.linestrings(pairs))
    point, segment = tree.query(points, predicate="dwithin", distance=reach)
    on_end = (places[point][:, None, :] == pairs[segment]).all(axis=2).any(axis=1)
    cells = shapely.STRtree(shapes)
    found = []
    for i, k in zip(point[~on_end], segment[~on_end], strict=True):
        (start, end), place = pairs[k].tolist(), places[i].tolist()
        touching = cells.query(points[i], predicate="dwithin", distance=reach).tolist()
        having = [one for one in touching if _has(shapes[one], place)]
        along = [one for one in touching if one not in having and _has(shapes[one], start) and _has(shapes[one], end)]
        found += [Joint(tuple(place), having[0], one, tuple(start), tuple(end)) for one in along if having]
    return found


def _has(shape: shapely.Geometry, place: list[float]) -> bool:
    return bool((shapely.get_coordinates(shape) == place).all(axis=1).any())
