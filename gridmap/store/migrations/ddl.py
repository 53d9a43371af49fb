"""What the steps share: spatial indexes and rule files, each as its dialect needs it."""

from __future__ import annotations

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


def run_rules(name: str) -> None:
    """Run `sql/NAME_sqlite.sql` or `sql/NAME_postgresql.sql`."""
    dialect = op.get_context().dialect.name
    text = (Path(__file__).parent / "sql" / f"{name}_{dialect}.sql").read_text("utf-8")
    for statement in text.split(_BETWEEN):
        # no parameters: a % in PL/pgSQL is no placeholder
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
