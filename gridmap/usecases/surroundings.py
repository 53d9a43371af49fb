"""What surrounds enterprises: households in squares with their reports, and what is told of those near a place.

All is put in order once, by square, so that telling of a place looks at what lies near it and at nothing else.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from gridmap.ground import transformer
from gridmap.reports import sentences
from gridmap.stats.focused import REACH_M
from gridmap.stats.nearby import Ground, Nearby
from gridmap.usecases.trending import begun, trend

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: households are gathered in squares of so many metres, which one distance stands for
BLOCK_M = 200.0


def in_plane(lon: Floats, lat: Floats, plane: CRS) -> Floats:
    """Longitudes and latitudes (WGS84) in a plane of metres, (n, 2); a million of them without a shape for each."""
    xy = transformer("EPSG:4326", plane).transform(lon, lat)
    return np.column_stack(xy).astype(np.float64)


def blocks(homes: Floats, reports: Floats, month: Ints, months: int) -> tuple[Ground, Ints]:
    """Squares of households with their cases, and the square of each report (-1: none within two squares of it).

    `homes` (n, 2), `reports` (k, 2): metres; `month` (k,): of each report, from 0 to below `months`.
    """
    from scipy.spatial import cKDTree

    square = np.floor(homes / BLOCK_M).astype(np.int64)
    _, which = np.unique(square, axis=0, return_inverse=True)
    count = np.bincount(which).astype(np.float64)
    x, y = (np.bincount(which, weights=homes[:, axis]) / count for axis in (0, 1))
    if len(reports):
        away, nearest = cKDTree(homes).query(reports)
        block = np.where(away <= 2 * BLOCK_M, which[nearest], -1)
    else:
        block = np.empty(0, dtype=np.int64)
    known = block >= 0
    flat = np.bincount(block[known] * months + month[known], minlength=len(count) * months)
    cases = flat.reshape(len(count), months).astype(np.float64)
    return Ground(x, y, count, cases, cases.sum(axis=0) / count.sum()), block


class Surroundings:
    """The ground over the long row of `months`, and the reports of its last months by square.

    `recent`: reports with category, open, red and month, counted from the window's first; `block`: the square of each
    (-1: of none, which counts nowhere); `kinds`: all categories with code, name, name_en.
    """

    def __init__(
        self, past: Ground, recent: pd.DataFrame, block: Ints, kinds: pd.DataFrame, near_m: float, months: list[date]
    ) -> None:
        self.past, self.near_m, self.months = past, near_m, months
        self._kinds, self._near = kinds.set_index("code"), Nearby(past.x, past.y)
        order = np.argsort(block, kind="stable")
        order = order[np.searchsorted(block[order], 0) :]
        self._starts = np.searchsorted(block[order], np.arange(len(past.x) + 1))
        kind, self._codes = pd.factorize(recent["category"])
        self._kind, self._month = kind[order], recent["month"].to_numpy(np.int64)[order]
        self._open, self._red = (recent[name].to_numpy(np.int64)[order] for name in ("open", "red"))
        self._whole: dict[int, Ints] = {}

    def reached(self, place: Any) -> bool:
        """Whether any household lies within reach, so that something can be said of the place."""
        return len(self._near.around(place, REACH_M).rows) > 0

    def about(self, place: Any, since: int) -> dict[str, Any]:
        """Near a place since a month of the window: what it is about, observed beside expected by category and month,
        and how many are open and red."""
        squares = self._near.around(place, self.near_m).rows
        some, whole = self._reports(squares, since), self._by_kind(since)
        share = self.past.households[squares].sum() / self.past.households.sum()
        seen = np.bincount(self._kind[some], minlength=len(self._codes))
        rows = [
            {
                "code": self._codes[i], "name": self._kinds.at[self._codes[i], "name"],
                "name_en": self._kinds.at[self._codes[i], "name_en"],
                "observed": int(seen[i]), "expected": float(whole[i] * share),
            }
            for i in np.flatnonzero(seen).tolist()
        ]  # fmt: skip
        rows.sort(key=lambda row: (row["expected"] - row["observed"], row["code"]))
        return {"categories": rows, "open": int(self._open[some].sum()), "red": int(self._red[some].sum())}

    def trend(self, place: Any, since: int, window: int, rng: np.random.Generator) -> dict[str, Any]:
        """The trend near a place since a month of the long row, beside what the county's months let expect."""
        squares, there = self._near.around(place, self.near_m).rows, np.arange(len(self.past.rate)) >= since
        expected = np.where(there, self.past.households[squares].sum() * self.past.rate, 0.0)
        return self._told(self.past.cases[squares].sum(axis=0), expected, window, rng)

    def whole_trend(self, window: int, rng: np.random.Generator) -> dict[str, Any]:
        """The trend of the whole area, whose months are compared with their namesakes."""
        return self._told(self._all, None, window, rng)

    @cached_property
    def _all(self) -> Floats:
        return np.asarray(self.past.cases.sum(axis=0), dtype=np.float64)

    def _told(self, seen: Floats, expected: Floats | None, window: int, rng: np.random.Generator) -> dict[str, Any]:
        begin = begun(self._all, window)
        hoped = None if expected is None else expected[begin:]
        found = trend(self.months[begin:], seen[begin:], hoped, window, rng)
        return {**found, "said": sentences.of_trend(found)}

    def _reports(self, squares: Ints, since: int) -> Ints:
        """The places, in the order by square, of the reports of some squares from a month of the window on."""
        starts, counts = self._starts[squares], self._starts[squares + 1] - self._starts[squares]
        rows = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
        return np.asarray(rows[self._month[rows] >= since], dtype=np.int64)

    def _by_kind(self, since: int) -> Ints:
        """The reports of the whole area from a month of the window on, by category."""
        if since not in self._whole:
            self._whole[since] = np.bincount(self._kind[self._month >= since], minlength=len(self._codes))
        return self._whole[since]
