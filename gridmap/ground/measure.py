"""Lengths in metres and areas in square metres, of geometry that is kept in degrees.

Distances are taken in a local transverse Mercator (scale error below 1e-4 within 90 km of the centre), areas in an
equal-area projection of the ellipsoid. Asking for either in degrees, in feet, or without a CRS is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.errors
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, paired
from gridmap.ground.crs import transformer

Geometries = NDArray[np.object_]

#: metres in a degree of the equator, for what need not be exact
M_PER_DEGREE = 111_320.0
#: edges are straight in longitude and latitude; longer ones than this (about 500 m) are divided before projecting,
#: so that a projected edge stays within 5 mm of where it is
DENSIFY_DEG = 0.005
#: but no geometry gets more new vertices than this, however far its edges run
_DENSIFY_MOST = 100_000
#: the ellipsoidal cylindrical equal-area projection (EASE-Grid 2.0): areas are true everywhere on the globe
_EQUAL_AREA = "EPSG:6933"


def transform(geoms: ArrayLike, source: Any, target: Any) -> Geometries:
    """Shapely geometries (scalar or array; None stays None) from one CRS to another, x or longitude first."""
    between = transformer(CRS.from_user_input(source), CRS.from_user_input(target))
    moved = shapely.transform(_array(geoms), between.transform, interleaved=False)
    return np.asarray(moved, dtype=object)


def metric_crs(lon: ArrayLike, lat: ArrayLike) -> CRS:
    """A transverse Mercator in metres, centred on the extent of the given WGS84 points.

    Raises InvalidInput when no point is finite, or when one is no longitude and latitude.
    """
    x, y = paired(lon, lat)
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.any():
        raise InvalidInput("no place to measure around: every coordinate is missing or not finite")
    x, y = x[finite], y[finite]
    _refuse_projected(x, y)
    lon_0, lat_0 = (round(float(v.min() + v.max()) / 2.0, 4) for v in (x, y))
    return CRS.from_proj4(f"+proj=tmerc +lat_0={lat_0} +lon_0={lon_0} +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m")


def project(geoms: ArrayLike, crs: CRS) -> Geometries:
    """WGS84 geometries in a metric CRS, long edges divided first (`DENSIFY_DEG`) so that they stay in their place.

    Raises InvalidInput when `crs` is not in metres, or the coordinates are no longitudes and latitudes.
    """
    require_metric(crs)
    return transform(_dense(_array(geoms)), "EPSG:4326", crs)


def require_metric(crs: Any) -> CRS:
    """The CRS, when lengths in it are metres; else InvalidInput saying what is wrong."""
    if crs is None:
        raise InvalidInput("cannot measure: the data has no coordinate reference system; say which it is")
    known = CRS.from_user_input(crs)
    if known.is_geographic:
        raise InvalidInput(f"cannot measure in degrees ({known.name}): project to metres first", crs=known.name)
    units = {axis.unit_name for axis in known.axis_info[:2]}
    if units != {"metre"}:
        unit = ", ".join(sorted(units)) or "unknown units"
        raise InvalidInput(f"cannot measure in {unit} ({known.name}): project to metres first", crs=known.name)
    return known


def area_m2(geoms: ArrayLike) -> Floats:
    """Areas of WGS84 geometries in square metres on the ellipsoid; 0 for lines and points, NaN for None.

    Raises InvalidInput when the coordinates are no longitudes and latitudes.
    """
    flat = transform(_dense(_array(geoms)), "EPSG:4326", _EQUAL_AREA)
    return np.asarray(shapely.area(flat), dtype=np.float64)


def length_m(geoms: ArrayLike) -> Floats:
    """Lengths of WGS84 lines (perimeters of polygons) in metres along geodesics; 0 for points, NaN for None."""
    array = _array(geoms)
    _refuse_projected(*shapely.get_coordinates(array).T)
    polygonal = shapely.get_dimensions(array) == 2
    lines, owner = shapely.get_parts(np.where(polygonal, shapely.boundary(array), array), return_index=True)
    linear = shapely.get_dimensions(lines) == 1
    points, line = shapely.get_coordinates(lines[linear], return_index=True)
    same = line[1:] == line[:-1]
    start, end = points[:-1][same], points[1:][same]
    metres = distance_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    total = np.bincount(owner[linear][line[1:][same]], weights=metres, minlength=len(array))
    return np.where(shapely.is_missing(array), np.nan, total)


def distance_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Geodesic distances in metres between WGS84 points, pairwise."""
    _, _, metres = Geod(ellps="WGS84").inv(lon_a, lat_a, lon_b, lat_b)
    return np.asarray(metres, dtype=np.float64)


def box_around(geoms: ArrayLike, metres: float) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees of a box that holds all within so many metres of WGS84 geometries.

    It is a little too large: a degree of latitude is taken as 110.5 km, the least that it is anywhere.
    """
    west, south, east, north = (float(value) for value in shapely.total_bounds(_array(geoms)))
    up = metres / 110_500.0
    wide = up / float(np.cos(np.radians(min(max(abs(south), abs(north)) + up, 89.0))))
    return west - wide, south - up, east + wide, north + up


def _array(geoms: ArrayLike) -> Geometries:
    return np.atleast_1d(np.asarray(geoms, dtype=object))


def _dense(array: Geometries) -> Geometries:
    _refuse_projected(*shapely.get_coordinates(array).T)
    step = np.fmax(DENSIFY_DEG, shapely.length(array) / _DENSIFY_MOST)
    try:
        return np.asarray(shapely.segmentize(array, step), dtype=object)
    except shapely.errors.GEOSException:  # a ring of one place only; such a shape stays as it is
        dense = np.empty(len(array), dtype=object)
        dense[:] = [_dense_or_same(geom, size) for geom, size in zip(array, step, strict=True)]
        return dense


def _dense_or_same(geom: Any, step: float) -> Any:
    try:
        return shapely.segmentize(geom, step)
    except shapely.errors.GEOSException:
        return geom


def _refuse_projected(lon: Floats, lat: Floats) -> None:
    if (np.abs(lon) > 360.0).any() or (np.abs(lat) > 90.0).any():
        raise InvalidInput("these are no longitudes and latitudes in degrees: convert them to WGS84 first")
