"""Points that are hard to place, and where they are by definition: for all tests of assignment."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely


def hard_points(cells: gpd.GeoDataFrame, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices, midpoints, places on edges, one ulp beside all of these, and random ones around."""
    rng = np.random.default_rng(seed)
    coords, owner = shapely.get_coordinates(shapely.get_rings(cells.geometry.values), return_index=True)
    same = owner[1:] == owner[:-1]
    a, b = coords[:-1][same], coords[1:][same]
    on = np.vstack([a, (a + b) / 2.0, a + rng.random((len(a), 1)) * (b - a)])
    beside = np.nextafter(on, on + rng.choice([-1.0, 1.0], on.shape))
    west, south, east, north = cells.total_bounds
    around = rng.uniform((west - 0.001, south - 0.001), (east + 0.001, north + 0.001), (60, 2))
    points = np.vstack([on, beside, around])
    return points[:, 0], points[:, 1]


def by_loop(cells: gpd.GeoDataFrame, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """The definition: the lowest code among the cells that GEOS says the point is covered by."""
    points, found = shapely.points(lon, lat), np.full(len(lon), -1)
    for row in sorted(range(len(cells)), key=lambda r: str(cells["code"].iloc[r]), reverse=True):
        found[shapely.covered_by(points, cells.geometry.iloc[row])] = row
    return found
