"""Merged cells of an xlsx sheet: groups over columns, titles over all, one value that stands for many rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from gridmap.parsing.limits import MIB

Row = tuple[int, list[str | None]]

_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
#: a reference that two blocks share is found in the second one
_OVERLAP = 256
_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells that are one: rows counted from 1, columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


def merges_of(sheet: IO[bytes]) -> list[Merge]:
    """The merged cells of a sheet's XML, from the top; they stand behind its rows, so all of it is read through."""
    found: dict[Merge, None] = {}
    rest = b""
    while (block := sheet.read(4 * MIB)) and len(found) < _MOST:
        held = rest + block
        for left, top, right, bottom in _MERGE.findall(held):
            found[Merge(int(top), _column(left), int(bottom), _column(right))] = None
        rest = held[-_OVERLAP:]
    return sorted(found, key=lambda merge: (merge.top, merge.left))


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def heading_rows(first: Sequence[Row], merges: Sequence[Merge]) -> tuple[int, int]:
    """Which of the first rows are the heading: (first place, last place).

    A cell that is merged downwards, beside others that stand over groups, makes a heading of several lines. Else it is
    the first row with at least two cells and more than half as many as any row has; above it are titles and notes.
    """
    filled = [sum(cell is not None for cell in record) for _, record in first]
    places = {row: place for place, (row, _) in enumerate(first)}
    for place, (row, _) in enumerate(first):
        if filled[place] < 2:
            continue
        down = [one.bottom for one in merges if one.top == row and one.bottom > row and one.left == one.right]
        across = any(one.top == one.bottom == row and one.right > one.left for one in merges)
        last = places.get(max(down, default=row))
        if across and last is not None and last > place:
            return place, last
    most = max(filled)
    place = next((place for place, count in enumerate(filled) if count >= 2 and (count > most / 2 or count == most)), 0)
    return place, place


def heading_names(block: Sequence[Row], merges: Sequence[Merge]) -> list[str]:
    """One name for each column: its lowest line, with the lines above it where others are called the same."""
    width = max(place for _, record in block for place, cell in enumerate(record) if cell is not None) + 1
    lines = [_spread(row, record, merges, width) for row, record in block]
    columns = [[line[place] for line in lines if line[place]] for place in range(width)]
    stacked = [list(dict.fromkeys(column)) for column in columns]
    lowest = [column[-1] if column else "" for column in stacked]
    return [
        " ".join(column) if name and lowest.count(name) > 1 else name
        for name, column in zip(lowest, stacked, strict=True)
    ]


def _spread(row: int, record: Sequence[str | None], merges: Sequence[Merge], width: int) -> list[str]:
    """A line of the heading, a cell that is merged across standing in each of its columns."""
    line = [(cell or "").strip() for cell in [*record, *[None] * width][:width]]
    for one in merges:
        if one.top == row:
            for place in range(one.left + 1, min(one.right + 1, width)):
                line[place] = line[place] or line[one.left]
    return line


@dataclass(slots=True)
class FillDown:
    """Gives each row what a cell above it, merged with its own, says: the community that stands once for ten rows."""

    merges: Sequence[Merge]
    _next: int = 0
    _open: list[tuple[Merge, str | None]] = field(default_factory=list)

    def fill(self, row: int, record: list[str | None]) -> None:
        """Fill the blanks of one row in place; rows come from the top."""
        while self._next < len(self.merges) and self.merges[self._next].top <= row:
            one = self.merges[self._next]
            self._next += 1
            if one.bottom > one.top == row and one.left < len(record):
                self._open.append((one, record[one.left]))
        self._open = [(one, value) for one, value in self._open if one.bottom >= row]
        for one, value in self._open:
            record += [None] * (one.left + 1 - len(record))
            if record[one.left] is None:
                record[one.left] = value
