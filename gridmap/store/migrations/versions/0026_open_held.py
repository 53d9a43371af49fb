"""A list ends where it is full: who answers says what is open, and a case the town that answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from gridmap.store.migrations.ddl import is_sqlite, run_rules

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OPEN = "status NOT IN ('closed', 'voided', 'merged')"


def upgrade() -> None:
    """Two columns that triggers keep, and indexes."""
    op.add_column("responsibilities", sa.Column("open", sa.SmallInteger, nullable=False, server_default="1"))
    key = "CONSTRAINT fk_incidents_town_id_areas REFERENCES areas (id)"
    op.execute(f"ALTER TABLE incidents ADD COLUMN town_id INTEGER {key}")
    run_rules("0026_rules")
    if is_sqlite():
        _fill()
    else:
        _rewrite()
    for name in ("worker_id", "cell_id", "body_id", "area_id"):
        where = "valid_to IS NULL AND open = 1"
        _index(f"ix_responsibilities_open_{name}", "responsibilities", [name, "incident_id"], where)
    op.drop_index("ix_incidents_open_red", "incidents")
    for light in ("yellow", "red", "very_late"):
        _index(f"ix_incidents_open_{light}", "incidents", [f"{light}_at", "id"], OPEN)
        _index(f"ix_incidents_open_town_{light}", "incidents", ["town_id", f"{light}_at", "id"], OPEN)
    _index("ix_incidents_open_paused", "incidents", ["paused_until"], OPEN)
    _index("ix_incidents_open_first_body", "incidents", ["first_body_id", "id"], OPEN)
    _index("ix_incidents_open_town", "incidents", ["town_id", "id"], OPEN)
    _index("ix_incidents_unplaced", "incidents", ["account_id", "id"], "status = 'unplaced'")
    for column in ("category_id", "first_body_id", "town_id"):
        op.create_index(f"ix_incidents_{column}_id", "incidents", [column, "id"])
    for column in ("category_id", "received_at"):
        op.create_index(f"ix_incidents_town_id_{column}_id", "incidents", ["town_id", column, "id"])
    for column in ("category_id", "first_body_id"):
        op.drop_index(f"ix_incidents_{column}", "incidents")


def _fill() -> None:
    """What stands in force of ended cases, and the town of whoever answers for each."""
    op.execute(
        "UPDATE responsibilities SET open = 0 WHERE valid_to IS NULL"
        " AND incident_id IN (SELECT id FROM incidents WHERE closed_at IS NOT NULL)"
    )
    op.execute(
        "UPDATE incidents SET town_id ="
        " (SELECT CASE a.level WHEN 'town' THEN a.id WHEN 'community' THEN a.parent_id END"
        " FROM responsibilities r JOIN areas a ON a.id = r.area_id"
        " WHERE r.incident_id = incidents.id AND r.valid_to IS NULL)"
    )


def _rewrite() -> None:
    """The same on PostgreSQL: a table written anew has its indexes built at once, where an UPDATE of millions of rows
    would touch each index for each row."""
    op.execute(
        "ALTER TABLE responsibilities ALTER COLUMN open TYPE smallint"
        " USING CASE WHEN valid_to IS NULL THEN gridmap_is_open(incident_id) ELSE 1::smallint END"
    )
    op.execute(
        "CREATE FUNCTION pg_temp.town_of(incident integer) RETURNS integer LANGUAGE sql STABLE AS"
        " 'SELECT gridmap_town(area_id) FROM responsibilities WHERE incident_id = incident AND valid_to IS NULL'"
    )
    op.execute("ALTER TABLE incidents ALTER COLUMN town_id TYPE integer USING pg_temp.town_of(id)")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))
