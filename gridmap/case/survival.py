"""Time to close with the open cases in: the Kaplan-Meier curve and its percentiles.

Leaving open cases out makes slow offices look fast. An open case says "longer than this"; the product-limit estimate
(Kaplan and Meier 1958) uses it so. Times are in any unit, all in the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """The share still open after each time at which something closed; both shape (k,), times ascending.

    `at_risk` and `closed` are the counts behind each step.
    """

    times: Floats
    open_share: Floats
    at_risk: npt.NDArray[np.int64]
    closed: npt.NDArray[np.int64]

    def percentile(self, share: float) -> float | None:
        """The earliest time by which at least `share` of the cases had closed; None where it was not reached yet.

        Without open cases it is the usual empirical quantile (numpy's "inverted_cdf"). InvalidInput outside 0..1.
        """
        if not 0.0 < share < 1.0:
            raise InvalidInput(f"a share lies between 0 and 1, not at {share}", field="share")
        # a hair of slack: the product of many fractions may miss 0.5 by a rounding
        there = np.flatnonzero(self.open_share <= 1.0 - share + 1e-12)
        return float(self.times[there[0]]) if len(there) else None


def kaplan_meier(durations: npt.ArrayLike, closed: npt.ArrayLike) -> Curve:
    """The curve of n cases: how long each has lasted, and whether it then closed or is open still.

    A case still open at a time at which another closes is counted as being at risk then. Raises InvalidInput for a
    negative or missing duration, or where the lengths differ.
    """
    lasted = np.asarray(durations, dtype=np.float64)
    ended = np.asarray(closed, dtype=bool)
    if lasted.shape != ended.shape or lasted.ndim != 1:
        raise InvalidInput("durations and closed must be equally long", field="durations")
    if not bool((lasted >= 0.0).all()):
        raise InvalidInput("a duration is missing or negative", field="durations")
    times, counts = np.unique(lasted[ended], return_counts=True)
    at_risk = len(lasted) - np.searchsorted(np.sort(lasted), times, side="left")
    share = np.cumprod(1.0 - counts / np.maximum(at_risk, 1))
    return Curve(times, share.astype(np.float64), at_risk.astype(np.int64), counts.astype(np.int64))
