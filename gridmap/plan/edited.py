"""The road through QGIS: a drawing goes out, somebody edits it there, and the difference comes back as edits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from gridmap.errors import Conflict, InvalidInput
from gridmap.ground.arrays import Floats
from gridmap.ground.cells import code_texts, wgs84_polygons
from gridmap.ground.topology import TopologyFault, faults
from gridmap.ground.topology.faults import joints
from gridmap.plan.deltas import Redraw
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.numbering import fresh
from gridmap.plan.patch import patch, patched
from gridmap.plan.rings import normal, parts_of, replaced, shape_of

#: places that are one but for rounding are no further apart, in degrees: a millimetre
_ROUNDED_DEG = 1e-8


@dataclass(frozen=True, slots=True)
class Edited:
    """Edits that lead from a drawing to cells as somebody drew them; or, where they are none, what is wrong."""

    deltas: tuple[Redraw, ...]
    defects: tuple[TopologyFault, ...]


def edits_between(
    drawing: Drawing, cells: gpd.GeoDataFrame, code: str = "code", community: str | None = "community"
) -> Edited:
    """The difference as edits, one for each group of cells that hang together.

    `cells`: all cells of the drawing as they are to be, in any CRS (WGS84 if the rest is to stay as it is, bit for
    bit); `community`: the column with the community, where missing or empty, a cell keeps its own and a new one has
    the first 12 digits of its code. With defects there are no edits; `stitched` mends joints and
    `ground.repair(cells, code)` gaps and overlaps, after which this can be asked again.
    """
    clean = cells.set_geometry(shapely.remove_repeated_points(np.asarray(cells.geometry.values)), crs=cells.crs)
    defects = faults(clean, code)
    if defects:
        return Edited((), tuple(defects))
    return edits_to(drawing, _cells(drawing, clean, code, community))


def edits_to(drawing: Drawing, cells: list[Cell]) -> Edited:
    """The same for cells that are known to be a coverage."""
    after = {cell.code: cell for cell in cells}
    changed = sorted(code for code in set(drawing) | set(after) if drawing.get(code) != after.get(code))
    deltas: list[Redraw] = []
    defects: list[TopologyFault] = []
    for group in _together(drawing, after, changed):
        put = [after[code] for code in group if code in after]
        redraw = patch(drawing, (code for code in group if code in drawing), put)
        try:
            patched(drawing, redraw)
        except (InvalidInput, Conflict) as error:
            at = error.details.get("lon"), error.details.get("lat")
            defects.append(TopologyFault("refused", tuple(error.details.get("cells", group)), error.message, *at))
        deltas.append(redraw)
    return Edited((), tuple(defects)) if defects else Edited(tuple(deltas), ())


def at_home(drawing: Drawing, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The cells in WGS84: a place that is the drawing's, but for the rounding on its way through another reference
    system, is the drawing's own again, bit for bit. So one can tell which cells were touched. The frame is not changed.
    """
    if cells.crs is None or cells.crs.equals("EPSG:4326", ignore_axis_order=True):
        return cells
    own = shapely.get_coordinates(np.array([cell.shape for cell in drawing.values()], dtype=object))
    tree = KDTree(own)

    def home(places: Floats) -> Floats:
        apart, nearest = tree.query(places, distance_upper_bound=_ROUNDED_DEG)
        return np.where(np.isfinite(apart)[:, None], own[np.minimum(nearest, len(own) - 1)], places)

    shapes = shapely.transform(wgs84_polygons(cells), home)
    return cells.set_geometry(gpd.GeoSeries(shapes, index=cells.index, crs="EPSG:4326"))


def stitched(cells: gpd.GeoDataFrame, ground: shapely.Geometry | None = None) -> gpd.GeoDataFrame:
    """The cells with each vertex that only one side of a border has put into the other side, too.

    Nothing moves by more than rounding; cells that lack no vertex keep their shape. `ground`: what they cover, in their
    CRS; the vertices of its rim are put in as well. The frame is not changed.
    """
    shapes = np.asarray(shapely.force_2d(np.asarray(cells.geometry.values)), dtype=object)
    if ground is not None:  # what lies around it is one more shape
        around = shapely.difference(shapely.box(*shapely.buffer(shapely.box(*ground.bounds), 1.0).bounds), ground)
        shapes = np.append(shapes, around)
    missing: dict[tuple[int, tuple[float, float], tuple[float, float]], set[tuple[float, float]]] = defaultdict(set)
    for joint in joints(shapes):
        missing[joint.along, joint.start, joint.end].add(joint.place)
    for (along, start, end), places in missing.items():
        way = sorted(places, key=lambda at: np.hypot(at[0] - start[0], at[1] - start[1]))
        parts = replaced(parts_of(shapes[along]), [start, end], [start, *way, end])
        if parts is not None:
            shapes[along] = shape_of(parts)
    return cells.set_geometry(gpd.GeoSeries(shapes[: len(cells)], index=cells.index, crs=cells.crs))


def told_apart(drawing: Drawing, cells: gpd.GeoDataFrame, code: str = "code") -> gpd.GeoDataFrame:
    """The cells with a code of its own for each piece of a cell that was cut: the largest keeps the cell's, the others
    get new ones of its community, largest first. The frame is not changed.
    """
    out, size = cells.copy(), shapely.area(np.asarray(cells.geometry.values))
    for text in sorted(set(cells[code][cells[code].duplicated()].dropna())):
        pieces = sorted(np.flatnonzero(cells[code] == text), key=lambda row: -size[row])[1:]
        own = drawing.get(str(text))
        community = own.community if own is not None else str(text)[:12]
        used = {one for one in out[code] if one not in drawing and str(one).startswith(community)}
        names = [one for one in fresh(drawing, community, len(pieces) + len(used)) if one not in used]
        for row, name in zip(pieces, names, strict=False):
            out.iloc[row, out.columns.get_loc(code)] = name
    return out


def followed(drawing: Drawing, cells: gpd.GeoDataFrame, code: str = "code") -> gpd.GeoDataFrame:
    """The cells after those that nobody touched have followed those that were edited, as far as one can tell.

    Where an edited cell took land, an untouched one gives it up; what an edited cell gave up goes to the untouched
    neighbour with the longest border to it. What is left over (edited cells over each other, the rim of the area,
    roundings) is for `ground.repair`. In another CRS than the drawing's, nothing can be told (`at_home`). The frame
    is not changed.
    """
    shapes = np.asarray(shapely.force_2d(np.asarray(cells.geometry.values)), dtype=object)
    own = [drawing.get(str(text)) for text in code_texts(cells, code)]
    same = [one is not None and normal(one.shape) == normal(shape) for one, shape in zip(own, shapes, strict=True)]
    still, edited = np.flatnonzero(same), np.flatnonzero(np.logical_not(same))
    if not len(still) or not shapely.is_valid(shapes).all():
        return cells
    over = shapely.union_all(shapes[edited])
    for row in still[shapely.intersects(shapes[still], over)]:
        if shapely.area(shapely.intersection(shapes[row], over)) > 0.0:
            shapes[row] = _polygonal(shapely.difference(shapes[row], over))
    ground = shapely.coverage_union_all(np.array([cell.shape for cell in drawing.values()], dtype=object))
    for gap in shapely.get_parts(_polygonal(shapely.difference(ground, shapely.union_all(shapes)))):
        beside = shapely.length(shapely.intersection(shapely.boundary(gap), shapely.boundary(shapes[still])))
        if beside.max() > 0.0:
            row = still[int(np.argmax(beside))]
            shapes[row] = _polygonal(shapely.union(shapes[row], gap))
    return cells.set_geometry(gpd.GeoSeries(shapes, index=cells.index, crs=cells.crs))


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """What of a shape is an area: lines and points, which an overlay may leave, are none."""
    parts = [one for one in shapely.get_parts(shape) if one.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _cells(drawing: Drawing, cells: gpd.GeoDataFrame, code: str, community: str | None) -> list[Cell]:
    """The frame as cells; one whose shape is the same but for how it is written is the drawing's own."""
    known = community is not None and community in cells.columns
    areas = code_texts(cells, str(community)) if known else [None] * len(cells)
    found = []
    for text, area, shape in zip(code_texts(cells, code), areas, wgs84_polygons(cells), strict=True):
        own = drawing.get(str(text))
        cell = Cell(str(text), area or (own.community if own else str(text)[:12]), normal(shape))
        same = own is not None and own.community == cell.community and normal(own.shape).equals_exact(cell.shape, 0.0)
        found.append(own if own is not None and same else cell)
    return found


def _together(drawing: Drawing, after: dict[str, Cell], changed: list[str]) -> list[list[str]]:
    """The changed codes, those that meet before or after in one list."""
    shapes, owner = [], []
    for number, code in enumerate(changed):
        for cell in (drawing.get(code), after.get(code)):
            if cell is not None:
                shapes.append(cell.shape)
                owner.append(number)
    array = np.array(shapes, dtype=object)
    one, other = shapely.STRtree(array).query(array, predicate="intersects") if len(array) else (owner, owner)
    at = np.array(owner, dtype=np.int64)
    links = coo_array((np.ones(len(one)), (at[one], at[other])), shape=(len(changed), len(changed)))
    count, label = connected_components(links, directed=False) if changed else (0, [])
    return [[code for code, group in zip(changed, label, strict=True) if group == number] for number in range(count)]
