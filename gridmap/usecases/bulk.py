"""One action on many cases: each by itself, and a refused one holds up no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gridmap.errors import EnvironmentFault, GridmapError, InvalidInput
from gridmap.usecases.casework import act
from gridmap.usecases.context import Context
from gridmap.view import View

#: what is said of many cases in the same words; the others are decided case by case
BULK = (
    "dispatch", "hand_over", "supervise", "supervise_end", "prioritise", "escalate", "extend_ask", "extend_grant",
    "extend_refuse", "comment",
)  # fmt: skip
MOST = 200


def act_on_many(
    ctx: Context, view: View, incident_ids: Sequence[int], action: str, given: Mapping[str, Any], *, key: str
) -> list[dict[str, Any]]:
    """Carry out an action on each case, in a transaction of its own, in the order given.

    A dict for each: id, done, and either what `casework.act` answers as `case`, or `code` and `reason` of the refusal.
    Again with the same key: what was done is told again and not done twice, what was refused is tried again. Raises
    InvalidInput for an action that is not for many, for no case, or for more than `MOST`.
    """
    if action not in BULK:
        raise InvalidInput(f"{action!r} is decided case by case; for many there is {', '.join(BULK)}", field="action")
    wanted = list(dict.fromkeys(incident_ids))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInput(f"name 1 to {MOST} cases, not {len(wanted)}", field="ids")
    return [_one(ctx, view, incident_id, action, given, f"{key}/{incident_id}") for incident_id in wanted]


def _one(ctx: Context, view: View, incident_id: int, action: str, given: Mapping[str, Any], key: str) -> dict[str, Any]:
    try:
        case = act(ctx, view, incident_id, action, given, key=key)
    except EnvironmentFault:
        raise
    except GridmapError as refusal:
        # `why` and `given`: the reason as the pages say it in their language, where it is one of the flow's
        said = {name: refusal.details.get(name) for name in ("why", "given")}
        return {"id": incident_id, "done": False, "case": None, "code": refusal.code, "reason": refusal.message, **said}
    said = dict.fromkeys(("code", "reason", "why", "given"))
    return {"id": incident_id, "done": True, "case": case, **said}
