"""Writing a kind's rows page by page, so that a million of them need no more memory than a few thousand.

The file appears whole or not at all (`write.whole`); what fails while pages are fetched comes out as it was raised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmap.errors import InvalidInput
from gridmap.files.kinds import Shape, Type
from gridmap.files.outgoing import Layout, written
from gridmap.files.sheets import csv_rows, plain, sheet_rows
from gridmap.files.write import whole, writable_format

Pages = Iterable[pd.DataFrame]

#: endings of formats that have geometry of their own
SPATIAL = frozenset({".gpkg", ".geojson", ".json", ".parquet", ".geoparquet"})

#: the geometry types that rows of a kind may have once they are stored
_TYPES: Mapping[Shape, tuple[str, ...]] = {
    Shape.POINT: ("Point",),
    Shape.AREA: ("MultiPolygon",),
    Shape.SITE: ("Point", "Polygon", "MultiPolygon"),
    Shape.LINE: ("MultiLineString",),
    Shape.WATER: ("MultiLineString", "MultiPolygon"),
}


def write_pages(pages: Pages, path: Path, layout: Layout, *, private: bool = False) -> int:
    """Write the rows of a kind, as the store gives them, in the format of the name's ending; returns how many.

    Nothing in it runs in a spreadsheet, and `read_table` with `guess` reads it back; CSV with Chinese headings begins
    with a byte order mark, by which spreadsheets know UTF-8. `private`: only its owner may read the file. InvalidInput
    for an unknown ending, for GeoJSON in another system than WGS84, and for what a format cannot hold; EnvironmentFault
    when the disk refuses it.
    """
    ending = writable_format(path, ENDINGS)
    counted = _Counted(pages, layout)
    if ending in {".geojson", ".json"} and layout.crs != "wgs84":
        raise InvalidInput(f"{path.name}: GeoJSON is WGS84 (RFC 7946). Leave --crs out, or write GeoPackage.")
    whole(path, lambda draft: _WRITERS[ending](counted, draft, layout), private=private)
    return counted.rows


class _Counted:
    """The pages as they stand in the file, counted; keeps what went wrong while they were fetched."""

    def __init__(self, pages: Pages, layout: Layout) -> None:
        self._pages, self._layout = pages, layout
        self.rows = 0
        #: GDAL keeps no more, and would round 23:59:59.9996 into the next day
        self.milliseconds = False
        self.fault: BaseException | None = None

    def __iter__(self) -> Iterator[pd.DataFrame]:
        try:
            for page in self._pages:
                self.rows += len(page)
                ready = written(page, self._layout)
                yield _floored(ready) if self.milliseconds else ready
        except BaseException as error:
            self.fault = error
            raise


def _floored(page: pd.DataFrame) -> pd.DataFrame:
    """Moments as they were up to the millisecond before."""
    moments = [name for name, kind in page.dtypes.items() if isinstance(kind, pd.DatetimeTZDtype)]
    return page.assign(**{str(name): page[name].dt.floor("ms") for name in moments})


# --- text -----------------------------------------------------------------------------------------------------------


def _headings(layout: Layout) -> list[str]:
    return [*(one.heading for one in layout.columns), *layout.place]


def _csv(pages: _Counted, path: Path, layout: Layout) -> None:
    with csv_rows(path, _headings(layout), bom=layout.language == "zh") as take:
        for page in pages:
            take(page)


def _xlsx(pages: _Counted, path: Path, layout: Layout) -> None:
    with sheet_rows(path, _headings(layout)) as take:
        for page in pages:
            take(page)


# --- GeoJSON --------------------------------------------------------------------------------------------------------


def _geojson(pages: _Counted, path: Path, layout: Layout) -> None:
    """RFC 7946, a feature a line, all digits kept: rounded, a county's cells would not come back as they are drawn."""
    pages.milliseconds = True
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f'{{"type": "FeatureCollection", "name": {json.dumps(layout.kind.name)}, "features": [')
        comma = "\n"
        for page in pages:
            for feature in _features(page, layout):
                file.write(comma + feature)
                comma = ",\n"
        file.write("\n]}\n")


def _features(page: pd.DataFrame, layout: Layout) -> Iterator[str]:
    names = [json.dumps(one.heading, ensure_ascii=False) for one in layout.columns]
    columns = [[plain(value) for value in page[one.heading].tolist()] for one in layout.columns]
    shapes = _shapes(page, layout)
    places = [text or "null" for text in shapely.to_geojson(shapely.orient_polygons(shapes)).tolist()]
    for place, *values in zip(places, *columns, strict=True):
        told = ", ".join(f"{name}: {_json(value)}" for name, value in zip(names, values, strict=True))
        yield f'{{"type": "Feature", "properties": {{{told}}}, "geometry": {place}}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _shapes(page: pd.DataFrame, layout: Layout) -> NDArray[np.object_]:
    if not layout.place:
        return np.full(len(page), None, dtype=object)
    return page[layout.place[0]].to_numpy(dtype=object)


# --- Arrow: GeoPackage and Parquet ----------------------------------------------------------------------------------

_ARROW: Mapping[Type, pa.DataType] = {
    Type.COUNT: pa.int64(),
    Type.FLAG: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.DATE: pa.date32(),
    Type.MOMENT: pa.timestamp("us", "UTC"),
}


def _schema(layout: Layout) -> pa.Schema:
    fields = [pa.field(one.heading, _ARROW.get(one.type, pa.string())) for one in layout.columns]
    if layout.place:
        fields.append(pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}))
    return pa.schema(fields)


def _batches(pages: _Counted, schema: pa.Schema, layout: Layout) -> Iterator[pa.RecordBatch]:
    for page in pages:
        arrays = [
            pa.array(page[field.name], field.type, from_pandas=True) for field in schema if field.name != "geometry"
        ]
        if layout.place:
            arrays.append(pa.array(shapely.to_wkb(_shapes(page, layout)), pa.binary()))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _gpkg(pages: _Counted, path: Path, layout: Layout) -> None:
    """Text as TEXT: GDAL, and so QGIS, drops columns that a GeoPackage calls VARCHAR or JSON. Moments in UTC to the
    millisecond, as the format has them, and version 1.2 of it, which QGIS of any age opens without a warning."""
    import pyogrio  # here: GDAL is seldom asked for
    import pyogrio.raw

    pages.milliseconds = True
    schema = _schema(layout)
    types = _TYPES.get(layout.kind.shape, ())
    shape = {"geometry_name": "geometry", "geometry_type": types[0] if len(types) == 1 else "Unknown"}
    try:
        pyogrio.raw.write_arrow(
            pa.RecordBatchReader.from_batches(schema, _batches(pages, schema, layout)),
            path, layer=layout.kind.name, driver="GPKG", crs=_crs_name(layout), VERSION="1.2",
            DATETIME_PRECISION="MILLISECOND", **(shape if layout.place else {}),
        )  # fmt: skip
    except Exception as error:
        if pages.fault is not None:
            raise pages.fault from None  # GDAL tells only that the pages ended
        if isinstance(error, pyogrio.errors.DataSourceError | pyogrio.errors.FeatureError | pyogrio.errors.FieldError):
            raise InvalidInput(f"{path.name} cannot be written: {error}", code="cannot_write") from None
        raise


def _parquet(pages: _Counted, path: Path, layout: Layout) -> None:
    from pyarrow import parquet

    schema = _schema(layout)
    if layout.place:
        schema = schema.with_metadata({b"geo": json.dumps(_geo(layout)).encode()})
    with parquet.ParquetWriter(path, schema) as writer:
        for batch in _batches(pages, schema, layout):
            writer.write_batch(batch)


def _geo(layout: Layout) -> dict[str, Any]:
    """The metadata of GeoParquet 1.1; WGS84 is its default, and GCJ-02 and BD-09 have no name in any format."""
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": list(_TYPES[layout.kind.shape])}
    if layout.crs != "wgs84":
        name = _crs_name(layout)
        column["crs"] = CRS.from_user_input(name).to_json_dict() if name is not None else None
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _crs_name(layout: Layout) -> str | None:
    if not layout.place:
        return None
    return "EPSG:4326" if layout.crs == "wgs84" else layout.crs if layout.crs.startswith("EPSG:") else None


_Writer = Callable[[_Counted, Path, Layout], None]
_WRITERS: Mapping[str, _Writer] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".gpkg": _gpkg,
    ".geojson": _geojson,
    ".json": _geojson,
    ".parquet": _parquet,
    ".geoparquet": _parquet,
    ".xlsx": _xlsx,
}
#: of the files that kinds are written to
ENDINGS = tuple(_WRITERS)
