"""Drafts held in memory by each server process, so that an edit costs what it touches.

Only what can be made again from the database is held: the drawing that a plan begins with (by its day and the cells'
version), what stands upon it (by the versions of its layers), and each plan's own drawing (by the plan's version).
Another process's edits are taken up by replaying them. Who may see a plan is decided before anything here is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import Conflict, NotFound
from gridmap.ground.thinned import level, thinned
from gridmap.plan import Cell, Diff, Drawing, Placed, Redraw, from_json, heirs
from gridmap.plan.patch import patched
from gridmap.store import drawings, versions
from gridmap.store.plans import Edit
from gridmap.usecases.kept import Kept
from gridmap.usecases.matters import HeldMatters

#: drawings and plans that one process holds; what is more is made anew when it is asked for
_BASES, _DRAFTS = 3, 40
#: thinned shapes of a drawing that are held: one for each zoom at which it is looked at
_LEVELS: Final = 12


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
        self._matters = HeldMatters()
        self._placed: Kept[tuple[str, int], Placed] = Kept(_BASES)
        self._drafts: Kept[int, Draft] = Kept(_DRAFTS)
        #: what is different between two drawings, by their digests
        self.compared: Kept[tuple[str, str], Diff] = Kept(_BASES)
        self._staff: Kept[tuple[date, date, int, int], dict[str, int]] = Kept(_BASES)

    def base(self, conn: Connection, day: date) -> Base:
        """The drawing that is in force on a day."""
        return self._base(conn, day, versions.read(conn))

    def _base(self, conn: Connection, day: date, known: Mapping[str, int]) -> Base:
        key = (day, tuple(known.get(layer, 0) for layer in ("cells", "areas", "roads", "water")))
        return self._bases.made(key, lambda: _base(conn, day))

    def _upon(self, conn: Connection, base: Base, known: Mapping[str, int], now: datetime) -> Placed:
        """What stands on the base, as new as the layers it is made of."""
        matters = self._matters.on(conn, known, now)
        place = (base.digest, id(matters))
        found = self._placed.get(place)
        if found is None or found.drawing is not base.drawing or found.matters is not matters:
            held = [one for _, one in self._placed.all()]
            found = self._placed.put(place, Placed.of(base.drawing, matters, held))
        return found

    def holds(self, plan_id: int, version: int | None) -> bool:
        """Whether the plan is held at this version, so that an edit of it takes no time."""
        known = self._drafts.get(plan_id)
        return known is not None and known.version == version

    def draft(self, conn: Connection, plan: Any, edits: Callable[[], Sequence[Edit]], now: datetime) -> Draft:
        """A plan's drawing, replayed where this process does not hold it. `plan`: a row of `store.plans.one`; `edits`:
        asked for where they are replayed.

        Raises Conflict (`base_changed`) where its edits no longer fit the drawing that it began with.
        """
        layers = versions.read(conn)
        base = self._base(conn, plan.base_day, layers)
        placed = self._upon(conn, base, layers, now)
        known = self._drafts.get(plan.id)
        if known is not None and known.version == plan.version and known.base is base:
            if known.placed_base is placed:
                return known
            return self.hold(plan.id, _upon(plan.version, base, placed, known.drawing))
        return self.hold(plan.id, _upon(plan.version, base, placed, replayed(base.drawing, edits())))

    def staff(self, conn: Connection, base: Base, today: date, now: datetime) -> dict[str, int]:
        """Who serves each cell of a base, by its code: today, or on its last day; of one that is to come, the heirs.

        What is given is held, and is not to be changed.
        """
        layers = versions.read(conn)
        if base.day <= today:
            key = (base.day, today, layers.get("cells", 0), layers.get("duties", 0))
            return self._staff.made(key, lambda: _served(conn, base, today))
        known = drawings.days(conn)
        present = self._base(conn, max((day for day in known if day <= today), default=known[0]), layers)
        if present is base:
            return {}
        served = self.staff(conn, present, today, now)
        before, after = (self._upon(conn, one, layers, now) for one in (present, base))
        same = {code for code in base.drawing if base.drawing[code] == present.drawing.get(code)}
        kept = {code: worker for code, worker in served.items() if code in same}
        return kept | {
            code: int(str(worker))
            for code, worker in heirs(before, after, served, {*base.drawing, *present.drawing} - same).items()
        }

    def hold(self, plan_id: int, draft: Draft) -> Draft:
        return self._drafts.put(plan_id, draft)


def _served(conn: Connection, base: Base, today: date) -> dict[str, int]:
    """Who serves each cell of a drawing that has begun, by the cell's code: today, or on its last day."""
    ends = min((day for day in drawings.days(conn) if day > base.day), default=None)
    by_id = drawings.workers(conn, today if ends is None else min(today, ends - timedelta(days=1)))
    return {code: by_id[identity] for code, identity in base.ids.items() if identity in by_id}


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
