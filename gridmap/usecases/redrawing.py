"""What the page of a redraw asks beside the plan itself: codes for new cells, and the drawing of another day."""

from __future__ import annotations

from datetime import date
from typing import Any

import shapely

from gridmap.errors import NotFound
from gridmap.plan.numbering import fresh
from gridmap.store import drawings, read
from gridmap.store.spatial import Bbox, check_bbox
from gridmap.usecases.context import Context
from gridmap.usecases.planning import draft_of, may, seen
from gridmap.view import View


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
        known = [one for one in drawings.days(conn) if one <= day]
        if not known:
            raise NotFound(f"there was no drawing on {day}")
        base = ctx.drafts.base(conn, known[-1])
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
