"""What the database keeps beside a case for its lists: whether it is open, and the town that answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from gridmap.errors import Conflict
from gridmap.store import read, write
from gridmap.store import tables as t
from gridmap.store.features import page
from gridmap.view import View
from tests.store.county import NOW, TODAY, add_incidents, build

SYSTEM = View.system(TODAY)

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Cases in both towns, one in none, one that came closed."""
    with write(engine) as conn:
        build(conn)
        add_incidents(conn, [{"cell": "A"}, {"cell": "D"}, {"cell": None}, {"cell": "C", "closed_at": NOW}])
    return engine


def kept(engine: Engine) -> list[tuple[int | None, int]]:
    """Town and openness of each case."""
    i, r = t.incidents.c, t.responsibilities.c
    query = select(i.town_id, r.open).join(t.responsibilities, r.incident_id == i.id).where(r.valid_to.is_(None))
    with read(engine) as conn:
        return [(row.town_id, row.open) for row in conn.execute(query.order_by(i.id))]


def change(engine: Engine, incident_id: int, **values: Any) -> None:
    with write(engine) as conn:
        conn.execute(update(t.incidents).where(t.incidents.c.id == incident_id).values(**values))


def test_it_follows_the_status(filled: Engine) -> None:
    assert kept(filled) == [(2, 1), (5, 1), (None, 1), (2, 0)]
    change(filled, 1, status="closed", closed_at=LATER)
    change(filled, 2, status="handling")
    change(filled, 4, status="assigned", closed_at=None)
    assert kept(filled) == [(2, 0), (5, 1), (None, 1), (2, 1)]


def test_it_follows_who_answers(filled: Engine) -> None:
    change(filled, 2, status="closed", closed_at=NOW)
    r = t.responsibilities
    with write(filled) as conn:
        conn.execute(update(r).where(r.c.incident_id == 2).values(valid_to=LATER))
        conn.execute(r.insert().values(incident_id=2, cell_id=1, area_id=3, reason="primary", valid_from=LATER))
    assert kept(filled)[1] == (2, 0)
    with read(filled) as conn:
        ended = conn.execute(select(r.c.open).where(r.c.incident_id == 2, r.c.valid_to.is_not(None))).scalar_one()
    assert ended == 0  # as it was when it ended


def test_it_follows_a_community_to_another_town(filled: Engine) -> None:
    with write(filled) as conn:
        conn.execute(update(t.areas).where(t.areas.c.id == 3).values(parent_id=5, path="/1/5/3/"))
    assert [town for town, _ in kept(filled)] == [5, 5, None, 2]


def test_nobody_sets_it_otherwise(filled: Engine) -> None:
    r = t.responsibilities
    with pytest.raises(Conflict, match="only be ended"), write(filled) as conn:
        conn.execute(update(r).where(r.c.incident_id == 1).values(open=0))
    with write(filled) as conn:
        conn.execute(update(r).where(r.c.incident_id == 1).values(valid_to=LATER))
        conn.execute(r.insert().values(incident_id=1, cell_id=1, area_id=3, reason="primary", valid_from=LATER, open=0))
    assert kept(filled)[0] == (2, 1)


def late(engine: Engine, hours: list[float]) -> None:
    """Cases of 60 hours ago, with these limits."""
    with write(engine) as conn:
        build(conn)
        add_incidents(conn, [{"cell": "A", "hours": one, "received_at": NOW - timedelta(hours=60)} for one in hours])


def test_nothing_is_left_out_behind_a_case_that_was_closed_meanwhile(engine: Engine) -> None:
    late(engine, [48.0, 24.0, 36.0])
    red: dict[str, Any] = {"filters": {"light": "red"}, "now": NOW, "limit": 1}
    with read(engine) as conn:
        first = page(conn, SYSTEM, "incidents", **red)
    assert first.ids() == [1]
    change(engine, 1, status="closed", closed_at=NOW, red_at=None)
    with read(engine) as conn:
        second = page(conn, SYSTEM, "incidents", **red, after=first.next)
        third = page(conn, SYSTEM, "incidents", **red, after=second.next)
    assert (second.ids(), third.ids(), third.next) == ([3], [2], None)


def test_pages_of_one_light_follow_each_other(engine: Engine) -> None:
    """Some came to it at the same moment, and late ones have low ids as well as high ones."""
    hours = [48.0, 12.0, 48.0, 24.0, 12.0, 48.0, 24.0]
    late(engine, hours)
    with read(engine) as conn:
        whole = page(conn, SYSTEM, "incidents", filters={"light": "red"}, now=NOW).rows
        assert whole["red_at"].is_monotonic_decreasing
        assert whole["id"].tolist() == [6, 3, 1, 7, 4]
        paged, after = [], None
        while True:
            one = page(conn, SYSTEM, "incidents", filters={"light": "red"}, now=NOW, limit=2, after=after)
            paged += one.ids()
            if (after := one.next) is None:
                break
    assert paged == whole["id"].tolist()
