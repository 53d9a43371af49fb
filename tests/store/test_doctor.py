"""The doctor finds nothing in a healthy database, and each fault by its own name in a sick one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from gridmap.store import bulk_insert, open_engine, read, upgrade, write
from gridmap.store import tables as t
from gridmap.store.doctor import examine
from tests.store.county import NOW, TODAY, add_households, add_incidents, build, spot


@pytest.fixture
def healthy(engine: Engine) -> Engine:
    with write(engine) as conn:
        build(conn)
        add_households(conn, "ABCD")
        add_incidents(conn, [{"cell": "A"}, {"cell": "B", "closed_at": NOW}, {"cell": None}])
    return engine


def codes(engine: Engine) -> set[str]:
    with read(engine) as conn:
        return {finding.code for finding in examine(conn, TODAY)}


def test_a_healthy_database_has_nothing(healthy: Engine) -> None:
    with read(healthy) as conn:
        assert examine(conn, TODAY) == []


def test_a_fresh_one_only_lacks_cells(engine: Engine) -> None:
    with read(engine) as conn:
        findings = examine(conn, TODAY)
    assert [(finding.code, finding.severity) for finding in findings] == [("no_cells", "warning")]


def test_a_database_left_behind_is_told_to_migrate(tmp_path: object) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/old.sqlite")
    assert codes(engine) == {"not_migrated"}
    upgrade(engine, "0001")
    with read(engine) as conn:
        finding = examine(conn, TODAY)[0]
    assert (finding.code, finding.details["database"]) == ("not_migrated", "0001")
    engine.dispose()


def test_missing_rules_and_indexes_are_named(healthy: Engine) -> None:
    with write(healthy) as conn:
        conn.exec_driver_sql("DROP INDEX ix_incidents_received_at_id")
        if healthy.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER events_no_delete")
            conn.exec_driver_sql("UPDATE idx_cells_geom SET xmax = xmin + 0.001 WHERE pkid = 1")
        else:
            conn.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER events_fixed")
            conn.exec_driver_sql("ALTER TABLE cells DROP CONSTRAINT ex_cells_code_days")
            conn.exec_driver_sql("DROP INDEX idx_cells_geom")
    with read(healthy) as conn:
        found = {finding.code: finding for finding in examine(conn, TODAY)}
    assert set(found) == {"schema", "rules_missing", "spatial_index"}
    assert "ix_incidents_received_at_id" in found["schema"].message
    missing = {"events_no_delete"} if healthy.dialect.name == "sqlite" else {"events_fixed", "ex_cells_code_days"}
    assert set(found["rules_missing"].details["rules"]) == missing
    assert found["spatial_index"].details == {"table": "cells"}


def test_a_forged_event_is_found(healthy: Engine) -> None:
    with write(healthy) as conn:
        if healthy.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER events_no_update")
        else:
            conn.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER events_fixed")
        conn.exec_driver_sql("UPDATE events SET kind = 'forged' WHERE incident_id = 2")
    with read(healthy) as conn:
        broken = [finding for finding in examine(conn, TODAY) if finding.code == "chain_broken"]
    assert [finding.details["number"] for finding in broken] == ["N0001"]


def test_places_that_do_not_hold_are_found(healthy: Engine) -> None:
    with write(healthy) as conn:
        conn.execute(update(t.incidents).where(t.incidents.c.id == 3).values(place_reason="inside"))
        conn.execute(update(t.responsibilities).where(t.responsibilities.c.incident_id == 1).values(valid_to=NOW))
        conn.execute(update(t.households).where(t.households.c.id == 4).values(cell_id=5))  # a past drawing's cell
        bulk_insert(conn, t.incidents, {
            "number": ["no events"], "category_id": [1], "channel": ["worker"], "status": ["closed"],
            "closed_at": [NOW], "received_at": [NOW], "due_at": [NOW + timedelta(1)],
            "place_reason": ["outside"], "crs_in": ["wgs84"],
            "x_in": [1.0], "y_in": [1.0], "geom": [spot("A")],
        })  # fmt: skip
    with read(healthy) as conn:
        findings = examine(conn, TODAY)
    assert {finding.code: finding.severity for finding in findings} == {
        "place_torn": "error", "nobody_responsible": "error", "no_events": "error", "household_unplaced": "warning",
    }  # fmt: skip
    assert findings[-1].severity == "warning"
    assert findings[-1].details == {"count": 1, "code": ["H003"]}


def test_cells_that_are_no_coverage_are_found(healthy: Engine) -> None:
    with write(healthy) as conn:
        conn.execute(update(t.cells).where(t.cells.c.code == "C").values(valid_to=TODAY))
    with read(healthy) as conn:
        found = {finding.code: finding for finding in examine(conn, TODAY)}
    assert set(found) == {"coverage", "household_unplaced"}
    assert len(found["coverage"].details["holes"]) == 1
    with read(healthy) as conn:
        assert examine(conn, TODAY - timedelta(days=1)) == []


def test_rows_without_their_parents_are_found(spatialite_url: str) -> None:
    engine = open_engine(spatialite_url)
    with write(engine) as conn:
        build(conn)
        add_households(conn, "AB")
    with engine.connect() as conn:  # as another program does that opens the file without foreign keys
        driver = conn.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("UPDATE households SET cell_id = 999 WHERE id = 2")
        driver.execute("PRAGMA foreign_keys=ON")
    with read(engine) as conn:
        found = {finding.code: finding for finding in examine(conn, TODAY)}
    assert set(found) == {"references", "household_unplaced"}
    assert found["references"].details["rows"] == [{"table": "households", "id": 2, "refers_to": "cells"}]
    engine.dispose()
