"""The seed story, end to end: six households near a quarry, two months of argument, a meeting, a promise kept, and what
every figure says of it on the way; and who was told what, once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, insert, select, update

from gridmap.ground.measure import metric_crs, project
from gridmap.settings import Messaging
from gridmap.store import meetings, read
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.reminding import remind
from tests.api.client import Api, problem
from tests.api.test_meetings import called, later, quarry, step
from tests.county import CONTACT, CONTACT_PHONE, REPORTER, TEXT, centre
from tests.gateways import gateway

INVITE_M = 600.0
#: where the six households stand in cell A, east and north of its middle
HOMES = [(-0.3, -0.3), (-0.3, 0.3), (0.3, -0.3), (0.3, 0.3), (0.0, 0.2), (0.0, -0.2)]


def complain(api: Api, home: tuple[float, float]) -> int:
    lon, lat = centre("A", *home)
    said = {"category": "mining-blasting", "lon": lon, "lat": lat, "text": TEXT, "reporter_name": REPORTER}
    answer = api.post("worker-a", "/incidents", said)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def two_months_of_argument(api: Api) -> list[int]:
    """Each of the six reports twice."""
    cases = []
    for home in HOMES * 2:
        cases.append(complain(api, home))
        later(api, days=5)
    return cases


def near_and_willing(api: Api) -> list[int]:
    """All households agree to be called; those within the distance, house by house."""
    homes = api.county.run(select(t.households.c.id).where(t.households.c.subject_id.is_not(None)))
    api.county.run(t.consents.delete())
    now = api.county.clock()
    rows = [{"household_id": one.id, "purpose": "contact", "how": "spoken", "given_at": now} for one in homes]
    api.county.run(insert(t.consents).values(rows))
    with read(api.county.ctx.engine) as conn:
        place = meetings.enterprise_place(conn, quarry(api))["geom"]
        all_ = frame(conn, select(t.households.c.id, t.households.c.subject_id, t.households.c.geom))
    flat = project(np.append(all_["geom"].to_numpy(dtype=object), place), metric_crs(*shapely.get_coordinates(place).T))
    near = all_[shapely.distance(flat[:-1], flat[-1]) <= INVITE_M]
    return sorted(int(one) for one in near.loc[near["subject_id"].notna(), "id"])


def sent(api: Api, url: str) -> Any:
    messaging = Messaging(per_hour=0, sms_url=url)
    ctx = api.county.ctx
    return deliverer(replace(ctx, settings=replace(ctx.settings, messaging=messaging))).run()


def kinds(api: Api) -> dict[str, int]:
    o = t.outbox.c
    rows = api.county.run(select(o.kind, func.count()).where(o.incident_id.is_(None)).group_by(o.kind))
    return {row[0]: row[1] for row in rows}


def letters(api: Api, user: str) -> list[dict[str, Any]]:
    return [one for one in api.rows(user, "/messages") if one["meeting_id"]]


def test_the_story_of_a_quarry_and_its_six_neighbours(api: Api) -> None:
    mine = quarry(api)
    cases = two_months_of_argument(api)
    around = api.get("official", f"/enterprises/{mine}/neighbourhood").json()
    assert around["reports_year"] >= len(cases)

    # a meeting is called; neighbours are invited by distance, not by who complained
    willing = near_and_willing(api)
    assert 0 < len(willing) < api.county.one(select(func.count()).select_from(t.households))
    meeting = called(api, incident_ids=cases, called_from=cases[0], invite_m=INVITE_M)
    e = t.events.c
    told = api.county.run(select(e.incident_id).where(e.kind == "meeting_called").order_by(e.incident_id))
    assert [row[0] for row in told] == sorted(cases)
    o = t.outbox.c
    invited = api.county.run(select(o.household_id).where(o.kind == "meeting_invite").order_by(o.household_id))
    assert [row[0] for row in invited] == willing
    api.county.run(
        update(t.consents).where(t.consents.c.household_id == willing[0]).values(withdrawn_at=api.county.clock())
    )
    with gateway() as sms:
        sent(api, sms.url)
        sent(api, sms.url)
    texts = [one["text"] for one in sms.bodies if one["to"] == CONTACT_PHONE]
    assert len(texts) == len(willing) - 1  # one took its word back, and nobody hears twice
    assert not any(secret in text for text in texts for secret in (TEXT, REPORTER, CONTACT, "260"))
    assert [one["kind"] for one in letters(api, "handler-land")] == ["meeting_called"]
    assert letters(api, "handler-eco") == []

    # what lies on the table names nobody
    table = api.get("dispatcher-1", f"/meetings/{meeting}/table").text
    assert not any(secret in table for secret in (TEXT, REPORTER, CONTACT, CONTACT_PHONE))

    # it is held: the enterprise repairs; the reminders come once each, to who leads it
    later(api, days=5)
    promise = promised(api, meeting)
    for days, kind in ((53, "promise_due_7"), (6, "promise_due_1"), (1, "promise_due_0")):
        later(api, days=days)
        assert remind(api.county.ctx) == 1, kind
        assert remind(api.county.ctx) == 0
        assert kinds(api)[kind] == 1
    with gateway() as sms:
        sent(api, sms.url)
    assert [one["kind"] for one in letters(api, "dispatcher-1")] == ["promise_due_0", "promise_due_1", "promise_due_7"]
    assert sms.bodies == []

    # proven, sent back, proven, kept; and every step stays
    for status, note in (("proven", "三户已修"), ("open", "还有三户"), ("proven", "六户已修，附照片"), ("kept", None)):
        assert step(api, promise, status, note).status_code == 200
    steps = api.get("official", f"/promises/{promise}/steps").json()
    assert [one["status"] for one in steps] == ["open", "proven", "open", "proven", "kept"]
    problem(api.get("handler-eco", f"/promises/{promise}/steps"), 404, "not_found")

    # later reports fall, and the figures say it
    complain(api, HOMES[0])
    later(api, days=10)
    effect = api.get("official", f"/promises/{promise}/effect", params={"category": "mining-blasting"}).json()
    assert (effect["after"], effect["verdict"]) == (1, "fell")
    assert effect["before"] >= 10
    assert effect["high"] < 1
    review = api.get("official", f"/enterprises/{mine}/review", params={"within_m": 1500, "charge_kg": 80}).json()
    assert review["promises"] == {"kept": 1, "broken": 0, "withdrawn": 0, "open": 0, "late": 0}
    assert [one["text"] for one in review["last"]] == ["修复六户房屋裂缝"]
    assert sum(one["houses"] for one in review["buildings"]) == review["households"] > 0
    problem(api.get("planner", f"/enterprises/{mine}/review"), 403, "forbidden")


def promised(api: Api, meeting: int) -> int:
    """The meeting held today, with one promise of the enterprise that is due in 60 days."""
    due = api.county.clock() + timedelta(days=60)
    made = {"text": "修复六户房屋裂缝", "due_at": due.isoformat()}
    answer = api.post("dispatcher-1", f"/meetings/{meeting}/held", {"minutes": "三方到会。", "promises": [made]})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["promises"][0]["id"])


def test_a_meeting_called_off_is_told_to_all_who_heard_of_it(api: Api) -> None:
    willing = near_and_willing(api)
    meeting = called(api, invite_m=INVITE_M)
    assert api.post("dispatcher-1", f"/meetings/{meeting}/cancelled", {"reason": "大雨"}).status_code == 200
    assert kinds(api) == {
        "meeting_called": 1, "meeting_off": 1, "meeting_invite": len(willing), "meeting_invite_off": len(willing),
    }  # fmt: skip


def test_it_is_time_for_a_regular_meeting(api: Api) -> None:
    mine = quarry(api)
    said = api.ask("official", "PUT", f"/enterprises/{mine}/regular", json={"months": 6, "since": "2026-01-31"})
    assert said.json()["regular"]["next_on"] == "2026-07-31"
    assert (remind(api.county.ctx), remind(api.county.ctx)) == (1, 0)
    sent(api, "http://127.0.0.1:9")
    told = [one for one in api.rows("dispatcher-1", "/messages") if one["enterprise_id"]]
    assert [one["kind"] for one in told] == ["preventive_due"]
    ended = api.ask("official", "PUT", f"/enterprises/{mine}/regular", json={"months": None})
    assert ended.json()["regular"] is None


def test_permits_are_kept_by_number(api: Api) -> None:
    mine = quarry(api)
    permit = {"kind": "blasting", "number": "B-1", "valid_from": "2025-01-01", "valid_to": "2026-07-03"}
    first = api.post("official", f"/enterprises/{mine}/permits", permit).json()["permits"]
    assert [(one["number"], one["holds"]) for one in first] == [("B-1", False)]
    longer = api.post("official", f"/enterprises/{mine}/permits", {**permit, "valid_to": None}).json()["permits"]
    assert [(one["number"], one["holds"]) for one in longer] == [("B-1", True)]
    problem(api.post("planner", f"/enterprises/{mine}/permits", permit), 403, "forbidden")
    problem(
        api.post("official", f"/enterprises/{mine}/permits", {**permit, "valid_to": "2024-01-01"}), 422, "invalid_input"
    )
