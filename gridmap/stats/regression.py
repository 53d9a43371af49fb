"""Poisson regression with an offset: how counts change with a few numbers, by iterated weighted least squares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from gridmap.stats.neighbours import Floats

#: Newton steps, and the step (in standard deviations of a covariate) below which the fit stands
_STEPS, _STILL = 30, 1e-9


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient on the log scale, its standard error, and Wald's z and two-sided p."""

    estimate: float
    se: float
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class Regression:
    """Coefficients by name, "intercept" first; empty, with a reason, where the fit did not converge."""

    coefficients: dict[str, Coefficient]
    converged: bool
    reason: str | None
    deviance: float | None
    null_deviance: float | None


def poisson_regression(counts: Floats, expected: Floats, covariates: Mapping[str, Floats]) -> Regression:
    """log of the mean of `counts` = log `expected` + intercept + coefficients x covariates, by maximum likelihood.

    McCullagh and Nelder 1989, Generalized linear models, chapter 6. Rows that expect nothing say nothing and are left
    out. Counts may have fractions (cases dealt out over areas). Does not converge: fewer counts than coefficients,
    covariates that say the same, or a coefficient that runs away since some rows have no counts at all.
    """
    used = expected > 0
    y, offset = counts[used], np.log(expected[used])
    columns = np.column_stack([values[used] for values in covariates.values()]) if covariates else np.empty((len(y), 0))
    if y.sum() < columns.shape[1] + 2:
        return _failed(f"too few cases: {y.sum():g} for {columns.shape[1] + 1} coefficients")
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    flat = [name for name, spread in zip(covariates, scale, strict=True) if spread == 0.0]
    if flat:
        return _failed(f"did not converge: {', '.join(flat)} is the same everywhere")
    design = np.column_stack([np.ones(len(y)), (columns - centre) / scale])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return _failed("did not converge: the covariates say the same thing twice")
    null = np.log(y.sum() / np.exp(offset).sum())
    beta, steady = _newton(design, y, offset, null)
    if not steady:
        return _failed("did not converge: an estimate grows without end, as some rows have no cases at all")
    covariance = np.linalg.inv(_information(design, beta, offset))
    # back from standardised covariates
    back = np.diag(np.concatenate([[1.0], 1.0 / scale]))
    back[0, 1:] = -centre / scale
    estimates, spread = back @ beta, np.sqrt(np.diag(back @ covariance @ back.T))
    return Regression(
        coefficients={
            name: Coefficient(float(b), float(se), float(b / se), float(2.0 * norm.sf(abs(b / se))))
            for name, b, se in zip(("intercept", *covariates), estimates, spread, strict=True)
        },
        converged=True,
        reason=None,
        deviance=_deviance(y, np.exp(offset + design @ beta)),
        null_deviance=_deviance(y, np.exp(offset + null)),
    )


def _failed(reason: str) -> Regression:
    return Regression({}, False, reason, None, None)


def _newton(design: Floats, y: Floats, offset: Floats, null: float) -> tuple[Floats, bool]:
    beta = np.zeros(design.shape[1])
    beta[0] = null
    for _ in range(_STEPS):
        mean = np.exp(np.clip(offset + design @ beta, -700.0, 700.0))
        try:
            step = np.linalg.solve(_information(design, beta, offset), design.T @ (y - mean))
        except np.linalg.LinAlgError:
            return beta, False
        beta = beta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < _STILL:
            return beta, True
    return beta, False


def _information(design: Floats, beta: Floats, offset: Floats) -> Floats:
    mean = np.exp(np.clip(offset + design @ beta, -700.0, 700.0))
    return np.asarray(design.T @ (design * mean[:, None]), dtype=np.float64)


def _deviance(y: Floats, mean: Floats) -> float:
    logs = np.log(y / mean, out=np.zeros_like(y), where=y > 0)
    return float(2.0 * (y * logs - (y - mean)).sum())
