"""Writing a table: CSV that runs nothing, GeoPackage, GeoJSON by RFC 7946, Parquet, xlsx; whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.errors import EnvironmentFault, InvalidInput
from gridmap.files.table import Reject
from gridmap.parsing.formulas import inert
from gridmap.parsing.sheettext import escaped

#: RFC 7946 asks for no more; 7 digits of a degree are about 1 cm
GEOJSON_DIGITS = 7


def writable_format(path: Path) -> str:
    """The format that a name's ending asks for; InvalidInput listing those that are written."""
    name = path.name.lower()
    for ending in _WRITERS:
        if name.endswith(ending):
            return ending
    raise InvalidInput(f"{path.name}: give the output one of the endings {', '.join(_WRITERS)}.", code="unknown_format")


def write_table(
    frame: pd.DataFrame, path: str | os.PathLike[str], crs: str | None = "EPSG:4326", *, bom: bool = False
) -> None:
    """Write a frame to CSV (also .gz), GeoPackage, GeoJSON, Shapefile, Parquet or xlsx, by the name's ending.

    A column `geometry` of shapely geometries is written as geometry in `crs` (None: unnamed), and as WKT where the
    format has none. GeoJSON is converted to WGS84. Text that a spreadsheet would run is made inert in CSV and xlsx;
    `read_table` reads it back unchanged. `bom` begins CSV with a byte order mark, by which spreadsheets know UTF-8. The
    file appears whole or not at all. InvalidInput for an unknown ending; EnvironmentFault when the disk refuses it.
    """
    target = Path(path)
    write = _WRITERS[writable_format(target)]
    _whole(target, lambda draft: write(frame, draft, crs, bom))


def write_rejects(rejects: Iterable[Reject], path: str | os.PathLike[str]) -> None:
    """Write faults as a table: row, field, reason, value. Holds what the source held: keep it as carefully."""
    listed = list(rejects)
    frame = pd.DataFrame(
        {
            "row": pd.Series([reject.row for reject in listed], dtype=np.int64),
            **{
                name: pd.Series([getattr(reject, name) for reject in listed], dtype=object)
                for name in ("field", "reason", "value")
            },
        }
    )
    foreign = any(not (reject.reason + reject.value + reject.field).isascii() for reject in listed)
    write_table(frame, path, bom=foreign)


def _whole(target: Path, write: Callable[[Path], None]) -> None:
    """Write beside the target, then put it in its place in one step."""
    draft = target.with_name(f".{secrets.token_hex(6)}.{target.name}")
    try:
        write(draft)
        draft.replace(target)
    except OSError as error:
        raise EnvironmentFault(
            f"{target} cannot be written ({error.strerror or error}). "
            "Is the folder there, may you write to it, is the disk full?",
            code="cannot_write",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


# --- CSV ------------------------------------------------------------------------------------------------------------


def _csv(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del crs  # a CSV has no place to say it
    packed = path.name.lower().endswith(".gz")
    with (
        gzip.open(path, "wb") if packed else path.open("wb") as raw,
        io.TextIOWrapper(raw, "utf-8-sig" if bom else "utf-8", newline="") as text,
    ):
        writer = csv.writer(_LineFeeds(text), lineterminator="\r\n")
        writer.writerow([inert(str(name)) for name in frame.columns])
        writer.writerows(zip(*(_cells(frame[name]) for name in frame.columns), strict=True))


class _LineFeeds:
    """Takes records ended by CR LF, which makes the writer quote both inside a field, and ends them by LF."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def write(self, record: str) -> int:
        return self._text.write(record.removesuffix("\r\n") + "\n")


def _cells(column: pd.Series[Any]) -> list[str]:
    return [_cell(value) for value in column.tolist()]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return inert(value)
    plain = _plain(value)
    return "" if plain is None else inert(plain) if isinstance(plain, str) else str(plain)


def _plain(value: Any) -> Any:
    """A value as text, number or None: dates as ISO 8601, geometry as WKT."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkt(value, rounding_precision=-1)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


# --- xlsx -----------------------------------------------------------------------------------------------------------


def _xlsx(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del crs, bom
    from openpyxl import Workbook  # here: slow to load, and seldom asked for
    from openpyxl.cell import WriteOnlyCell

    if len(frame) >= 1_048_576:
        raise InvalidInput(
            f"{path.name}: a sheet holds 1,048,575 rows, not {len(frame):,}. Write CSV.", code="too_many_rows"
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("gridmap")

    def cell(value: Any) -> Any:
        plain = _plain(value)
        if not isinstance(plain, str):
            return plain
        one = WriteOnlyCell(sheet, escaped(plain))
        one.data_type = "s"  # a text that begins with "=" stays a text
        return one

    sheet.append([cell(str(name)) for name in frame.columns])
    for record in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        sheet.append([cell(value) for value in record])
    book.save(path)


# --- spatial formats ------------------------------------------------------------------------------------------------


def _gpkg(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del bom
    _with_gdal(_spatial(frame, crs), path, driver="GPKG", layer="gridmap")


def _geojson(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del bom
    if "geometry" not in frame.columns:
        raise InvalidInput(f"{path.name}: there is no geometry to write; write CSV.", code="no_geometry")
    spatial = _spatial(frame, crs)
    if spatial.crs is not None and not spatial.crs.equals("EPSG:4326", ignore_axis_order=True):
        spatial = spatial.to_crs("EPSG:4326")
    _with_gdal(spatial, path, driver="GeoJSON", RFC7946="YES", COORDINATE_PRECISION=str(GEOJSON_DIGITS))


def _shapefile(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del bom
    from gridmap.files.shapefile import write_shapefile  # here: GDAL is seldom asked for

    if "geometry" not in frame.columns:
        raise InvalidInput(f"{path.name}: there is no geometry to write; write CSV.", code="no_geometry")
    write_shapefile(_spatial(frame, crs), path, path.name.split(".", 2)[-1].removesuffix(path.suffix))


def _parquet(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del bom
    ready = _storable(frame)
    if "geometry" in frame.columns:
        _spatial(ready, crs).to_parquet(path, index=False)
    else:
        ready.to_parquet(path, index=False)


def _spatial(frame: pd.DataFrame, crs: str | None) -> Any:
    ready = _storable(frame)
    if "geometry" not in ready.columns:
        return ready
    return gpd.GeoDataFrame(ready, geometry=np.asarray(frame["geometry"], dtype=object), crs=crs)


def _with_gdal(frame: Any, path: Path, **options: Any) -> None:
    import pyogrio  # here: GDAL is seldom asked for

    try:
        pyogrio.write_dataframe(frame, path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, pyogrio.errors.FieldError) as error:
        raise InvalidInput(f"{path.name.split('.', 2)[-1]} cannot be written: {error}", code="cannot_write") from None


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Object columns that mix types become text; columns of text, dates or numbers stay what they are."""
    ready = frame.copy(deep=False)
    for name in frame.columns:
        column = frame[name]
        if name == "geometry" or column.dtype != object:
            continue
        kinds = {type(value) for value in column.tolist() if value is not None}
        if len(kinds) > 1:
            ready[name] = pd.Series(
                [None if _plain(v) is None else str(_plain(v)) for v in column], column.index, dtype=object
            )
    return ready


_Writer = Callable[[pd.DataFrame, Path, str | None, bool], None]
_WRITERS: Mapping[str, _Writer] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".gpkg": _gpkg,
    ".geojson": _geojson,
    ".json": _geojson,
    ".shp": _shapefile,
    ".parquet": _parquet,
    ".geoparquet": _parquet,
    ".xlsx": _xlsx,
}
