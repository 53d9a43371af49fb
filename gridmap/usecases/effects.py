"""What an action on a case does besides its event: who answers now, what other cases and the household hear of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.case.limits import of_category
from gridmap.case.state import Holder
from gridmap.errors import InvalidInput
from gridmap.people.roles import admits
from gridmap.people.rosters import Reason
from gridmap.store import cases, incidents
from gridmap.store import tables as t
from gridmap.store.cases import Case
from gridmap.store.ties import thing_of
from gridmap.usecases.contacts import tell_end
from gridmap.usecases.context import Context
from gridmap.usecases.notices import notify
from gridmap.usecases.routing import again, of_row
from gridmap.usecases.telling import reply_by
from gridmap.view import Kind, View

#: why a case lies where it lies, by the event that brought it there
REASONS: Mapping[str, Reason] = {
    "accepted": Reason.TAKEN,
    "signed": Reason.TAKEN,
    "dispatched": Reason.DISPATCHED,
    "handed_over": Reason.HANDED_OVER,
    "returned": Reason.DESK,
    "escalated": Reason.DESK,
    "reopened": Reason.DESK,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One action under way, within its transaction. `row`: the case's (`store.incidents.current`)."""

    ctx: Context
    view: View
    conn: Connection
    case: Case
    row: Any
    data: Mapping[str, Any]
    now: datetime
    #: other cases that this one changed
    touched: set[int] = field(default_factory=set)

    @property
    def account_id(self) -> int | None:
        return self.view.actor.account_id if self.view.actor else None


# --- before: is what was entered there, and what does it bring with it ----------------------------------------------


def checked(deed: Deed, action: str) -> dict[str, Any]:
    """What the event holds besides what was entered. Raises InvalidInput for what is not there for the actor."""
    check = CHECKS.get(action)
    return {} if check is None else check(deed)


def _body(deed: Deed) -> dict[str, Any]:
    for name in ("body_id", "proposed_body_id"):
        incidents.id_of(deed.conn, t.bodies, deed.data.get(name), name)
    return {}


def _hand_over(deed: Deed) -> dict[str, Any]:
    _seen(deed, Kind.WORKER, deed.data.get("worker_id"), "worker_id")
    return _body(deed)


def _link(deed: Deed) -> dict[str, Any]:
    _seen(deed, Kind.HOUSEHOLD, deed.data.get("household_id"), "household_id")
    _seen(deed, Kind.ENTERPRISE, deed.data.get("enterprise_id"), "enterprise_id")
    return {}


def _split(deed: Deed) -> dict[str, Any]:
    above = set(incidents.parents_of(deed.conn, deed.case.id))
    for child_id in deed.data.get("child_ids", ()):
        _other(deed, child_id, "child_ids")
        if child_id in above:
            raise InvalidInput(f"child_ids: this case is a part of {child_id} itself", field="child_ids")
        if incidents.parent_of(deed.conn, child_id) is not None:
            raise InvalidInput(f"child_ids: the case {child_id} has a parent already", field="child_ids")
    return {}


def _merge(deed: Deed) -> dict[str, Any]:
    if "into_id" in deed.data:
        _other(deed, deed.data["into_id"], "into_id")
    return {}


def _recategorise(deed: Deed) -> dict[str, Any]:
    category = incidents.category(deed.conn, str(deed.data.get("category")))
    routing = of_row(deed.ctx, deed.conn, deed.case.id, category, incidents.area_path_of(deed.conn, deed.row.id))
    code, now = routing.process(category), deed.case.process
    process = now if code == now.code else cases.process(deed.conn, code)  # it keeps the version it began with
    limit = of_category(category.limit_hours, process.limit.clock)
    return {"process": process.code, "process_version": process.version, "limit": limit.to_json()}


def _seen(deed: Deed, kind: Kind, identity: int | None, field: str) -> None:
    """Only what the actor serves may be named; others are not even said to exist."""
    if identity is None:
        return
    thing = thing_of(deed.conn, kind, identity, day=deed.view.as_of, now=deed.now)
    if thing is None or not admits(deed.view.scope.grant(kind), thing):
        raise InvalidInput(f"{field}: there is none with the id {identity}", field=field)


def _other(deed: Deed, incident_id: int, field: str) -> None:
    """Another case, open, that the actor sees; locked, so that it stays as it is found."""
    _seen(deed, Kind.INCIDENT, incident_id, field)
    incidents.current(deed.conn, incident_id)
    if incident_id == deed.case.id or cases.state_of(deed.conn, incident_id).ended:
        raise InvalidInput(f"{field}: {incident_id} must be another case that is open", field=field)


def _supervise(deed: Deed) -> dict[str, Any]:
    if deed.data.get("reply_by") is not None:
        return {}
    return {"reply_by": canonical_moment(reply_by(deed.case, deed.now))}


CHECKS: Mapping[str, Callable[[Deed], dict[str, Any]]] = {
    "dispatch": _body,
    "return": _body,
    "ask_help": _body,
    "hand_over": _hand_over,
    "link": _link,
    "split": _split,
    "merge": _merge,
    "recategorise": _recategorise,
    "supervise": _supervise,
}

# --- after: what follows from it ------------------------------------------------------------------------------------


def follow(deed: Deed, kind: str, before: Holder) -> None:
    """Everything that an event brings about, in its transaction."""
    if deed.case.state.holder != before:
        _changes_hands(deed, kind)
    follows = FOLLOWS.get(kind)
    if follows is not None:
        follows(deed)
    notify(deed.ctx, deed.conn, deed.case, deed.row, kind, deed.data, deed.now)
    if deed.case.state.ended:
        _tell_parent(deed, "child_ended")
        tell_end(deed.ctx, deed.conn, deed.case, kind, deed.data, deed.now)


def _changes_hands(deed: Deed, kind: str) -> None:
    holder, reason = deed.case.state.holder, REASONS[kind]
    if deed.row.responsibility_id is not None:
        incidents.end_responsibility(deed.conn, deed.row.responsibility_id, deed.now)
    values = {
        "incident_id": deed.case.id, "cell_id": deed.row.responsible_cell_id, "worker_id": holder.worker_id,
        "body_id": holder.body_id, "area_id": holder.area_id, "reason": str(reason), "valid_from": deed.now,
    }  # fmt: skip
    incidents.respond(deed.conn, {name: [value] for name, value in values.items()})
    incidents.tell(deed.conn, deed.case.id, kind, deed.now, worker_id=holder.worker_id, body_id=holder.body_id)


def _tell_helper(deed: Deed) -> None:
    body_id = deed.data["body_id"]
    incidents.tell(deed.conn, deed.case.id, "help_asked", deed.now, worker_id=None, body_id=body_id)


def _absorb(deed: Deed) -> None:
    _write_other(deed, deed.data["into_id"], "absorbed", {"from_id": deed.case.id})


def _adopt(deed: Deed) -> None:
    for child_id in deed.data["child_ids"]:
        incidents.set_values(deed.conn, child_id, parent_id=deed.case.id)
        deed.touched.add(child_id)


def _tell_parent(deed: Deed, kind: str) -> None:
    parent_id = incidents.parent_of(deed.conn, deed.case.id)
    if parent_id is not None:
        _write_other(deed, parent_id, kind, {"child_id": deed.case.id})


def _set_links(deed: Deed) -> None:
    told = {name: deed.data[name] for name in ("household_id", "enterprise_id") if deed.data.get(name) is not None}
    incidents.set_values(deed.conn, deed.case.id, **told)


def _set_category(deed: Deed) -> None:
    category = incidents.category(deed.conn, deed.data["category"])
    incidents.set_values(deed.conn, deed.case.id, category_id=category.id)
    again(deed.ctx, deed.conn, deed.case, deed.row, deed.now, deed.account_id)


def _write_other(deed: Deed, incident_id: int, kind: str, data: Mapping[str, Any]) -> None:
    """An event on another case that follows from this one."""
    incidents.current(deed.conn, incident_id)  # its lock
    other = cases.load(deed.conn, incident_id, deed.ctx.zone)
    other.write(deed.conn, kind, deed.now, deed.account_id, data)
    cases.remember(deed.conn, other, deed.now)
    deed.touched.add(incident_id)


FOLLOWS: Mapping[str, Callable[[Deed], None]] = {
    "help_asked": _tell_helper,
    "merged": _absorb,
    "split": _adopt,
    "linked": _set_links,
    "recategorised": _set_category,
    "reopened": lambda deed: _tell_parent(deed, "child_reopened"),
}
