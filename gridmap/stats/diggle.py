"""Raised incidence near a source, from places of cases and of controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import floats
from gridmap.stats.neighbours import Floats

#: fewer cases, or controls, than these cannot carry three parameters
FEWEST = 10
#: distances tried first, from that of the `_NEAREST`-th nearest point to the farthest
_SCALES, _NEAREST = 20, 5
#: random orders of cases and controls to compare with
_PERMUTATIONS = 199
#: an alpha beyond this is an odds ratio that no data bounds
_LARGEST = 1e4
DF = 2


@dataclass(frozen=True, slots=True)
class Diggle:
    """odds(d) = rho x (1 + alpha x exp(-beta x d^2)), and the likelihood ratio against the same odds everywhere.

    `p` is by chi squared with `df` degrees of freedom, as published; it is cautious, since beta means nothing without
    alpha. `p_sim` is by permuting cases and controls, and stands also where no estimate does (None without
    permutations). A fit that did not converge has a reason and no estimates.
    """

    alpha: float | None
    beta: float | None
    rho: float | None
    lrt: float | None
    df: int
    p: float | None
    p_sim: float | None
    converged: bool
    reason: str | None


def diggle(case: ArrayLike, distance: ArrayLike, rng: np.random.Generator, permutations: int = _PERMUTATIONS) -> Diggle:
    """Fit the conditional model of raised incidence by maximum likelihood.

    Diggle and Rowlingson 1994, A conditional approach to point process modelling of elevated risk, Journal of the Royal
    Statistical Society A 157, 433-440 (`tribble` in the R package splancs). `case`: 1 for a case, 0 for a control, n of
    them; `distance`: of each to the source. alpha > 0: odds at the source are 1 + alpha times those far away; beta is
    in units of 1 / distance^2. It does not converge when the data know no scale: when the best is at the nearest few
    points or beyond the farthest, or when alpha grows without end. InvalidInput for anything but 0, 1 and distances.
    """
    cases, apart = _sound(case, distance)
    few = min(int(cases.sum()), int((~cases).sum()))
    if few < FEWEST:
        what = "cases" if cases.sum() == few else "controls"
        return _failed(f"too few {what}: {few}, and fewer than {FEWEST} carry no model")
    if np.ptp(apart) == 0.0:
        return _failed("did not converge: all points are equally far from the source")
    return _fit(cases, apart, rng, permutations)


def _fit(cases: NDArray[np.bool_], apart: Floats, rng: np.random.Generator, permutations: int) -> Diggle:
    from gridmap.stats.compiled_odds import best_over_scales, fit_odds

    order = np.sort(apart)
    nearest = order[min(_NEAREST, len(order)) - 1]
    shortest = max(float(nearest), float(order[-1]) * 1e-4)
    scales = np.geomspace(shortest, max(float(order[-1]), shortest * 2.0), _SCALES)
    near = np.exp(-np.square(apart / scales[:, None]))
    best, at = best_over_scales(cases, near)
    others = np.array([best_over_scales(rng.permutation(cases), near)[0] for _ in range(permutations)])
    p_sim = float(1 + (others >= best - 1e-9).sum()) / (permutations + 1) if permutations else None
    if at == 0:
        return _failed("did not converge: whatever there is concerns only the few points nearest to the source", p_sim)
    if at == _SCALES - 1:
        return _failed("did not converge: the odds change over the whole area, not around the source", p_sim)

    def unlikely(log_scale: float) -> float:
        return -float(fit_odds(cases, np.exp(-np.square(apart / np.exp(log_scale))))[2])

    bounds = (float(np.log(scales[at - 1])), float(np.log(scales[at + 1])))
    found = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    level, alpha, likelihood, steady = fit_odds(cases, np.exp(-np.square(apart / np.exp(found.x))))
    if not steady or abs(alpha) > _LARGEST or level < -30.0:
        return _failed("did not converge: near the source all are cases or none is, so that alpha has no bound", p_sim)
    lrt = 2.0 * (likelihood - _same_odds(cases))
    return Diggle(
        alpha=float(alpha),
        beta=float(np.exp(-2.0 * found.x)),
        rho=float(np.exp(level)),
        lrt=float(lrt),
        df=DF,
        p=float(chi2.sf(lrt, DF)),
        p_sim=p_sim,
        converged=True,
        reason=None,
    )


def _same_odds(cases: NDArray[np.bool_]) -> float:
    some, rest = int(cases.sum()), int((~cases).sum())
    return float(some * np.log(some / len(cases)) + rest * np.log(rest / len(cases)))


def _sound(case: ArrayLike, distance: ArrayLike) -> tuple[NDArray[np.bool_], Floats]:
    flags, apart = floats(case, "case"), floats(distance, "distance")
    if len(flags) != len(apart) or not len(flags):
        raise InvalidInput(f"there are {len(flags)} cases and controls, but {len(apart)} distances")
    for name, good in (("case", np.isin(flags, (0.0, 1.0))), ("distance", np.isfinite(apart) & (apart >= 0))):
        bad = np.flatnonzero(~good)
        if len(bad):
            words = "must be 1 for a case and 0 for a control" if name == "case" else "is missing or negative"
            raise InvalidInput(f"{name} {words} (row {bad[0]}, counted from 0)", field=name, rows=bad.tolist())
    return flags == 1.0, apart


def _failed(reason: str, p_sim: float | None = None) -> Diggle:
    return Diggle(None, None, None, None, DF, None, p_sim, False, reason)
