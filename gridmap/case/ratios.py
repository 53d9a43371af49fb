"""A ratio that keeps its two counts, and how sure it is: a small number is shown with its interval, or greyed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv, ndtri

from gridmap.errors import InvalidInput

#: below so many, a ratio is greyed
SMALL = 30


@dataclass(frozen=True, slots=True)
class Ratio:
    """`numerator` of `denominator`, 0 <= numerator <= denominator; no value where there is nothing to divide by."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise InvalidInput(f"{self.numerator} of {self.denominator} is no ratio", field="numerator")

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def small(self) -> bool:
        return self.denominator < SMALL

    @property
    def rest(self) -> Ratio:
        """The other share: 1 - this one."""
        return Ratio(self.denominator - self.numerator, self.denominator)

    def wilson(self, level: float = 0.95) -> tuple[float, float]:
        """The score interval (Wilson 1927); (0, 1) where there is nothing to divide by."""
        _check(level)
        n = self.denominator
        if n == 0:
            return 0.0, 1.0
        z = float(ndtri(0.5 + level / 2.0))
        share, square = self.numerator / n, z * z
        centre = (share + square / (2 * n)) / (1 + square / n)
        half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
        # the ends are exact where all or none are counted
        low = 0.0 if self.numerator == 0 else max(0.0, centre - half)
        high = 1.0 if self.numerator == n else min(1.0, centre + half)
        return low, high

    def clopper_pearson(self, level: float = 0.95) -> tuple[float, float]:
        """The exact interval (Clopper and Pearson 1934), never too narrow; (0, 1) of nothing."""
        _check(level)
        k, n, tail = self.numerator, self.denominator, (1.0 - level) / 2.0
        low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
        high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1.0 - tail))
        return low, high


def _check(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise InvalidInput(f"a confidence level lies between 0 and 1, not at {level}", field="level")
