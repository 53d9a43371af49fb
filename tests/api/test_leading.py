"""Who leads joint meetings does so in the own area: nothing is written of enterprises elsewhere, nobody is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gridmap.store import tables as t
from tests.api.client import Api, problem
from tests.county import COMMUNITY, NOW

PERMIT = {"kind": "blasting", "number": "B-1", "valid_from": "2025-01-01"}
#: those of the south, who lead meetings there; the mine lies in the north
SOUTH = ("dispatcher-k3", "supervisor-2", "official-2")


def enterprise(api: Api, code: str) -> int:
    return int(api.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == code)))


def rows(api: Api, *tables: str) -> list[int]:
    return [api.county.one(select(func.count()).select_from(getattr(t, name))) for name in tables]


@pytest.mark.parametrize("user", SOUTH)
def test_nothing_is_written_of_an_enterprise_elsewhere(api: Api, user: str) -> None:
    where = f"/enterprises/{enterprise(api, 'E-MINE')}"
    kept = ("meetings", "permits", "preventives", "outbox", "audit")
    before = rows(api, *kept)
    meeting = {
        "title": "x", "meets_at": (NOW + timedelta(days=5)).isoformat(), "venue": "y", "bodies": ["B-LAND"],
        "enterprise_id": enterprise(api, "E-MINE"), "residents": COMMUNITY["E"], "invite_m": 3000,
    }  # fmt: skip
    problem(api.post(user, "/meetings", meeting), 403, "outside_area")
    problem(api.post(user, f"{where}/permits", PERMIT), 403, "outside_area")
    problem(api.ask(user, "PUT", f"{where}/regular", json={"months": 6}), 403, "outside_area")
    problem(api.ask(user, "PUT", f"{where}/rock", json={"rock": "hard"}), 403, "outside_area")
    assert rows(api, *kept) == before


def test_rows_of_a_file_about_an_enterprise_elsewhere_come_back(api: Api) -> None:
    file = b"number,enterprise,kind,valid_from\nA,E-MINE,land,2025-01-01\nB,E-QUARRY,land,2025-01-01\n"
    headers, asked = {"Content-Type": "application/octet-stream"}, {"name": "permits.csv"}
    answer = api.ask("official-2", "POST", "/permits/import", params=asked, content=file, headers=headers).json()
    assert (answer["inserted"], answer["turned_away"]) == (1, 1)
    assert answer["rejects"][0]["reason"] == "E-MINE lies outside your area"


def test_reports_near_an_enterprise_are_counted_in_the_own_area(api: Api) -> None:
    """The mine lies in cell A, and all reports within 1.5 km of it in the north."""
    where, told = f"/enterprises/{enterprise(api, 'E-MINE')}", {}
    for user in ("official", "official-2", "dispatcher-1", "planner"):
        told[user] = api.get(user, f"{where}/neighbourhood").json()["reports_year"]
    near = api.get("official", f"{where}/review", params={"within_m": 150}).json()["reports_year"]
    assert near > 0
    assert api.get("official-2", f"{where}/review", params={"within_m": 150}).json()["reports_year"] == 0
    # the one outside all cells is the county's
    assert told["official"] == told["planner"] == told["dispatcher-1"] + told["official-2"] + 1
    assert told["official-2"] > 0
