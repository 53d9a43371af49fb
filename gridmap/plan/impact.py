"""What a redraw does to people and work: figures before and after, by cell and by worker; who hands what to whom.

Figures are of places and duties: no care note comes in here, not even how many there are in a cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.ground.arrays import Floats
from gridmap.ground.coverage import NOISE_M2
from gridmap.ground.measure import Geometries, area_m2
from gridmap.plan.drawing import Drawing
from gridmap.plan.relabel import Group, Labelled, moved, pairs

#: households and cases by (old cell, new cell)
Ways = Mapping[tuple[str, str], tuple[int, int]]

#: figures of a cell that add up, in the order of the columns; `walk_m` comes after them
SUMS = ("households", "visits_due", "visit_hours", "open", "yellow", "red", "enterprises", "blasting_zones", "area_m2")

#: cells in which two drawings may differ for the places in one to be told from those in the other
_FEW_DIFFER = 200

#: WGS84: the half axis in metres, and the eccentricity squared
_A_M, _E2 = 6_378_137.0, 0.00669437999014


@dataclass(frozen=True, slots=True)
class Matters:
    """What stands in the cells: frames with `lon`, `lat` (WGS84), and what is told of each.

    `households`: visits_due (a month), visit_minutes (each). `cases`: the open ones, with `light` ("green", "yellow",
    "red" or another). `enterprises`: places. `zones`: blasting zones, WGS84 polygons; one counts in each cell it meets.
    """

    households: pd.DataFrame
    cases: pd.DataFrame
    enterprises: pd.DataFrame
    zones: Geometries


@dataclass(frozen=True, slots=True)
class Placed:
    """A drawing and which household, case and enterprise is in which of its cells."""

    drawing: Drawing
    matters: Matters
    households: Labelled
    cases: Labelled
    enterprises: Labelled

    @classmethod
    def of(cls, drawing: Drawing, matters: Matters, held: Sequence[Placed] = ()) -> Placed:
        """All placed anew: once for a base, then `after` for each edit. What one of `held` has placed is taken over,
        also from another drawing of which few cells differ."""
        names = ("households", "cases", "enterprises")
        return cls(drawing, matters, *(_labelled(drawing, getattr(matters, name), name, held) for name in names))

    def after(self, drawing: Drawing, take: Collection[str], put: Collection[str]) -> Placed:
        """The same things in a drawing in which `put` came for `take`: only what lies beside is looked at."""
        sets = (self.households, self.cases, self.enterprises)
        return Placed(drawing, self.matters, *(moved(one, self.drawing, drawing, take, put) for one in sets))


def _labelled(drawing: Drawing, frame: pd.DataFrame, name: str, held: Sequence[Placed]) -> Labelled:
    """The points of a frame in a drawing."""
    known = [one for one in held if getattr(one.matters, name) is frame]
    for one in sorted(known, key=lambda one: one.drawing is not drawing):
        labelled: Labelled = getattr(one, name)
        if one.drawing is drawing:
            return labelled
        other = {code for code in {*one.drawing, *drawing} if one.drawing.get(code) != drawing.get(code)}
        if len(other) <= _FEW_DIFFER:
            return moved(labelled, one.drawing, drawing, other & set(one.drawing), other & set(drawing))
    return Labelled.of(drawing, frame["lon"], frame["lat"])


@dataclass(frozen=True, slots=True)
class Impact:
    """Before and after. Frames by code of the cell and by worker have two levels of columns: "before", "after".

    A cell that is only there on one side has no figures (NaN) on the other. `handovers`: see `handovers`.
    """

    cells: pd.DataFrame
    workers: pd.DataFrame
    handovers: pd.DataFrame
    crosswalk: pd.DataFrame


def impact(
    before: Placed,
    after: Placed,
    workers_before: Mapping[str, Any],
    workers_after: Mapping[str, Any],
    codes: Iterable[str],
) -> Impact:
    """What changes from one drawing to another, for these cells and for the workers who serve them.

    `codes`: all cells taken or put. `workers_*`: who serves each cell, None or missing: nobody. Workers' figures are
    over all the cells they serve, also those that no edit touched.
    """
    differ = workers_before.items() ^ workers_after.items()
    changed = set(codes) | {code for code, _ in differ if workers_before.get(code) != workers_after.get(code)}
    there = [{code for code in changed if code in placed.drawing} for placed in (before, after)]
    sides = ((before, workers_before), (after, workers_after))
    who = {staff.get(code) for (_, staff), own in zip(sides, there, strict=True) for code in own} - {None}
    by_cell, by_worker = [], []
    for (placed, staff), own in zip(sides, there, strict=True):
        served = {code for code, worker in staff.items() if worker in who and code in placed.drawing}
        figures = cell_figures(placed, served | own)
        by_cell.append(figures.loc[sorted(own)])
        by_worker.append(worker_figures(figures.loc[sorted(served)], staff))
    ways = _ways(before, after, changed)
    return Impact(
        cells=pd.concat(by_cell, axis=1, keys=["before", "after"]).sort_index(),
        workers=pd.concat(by_worker, axis=1, keys=["before", "after"]).sort_index(),
        handovers=_handed(ways, workers_before, workers_after),
        crosswalk=_walked(ways, _land(before.drawing, after.drawing, changed)),
    )


def cell_figures(placed: Placed, codes: Iterable[str]) -> pd.DataFrame:
    """Figures by code: `SUMS` and `walk_m`, the mean distance of households from their middle, in metres.

    A cell without households has walk_m NaN.
    """
    chosen = sorted(set(codes))
    shapes = np.array([placed.drawing[code].shape for code in chosen], dtype=object)
    matters = placed.matters
    due, minutes = (matters.households[column].to_numpy(dtype=np.float64) for column in ("visits_due", "visit_minutes"))
    light = matters.cases["light"].to_numpy(dtype=object)
    homes, cases = ([side[code].row for code in chosen] for side in (placed.households, placed.cases))
    figures: dict[str, Any] = {
        "households": [len(rows) for rows in homes],
        "visits_due": [due[rows].sum() for rows in homes],
        "visit_hours": [(due[rows] * minutes[rows]).sum() / 60.0 for rows in homes],
        "open": [len(rows) for rows in cases],
        "yellow": [int((light[rows] == "yellow").sum()) for rows in cases],
        "red": [int((light[rows] == "red").sum()) for rows in cases],
        "enterprises": [len(placed.enterprises[code].row) for code in chosen],
        "blasting_zones": _meeting(shapes, matters.zones),
        "area_m2": area_m2(shapes) if len(shapes) else [],
        "walk_m": [_spread(placed.households[code]) for code in chosen],
    }
    return pd.DataFrame(figures, index=pd.Index(chosen, name="cell", dtype=object))


def worker_figures(figures: pd.DataFrame, workers: Mapping[str, Any]) -> pd.DataFrame:
    """Cells' figures added up by worker; `walk_m` is the mean over households, `cells` how many there are."""
    staff = [workers.get(code) for code in figures.index]
    served = np.array([worker is not None for worker in staff], dtype=bool)
    who = sorted({worker for worker in staff if worker is not None})
    place = {worker: number for number, worker in enumerate(who)}
    at = np.array([place[worker] for worker in staff if worker is not None], dtype=np.int64)

    def total(values: Floats) -> Floats:
        return np.bincount(at, values[served], len(who)).astype(np.float64)

    found = {name: figures[name].to_numpy(dtype=np.float64) for name in (*SUMS, "walk_m")}
    steps = total(np.nan_to_num(found["walk_m"] * found["households"]))
    sums: dict[str, Any] = {name: total(found[name]).astype(figures[name].to_numpy().dtype) for name in SUMS}
    homes = total(found["households"])
    sums["cells"] = np.bincount(at, minlength=len(who))
    sums["walk_m"] = np.divide(steps, homes, out=np.full(len(who), np.nan), where=homes > 0)
    return pd.DataFrame(sums, index=pd.Index(who, name="worker"))


def handovers(
    before: Placed,
    after: Placed,
    workers_before: Mapping[str, Any],
    workers_after: Mapping[str, Any],
    codes: Iterable[str],
) -> pd.DataFrame:
    """Who hands what to whom: source, to (workers; None: nobody), source_cell, to_cell, households, cases.

    What stays with its worker is no hand-over, also when the cell got another code.
    """
    return _handed(_ways(before, after, codes), workers_before, workers_after)


def _handed(ways: Ways, workers_before: Mapping[str, Any], workers_after: Mapping[str, Any]) -> pd.DataFrame:
    found = _frame({way: (homes, cases, 0.0) for way, (homes, cases) in ways.items()})
    source = [workers_before.get(code) for code in found["source_cell"]]
    to = [workers_after.get(code) for code in found["to_cell"]]
    found["source"], found["to"] = pd.Series(source, dtype=object), pd.Series(to, dtype=object)
    differ = np.array([a != b for a, b in zip(source, to, strict=True)], dtype=bool)
    columns = ["source", "to", "source_cell", "to_cell", "households", "cases"]
    return found.loc[differ, columns].reset_index(drop=True)


def crosswalk(before: Placed, after: Placed, codes: Iterable[str]) -> pd.DataFrame:
    """From old to new cells: source_cell, to_cell, households, cases, area_m2; also what stays in its cell."""
    named = set(codes)
    return _walked(_ways(before, after, named), _land(before.drawing, after.drawing, named))


def _walked(ways: Ways, land: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    return _frame({way: (*ways.get(way, (0, 0)), land.get(way, 0.0)) for way in ways.keys() | land.keys()})


def _frame(found: Mapping[tuple[str, str], tuple[int, int, float]]) -> pd.DataFrame:
    """source_cell, to_cell, households, cases, area_m2 by old and new cell, in their order."""
    order = sorted(found)
    return pd.DataFrame({
        "source_cell": pd.Series([source for source, _ in order], dtype=object),
        "to_cell": pd.Series([to for _, to in order], dtype=object),
        "households": np.array([found[way][0] for way in order], dtype=np.int64),
        "cases": np.array([found[way][1] for way in order], dtype=np.int64),
        "area_m2": np.array([found[way][2] for way in order], dtype=np.float64),
    })  # fmt: skip


def heirs(before: Placed, after: Placed, workers: Mapping[str, Any], codes: Iterable[str]) -> dict[str, Hashable]:
    """A worker for each cell of these: its own where the code stays, else who had most of its households (or land)."""
    there = sorted(code for code in set(codes) if code in after.drawing)
    own_of = {code: workers.get(code) if code in before.drawing else None for code in there}
    if None not in own_of.values():  # most edits make no new cell: nobody has to be looked for
        return dict(own_of)
    found: dict[str, Hashable] = {}
    walk = crosswalk(before, after, codes)
    for code, own in own_of.items():
        from_whom = walk[walk["to_cell"] == code].sort_values(["households", "area_m2"], ascending=False, kind="stable")
        others = (workers.get(source) for source in from_whom["source_cell"])
        heir = own if own is not None else next((worker for worker in others if worker is not None), None)
        if heir is not None:
            found[code] = heir
    return found


def _ways(before: Placed, after: Placed, codes: Iterable[str]) -> Ways:
    """Households and cases by old and new cell."""
    named = set(codes)
    homes, cases = (
        Counter(
            zip(*(side.tolist() for side in pairs(getattr(before, name), getattr(after, name), named)[1:]), strict=True)
        )
        for name in ("households", "cases")
    )
    return {way: (homes[way], cases[way]) for way in homes.keys() | cases.keys()}


def _land(before: Drawing, after: Drawing, codes: set[str]) -> dict[tuple[str, str], float]:
    """Square metres by old and new cell."""
    old, new = (sorted(code for code in codes if code in drawing) for drawing in (before, after))
    shapes = [np.array([d[code].shape for code in side], dtype=object) for d, side in ((before, old), (after, new))]
    to, source = shapely.STRtree(shapes[0]).query(shapes[1], predicate="intersects") if old and new else ([], [])
    to, source = np.asarray(to, dtype=np.int64), np.asarray(source, dtype=np.int64)
    area = area_m2(shapely.intersection(shapes[0][source], shapes[1][to])) if len(to) else np.zeros(0)
    real = area >= NOISE_M2
    ways = zip(source[real].tolist(), to[real].tolist(), area[real].tolist(), strict=True)
    return {(old[i], new[k]): size for i, k, size in ways}


def _meeting(shapes: Geometries, zones: Geometries) -> Any:
    """How many zones have some of their inside in each shape."""
    if not len(zones) or not len(shapes):
        return np.zeros(len(shapes), dtype=np.int64)
    zone, shape = shapely.STRtree(shapes).query(zones, predicate="intersects")
    inside = shapely.relate_pattern(zones[zone], shapes[shape], "T********")
    return np.bincount(shape[inside], minlength=len(shapes))


def _spread(group: Group) -> float:
    """Mean distance of places from their middle, in metres; NaN without places."""
    if not len(group.row):
        return float("nan")
    xy = _metres(group.lon, group.lat)
    return float(np.hypot(*(xy - xy.mean(axis=0)).T).mean())


def _metres(lon: Floats, lat: Floats) -> Floats:
    """Places in metres east and north, by the ellipsoid's radii at their middle: a cell is small, and there are many.

    Within 10 km of the middle lengths are right to some parts in ten thousand; a CRS of its own costs milliseconds.
    """
    middle = np.radians((lat.min() + lat.max()) / 2.0)
    bent = 1.0 - _E2 * np.sin(middle) ** 2
    east, north = _A_M / np.sqrt(bent) * np.cos(middle), _A_M * (1.0 - _E2) / bent**1.5
    return np.column_stack([np.radians(lon) * east, np.radians(lat) * north])
