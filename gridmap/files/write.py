"""Writing a table: CSV that runs nothing, GeoPackage, GeoJSON by RFC 7946, Parquet, xlsx; whole or not at all."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.errors import EnvironmentFault, InvalidInput
from gridmap.files.sheets import csv_rows, plain, sheet_rows
from gridmap.files.table import Reject

#: RFC 7946 asks for no more; 7 digits of a degree are about 1 cm
GEOJSON_DIGITS = 7


def writable_format(path: Path, endings: Collection[str] | None = None) -> str:
    """The format that a name's ending asks for, of `endings` or all; InvalidInput listing those that are written."""
    name, known = path.name.lower(), _WRITERS if endings is None else endings
    for ending in known:
        if name.endswith(ending):
            return ending
    raise InvalidInput(f"{path.name}: give the output one of the endings {', '.join(known)}.", code="unknown_format")


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
    whole(target, lambda draft: write(frame, draft, crs, bom))


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


def whole(target: Path, write: Callable[[Path], None], *, private: bool = False) -> None:
    """Write in a folder of our own beside the target, then put it in its place in one step.

    What `write` puts beside its draft comes along, each file complete and before the target itself. `private`: only its
    owner may read it. What fails leaves nothing behind; EnvironmentFault when the disk refuses.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".gridmap-", dir=target.parent) as folder:
            draft = Path(folder) / target.name
            write(draft)
            for part in sorted(Path(folder).iterdir(), key=lambda one: one == draft):
                if private:
                    part.chmod(0o600)
                part.replace(target.with_name(part.name))
    except OSError as error:
        raise EnvironmentFault(
            f"{target} cannot be written ({error.strerror or error}). "
            "Is the folder there, may you write to it, is the disk full?",
            code="cannot_write",
        ) from error


def _csv(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del crs  # a CSV has no place to say it
    with csv_rows(path, list(map(str, frame.columns)), bom=bom) as take:
        take(frame)


def _xlsx(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del crs, bom
    with sheet_rows(path, list(map(str, frame.columns))) as take:
        take(frame)


# --- spatial formats ------------------------------------------------------------------------------------------------


def _gpkg(frame: pd.DataFrame, path: Path, crs: str | None, bom: bool) -> None:
    del bom
    # version 1.2 of it: QGIS of any age opens that without a warning
    _with_gdal(_spatial(frame, crs), path, driver="GPKG", layer="gridmap", VERSION="1.2")


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
    write_shapefile(_spatial(frame, crs), path)


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
        with warnings.catch_warnings():
            # whoever calls says it in words: see `cli.output.write_findings`
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            pyogrio.write_dataframe(frame, path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, pyogrio.errors.FieldError) as error:
        raise InvalidInput(f"{path.name} cannot be written: {error}", code="cannot_write") from None


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
                [None if plain(v) is None else str(plain(v)) for v in column], column.index, dtype=object
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
