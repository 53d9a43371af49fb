"""What a plan does to people and work, whether it may stand, and its drawing as the page edits it.

Figures of places and duties alone: how many, never who. No care note comes in, not even how many there are in a cell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.errors import Conflict
from gridmap.ground.topology import topology
from gridmap.plan import Drawing, Facts, Finding, Placed, cell_figures, heirs, impact, judge, standard
from gridmap.store import drawings, limits, plans, read
from gridmap.store.spatial import Bbox, check_bbox
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Draft
from gridmap.usecases.matters import VISIT_MINUTES, VISITS_A_MONTH
from gridmap.usecases.planning import Changed, changed, draft_of, seen
from gridmap.view import View

#: cells whose borders and nodes are told; of more only the shapes
MOST_BORDERED: Final = 400


# --- the drawing ------------------------------------------------------------------------------------------------------


def drawing(
    ctx: Context, view: View, plan_id: int, bbox: Bbox | None, codes: Collection[str] | None, metres: float = 0.0
) -> tuple[int, dict[str, Any]]:
    """The plan's version and its drawing: cells (all, in a box, or by code), with borders and nodes where few.

    `metres` that cannot be seen: cells that the plan leaves as they are come with fewer vertices, without borders.
    """
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        staff = staff_after(ctx, conn, draft)
        names = _names(conn, staff.values())
    chosen = set(draft.drawing)
    if codes is not None:
        chosen &= set(codes)
    if bbox is not None:
        box = shapely.box(*check_bbox(bbox))
        chosen &= {cell.code for cell in draft.drawing.near(box)}
    lost = [_was(draft, code) for code in sorted(set(draft.base.drawing) - set(draft.drawing))]
    return row.version, {**drawn(draft, chosen, staff, names, metres), "gone": lost}


def drawn(
    draft: Draft,
    codes: Iterable[str],
    staff: Mapping[str, Any],
    names: Mapping[int, Mapping[str, Any]],
    metres: float = 0.0,
) -> dict[str, Any]:
    """Cells as GeoJSON features with their figures, and what edits need: borders and nodes, bit for bit.

    A cell that the plan changed has its shape before it in `was`.
    """
    chosen = sorted(codes)
    figures = cell_figures(draft.placed, chosen)
    touched = changed(draft.base.drawing, draft.drawing)
    thin, edited = draft.base.thinned(metres), draft.drawing.touched
    shapes = {code: draft.drawing[code].shape if code in edited or not thin else thin[code] for code in chosen}
    features = [
        {
            "type": "Feature", "id": code,
            "geometry": _geometry(shapes[code]),
            **({"was": _was(draft, code)["geometry"]} if code in touched and code in draft.base.drawing else {}),
            "properties": {
                "code": code, "community": draft.drawing[code].community, "changed": code in touched,
                "worker": names.get(staff.get(code, 0)), **one,
            },
        }
        for code, one in zip(chosen, _records(figures), strict=True)
    ]  # fmt: skip
    few = len(chosen) <= MOST_BORDERED and not metres
    shared = _shared(draft.drawing, chosen) if few else {"borders": None, "nodes": None}
    return {"type": "FeatureCollection", "features": features, **shared}


def _shared(whole: Drawing, chosen: Collection[str]) -> dict[str, Any]:
    """Borders of the chosen cells with the cell on each side (null: outside), and nodes where borders end."""
    cells = [whole[code] for code in chosen] + whole.beside(chosen)
    if not chosen:
        return {"borders": [], "nodes": []}
    graph = topology(np.array([cell.shape for cell in cells], dtype=object))
    codes = [cell.code for cell in cells]
    mine = graph.borders_of(np.arange(len(chosen)))
    borders, ends = [], set()
    for number in mine.tolist():
        line = graph.border(number).tolist()
        sides = [codes[side] if side >= 0 else None for side in (int(graph.left[number]), int(graph.right[number]))]
        ends |= {tuple(line[0]), tuple(line[-1])}
        identity = f"{sides[0] or ''}|{sides[1] or ''}|{line[0][0]!r}|{line[0][1]!r}"
        borders.append({"id": identity, "cells": sides, "coordinates": line})
    nodes = graph.xy[graph.nodes].tolist()
    return {"borders": borders, "nodes": [node for node in nodes if tuple(node) in ends]}


def _was(draft: Draft, code: str) -> dict[str, Any]:
    """A cell as the plan began with it."""
    shape = draft.base.drawing[code].shape
    return {"type": "Feature", "id": code, "geometry": _geometry(shape), "properties": {"code": code}}


def _geometry(shape: Any) -> dict[str, Any]:
    """A shape as GeoJSON that loses no digit: edits name places bit for bit."""
    found: dict[str, Any] = shapely.geometry.mapping(shape)
    return found


# --- weighing ---------------------------------------------------------------------------------------------------------


def staff_after(
    ctx: Context, conn: Connection, draft: Draft, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Who serves each cell of the plan's drawing: whoever does today, and the heirs of cells that are new."""
    if before is None:
        before = ctx.drafts.staff(conn, draft.base, ctx.today(), ctx.clock())
    touched = changed(draft.base.drawing, draft.drawing)
    found = dict(before)
    for code in touched:
        if code not in draft.drawing:
            found.pop(code, None)
    return found | dict(heirs(draft.placed_base, draft.placed, before, touched))


def findings(ctx: Context, view: View, plan_id: int) -> tuple[int, dict[str, Any]]:
    """The plan's version, and what stands in its way: blockers and warnings apart, of all cells it changes."""
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        codes = changed(draft.base.drawing, draft.drawing)
        return row.version, judged(conn, row, draft, codes, staff_after(ctx, conn, draft))


def judged(
    conn: Connection, row: Any, draft: Draft, codes: Collection[str], staff: Mapping[str, Any]
) -> dict[str, Any]:
    """{blockers, warnings, limits} about these cells, by the county's limits. `staff`: who serves each cell."""
    homes = draft.placed.households.counts(draft.drawing)
    hours = VISITS_A_MONTH * VISIT_MINUTES / 60.0
    facts = Facts(
        households=homes,
        hours={code: count * hours for code, count in homes.items()},
        workers=staff,
        communities=set(drawings.communities(conn, row.path)),
        barriers=draft.base.barriers,
    )
    wanted = limits.current(conn)
    found = [_finding(one) for one in judge(draft.drawing, facts, standard(wanted), codes)]
    return {
        "blockers": [one for one in found if one["blocker"]],
        "warnings": [one for one in found if not one["blocker"]],
        "limits": asdict(wanted),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {name: _plain(getattr(one, name)) for name in Finding.__slots__}


def refuse_blocked(ctx: Context, view: View, plan_id: int) -> None:
    """Raises Conflict (`plan_blocked`) with the blockers, and where a plan changes nothing."""
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        check_unblocked(ctx, conn, row, draft_of(ctx, conn, row))


def check_unblocked(ctx: Context, conn: Connection, row: Any, draft: Draft) -> None:
    """As `refuse_blocked`, within a transaction."""
    codes = changed(draft.base.drawing, draft.drawing)
    if not codes:
        raise Conflict("the plan changes nothing", code="plan_empty")
    blockers = judged(conn, row, draft, codes, staff_after(ctx, conn, draft))["blockers"]
    if blockers:
        first = blockers[0]["why"]
        raise Conflict(
            f"{len(blockers)} findings stand in the way: {first}", code="plan_blocked", blockers=blockers[:50]
        )


def weighed(ctx: Context, view: View, plan_id: int, against: int | None = None) -> tuple[int, dict[str, Any]]:
    """The plan's version and its impact: before and after by cell and worker, hand-overs, crosswalk.

    `against`: another plan that it is compared with, instead of the drawing it began with. Raises NotFound, Conflict
    where the two began with different drawings.
    """
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        if against is None:
            before, staff = draft.placed_base, dict(ctx.drafts.staff(conn, draft.base, ctx.today(), ctx.clock()))
            codes = changed(draft.base.drawing, draft.drawing)
        else:
            other = draft_of(ctx, conn, seen(conn, view, against))
            if other.base is not draft.base or other.placed.matters is not draft.placed.matters:
                raise Conflict("the two plans began with different drawings: rebase one of them", code="bases_differ")
            before, staff = other.placed, staff_after(ctx, conn, other)
            codes = other.drawing.touched | draft.drawing.touched
        return row.version, _impact(conn, draft, before, staff, staff_after(ctx, conn, draft), codes)


def _impact(
    conn: Connection,
    draft: Draft,
    before: Placed,
    staff: Mapping[str, Any],
    after: Mapping[str, Any],
    codes: Collection[str],
) -> dict[str, Any]:
    found = impact(before, draft.placed, staff, after, codes)
    handed_by = [*found.handovers["source"], *found.handovers["to"]]
    names = _names(conn, {*found.workers.index, *(one for one in handed_by if not pd.isna(one))})
    handed = [{**one, "source": names.get(one["source"]), "to": names.get(one["to"])}
              for one in _records(found.handovers)]  # fmt: skip
    return {
        "cells": _sides(found.cells, "code", None),
        "workers": _sides(found.workers, "worker", names),
        "handovers": handed,
        "crosswalk": _records(found.crosswalk),
    }


def after_edit(ctx: Context, done: Changed) -> dict[str, Any]:
    """What the page needs after an edit: the cells it put, their borders, findings and figures before and after."""
    draft = done.draft
    with read(ctx.engine) as conn:
        row = plans.one(conn, done.plan_id)
        before = ctx.drafts.staff(conn, draft.base, ctx.today(), ctx.clock())
        staff = staff_after(ctx, conn, draft, before)
        put = done.cells & set(draft.drawing)
        names = _names(conn, (staff.get(code) for code in put))
        # a cell is compared with all it gave to and took from, else its people would come from nowhere
        codes = changed(draft.base.drawing, draft.drawing)
        return {
            "version": done.version,
            "edits": row.edits, "undone": row.undone,
            "cells": drawn(draft, put, staff, names),
            "gone": sorted(done.cells - put),
            "findings": judged(conn, row, draft, put, staff),
            "impact": _impact(conn, draft, draft.placed_base, before, staff, codes | done.cells),
        }  # fmt: skip


def _names(conn: Connection, ids: Iterable[Any]) -> dict[int, dict[str, Any]]:
    return drawings.worker_names(conn, {int(one) for one in ids if one is not None})


def _sides(frame: pd.DataFrame, key: str, names: Mapping[int, Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Rows {key, before, after}; a side on which the thing is not there is null."""
    sides = {side: _records(pd.DataFrame(frame[side])) for side in ("before", "after")}
    rows = []
    for index, before, after in zip(frame.index, *sides.values(), strict=True):
        told = {"before": before, "after": after}
        there = {side: one if any(value is not None for value in one.values()) else None for side, one in told.items()}
        rows.append({key: names.get(int(index)) if names is not None else index, **there})
    return rows


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values."""
    columns = {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value
