"""Proposals for even cells, from the households of a plan: as edits that its planner may make, all or some."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS
from scipy.spatial import cKDTree

from gridmap.errors import InvalidInput, TooMany
from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries, metric_crs, project, transform
from gridmap.plan import Drawing, edits_from_plane, to_json
from gridmap.plan.balance import Blocks, Proposal, balance, household_blocks
from gridmap.plan.rings import normal
from gridmap.store import drawings, read
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Draft
from gridmap.usecases.planning import draft_of, may, seen
from gridmap.view import View

LOADS: Final = ("households", "hours", "cases")
MOST_CELLS: Final = 200
LONGEST_S: Final = 60.0

#: one search at a time in a process: it takes a core for as long as it may
_BUSY = threading.Lock()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `cells`: codes; `most_moved`: households that may change their cell at most (None: any)."""

    cells: tuple[str, ...]
    load: str = "households"
    most_moved: float | None = None
    seed: int = 1
    seconds: float = 10.0


def proposals(ctx: Context, view: View, plan_id: int, wish: Wish) -> tuple[int, list[dict[str, Any]]]:
    """The plan's version, and proposals with their scores and edits, the most even first.

    Runs in the caller's thread until `seconds` are over. Raises Forbidden, NotFound, InvalidInput, TooMany while
    another search runs in this process.
    """
    may(view, "plan.edit")
    _check(wish)
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        shapes = [draft.drawing.cell(code).shape for code in wish.cells]
        roads = drawings.roads(conn, shapely.union_all(shapes).bounds)
    if not _BUSY.acquire(blocking=False):
        raise TooMany("another search runs; ask again when it is done", retry_after_s=int(wish.seconds))
    try:
        return row.version, _searched(draft, wish, roads)
    finally:
        _BUSY.release()


def _check(wish: Wish) -> None:
    if wish.load not in LOADS:
        raise InvalidInput(f"the load is one of {', '.join(LOADS)}", field="load")
    if not 2 <= len(set(wish.cells)) <= MOST_CELLS or len(set(wish.cells)) != len(wish.cells):
        raise InvalidInput(f"name 2 to {MOST_CELLS} different cells", field="cells")
    if not 0 < wish.seconds <= LONGEST_S:
        raise InvalidInput(f"seconds must be at most {LONGEST_S:g}", field="seconds")


def _searched(draft: Draft, wish: Wish, roads: Geometries) -> list[dict[str, Any]]:
    cells = [draft.drawing[code] for code in wish.cells]
    degrees = np.array([cell.shape for cell in cells], dtype=object)
    crs = metric_crs(*shapely.get_coordinates(degrees).T)
    # not divided further: the blocks' edges must be those of the cells
    flat = transform(degrees, "EPSG:4326", crs)
    groups = [draft.placed.households[code] for code in wish.cells]
    lon, lat = (np.concatenate([getattr(one, name) for one in groups]) for name in ("lon", "lat"))
    if not len(lon):
        raise InvalidInput("no household lives in these cells: there is nothing to share", field="cells")
    homes = project(shapely.points(lon, lat), crs)
    box = shapely.box(*shapely.total_bounds(degrees))
    near = [_flat(lines, box, crs) for lines in (roads, draft.base.barriers)]
    blocks, _ = household_blocks(flat, homes, _loads(draft, wish, homes, crs), *near)
    communities = [cell.community for cell in cells]
    made = balance(
        blocks, groups=communities, most_moved=wish.most_moved, seed=wish.seed, seconds=wish.seconds
    )  # fmt: skip
    found = (_told(draft.drawing, wish.cells, blocks, one, crs) for one in made)
    return [one for one in found if one is not None]


def _flat(lines: Geometries, box: Any, crs: CRS) -> Any:
    close = lines[shapely.intersects(lines, box)] if len(lines) else lines
    return project(close, crs) if len(close) else close


def _loads(draft: Draft, wish: Wish, homes: Geometries, crs: CRS) -> Floats:
    """A household's share of the load; a case counts for the nearest household."""
    frame = draft.placed.matters.households
    rows = np.concatenate([draft.placed.households[code].row for code in wish.cells])
    if wish.load == "households":
        return np.ones(len(rows))
    if wish.load == "hours":
        return np.asarray((frame["visits_due"] * frame["visit_minutes"]).to_numpy(dtype=np.float64)[rows] / 60.0)
    groups = [draft.placed.cases[code] for code in wish.cells]
    lon, lat = (np.concatenate([getattr(one, name) for one in groups]) for name in ("lon", "lat"))
    if not len(lon):
        raise InvalidInput("there is no open case in these cells: nothing to share", field="load")
    places = shapely.get_coordinates(project(shapely.points(lon, lat), crs))
    _, nearest = cKDTree(shapely.get_coordinates(homes)).query(places)
    return np.bincount(nearest, minlength=len(rows)).astype(np.float64)


def _told(drawing: Drawing, codes: Sequence[str], blocks: Blocks, one: Proposal, crs: CRS) -> dict[str, Any] | None:
    """A proposal as an answer; None where it keeps everything, or where it cannot be drawn so."""
    moved = np.union1d(*(side[blocks.cell != one.cell] for side in (blocks.cell, one.cell)))
    if not len(moved):
        return None
    shapes = [normal(shapely.coverage_union_all(blocks.shapes[one.cell == row])) for row in moved]
    edits = edits_from_plane(drawing, [codes[row] for row in moved], np.array(shapes, dtype=object), crs).deltas
    scores = {name: value for name, value in asdict(one).items() if name != "cell"}
    return {**scores, "edits": [to_json(one) for one in edits]} if edits else None
