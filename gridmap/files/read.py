"""Reading a file of any known format: parsed in a limited child process, handed back as Arrow, made a frame here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

import gridmap
from gridmap.errors import EnvironmentFault, InvalidInput
from gridmap.files.table import Reject, Table
from gridmap.parsing.formats import DRIVERS, KNOWN_DRIVERS, format_of
from gridmap.parsing.limits import Limits
from gridmap.parsing.sink import ROW

#: what the child gets of our environment; nothing else, so no secret of ours is within a parser's reach
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TZ")

#: no network, no plug-ins, no code from files; and Arrow's plain allocator, which does not reserve address space ahead
_GUARDED = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",
    "GDAL_HTTP_TIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_NUM_THREADS": "1",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "512",
    "PROJ_NETWORK": "OFF",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
}


def read_table(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> Table:
    """Read one table of GeoPackage, GeoJSON, Shapefile (.shp or .zip), xlsx, CSV (also .gz) or Parquet.

    `layer` names the layer, sheet, or Shapefile in an archive where there are several; `encoding` overrides what the
    bytes look like. The bytes must be what the name says. Rows that cannot be split into columns are in the table's
    `rejects`; guesses (encoding, sheet) in its `warnings`. InvalidInput when the file as a whole cannot be read, or
    costs more than `limits`.
    """
    with open_source(path, layer=layer, encoding=encoding, limits=limits) as source:
        whole = next(source.tables(None))
        return replace(whole, rejects=(*source.head.rejects, *whole.rejects))


@contextmanager
def open_source(
    path: str | os.PathLike[str],
    *,
    layer: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Source]:
    """As `read_table`, for files of any length: parsed now, and handed over table by table."""
    file = Path(path)
    bounds = limits or Limits()
    kind = format_of(file)
    if not file.is_file():
        raise InvalidInput(f"{file} does not exist or is no file.", code="no_such_file", file=file.name)
    # an unnamed temporary file: it is gone with the last process that holds it, even one that was killed
    with tempfile.TemporaryFile() as handed:
        told = _ask_child(file, kind, layer, encoding, bounds, handed.fileno())
        yield Source(_head(file, told, handed), told["rows"], handed)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file that was parsed: `head` is its table without rows, whose rejects are those of the file so far."""

    head: Table
    count: int
    _handed: IO[bytes]

    def tables(self, most: int | None = 20_000, columns: Sequence[str] | None = None) -> Iterator[Table]:
        """The rows in tables of at most `most` (None: one table with all), at least one table; of some columns only.

        May be asked again; what cannot be understood is in the rejects of the table it would be in.
        """
        start = 1
        for batch in _batches(self._handed, most):
            frame, rows = _frame(batch, start, spatial=self.head.spatial, columns=columns)
            start += batch.num_rows
            unreadable: list[Reject] = []
            if self.head.spatial and "geometry" in frame:
                frame, rows, unreadable = _with_shapes(frame, rows)
            yield replace(self.head, frame=frame, rows=rows, rejects=tuple(unreadable))


def _head(file: Path, told: dict[str, Any], handed: IO[bytes]) -> Table:
    handed.seek(0)
    empty = pa.ipc.open_stream(handed).schema.empty_table()
    spatial = told.get("spatial", False)
    return Table(
        frame=_frame(empty, 1, spatial=spatial, columns=None)[0],
        rows=np.empty(0, dtype=np.int64),
        path=file,
        format=told["format"],
        crs=told.get("crs"),
        encoding=told.get("encoding"),
        layer=told.get("layer"),
        spatial=spatial,
        warnings=tuple(told["warnings"]),
        rejects=tuple(Reject(*fault) for fault in told.get("faults", [])),
    )


def _batches(handed: IO[bytes], most: int | None) -> Iterator[pa.Table]:
    """What the child wrote, in tables of `most` rows (the last one smaller); one empty table when there is nothing."""
    handed.seek(0)
    stream = pa.ipc.open_stream(handed)
    waiting: list[pa.RecordBatch] = []
    count, told = 0, False
    for batch in stream:
        waiting.append(batch)
        count += batch.num_rows
        while most is not None and count >= most:
            held = pa.Table.from_batches(waiting)
            yield held.slice(0, most)
            waiting, count, told = held.slice(most).to_batches(), count - most, True
    if count or not told:
        yield pa.Table.from_batches(waiting, schema=stream.schema)


def _ask_child(
    path: Path, kind: str, layer: str | None, encoding: str | None, limits: Limits, out: int
) -> dict[str, Any]:
    job = {"path": str(path.absolute()), "layer": layer, "encoding": encoding, "limits": asdict(limits), "out": out}
    child = subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "gridmap.parsing.child"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=_environment(kind), pass_fds=(out,), start_new_session=True, cwd="/",
    )  # fmt: skip
    try:
        said, complained = child.communicate(json.dumps(job).encode(), timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        raise InvalidInput(
            f"{path.name} took longer than {limits.seconds:g} s to read and was given up. Split or simplify it.",
            code="too_slow", file=path.name,
        ) from None  # fmt: skip
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
    return _answer(path, child.returncode, said, complained)


def _answer(path: Path, status: int, said: bytes, complained: bytes) -> dict[str, Any]:
    """The child's answer, or the error it stands for."""
    if status < 0:
        stopped = signal.Signals(-status).name
        raise InvalidInput(
            f"{path.name} could not be read: it took more time, memory or space than one file may, or broke its parser "
            f"({stopped}). Split or simplify it.",
            code="reader_stopped", file=path.name, signal=stopped,
        )  # fmt: skip
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        last = complained.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no word"]
        raise InvalidInput(
            f"{path.name} could not be read: its parser failed ({last[0][:300]}).", code="reader_failed", file=path.name
        ) from None
    if answer["ok"]:
        return answer
    error = EnvironmentFault if answer["kind"] == "EnvironmentFault" else InvalidInput
    raise error(answer["message"], code=answer["code"], **answer["details"])


def _environment(kind: str) -> dict[str, str]:
    """The child's environment: what Python needs to start, the guards, every driver but the format's own skipped."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    skipped = ",".join(name for name in KNOWN_DRIVERS if name not in DRIVERS.get(kind, ()))
    package = str(Path(gridmap.__file__).resolve().parent.parent)
    return {**kept, **_GUARDED, "OGR_SKIP": skipped, "PYTHONPATH": package}


def _frame(
    table: pa.Table, start: int, *, spatial: bool, columns: Sequence[str] | None
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """A frame with plain columns (those asked for), and the row numbers, from `start` on where the file has none."""
    table.validate(full=True)
    rows = np.arange(start, start + table.num_rows, dtype=np.int64)
    made: dict[str, pd.Series[Any]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name == ROW:
            rows = column.to_numpy().astype(np.int64)
        elif columns is not None and name not in columns:
            continue
        elif spatial and name == "geometry":
            made[name] = pd.Series(column.to_numpy(zero_copy_only=False), dtype=object)
        else:
            made[name] = _series(column)
    return pd.DataFrame(made, index=pd.RangeIndex(table.num_rows)), rows


def _series(column: pa.ChunkedArray) -> pd.Series[Any]:
    """One column: text as str or None, whole numbers kept whole beside blanks, days as dates, lists as JSON text."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pd.Series(column.to_numpy(zero_copy_only=False), dtype=object)
    if pa.types.is_integer(kind) and column.null_count:
        return pd.Series(column.to_pylist(), dtype="Int64")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pd.Series(column.to_numpy())
    if pa.types.is_timestamp(kind):
        moments: pd.Series[Any] = column.to_pandas()
        return moments
    if pa.types.is_nested(kind):
        texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in column.to_pylist()]
        return pd.Series(texts, dtype=object)
    if pa.types.is_boolean(kind) and not column.null_count:
        return pd.Series(column.to_numpy(zero_copy_only=False), dtype=bool)
    return pd.Series(column.to_pylist(), dtype=object)


def _with_shapes(frame: pd.DataFrame, rows: NDArray[np.int64]) -> tuple[pd.DataFrame, NDArray[np.int64], list[Reject]]:
    """The frame with shapely geometries; features whose geometry cannot be understood go to the rejects."""
    raw = frame["geometry"].to_numpy(dtype=object)
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkb(raw, on_invalid="ignore")
    lost = shapely.is_missing(shapes) & frame["geometry"].notna().to_numpy()
    frame = frame.drop(columns="geometry")
    frame["geometry"] = pd.Series(shapes, index=frame.index, dtype=object)
    if not lost.any():
        return frame, rows, []
    rejects = [Reject(int(row), "geometry", "the geometry cannot be understood", "") for row in rows[lost]]
    return frame[~lost].reset_index(drop=True), rows[~lost], rejects
