"""What each role may see and do, decided here and nowhere else, for one thing and for a list alike.

`scope_of` gives a role its grants; `admits` evaluates a grant for one thing; `store.scope` compiles the same grant to
SQL. A property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridmap.view import (
    Actor,
    AllOf,
    AnyOf,
    AtTable,
    Everything,
    FirstOfBody,
    Grant,
    HelpOf,
    InArea,
    InCells,
    Kind,
    Nothing,
    OfBody,
    OfWorker,
    Overdue,
    Raised,
    Role,
    Scope,
    UnplacedBy,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a role is tied to today, read from the database once per request, so a withdrawn right ends at once."""

    #: cells that the worker is on the roster of (primary or backup, whatever the hour); leave ends it
    cell_ids: frozenset[int] = frozenset()
    area_path: str | None = None
    body_id: int | None = None
    worker_id: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One row as the rules see it. A field that does not apply is None."""

    kind: Kind
    cell_id: int | None = None
    area_path: str | None = None
    body_id: int | None = None
    worker_id: int | None = None
    overdue: bool = False
    #: the account that entered an open incident which lies in no cell
    unplaced_by: int | None = None
    #: where a thing stands in several cells at once: those that a worker is on the roster of
    cell_ids: frozenset[int] = frozenset()
    #: of a case: the body that took it first, those whose help was asked, whether a supervisor is waited for
    first_body_id: int | None = None
    helper_ids: frozenset[int] = frozenset()
    raised: bool = False
    #: of a joint meeting: the bodies that sit at its table
    seat_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether, and in words why."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


#: kinds that hold no person: everyone who works here may see them across the county
PUBLIC_KINDS = (Kind.AREA, Kind.BODY, Kind.CELL, Kind.ENTERPRISE, Kind.BASEMAP)


def scope_of(role: Role, standing: Standing) -> Scope:
    """The grants of a role. A role that lacks what it is tied to (a handler without a body) is granted nothing."""
    grants: dict[Kind, Grant] = {kind: Everything() for kind in PUBLIC_KINDS}
    grants.update(_personal_grants(role, standing))
    return Scope(grants)


def _personal_grants(role: Role, standing: Standing) -> Mapping[Kind, Grant]:
    area: Grant = InArea(standing.area_path) if standing.area_path else Nothing()
    body: Grant = OfBody(standing.body_id) if standing.body_id is not None else Nothing()
    cells: Grant = InCells(standing.cell_ids) if standing.cell_ids else Nothing()
    mine: Grant = OfWorker(standing.worker_id) if standing.worker_id is not None else Nothing()
    lost: Grant = UnplacedBy(standing.account_id) if standing.account_id is not None else Nothing()
    staff: Mapping[Kind, Grant] = {Kind.WORKER: area, Kind.DUTY: area}
    match role:
        case Role.WORKER:
            return {
                Kind.HOUSEHOLD: cells,
                Kind.INCIDENT: AnyOf((cells, mine, lost)),
                Kind.WORKER: AnyOf((cells, mine)),
                Kind.DUTY: AnyOf((cells, mine)),
            }
        case Role.DISPATCHER:
            return {**staff, Kind.INCIDENT: AnyOf((area, lost)), Kind.MEETING: area}
        case Role.HANDLER:
            if standing.body_id is None:
                return {Kind.INCIDENT: Nothing()}
            return {
                Kind.INCIDENT: AnyOf((body, FirstOfBody(standing.body_id), HelpOf(standing.body_id))),
                Kind.MEETING: AtTable(standing.body_id),
            }
        case Role.SUPERVISOR:
            return {**staff, Kind.INCIDENT: AllOf((area, AnyOf((Overdue(), Raised())))), Kind.MEETING: area}
        case Role.PLANNER | Role.APPROVER:
            return staff
        case Role.OFFICIAL:
            return {Kind.INCIDENT: area, Kind.MEETING: area}
        case Role.ADMIN:
            return {Kind.WORKER: Everything(), Kind.DUTY: Everything(), Kind.ACCOUNT: Everything()}


#: roles that read persons only with a reason, which is logged; without one they get figures
NEEDS_REASON = frozenset({Role.OFFICIAL})


def admits(grant: Grant, thing: Thing) -> bool:
    """Whether the grant admits one thing; the SQL of `store.scope` says the same of a list."""
    match grant:
        case Everything():
            return True
        case Nothing():
            return False
        case InArea(path):
            return thing.area_path is not None and thing.area_path.startswith(path)
        case InCells(cell_ids):
            return thing.cell_id in cell_ids or not thing.cell_ids.isdisjoint(cell_ids)
        case OfBody(body_id):
            return thing.body_id == body_id
        case OfWorker(worker_id):
            return thing.worker_id == worker_id
        case UnplacedBy(account_id):
            return thing.unplaced_by == account_id
        case Overdue():
            return thing.overdue
        case FirstOfBody(body_id):
            return thing.first_body_id == body_id
        case HelpOf(body_id):
            return body_id in thing.helper_ids
        case Raised():
            return thing.raised
        case AtTable(body_id):
            return body_id in thing.seat_ids
        case AnyOf(grants):
            return any(admits(one, thing) for one in grants)
        case AllOf(grants):
            return all(admits(one, thing) for one in grants)


#: what may be done, by whom, to things that the scope already admits
ACTIONS: Mapping[str, frozenset[Role]] = {
    "incident.report": frozenset({Role.WORKER, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR}),
    "incident.move": frozenset({Role.WORKER, Role.DISPATCHER}),
    "figures.read": frozenset({Role.OFFICIAL, Role.PLANNER, Role.APPROVER, Role.SUPERVISOR, Role.DISPATCHER}),
    "scorecard.read": frozenset(
        {Role.OFFICIAL, Role.PLANNER, Role.APPROVER, Role.SUPERVISOR, Role.DISPATCHER, Role.HANDLER}
    ),
    "meeting.lead": frozenset({Role.OFFICIAL, Role.SUPERVISOR, Role.DISPATCHER}),
    "promise.prove": frozenset({Role.OFFICIAL, Role.SUPERVISOR, Role.DISPATCHER, Role.HANDLER}),
    "plan.edit": frozenset({Role.PLANNER}),
    "plan.approve": frozenset({Role.APPROVER}),
    "plan.read": frozenset({Role.PLANNER, Role.APPROVER, Role.OFFICIAL, Role.SUPERVISOR, Role.DISPATCHER, Role.WORKER}),
    "account.manage": frozenset({Role.ADMIN}),
}


def can(actor: Actor, scope: Scope, action: str, thing: Thing | None = None) -> Decision:
    """Whether this actor may do this to this thing (None: the thing does not exist yet)."""
    if actor.role not in ACTIONS.get(action, frozenset()):
        return Decision(False, f"the role {actor.role} may not {action}")
    if thing is not None and not admits(scope.grant(thing.kind), thing):
        return Decision(False, f"this {thing.kind} is outside what {actor.name} serves")
    return Decision(True, f"the role {actor.role} may {action}")
