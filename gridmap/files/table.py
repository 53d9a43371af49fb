"""What a file gives: a table of rows as they came, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: formats whose records people count as features; in the others they count rows as a spreadsheet numbers them
FEATURE_FORMATS = frozenset({"gpkg", "geojson", "shapefile"})

#: what files write where a value is missing
MISSING_MARKS = frozenset(
    {"-", "--", "---", "/", "\\", "?", "？", "N/A", "n/a", "NA", "#N/A", "NULL", "null", "None", "none", "nan", "NaN",
     "无", "不详", "未知", "暂无", "unknown", "Unknown", "n.d."}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reject:
    """One fault of one row: the row as the source numbers it, the field, why in words, and the value as it came."""

    row: int
    field: str
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A file's rows as they came.

    `frame` has one column for each column of the file; text columns hold str or None (CSV: every column is text and
    a blank is ""), whole numbers are int64 or Int64. When `spatial`, its last column `geometry` holds shapely
    geometries (or None) in `crs`. `rows` gives each record's number in the source: the row that a spreadsheet shows
    (the heading is row 1) for CSV and xlsx, else the record or feature counted from 1. `rejects` are rows that
    could not be read and so are not in `frame`.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    path: Path
    format: str
    crs: str | None = None
    encoding: str | None = None
    layer: str | None = None
    spatial: bool = False
    warnings: tuple[str, ...] = ()
    rejects: tuple[Reject, ...] = field(default=())

    @classmethod
    def of(cls, frame: pd.DataFrame, *, crs: str | None = None, name: str = "frame") -> Self:
        """A table of a frame made in memory; rows are counted from 1."""
        return cls(
            frame=frame,
            rows=np.arange(1, len(frame) + 1, dtype=np.int64),
            path=Path(name),
            format="memory",
            crs=crs,
            spatial="geometry" in frame.columns,
        )

    @property
    def word(self) -> str:
        """What people call one record of this file."""
        return "feature" if self.format in FEATURE_FORMATS else "row"

    @property
    def needs_bom(self) -> bool:
        """Whether it came as text that was not plain UTF-8, so that whoever opens what we write may need the mark."""
        return self.format == "csv" and self.encoding != "UTF-8"

    def __len__(self) -> int:
        return len(self.frame)


def name_rows(rows: Iterable[int], word: str = "row", most: int = 10) -> str:
    """ "rows 3, 8 and 12" or "rows 1, 2, 3 ... (45 in all)": for messages."""
    numbers = [str(int(row)) for row in rows]
    if len(numbers) == 1:
        return f"{word} {numbers[0]}"
    if len(numbers) > most:
        return f"{word}s {', '.join(numbers[:most])} ... ({len(numbers)} in all)"
    return f"{word}s {', '.join(numbers[:-1])} and {numbers[-1]}" if numbers else f"no {word}s"
