"""Parquet and GeoParquet, in the child: by pyarrow alone, batch by batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from gridmap.errors import InvalidInput
from gridmap.parsing.limits import Limits
from gridmap.parsing.sink import Sink

_BATCH = 16_384


def read(path: Path, sink: Sink, limits: Limits) -> dict[str, Any]:
    """Read the file into the sink; returns crs (name, PROJJSON text or None), warnings, faults, spatial."""
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        if file.metadata.num_rows > limits.rows:  # a few bytes may stand for a billion rows
            raise InvalidInput(
                f"{path.name} holds {file.metadata.num_rows:,} rows, more than {limits.rows:,}. Split it.",
                code="too_large", file=path.name,
            )  # fmt: skip
        return _read(path, file, sink)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(
            f"{path.name}: the Parquet file is damaged ({error}).", code="damaged", file=path.name
        ) from None


def _read(path: Path, file: Any, sink: Sink) -> dict[str, Any]:
    geometry, crs = _geo(path, file.schema_arrow)
    others = [name for name in file.schema_arrow.names if name != geometry and not name.startswith("__index_level_")]
    names = [*others, *([geometry] if geometry else [])]
    if len(set(names)) != len(names):
        raise InvalidInput(
            f"{path.name}: two columns have the same name. Rename one.", code="same_names", file=path.name
        )
    called = [*("geometry_attribute" if geometry and name == "geometry" else name for name in others)]
    called += ["geometry"] if geometry else []
    write = sink.spatial if geometry else sink.write
    write(pa.RecordBatch.from_arrays([_plain(pa.array([], file.schema_arrow.field(n).type)) for n in names], called))
    for batch in file.iter_batches(_BATCH, columns=names):
        write(pa.RecordBatch.from_arrays([_plain(batch.column(name)) for name in names], called))
    return {"crs": crs, "spatial": geometry is not None, "warnings": [], "faults": sink.faults}


def _plain(column: pa.Array) -> pa.Array:
    """Dictionaries decoded and extension types unwrapped."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    return column


def _geo(path: Path, schema: pa.Schema) -> tuple[str | None, str | None]:
    """The geometry column and its CRS by the file's GeoParquet metadata."""
    told = (schema.metadata or {}).get(b"geo")
    if told is None:
        return None, None
    try:
        geo = json.loads(told)
        name = str(geo["primary_column"])
        column = dict(geo["columns"][name])
        binary: Any = _plain(pa.array([], schema.field(name).type)).type
    except (ValueError, KeyError, TypeError, RecursionError):
        binary = None
    if binary is not None and column.get("encoding") not in (None, "WKB"):
        raise InvalidInput(
            f"{path.name}: its geometry is encoded as {column['encoding']}; only WKB is read. Export it with WKB.",
            code="unknown_geometry_encoding", file=path.name,
        )  # fmt: skip
    if binary is None or not (pa.types.is_binary(binary) or pa.types.is_large_binary(binary)):
        raise InvalidInput(
            f"{path.name}: what it says of its geometry (the GeoParquet metadata) does not fit its columns. Export it "
            "again.", code="damaged", file=path.name,
        )  # fmt: skip
    return name, _crs(column.get("crs", "EPSG:4326"))  # absent means lon/lat on WGS84, null means unknown


def _crs(said: Any) -> str | None:
    """The name or PROJJSON text of what GeoParquet says."""
    if isinstance(said, dict):
        known = said.get("id")
        if isinstance(known, dict) and {"authority", "code"} <= known.keys():
            said = f"{known['authority']}:{known['code']}"
        else:
            said = json.dumps(said)
    return "EPSG:4326" if said == "OGC:CRS84" else None if said is None else str(said)
