"""What households' files and plans of visits give to whom: a part of test_leaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.store.scope import is_open
from gridmap.view import Kind, Role
from tests.county import SEATS

Check = Callable[[Any], None]
REASON = "a hearing about dust"


def check_file(world: Any) -> None:
    """A file is for those who serve its household, with a reason; for all others there is none."""
    every = world.api.county.run(select(t.households.c.id))
    for user in world.each():
        admitted = world.admitted(user, Kind.HOUSEHOLD)
        for (identity,) in every[::3]:
            answer = world.api.get(user, f"/households/{identity}/file", params={"reason": REASON})
            assert answer.status_code == (200 if identity in admitted else 404), (user, identity, answer.text)


def check_plan(world: Any) -> None:
    """A plan holds the worker's own households, and nobody else has one."""
    for user in world.each():
        answer = world.api.get(user, "/visits/plan")
        assert answer.status_code == (200 if SEATS[user][0] is Role.WORKER else 403), user
        if answer.status_code == 200:
            assert {one["id"] for one in answer.json()["items"]} == world.admitted(user, Kind.HOUSEHOLD), user


def check_pack(world: Any) -> None:
    """A pack holds the worker's own households and open cases, says of a contact what the household's own route says,
    and tells nobody else anything."""
    county = world.api.county
    opened = {one for (one,) in county.run(select(t.incidents.c.id).where(is_open()))}
    agreed = select(t.consents.c.household_id).where(t.consents.c.purpose == "contact")
    agreed_homes = {one for (one,) in county.run(agreed.where(t.consents.c.withdrawn_at.is_(None)))}
    for user in world.each():
        answer = world.api.get(user, "/pack")
        assert answer.status_code == (200 if SEATS[user][0] is Role.WORKER else 403), user
        if answer.status_code != 200:
            continue
        parts = {name: one["data"] for name, one in answer.json()["sections"].items()}
        assert {one["id"] for one in parts["households"]} == world.admitted(user, Kind.HOUSEHOLD), user
        assert {one["id"] for one in parts["incidents"]} == world.admitted(user, Kind.INCIDENT) & opened, user
        for one in parts["households"]:
            told = world.api.get(user, f"/households/{one['id']}").json()
            for name in ("contact_name", "contact_phone"):
                assert one.get(name) == (told[name] if one["id"] in agreed_homes else None), (user, one["id"], name)


def check_home_act(path: str, body: dict[str, Any] | None = None) -> Check:
    """What is written into a file: by those who serve the household alone; for all others there is none."""

    def check(world: Any) -> None:
        (identity,) = world.api.county.run(select(t.households.c.id).where(t.households.c.code == "H-B3"))[0]
        for user in world.each():
            answer = world.api.post(user, f"/households/{identity}/{path}", body)
            if identity not in world.admitted(user, Kind.HOUSEHOLD):
                assert answer.status_code == 404, (user, path, answer.text)
            else:
                assert answer.status_code in {201, 204, 404, 409}, (user, path, answer.text)

    return check
