"""Where somebody leads joint meetings: at the enterprises of their own area, and nowhere else."""

from __future__ import annotations

from gridmap.errors import Forbidden
from gridmap.people.roles import Thing, can
from gridmap.view import Kind, View


def lead_at(view: View, path: str | None) -> None:
    """Let only those pass who lead meetings where an enterprise lies; `path`: of its area, None for one in no cell,
    which any of them may see to.

    Raises Forbidden, with `outside_area` where it lies in another's.
    """
    if view.actor is None:
        return
    decision = can(view.actor, view.scope, "meeting.lead")
    if not decision:
        raise Forbidden(decision.reason)
    if path is not None and not can(view.actor, view.scope, "meeting.lead", Thing(Kind.MEETING, area_path=path)):
        raise Forbidden(
            "this enterprise lies outside your area; ask those who lead meetings there, or the county",
            code="outside_area",
        )
