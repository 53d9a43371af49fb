"""The map of the page /report: what stands on any paper map, simplified to what a phone draws and pays for."""

from __future__ import annotations

import geopandas as gpd
from sqlalchemy import Connection

from gridmap.store import public_map, read, versions
from gridmap.usecases.context import Context

#: degrees by which lines may be off (about 20 m), far less than a finger
TOLERANCE = 0.0002


def version(ctx: Context) -> tuple[int, ...]:
    """What the map follows from."""
    with read(ctx.engine) as conn:
        known = versions.read(conn)
    return tuple(known.get(name, 0) for name in public_map.LAYERS)


def layers(ctx: Context) -> dict[str, gpd.GeoDataFrame]:
    """By name: name, name_en, kind and a simplified geometry (WGS84)."""
    with read(ctx.engine) as conn:
        return {name: _simple(conn, name) for name in public_map.LAYERS}


def _simple(conn: Connection, name: str) -> gpd.GeoDataFrame:
    found = public_map.layer(conn, name)
    if name == "places":
        return found
    return found.set_geometry(found.geometry.simplify(TOLERANCE))
