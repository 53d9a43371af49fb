"""What each role is granted; whoever lacks what the role is tied to is granted nobody's data."""

import pytest

from gridmap.people.roles import ACTIONS, Standing, Thing, admits, can, scope_of
from gridmap.view import Actor, Kind, Role

PERSONAL = (Kind.HOUSEHOLD, Kind.INCIDENT, Kind.ACCOUNT)
MINE = Thing(Kind.INCIDENT, cell_id=1, area_path="/c/t/m/", body_id=4, worker_id=8, overdue=True)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
@pytest.mark.parametrize("kind", PERSONAL)
def test_a_role_tied_to_nothing_sees_nobody(role: Role, kind: Kind) -> None:
    thing = Thing(kind, cell_id=1, area_path="/c/t/", body_id=4, worker_id=8, overdue=True)
    assert not admits(scope_of(role, Standing()).grant(kind), thing)


@pytest.mark.parametrize(
    ("role", "standing", "sees"),
    [
        (Role.WORKER, Standing(cell_ids=frozenset({1})), True),
        (Role.WORKER, Standing(cell_ids=frozenset({2})), False),
        (Role.WORKER, Standing(worker_id=8), True),
        (Role.DISPATCHER, Standing(area_path="/c/t/"), True),
        (Role.DISPATCHER, Standing(area_path="/c/u/"), False),
        (Role.HANDLER, Standing(body_id=4), True),
        (Role.HANDLER, Standing(body_id=5, area_path="/c/"), False),
        (Role.SUPERVISOR, Standing(area_path="/c/"), True),
        (Role.PLANNER, Standing(area_path="/c/"), False),
        (Role.APPROVER, Standing(area_path="/c/"), False),
        (Role.ADMIN, Standing(area_path="/c/"), False),
    ],
)
def test_who_sees_an_incident(role: Role, standing: Standing, sees: bool) -> None:
    assert admits(scope_of(role, standing).grant(Kind.INCIDENT), MINE) is sees


def test_a_supervisor_sees_only_what_is_late() -> None:
    grant = scope_of(Role.SUPERVISOR, Standing(area_path="/c/")).grant(Kind.INCIDENT)
    assert not admits(grant, Thing(Kind.INCIDENT, area_path="/c/t/"))


@pytest.mark.parametrize("role", [Role.WORKER, Role.DISPATCHER])
def test_who_entered_a_report_that_lies_in_no_cell_can_mend_its_pin(role: Role) -> None:
    grant = scope_of(role, Standing(account_id=3)).grant(Kind.INCIDENT)
    assert admits(grant, Thing(Kind.INCIDENT, area_path="/c/", unplaced_by=3))
    assert not admits(grant, Thing(Kind.INCIDENT, area_path="/c/", unplaced_by=4))
    assert not admits(grant, Thing(Kind.INCIDENT, area_path="/c/"))


def test_only_those_who_serve_a_cell_see_its_households() -> None:
    house = Thing(Kind.HOUSEHOLD, cell_id=1, area_path="/c/t/m/")
    tied = Standing(cell_ids=frozenset({1}), area_path="/c/", body_id=4, worker_id=8)
    assert [role for role in Role if admits(scope_of(role, tied).grant(Kind.HOUSEHOLD), house)] == [Role.WORKER]


def test_a_decision_says_why() -> None:
    actor = Actor(1, "何静", Role.PLANNER)
    decision = can(actor, scope_of(Role.PLANNER, Standing()), "incident.report")
    assert not decision
    assert "planner" in decision.reason
    outside = can(Actor(1, "李春梅", Role.WORKER), scope_of(Role.WORKER, Standing()), "incident.move", MINE)
    assert not outside
    assert "outside" in outside.reason
    assert not can(actor, scope_of(Role.PLANNER, Standing()), "no.such.action")
    assert all(roles for roles in ACTIONS.values())
