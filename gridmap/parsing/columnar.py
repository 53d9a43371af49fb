"""Parquet and GeoParquet, in the child: by pyarrow alone, batch by batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from gridmap.errors import InvalidInput
from gridmap.parsing.sink import Sink

_BATCH = 16_384


def read(path: Path, sink: Sink) -> dict[str, Any]:
    """Read the file into the sink; returns crs (name, PROJJSON text or None), warnings and whether it is spatial."""
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidInput(
            f"{path.name}: the Parquet file is damaged ({error}).", code="damaged", file=path.name
        ) from None
    geometry, crs = _geo(path, file.schema_arrow.metadata or {})
    others = [name for name in file.schema_arrow.names if name != geometry and not name.startswith("__index_level_")]
    names = [*others, *([geometry] if geometry else [])]
    if len(set(names)) != len(names):
        raise InvalidInput(
            f"{path.name}: two columns have the same name. Rename one.", code="same_names", file=path.name
        )
    called = [*("geometry_attribute" if geometry and name == "geometry" else name for name in others)]
    called += ["geometry"] if geometry else []
    sink.write(
        pa.RecordBatch.from_arrays([_plain(pa.array([], file.schema_arrow.field(n).type)) for n in names], called)
    )
    for batch in file.iter_batches(_BATCH, columns=names):
        sink.write(pa.RecordBatch.from_arrays([_plain(batch.column(name)) for name in names], called))
    return {"crs": crs, "spatial": geometry is not None, "warnings": []}


def _plain(column: pa.Array) -> pa.Array:
    """Dictionaries decoded and extension types unwrapped."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    return column


def _geo(path: Path, metadata: dict[bytes, bytes]) -> tuple[str | None, str | None]:
    """The geometry column and its CRS by the file's GeoParquet metadata."""
    if b"geo" not in metadata:
        return None, None
    geo = json.loads(metadata[b"geo"])
    name = str(geo["primary_column"])
    column = geo["columns"][name]
    if column.get("encoding") != "WKB":
        raise InvalidInput(
            f"{path.name}: its geometry is encoded as {column.get('encoding')}; only WKB is read. Export it with WKB.",
            code="unknown_geometry_encoding", file=path.name,
        )  # fmt: skip
    crs = column.get("crs", "EPSG:4326")  # GeoParquet: absent means lon/lat on WGS84, null means unknown
    if isinstance(crs, dict):
        known = crs.get("id") or {}
        crs = f"{known['authority']}:{known['code']}" if "code" in known else json.dumps(crs)
    return name, "EPSG:4326" if crs == "OGC:CRS84" else crs
