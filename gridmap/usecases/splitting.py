"""One report that holds several matters: each becomes a case of its own, with number and clock, a part of the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gridmap.case.inputs import Part
from gridmap.errors import GridmapError
from gridmap.store import incidents, versions
from gridmap.usecases.effects import Deed
from gridmap.usecases.reporting import Draft, write_report
from gridmap.usecases.spots import Placed, Spot, placed

#: sends a case (a row as `incidents.current` gives it) to a body, as whoever splits may; what `casework.act` answers
Dispatch = Callable[[Any, int], dict[str, Any]]


def begin_parts(deed: Deed, parts: Sequence[Part], dispatch: Dispatch) -> list[dict[str, Any]]:
    """Report each part where the whole lies, as of now, and send it to the body that was named, if one was.

    A part keeps the whole's channel, enterprise and household. It does not keep whoever reported it: they hear of the
    whole, once. Raises what the flow refuses with the number of the part.
    """
    if not parts:
        return []
    came, found = incidents.came(deed.conn, deed.case.id), _where(deed)
    made = []
    for number, part in enumerate(parts, start=1):
        try:
            made.append(_begin(deed, part, dispatch, came, found))
        except GridmapError as refused:
            raise type(refused)(f"part {number}: {refused.message}", code=refused.code, field="parts") from None
    return made


def _where(deed: Deed) -> Placed:
    """Where the whole lies, in today's drawing."""
    row = deed.row
    ground = deed.ctx.grounds.on(deed.conn, deed.ctx.day_of(deed.now))
    spot = Spot(row.lon, row.lat, row.crs_in, row.x_in, row.y_in, row.accuracy_m)
    settled = deed.ctx.settled.at(deed.conn, versions.read(deed.conn))
    return Placed(spot, placed(ground, spot), ground, settled)


def _begin(deed: Deed, part: Part, dispatch: Dispatch, came: Any, found: Placed) -> dict[str, Any]:
    # the side of a border was told when the whole came: the neighbour is not asked again
    draft = Draft(
        category=part.category, lon=found.spot.lon, lat=found.spot.lat, text=part.text, occurred_at=came.occurred_at,
        household_id=came.household_id, enterprise_id=came.enterprise_id, channel=came.channel, sure=True,
    )  # fmt: skip
    told = write_report(
        deed.ctx, deed.view, draft, deed.conn, found, deed.now, whole_id=deed.case.id, stays=part.body_id is not None
    )
    if part.body_id is not None:
        told |= dispatch(incidents.current(deed.conn, told["id"]), part.body_id)
    return {name: told[name] for name in ("id", "number", "status", "due_at", "body", "worker")}
