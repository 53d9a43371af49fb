"""Opening a database, and the two ways to use it: `read` and `write`. What differs between SpatiaLite and PostGIS in
loading, pragmas and transactions is in this file alone; their errors are told in `gridmap.store.errors`.

SpatiaLite must be loaded after the wheels that carry their own GEOS and GDAL, else the process crashes later (measured
on Debian 12): hence the three imports below that nothing else here uses. `import geopandas` would not do, it loads
pyogrio lazily.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pyogrio  # noqa: F401  (before mod_spatialite, see above)
import pyproj  # noqa: F401  (before mod_spatialite, see above)
import shapely  # noqa: F401  (before mod_spatialite, see above)
import sqlean
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from gridmap.errors import EnvironmentFault
from gridmap.store.errors import DATABASE_ERRORS, translate
from gridmap.store.gone import ASKING, nobody_waits

#: how long one statement may take on PostGIS before the server ends it: in a read, and in a write (a big import)
READ_TIMEOUT_S, WRITE_TIMEOUT_S = 120, 3600
#: how long a writer waits for another's write on SQLite
BUSY_TIMEOUT_S = 60
#: connections kept open, and how many more may be opened under load
POOL_SIZE, POOL_OVERFLOW = 8, 32
#: a connection idle for longer is asked whether it still lives before it is used
IDLE_S = 1.0

_POSTGRES_SCHEMES = frozenset({"postgresql", "postgres", "postgis", "postgresql+psycopg", "postgis+psycopg"})
_WRITING = "gridmap_writing"
_WRITER = "gridmap_writer"
_USED = "gridmap_used"

T = TypeVar("T")


def open_engine(url: str) -> Engine:
    """Open the database at `url`: `sqlite:///PATH` (SpatiaLite) or `postgresql://...` (PostGIS, through psycopg).

    Connects once, so that what is missing is said at the start. The folder of a SQLite file is made; the schema is
    not (see `upgrade`). Safe to share between threads.

    Raises EnvironmentFault: the extension is missing (naming the package), the server is down, the URL is of another
    kind of database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise EnvironmentFault(
            "the database URL cannot be read; use sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None
    if parsed.drivername in _POSTGRES_SCHEMES:
        engine = _postgis(parsed)
    elif parsed.drivername in {"sqlite", "sqlite+pysqlite", "spatialite"}:
        engine = _spatialite(parsed)
    else:
        raise EnvironmentFault(f"{parsed.drivername} is not supported; use sqlite:///PATH or postgresql://...")
    try:
        with read(engine) as conn:
            _check(conn)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def write(engine: Engine, *, brief: bool = False) -> Iterator[Connection]:
    """One transaction that writes: committed at the end, rolled back on any error.

    `brief`: it is made of a few short statements, which on PostGIS may each take no longer than those of a read.

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so it cannot fail half-way for another writer; the
    threads of one process queue up fairly. Database errors come out as GridmapError (see `translate`).
    """
    try:
        with _turn(engine), _begun(engine, brief) as conn:
            transaction = conn.get_transaction()
            assert transaction is not None
            with transaction:
                yield conn
    except DATABASE_ERRORS as exc:
        raise translate(exc) from exc


def _begun(engine: Engine, brief: bool) -> Connection:
    """A connection in a transaction that writes; one that turns out to be dead is replaced, once."""
    try:
        return _begin_writing(engine.connect(), brief)
    except DBAPIError as exc:
        if not exc.connection_invalidated:
            raise
    return _begin_writing(engine.connect(), brief)


def _begin_writing(plain: Connection, brief: bool) -> Connection:
    conn = plain.execution_options(**{_WRITING: True})
    try:
        conn.begin()
        if not brief and not is_sqlite(conn):
            conn.exec_driver_sql(f"SET LOCAL statement_timeout = '{WRITE_TIMEOUT_S}s'")
    except BaseException:
        conn.close()
        raise
    return conn


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """A part of a `write` that may fail by itself: undone alone, its error translated, the rest goes on."""
    try:
        with conn.begin_nested():
            yield
    except DATABASE_ERRORS as exc:
        raise translate(exc) from exc


@contextmanager
def unanswered(conn: Connection) -> Iterator[None]:
    """Statements within a `write` whose answers nobody asks for: PostGIS gets them together and answers once, at the
    end; so it is there that an error comes."""
    if is_sqlite(conn):
        yield
        return
    driver: Any = conn.connection.driver_connection
    with driver.pipeline():
        yield


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One read-only transaction: a consistent snapshot on SQLite, one statement at a time on PostGIS.

    A write inside it is refused by the database. Database errors come out as GridmapError. It is broken off when the
    request that it reads for has nobody waiting any more (`store.gone`).
    """
    options = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
    asking = ASKING.get()
    try:
        with (
            engine.connect().execution_options(**options) as conn,
            asking.reading(conn) if asking else nullcontext(),
            conn.begin(),
        ):
            yield conn
    except DATABASE_ERRORS as exc:
        raise (nobody_waits() if asking and asking.gone else translate(exc)) from exc


def glance(engine: Engine, ask: Callable[[Connection], T]) -> T:
    """The answer to one statement that only reads: a snapshot by itself, without a transaction around it on PostGIS.

    It is asked again where the connection turns out to be dead. So what every request asks first also finds out that
    the server was restarted, and nobody's request fails for it.
    """
    try:
        return _glance(engine, ask)
    except DBAPIError as exc:
        if not exc.connection_invalidated:
            raise translate(exc) from exc
    except DATABASE_ERRORS as exc:
        raise translate(exc) from exc
    try:
        return _glance(engine, ask)
    except DATABASE_ERRORS as exc:
        raise translate(exc) from exc


def _glance(engine: Engine, ask: Callable[[Connection], T]) -> T:
    options = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as conn:
        return ask(conn)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """One writing thread of this process at a time on SQLite; PostGIS needs no turns."""
    lock: threading.Lock | None = engine.get_execution_options().get(_WRITER)
    if lock is None:
        yield
        return
    if not lock.acquire(timeout=BUSY_TIMEOUT_S):
        raise EnvironmentFault("another write is taking long; try again", code="busy")
    try:
        yield
    finally:
        lock.release()


def is_sqlite(conn: Connection) -> bool:
    """Whether the connection is to SpatiaLite; else it is to PostGIS."""
    return conn.dialect.name == "sqlite"


# --- PostGIS --------------------------------------------------------------------------------------------------------


def _postgis(url: URL) -> Engine:
    # pages come from memory or from a flash disk: a jump costs little more than the next page does; and what answers in
    # milliseconds is not worth compiling
    options = f"-c statement_timeout={READ_TIMEOUT_S * 1000} -c timezone=UTC -c random_page_cost=1.1 -c jit=off"
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        hide_parameters=True,  # an error's text goes to logs and screens; the values may be personal
        connect_args={"options": options, "connect_timeout": 10, "application_name": "gridmap"},
    )
    event.listen(engine, "checkin", _lay_down)
    event.listen(engine, "checkout", _wake)
    return engine


def _lay_down(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _wake(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask a connection that lay idle whether its server still lives, so that a restart fails nobody's request.

    Not at each use (`pool_pre_ping`): that doubles what a short query costs.
    """
    if time.monotonic() - record.info.get(_USED, time.monotonic()) < IDLE_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as exc:
        raise InvalidatePoolError from exc


def _check(conn: Connection) -> None:
    """Raise EnvironmentFault when the spatial extension cannot be had."""
    if is_sqlite(conn):
        conn.exec_driver_sql("SELECT spatialite_version()").scalar_one()
        return
    known = conn.exec_driver_sql("SELECT name FROM pg_available_extensions WHERE name IN ('postgis', 'btree_gist')")
    missing = {"postgis", "btree_gist"} - set(known.scalars())
    if missing:
        raise EnvironmentFault(
            f"the PostgreSQL server has no {' and no '.join(sorted(missing))}; install PostGIS there "
            "(on Debian 12: apt-get install postgresql-15-postgis-3)",
            missing=sorted(missing),
        )


# --- SpatiaLite -----------------------------------------------------------------------------------------------------


def _spatialite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise EnvironmentFault("SpatiaLite needs a file: sqlite:///PATH")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise EnvironmentFault(f"cannot make the folder for {url.database}: {exc.strerror}") from exc
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=sqlean,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        hide_parameters=True,  # an error's text goes to logs and screens; the values may be personal
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        # SQLite's own waiting is a lottery between sleepers; threads of one process take turns here instead
        execution_options={_WRITER: threading.Lock()},
    )
    event.listen(engine, "do_connect", partial(_keep_private, Path(url.database)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _keep_private(path: Path, *_connecting: object) -> None:
    """A new database is its owner's alone: SQLite would let all users of the machine read it, its journal likewise."""
    with suppress(OSError):  # it is there already, or SQLite says what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare(connection: Any, _record: object) -> None:
    """Make a new SQLite connection ours: SpatiaLite loaded, pragmas set, transactions begun by `_begin` alone."""
    connection.isolation_level = None
    _load(connection)
    for pragma in (
        f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}",
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged write survives a power cut
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE deletes without firing the append-only triggers
        "trusted_schema=ON",  # SpatiaLite's own triggers call its functions
        "temp_store=MEMORY",
        "cache_size=-32000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _load(connection: Any) -> None:
    library = os.environ.get("SPATIALITE_LIBRARY_PATH") or "mod_spatialite"
    try:
        connection.enable_load_extension(True)
        connection.load_extension(library)
    except sqlean.OperationalError as exc:
        raise EnvironmentFault(
            "SpatiaLite is missing: install the system package libsqlite3-mod-spatialite "
            "(on Debian: apt-get install libsqlite3-mod-spatialite; on macOS: brew install libspatialite)",
            missing=["libsqlite3-mod-spatialite"],
            reason=str(exc),
        ) from exc
    finally:
        connection.enable_load_extension(False)


def _begin(conn: Connection) -> None:
    writing = bool(conn.get_execution_options().get(_WRITING))
    conn.exec_driver_sql(f"PRAGMA query_only={0 if writing else 1}")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
