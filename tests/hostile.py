"""Awkward geometry in files: generated from a number. Each file holds three cells, of which the second is at fault."""

from __future__ import annotations

import json
import resource
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gridmap.errors import InvalidInput
from gridmap.files import canonical, read_table

#: what one file may cost
SECONDS, MEMORY_MIB = 2.0, 512

Ring = list[list[float]]
Rng = np.random.Generator
WEST, SOUTH = 106.74, 27.09
GOOD = (shapely.box(106.70, 27.05, 106.71, 27.06), shapely.box(106.72, 27.05, 106.73, 27.06))
EXTENT = (106.6, 26.9, 106.9, 27.3)


@dataclass(frozen=True)
class Found:
    """What came of a file."""

    what: str
    good: bool
    cpu_s: float
    child_mib: float


def names() -> list[str]:
    return list(_MAKERS)


def write(number: int, folder: Path) -> tuple[str, Path]:
    """Write the file of this number; what it is, and where. The same number gives the same file."""
    rng = np.random.default_rng([20260703, number])
    name = names()[number % len(_MAKERS)]
    return name, _MAKERS[name](rng, folder / f"hostile{number}")


def outcome(path: Path) -> Found:
    """Read it as cells: the second is named, or taken, or the file is refused by name; the others come in."""
    before = _spent()
    try:
        table = read_table(path)
        parsed = canonical("cells", table, extent=EXTENT)
    except InvalidInput as error:
        what, good = f"refused ({error.code})", path.name in error.message
    else:
        heading = 1 if table.format == "csv" else 0
        rows = [row - heading for row in parsed.frame["row"].tolist()]
        named = {reject.row - heading for reject in parsed.rejects}
        good = [row for row in rows if row != 2] == [1, 3] and (2 in rows) != (2 in named) and named <= {2}
        what = "taken" if 2 in rows else "named" if 2 in named else f"lost: {rows}, {named}"
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Found(what, good, _spent() - before, child)


def _spent() -> float:
    """Processor seconds of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


# --- formats ----------------------------------------------------------------------------------------------------------


def _geojson(second: Callable[[Rng], str]) -> Callable[[Rng, Path], Path]:
    """The second feature's geometry is the text that is given, JSON or not."""

    def made(rng: Rng, stem: Path) -> Path:
        shapes = [shapely.to_geojson(GOOD[0]), second(rng), shapely.to_geojson(GOOD[1])]
        features = [
            f'{{"type": "Feature", "properties": {{"code": "{code}"}}, "geometry": {shape}}}'
            for code, shape in zip("123", shapes, strict=True)
        ]
        path = stem.with_suffix(".geojson")
        path.write_text(f'{{"type": "FeatureCollection", "features": [{", ".join(features)}]}}', encoding="utf-8")
        return path

    return made


def _polygon(points: Callable[[Rng], Any]) -> Callable[[Rng, Path], Path]:
    """GeoJSON whose second feature is a polygon of this one ring."""
    return _geojson(lambda rng: _as_json(points(rng)))


def _as_json(ring: Any) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def _parquet(second: Callable[[Rng], bytes]) -> Callable[[Rng, Path], Path]:
    """GeoParquet whose second geometry is these bytes."""

    def made(rng: Rng, stem: Path) -> Path:
        shapes = [shapely.to_wkb(GOOD[0]), second(rng), shapely.to_wkb(GOOD[1])]
        geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
        table = pa.table({"code": ["1", "2", "3"], "geometry": pa.array(shapes, pa.binary())})
        path = stem.with_suffix(".parquet")
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
        return path

    return made


def _csv(second: Callable[[Rng], str]) -> Callable[[Rng, Path], Path]:
    """CSV with WKT."""

    def made(rng: Rng, stem: Path) -> Path:
        shapes = [GOOD[0].wkt, second(rng), GOOD[1].wkt]
        path = stem.with_suffix(".csv")
        lines = [f'{code},"{shape}"\n' for code, shape in zip("123", shapes, strict=True)]
        path.write_text("code,geometry\n" + "".join(lines), encoding="utf-8")
        return path

    return made


def _gpkg(second: Callable[[Rng], bytes]) -> Callable[[Rng, Path], Path]:
    """GeoPackage whose second geometry is these bytes behind a right header."""
    import sqlite3

    import geopandas as gpd

    def made(rng: Rng, stem: Path) -> Path:
        path = stem.with_suffix(".gpkg")
        middle = shapely.box(106.74, 27.05, 106.75, 27.06)
        frame = gpd.GeoDataFrame({"code": ["1", "2", "3"]}, geometry=[GOOD[0], middle, GOOD[1]], crs="EPSG:4326")
        frame.to_file(path, layer="cells", SPATIAL_INDEX="NO")
        blob = b"GP\x00\x01" + struct.pack("<i", 4326) + second(rng)
        with sqlite3.connect(path) as base:
            for trigger in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                base.execute(f'DROP TRIGGER "{trigger[0]}"')
            base.execute("UPDATE cells SET geom = ? WHERE code = '2'", [blob])
        base.close()
        return path

    return made


# --- shapes -----------------------------------------------------------------------------------------------------------


def _ring(rng: Rng, count: int, *, size: float = 0.01) -> Ring:
    """A closed ring of random points near home: it crosses itself."""
    points = (rng.uniform(0, size, (count, 2)) + np.array([WEST, SOUTH])).round(7)
    return [*points.tolist(), points[0].tolist()]


def _square(rng: Rng) -> Ring:
    x, y = WEST + rng.uniform(0, 0.01), SOUTH + rng.uniform(0, 0.01)
    return [[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]


def _bow_tie(rng: Rng) -> Ring:
    a, b, c, d, _ = _square(rng)
    return [a, c, b, d, a]


def _with(value: float) -> Callable[[Rng], Any]:
    """A square one of whose numbers is this."""

    def made(rng: Rng) -> Ring:
        ring = _square(rng)
        ring[int(rng.integers(1, 4))][int(rng.integers(0, 2))] = value
        return ring

    return made


def _swapped(rng: Rng) -> Ring:
    return [[y, x] for x, y in _square(rng)]


def _metres(rng: Rng) -> Ring:
    return [[(x - 105) * 99_000 + 500_000, y * 110_700] for x, y in _square(rng)]


def _antimeridian(rng: Rng) -> Ring:
    return [[x, y] for (_, y), x in zip(_square(rng), (179.9, -179.9, -179.9, 179.9, 179.9), strict=True)]


def _nonsense(rng: Rng) -> str:
    """JSON that is right, and a geometry that is not."""
    rings: list[Any] = [
        {"type": "Polygon", "coordinates": "here"}, {"type": "Polygon", "coordinates": {"x": 1}},
        {"type": "Polygon", "coordinates": [[1, 2, 3]]}, {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]},
        {"type": "Polygon", "coordinates": [[[]] * 4]}, {"type": "Polygon", "coordinates": [[None] * 4]},
        {"type": "Polygon"}, {"type": 7, "coordinates": []}, {"type": "Cell", "coordinates": [_square(rng)]},
        {"coordinates": [_square(rng)]}, {"type": "GeometryCollection"}, {"type": "Point", "coordinates": [1]},
        {"type": "MultiPolygon", "coordinates": [_square(rng)]}, {"type": "LineString", "coordinates": [[1, 2]]},
        [], 7, "Polygon", True,
    ]  # fmt: skip
    return json.dumps(rings[int(rng.integers(0, len(rings)))])


def _deep_json(rng: Rng) -> str:
    depth = int(10 ** rng.uniform(1.3, 5))
    return '{"type": "GeometryCollection", "geometries": [' * depth + "]}" * depth


def _deep_list(rng: Rng) -> str:
    depth = int(10 ** rng.uniform(1.3, 5))
    return f'{{"type": "Polygon", "coordinates": {"[" * depth}{"]" * depth}}}'


def _deep_wkb(rng: Rng) -> bytes:
    depth = int(10 ** rng.uniform(1.3, 5))
    return struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BIdd", 1, 1, WEST, SOUTH)


def _deep_wkt(rng: Rng) -> str:
    depth = int(10 ** rng.uniform(1.3, 5))
    return "GEOMETRYCOLLECTION(" * depth + f"POINT({WEST} {SOUTH})" + ")" * depth


def _spoilt_wkb(rng: Rng) -> bytes:
    """A polygon with some bytes changed, or its end cut off."""
    raw = bytearray(shapely.to_wkb(shapely.Polygon(_square(rng), [_square(rng)])))
    for place in rng.integers(0, min(len(raw), 40), int(rng.integers(1, 4))):
        raw[place] = int(rng.integers(0, 256))
    return bytes(raw[: int(rng.integers(5, len(raw) + 1))] if rng.random() < 0.5 else raw)


def _promising_wkb(rng: Rng) -> bytes:
    """A header that promises four thousand million parts, rings or vertices."""
    kind = int(rng.integers(1, 18))
    return struct.pack("<BII", 1, kind, 0xFFFFFFF0) + bytes(int(rng.integers(0, 200)))


def _many_holes(rng: Rng) -> bytes:
    """Ten thousand holes, some of them across each other."""
    shell = shapely.box(WEST, SOUTH, WEST + 0.1, SOUTH + 0.1).exterior
    corners = rng.uniform(0, 0.099, (10_000, 2)) + np.array([WEST, SOUTH])
    holes = [shapely.box(x, y, x + 5e-4, y + 5e-4).exterior for x, y in corners]
    return bytes(shapely.to_wkb(shapely.Polygon(shell, holes)))


def _ten_megabytes(rng: Rng) -> bytes:
    """655,360 vertices: a circle, or as many random points."""
    if rng.random() < 0.5:
        return bytes(shapely.to_wkb(shapely.Point(WEST, SOUTH).buffer(0.01, quad_segs=163_840)))
    return bytes(shapely.to_wkb(shapely.polygons(_ring(rng, 655_360))))


def _zigzag(rng: Rng) -> bytes:
    """Thousands of long strokes side by side, the box of each over every other: valid, and slow to find so."""
    count = int(rng.integers(2_000, 50_000))
    step = np.arange(count) * 1e-7
    strokes = np.empty((2 * count, 2))
    strokes[0::2] = np.column_stack([WEST + step, np.full(count, SOUTH)])
    strokes[1::2] = np.column_stack([WEST + step + 0.02, np.full(count, SOUTH + 0.02)])
    end = [[WEST + count * 1e-7, SOUTH], [WEST + count * 1e-7, SOUTH - 0.01], [WEST, SOUTH - 0.01], [WEST, SOUTH]]
    return bytes(shapely.to_wkb(shapely.polygons(np.vstack([strokes, end]))))


def _above_the_limit(rng: Rng) -> bytes:
    count = 1_000_001 + int(rng.integers(0, 1000))
    return struct.pack("<BIII", 1, 3, 1, count) + bytes(16 * count)


_MAKERS: Mapping[str, Callable[[Rng, Path], Path]] = {
    "bow-tie": _polygon(_bow_tie),
    "random vertices": _polygon(lambda rng: _ring(rng, int(rng.integers(4, 3000)))),
    "NaN": _polygon(_with(float("nan"))),
    "infinite": _polygon(_with(float("inf"))),
    "huge": _polygon(_with(1e300)),
    "1e999": _geojson(lambda rng: _as_json(_with(-1e308)(rng)).replace("e+308", "e999")),
    "empty": _geojson(lambda rng: '{"type": "Polygon", "coordinates": []}'),
    "empty ring": _geojson(lambda rng: '{"type": "Polygon", "coordinates": [[]]}'),
    "missing": _geojson(lambda rng: "null"),
    "unclosed": _polygon(lambda rng: _square(rng)[:-1]),
    "unclosed in WKB": _parquet(lambda rng: struct.pack("<BIII8d", 1, 3, 1, 4, *np.ravel(_square(rng)[:-1]))),
    "too few points": _polygon(lambda rng: _square(rng)[: int(rng.integers(1, 4))]),
    "antimeridian": _polygon(_antimeridian),
    "swapped axes": _polygon(_swapped),
    "metres called degrees": _polygon(_metres),
    "another county": _polygon(lambda rng: [[x + 5, y] for x, y in _square(rng)]),
    "a point": _geojson(lambda rng: json.dumps({"type": "Point", "coordinates": _square(rng)[0]})),
    "nonsense": _geojson(_nonsense),
    "broken JSON": _geojson(lambda rng: _as_json(_square(rng))[: int(rng.integers(5, 50))]),
    "deep collections": _geojson(_deep_json),
    "deep lists": _geojson(_deep_list),
    "deep WKB in Parquet": _parquet(_deep_wkb),
    "deep WKB in GeoPackage": _gpkg(_deep_wkb),
    "deep WKT": _csv(_deep_wkt),
    "spoilt WKB in Parquet": _parquet(_spoilt_wkb),
    "spoilt WKB in GeoPackage": _gpkg(_spoilt_wkb),
    "promising WKB in Parquet": _parquet(_promising_wkb),
    "promising WKB in GeoPackage": _gpkg(_promising_wkb),
    "ten thousand holes": _parquet(_many_holes),
    "10 MB": _parquet(_ten_megabytes),
    "zigzag": _parquet(_zigzag),
    "above the limit": _parquet(_above_the_limit),
    "WKT that is none": _csv(lambda rng: "POLYGON((" + "(" * int(rng.integers(0, 5000)) + "1 2"),
    "NaN in WKT": _csv(lambda rng: "POLYGON((106.74 27.09, nan nan, 106.75 27.1, 106.74 27.09))"),
    "random vertices in WKT": _csv(lambda rng: shapely.polygons(_ring(rng, int(rng.integers(4, 3000)))).wkt),
}  # fmt: skip
