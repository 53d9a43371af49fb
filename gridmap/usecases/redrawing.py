"""What the page of a redraw asks beside the plan itself: codes for new cells, the drawing of another day, and in words
what is different between two drawings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import shapely
from sqlalchemy import Connection

from gridmap.errors import NotFound
from gridmap.plan import Diff, diff, outline_error_m
from gridmap.plan.numbering import fresh
from gridmap.store import drawings, read
from gridmap.store.spatial import Bbox, check_bbox
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Base
from gridmap.usecases.planning import draft_of, may, seen
from gridmap.view import View

Lang = Literal["zh", "en"]


def next_codes(ctx: Context, view: View, plan_id: int, community: str, count: int) -> tuple[str, ...]:
    """The next codes of a community in a plan, never used before. Raises NotFound, InvalidInput as `fresh`."""
    with read(ctx.engine) as conn:
        draft = draft_of(ctx, conn, seen(conn, view, plan_id))
        return fresh(draft.drawing, community, count)


def drawn_on(ctx: Context, view: View, day: date, bbox: Bbox | None = None, metres: float = 0.0) -> dict[str, Any]:
    """The cells of the drawing in force on a day, as GeoJSON (WGS84) with `code` and `community`; see
    `weighing.drawing` for `bbox` and `metres`.

    Raises Forbidden, NotFound where there was no drawing yet.
    """
    may(view, "plan.read")
    with read(ctx.engine) as conn:
        base = _on(ctx, conn, day)
    cells = base.drawing.values() if bbox is None else base.drawing.near(shapely.box(*check_bbox(bbox)))
    shapes = base.thinned(metres)
    features = [
        {
            "type": "Feature", "id": cell.code, "geometry": shapely.geometry.mapping(shapes.get(cell.code, cell.shape)),
            "properties": {"code": cell.code, "community": cell.community},
        }
        for cell in cells
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def _on(ctx: Context, conn: Connection, day: date) -> Base:
    """The drawing in force on a day. Raises NotFound."""
    known = [one for one in drawings.days(conn) if one <= day]
    if not known:
        raise NotFound(f"there was no drawing on {day}")
    return ctx.drafts.base(conn, known[-1])


def differing(ctx: Context, view: View, plan_id: int, against: int | None, lang: Lang) -> tuple[int, dict[str, Any]]:
    """The plan's version, and how its drawing differs from the one it began with, or from another plan's (`against`).

    Raises NotFound.
    """
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        if against is None:
            old, bases = draft.base.drawing, [draft.base]
        else:
            other = draft_of(ctx, conn, seen(conn, view, against))
            old, bases = other.drawing, [other.base, draft.base]
        return row.version, _told(diff(old, draft.drawing), _names(conn, bases, lang), lang)


def between(ctx: Context, view: View, day: date, since: date | None, lang: Lang) -> dict[str, Any]:
    """How the drawing in force on a day differs from that of an earlier day, or from the one before it (`since` None).

    Where the two outlines show that their borders were digitised apart, what may be that error is told apart. Raises
    Forbidden, NotFound.
    """
    may(view, "plan.read")
    with read(ctx.engine) as conn:
        new = _on(ctx, conn, day)
        before = [one for one in drawings.days(conn) if one < new.day]
        old = _on(ctx, conn, since) if since is not None else ctx.drafts.base(conn, before[-1]) if before else None
        if old is None:
            raise NotFound(f"there was no drawing before that of {new.day}")
        found = ctx.drafts.compared.made(
            (old.digest, new.digest), lambda: diff(old.drawing, new.drawing, outline_error_m(old.drawing, new.drawing))
        )
        return _told(found, _names(conn, [old, new], lang), lang)


def _names(conn: Connection, bases: list[Base], lang: Lang) -> dict[str, str]:
    """Names of cells and communities by code; a cell that has another name later is told by that."""
    own = {code: (name, name_en) for code, (_, name, name_en) in drawings.communities(conn, "/").items()}
    for base in bases:
        rows = base.rows
        own |= dict(zip(rows["code"], zip(rows["name"], rows["name_en"], strict=True), strict=True))
    return {code: (name_en or name) if lang == "en" else name for code, (name, name_en) in own.items()}


def _told(found: Diff, names: Mapping[str, str], lang: Lang) -> dict[str, Any]:
    return {
        "gone": found.gone, "new": found.new, "recoded": found.recoded, "reshaped": found.reshaped,
        "community": [{"cell": cell, "before": before, "after": now} for cell, before, now in found.community],
        "moved": [
            {"source": one.source or None, "to": one.to or None, "area_m2": one.area_m2,
             "reliable_m2": one.reliable_m2, "lon": one.lon, "lat": one.lat}
            for one in found.moved
        ],
        "error_m": found.error_m,
        "lines": found.lines(names, lang),
    }  # fmt: skip
