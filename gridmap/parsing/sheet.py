"""xlsx, in the child: one sheet, its heading found below titles and over merged cells, every cell as text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any

from gridmap.errors import InvalidInput
from gridmap.parsing.archive import UNREADABLE, check_archive, damaged
from gridmap.parsing.limits import Limits
from gridmap.parsing.merges import FillDown, Merge, Row, heading_names, heading_rows, merges_of
from gridmap.parsing.sheettext import plain
from gridmap.parsing.sink import Sink, unique_names

_BATCH = 20_000
#: where a document type must stand, if any; behind more than this the XML parser itself refuses to follow it
_PROLOG = 1 << 16
#: a heading is looked for in the first rows only; titles and notes stand above it
_HEADING_WITHIN = 20

_LAST_ROW = 1_048_576
#: numbers of a spreadsheet have 15 digits; what is longer was rounded
_EXACT = 1e15


def read(path: Path, sink: Sink, layer: str | None, limits: Limits) -> dict[str, Any]:
    """Read one sheet into the sink; returns layer, warnings and faults ([row, field, reason, value])."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = check_archive(path, archive, limits)
            _refuse_dtd(path, archive, members)
    except UNREADABLE as error:
        raise damaged(path, error) from None
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise InvalidInput(
            f"{path.name}: the archive holds no workbook. Save it from the spreadsheet as .xlsx.", code="damaged"
        )
    from openpyxl import load_workbook  # here: 0.15 s that other formats need not pay

    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        name, warnings = _sheet_name(path, book, layer)
        sheet = book[name]
        sheet.reset_dimensions()  # what the file says of its own size is often wrong
        with book._archive.open(sheet._worksheet_path) as held:
            merges = merges_of(held)
        found = _records(path, name, _cells(path, sheet), merges, sink)
    finally:
        book.close()
    return {"layer": name, "warnings": warnings + found["warnings"], "faults": found["faults"]}


def _refuse_dtd(path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """XML of a workbook has no document type; one that has wants to name entities, other files among them."""
    for member in members:
        if not member.filename.lower().endswith((".xml", ".rels", ".vml")):
            continue
        with archive.open(member) as held:
            head = held.read(_PROLOG).replace(b"\x00", b"")  # UTF-16, too
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise InvalidInput(
                f"{path.name} is refused: its member {member.filename!r} defines XML entities. Save it again from the "
                "spreadsheet.", code="xml_entities", file=path.name,
            )  # fmt: skip


def _sheet_name(path: Path, book: Any, layer: str | None) -> tuple[str, list[str]]:
    names = [sheet.title for sheet in book.worksheets]
    if layer is not None:
        if layer not in names:
            raise InvalidInput(f"{path.name} has no sheet {layer!r}; it has {', '.join(names)}.", code="no_such_layer")
        return layer, []
    if not names:
        raise InvalidInput(f"{path.name} has no sheet.", code="empty_file")
    others = f" (not {', '.join(names[1:])}; choose with --layer)" if len(names) > 1 else ""
    return names[0], [f"{path.name}: sheet {names[0]!r} is read{others}."] if others else []


def _cells(path: Path, sheet: Any) -> Iterator[Row]:
    for row, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if row > _LAST_ROW:
            raise InvalidInput(f"{path.name} has rows that no spreadsheet has.", code="damaged", file=path.name)
        cells = [_text(value) for value in values]
        if any(cell is not None for cell in cells):
            yield row, cells


def _text(value: Any) -> str | None:
    """A cell as text: whole numbers without a point (codes and phones come as floats), days and moments as ISO 8601."""
    if value is None:
        return None
    if isinstance(value, str):
        text = plain(value)
        return text if text.strip() else None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float) and abs(value) >= _EXACT:
        return repr(float(value))  # with its E+: whatever is a code or a telephone has lost digits
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    return str(value)


def _records(path: Path, name: str, cells: Iterator[Row], merges: list[Merge], sink: Sink) -> dict[str, Any]:
    first = list(islice(cells, _HEADING_WITHIN))
    if not first:
        raise InvalidInput(f"{path.name}, sheet {name!r} is empty.", code="no_heading", file=path.name)
    top, last = heading_rows(first, merges)
    names, warnings = _heading(name, first[top : last + 1], merges)
    width = len(names)
    merged = FillDown([one for one in merges if one.top > first[last][0]])
    faults: list[list[Any]] = []
    rows: list[int] = []
    records: list[list[str | None]] = []
    for row, record in chain(first[last + 1 :], cells):
        merged.fill(row, record)
        beyond = [cell for cell in record[width:] if cell is not None]
        if beyond:
            faults.append([row, "", f"the row has values to the right of the last heading: {beyond[0][:80]!r}", ""])
            continue
        rows.append(row)
        records.append((record + [None] * width)[:width])
        if len(rows) == _BATCH:
            sink.text(names, rows, records)
            rows, records = [], []
    sink.text(names, rows, records)
    return {"warnings": warnings, "faults": faults}


def _heading(sheet: str, block: list[Row], merges: list[Merge]) -> tuple[list[str], list[str]]:
    """Names and warnings."""
    names, warnings = unique_names(heading_names(block, merges))
    first, last = block[0][0], block[-1][0]
    if last > first:
        return names, [f"Sheet {sheet!r}: rows {first} to {last} are taken as the heading.", *warnings]
    above = [f"Sheet {sheet!r}: row {first} is taken as the heading."] if first > 1 else []
    return names, above + warnings
