"""The schema: migrated and declared agree, a filled database is upgraded, two starts at once take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select, update

from gridmap.errors import InvalidInput
from gridmap.store import frame, head, open_engine, read, revision, upgrade, write
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.store.migrate import differences
from tests.store.county import NOW, add_households, add_incidents, build, light_columns


@pytest.fixture(params=["spatialite", "postgis"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database that was never migrated."""
    if request.param == "spatialite":
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    else:
        make: Callable[[str | None], str] = request.getfixturevalue("empty_postgis")
        url = make(None)
    engine = open_engine(url)
    yield engine
    engine.dispose()


def test_the_migrated_database_is_what_the_tables_say(engine: Engine) -> None:
    assert revision(engine) == head()
    with read(engine) as conn:
        assert differences(conn) == []
        # the comparison sees something: with a column more in the database it would not be empty
        columns = {column["name"] for column in inspect(conn).get_columns("incidents")}
    assert columns == {column.name for column in t.incidents.columns}


def test_a_changed_schema_is_seen(engine: Engine) -> None:
    with write(engine) as conn:
        conn.exec_driver_sql("ALTER TABLE workers ADD COLUMN nickname TEXT")
        conn.exec_driver_sql("DROP INDEX ix_incidents_open_overdue")
    with read(engine) as conn:
        kinds = {change[0] for change in differences(conn)}
    assert kinds == {"remove_column", "add_index"}


def rows_of(conn: Connection, known: dict[str, list[str]]) -> dict[str, pd.DataFrame]:
    """The named columns of the named tables, as text; in order, for an UPDATE moves rows on PostgreSQL."""
    tables = t.metadata.tables
    return {
        name: frame(conn, select(*(tables[name].c[column] for column in columns)))
        .map(str)
        .sort_values(columns[0], ignore_index=True)
        for name, columns in known.items()
    }


def test_a_filled_database_is_upgraded_and_loses_nothing(empty: Engine) -> None:
    assert revision(empty) is None
    upgrade(empty, "0001")
    assert revision(empty) == "0001"
    with write(empty) as conn:
        build(conn)
        add_households(conn, "AABCD")
        closed = {"cell": "B", "closed_at": NOW}
        add_incidents(conn, [{"cell": "A"}, {"cell": "D"}, {"cell": None}, closed], lights=False)
        there = inspect(conn)
        known = {
            name: [column["name"] for column in there.get_columns(name)]
            for name in t.metadata.tables
            if there.has_table(name)
        }
    with read(empty) as conn:
        before = rows_of(conn, known)
        assert any(change[0] == "add_index" for change in differences(conn))
    upgrade(empty)
    upgrade(empty)  # a second time changes nothing
    assert revision(empty) == head() != "0001"
    with read(empty) as conn:
        assert differences(conn) == []
        for name, rows in rows_of(conn, known).items():
            assert rows.equals(before[name]), name
        assert broken_chains(conn) == []


def test_old_cases_keep_the_lights_they_were_promised(empty: Engine) -> None:
    upgrade(empty, "0002")
    given = [{"hours": 12.0}, {"hours": 72.0}, {"hours": 12.0, "closed_at": NOW}]
    with write(empty) as conn:
        build(conn)
        ids = add_incidents(conn, given, lights=False)
    upgrade(empty)
    i = t.incidents.c
    names = ("yellow_at", "overdue_at", "red_at", "very_late_at")
    with read(empty) as conn:
        rows = conn.execute(select(t.incidents).order_by(i.id)).mappings().all()
    wanted = light_columns([row["received_at"] for row in rows], [12.0, 72.0, 12.0], [None, None, NOW])
    assert {name: [row[name] for row in rows] for name in names} == {name: wanted[name] for name in names}
    assert [(row["process"], row["process_version"], row["level"]) for row in rows] == [("dispute", 1, "community")] * 3
    assert len(ids) == 3


def test_the_wider_checks_hold_on_both_databases(empty: Engine) -> None:
    """What 0003 lets in goes in, and nothing else: also where SQLite's schema was changed as text."""
    upgrade(empty)
    change = update(t.incidents).where(t.incidents.c.id == 1)
    held = {"incident_id": 2, "valid_from": NOW, "valid_to": NOW}
    with write(empty) as conn:
        build(conn)
        add_incidents(conn, [{}, {}])
        conn.execute(change.values(status="handling"))
        conn.execute(change.values(status="merged", closed_at=NOW))
        conn.execute(insert(t.responsibilities).values(**held, reason="dispatched"))
    refused = [
        (change.values(status="lost", closed_at=None), "ck_incidents_status_known"),
        (change.values(status="voided", closed_at=None), "ck_incidents_closed_has_moment"),
        (change.values(status="paused"), "ck_incidents_closed_has_moment"),
        (insert(t.responsibilities).values(**held, reason="whim"), "ck_responsibilities_reason_known"),
    ]
    for statement, rule in refused:
        with pytest.raises(InvalidInput) as caught, write(empty) as conn:
            conn.execute(statement)
        assert caught.value.details["constraint"] == rule
    with read(empty) as conn:
        if conn.dialect.name == "sqlite":
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_failing_step_leaves_the_schema_as_it_was(empty: Engine) -> None:
    upgrade(empty, "0001")
    with write(empty) as conn:  # what 0002 wants to make is in its way
        conn.exec_driver_sql("CREATE INDEX ix_incidents_open_due ON incidents (status)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(empty)
    assert revision(empty) == "0001"


def test_two_processes_that_start_at_once_take_turns(empty: Engine) -> None:
    engines = [open_engine(empty.url.render_as_string(hide_password=False)) for _ in range(3)]
    failures: list[BaseException] = []

    def start(engine: Engine) -> None:
        try:
            upgrade(engine)
        except BaseException as exc:
            failures.append(exc)

    # engines of their own, as processes have
    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert failures == []
    assert revision(empty) == head()
    with read(empty) as conn:
        assert differences(conn) == []
