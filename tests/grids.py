"""Coverages drawn in ASCII: grid("AAB/ACB") gives three cells whose shared borders are equal bit for bit.

A row of text is a row of unit squares, the first row northernmost; a letter is a cell (in as many pieces as it is
drawn), "." and " " are places in no cell.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer

#: near Xifeng; a square of 1/256 degree is exact in binary and about 430 m high
LON, LAT, SIZE_DEG = 106.5, 27.0, 1.0 / 256.0


def grid(
    drawing: str,
    *,
    lon: float = LON,
    lat: float = LAT,
    size_deg: float = SIZE_DEG,
    size_m: float | None = None,
    bend: float = 0.0,
) -> gpd.GeoDataFrame:
    """Cells of a drawing: `code` (the letter) in alphabetical order and `geometry` (EPSG:4326).

    `lon`, `lat`: the south-western corner. `size_deg` or, when given, `size_m`: the side of a square; in metres the
    squares are true ones on the ground, their edges slanted in degrees. `bend`: moves each inner vertex at random by up
    to this part of a side (below 0.5), so that borders run in no simple direction; neighbours stay exact.
    """
    rows = drawing.split("/")
    width = max(map(len, rows))
    x, y = np.meshgrid(np.arange(width + 1.0), np.arange(len(rows), -1.0, -1.0))
    if bend:
        rng = np.random.default_rng(7)
        x[1:-1, 1:-1] += rng.uniform(-bend, bend, x[1:-1, 1:-1].shape)
        y[1:-1, 1:-1] += rng.uniform(-bend, bend, y[1:-1, 1:-1].shape)
    x, y = _place(x, y, lon, lat, size_deg, size_m)
    squares: dict[str, list[shapely.Polygon]] = {}
    for i, row in enumerate(rows):
        for j, letter in enumerate(row):
            if letter not in ". ":
                corners = [(i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
                squares.setdefault(letter, []).append(shapely.Polygon([(x[c], y[c]) for c in corners]))
    letters = sorted(squares)
    shapes = [shapely.coverage_union_all(squares[letter]) for letter in letters]
    return gpd.GeoDataFrame({"code": letters}, geometry=[_exact(shape) for shape in shapes], crs="EPSG:4326")


def _exact(shape: shapely.Geometry) -> shapely.Geometry:
    return shape if shape.geom_type == "Polygon" else shapely.multipolygons(shapely.get_parts(shape))


def _place(
    x: np.ndarray, y: np.ndarray, lon: float, lat: float, size_deg: float, size_m: float | None
) -> tuple[np.ndarray, np.ndarray]:
    if size_m is None:
        return lon + x * size_deg, lat + y * size_deg
    local = CRS.from_proj4(f"+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +datum=WGS84 +units=m")
    to_degrees = Transformer.from_crs(local, "EPSG:4326", always_xy=True)
    lon_out, lat_out = to_degrees.transform((x * size_m).ravel(), (y * size_m).ravel())
    return np.reshape(lon_out, x.shape), np.reshape(lat_out, y.shape)
