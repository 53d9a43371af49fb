"""Whom to call at an enterprise: sealed, read by those who lead meetings there, gone when somebody else is named."""

from __future__ import annotations

from sqlalchemy import select

from gridmap.store import tables as t
from tests.api.client import Api, problem
from tests.api.test_leading import SOUTH
from tests.api.test_meetings import quarry
from tests.county import SEATS

HIM = {"contact_name": "吴测试", "contact_phone": "13900000021"}
LEADS = {"official", "supervisor", "dispatcher-1"}


def test_those_who_lead_meetings_there_read_and_change_it(api: Api) -> None:
    where = f"/enterprises/{quarry(api)}/contact"
    assert api.get("official", where).json() == {"contact_name": None, "contact_phone": None}
    assert api.ask("dispatcher-1", "PUT", where, json=HIM).json() == HIM
    for user in SEATS:
        if user in LEADS:
            assert api.get(user, where).json() == HIM, user
        else:
            problem(api.get(user, where), 403, "outside_area" if user in SOUTH else "forbidden")
            problem(api.ask(user, "PUT", where, json={}), 403, "outside_area" if user in SOUTH else "forbidden")
    read = [(row.kind, row.route) for row in api.readings() if row.kind == "enterprise"]
    assert len(read) == 1 + len(LEADS)  # who wrote it was told it, too
    problem(api.get("official", "/enterprises/999999/contact"), 404, "not_found")


def test_who_was_named_before_cannot_be_opened_any_more(api: Api) -> None:
    where = f"/enterprises/{quarry(api)}/contact"
    api.ask("official", "PUT", where, json=HIM)
    boxes = api.county.run(select(t.sealed.c.box))
    assert not any(b"13900000021" in row.box or "吴".encode() in row.box for row in boxes)
    c, s = t.enterprise_contacts.c, t.subjects.c
    first = api.county.one(select(c.subject_id))
    other = {"contact_name": None, "contact_phone": "13900000022"}
    assert api.ask("official", "PUT", where, json=other).json() == other
    assert api.county.one(select(s.wrapped_key).where(s.id == first)) is None
    second = api.county.one(select(c.subject_id))
    assert api.ask("official", "PUT", where, json={}).json() == {"contact_name": None, "contact_phone": None}
    assert api.county.run(select(c.id)) == []
    assert api.county.one(select(s.wrapped_key).where(s.id == second)) is None
