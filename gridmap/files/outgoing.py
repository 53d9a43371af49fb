"""What `gridmap export` writes of a kind: its columns, their headings in two languages, and values as files hold them.

Everything here is the way back of `canonical`: the headings are those that `guess` knows, the values those that
`values` reads. A property test holds the two together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmap.files.kinds import WKT, Field, Kind, Shape, Type, X, Y
from gridmap.files.values import DAY_NAMES
from gridmap.ground import convert, parse_crs

Language = Literal["en", "zh"]

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PLANE = {"en": ("x", "y"), "zh": ("x坐标", "y坐标")}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: the field it comes from, what stands above it, how its values are understood."""

    name: str
    heading: str
    type: Type


@dataclass(frozen=True, slots=True)
class Layout:
    """How a kind's rows stand in a file.

    `crs`: the system of the coordinates (see `ground.parse_crs`). `spatial`: the format has geometry of its own, else a
    point stands in two columns, and any other shape as WKT. `zone`: in which moments are written as text.
    """

    kind: Kind
    columns: tuple[Column, ...]
    language: Language
    crs: str
    spatial: bool
    zone: tzinfo

    @property
    def place(self) -> tuple[str, ...]:
        """The headings of the place: none, one of geometry, or two of numbers."""
        shape = self.kind.shape
        if shape is Shape.NONE:
            return ()
        if self.spatial or shape is not Shape.POINT:
            return ("geometry" if self.spatial else heading(WKT, self.language),)
        if self.crs.startswith("EPSG:") and not CRS.from_user_input(self.crs).is_geographic:
            return _PLANE[self.language]
        return ("lon", "lat") if self.language == "en" else (heading(X, "zh"), heading(Y, "zh"))


def layout_of(kind: Kind, *, personal: bool, language: Language, crs: str, spatial: bool, zone: tzinfo) -> Layout:
    """The layout of a kind; sealed fields only where `personal`."""
    told = [one for one in kind.fields if one.written and (personal or not one.personal)]
    columns = tuple(Column(one.name, heading(one, language), one.type) for one in (*told, *kind.shown))
    return Layout(kind, columns, language, parse_crs(crs), spatial, zone)


def heading(field: Field, language: Language) -> str:
    """What stands above a field's column: its name, or the first Chinese heading that `guess` knows it by."""
    if language == "en":
        return field.name
    return next((alias for alias in field.aliases if _CHINESE.search(alias)), field.name)


def written(rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Rows of the store (a column for each field, `geom` in WGS84) as they stand in the file, geometry last.

    Days are dates, moments have their time zone, times of day read "08:30", days of the week "Mon,Tue" or "daily".
    """
    out = {one.heading: _values(rows[one.name], one.type, layout.zone) for one in layout.columns}
    if layout.place:
        out |= _place(rows["geom"].to_numpy(dtype=object), layout)
    return pd.DataFrame(out, index=rows.index)


def _values(column: pd.Series[Any], kind: Type, zone: tzinfo) -> pd.Series[Any]:
    match kind:
        case Type.MOMENT:
            local: pd.Series[Any] = column.dt.tz_convert(zone)
            return local
        case Type.MINUTES:
            return _texts(column, lambda value: f"{int(value) // 60:02}:{int(value) % 60:02}")
        case Type.WEEKDAYS:
            return _texts(column, lambda value: days_text(int(value)))
        case _:
            return column


def days_text(mask: int) -> str:
    """Days of the week as `values.weekdays` reads them: "daily", or "Mon,Wed"."""
    return "daily" if mask == 127 else ",".join(name for bit, name in enumerate(DAY_NAMES) if mask >> bit & 1)


def _texts(column: pd.Series[Any], text: Any) -> pd.Series[Any]:
    return pd.Series(
        [None if pd.isna(value) else text(value) for value in column.tolist()], index=column.index, dtype=object
    )


def _place(shapes: NDArray[np.object_], layout: Layout) -> dict[str, Any]:
    moved = shapes
    if layout.crs != "wgs84":
        moved = shapely.transform(shapes, lambda x, y: convert(x, y, "wgs84", layout.crs), interleaved=False)
    if len(layout.place) == 2:
        return dict(zip(layout.place, (shapely.get_x(moved), shapely.get_y(moved)), strict=True))
    return {layout.place[0]: pd.Series(moved, dtype=object).to_numpy()}
