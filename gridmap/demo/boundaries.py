"""The demo county's ground as frames: drawn from a seed, kept in data/boundaries, read from there.

`draw` makes everything whose lines touch one another: cells, areas, streams, roads, places and settlements (the groups
of houses that the borders keep away from). Coordinates are degrees rounded to DIGITS.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.demo import layout
from gridmap.demo.arcs import Arcs, smooth_arcs
from gridmap.demo.frames import plain
from gridmap.demo.ground import Land, Spots, make_land, make_spots
from gridmap.demo.hierarchy import Hierarchy, make_hierarchy
from gridmap.demo.labels import community_names, is_urban, stream_names
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.names import Name
from gridmap.demo.plane import Plane
from gridmap.errors import GridmapError
from gridmap.ground import AssignmentIndex, CodeScheme

BOUNDARY_SEED = 20260703
DIGITS = 6  # about 0.1 m
_VILLAGES_FROM = 201  # numbers of villages within a town; communities in the streets count from 1


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The ground in canonical frames (without `row`), and where how many households are expected.

    settlements: community (code), group (1, 2, ... within it), lon, lat, households (float), urban (bool).
    """

    cells: pd.DataFrame
    areas: pd.DataFrame
    roads: pd.DataFrame
    water: pd.DataFrame
    places: pd.DataFrame
    settlements: pd.DataFrame


def draw(seed: int = BOUNDARY_SEED) -> Boundaries:
    """Draw the ground. Same seed, same frames (with the same versions of numpy, scipy and GEOS); about five seconds."""
    rng = np.random.default_rng(seed)
    land = make_land(rng)
    spots = make_spots(land, rng)
    tree = make_hierarchy(land, spots, rng)
    _lay_village_roads(land, spots, tree)
    arcs, shapes = _lines(land, tree, rng)
    codes = _area_codes(land, spots, tree)
    names = community_names(land, spots, tree, rng)
    cells = _cells(land, tree, arcs, shapes, codes, names)
    frames = (
        cells, _areas(cells, codes, names), _roads(land, arcs, shapes), _water(land, arcs, shapes),
        _places(land, spots, tree, names), _settlements(land, spots, tree, codes, cells),
    )  # fmt: skip
    return Boundaries(*map(plain, frames))


def _lay_village_roads(land: Land, spots: Spots, tree: Hierarchy) -> None:
    """A minor road from every community's seat to that of its town."""
    sites = land.mesh.sites[spots.atom]
    for t, seat in enumerate(tree.town_seat.tolist()):
        ends = [land.roads.nearest(sites[s]) for s in tree.community_seat[tree.town_of_community == t]]
        land.roads.lay(land.roads.nearest(sites[seat]), ends, 1)


def _lines(land: Land, tree: Hierarchy, rng: np.random.Generator) -> tuple[Arcs, NDArray[np.object_]]:
    """Arcs of all borders, streams, shores and roads, and their rounded lines in degrees."""
    mesh = land.mesh
    a, b = tree.of_atoms(tree.cell)[mesh.sides].T
    border, shore = a != b, np.logical_xor(*land.lake[mesh.sides].T)
    grade = land.roads.grade
    kept = border | shore | (land.width > 0) | (grade > 0)
    kind = border + 2 * shore + 4 * grade + 16 * land.width + 128 * (land.roads.name + 1)
    arcs = smooth_arcs(mesh, kept, kind, border | shore, rng)
    degrees = Plane().lonlat(np.vstack(arcs.lines), DIGITS)
    index = np.repeat(np.arange(len(arcs.lines)), [len(line) for line in arcs.lines])
    return arcs, np.asarray(shapely.remove_repeated_points(shapely.linestrings(degrees, indices=index)), dtype=object)


def _degrees(land: Land, spots: Spots, which: Ints) -> Floats:
    return Plane().lonlat(land.mesh.sites[spots.atom[which]], DIGITS)


def _area_codes(land: Land, spots: Spots, tree: Hierarchy) -> list[str]:
    """The 12 digits of each community: streets from 001, villages from 201, each from west to east by their seats."""
    scheme = CodeScheme()
    at = _degrees(land, spots, tree.community_seat)
    urban = is_urban(spots, tree)
    codes = np.empty(len(at), dtype=object)
    for t, town in enumerate(layout.TOWNS):
        for some, first in ((urban, 1), (~urban, _VILLAGES_FROM)):
            here = np.flatnonzero(some & (tree.town_of_community == t))
            lon, lat = at[here].T
            codes[here] = scheme.number(layout.COUNTY_CODE + town.suffix, lon, lat, first=first)
    return [str(code) for code in codes]


def _cells(
    land: Land, tree: Hierarchy, arcs: Arcs, shapes: NDArray[np.object_], codes: list[str], names: list[Name]
) -> pd.DataFrame:
    label = tree.of_atoms(tree.cell)
    sides = label[land.mesh.sides[arcs.edge]]
    n = int(tree.cell.max()) + 1
    border = sides[:, 0] != sides[:, 1]
    faces = [_face(shapes[border & (sides == c).any(axis=1)], c) for c in range(n)]
    polygons = np.array(faces, dtype=object)
    community = np.zeros(n, dtype=np.int64)
    community[tree.cell[tree.cell >= 0]] = tree.community[tree.cell >= 0]
    centre = shapely.centroid(polygons)
    rows = []
    for area in sorted(range(len(codes)), key=codes.__getitem__):
        here = np.flatnonzero(community == area)
        numbered = CodeScheme().number(codes[area], shapely.get_x(centre[here]), shapely.get_y(centre[here]))
        for i in np.argsort(numbered).tolist():
            number, name = numbered[i][-2:], names[area]
            labels = (f"{name.zh} {number} 网格", f"{name.en}, cell {number}")
            rows.append((numbered[i], *labels, codes[area], here[i]))
    frame = pd.DataFrame(rows, columns=["code", "name", "name_en", "area", "at"])
    frame["body"] = frame["area"] + "-committee"
    frame["valid_from"], frame["valid_to"] = layout.DRAWN_ON, None
    frame["geometry"] = shapely.multipolygons([[polygon] for polygon in polygons[frame["at"]]])
    return frame.drop(columns="at")


def _face(border: NDArray[np.object_], cell: int) -> shapely.Polygon:
    """The one polygon that a cell's arcs enclose."""
    faces = shapely.get_parts(shapely.polygonize(border))
    if len(faces) != 1:
        raise GridmapError(f"the border of demo cell {cell} encloses {len(faces)} faces: take another seed", cell=cell)
    face: shapely.Polygon = faces[0]
    return face


def _areas(cells: pd.DataFrame, codes: list[str], names: list[Name]) -> pd.DataFrame:
    """County, towns and communities, each the union of its cells."""
    name = dict(zip(codes, names, strict=True))
    for town in layout.TOWNS:
        rank = "town" if town.suffix < "200" else "township"
        name[layout.COUNTY_CODE + town.suffix] = Name(town.name, f"{town.name_en} {rank}")
    name[layout.COUNTY_CODE] = Name(layout.COUNTY_NAME, layout.COUNTY_NAME_EN)
    rows = []
    for digits, level in ((6, "county"), (9, "town"), (12, "community")):
        for code, some in cells.groupby(cells["code"].str[:digits]):
            parts = shapely.get_parts(shapely.coverage_union_all(some["geometry"].to_numpy()))
            whole = shapely.multipolygons([list(parts)])[0]
            parent = None if digits == 6 else str(code)[: digits - 3]
            rows.append((str(code), name[str(code)].zh, name[str(code)].en, level, parent, whole))
    return pd.DataFrame(rows, columns=["code", "name", "name_en", "level", "parent", "geometry"], dtype=object)


def _merged(lines: NDArray[np.object_]) -> shapely.MultiLineString:
    """Lines joined where they meet, as one multilinestring."""
    merged = shapely.line_merge(shapely.multilinestrings([list(lines)])[0])
    return _multi(shapely.get_parts(merged))


def _multi(lines: Iterable[shapely.LineString]) -> shapely.MultiLineString:
    whole: shapely.MultiLineString = shapely.multilinestrings([list(lines)])[0]
    return whole


def _roads(land: Land, arcs: Arcs, shapes: NDArray[np.object_]) -> pd.DataFrame:
    grade, number = land.roads.grade[arcs.edge], land.roads.name[arcs.edge]
    rows: list[tuple[object, ...]] = []
    for i, (zh, en, _) in enumerate(layout.MAIN_ROADS):
        rows.append((f"RD{i + 1:04d}", zh, en, "main", _merged(shapes[(grade == 2) & (number == i)])))
    minor = shapely.get_parts(_merged(shapes[grade == 1]))
    order = np.lexsort((shapely.get_y(shapely.centroid(minor)), shapely.get_x(shapely.centroid(minor))))
    first = len(rows) + 1
    rows.extend((f"RD{i:04d}", None, None, "minor", _multi([line])) for i, line in enumerate(minor[order], first))
    return pd.DataFrame(rows, columns=["code", "name", "name_en", "class", "geometry"])


def _water(land: Land, arcs: Arcs, shapes: NDArray[np.object_]) -> pd.DataFrame:
    """One feature for each stream and width; unnamed brooks by the stretch; the reservoir last."""
    width, name = land.width[arcs.edge], stream_names(land)[arcs.edge]
    label = np.array(["" if one is None else one.zh for one in name], dtype=object)
    english = {one.zh: one.en for one in name if one is not None}
    rows: list[tuple[object, ...]] = []
    for stream in [*sorted(english), ""]:
        for w in range(5, 0, -1):
            mine = (label == stream) & (width == w)
            if not mine.any():
                continue
            reach = _merged(shapes[mine])
            if stream:
                rows.append((stream, english[stream], "river", w, reach))
            else:
                rows.extend((None, None, "river", w, _multi([line])) for line in shapely.get_parts(reach))
    shore = np.logical_xor(*land.lake[land.mesh.sides[arcs.edge]].T)
    basin = shapely.get_parts(shapely.polygonize(shapes[shore]))
    whole = shapely.polygons(shapely.get_exterior_ring(basin[np.argmax(shapely.area(basin))]))
    rows.append((layout.RESERVOIR_NAME, layout.RESERVOIR_NAME_EN, "lake", 4, shapely.multipolygons([[whole]])[0]))
    frame = pd.DataFrame(rows, columns=["name", "name_en", "class", "width", "geometry"])
    frame.insert(0, "code", [f"WT{i:04d}" for i in range(1, len(frame) + 1)])
    return frame


def _places(land: Land, spots: Spots, tree: Hierarchy, names: list[Name]) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [(layout.COUNTY_NAME, layout.COUNTY_NAME_EN, "county", tree.town_seat[0])]
    rows += [(town.name, town.name_en, "town", tree.town_seat[t]) for t, town in enumerate(layout.TOWNS)]
    # the seat of a town bears the town's name, not that of the community around it
    rows += [
        (name.zh, name.en, "village", seat)
        for name, seat in zip(names, tree.community_seat.tolist(), strict=True)
        if seat not in set(tree.town_seat.tolist())
    ]
    frame = pd.DataFrame(rows, columns=["name", "name_en", "class", "spot"])
    at = _degrees(land, spots, frame.pop("spot").to_numpy(dtype=np.int64))
    frame.insert(0, "code", [f"PL{i:04d}" for i in range(1, len(frame) + 1)])
    return frame.assign(lon=at[:, 0], lat=at[:, 1])


def _settlements(land: Land, spots: Spots, tree: Hierarchy, codes: list[str], cells: pd.DataFrame) -> pd.DataFrame:
    """Where people live; the few spots that smoothing has left on the wrong side of a border are given up."""
    here = np.flatnonzero(tree.community >= 0)
    lon, lat = _degrees(land, spots, here).T
    frame = pd.DataFrame({
        "community": [codes[c] for c in tree.community[here]], "lon": lon, "lat": lat,
        "households": np.round(spots.households[here], 2), "urban": spots.urban[here],
    })  # fmt: skip
    index = AssignmentIndex(gpd.GeoDataFrame(cells[["code", "geometry"]], geometry="geometry", crs="EPSG:4326"))
    frame = frame[cells["area"].to_numpy()[index.locate(lon, lat)] == frame["community"].to_numpy()]
    frame = frame.sort_values(["community", "lon", "lat"], ascending=[True, True, False], ignore_index=True)
    frame.insert(1, "group", frame.groupby("community").cumcount() + 1)
    return pd.DataFrame(frame)
