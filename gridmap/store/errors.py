"""One function turns database errors into domain errors, so that no other code knows a driver's classes or codes.

The database is the judge of what may be stored; nothing checks first and inserts later. A trigger says why it refuses
in its own message, `gridmap:<code>: <words>`, the same on both databases; constraints are told by their names.
"""

from __future__ import annotations

import re

import psycopg
import sqlean
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gridmap.errors import Conflict, EnvironmentFault, GridmapError, InvalidInput

#: what a database call may raise: through SQLAlchemy (StatementError: a value refused before it is sent), waiting for
#: a connection, from a driver used directly (COPY), and for values that no driver can send (10**30, half a surrogate)
DATABASE_ERRORS = (StatementError, PoolTimeout, psycopg.Error, sqlean.Error, OverflowError, UnicodeEncodeError)

#: codes that our triggers raise, and the kind of error each becomes; the words come with the message
_TRIGGERS: dict[str, type[GridmapError]] = {
    "history_is_fixed": Conflict,
    "event_out_of_order": Conflict,
    "code_in_use": Conflict,
    "drawing_in_force": Conflict,
    "geometry_type": InvalidInput,
}
_TRIGGER = re.compile(r"gridmap:(\w+): ([^\n]+)")
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index '(\w+)'|(.+))")
_SQLITE_NULL = re.compile(r"NOT NULL constraint failed: (\w+)\.(\w+)")
_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")
#: SpatiaLite's own triggers on a geometry column
_SPATIALITE = re.compile(r"(\w+)\.(\w+) violates Geometry constraint \[(.+)\]")


def translate(exc: Exception) -> GridmapError:
    """The domain error that a database error means; unknown ones become an EnvironmentFault with code `database`.

    Never holds a row's values: they may be personal. `details` names table, columns or constraint where known.
    """
    if isinstance(exc, PoolTimeout):
        return EnvironmentFault("the database is busy: no free connection; try again", code="busy")
    origin = exc.orig if isinstance(exc, StatementError) else exc
    if isinstance(origin, ValueError | TypeError | OverflowError):
        return InvalidInput(
            "a value cannot be stored: a number too large, a moment without a time zone, or a broken character",
            code="bad_value",
            reason=type(origin).__name__,
        )
    ours = _TRIGGER.search(str(origin))
    if ours and ours[1] in _TRIGGERS:
        return _TRIGGERS[ours[1]](ours[2], code=ours[1])
    if isinstance(origin, psycopg.Error):
        return _from_postgres(origin, lost=isinstance(exc, DBAPIError) and exc.connection_invalidated)
    return _from_sqlite(str(origin))


def _unique(table: str | None, columns: list[str], constraint: str | None = None) -> Conflict:
    return Conflict(
        f"{table or 'the table'} already has a row with this {' and '.join(columns) or 'key'}",
        code="exists",
        table=table,
        columns=columns,
        **({"constraint": constraint} if constraint else {}),
    )


def _missing_reference(table: str | None, constraint: str | None) -> Conflict:
    where = f"in {table} " if table else ""
    return Conflict(
        f"a row {where}refers to something that does not exist, or something still refers to it",
        code="reference",
        table=table,
        constraint=constraint,
    )


def _check(name: str) -> InvalidInput:
    return InvalidInput(
        f"the database refuses the row: the rule {name} does not hold", code="rule_broken", constraint=name
    )


def _null(table: str | None, column: str | None) -> InvalidInput:
    return InvalidInput(f"{table}.{column} must be given", code="missing", table=table, columns=[column])


# --- PostGIS --------------------------------------------------------------------------------------------------------


def _from_postgres(exc: psycopg.Error, *, lost: bool) -> GridmapError:
    diag = exc.diag
    match exc:
        case pg.UniqueViolation() | pg.ExclusionViolation():
            columns = re.search(r"Key \((.+?)\)=", diag.message_detail or "")
            names = columns[1].split(", ") if columns else []
            if diag.table_name == "drawings" and isinstance(exc, pg.ExclusionViolation):
                return Conflict("another drawing is in force on one of these days", code="drawing_in_force")
            if isinstance(exc, pg.ExclusionViolation):
                return Conflict("another cell has this code on one of these days", code="code_in_use")
            return _unique(diag.table_name, names, diag.constraint_name)
        case pg.ForeignKeyViolation():
            return _missing_reference(diag.table_name, diag.constraint_name)
        case pg.CheckViolation():
            return _check(diag.constraint_name or "?")
        case pg.NotNullViolation():
            return _null(diag.table_name, diag.column_name)
        case pg.InsufficientPrivilege():
            return EnvironmentFault(f"the database role may not do this: {diag.message_primary}", code="privilege")
        case pg.QueryCanceled():
            return EnvironmentFault("the query took too long and was stopped; ask for less", code="timeout")
        case pg.DeadlockDetected() | pg.SerializationFailure() | pg.LockNotAvailable():
            return EnvironmentFault("the database is busy; try again", code="busy")
        case pg.DiskFull():
            return EnvironmentFault("the database's disk is full", code="disk_full")
        case pg.ReadOnlySqlTransaction():
            return EnvironmentFault("a read-only transaction cannot write", code="read_only")
        case psycopg.DataError() | pg.InternalError_():
            # PostGIS tells a wrong SRID or geometry type as a data error, with the types and no value
            # the driver's own words, without a diagnosis, are about NUL characters and hold no value either
            words = diag.message_primary or str(exc)
            return InvalidInput(f"the database refuses a value: {words}", code="bad_value")
        case _ if lost or isinstance(exc, psycopg.OperationalError):
            return EnvironmentFault(
                "the PostgreSQL server cannot be reached or went away; start it, or check GRIDMAP_DATABASE_URL",
                code="database_down",
            )
        case _:
            words = diag.message_primary or type(exc).__name__
            return EnvironmentFault(f"the database failed: {words}", code="database")


# --- SpatiaLite -----------------------------------------------------------------------------------------------------


def _from_sqlite(message: str) -> GridmapError:
    if found := _SQLITE_UNIQUE.search(message):
        pairs = [part.strip().partition(".") for part in (found[2] or "").split(",") if part]
        return _unique(pairs[0][0] if pairs else None, [column for _, _, column in pairs], found[1])
    if found := _SQLITE_NULL.search(message):
        return _null(found[1], found[2])
    if found := _SQLITE_CHECK.search(message):
        return _check(found[1])
    if "FOREIGN KEY constraint failed" in message:
        return _missing_reference(None, None)
    if found := _SPATIALITE.search(message):
        return InvalidInput(
            f"the database refuses a value: {found[1]}.{found[2]} violates {found[3]}", code="bad_value"
        )
    return _sqlite_fault(message)


def _sqlite_fault(message: str) -> EnvironmentFault:
    faults = (
        ("locked", "busy", "the database file is locked by another process; try again"),
        ("disk is full", "disk_full", "the disk with the database file is full"),
        ("readonly", "read_only", "the database cannot be written here (read-only file or read-only transaction)"),
        ("unable to open", "database_down", "the database file cannot be opened; check GRIDMAP_DATABASE_URL"),
        ("malformed", "database_damaged", "the database file is damaged; restore a backup"),
        ("not a database", "database_damaged", "the file is not a SQLite database"),
        ("disk I/O", "disk", "the disk with the database file failed"),
        ("interrupted", "timeout", "the query was stopped"),
    )
    for mark, code, words in faults:
        if mark in message:
            return EnvironmentFault(words, code=code)
    return EnvironmentFault(f"the database failed: {message.partition(chr(10))[0] or 'unknown'}", code="database")
