"""Bringing a database to the newest schema, and telling how far it is. Alembic inside, without an ini file.

All steps run in one transaction, on both databases: a kill leaves the schema before or after. Two processes that start
at once take turns. There is no way back down: restore a backup.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from gridmap.errors import EnvironmentFault
from gridmap.store.engine import is_sqlite, read, write
from gridmap.store.tables import metadata

#: any number, the same in every process: who holds it migrates
_MIGRATION_LOCK = 7_304_115


def include_object(_item: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    """Admit only what our metadata names: never SpatiaLite's or PostGIS's own tables.

    Spatial indexes are left to the migrations and to `doctor`: on SpatiaLite they are tables, not indexes. Of the
    database's other indexes those that belong to our exclusion constraints are not in the metadata either.
    """
    if kind == "table":
        return name in metadata.tables
    if kind == "index":
        return not (name or "").startswith(("idx_", "ex_"))
    return True


#: how Alembic sees the database, in migrations and in comparisons alike
OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "include_object": include_object,
    "compare_type": True,
    "render_as_batch": True,
    "transactional_ddl": True,
}


def upgrade(engine: Engine, to: str = "head") -> None:
    """Create the schema, or bring it to revision `to`; rows stay. Safe to run twice, also at once.

    Raises EnvironmentFault when PostGIS is not there and this role may not create it.
    """
    with write(engine) as conn:
        if is_sqlite(conn):
            _init_spatialite(conn)
        else:
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            _init_postgis(conn)
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, to)


def revision(engine: Engine) -> str | None:
    """The revision that the database is at; None: never migrated."""
    with read(engine) as conn:
        return current(conn)


def current(conn: Connection) -> str | None:
    """As `revision`, within a transaction."""
    return MigrationContext.configure(conn).get_current_revision()


def head() -> str:
    """The newest revision that this program knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise EnvironmentFault("this installation has no migrations; install gridmap again")
    return newest


def differences(conn: Connection) -> list[Any]:
    """What a migration would still have to do for the database to agree with `tables`; [] when nothing."""
    return list(compare_metadata(MigrationContext.configure(conn, opts=OPTIONS), metadata))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _init_spatialite(conn: Connection) -> None:
    """SpatiaLite's own tables, with WGS84 alone; within our transaction (0.01 s, by itself 52 s)."""
    if not conn.exec_driver_sql("SELECT CheckSpatialMetaData()").scalar():
        conn.exec_driver_sql("SELECT InitSpatialMetaData('WGS84')")


def _init_postgis(conn: Connection) -> None:
    for extension in ("postgis", "btree_gist"):
        try:
            with conn.begin_nested():
                conn.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        except ProgrammingError as exc:
            raise EnvironmentFault(
                f"the database has no {extension} and this role may not add it; "
                f"let a superuser run: CREATE EXTENSION {extension};",
                missing=[extension],
            ) from exc
