"""Coordinates: between reference systems, into metres, and the question to ask when they look wrong.

Everything inside the platform is WGS84 longitude and latitude, in this order. What comes in otherwise is converted
here, once, and kept beside the result by whoever stores it. Lengths are metres and areas square metres; measuring in
degrees is an error.

GCJ-02 and BD-09 are the obfuscated systems of Chinese web maps. Forward formulas: the published ones (eviltransform,
coordtransform). Their usual inverse is one step and errs by up to 4.5 m; here it is iterated until it closes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, paired

WGS84 = "wgs84"
GCJ02 = "gcj02"
BD09 = "bd09"
ALLOWED = "wgs84, gcj02, bd09, CGCS2000 or EPSG:n (for example EPSG:4547)"

#: spellings met in files and forms, after lower-casing and dropping spaces, "-" and "_"
_NAMES = {
    "wgs84": WGS84, "wgs1984": WGS84, "gps": WGS84, "ogc:crs84": WGS84, "crs84": WGS84, "epsg:4326": WGS84,
    "cgcs2000": "EPSG:4490", "国家2000": "EPSG:4490", "国家大地2000": "EPSG:4490", "2000国家大地坐标系": "EPSG:4490",
    "gcj02": GCJ02, "gcj": GCJ02, "火星": GCJ02, "火星坐标": GCJ02, "火星坐标系": GCJ02, "国测局": GCJ02,
    "高德": GCJ02, "腾讯": GCJ02, "amap": GCJ02,
    "bd09": BD09, "bd09ll": BD09, "百度": BD09, "百度坐标": BD09, "百度坐标系": BD09, "baidu": BD09,
}  # fmt: skip
_EPSG = re.compile(r"(?:epsg:|urn:ogc:def:crs:epsg:[\d.]*:|https?://www\.opengis\.net/def/crs/epsg/[\d.]+/)?(\d{4,6})")
_CRS84 = re.compile(r"(?:urn:ogc:def:crs:ogc:[\d.]*:|https?://www\.opengis\.net/def/crs/ogc/[\d.]+/)crs84")

#: the rectangle (west, south, east, north) in which the obfuscation applies, as in the published formulas
CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_KRASOVSKY_A = 6378245.0
_KRASOVSKY_E2 = 0.00669342162296594323
#: steps of the inverse; each shrinks the error about a hundredfold, from 700 m: six leave less than a micrometre.
#: A fixed number, so that a point's answer does not depend on the other points of its batch.
_ITERATIONS = 6


def parse_crs(crs: str | int | CRS) -> str:
    """The one spelling of a reference system's name: "wgs84", "gcj02", "bd09" or "EPSG:n".

    Takes what people and files write ("WGS-84", "CGCS2000", "火星坐标", "百度", "epsg:4490", 4547, an OGC URN or URL)
    and pyproj.CRS objects that carry a known code. Raises InvalidInput naming what is allowed.
    """
    if isinstance(crs, CRS):
        return _name_of(crs)
    key = str(crs).strip().lower()
    named = _NAMES.get(re.sub(r"[\s_-]", "", key))
    if named is not None:
        return named
    if _CRS84.fullmatch(key):
        return WGS84
    found = _EPSG.fullmatch(key)
    if not found:
        raise InvalidInput(f"unknown coordinate reference system {str(crs)[:80]!r}: give {ALLOWED}", crs=str(crs)[:80])
    name = f"EPSG:{int(found[1])}"
    if name == "EPSG:4326":
        return WGS84
    _horizontal(name)
    return name


def _name_of(crs: CRS) -> str:
    authority = crs.to_authority(min_confidence=70)
    if authority is not None and authority[0] == "EPSG":
        return parse_crs(f"EPSG:{authority[1]}")
    if authority == ("OGC", "CRS84"):
        return WGS84
    raise InvalidInput(f"the coordinate reference system {crs.name!r} has no EPSG code: give {ALLOWED}", crs=crs.name)


@lru_cache(maxsize=64)
def _horizontal(name: str) -> CRS:
    try:
        crs = CRS.from_user_input(name)
    except CRSError:
        raise InvalidInput(f"{name} is not a known coordinate reference system: give {ALLOWED}", crs=name) from None
    if not (crs.is_geographic or crs.is_projected):
        raise InvalidInput(f"{name} ({crs.name}) has no horizontal coordinates: give {ALLOWED}", crs=name)
    return crs


@lru_cache(maxsize=64)
def transformer(source: CRS | str, target: CRS | str) -> Transformer:
    """What takes coordinates from one reference system to another, x or longitude first; made once for each two."""
    # pyproj keeps one PROJ object a thread inside a Transformer, so sharing it between threads is safe
    return Transformer.from_crs(source, target, always_xy=True)


def _reproject(x: Floats, y: Floats, source: CRS, target: CRS) -> tuple[Floats, Floats]:
    x_out, y_out = transformer(source, target).transform(x, y)
    return np.asarray(x_out, dtype=np.float64), np.asarray(y_out, dtype=np.float64)


def convert(lon: ArrayLike, lat: ArrayLike, source: str | int | CRS, target: str | int | CRS) -> tuple[Floats, Floats]:
    """Coordinates from one reference system to another; x or longitude always first.

    `lon`, `lat`: numbers or arrays of one length, also 0 and 1. `source`, `target`: see `parse_crs`. Returns two new
    float64 arrays; a pair that is not finite, or that the target cannot express, comes back as (NaN, NaN). Points
    outside `CHINA` pass through GCJ-02 and BD-09 unchanged. Raises InvalidInput for an unknown system or uneven arrays.
    """
    x, y = paired(lon, lat)
    start, end = parse_crs(source), parse_crs(target)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(finite, x, np.nan), np.where(finite, y, np.nan)
    if start == end:
        return x, y
    for step in _steps(start, end):
        x, y = step(x, y)
    finite &= np.isfinite(x) & np.isfinite(y)
    return np.where(finite, x, np.nan), np.where(finite, y, np.nan)


Step = Callable[[Floats, Floats], tuple[Floats, Floats]]


def _steps(start: str, end: str) -> list[Step]:
    """The way along the chain EPSG - wgs84 - gcj02 - bd09; between two EPSG systems directly."""
    chain = (WGS84, GCJ02, BD09)
    if start not in chain and end not in chain:
        return [_epsg_step(start, end)]
    steps: list[Step] = []
    if start not in chain:
        steps.append(_epsg_step(start, "EPSG:4326"))
    first = chain.index(start) if start in chain else 0
    last = chain.index(end) if end in chain else 0
    forward: tuple[Step, Step] = (wgs84_to_gcj02, gcj02_to_bd09)
    backward: tuple[Step, Step] = (gcj02_to_wgs84, bd09_to_gcj02)
    steps.extend(forward[first:last] if last > first else backward[last:first][::-1])
    if end not in chain:
        steps.append(_epsg_step("EPSG:4326", end))
    return steps


def _epsg_step(source: str, target: str) -> Step:
    return lambda x, y: _reproject(x, y, _horizontal(source), _horizontal(target))


def to_wgs84(x: ArrayLike, y: ArrayLike, crs: str | int | CRS) -> tuple[Floats, Floats]:
    """`convert` to WGS84: (lon, lat) in degrees."""
    return convert(x, y, crs, WGS84)


def in_china(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Whether the obfuscation applies: the rectangle of the published formulas, not the country's outline."""
    west, south, east, north = CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 of WGS84 points, degrees; unchanged outside `CHINA`."""
    return _inside_only(lon, lat, _gcj02_forward)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS84 of GCJ-02 points, degrees, iterated: `wgs84_to_gcj02` of the result is the input, within a micrometre."""
    return _inside_only(lon, lat, lambda x, y: _invert(_gcj02_forward, x, y))


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 of GCJ-02 points, degrees; unchanged outside `CHINA`."""
    return _inside_only(lon, lat, _bd09_forward)


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 of BD-09 points, degrees, iterated like `gcj02_to_wgs84`."""
    return _inside_only(lon, lat, lambda x, y: _invert(_bd09_forward, x, y))


def _inside_only(lon: Floats, lat: Floats, step: Step) -> tuple[Floats, Floats]:
    inside = in_china(lon, lat)
    x, y = lon.copy(), lat.copy()
    x[inside], y[inside] = step(lon[inside], lat[inside])
    return x, y


def _invert(forward: Step, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Fixed-point iteration p <- p + (target - forward(p)); the shift is small and smooth, so it contracts."""
    x, y = lon, lat
    for _ in range(_ITERATIONS):
        fx, fy = forward(x, y)
        x, y = x + (lon - fx), y + (lat - fy)
    return x, y


def _gcj02_forward(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east = east + (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north = north + (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    meridian = _KRASOVSKY_A * (1.0 - _KRASOVSKY_E2) / (w2 * np.sqrt(w2))
    parallel = _KRASOVSKY_A / np.sqrt(w2) * np.cos(phi)
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _bd09_forward(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    turns = np.pi * 3000.0 / 180.0
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * turns)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * turns)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
