"""Codes of areas and cells: a county's 6 digits, then town, community and sequence, 3 each (DB11/T 2157-2023).

Other standards lengthen them (CJ/T 349-2010: 6 object + 6 + 3 + 3 + 2), so the lengths and a prefix are configurable.
Codes are text: leading zeros count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, paired

LEVELS = ("county", "town", "community", "cell")
_PARTS = ("county", "town", "community", "sequence")
#: places are ordered by degrees rounded to this many digits (about 1 m), so that noise does not change an order
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class CodeScheme:
    """How many digits each level adds, and a fixed prefix before all of them."""

    county: int = 6
    town: int = 3
    community: int = 3
    sequence: int = 3
    prefix: str = ""

    def lengths(self) -> tuple[int, int, int, int]:
        """The full length of a code at each of `LEVELS`, prefix included."""
        ends = np.cumsum([self.county, self.town, self.community, self.sequence]) + len(self.prefix)
        return int(ends[0]), int(ends[1]), int(ends[2]), int(ends[3])

    def level(self, code: str) -> str:
        """Which of `LEVELS` a code belongs to. Raises InvalidInput, naming the code, when it is none of them."""
        if not (code.isascii() and code.isdigit() and code.startswith(self.prefix)) or len(code) not in self.lengths():
            wanted = ", ".join(f"{n} ({level})" for n, level in zip(self.lengths(), LEVELS, strict=True))
            start = f", beginning with {self.prefix}" if self.prefix else ""
            raise InvalidInput(f"{code!r} is no code: digits{start}, as many as {wanted}", code_given=code)
        return LEVELS[self.lengths().index(len(code))]

    def validate(self, code: str, level: str = "cell") -> str:
        """The code itself, when it is one of this level; else InvalidInput naming it."""
        found = self.level(code)
        if found != level:
            raise InvalidInput(f"{code!r} is the code of a {found}, not of a {level}", code_given=code)
        return code

    def split(self, code: str) -> dict[str, str]:
        """The digits of each part the code has, by name: "county", "town", "community", "sequence"."""
        bounds = (len(self.prefix), *self.lengths())
        parts = _PARTS[: LEVELS.index(self.level(code)) + 1]
        return {part: code[bounds[i] : bounds[i + 1]] for i, part in enumerate(parts)}

    def parent(self, code: str) -> str | None:
        """The code one level up; None for a county."""
        index = LEVELS.index(self.level(code))
        return code[: self.lengths()[index - 1]] if index else None

    def make(self, parent: str, number: int) -> str:
        """The code of the `number`-th (from 1) child of a county, town or community code."""
        index = LEVELS.index(self.level(parent))
        if index == len(LEVELS) - 1:
            raise InvalidInput(f"{parent!r} is the code of a cell: nothing is below it", code_given=parent)
        width = self.lengths()[index + 1] - self.lengths()[index]
        if not 1 <= number < 10**width:
            raise InvalidInput(
                f"{parent} has room for the numbers 1 to {10**width - 1} below it, not for {number}", code_given=parent
            )
        return f"{parent}{number:0{width}d}"

    def number(self, parent: str, lon: ArrayLike, lat: ArrayLike, first: int = 1) -> NDArray[np.object_]:
        """Codes below one parent for places (WGS84), numbered from west to east, then north to south.

        Returns an object array in the order of the places. The order depends on the places alone: the western comes
        first, of two on one meridian (to 1e-5 degrees) the northern, of two at one place the first given.
        """
        x, y = paired(lon, lat)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            row = int(np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))[0]) + 1
            raise InvalidInput(f"row {row} has no place: it cannot be numbered", row=row)
        codes = np.empty(len(x), dtype=object)
        order = west_to_east(x, y)
        codes[order] = [self.make(parent, first + i) for i in range(len(x))]
        return codes


def west_to_east(lon: Floats, lat: Floats) -> NDArray[np.int64]:
    """Positions of places from west to east, of those on one meridian (to 1e-5 degrees) from north to south."""
    return np.lexsort((-np.round(lat, _DIGITS), np.round(lon, _DIGITS)))
