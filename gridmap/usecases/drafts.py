"""Drafts held in memory by each server process, so that an edit costs what it touches.

Only what can be made again from the database is held: the drawing that a plan begins with (by its day and the cells'
version), what stands upon it (by the versions of its layers), and each plan's own drawing (by the plan's version).
Another process's edits are taken up by replaying them. Who may see a plan is decided before anything here is asked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.enterprise.blasting import Building, Rock, limit_cm_s, safe_radius_m, site_of
from gridmap.errors import Conflict, NotFound
from gridmap.ground.measure import metric_crs, project, transform
from gridmap.ground.thinned import level, thinned
from gridmap.plan import Cell, Drawing, Matters, Placed, Redraw, from_json, heirs
from gridmap.plan.patch import patched
from gridmap.store import blasts, drawings, versions
from gridmap.store.plans import Edit

#: what it takes that no household turns red (`people.visits.RED_AFTER`): once a month, half an hour each
VISITS_A_MONTH: Final = 1.0
VISIT_MINUTES: Final = 30.0
#: drawings and plans that one process holds; what is more is made anew when it is asked for
_BASES, _DRAFTS = 3, 40
#: thinned shapes of a drawing that are held: one for each zoom at which it is looked at
_LEVELS: Final = 12

_K = TypeVar("_K")
_V = TypeVar("_V")


class Kept(Generic[_K, _V]):
    """The values used last, a few; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[_K, _V] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: _K, value: _V) -> _V:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


@dataclass(frozen=True)
class Base:
    """A drawing in the tables, as a plan begins with it."""

    day: date
    drawing: Drawing
    rows: pd.DataFrame
    #: rivers and main roads
    barriers: np.ndarray[Any, np.dtype[np.object_]]
    _thinned: Kept[float, Mapping[str, Any]] = field(default_factory=lambda: Kept(_LEVELS), repr=False)

    def thinned(self, metres: float) -> Mapping[str, Any]:
        """Each cell's shape by its code, for a map on which so many metres cannot be seen; {} below one metre."""
        asked = level(metres)
        if not asked:
            return {}
        found = self._thinned.get(asked)
        if found is None:
            shapes = np.array([cell.shape for cell in self.drawing.values()], dtype=object)
            found = self._thinned.put(asked, dict(zip(self.drawing, thinned(shapes, asked), strict=True)))
        return found

    @cached_property
    def digest(self) -> str:
        return self.drawing.digest()

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each cell's row by its code."""
        return dict(zip(self.rows["code"], self.rows["id"].tolist(), strict=True))

    @cached_property
    def paths(self) -> dict[str, str]:
        """The path of each cell's area by the cell's code."""
        return dict(zip(self.rows["code"], self.rows["path"], strict=True))


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan's drawing at one of its versions, with what stands upon it."""

    version: int
    base: Base
    placed_base: Placed
    drawing: Drawing
    placed: Placed


class Drafts:
    """What one process holds of all plans."""

    def __init__(self) -> None:
        self._bases: Kept[tuple[date, tuple[int, ...]], Base] = Kept(_BASES)
        self._matters: Kept[tuple[int, ...], Matters] = Kept(1)
        self._placed: Kept[tuple[str, int], Placed] = Kept(_BASES)
        self._drafts: Kept[int, Draft] = Kept(_DRAFTS)

    def base(self, conn: Connection, day: date) -> Base:
        """The drawing that is in force on a day."""
        known = versions.read(conn)
        key = (day, tuple(known.get(layer, 0) for layer in ("cells", "areas", "roads", "water")))
        return self._bases.get(key) or self._bases.put(key, _base(conn, day))

    def placed(self, conn: Connection, base: Base, now: datetime) -> Placed:
        """What stands on the base, as new as the layers it is made of."""
        known = versions.read(conn)
        key = tuple(known.get(layer, 0) for layer in ("households", "incidents", "enterprises"))
        # lights turn yellow by themselves: a quarter of an hour is new enough for weighing a redraw
        key = (*key, int(now.timestamp()) // 900)
        matters = self._matters.get(key) or self._matters.put(key, _matters(conn, now))
        place = (base.digest, id(matters))
        found = self._placed.get(place)
        if found is None or found.drawing is not base.drawing or found.matters is not matters:
            found = self._placed.put(place, Placed.of(base.drawing, matters))
        return found

    def draft(self, conn: Connection, plan: Any, edits: Sequence[Edit], now: datetime) -> Draft:
        """A plan's drawing, replayed where this process does not hold it. `plan`: a row of `store.plans.one`.

        Raises Conflict (`base_changed`) where its edits no longer fit the drawing that it began with.
        """
        base = self.base(conn, plan.base_day)
        placed = self.placed(conn, base, now)
        known = self._drafts.get(plan.id)
        if known is not None and known.version == plan.version and known.base is base:
            if known.placed_base is placed:
                return known
            return self.hold(plan.id, _upon(plan.version, base, placed, known.drawing))
        return self.hold(plan.id, _upon(plan.version, base, placed, replayed(base.drawing, edits)))

    def staff(self, conn: Connection, base: Base, today: date, now: datetime) -> dict[str, int]:
        """Who serves each cell of a base, by its code: today, or on its last day; of one that is to come, the heirs."""
        known = drawings.days(conn)
        if base.day > today:
            present = self.base(conn, max((day for day in known if day <= today), default=known[0]))
            if present is base:
                return {}
            served = self.staff(conn, present, today, now)
            before, after = self.placed(conn, present, now), self.placed(conn, base, now)
            same = {code for code in base.drawing if base.drawing[code] == present.drawing.get(code)}
            kept = {code: worker for code, worker in served.items() if code in same}
            return kept | {
                code: int(str(worker))
                for code, worker in heirs(before, after, served, {*base.drawing, *present.drawing} - same).items()
            }
        ends = min((day for day in known if day > base.day), default=None)
        day = today if ends is None else min(today, ends - timedelta(days=1))
        by_id = drawings.workers(conn, day)
        return {code: by_id[identity] for code, identity in base.ids.items() if identity in by_id}

    def hold(self, plan_id: int, draft: Draft) -> Draft:
        return self._drafts.put(plan_id, draft)


def replayed(drawing: Drawing, edits: Sequence[Edit]) -> Drawing:
    """The drawing after the edits that are not undone. Raises Conflict (`base_changed`)."""
    for number, edit in enumerate((one for one in edits if not one.undone), start=1):
        try:
            drawing = patched(drawing, inverse_of(edit).inverse())
        except Conflict as error:
            raise Conflict(
                f"edit {number} no longer fits the drawing that the plan began with: {error.message}; rebase the plan",
                code="base_changed", **error.details,
            ) from None  # fmt: skip
    return drawing


def inverse_of(edit: Edit) -> Redraw:
    """What takes a stored edit back."""
    found = from_json(edit.inverse)
    assert isinstance(found, Redraw)
    return found


def _upon(version: int, base: Base, placed: Placed, drawing: Drawing) -> Draft:
    """The draft with what stands upon it: only what lies beside its changes is placed anew."""
    touched = drawing.touched
    if not touched:
        return Draft(version, base, placed, drawing, placed)
    take, put = touched & set(base.drawing), touched & set(drawing)
    return Draft(version, base, placed, drawing, placed.after(drawing, take, put))


def edited(draft: Draft, version: int, drawing: Drawing, back: Redraw) -> Draft:
    """The draft after one edit more; `back` takes it back."""
    take, put = [cell.code for cell in back.put], [cell.code for cell in back.take]
    return Draft(version, draft.base, draft.placed_base, drawing, draft.placed.after(drawing, take, put))


def _base(conn: Connection, day: date) -> Base:
    rows = drawings.cells(conn, day)
    if not len(rows):
        raise NotFound(f"there are no cells on {day}: import some first", day=str(day))
    shapes = [shape.geoms[0] if len(shape.geoms) == 1 else shape for shape in rows["geom"]]
    cells = map(Cell, rows["code"], rows["community"], shapes)
    retired = drawings.former_codes(conn, day) - set(rows["code"])
    bare = pd.DataFrame(rows.drop(columns="geom"))
    return Base(day, Drawing.of(cells, retired), bare, drawings.barriers(conn))


def _matters(conn: Connection, now: datetime) -> Matters:
    """Places and lights, and nothing of anybody who lives there."""
    homes = drawings.households(conn).assign(visits_due=VISITS_A_MONTH, visit_minutes=VISIT_MINUTES)
    cases = drawings.open_cases(conn)
    moment = pd.Timestamp(now)
    light = np.where(cases["red_at"] <= moment, "red", np.where(cases["yellow_at"] <= moment, "yellow", "green"))
    works = drawings.enterprises(conn)
    return Matters(homes, cases.assign(light=light.astype(object)), works, _zones(conn, works))


def _zones(conn: Connection, works: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Where blasts of an enterprise can crack a fragile house, by its largest logged charge: circles in WGS84."""
    limit = limit_cm_s(Building.FRAGILE)
    found = []
    for enterprise_id, charge in blasts.largest(conn).items():
        at = works.index[works["id"] == enterprise_id]
        if not len(at):
            continue
        said = blasts.rock_of(conn, enterprise_id)
        site = site_of(Rock(said.rock) if said is not None else Rock.MEDIUM)
        radius = float(safe_radius_m(charge, limit, site))
        shape = works.loc[at[0], "geom"]
        crs = metric_crs(*shapely.get_coordinates(shape).T)
        flat = shapely.buffer(project([shape], crs), radius)
        found.append(transform(flat, crs, "EPSG:4326")[0])
    return np.array(found, dtype=object)
