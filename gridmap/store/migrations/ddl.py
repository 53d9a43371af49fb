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
    """Replace a CHECK constraint by another of its name; the rows must pass it already."""
    if is_sqlite():
        # each constraint stands on a line of its own
        _rewrite(table, rf"^(\s*CONSTRAINT {name} CHECK) \(.*\)(,?\s*)$", rf"\g<1> ({rule})\g<2>")
    else:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({rule})")


def replace_inline_check(table: str, rule: str, by: str) -> None:
    """On SQLite: replace the rule of a CHECK that came with a column, and so stands somewhere within a line."""
    _rewrite(table, rf"CHECK \({re.escape(rule)}\)", f"CHECK ({by})")


def drop_not_null(table: str, column: str) -> None:
    """Let a column be empty."""
    if is_sqlite():
        _rewrite(table, rf"^(\s*{column} \w+) NOT NULL(.*)$", r"\g<1>\g<2>")
    else:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")


def _rewrite(table: str, line: str, by: str) -> None:
    """Change one line of a table's definition on SQLite.

    It has no ALTER for it, and copying the table would lose its triggers and its spatial index. What a column must be
    is not in the file's rows, so its text in the schema is changed instead, as sqlite.org/lang_altertable.html
    describes.
    """
    conn = op.get_bind()
    told = conn.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).scalar_one()
    changed, count = re.subn(line, by, told, flags=re.MULTILINE)
    if count != 1:
        raise RuntimeError(f"{table} has {count} lines like {line}")
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
