"""The serving role on PostGIS: it may read and add, but neither own the tables nor change history.

The owner migrates; the server connects as another role, to which `grant_serving_role` gives exactly this. With it even
somebody who takes over the server cannot drop a trigger, truncate a table, or touch an event. To be run again after
each upgrade (new tables). Making the role itself is the administrator's:

    CREATE ROLE gridmap_app LOGIN PASSWORD '...';
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from gridmap.errors import InvalidInput
from gridmap.store.engine import is_sqlite, write
from gridmap.store.tables import metadata

#: what is only ever added to, and what may be changed but not removed; everything else may be both
_ADDED_ONLY = frozenset({"events", "audit", "processes", "calendars"})
_KEPT = frozenset({"incidents", "responsibilities", "accounts", "areas", "cells", "subjects"})
_EXPIRING = frozenset({"readings"})


def grant_serving_role(engine: Engine, role: str) -> None:
    """Give an existing PostgreSQL role what the server needs, and take from it whatever it had besides on our tables.

    Raises InvalidInput on SpatiaLite, which has no roles; EnvironmentFault when there is no such role.
    """
    with write(engine) as conn:
        if is_sqlite(conn):
            raise InvalidInput("SpatiaLite has no roles; who may open the file is the operating system's to say")
        name = conn.dialect.identifier_preparer.quote(role)
        schema = conn.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
        _run(conn, f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}")
        _run(conn, f"GRANT USAGE ON SCHEMA {schema} TO {name}")
        _run(conn, f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {name}")
        _run(conn, f"GRANT SELECT ON alembic_version, spatial_ref_sys, geometry_columns TO {name}")
        for table in metadata.tables:
            _run(conn, f'GRANT {", ".join(_rights(table))} ON "{table}" TO {name}')


def _rights(table: str) -> tuple[str, ...]:
    if table in _ADDED_ONLY:
        return ("SELECT", "INSERT")
    if table in _KEPT:
        return ("SELECT", "INSERT", "UPDATE")
    if table in _EXPIRING:
        return ("SELECT", "INSERT", "DELETE")
    return ("SELECT", "INSERT", "UPDATE", "DELETE")


def _run(conn: Connection, statement: str) -> None:
    conn.exec_driver_sql(statement, execution_options={"no_parameters": True})
