"""The list that SQL gives is the list of things that `admits` lets through, for random grants, on both databases.

Each database is a small county filled once from a seed with every awkward tie (none, past, doubled, handed over);
hypothesis draws grants, kinds and days for it. Another seed is another county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select

from gridmap.people.roles import Standing, Thing, admits, scope_of
from gridmap.store import bulk_insert, open_engine, read, upgrade, write
from gridmap.store import tables as t
from gridmap.store.filters import held
from gridmap.store.scope import TABLES, clause
from gridmap.store.ties import thing_of
from gridmap.view import (
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
    View,
)
from tests.store.county import NOW, OPENED, TODAY, add_incidents, build, place_columns, spot

PATHS = ["/1/", "/1/2/", "/1/2/3/", "/1/2/4/", "/1/5/", "/1/5/6/", "/2/", "/1/2/30/"]
IDS = st.integers(1, 6)

LEAVES: st.SearchStrategy[Grant] = st.one_of(
    st.just(Nothing()),
    st.just(Everything()),
    st.just(Overdue()),
    st.just(Raised()),
    IDS.map(FirstOfBody),
    IDS.map(HelpOf),
    IDS.map(AtTable),
    st.sampled_from(PATHS).map(InArea),
    st.frozensets(IDS, max_size=4).map(InCells),
    IDS.map(OfBody),
    IDS.map(OfWorker),
    IDS.map(UnplacedBy),
)
GRANTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(tuple).flatmap(lambda g: st.sampled_from([AnyOf(g), AllOf(g)])),
    max_leaves=6,
)


def fill(conn: Connection, rng: np.random.Generator) -> None:
    """The small county with every tie drawn at random, missing and past ones too."""
    build(conn)

    def drawn(options: list[Any], count: int) -> list[Any]:
        return [options[i] for i in rng.integers(0, len(options), count)]

    homes = drawn([1, 2, 3, 4, 5, None], 12)
    places = place_columns([spot("A", rng) for _ in homes])
    bulk_insert(
        conn, t.households, {"code": [f"H{i}" for i in range(12)], "address": ["x"] * 12, "cell_id": homes, **places}
    )
    conn.execute(
        insert(t.enterprises),
        [{"code": f"Q{i}", "name": "x", "kind": "mine", "cell_id": cell, "crs_in": "wgs84", "x_in": 1.0, "y_in": 1.0,
          "geom": f"SRID=4326;{spot('A').wkt}"} for i, cell in enumerate([1, 4, None])],
    )  # fmt: skip
    starts = drawn([OPENED, TODAY, TODAY + timedelta(days=1)], 8)
    lengths = rng.integers(0, 3, 8).tolist()
    ends = [start + timedelta(days=n) if n else None for start, n in zip(starts, lengths, strict=True)]
    for worker, cell, start, end in zip(drawn([1, 2, 3], 8), drawn([1, 2, 3, 4, 5], 8), starts, ends, strict=True):
        same = select(t.duties.c.id).where(
            t.duties.c.worker_id == worker, t.duties.c.cell_id == cell, t.duties.c.valid_from == start
        )
        if conn.execute(same).first() is None:
            conn.execute(
                insert(t.duties).values(worker_id=worker, cell_id=cell, rank="backup", valid_from=start, valid_to=end)
            )
    accounts = [(None, None, None), (1, None, None), (None, 2, None), (None, None, 3), (2, 1, 6)]
    conn.execute(
        insert(t.accounts),
        [{"username": f"u{i}", "name": "x", "password_hash": "x", "role": "admin", "created_at": NOW,
          "worker_id": worker, "body_id": body, "area_id": area} for i, (worker, body, area) in enumerate(accounts)],
    )  # fmt: skip
    late = drawn([0, 1], 20)
    rows = [
        {
            "cell": drawn(["A", "B", "C", "D", None], 1)[0], "worker_id": drawn([1, 2, 3, None], 1)[0],
            "body_id": drawn([1, 2, None], 1)[0], "area_id": drawn([1, 2, 3, 4, 5, 6], 1)[0],
            "now_cell": drawn(["A", "B", "C", "D", "E", None], 1)[0], "hours": 0.5 if is_late else 100.0,
            "closed_at": drawn([None, None, NOW], 1)[0],
        }
        for is_late in late
    ]  # fmt: skip
    # at the very moment it is due nothing is overdue yet
    ids = add_incidents(conn, [*rows, {"cell": "A", "hours": 1.0}])
    conn.execute(t.incidents.update().values(account_id=t.incidents.c.id % 5 + 1))
    i = t.incidents.c
    conn.execute(t.incidents.update().where(i.id % 3 == 0).values(first_body_id=i.id % 2 + 1))
    for number, name in enumerate(("extension_asked_at", "appeal_at", "supervised_at")):
        conn.execute(t.incidents.update().where(i.id % 7 == number).values({name: NOW}))
    asked = [(incident, body) for incident in ids[::4] for body in (1, 2)][:-1]
    conn.execute(insert(t.helpers), [{"incident_id": incident, "body_id": body} for incident, body in asked])
    add_meetings(conn)
    r = t.responsibilities
    for incident in ids[:4]:  # handed over: the past one must not count
        conn.execute(r.update().where(r.c.incident_id == incident).values(valid_to=NOW))
        conn.execute(insert(r).values(incident_id=incident, cell_id=3, area_id=4, reason="primary", valid_from=NOW))
    conn.execute(r.update().where(r.c.incident_id == ids[4]).values(valid_to=NOW))  # and nobody holds this one


def add_meetings(conn: Connection) -> None:
    """Meetings about each area, at which one body sits, or both, or none."""
    areas = [1, 2, 3, 4, 6]
    made = [
        {"number": f"M{area}", "area_id": area, "title": "x", "meets_at": NOW, "venue": "x", "status": "called",
         "created_at": NOW}
        for area in areas
    ]  # fmt: skip
    conn.execute(insert(t.meetings), made)
    sat = [(1, 1), (1, 2), (2, 1), (3, 2)]
    seats = [{"meeting_id": meeting, "party": "government", "body_id": body} for meeting, body in sat]
    conn.execute(insert(t.seats), seats)


@pytest.fixture(scope="module", params=[(kind, seed) for seed in (1, 2) for kind in ("spatialite", "postgis")], ids=str)
def county(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that the tests of this module only read."""
    kind, seed = request.param
    if kind == "spatialite":
        folder: Path = tmp_path_factory.mktemp("scope")
        url = f"sqlite:///{folder / 'scope.sqlite'}"
    else:
        make: Callable[[str | None], str] = request.getfixturevalue("empty_postgis")
        url = make(None)
    engine = open_engine(url)
    upgrade(engine)
    with write(engine) as conn:
        fill(conn, np.random.default_rng(seed))
    yield engine
    engine.dispose()


def listed(conn: Connection, view: View, kind: Kind, now: datetime) -> set[int]:
    table = TABLES[kind]
    found = set(conn.execute(select(table.c.id).where(clause(view, kind, now=now))).scalars())
    if kind is Kind.INCIDENT:  # the same beside the responsibilities in force
        beside = clause(view, kind, now=now, held=t.responsibilities)
        assert set(conn.execute(select(table.c.id).select_from(held()).where(beside)).scalars()) == found
    return found


def things_of(conn: Connection, kind: Kind, day: date, now: datetime) -> dict[int, Thing]:
    keys = conn.execute(select(TABLES[kind].c.id)).scalars().all()
    things = {key: thing_of(conn, kind, key, day=day, now=now) for key in keys}
    return {key: thing for key, thing in things.items() if thing is not None}


def admitted(conn: Connection, grant: Grant, kind: Kind, day: date, now: datetime) -> set[int]:
    return {key for key, thing in things_of(conn, kind, day, now).items() if admits(grant, thing)}


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(TABLES)), grant=GRANTS, days=st.integers(-3, 3))
def test_a_list_holds_what_is_admitted_one_by_one(county: Engine, kind: Kind, grant: Grant, days: int) -> None:
    day, now = TODAY + timedelta(days=days), NOW + timedelta(days=days)
    view = View(actor=None, scope=Scope({kind: grant}), as_of=day)
    with read(county) as conn:
        assert listed(conn, view, kind, now) == admitted(conn, grant, kind, day, now)


def test_each_grant_by_itself(county: Engine) -> None:
    """Every simple grant for every kind, on the days when rosters change: what chance would rarely meet."""
    simple: list[Grant] = [Nothing(), Everything(), Overdue(), Raised(), *map(InArea, PATHS)]
    simple += [grant for n in range(1, 4) for grant in (FirstOfBody(n), HelpOf(n), AtTable(n))]
    simple += [grant for n in range(1, 7) for grant in (InCells(frozenset({n})), OfBody(n), OfWorker(n), UnplacedBy(n))]
    with read(county) as conn:
        for kind in TABLES:
            for day in (OPENED - timedelta(days=1), TODAY, TODAY + timedelta(days=1)):
                things = things_of(conn, kind, day, NOW)
                for grant in simple:
                    expected = {key for key, thing in things.items() if admits(grant, thing)}
                    view = View(actor=None, scope=Scope({kind: grant}), as_of=day)
                    assert listed(conn, view, kind, NOW) == expected, (kind, day, grant)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_in_lists_what_it_may_see_one_by_one(county: Engine, role: Role) -> None:
    standing = Standing(cell_ids=frozenset({1, 3}), area_path="/1/2/", body_id=2, worker_id=2)
    scope = scope_of(role, standing)
    view = View(actor=None, scope=scope, as_of=TODAY)
    with read(county) as conn:
        for kind in TABLES:
            assert listed(conn, view, kind, NOW) == admitted(conn, scope.grant(kind), kind, TODAY, NOW), kind


def test_the_county_has_what_the_property_needs(county: Engine) -> None:
    """Each tie is there and is missing, each test is true and false: else the property would say little."""
    with read(county) as conn:
        things = [
            thing_of(conn, Kind.INCIDENT, key, now=NOW) for key in conn.execute(select(t.incidents.c.id)).scalars()
        ]
    assert {thing is None for thing in things} == {False}
    for name in ("cell_id", "area_path", "body_id", "worker_id"):
        assert {getattr(thing, name) is None for thing in things} == {True, False}, name
    for name in ("overdue", "raised"):
        assert {getattr(thing, name) for thing in things} == {True, False}, name
    assert {thing.first_body_id for thing in things if thing} == {None, 1, 2}
    assert {thing.helper_ids for thing in things if thing} >= {frozenset(), frozenset({1, 2})}


def test_a_kind_not_granted_is_nothing(county: Engine) -> None:
    view = View(actor=None, scope=Scope(), as_of=TODAY)
    with read(county) as conn:
        assert [listed(conn, view, kind, NOW) for kind in TABLES] == [set()] * len(TABLES)
        assert thing_of(conn, Kind.INCIDENT, 10**6) is None
        assert thing_of(conn, Kind.WORKER, 10**6) is None
