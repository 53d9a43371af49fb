"""The schema: migrated and declared agree, a filled database is upgraded, two starts at once take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select

from gridmap.store import frame, head, open_engine, read, revision, upgrade, write
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.store.migrate import differences
from tests.store.county import add_households, add_incidents, build


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
        conn.exec_driver_sql("DROP INDEX ix_incidents_open_due")
    with read(engine) as conn:
        kinds = {change[0] for change in differences(conn)}
    assert kinds == {"remove_column", "add_index"}


def test_a_filled_database_is_upgraded_and_loses_nothing(empty: Engine) -> None:
    assert revision(empty) is None
    upgrade(empty, "0001")
    assert revision(empty) == "0001"
    with write(empty) as conn:
        build(conn)
        add_households(conn, "AABCD")
        add_incidents(conn, [{"cell": "A"}, {"cell": "D"}, {"cell": None}])
    with read(empty) as conn:
        tables = inspect(conn)
        held = {  # of today's tables and columns, those that the old schema had
            name: [table.c[column["name"]] for column in tables.get_columns(name)]
            for name, table in t.metadata.tables.items()
            if tables.has_table(name)
        }
        before = {name: frame(conn, select(*columns)).map(str) for name, columns in held.items()}
        assert any(change[0] == "add_index" for change in differences(conn))
    upgrade(empty)
    upgrade(empty)  # a second time changes nothing
    assert revision(empty) == head() != "0001"
    with read(empty) as conn:
        assert differences(conn) == []
        for name, columns in held.items():
            assert frame(conn, select(*columns)).map(str).equals(before[name]), name
        assert broken_chains(conn) == []


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
