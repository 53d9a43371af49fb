"""Where a plan stands on its way from a draft to the drawing in force, and which step may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from gridmap.errors import Conflict


class PlanStatus(StrEnum):
    """`published`: its cells are written with their first day; `applied`: that day came, and all was handed over."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


#: step -> (from where, to where)
STEPS: Final[Mapping[str, tuple[frozenset[PlanStatus], PlanStatus]]] = {
    "submit": (frozenset({PlanStatus.DRAFT}), PlanStatus.SUBMITTED),
    "approve": (frozenset({PlanStatus.SUBMITTED}), PlanStatus.APPROVED),
    "return": (frozenset({PlanStatus.SUBMITTED, PlanStatus.APPROVED}), PlanStatus.DRAFT),
    "publish": (frozenset({PlanStatus.APPROVED}), PlanStatus.PUBLISHED),
    "apply": (frozenset({PlanStatus.PUBLISHED}), PlanStatus.APPLIED),
    "withdraw": (
        frozenset({PlanStatus.DRAFT, PlanStatus.SUBMITTED, PlanStatus.APPROVED}),
        PlanStatus.WITHDRAWN,
    ),
}

#: what those who serve the cells may read and comment on
SHOWN: Final = frozenset({PlanStatus.SUBMITTED, PlanStatus.APPROVED, PlanStatus.PUBLISHED, PlanStatus.APPLIED})


def after(status: PlanStatus, step: str) -> PlanStatus:
    """Where a step leads. Raises Conflict where it does not follow, saying what may be done instead."""
    allowed, to = STEPS[step]
    if status in allowed:
        return to
    more = ""
    if step == "withdraw" and status in {PlanStatus.PUBLISHED, PlanStatus.APPLIED}:
        more = "; what was published is taken back by a plan that reverses it"
    raise Conflict(f"a plan that is {status} cannot take the step {step!r}{more}", code="plan_status", status=status)
