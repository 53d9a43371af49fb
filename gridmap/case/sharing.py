"""What many cases count for on the scorecards, all at once: the law of `case.standing.shares` over columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.case.scorecard import COUNTS, FLAGS, MOMENTS

_Which = NDArray[np.bool_] | bool
#: cases by their row, the month and standing of each, the counts that rise by one: True for all, or for which of them
_Part = tuple[NDArray[np.intp], NDArray[np.int64], int, Mapping[str, _Which]]


def shared(cases: pd.DataFrame, zone: tzinfo) -> pd.DataFrame:
    """The shares of many cases: `row` (the case's, from 0), `month`, `standing`, and each of `COUNTS` as 0 or 1.

    `cases`: `MOMENTS` (datetime64 in UTC, NaT: not yet) and `FLAGS`. 50,000 cases take some tenths of a second.
    """
    told = _Told(cases, zone)
    rows, months, standing, parts = [], [], [], []
    for row, month, stands, rising in told.parts():
        rows.append(row)
        months.append(month)
        standing.append(np.full(len(row), stands))
        counts = np.zeros((len(row), len(COUNTS)), dtype=np.int64)
        for name, which in rising.items():
            counts[:, COUNTS.index(name)] = which
        parts.append(counts)
    out = pd.DataFrame(np.concatenate(parts), columns=list(COUNTS))
    out.insert(0, "standing", np.concatenate(standing))
    out.insert(0, "month", np.concatenate(months))
    out.insert(0, "row", np.concatenate(rows))
    return out


class _Told:
    """Cases as arrays: months as numbers (-1: not yet), flags as bools."""

    def __init__(self, cases: pd.DataFrame, zone: tzinfo) -> None:
        self.month = {name: months_in(cases[name], zone) for name in MOMENTS}
        self.flag = {name: cases[name].to_numpy().astype(bool) for name in FLAGS}
        self.in_time = (cases["disposed_at"] <= cases["due_at"]).to_numpy()

    def parts(self) -> Iterator[_Part]:
        """The shares, part by part, as `standing.shares` has them."""
        month, flag = self.month, self.flag
        yield self._of(month["received_at"], {"accepted": True})
        yield self._of(month["first_dispatched_at"], {"dispatched": True, "returned": flag["returned"]})
        satisfied = flag["rated"] & flag["satisfied"]
        marks = {"reopened": flag["reopened"], "closed_by_community": flag["by_community"], "rated": flag["rated"]}
        yield self._of(month["first_closed_at"], {"closed": True, **marks, "satisfied": satisfied})
        yield self._of(month["disposed_at"], {"disposed_within": True, "disposed_in_time": self.in_time})
        yield from self._due()

    def _of(self, month: NDArray[np.int64], rising: Mapping[str, _Which]) -> _Part:
        """One share of each case that has this month."""
        row = np.flatnonzero((month >= 0) & ~self.flag["dropped"])
        return row, month[row], 0, {name: _at(which, row) for name, which in rising.items()}

    def _due(self) -> Iterator[_Part]:
        disposed, closed = self.month["disposed_at"], self.month["closed_at"]
        first = np.maximum(self.month["received_at"], self.month["due_at"])
        last = np.maximum(first, disposed)
        always: dict[str, _Which] = {
            "due": True,
            "reworked_of_due": self.flag["reopened"],
            "extended_of_due": self.flag["extended"],
        }
        late: dict[str, _Which] = {**always, "open_overdue": True}
        standing = np.flatnonzero((disposed < 0) & ~self.flag["dropped"])
        yield standing, first[standing], 1, {name: _at(which, standing) for name, which in late.items()}
        over = np.flatnonzero((disposed >= 0) & ~self.flag["dropped"])
        length = (last - first)[over]
        row = np.repeat(over, length)
        # 0, 1, 2, ... within each case
        months = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
        yield row, months, 0, {name: _at(which, row) for name, which in late.items()}
        ends: dict[str, _Which] = {
            "disposed": True,
            "on_time": self.in_time,
            "closed_of_due": (closed >= 0) & (closed <= last),
        }
        yield over, last[over], 0, {name: _at(which, over) for name, which in {**always, **ends}.items()}


def _at(which: _Which, row: NDArray[np.intp]) -> _Which:
    return which if isinstance(which, bool) else which[row]


def months_in(moments: pd.Series[Any], zone: tzinfo) -> NDArray[np.int64]:
    """The numbers of the months of moments, as `standing.month_in` has them; -1 for a missing one."""
    local = moments.dt.tz_convert(zone)
    months = local.dt.year * 12 + local.dt.month - 1
    return np.asarray(months.fillna(-1), dtype=np.int64)
