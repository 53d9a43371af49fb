"""The few spatial expressions that both databases need in their own words. What meets a box is all that is decided
here, by GEOS on both databases and in memory alike; what lies where is decided in `gridmap.ground`.
"""

from __future__ import annotations

import math
from typing import Any, cast

import shapely
from geoalchemy2 import Geometry
from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

from gridmap.errors import InvalidInput

#: west, south, east, north in degrees (WGS84)
Bbox = tuple[float, float, float, float]


def check_bbox(bbox: Bbox) -> Bbox:
    """The box as floats; raise InvalidInput for what is no box on Earth (also NaN, and one across the antimeridian)."""
    west, south, east, north = (float(value) for value in bbox)
    if not all(map(math.isfinite, (west, south, east, north))):
        raise InvalidInput("bbox must be four finite numbers: west,south,east,north", field="bbox")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput("bbox must be west,south,east,north in degrees, west <= east, south <= north", field="bbox")
    return west, south, east, north


def box_shape(bbox: Bbox) -> shapely.Geometry:
    """The box as a shape: a polygon, or a line or a point where it has no width or no height."""
    west, south, east, north = bbox
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    return shapely.Point(west, south) if bbox[:2] == bbox[2:] else shapely.LineString([(west, south), (east, north)])


def _wkt(shape: shapely.Geometry) -> str:
    """A box's shape as text that reads back to the same numbers; shapely's own leaves the last digit out."""
    pairs = ", ".join(f"{x:.20f} {y:.20f}" for x, y in shapely.get_coordinates(shape))
    name = shape.geom_type.upper()
    return f"{name} (({pairs}))" if name == "POLYGON" else f"{name} ({pairs})"


class intersects_bbox(FunctionElement[bool]):  # noqa: N801 (reads as a SQL function)
    """Rows of `table` whose geometry meets `bbox` (west, south, east, north; WGS84), by the spatial index, exactly.

    Both indexes keep float32 boxes, rounded outwards; so what they find is tried again with the geometries themselves.
    """

    # not Boolean: SQLite has none, so SQLAlchemy would compare with 1, and the index would go unused
    type = cast("TypeEngine[bool]", NullType())
    inherit_cache = True
    name = "intersects_bbox"

    def __init__(self, table: Table, bbox: Bbox) -> None:
        box = check_bbox(bbox)
        super().__init__(table.c.id, table.c.geom, *box, _wkt(box_shape(box)))


@compiles(intersects_bbox, "sqlite")
def _bbox_spatialite(element: intersects_bbox, compiler: SQLCompiler, **kw: Any) -> str:
    key, geom, *box = element.clauses
    rtree = f"idx_{cast(Column[Any], geom).table.name}_geom"
    west, south, east, north, shape = (compiler.process(value, **kw) for value in box)
    inside = f"xmin <= {east} AND xmax >= {west} AND ymin <= {north} AND ymax >= {south}"
    near = f"{compiler.process(key, **kw)} IN (SELECT pkid FROM {rtree} WHERE {inside})"  # noqa: S608 (bound values)
    return f"({near} AND ST_Intersects({compiler.process(geom, **kw)}, ST_GeomFromText({shape}, 4326)) = 1)"


@compiles(intersects_bbox, "postgresql")
def _bbox_postgis(element: intersects_bbox, compiler: SQLCompiler, **kw: Any) -> str:
    geom, shape = (compiler.process(value, **kw) for value in (list(element.clauses)[1], list(element.clauses)[-1]))
    return f"ST_Intersects({geom}, ST_GeomFromText({shape}, 4326))"


class wkb(FunctionElement[bytes]):  # noqa: N801
    """A geometry as plain WKB bytes, for `shapely.from_wkb`: 5-9 times faster than through the ORM's types."""

    type = LargeBinary()
    inherit_cache = True
    name = "wkb"


@compiles(wkb)
def _wkb(element: wkb, compiler: SQLCompiler, **kw: Any) -> str:
    # in SpatiaLite and PostGIS alike; written out, since the geometry type would wrap a plain function's result
    return f"ST_AsBinary({compiler.process(element.clauses, **kw)})"


def is_geometry(kind: Any) -> bool:
    """Whether a column's type is a geometry."""
    return isinstance(kind, Geometry)
