"""SQL of the map that anybody may see: borders of areas, roads, water and names. Nothing of persons, cells or cases."""

from __future__ import annotations

import geopandas as gpd
from sqlalchemy import Connection, Select, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame

#: what the map is made of: its answer changes when one of these does
LAYERS = ("areas", "roads", "water", "places")


def layer(conn: Connection, name: str) -> gpd.GeoDataFrame:
    """One of LAYERS: name, name_en, kind, geom (WGS84). Of roads those that lead somewhere, tracks left out."""
    found = frame(conn, _QUERIES[name])
    assert isinstance(found, gpd.GeoDataFrame)
    return found


_A, _R, _W, _P = t.areas.c, t.roads.c, t.water.c, t.places.c
_QUERIES: dict[str, Select[tuple[object, ...]]] = {
    "areas": select(_A.name, _A.name_en, _A.level.label("kind"), _A.geom).where(_A.geom.is_not(None)).order_by(_A.code),
    "roads": select(_R.name, _R.name_en, _R["class"].label("kind"), _R.geom).where(_R["class"] != "track")
    .order_by(_R.code),
    "water": select(_W.name, _W.name_en, _W["class"].label("kind"), _W.geom).order_by(_W.code),
    "places": select(_P.name, _P.name_en, _P["class"].label("kind"), _P.geom).order_by(_P.code),
}  # fmt: skip
