"""Did reports near a mine fall after what was promised? A rate ratio with its interval, honest about small numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scipy import stats

from gridmap.errors import InvalidInput

#: reports before and after together; with fewer no interval is narrow enough to be worth saying
FEWEST: Final = 10


class Verdict(StrEnum):
    FELL = "fell"
    ROSE = "rose"
    UNCLEAR = "unclear"  # the interval holds 1: the numbers fit no change as well
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Change:
    """Reports before and after, the ratio of their daily rates (after / before) and its interval.

    All are None when the verdict is TOO_FEW; the ratio and the upper end are None when there was no report before.
    """

    before: int
    after: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict


def change(before: int, days_before: float, after: int, days_after: float, level: float = 0.95) -> Change:
    """Compare the reports of two periods of known length by the exact conditional test of two Poisson rates.

    Given their sum, the reports after are binomial with probability r t1 / (r t1 + t0); the Clopper-Pearson interval of
    that probability gives the one of r (Przyborowski and Wilenski 1940, Biometrika 31, 313-323). It keeps at least its
    level for any numbers. It knows nothing of seasons: periods of the same months of two years compare better.
    """
    if min(before, after) < 0 or min(days_before, days_after) <= 0:
        raise InvalidInput("Counts must be 0 or more and periods longer than 0 days.", code="bad_periods")
    total = before + after
    if total < FEWEST:
        return Change(before, after, None, None, None, None, Verdict.TOO_FEW)
    found = stats.binomtest(after, total, days_after / (days_before + days_after))
    ends = found.proportion_ci(level, method="exact")
    scale = days_before / days_after
    low = ends.low / (1 - ends.low) * scale
    high = ends.high / (1 - ends.high) * scale if ends.high < 1 else None
    ratio = after / before * scale if before else None
    return Change(before, after, ratio, float(low), high, float(found.pvalue), _verdict(float(low), high))


def _verdict(low: float, high: float | None) -> Verdict:
    if high is not None and high < 1:
        return Verdict.FELL
    return Verdict.ROSE if low > 1 else Verdict.UNCLEAR
