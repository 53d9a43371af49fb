"""Awkward inputs, shared by all tests, so that a new function inherits the edge cases.

Each catalogue maps a name, good as a test id, to a value: `parametrize("name", AWKWARD_POINTS)`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import shapely

NAN, INF = math.nan, math.inf

#: a place in Xifeng county, as a point of reference
HOME = (106.74, 27.09)

#: (lon, lat) that are in no cell, or that no cell may be asked about without care
AWKWARD_POINTS: Mapping[str, tuple[float, float]] = {
    "nan": (NAN, NAN),
    "nan_lon": (NAN, 27.09),
    "nan_lat": (106.74, NAN),
    "inf": (INF, INF),
    "minus_inf_lat": (106.74, -INF),
    "swapped": (27.09, 106.74),
    "null_island": (0.0, 0.0),
    "north_pole": (0.0, 90.0),
    "south_pole": (106.74, -90.0),
    "antimeridian": (180.0, 27.09),
    "antimeridian_west": (-180.0, 27.09),
    "antipode": (106.74 - 180.0, -27.09),
    "projected_metres": (670_000.0, 2_998_000.0),
    "web_mercator": (11_882_200.0, 3_132_900.0),
    "lon_beyond_180": (466.74, 27.09),
    "huge": (1e300, -1e300),
    "largest": (np.finfo(np.float64).max, np.finfo(np.float64).max),
    "denormal": (5e-324, -5e-324),
    "another_country": (-87.63, 41.88),
}

#: what is no number, as it comes in a column or a form
AWKWARD_NUMBERS: Mapping[str, object] = {
    "text": "N/A",
    "above": ">0",
    "words": "east",
    "list": [[1.0, 2.0], [3.0, 4.0]],
    "mapping": {"lon": 1.0},
}


def _ring(*points: tuple[float, float]) -> shapely.Polygon:
    """A polygon around `HOME` from offsets in hundredths of a degree, whatever is wrong with it."""
    coords = np.array(points, dtype=np.float64) / 100.0 + HOME
    with np.errstate(invalid="ignore"):
        return shapely.polygons(coords)


#: shapes that no cell may have: each must be named by its row, never crash
INVALID_SHAPES: Mapping[str, shapely.Geometry | None] = {
    "missing": None,
    "empty_polygon": shapely.Polygon(),
    "empty_multipolygon": shapely.MultiPolygon(),
    "empty_collection": shapely.GeometryCollection(),
    "point": shapely.Point(HOME),
    "line": shapely.LineString([HOME, (106.75, 27.10)]),
    "collection": shapely.GeometryCollection([shapely.Point(HOME), shapely.box(106.74, 27.09, 106.75, 27.10)]),
    "bow_tie": _ring((0, 0), (1, 1), (1, 0), (0, 1), (0, 0)),
    "spike": _ring((0, 0), (1, 0), (1, 1), (1, 3), (1, 1), (0, 1), (0, 0)),
    "collapsed": _ring((0, 0), (1, 1), (0, 0), (0, 0)),
    "one_place": _ring((0, 0), (0, 0), (0, 0), (0, 0)),
    "figure_of_eight": _ring((0, 0), (1, 1), (2, 0), (2, 2), (1, 1), (0, 2), (0, 0)),
    "hole_outside": shapely.Polygon(
        shapely.box(106.74, 27.09, 106.75, 27.10).exterior, [shapely.box(107.0, 27.0, 107.1, 27.1).exterior]
    ),
    "hole_across": shapely.Polygon(
        shapely.box(106.74, 27.09, 106.75, 27.10).exterior, [shapely.box(106.745, 27.095, 106.76, 27.098).exterior]
    ),
    "parts_overlap": shapely.MultiPolygon(
        [shapely.box(106.74, 27.09, 106.75, 27.10), shapely.box(106.745, 27.095, 106.76, 27.11)]
    ),
    "nan_vertex": _ring((0, 0), (1, 0), (NAN, NAN), (0, 1), (0, 0)),
    "inf_vertex": _ring((0, 0), (1, 0), (INF, 1), (0, 1), (0, 0)),
    "metres_called_degrees": shapely.box(670_000.0, 2_998_000.0, 671_000.0, 2_999_000.0),
}

#: shapes that are unusual and still right: each must be taken as it is
VALID_SHAPES: Mapping[str, shapely.Geometry] = {
    "clockwise": shapely.Polygon(shapely.box(106.74, 27.09, 106.75, 27.10).exterior.coords[::-1]),
    "with_height": shapely.force_3d(shapely.box(106.74, 27.09, 106.75, 27.10), 1_100.0),
    "repeated_vertices": _ring((0, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 1), (0, 0)),
    "hole": shapely.box(106.74, 27.09, 106.75, 27.10).difference(shapely.box(106.743, 27.093, 106.746, 27.096)),
    "hole_touching_shell": _ring((0, 0), (2, 0), (2, 2), (0, 2), (0, 0)).difference(_ring((0, 1), (1, 0.5), (1, 1.5))),
    "pieces": shapely.MultiPolygon(
        [shapely.box(106.74, 27.09, 106.75, 27.10), shapely.box(106.77, 27.09, 106.78, 27.10)]
    ),
    "pieces_touching": shapely.MultiPolygon(
        [shapely.box(106.74, 27.09, 106.75, 27.10), shapely.box(106.75, 27.10, 106.76, 27.11)]
    ),
    "island_in_hole": shapely.MultiPolygon(
        [
            shapely.box(106.74, 27.09, 106.78, 27.13).difference(shapely.box(106.75, 27.10, 106.77, 27.12)),
            shapely.box(106.755, 27.105, 106.765, 27.115),
        ]
    ),
    "hairline": shapely.box(106.74, 27.09, 106.74 + 1e-9, 27.10),
    "many_vertices": shapely.Point(HOME).buffer(0.01, quad_segs=1_000),
}

#: what people and attackers write; every one must come back as it went in, and do nothing on the way
AWKWARD_TEXT: Mapping[str, str] = {
    "script": "<script>window.pwned=1</script>",
    "script_end": "</script><script>window.pwned=1</script>",
    "image": "<img src=x onerror=window.pwned=1>",
    "template": "${window.pwned=1}",
    "backtick": "`${window.pwned=1}`",
    "jinja": "{{ 7 * 7 }}{% raw %}",
    "javascript_url": "javascript:window.pwned=1",
    "attribute": "\" onmouseover=\"window.pwned=1",
    "formula": "=HYPERLINK(\"x\")",
    "formula_plus": "+1+1",
    "formula_minus": "-1+1",
    "formula_at": "@SUM(A1)",
    "formula_tab": "\t=1+1",
    "formula_return": "\r=1+1",
    "quotes": "it's \"quoted\", comma; semicolon",
    "sql": "x'); DROP TABLE incidents;--",
    "percent": "100 % _ like",
    "newlines": "one\ntwo\r\nthree",
    "line_separator": "a\u2028b\u2029c",
    "right_to_left": "abc\u202edcba",
    "chinese": "息烽县永靖镇 1 号井放炮震裂墙壁",
    "beyond_bmp": "𠮷野家 👩‍👩‍👧 \U0001f4a5",
    "combining": "e\u0301",
    "path": "../../etc/passwd",
    "long": "长" * 10_000,
}  # fmt: skip
