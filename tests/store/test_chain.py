"""Events are chained by hash: what was written is whole, what was changed behind the database's back is found."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select, text

from gridmap.case.events import GENESIS, canonical_json, canonical_moment, event_hash
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import bulk_insert, open_engine, read, write
from gridmap.store import tables as t
from gridmap.store.chain import Round, append_event, append_first_events, broken_chains
from gridmap.store.versions import bump
from gridmap.store.versions import read as versions
from tests.store.county import NOW, add_incidents, build


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write(engine) as conn:
        build(conn)
        add_incidents(conn, [{"cell": "A"}, {"cell": "B"}, {"cell": None}])
    return engine


def test_canonical_forms_are_one_for_one_meaning() -> None:
    assert canonical_json({"b": 1, "a": {"d": None, "c": "中文"}}) == '{"a":{"c":"中文","d":null},"b":1}'
    tokyo = datetime(2026, 7, 3, 9, tzinfo=timezone(timedelta(hours=9)))
    assert canonical_moment(tokyo) == "2026-07-03T00:00:00.000000+00:00"
    with pytest.raises(ValueError, match="time zone"):
        canonical_moment(datetime(2026, 7, 3))  # noqa: DTZ001
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"a": float("nan")})


def test_every_part_of_an_event_is_covered() -> None:
    parts: list[Any] = [GENESIS, "N1", 1, "reported", "2026-07-03T00:00:00.000000+00:00", 5, "{}"]
    whole = event_hash(*parts)
    assert len(whole) == 64
    others = ["1" * 64, "N2", 2, "closed", "2026-07-03T00:00:00.000001+00:00", None, '{"a":1}']
    changed = {event_hash(*parts[:n], other, *parts[n + 1 :]) for n, other in enumerate(others)}
    assert len(changed | {whole}) == len(parts) + 1
    # no two events share their bytes by shifting text from one field to the next
    assert event_hash(GENESIS, "N1", 1, "ab", "c", None, "{}") != event_hash(GENESIS, "N1", 1, "a", "bc", None, "{}")


def test_events_follow_each_other(filled: Engine) -> None:
    with write(filled) as conn:
        assert append_event(conn, 1, "moved", NOW, None, {"to_cell_id": 2}) == 2
        assert append_event(conn, 1, "closed", NOW + timedelta(microseconds=1), None, {}) == 3
        with pytest.raises(NotFound):
            append_event(conn, 10**6, "closed", NOW, None, {})
    with read(filled) as conn:
        rows = conn.execute(select(t.events).where(t.events.c.incident_id == 1).order_by(t.events.c.seq)).all()
        assert [row.prev_hash for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
        assert rows[1].hash == event_hash(
            rows[0].hash, "N0000", 2, "moved", canonical_moment(NOW), None, '{"to_cell_id":2}'
        )
        assert broken_chains(conn) == []


def test_first_events_of_many(filled: Engine) -> None:
    with write(filled) as conn:
        ids = add_incidents_without_events(conn, 3)
        at = np.array([NOW.replace(tzinfo=None)] * 2, dtype="datetime64[us]")
        rounds = [
            Round("reported", at, ["{}", '{"by":"甲"}'], np.array([0, 2])),
            Round("closed", at[:1], ['{"by":1}'], np.array([0])),
        ]
        assert append_first_events(conn, ids, ["X0", "X1", "X2"], rounds) == 3
        assert append_first_events(conn, [], [], []) == 0
        with pytest.raises(InvalidInput):
            append_first_events(conn, ids, ["X0"], rounds)
        with pytest.raises(InvalidInput, match="without an event 1 cannot have an event 2"):
            append_first_events(
                conn, ids, ["X0", "X1", "X2"], [rounds[1], Round("closed", at, ["{}"] * 2, np.array([0, 1]))]
            )
        assert broken_chains(conn) == []
        assert append_event(conn, ids[0], "reopened", NOW, None, {"reason": "appeal"}) == 3
        with pytest.raises(InvalidInput, match="no field 'text'"):
            append_event(conn, ids[0], "commented", NOW, None, {"text": "what nobody may read"})


def add_incidents_without_events(conn: Any, count: int) -> list[int]:
    copied = (
        "INSERT INTO incidents (number, category_id, channel, status, received_at, due_at, place_reason, crs_in, x_in, "
        "y_in, geom) SELECT :number, category_id, channel, status, received_at, due_at, place_reason, crs_in, x_in, "
        "y_in, geom FROM incidents WHERE id = 1 RETURNING id"
    )
    return [conn.execute(text(copied), {"number": f"X{n}"}).scalar_one() for n in range(count)]


def test_writers_of_one_incident_take_turns(filled: Engine) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                with write(filled) as conn:
                    append_event(conn, 1, "commented", NOW, None, {})
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with read(filled) as conn:
        assert broken_chains(conn) == []
        assert len(conn.execute(select(t.events.c.id).where(t.events.c.incident_id == 1)).all()) == 81


FORGERIES = {
    "data": "UPDATE events SET data = '{\"a\": 1}' WHERE incident_id = 2 AND seq = 2",
    "moment": "UPDATE events SET at = (SELECT at FROM events WHERE incident_id = 3) WHERE incident_id = 2 AND seq = 2",
    "kind": "UPDATE events SET kind = 'noted' WHERE incident_id = 2 AND seq = 2",
    "missing": "DELETE FROM events WHERE incident_id = 2 AND seq = 2",
    "swapped": "UPDATE events SET incident_id = 3, seq = 2 WHERE incident_id = 2 AND seq = 2",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_history_is_found(filled: Engine, forgery: str) -> None:
    with write(filled) as conn:
        for n in range(3):
            append_event(conn, 2, "moved", NOW + timedelta(hours=n), None, {"to_cell_id": n + 1})
        if filled.dialect.name == "sqlite":  # as anyone can who opens the file
            for name in ("events_no_update", "events_no_delete"):
                conn.exec_driver_sql(f"DROP TRIGGER {name}")
        else:  # as only the owner can
            conn.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER USER")
        conn.execute(text(FORGERIES[forgery]))
        found = {"swapped": [("N0001", 3), ("N0002", 2)], "missing": [("N0001", 3)]}.get(forgery, [("N0001", 2)])
        assert broken_chains(conn) == found


def test_25_000_events_are_checked_at_once(spatialite_url: str) -> None:
    engine = open_engine(spatialite_url)
    with write(engine) as conn:
        build(conn)
        ids = add_incidents(conn, [{"cell": "A"}] * 12_500, number="B")
        assert append_seconds(conn, ids) == 12_500
        assert broken_chains(conn) == []
    engine.dispose()


def append_seconds(conn: Any, ids: list[int]) -> int:
    """A second event for each incident, in bulk."""
    known = conn.execute(
        select(t.events.c.incident_id, t.incidents.c.number, t.events.c.hash)
        .join(t.incidents, t.incidents.c.id == t.events.c.incident_id)
        .order_by(t.events.c.incident_id)
    ).all()
    at = canonical_moment(NOW)
    return len(
        bulk_insert(conn, t.events, {
            "incident_id": ids, "seq": [2] * len(ids), "kind": ["closed"] * len(ids), "at": [NOW] * len(ids),
            "data": ["{}"] * len(ids), "prev_hash": [row.hash for row in known],
            "hash": [event_hash(row.hash, row.number, 2, "closed", at, None, "{}") for row in known],
        })
    )  # fmt: skip


def test_versions_count_by_layer(engine: Engine) -> None:
    with read(engine) as conn:
        assert versions(conn) == {}
    for layers in (("cells",), ("incidents", "cells", "cells"), ()):
        with write(engine) as conn:
            bump(conn, *layers)
    with pytest.raises(ZeroDivisionError), write(engine) as conn:
        bump(conn, f"undone {1 / 0}")
    with read(engine) as conn:
        assert versions(conn) == {"cells": 2, "incidents": 1}
