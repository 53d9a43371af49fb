"""Tables of text: CSV and xlsx, written batch by batch, with nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from gridmap.errors import InvalidInput
from gridmap.parsing.formulas import inert
from gridmap.parsing.sheettext import escaped

#: takes the rows of one batch, columns in the order of the headings
Rows = Callable[[pd.DataFrame], None]

#: what one sheet holds, and one of its cells; openpyxl would cut longer text without a word
SHEET_ROWS, CELL_LETTERS = 1_048_575, 32_767


def plain(value: Any) -> Any:
    """A value as text, number or None: days and moments as ISO 8601, geometry as WKT with all its digits."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkt(value, rounding_precision=-1)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


@contextmanager
def csv_rows(path: Path, headings: Sequence[str], *, bom: bool) -> Iterator[Rows]:
    """A CSV (packed where its name ends in .gz), UTF-8, to be given its rows."""
    packed = path.name.lower().endswith(".gz")
    with (
        gzip.open(path, "wb") if packed else path.open("wb") as raw,
        io.TextIOWrapper(raw, "utf-8-sig" if bom else "utf-8", newline="") as text,
    ):
        writer = csv.writer(_LineFeeds(text), lineterminator="\r\n")
        writer.writerow([inert(name) for name in headings])
        yield lambda frame: writer.writerows(_records(frame, _cell))


class _LineFeeds:
    """Takes records ended by CR LF, which makes the writer quote both inside a field, and ends them by LF."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def write(self, record: str) -> int:
        return self._text.write(record.removesuffix("\r\n") + "\n")


def _records(frame: pd.DataFrame, cell: Callable[[Any], Any]) -> Iterator[tuple[Any, ...]]:
    columns = ([cell(value) for value in frame[name].tolist()] for name in frame.columns)
    return zip(*columns, strict=True)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return inert(value)
    simple = plain(value)
    return "" if simple is None else inert(simple) if isinstance(simple, str) else str(simple)


@contextmanager
def sheet_rows(path: Path, headings: Sequence[str]) -> Iterator[Rows]:
    """A workbook of one sheet, to be given its rows; InvalidInput once they, or a text, are more than a sheet holds."""
    from openpyxl import Workbook  # here: slow to load, and seldom asked for
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("gridmap")
    written = 0

    def cell(value: Any) -> Any:
        simple = plain(value)
        if isinstance(simple, float) and math.isfinite(simple):
            exact = WriteOnlyCell(sheet, repr(simple))
            exact.data_type = "n"  # openpyxl itself would write 16 digits, one too few for some
            return exact
        if not isinstance(simple, str):
            return simple
        text = escaped(simple)
        if len(text) > CELL_LETTERS:
            raise InvalidInput(
                f"a sheet's cell holds {CELL_LETTERS:,} characters, not the {len(text):,} of {text[:40]!r}.... "
                "Write CSV, GeoPackage or Parquet.",
                code="too_long",
            )
        one = WriteOnlyCell(sheet, text)
        one.data_type = "s"  # a text that begins with "=" stays a text
        return one

    def take(frame: pd.DataFrame) -> None:
        nonlocal written
        written += len(frame)
        if written > SHEET_ROWS:
            raise InvalidInput(
                f"a sheet holds {SHEET_ROWS:,} rows, and there are more. Write CSV.", code="too_many_rows"
            )
        for record in _records(frame, cell):
            sheet.append(record)

    sheet.append([cell(name) for name in headings])
    try:
        yield take
    except BaseException:
        sheet.close()  # its own draft, before what it writes to is gone
        raise
    book.save(path)
