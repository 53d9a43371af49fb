"""What the page of a redraw asks beside the plan itself: codes for new cells, and the drawing of another day."""

from __future__ import annotations

from datetime import date
from typing import Any

import shapely

from gridmap.errors import NotFound
from gridmap.plan.numbering import fresh
from gridmap.store import drawings, read
from gridmap.usecases.context import Context
from gridmap.usecases.planning import draft_of, may, seen
from gridmap.view import View


def next_codes(ctx: Context, view: View, plan_id: int, community: str, count: int) -> tuple[str, ...]:
    """The next codes of a community in a plan, never used before. Raises NotFound, InvalidInput as `fresh`."""
    with read(ctx.engine) as conn:
        draft = draft_of(ctx, conn, seen(conn, view, plan_id))
        return fresh(draft.drawing, community, count)


def drawn_on(ctx: Context, view: View, day: date) -> dict[str, Any]:
    """The cells of the drawing in force on a day, as GeoJSON (WGS84) with `code` and `community`.

    Raises Forbidden, NotFound where there was no drawing yet.
    """
    may(view, "plan.read")
    with read(ctx.engine) as conn:
        known = [one for one in drawings.days(conn) if one <= day]
        if not known:
            raise NotFound(f"there was no drawing on {day}")
        cells = ctx.drafts.base(conn, known[-1]).drawing.values()
    features = [
        {
            "type": "Feature", "id": cell.code, "geometry": shapely.geometry.mapping(cell.shape),
            "properties": {"code": cell.code, "community": cell.community},
        }
        for cell in cells
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}
