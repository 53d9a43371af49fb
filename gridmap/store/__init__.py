"""ALL SQL: tables, engine (SpatiaLite, PostGIS), bulk, spatial index use, scope, migrations."""

from gridmap.store.bulk import bulk_insert, bulk_update, frame
from gridmap.store.engine import glance, open_engine, read, savepoint, unanswered, write
from gridmap.store.errors import translate
from gridmap.store.migrate import head, revision, upgrade
from gridmap.store.spatial import intersects_bbox

__all__ = [
    "bulk_insert",
    "bulk_update",
    "frame",
    "glance",
    "head",
    "intersects_bbox",
    "open_engine",
    "read",
    "revision",
    "savepoint",
    "translate",
    "unanswered",
    "upgrade",
    "write",
]
