"""What the database itself refuses, on both databases, and the words it is refused with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine, delete, insert, select, text, update

from gridmap.case.events import GENESIS, canonical_moment, event_hash
from gridmap.errors import Conflict, EnvironmentFault, GridmapError, InvalidInput
from gridmap.store import bulk_insert, open_engine, read, write
from gridmap.store import tables as t
from gridmap.store.chain import append_event, broken_chains
from gridmap.store.engine import is_sqlite
from gridmap.store.roles import grant_serving_role
from tests.store.county import NOW, OPENED, add_households, add_incidents, build, place_columns, spot

SQUARE = shapely.multipolygons([shapely.box(106.5, 27.0, 106.6, 27.1)])


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write(engine) as conn:
        build(conn)
        add_households(conn, "AB")
        add_incidents(conn, [{"cell": "A"}, {"cell": "B", "closed_at": NOW}])
    return engine


def refused(engine: Engine, statement: Any) -> GridmapError:
    """The error of one statement in a transaction of its own."""
    with pytest.raises(GridmapError) as caught, write(engine) as conn:
        conn.execute(statement)
    return caught.value


def cell(code: str, valid_from: date, valid_to: date | None = None) -> dict[str, list[Any]]:
    return {
        "code": [code], "name": ["x"], "area_id": [3], "area_m2": [1.0], "geom": [SQUARE],
        "valid_from": [valid_from], "valid_to": [valid_to],
    }  # fmt: skip


# --- codes of cells -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        (date(2026, 1, 1), None),
        (date(2020, 1, 1), None),
        (date(2020, 1, 1), OPENED + timedelta(days=1)),
        (OPENED, date(2030, 1, 1)),
    ],
)
def test_two_cells_cannot_have_one_code_on_one_day(filled: Engine, valid_from: date, valid_to: date | None) -> None:
    with pytest.raises(Conflict) as caught, write(filled) as conn:
        bulk_insert(conn, t.cells, cell("A", valid_from, valid_to))
    assert caught.value.code in {"code_in_use", "exists"}


def test_a_code_can_pass_to_a_later_or_an_earlier_cell(filled: Engine) -> None:
    with write(filled) as conn:
        bulk_insert(conn, t.cells, cell("A", date(2020, 1, 1), OPENED))  # valid_to is the first day no longer valid
        conn.execute(update(t.cells).where(t.cells.c.code == "B").values(valid_to=date(2026, 8, 1)))
        bulk_insert(conn, t.cells, cell("B", date(2026, 8, 1)))
    with read(filled) as conn:
        assert len(conn.execute(select(t.cells.c.id).where(t.cells.c.code.in_(["A", "B"]))).all()) == 4


def test_a_code_cannot_be_taken_by_an_update(filled: Engine) -> None:
    error = refused(filled, update(t.cells).where(t.cells.c.code == "B").values(code="A"))
    assert (type(error), error.code) == (Conflict, "code_in_use") or error.code == "exists"
    with write(filled) as conn:  # D's earlier drawing may not be stretched over D's own days once it bears its code
        conn.execute(update(t.cells).where(t.cells.c.code == "E").values(code="D"))
    longer = update(t.cells).where(t.cells.c.valid_to == date(2025, 1, 1)).values(valid_to=date(2025, 1, 2))
    assert refused(filled, longer).code == "code_in_use"


# --- geometry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        shapely.LineString([(106.5, 27.0), (106.6, 27.1)]),
        shapely.MultiPoint([(106.5, 27.0), (106.6, 27.1)]),
        shapely.GeometryCollection([shapely.Point(106.5, 27.0)]),
        shapely.Point(106.5, 27.0, 1200.0),
        None,
    ],
)
def test_an_enterprise_is_a_point_or_polygons(filled: Engine, shape: Any) -> None:
    row = {"code": ["Q"], "name": ["x"], "kind": ["quarry"], "crs_in": ["wgs84"], "x_in": [1.0], "y_in": [1.0]}
    with pytest.raises(InvalidInput), write(filled) as conn:
        bulk_insert(conn, t.enterprises, {**row, "geom": [shape]})
    with write(filled) as conn:
        for number, good in enumerate((shapely.Point(106.5, 27.0), shapely.box(106.5, 27.0, 106.6, 27.1), SQUARE)):
            bulk_insert(conn, t.enterprises, {**row, "code": [f"Q{number}"], "geom": [good]})


def test_water_is_lines_or_polygons(filled: Engine) -> None:
    river = shapely.multilinestrings([[(106.5, 27.0), (106.6, 27.1)]])
    with write(filled) as conn:
        bulk_insert(conn, t.water, {"code": ["r", "l"], "class": ["river", "lake"], "geom": [river, SQUARE]})
    with pytest.raises(InvalidInput), write(filled) as conn:
        bulk_insert(conn, t.water, {"code": ["p"], "class": ["lake"], "geom": [shapely.Point(106.5, 27.0)]})


def test_another_reference_system_is_refused(filled: Engine) -> None:
    other = (
        "SetSRID(MakePoint(500000, 3000000), 4490)"
        if filled.dialect.name == "sqlite"
        else ("ST_SetSRID(ST_MakePoint(500000, 3000000), 4490)")
    )
    error = refused(filled, text(f"UPDATE households SET geom = {other} WHERE id = 1"))
    assert (type(error), error.code) == (InvalidInput, "bad_value")


# --- keys and checks ------------------------------------------------------------------------------------------------


def test_a_doubled_code_names_table_and_column(filled: Engine) -> None:
    error = refused(filled, update(t.households).where(t.households.c.code == "H001").values(code="H000"))
    assert isinstance(error, Conflict)
    assert (error.code, error.details["table"], error.details["columns"]) == ("exists", "households", ["code"])


def test_two_responsibilities_cannot_be_in_force(filled: Engine) -> None:
    again = insert(t.responsibilities).values(incident_id=1, reason="primary", valid_from=NOW)
    assert refused(filled, again).code == "exists"


def test_a_reference_to_nothing_is_refused(filled: Engine) -> None:
    error = refused(filled, update(t.households).where(t.households.c.id == 1).values(cell_id=9999))
    assert (type(error), error.code) == (Conflict, "reference")
    assert refused(filled, delete(t.cells).where(t.cells.c.code == "A")).code == "reference"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (update(t.households).values(housing="tent"), "ck_households_housing_known"),
        (update(t.categories).values(limit_hours=0), "ck_categories_limit_positive"),
        (update(t.cells).values(valid_to=date(2000, 1, 1)), "ck_cells_days_in_order"),
        (update(t.incidents).where(t.incidents.c.id == 1).values(status="closed"), "ck_incidents_closed_has_moment"),
        (update(t.duties).values(weekdays=128), "ck_duties_weekdays_mask"),
        (update(t.duties).values(starts_min=8 * 60), "ck_duties_hours_both"),
        (update(t.areas).where(t.areas.c.id == 3).values(level="county"), "ck_areas_only_county_is_root"),
    ],
)
def test_a_broken_rule_is_named(filled: Engine, statement: Any, rule: str) -> None:
    error = refused(filled, statement)
    assert (type(error), error.details["constraint"]) == (InvalidInput, rule)


def test_a_missing_value_is_named(filled: Engine) -> None:
    error = refused(filled, update(t.households).where(t.households.c.id == 1).values(address=None))
    assert isinstance(error, InvalidInput)
    assert (error.details["table"], error.details["columns"]) == ("households", ["address"])


def test_errors_hold_no_values(filled: Engine) -> None:
    private = "王小明 13800000000"
    error = refused(filled, update(t.households).values(housing=private))
    assert private not in error.message + str(error.details)


def test_values_that_no_column_holds_are_the_senders_fault(filled: Engine) -> None:
    code = t.households.c.code
    for value in (10**30, -(10**30)):
        with pytest.raises(InvalidInput), read(filled) as conn:
            conn.execute(select(code).where(t.households.c.id == value))
        assert isinstance(refused(filled, update(t.households).values(children=value)), InvalidInput)
    assert isinstance(refused(filled, update(t.households).values(address="half a \ud800")), InvalidInput)
    with pytest.raises(InvalidInput), write(filled) as conn:
        bulk_insert(conn, t.places, {"code": ["\udfff"], "name": ["x"], "class": ["town"], "geom": [spot("A")]})
    if filled.dialect.name == "postgresql":
        error = refused(filled, update(t.households).values(address="NUL \x00"))
        assert (type(error), "NUL" in error.message) == (InvalidInput, True)


# --- history --------------------------------------------------------------------------------------------------------

HISTORY = [
    update(t.events).where(t.events.c.id == 1).values(data="{}"),
    update(t.events).values(hash="0" * 64),
    delete(t.events).where(t.events.c.id == 1),
    delete(t.events),
    update(t.incidents).where(t.incidents.c.id == 1).values(number="other"),
    update(t.incidents).where(t.incidents.c.id == 1).values(received_at=NOW + timedelta(days=1)),
    update(t.incidents).where(t.incidents.c.id == 1).values(cell_id=2),
    update(t.incidents).where(t.incidents.c.id == 1).values(cell_id=None),
    delete(t.incidents).where(t.incidents.c.id == 1),
    update(t.responsibilities).where(t.responsibilities.c.id == 1).values(worker_id=2),
    update(t.responsibilities).where(t.responsibilities.c.id == 1).values(reason="backup", valid_to=NOW),
    delete(t.responsibilities).where(t.responsibilities.c.id == 1),
]


def test_history_is_fixed(filled: Engine) -> None:
    for statement in HISTORY:
        error = refused(filled, statement)
        assert (type(error), error.code) == (Conflict, "history_is_fixed"), statement
    with read(filled) as conn:
        assert broken_chains(conn) == []


def test_the_audit_and_the_read_log_are_fixed(filled: Engine) -> None:
    account = {
        "id": 1, "username": "a", "name": "a", "password_hash": "x", "role": "admin", "created_at": NOW,
    }  # fmt: skip
    with write(filled) as conn:
        conn.execute(insert(t.accounts).values(account))
        conn.execute(insert(t.audit).values(at=NOW, action="x", ref="y", data="{}"))
        conn.execute(insert(t.readings).values(at=NOW, account_id=1, route="r", kind="incident", ids="[1]"))
    for statement in (update(t.audit).values(ref="z"), delete(t.audit), update(t.readings).values(ids="[]")):
        assert refused(filled, statement).code == "history_is_fixed"
    with write(filled) as conn:  # the read log expires
        assert conn.execute(delete(t.readings).where(t.readings.c.at < NOW + timedelta(days=1))).rowcount == 1


def test_a_place_may_be_corrected_with_its_cell(filled: Engine) -> None:
    with write(filled) as conn:
        moved = {"geom": f"SRID=4326;{spot('B').wkt}", "cell_id": 2}
        conn.execute(update(t.incidents).where(t.incidents.c.id == 1).values(**moved))
        conn.execute(update(t.responsibilities).where(t.responsibilities.c.id == 1).values(valid_to=NOW))
    error = refused(filled, update(t.responsibilities).where(t.responsibilities.c.id == 1).values(valid_to=None))
    assert error.code == "history_is_fixed"


def test_replacing_is_no_way_round_on_sqlite(spatialite_url: str) -> None:
    engine = open_engine(spatialite_url)
    with write(engine) as conn:
        build(conn)
        add_incidents(conn, [{"cell": "A"}, {"cell": "B", "closed_at": NOW}])
    for statement in (
        "INSERT OR REPLACE INTO events SELECT id, incident_id, seq, kind, at, account_id, '{}', prev_hash, hash "
        "FROM events WHERE id = 1",
        "INSERT OR REPLACE INTO incidents SELECT * FROM incidents WHERE id = 1",
        "UPDATE OR REPLACE events SET incident_id = 2 WHERE id = 1",
    ):
        assert refused(engine, text(statement)).code in {"history_is_fixed", "event_out_of_order"}
    with write(engine) as conn:  # also without the pragma, by the trigger's own look
        conn.exec_driver_sql("PRAGMA recursive_triggers=OFF")
    first = "SELECT 1, 1, 2, kind, at, account_id, '{}', hash, 'f' FROM events WHERE id = 1"
    assert refused(engine, text(f"INSERT OR REPLACE INTO events {first}")).code == "history_is_fixed"
    engine.dispose()


@pytest.mark.parametrize("table", ["events", "audit", "incidents", "readings", "responsibilities"])
def test_truncate_is_refused(postgis_url: str, table: str) -> None:
    engine = open_engine(postgis_url)
    assert refused(engine, text(f"TRUNCATE {table} CASCADE")).code == "history_is_fixed"
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [{"seq": 1}, {"seq": 3}, {"seq": 0}, {"prev_hash": GENESIS}, {"prev_hash": "f" * 64}, {"incident_id": 2}],
    ids=str,
)
def test_an_event_must_continue_its_sequence(filled: Engine, change: dict[str, Any]) -> None:
    with read(filled) as conn:
        before = conn.execute(select(t.events.c.hash).where(t.events.c.incident_id == 1)).scalar_one()
    digest = event_hash(before, "N0000", 2, "moved", canonical_moment(NOW), None, "{}")
    good = {"incident_id": 1, "seq": 2, "kind": "moved", "at": NOW, "data": "{}", "prev_hash": before, "hash": digest}
    error = refused(filled, insert(t.events).values({**good, **change}))
    assert (type(error), error.code) == (Conflict, "event_out_of_order")
    with write(filled) as conn:
        conn.execute(insert(t.events).values(good))
        assert append_event(conn, 1, "closed", NOW, None, {}) == 3
        assert broken_chains(conn) == []


# --- the serving role -----------------------------------------------------------------------------------------------


def test_the_serving_role_works_but_cannot_touch_history(postgis_url: str) -> None:
    owner = open_engine(postgis_url)
    with write(owner) as conn:
        build(conn)
        add_incidents(conn, [{"cell": "A"}])
        name = "gridmap_app_" + conn.execute(text("SELECT current_database()")).scalar_one()
        conn.execute(text(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'only-for-this-test'"))
    try:
        grant_serving_role(owner, name)
        served = open_engine(
            owner.url.set(username=name, password="only-for-this-test").render_as_string(hide_password=False)
        )
        with write(served) as conn:
            add_households(conn, "AB")
            append_event(conn, 1, "moved", NOW, None, {})
            conn.execute(update(t.incidents).values(place_reason="border"))
        for statement in (
            "ALTER TABLE events DISABLE TRIGGER events_fixed", "TRUNCATE events", "DELETE FROM events",
            "UPDATE audit SET ref = 'x'", "DROP TABLE audit", "DELETE FROM incidents",
            "ALTER TABLE incidents OWNER TO CURRENT_USER",
        ):  # fmt: skip
            error = refused(served, text(statement))
            assert (type(error), error.code) == (EnvironmentFault, "privilege"), statement
        served.dispose()
    finally:
        with write(owner) as conn:
            conn.execute(text(f'DROP OWNED BY "{name}"'))
            conn.execute(text(f'DROP ROLE "{name}"'))
        owner.dispose()


def test_spatialite_has_no_roles(spatialite_url: str) -> None:
    engine = open_engine(spatialite_url)
    with pytest.raises(InvalidInput, match="operating system"):
        grant_serving_role(engine, "x")
    with read(engine) as conn:
        assert is_sqlite(conn)
    engine.dispose()


def test_ids_are_never_given_twice(filled: Engine) -> None:
    with write(filled) as conn:
        last = add_households_again(conn, "H-last")
        conn.execute(delete(t.households).where(t.households.c.id == last))
        assert add_households_again(conn, "H-new") > last


def add_households_again(conn: Any, code: str) -> int:
    columns = {"code": [code], "address": ["x"], **place_columns([spot("A")])}
    return int(bulk_insert(conn, t.households, columns)[0])
