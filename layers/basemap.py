"""The base map, from what the county itself has stored: built-up land, water, roads and the names of places.

Built-up land is what the households' surroundings leave when grown and shrunk: shapes of settlements, not of houses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import shapely
from scipy.ndimage import distance_transform_edt, gaussian_filter

from gridmap.view import Kind
from layers import style
from layers.layer import COARSE, EVERYONE, Field, Lang, Layer, LegendItem, Param, Words
from layers.plane import Floats, Geometries, Plane, filled

ROAD_CLASSES: Final = ("main", "minor", "track")

GROWN_M: Final = 62.0
SHRUNK_M: Final = 40.0
#: the raster that the growing is done on; unions of 60,000 discs would take half a minute, this takes two seconds
STEP_M: Final = 16.0
#: how far an outline may be smoothed: close up, and at county scale
CLOSE_M: Final = 4.0
COUNTY_M: Final = 25.0


def built_up(lon: Floats, lat: Floats, *, least: int = 1, tolerance_m: float = CLOSE_M) -> pd.DataFrame:
    """Built-up land around households: one row a settlement, a Polygon (EPSG:4326) in `geom` and its `households`.

    lon, lat: float64 arrays (n,) of degrees; rows that are not finite are left out. `least`: settlements of fewer
    households are not drawn; what leaves the house takes 8, so that no shape stands for one family. `tolerance_m`:
    how far a simplified outline may lie from the full one.
    """
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        return pd.DataFrame({"geom": np.empty(0, dtype=object), "households": np.empty(0, dtype=np.int64)})
    plane = Plane.around(lon[known].min(), lat[known].min(), lon[known].max(), lat[known].max())
    x, y = plane.metres(lon[known], lat[known])
    parts = shapely.simplify(_settlements(x, y), tolerance_m)
    parts = parts[~shapely.is_empty(parts)]
    nearest = shapely.STRtree(parts).query(shapely.points(x, y), predicate="dwithin", distance=STEP_M)[1]
    held = np.bincount(nearest, minlength=len(parts))
    drawn = held >= least
    return pd.DataFrame({"geom": plane.geometries_to_degrees(parts[drawn]), "households": held[drawn]})


def _settlements(x: Floats, y: Floats) -> Geometries:
    """Polygons in metres: everything within GROWN_M of a household, shrunk by SHRUNK_M."""
    x0, y0 = x.min() - 2 * GROWN_M, y.min() - 2 * GROWN_M
    shape = (int((y.max() - y0 + 2 * GROWN_M) / STEP_M) + 2, int((x.max() - x0 + 2 * GROWN_M) / STEP_M) + 2)
    empty = np.ones(shape, dtype=np.bool_)
    empty[np.round((y - y0) / STEP_M).astype(np.int64), np.round((x - x0) / STEP_M).astype(np.int64)] = False
    grown = distance_transform_edt(empty, sampling=STEP_M) <= GROWN_M
    depth = gaussian_filter(distance_transform_edt(grown, sampling=STEP_M).astype(np.float32), 1.0)
    # a square's centre lies half a step inside the outline that the mask stands for
    least_depth = SHRUNK_M - STEP_M / 2
    return filled(x0 + STEP_M * np.arange(shape[1]), y0 + STEP_M * np.arange(shape[0]), depth, least_depth, np.inf)


def _land_legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return (LegendItem("fill", Words("居民地", "Built-up land").of(lang), style.BUILT_UP),)


def _water_legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return (LegendItem("line", Words("河流、湖泊", "Rivers and lakes").of(lang), style.WATER, width=3),)


def _road_legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return (LegendItem("line", Words("道路", "Roads").of(lang), style.ROAD_CASING, width=3),)


_NAME = Field("name", Words("名称", "Name"), column_en="name_en", audiences=EVERYONE)
_CLASS = Field("class", Words("类别", "Class"), audiences=EVERYONE)

LAND = Layer(
    name="land",
    title=Words("居民地", "Built-up land"),
    kind=Kind.BASEMAP,
    geometry="polygon",
    fields=(),
    source="computed",
    params=(Param("detail", "choice", Words("细节", "Detail"), choices=("county", "close")),),
    audiences=EVERYONE,
    style={"fill": style.BUILT_UP},
    decimals=COARSE,
    draw_legend=_land_legend,
)

WATER = Layer(
    name="water",
    title=Words("水系", "Water"),
    kind=Kind.BASEMAP,
    geometry="mixed",
    fields=(_NAME, _CLASS, Field("width", Words("等级", "Order"), audiences=EVERYONE)),
    source="water",
    audiences=EVERYONE,
    style={"colour": style.WATER},
    decimals=COARSE,
    draw_legend=_water_legend,
)

ROADS = Layer(
    name="roads",
    title=Words("道路", "Roads"),
    kind=Kind.BASEMAP,
    geometry="line",
    fields=(_NAME, _CLASS),
    source="roads",
    params=(Param("class", "choices", Words("类别", "Class"), choices=ROAD_CLASSES),),
    audiences=EVERYONE,
    decimals=COARSE,
    style={name: style.LINES[f"road_{name}"].as_dict() for name in ROAD_CLASSES},
    draw_legend=_road_legend,
)

PLACES = Layer(
    name="places",
    title=Words("地名", "Places"),
    kind=Kind.BASEMAP,
    geometry="point",
    fields=(_NAME, _CLASS),
    source="places",
    audiences=EVERYONE,
)
