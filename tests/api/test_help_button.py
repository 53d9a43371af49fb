"""Help calls over HTTP: signed, once each, to the nearest on duty, then the next, then the centre; none lost."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from gridmap.privacy.signing import signature
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases import helping, homes
from gridmap.usecases.homes import Consent
from gridmap.usecases.reading import view_for
from tests.api.client import Api, problem
from tests.county import CELL, SmallCounty
from tests.usecases.test_ruling import in_force, rule


def install(county: SmallCounty, code: str, household: str, user: str = "worker-a") -> str:
    with read(county.ctx.engine) as conn:
        view = view_for(conn, county.account(user), county.ctx.today())
    one = county.one(select(t.households.c.id).where(t.households.c.code == household))
    homes.agree(county.ctx, view, one, Consent("help_button", "written"))
    return helping.install(county.ctx, code, household)


def press(
    api: Api, secret: str, counter: int, *, device: str = "HB-1", kind: str = "call", off: float = 0, **more: Any
) -> httpx.Response:
    sent = int(api.county.clock().timestamp() + off)
    body = {"device": device, "counter": counter, "sent_at": sent, "kind": kind}
    return api.post(None, "/help/calls", {**body, "signature": signature(secret, device, counter, sent, kind), **more})


def holders(api: Api) -> list[str | None]:
    """Who had the newest call, first to last."""
    r, i = t.responsibilities, t.incidents
    newest = api.county.one(select(func.max(t.calls.c.incident_id)))
    query = select(t.workers.c.code).select_from(r.outerjoin(t.workers, t.workers.c.id == r.c.worker_id))
    rows = api.county.run(query.join(i, i.c.id == r.c.incident_id).where(i.c.id == newest).order_by(r.c.id))
    return [row[0] for row in rows]


def test_a_call_is_one_incident_however_often_it_is_sent(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    first = press(api, secret, 1)
    assert first.status_code == 201, first.text
    assert [press(api, secret, 1).json() for _ in range(3)] == [first.json()] * 3
    assert press(api, secret, 2).json()["number"] != first.json()["number"]
    row = api.county.run(
        select(t.incidents.c.household_id, t.incidents.c.due_at, t.incidents.c.received_at, t.categories.c.code)
        .join(t.categories, t.categories.c.id == t.incidents.c.category_id)
        .where(t.incidents.c.number == first.json()["number"])
    )[0]
    assert row.code == "emergency-help"
    assert abs(row.due_at - row.received_at - timedelta(minutes=10)) < timedelta(seconds=1)
    assert holders(api) == ["W-A"]


def test_a_counter_of_a_test_does_not_swallow_a_call(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    assert press(api, secret, 1, kind="test").status_code == 201
    problem(press(api, secret, 1), 409, "counter_used")
    assert press(api, secret, 2).json()["number"]


def test_forged_stale_and_unknown_calls_are_refused(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    for answer in (
        press(api, secrets.token_hex(32), 1),
        press(api, secret, 1, device="HB-2"),
        press(api, secret, 1, signature="0" * 64),
    ):
        problem(answer, 401, "bad_signature")
    late = problem(press(api, secret, 1, off=-3600), 401, "device_clock")
    # the device sets its clock and sends again
    assert press(api, secret, 1, off=late["server_time"] - api.county.clock().timestamp()).status_code == 201
    helping.retire(api.county.ctx, "HB-1")
    problem(press(api, secret, 2), 401, "bad_signature")
    assert api.county.one(select(func.count()).select_from(t.calls)) == 1


def test_a_call_goes_on_until_somebody_accepts(api: Api) -> None:
    """From A to its backup, on to the nearest cell across the border, then the centre."""
    county = api.county
    secret = install(county, "HB-1", "H-A0")
    press(api, secret, 1)
    assert helping.ask_on(county.ctx) == 0
    for expected in (["W-A", "W-BACKUP"], ["W-A", "W-BACKUP", "W-E"], ["W-A", "W-BACKUP", "W-E", None]):
        county.clock.forward(minutes=2)
        assert helping.ask_on(county.ctx) == 0
        county.clock.forward(minutes=1)
        assert helping.ask_on(county.ctx) == 1
        assert holders(api) == expected
    county.clock.forward(minutes=30)
    assert helping.ask_on(county.ctx) == 0
    assert len(holders(api)) == 4


def test_the_body_that_the_rules_name_stays_while_a_call_goes_on(api: Api) -> None:
    in_force(api.county, rule("all", "body", "B-ECO"))
    press(api, install(api.county, "HB-1", "H-A0"), 1)
    for _ in range(2):
        api.county.clock.forward(minutes=3)
        assert helping.ask_on(api.county.ctx) == 1
    rows = api.county.run(
        select(t.bodies.c.code)
        .select_from(t.responsibilities.outerjoin(t.bodies, t.bodies.c.id == t.responsibilities.c.body_id))
        .where(t.responsibilities.c.incident_id == select(t.calls.c.incident_id).scalar_subquery())
    )
    assert [row[0] for row in rows] == ["B-ECO"] * 3


def test_accepting_stops_it(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    press(api, secret, 1)
    incident = api.county.one(select(t.calls.c.incident_id))
    done = api.post("worker-a", f"/incidents/{incident}/actions/accept", {"note": "马上到"})
    assert done.status_code == 200, done.text
    api.county.clock.forward(minutes=5)
    assert helping.ask_on(api.county.ctx) == 1
    assert holders(api) == ["W-A"]
    assert api.county.one(select(t.calls.c.next_at)) is None
    found = api.get("worker-a", f"/help/incidents/{incident}/circle").json()
    assert found["radius_m"] == 750
    assert api.get("worker-g", f"/help/incidents/{incident}/circle").status_code == 404


def test_two_jobs_at_once_ask_each_once(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    for counter in range(1, 9):
        press(api, secret, counter)
    api.county.clock.forward(minutes=3)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: helping.ask_on(api.county.ctx), range(4))) == 8
    assert {row[0] for row in api.county.run(select(t.calls.c.paged))} == {2}


def test_silent_devices_and_due_tests_are_listed(api: Api) -> None:
    secret = install(api.county, "HB-1", "H-A0")
    assert press(api, secret, 1, kind="test").json()["number"] is None
    assert api.get("dispatcher-1", "/help/devices").json() == []
    api.county.clock.forward(days=8)
    api.tokens.clear()  # sessions have ended
    listed = api.get("dispatcher-1", "/help/devices").json()
    assert [(row["code"], row["cell"], row["silent"], row["test_due"]) for row in listed] == [
        ("HB-1", CELL["A"], True, False)
    ]
    assert api.get("supervisor-2", "/help/devices").json() == []
    assert api.get("worker-a", "/help/devices").status_code == 403


@pytest.mark.parametrize("calls", [60])
def test_a_rush_of_calls_loses_none_and_doubles_none(api: Api, calls: int) -> None:
    """Each call sent twice at once, by many at a time: a sample of the trial's 10,000."""
    secret = install(api.county, "HB-1", "H-A0")
    rush(api.county, secret, calls)


def rush(county: SmallCounty, secret: str, calls: int) -> None:
    """Send calls, each twice at once, below HTTP; then there is one incident for each counter.

    The trial of 10,000 in an hour is `tests/trials/test_help_calls.py`."""

    def send(number: int) -> str:
        counter, sent = 1 + number // 2, int(county.clock().timestamp())
        signed = signature(secret, "HB-1", counter, sent, "call")
        return str(helping.take(county.ctx, helping.Call("HB-1", counter, sent, signed))["number"])

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(send, range(2 * calls)))
    assert numbers[::2] == numbers[1::2]
    assert len(set(numbers)) == calls
    c = t.calls.c
    counted = county.run(select(func.count(), func.count(c.counter.distinct()), func.count(c.incident_id.distinct())))
    assert tuple(counted[0]) == (calls, calls, calls)
    made = (
        select(func.count()).select_from(t.incidents.join(t.categories)).where(t.categories.c.code == "emergency-help")
    )
    assert county.one(made) == calls
