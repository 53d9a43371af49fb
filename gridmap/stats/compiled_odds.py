"""The likelihood of raised odds near a source, compiled: it is fitted thousands of times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmap.stats.compiled import compiled

#: Newton steps, and the gain in log likelihood below which one stands
_STEPS, _STILL = 60, 1e-12


#: products of factors are turned into a logarithm before they overflow
_LARGE = 1e200


@compiled
def _log_likelihood(case: NDArray[np.bool_], near: NDArray[np.float64], level: float, alpha: float) -> float:
    """Of odds far away exp(level) and alpha; logarithms are taken of products of many points at once."""
    odds_far = np.exp(level)
    above, below = 1.0, 1.0
    total = 0.0
    for i in range(len(near)):
        raised = 1.0 + alpha * near[i]
        if raised <= 1e-12:
            return -np.inf
        below *= 1.0 + odds_far * raised
        if below > _LARGE:
            total -= np.log(below)
            below = 1.0
        if case[i]:
            total += level
            above *= raised
            if not 1.0 / _LARGE < above < _LARGE:
                total += np.log(above)
                above = 1.0
    value: float = total + np.log(above) - np.log(below)
    return value


@compiled
def fit_odds(case: NDArray[np.bool_], near: NDArray[np.float64]) -> tuple[float, float, float, bool]:
    """Log odds far away, alpha, log likelihood, and whether the fit stands, for odds = level x (1 + alpha x near).

    `near`: 0 to 1 for each point. Fisher's scoring with halved steps, from alpha 0.
    """
    cases = case.sum()
    level, alpha = np.log(cases / (len(case) - cases)), 0.0
    current = _log_likelihood(case, near, level, alpha)
    for _ in range(_STEPS):
        g0 = g1 = h00 = h01 = h11 = 0.0
        odds_far = np.exp(level)
        for i in range(len(near)):
            raised = 1.0 + alpha * near[i]
            odds = odds_far * raised
            p = odds / (1.0 + odds)
            slope = near[i] / raised
            weight = p * (1.0 - p)
            rest = (1.0 if case[i] else 0.0) - p
            g0 += rest
            g1 += rest * slope
            h00 += weight
            h01 += weight * slope
            h11 += weight * slope * slope
        determinant = h00 * h11 - h01 * h01
        if determinant <= 1e-14 * h00 * h11:
            return level, alpha, current, False
        step0, step1 = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        part = 1.0
        new = _log_likelihood(case, near, level + part * step0, alpha + part * step1)
        while new < current and part > 1e-9:
            part /= 2.0
            new = _log_likelihood(case, near, level + part * step0, alpha + part * step1)
        if new < current:
            return level, alpha, current, True
        level, alpha = level + part * step0, alpha + part * step1
        if new - current < _STILL * (1.0 + abs(current)):
            return level, alpha, new, True
        current = new
    return level, alpha, current, False


@compiled
def best_over_scales(case: NDArray[np.bool_], near: NDArray[np.float64]) -> tuple[float, int]:
    """The largest log likelihood over scales, `near` (scales, points), and at which scale it is."""
    best, at = -np.inf, 0
    for scale in range(near.shape[0]):
        _, _, found, _ = fit_odds(case, near[scale])
        if found > best:
            best, at = found, scale
    return best, at
