"""Examining a database: is it whole, is everything enforced, is its history unforged, is everything in its place?

Nothing is changed. On SpatiaLite whoever opens the file can drop triggers: there the hash chains are the proof.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, not_, or_, select

from gridmap import ground
from gridmap.errors import GridmapError
from gridmap.store import cases, migrate, scores
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.chain import broken_chains
from gridmap.store.engine import is_sqlite
from gridmap.store.scope import IN_FORCE, is_open, on_day
from gridmap.store.scores import Advance
from gridmap.store.spatial import is_geometry

#: cases that are all folded again; of more, so many drawn at random
ALL_BELOW, SAMPLE = 5_000, 2_000
#: findings of one kind are named one by one up to here; `details["count"]` tells the whole number
_NAMED = 20
#: what follows from the events alone, whenever it is reckoned
_COMPARED = frozenset(
    {
        "status", "closed_at", "level", "priority", "process", "process_version", "merged_into_id", "first_body_id",
        "extension_asked_at", "supervised_at", "due_at", "yellow_at", "red_at", "very_late_at", "paused_until", "step",
    }
)  # fmt: skip
_RULES = Path(__file__).parent / "migrations" / "sql"
_TRIGGER = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: a stable code, whether it is an error, what to do, and ids or names."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    details: dict[str, Any] = field(default_factory=dict)


#: what comes of folding events that were tampered with
_SENSELESS = (GridmapError, KeyError, TypeError, ValueError)


def chosen(conn: Connection, sample: int | None, rng: np.random.Generator) -> tuple[Sequence[int], int]:
    """The ids of the cases to fold again, in order, and how many there are in all. `sample`: so many;
    0: all; None: all where there are fewer than `ALL_BELOW`, else `SAMPLE`.
    """
    ids = conn.execute(select(t.incidents.c.id).order_by(t.incidents.c.id)).scalars().all()
    if sample is None:
        sample = 0 if len(ids) < ALL_BELOW else SAMPLE
    if not 0 < sample < len(ids):
        return ids, len(ids)
    return sorted(rng.choice(ids, sample, replace=False).tolist()), len(ids)


def remembered(
    conn: Connection, zone: ZoneInfo, now: datetime, among: Sequence[int] | None = None, advance: Advance | None = None
) -> list[Finding]:
    """Cases `among` these ids (None: all) whose columns differ from what their events come to: each is folded again,
    about 1,000 in a second. `advance(done, total)` is called as it goes.
    """
    every = select(t.incidents.c.id).order_by(t.incidents.c.id)
    ids = conn.execute(every).scalars().all() if among is None else among
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), scores.CHUNK):
        if advance is not None:
            advance(start, len(ids))
        some = select(t.incidents).where(t.incidents.c.id.in_(ids[start : start + scores.CHUNK]))
        rows = conn.execute(some.order_by(t.incidents.c.id)).all()
        told = ({"number": row.number, "columns": _differs(conn, row, zone, now)} for row in rows)
        found += [one for one in told if one["columns"]]
    if not found:
        return []
    words = f"{len(found)} cases differ from their events, such as {found[0]['number']} in {found[0]['columns']}"
    return [Finding("not_remembered", "error", words, {"count": len(found), "cases": found[:_NAMED]})]


def _differs(conn: Connection, row: Any, zone: ZoneInfo, now: datetime) -> list[str]:
    """The columns of a case that its events contradict."""
    try:
        wanted = cases.columns(cases.load(conn, row.id, zone), now)
    except _SENSELESS:
        return ["cannot be told from its events"]
    look = wanted.pop("look_at")
    other = [name for name, value in wanted.items() if getattr(row, name) != value and name in _COMPARED]
    if look is not None and (row.look_at is None or row.look_at > max(look, now)):
        other.append("look_at")
    return sorted(other)


def counted(
    conn: Connection, zone: ZoneInfo, among: Sequence[int] | None = None, advance: Advance | None = None
) -> list[Finding]:
    """Scorecards that differ from what the cases' events come to; cases `among` these ids (None: all), as slow as
    `remembered`, and every line of the sums.
    """
    try:
        lines, off = scores.torn(conn, zone), scores.drift(conn, among, advance)
    except _SENSELESS:
        return [Finding("not_counted", "error", "some events make no sense, so no scorecard can be counted again", {})]
    if not lines and not off:
        return []
    words = f"{len(off)} cases and {lines} sums of the scorecards differ from the events: run gridmap recount"
    return [Finding("not_counted", "error", words, {"count": len(off), "lines": lines, "incident_ids": off[:_NAMED]})]


def examine(conn: Connection, day: date) -> list[Finding]:
    """Every fault found, worst first; [] when all is well. `day`: whose cells must be a coverage.

    The hash chains of 25,000 events take about a second, the cells' coverage less.
    """
    if behind := _revision(conn):
        return behind
    found = [
        *_file(conn), *_schema(conn), *_rules(conn), *_spatial_indexes(conn), *_references(conn),
        *_chains(conn), *_placements(conn, day), *_coverage(conn, day),
    ]  # fmt: skip
    return sorted(found, key=lambda finding: finding.severity != "error")


def _revision(conn: Connection) -> list[Finding]:
    here, newest = migrate.current(conn), migrate.head()
    if here == newest:
        return []
    words = f"the database is at revision {here or 'none'}, the program at {newest}: run gridmap init to bring it up"
    return [Finding("not_migrated", "error", words, {"database": here, "program": newest})]


# --- is it whole, is everything enforced ----------------------------------------------------------------------------


def _file(conn: Connection) -> list[Finding]:
    if not is_sqlite(conn):
        return []
    faults = [line for line in conn.exec_driver_sql("PRAGMA quick_check").scalars() if line != "ok"]
    if not faults:
        return []
    return [Finding("damaged", "error", "the database file is damaged: restore a backup", {"faults": faults[:_NAMED]})]


def _schema(conn: Connection) -> list[Finding]:
    """Tables, columns and indexes that somebody changed by hand."""
    return [
        Finding("schema", "error", f"the schema differs from what the program expects: {change}")
        for change in map(_described, migrate.differences(conn))
    ]


def _described(change: Any) -> str:
    if isinstance(change, list):
        return "; ".join(map(_described, change))
    kind, *things = change
    return f"{kind} {', '.join(str(getattr(thing, 'name', None) or thing) for thing in things if thing is not None)}"


def _rules(conn: Connection) -> list[Finding]:
    """Triggers that are gone or switched off, and on PostGIS the exclusion of doubled codes."""
    dialect = conn.dialect.name
    written = "".join(path.read_text("utf-8") for path in sorted(_RULES.glob(f"*_{dialect}.sql")))
    wanted = set(_TRIGGER.findall(written))
    if is_sqlite(conn):
        present = set(conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars())
    else:
        present = set(conn.exec_driver_sql("SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'").scalars())
        wanted |= {"ex_cells_code_days"}
        present |= set(conn.exec_driver_sql("SELECT conname FROM pg_constraint WHERE contype = 'x'").scalars())
    missing = sorted(wanted - present)
    if not missing:
        return []
    words = f"rules that protect history are missing: {', '.join(missing)}; find out who removed them"
    return [Finding("rules_missing", "error", words, {"rules": missing})]


def _spatial_indexes(conn: Connection) -> list[Finding]:
    names = [name for name, table in t.metadata.tables.items() if any(is_geometry(c.type) for c in table.c)]
    if is_sqlite(conn):
        # not by CheckSpatialIndex: it complains on stderr when it may not write
        trees = set(conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE name LIKE 'idx%geom'").scalars())
        bad = [name for name in names if f"idx_{name}_geom" not in trees or not _tree_holds(conn, name)]
    else:
        present = set(conn.exec_driver_sql("SELECT indexname FROM pg_indexes").scalars())
        bad = [name for name in names if f"idx_{name}_geom" not in present]
    return [
        Finding("spatial_index", "error", f"the spatial index of {name} is missing or wrong", {"table": name})
        for name in bad
    ]


def _tree_holds(conn: Connection, table: str) -> bool:
    """Whether the R*Tree has exactly the table's rows, each box around its geometry."""
    wrong = f"""
        SELECT (SELECT count(*) FROM idx_{table}_geom) <> (SELECT count(*) FROM {table} WHERE geom IS NOT NULL)
        OR EXISTS (
            SELECT 1 FROM {table} AS t LEFT JOIN idx_{table}_geom AS i ON i.pkid = t.id
            WHERE t.geom IS NOT NULL AND (
                i.pkid IS NULL OR i.xmin > MbrMinX(t.geom) OR i.xmax < MbrMaxX(t.geom)
                OR i.ymin > MbrMinY(t.geom) OR i.ymax < MbrMaxY(t.geom)
            )
        )"""  # noqa: S608 (names from the metadata)
    return not conn.exec_driver_sql(wrong).scalar()


def _references(conn: Connection) -> list[Finding]:
    """On SQLite foreign keys hold only while they are switched on, and anyone can open the file without."""
    if not is_sqlite(conn):
        return []
    rows = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
    if not rows:
        return []
    named = [{"table": row[0], "id": row[1], "refers_to": row[2]} for row in rows[:_NAMED]]
    words = f"{len(rows)} rows refer to rows that do not exist"
    return [Finding("references", "error", words, {"count": len(rows), "rows": named})]


# --- history and places ---------------------------------------------------------------------------------------------


def _chains(conn: Connection) -> list[Finding]:
    broken = broken_chains(conn)
    found = [
        Finding(
            "chain_broken",
            "error",
            f"the events of incident {number} were changed: event {seq} does not follow from the one before it",
            {"number": number, "seq": seq, "count": len(broken)},
        )
        for number, seq in broken[:_NAMED]
    ]
    without = ~exists().where(t.events.c.incident_id == t.incidents.c.id)
    return found + _those(conn, t.incidents, without, "no_events", "error", "incidents have no events", "number")


def _placements(conn: Connection, day: date) -> list[Finding]:
    i, h = t.incidents, t.households
    valid = select(t.cells.c.id).where(on_day(t.cells, day))
    unheld = and_(is_open(), not_(exists().where(IN_FORCE)))
    torn = (i.c.place_reason == "outside") != i.c.cell_id.is_(None)
    lost = or_(h.c.cell_id.is_(None), h.c.cell_id.not_in(valid))
    return [
        *_those(conn, i, unheld, "nobody_responsible", "error", "open incidents have nobody responsible", "number"),
        *_those(conn, i, torn, "place_torn", "error", "incidents have a cell that their place contradicts", "number"),
        *_those(conn, h, lost, "household_unplaced", "warning", f"households lie in no cell valid on {day}", "code"),
    ]


def _those(
    conn: Connection,
    table: Table,
    which: ColumnElement[bool],
    code: str,
    severity: Literal["error", "warning"],
    words: str,
    name: str,
) -> list[Finding]:
    """One finding for all rows of a table that a condition picks out."""
    count = conn.execute(select(func.count()).select_from(table).where(which)).scalar_one()
    if not count:
        return []
    first = conn.execute(select(table.c[name]).where(which).order_by(table.c.id).limit(_NAMED)).scalars().all()
    return [Finding(code, severity, f"{count} {words}, such as {first[0]}", {"count": count, name: list(first)})]


def _coverage(conn: Connection, day: date) -> list[Finding]:
    columns = (t.cells.c.id, t.cells.c.code, t.cells.c.geom)
    cells: Any = frame(conn, select(*columns).where(on_day(t.cells, day)).order_by(t.cells.c.code))
    if cells.empty:
        return [Finding("no_cells", "warning", f"no cell is valid on {day}: import cells")]
    of_county = select(t.areas.c.geom).where(t.areas.c.level == "county", t.areas.c.geom.is_not(None))
    county: Any = frame(conn, of_county)
    within: gpd.GeoSeries | None = None if county.empty else county.geometry
    report = ground.check(cells, code="code", within=within)
    if report.ok:
        return []
    told = report.as_dict()
    counts = {key: len(value) for key, value in told.items() if isinstance(value, list) and value}
    words = ", ".join(f"{count} {key}" for key, count in counts.items())
    return [
        Finding(
            "coverage",
            "error",
            f"the cells valid on {day} are no coverage: {words}; gridmap check and repair on their file tell and mend",
            told,
        )
    ]
