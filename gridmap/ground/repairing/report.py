"""What a repair did, to whom: numbers and places, as text for people and as the JSON of `gridmap repair`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gridmap.ground.coverage import Gap, Invalid

#: a cell by its code, without a column of codes by its row
Name = str | int


@dataclass(frozen=True, slots=True)
class Given:
    """Land that `to` has now and `source` claimed or had; in all `area_m2`, its largest piece near lon, lat (WGS84)."""

    to: Name
    source: Name
    area_m2: float
    lon: float
    lat: float

    def as_dict(self) -> dict[str, Any]:
        """With the word `from`, which is none of Python's names."""
        found = asdict(self)
        return {"to": found.pop("to"), "from": found.pop("source"), **found}


@dataclass(frozen=True, slots=True)
class Filled:
    """A gap that `to` has now."""

    to: Name
    area_m2: float
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Land of `source` beyond the boundary that nobody has now."""

    source: Name
    area_m2: float
    lon: float
    lat: float

    def as_dict(self) -> dict[str, Any]:
        """With the word `from`."""
        found = asdict(self)
        return {"from": found.pop("source"), **found}


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell whose shape is another now; areas in m2, before: of its mended shape."""

    row: int
    cell: Name
    before_m2: float
    after_m2: float


@dataclass(slots=True)
class RepairReport:
    """What was done, areas in m2.

    `after_m2`, the sum of all cells, is `before_m2` less `claimed_twice_m2` (what lay under several cells counts once
    now) and `cut_m2`, more `filled_m2`; what is left over of that sum, `moved_m2`, is rounding. `holes` and `outside`
    (None without a boundary) are larger than the limit and stay. `ok`: a coverage with unique codes.
    """

    cells: int
    mended: list[Invalid] = field(default_factory=list)
    overlaps: list[Given] = field(default_factory=list)
    gaps: list[Filled] = field(default_factory=list)
    fragments: list[Given] = field(default_factory=list)
    cut: list[Cut] = field(default_factory=list)
    changed: list[CellChange] = field(default_factory=list)
    holes: list[Gap] = field(default_factory=list)
    outside: list[Gap] | None = None
    duplicate_codes: list[str] = field(default_factory=list)
    without_code: list[int] = field(default_factory=list)
    before_m2: float = 0.0
    claimed_twice_m2: float = 0.0
    cut_m2: float = 0.0
    filled_m2: float = 0.0
    after_m2: float = 0.0

    @property
    def moved_m2(self) -> float:
        """How far the sum of all areas is from what was meant."""
        return self.after_m2 - (self.before_m2 - self.claimed_twice_m2 - self.cut_m2 + self.filled_m2)

    @property
    def bounded(self) -> bool:
        """Whether there was a boundary, within which holes are faults, too."""
        return self.outside is not None

    @property
    def ok(self) -> bool:
        """Whether `check` with the same arguments finds nothing."""
        left = [self.duplicate_codes, self.without_code, self.outside or [], self.holes if self.bounded else []]
        return not any(left)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `gridmap repair`; `outside` and `cut` are there only when a boundary was given."""
        found: dict[str, Any] = {"cells": self.cells}
        found["mended"] = [asdict(one) for one in self.mended]
        found["overlaps"] = [one.as_dict() for one in self.overlaps]
        found["gaps"] = [asdict(one) for one in self.gaps]
        found["fragments"] = [one.as_dict() for one in self.fragments]
        if self.outside is not None:
            found["cut"] = [one.as_dict() for one in self.cut]
            found["outside"] = [asdict(one) for one in self.outside]
        found["changed"] = [asdict(one) for one in self.changed]
        found["holes"] = [asdict(one) for one in self.holes]
        found["duplicate_codes"] = self.duplicate_codes
        found["without_code"] = self.without_code
        sums = ("before_m2", "claimed_twice_m2", "cut_m2", "filled_m2", "after_m2", "moved_m2")
        found |= {name: getattr(self, name) for name in sums}
        return {**found, "ok": self.ok}
