"""Building blocks where none are drawn: households that follow one another along a road, each with its ground.

A household's ground is what lies nearer to it than to any other household of its cell (its Voronoi polygon). Blocks are
runs of neighbours along one road; rivers and main roads cut them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import covering, faces, inner_points
from gridmap.plan.balance.blocks import Blocks, Geometries, Rows, blocks_of, borders_of

#: neighbours along a road who live further apart than this, in metres, are no block
_APART_M = 200.0


def household_blocks(
    cells: ArrayLike,
    points: ArrayLike,
    load: ArrayLike | None = None,
    roads: Sequence[shapely.Geometry] = (),
    barriers: Sequence[shapely.Geometry] = (),
    size: int = 15,
) -> tuple[Blocks, Rows]:
    """Blocks of about `size` households of the chosen cells, and the block of each household (n; -1 outside all cells).

    `cells`: polygons in a metric CRS, edges shared; `points`: n shapely points in the same; `load`: n numbers (default:
    one each). Every place of the cells is in exactly one block, and every block in exactly one cell.
    """
    shapes, homes = np.asarray(cells, dtype=object), np.asarray(points, dtype=object)
    if size < 1:
        raise InvalidInput(f"A block has at least one household, not {size}.", code="bad_size")
    weight = np.ones(len(homes)) if load is None else np.asarray(load, dtype=np.float64)
    home_cell = _cell_of(shapes, homes)
    run = _runs(homes, home_cell, np.asarray(roads, dtype=object), size)
    walls = np.asarray(barriers, dtype=object)
    found, face_cell = _faces(shapes, homes, home_cell, walls)
    face_block = _grouped(found, face_cell, _run_of(found, face_cell, homes, home_cell, run), walls)
    n = int(face_block.max(initial=-1)) + 1
    drawn = np.array([shapely.coverage_union_all(found[face_block == one]) for one in range(n)], dtype=object)
    cell = np.zeros(n, dtype=np.int64)
    cell[face_block] = face_cell
    home_block = _block_of(found, face_block, homes, home_cell, face_cell)
    kept = home_block >= 0
    counts = np.bincount(home_block[kept], minlength=n)
    loads = np.bincount(home_block[kept], weights=weight[kept], minlength=n)
    return blocks_of(drawn, cell, loads, counts, barriers), home_block


def _cell_of(cells: Geometries, homes: Geometries) -> Rows:
    """The row of the cell of each point, the first where borders meet; -1 outside."""
    point, cell = shapely.STRtree(cells).query(homes, predicate="intersects")
    found = np.full(len(homes), len(cells), dtype=np.int64)
    np.minimum.at(found, point, cell)
    return np.where(found == len(cells), -1, found)


def _runs(homes: Geometries, cell: Rows, roads: Geometries, size: int) -> Rows:
    """Number the households' runs: same cell, same road, one after another along it, at most `size` of them."""
    if not len(homes):
        return np.zeros(0, dtype=np.int64)
    if len(roads):
        road = shapely.STRtree(roads).nearest(homes)
        along = shapely.line_locate_point(roads[road], homes)
    else:  # without roads: from west to east
        road, along = np.zeros(len(homes), dtype=np.int64), shapely.get_x(homes)
    order = np.lexsort((along, road, cell))
    fresh = np.r_[True, (np.diff(cell[order]) != 0) | (np.diff(road[order]) != 0) | (np.diff(along[order]) > _APART_M)]
    part = np.cumsum(fresh) - 1
    place = np.arange(len(homes)) - np.flatnonzero(fresh)[part]
    # equal pieces, so that sixteen households are two blocks of eight and not fifteen and one
    long = np.bincount(part)
    pieces = np.ceil(long / size).astype(np.int64)
    piece = place * pieces[part] // long[part]
    first = np.r_[0, np.cumsum(pieces)[:-1]]
    run = np.empty(len(homes), dtype=np.int64)
    run[order] = first[part] + piece
    return run


def _faces(cells: Geometries, homes: Geometries, home_cell: Rows, barriers: Geometries) -> tuple[Geometries, Rows]:
    """The grounds of all households, cut by cells and barriers, and the cell of each."""
    lines = [shapely.boundary(cells)]
    for row, shape in enumerate(cells):
        own = np.unique(shapely.get_coordinates(homes[home_cell == row]), axis=0)
        if len(own) > 1:
            edges = shapely.voronoi_polygons(shapely.multipoints(own), extend_to=shape, only_edges=True)
            lines.append(np.array([shapely.intersection(edges, shape)], dtype=object))
    if len(barriers):
        lines.append(shapely.intersection(barriers, shapely.union_all(cells)))
    found = faces(shapely.get_parts(shapely.line_merge(np.concatenate(lines))))
    face, cell = covering(found, cells)
    return found[face], cell


def _run_of(found: Geometries, face_cell: Rows, homes: Geometries, home_cell: Rows, run: Rows) -> Rows:
    """The run of the household nearest to each face among those of its cell; -1 in cells without households."""
    middle = shapely.get_coordinates(inner_points(found))
    out = np.full(len(found), -1, dtype=np.int64)
    for cell in np.unique(face_cell):
        own, mine = np.flatnonzero(home_cell == cell), face_cell == cell
        if len(own):
            _, near = cKDTree(shapely.get_coordinates(homes[own])).query(middle[mine])
            out[mine] = run[own[near]]
    return out


def _grouped(found: Geometries, cell: Rows, run: Rows, barriers: Geometries) -> Rows:
    """Number the blocks: connected faces of one run in one cell, not across a barrier."""
    pair, border, along = borders_of(found, barriers)
    one, two = pair.T
    same = (run[one] == run[two]) & (cell[one] == cell[two]) & (along < border / 2)
    graph = coo_array((np.ones(same.sum()), (one[same], two[same])), shape=(len(found), len(found)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _block_of(found: Geometries, block: Rows, homes: Geometries, home_cell: Rows, face_cell: Rows) -> Rows:
    """The block of each household: the first that holds its point, in its own cell."""
    point, face = shapely.STRtree(found).query(homes, predicate="intersects")
    mine = face_cell[face] == home_cell[point]
    most = np.iinfo(np.int64).max
    out = np.full(len(homes), most, dtype=np.int64)
    np.minimum.at(out, point[mine], block[face[mine]])
    return np.where(out == most, -1, out)
