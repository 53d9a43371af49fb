"""What the steps share: spatial indexes and rule files, each as its dialect needs it."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

#: a line of its own between two statements of a rule file; triggers hold semicolons inside
_BETWEEN = "\n--;\n"


def is_sqlite() -> bool:
    """Whether this migration runs on SpatiaLite."""
    return op.get_context().dialect.name == "sqlite"


def add_spatial_index(table: str, column: str = "geom") -> None:
    """An R*Tree on SpatiaLite (a table `idx_TABLE_COLUMN` kept by triggers), a GiST index of that name on PostGIS."""
    if is_sqlite():
        done = op.get_bind().exec_driver_sql(f"SELECT CreateSpatialIndex('{table}', '{column}')").scalar()
        if not done:
            raise RuntimeError(f"SpatiaLite did not make the spatial index of {table}.{column}")
    else:
        op.execute(f"CREATE INDEX idx_{table}_{column} ON {table} USING gist ({column})")


def replace_check(table: str, name: str, rule: str) -> None:
    """Replace a CHECK constraint by another of its name; the rows must pass it already.

    SQLite has no ALTER for it, and copying the table would lose its triggers and its spatial index. Checks are not in
    the file's rows, so its text in the schema is changed instead, as sqlite.org/lang_altertable.html describes.
    """
    if not is_sqlite():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({rule})")
        return
    conn = op.get_bind()
    told = conn.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).scalar_one()
    # each constraint stands on a line of its own
    line = re.compile(rf"^(\s*CONSTRAINT {name} CHECK) \(.*\)(,?\s*)$", re.MULTILINE)
    changed, count = line.subn(lambda found: f"{found[1]} ({rule}){found[2]}", told)
    if count != 1:
        raise RuntimeError(f"{table} has {count} constraints {name}")
    conn.exec_driver_sql("PRAGMA writable_schema = ON")
    conn.exec_driver_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (changed, table))
    conn.exec_driver_sql("PRAGMA writable_schema = RESET")


def run_rules(name: str) -> None:
    """Run `sql/NAME_sqlite.sql` or `sql/NAME_postgresql.sql`."""
    dialect = op.get_context().dialect.name
    text = (Path(__file__).parent / "sql" / f"{name}_{dialect}.sql").read_text("utf-8")
    for statement in text.split(_BETWEEN):
        # no parameters: a % in PL/pgSQL is no placeholder
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
