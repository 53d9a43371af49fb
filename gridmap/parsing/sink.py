"""The hand-over from the reading child to its parent: one Arrow IPC stream, written batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from gridmap.errors import InvalidInput
from gridmap.parsing.limits import Limits
from gridmap.parsing.watch import Watch
from gridmap.parsing.wkb import screened

#: the first column of text tables: each record's row in the source
ROW = "__row__"


class Sink:
    """Writes record batches of one schema, set by the first; nothing is held in memory.

    `late` is told the feature whose geometry takes too long to check, see `Watch`.
    """

    def __init__(
        self, stream: BinaryIO, limits: Limits | None = None, late: Callable[[int], None] | None = None
    ) -> None:
        self._stream = stream
        self._limits = limits or Limits()
        self._writer: pa.RecordBatchStreamWriter | None = None
        self.rows = 0
        self.faults: list[list[Any]] = []
        self._watch = Watch(self._limits.feature_seconds, late or _never)

    def spatial(self, batch: pa.RecordBatch) -> None:
        """Write features: their numbers come in front, and those whose geometry must not be built go to the faults."""
        first = self.rows + len(self.faults) + 1
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        names = [f"{name}_attribute" if name == ROW else name for name in batch.schema.names]
        numbered = pa.RecordBatch.from_arrays([numbers, *batch.columns], names=[ROW, *names])
        whole, faults = screened(numbered, first, self._limits, self._watch.check)
        self.faults += faults
        self.write(whole)

    def write(self, batch: pa.RecordBatch) -> None:
        if self.rows + batch.num_rows > self._limits.rows:
            raise InvalidInput(f"The file holds more than {self._limits.rows:,} rows. Split it.", code="too_large")
        if self._writer is None:
            self._writer = pa.ipc.new_stream(self._stream, batch.schema)
        self._writer.write_batch(batch)
        self.rows += batch.num_rows

    def text(self, names: Sequence[str], rows: Sequence[int], records: Sequence[Sequence[str | None]]) -> None:
        """Write records of text (each as long as `names`) with their row numbers."""
        columns = list(zip(*records, strict=True)) if records else [()] * len(names)
        arrays = [pa.array(rows, pa.int64()), *(pa.array(column, pa.large_string()) for column in columns)]
        self.write(pa.RecordBatch.from_arrays(arrays, names=[ROW, *names]))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._stream.flush()


def _never(number: int) -> None:
    raise AssertionError(f"feature {number} takes too long, and nobody ends the process")


def unique_names(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Column names without blanks or repeats, and a warning for each that was changed."""
    names: list[str] = []
    warnings: list[str] = []
    for number, raw in enumerate(header, start=1):
        name = raw.strip() or f"column_{number}"
        if not raw.strip():
            warnings.append(f"Column {number} has no heading; it is called {name}.")
        again, repeat = name, 2
        while again in names or again == ROW:
            again, repeat = f"{name}_{repeat}", repeat + 1
        if again != name:
            warnings.append(f"Two columns are headed {name!r}; column {number} is called {again}.")
        names.append(again)
    return names, warnings
