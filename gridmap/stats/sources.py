"""Near a source: whether cases are more frequent the nearer an enterprise is, and what several of them prove.

Tests for counts by area. All are conditional on the number of cases in all: what is asked is whether they lie near the
source, not whether there are many. "Too few cases" is an answer: then p is None and `reason` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from scipy.stats import norm

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import floats
from gridmap.stats.many import q_values
from gridmap.stats.neighbours import Floats
from gridmap.stats.regression import Regression, poisson_regression

#: fewer cases than these prove nothing about a source
FEWEST = 5
#: two sources whose exposures go together as closely as this cannot be told apart by any count
INSEPARABLE = 0.9
#: and those that go together less than this are not taken for one another
ALIKE = 0.5
#: ratios are equal when they differ by no more than rounding
_SAME = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Stone:
    """The largest ratio of observed to expected cases within some distance, that distance, and its p by replication."""

    ratio: float | None
    distance: float | None
    observed: float | None
    expected: float | None
    p: float | None
    q: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LawsonWaller:
    """The score of exposure x excess, z and one-sided p by the normal distribution, and p by replication."""

    score: float | None
    z: float | None
    p: float | None
    p_sim: float | None
    q: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The three tests around one source."""

    stone: Stone
    lawson_waller: LawsonWaller
    poisson: Regression


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sources near each other, by their places in the list.

    `correlation`: of their exposures, weighted by the expected cases. `z_first`, `z_second`: the score of each once the
    other is allowed for. `inseparable`: no count can tell which of them it is.
    """

    first: int
    second: int
    correlation: float
    z_first: float
    z_second: float
    inseparable: bool


def distances(x: ArrayLike, y: ArrayLike, source: Any) -> Floats:
    """From n points to a source in the same plane: a point, or a polygon or line of shapely (0 inside it)."""
    return np.asarray(shapely.distance(shapely.points(floats(x, "x"), floats(y, "y")), source), dtype=np.float64)


def spacing(x: ArrayLike, y: ArrayLike) -> float:
    """How far the areas' centres are from their nearest neighbours, in the middle; 0 when all are at one place."""
    points = np.column_stack([floats(x, "x"), floats(y, "y")])
    if len(points) < 2:
        return 0.0
    apart = cKDTree(points).query(points, k=2)[0][:, 1]
    return float(np.median(apart[apart > 0])) if (apart > 0).any() else 0.0


def exposure(distance: Floats, least: float = 0.0) -> Floats:
    """1 / distance, 1 at the nearest. Distances below `least`, or else the smallest positive one, count as that.

    An area's centre stands for all who live in it: nearer than areas are wide, distances say nothing.
    """
    positive = distance[distance > 0]
    nearest = least if least > 0 else float(positive.min()) if len(positive) else 1.0
    return np.asarray(nearest / np.maximum(distance, nearest), dtype=np.float64)


def near_sources(
    cases: ArrayLike,
    expected: ArrayLike,
    apart: Sequence[Floats],
    rng: np.random.Generator,
    covariates: Mapping[str, Floats] | None = None,
    replications: int = 999,
    least: float = 0.0,
) -> list[Source]:
    """The tests around each source. `cases`, `expected`: of n areas; `apart`: for each source, n distances to it;
    `least`: see `exposure`.

    For the first two tests the expected cases are scaled to the cases; the regression takes them as they are, so that
    its intercept is the log of observed / expected at the source. `q` is p after Benjamini and Hochberg over the
    sources, for each test. The same replications serve all sources.
    InvalidInput when numbers are missing or negative, or where there are cases but none expected.
    """
    observed, hoped = _sound(cases, expected)
    total = float(observed.sum())
    if total < FEWEST:
        return [_too_few(total) for _ in apart]
    regression = [poisson_regression(observed, hoped, {"distance": one, **(covariates or {})}) for one in apart]
    hoped = hoped * (total / hoped.sum())
    dealt = rng.multinomial(round(total), hoped / total, size=replications).astype(np.float64)
    found = [
        Source(
            stone(observed, hoped, distance, dealt),
            lawson_waller(observed, hoped, exposure(distance, least), dealt),
            fit,
        )
        for distance, fit in zip(apart, regression, strict=True)
    ]
    return _with_q(found)


def stone(observed: Floats, expected: Floats, distance: Floats, dealt: Floats) -> Stone:
    """Stone's maximum test: the largest cumulated observed / expected by distance; equally near areas come in together.

    Stone 1988, Investigations of excess environmental risks around putative sources, Statistics in Medicine 7, 649-660.
    `expected` adds up to the cases; `dealt` (replications, n): cases dealt out anew by it.
    """
    order = np.argsort(distance, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(distance[order]) > 0), len(order) - 1)
    hoped = np.cumsum(expected[order])[ends]
    ends, hoped = ends[hoped > 0], hoped[hoped > 0]
    seen = np.cumsum(observed[order])[ends]
    best = int(np.argmax(seen / hoped))
    ratio = float(seen[best] / hoped[best])
    others = (np.cumsum(dealt[:, order], axis=1)[:, ends] / hoped).max(axis=1)
    p = float(1 + (others >= ratio * _SAME).sum()) / (len(dealt) + 1)
    return Stone(ratio, float(distance[order][ends[best]]), float(seen[best]), float(hoped[best]), p)


def lawson_waller(observed: Floats, expected: Floats, exposed: Floats, dealt: Floats) -> LawsonWaller:
    """The score test of a rate that rises with exposure; the uniformly most powerful one for a small rise.

    Lawson 1993, On the analysis of mortality events associated with a prespecified fixed point, Journal of the Royal
    Statistical Society A 156, 363-377; Waller, Turnbull, Clark and Nasca 1992, Chronic disease surveillance and testing
    of clustering of disease and exposure, Environmetrics 3, 281-300. U = sum of exposure x (observed - expected), with
    its variance given the cases in all. `p` is one-sided, by the normal distribution.
    """
    score = float(exposed @ (observed - expected))
    spread = _covariance(exposed, exposed, expected)
    if spread <= 0.0:
        return LawsonWaller(None, None, None, None, reason="all areas are equally far from the source")
    others = dealt @ exposed - exposed @ expected
    slack = 1e-9 * np.sqrt(spread)
    p_sim = float(1 + (others >= score - slack).sum()) / (len(dealt) + 1)
    z = score / np.sqrt(spread)
    return LawsonWaller(score, float(z), float(norm.sf(z)), p_sim)


def pairs(cases: ArrayLike, expected: ArrayLike, apart: Sequence[Floats], least: float = 0.0) -> list[Pair]:
    """Sources that may be taken for one another: those whose exposures correlate by `ALIKE` and more.

    Each one's score is adjusted for the other (the efficient score: what remains of its exposure once it is regressed
    on the other's). They are inseparable when the exposures correlate by `INSEPARABLE`, or when each is raised alone (z
    above 1.645) and neither is beside the other.
    """
    observed, hoped = _sound(cases, expected)
    if observed.sum() < FEWEST:
        return []
    hoped = hoped * (observed.sum() / hoped.sum())
    exposed = [exposure(distance, least) for distance in apart]
    scores = [float(one @ (observed - hoped)) for one in exposed]
    spreads = [_covariance(one, one, hoped) for one in exposed]
    found = []
    for i in range(len(apart)):
        for j in range(i + 1, len(apart)):
            both = _covariance(exposed[i], exposed[j], hoped)
            correlation = both / np.sqrt(spreads[i] * spreads[j]) if spreads[i] * spreads[j] > 0 else 0.0
            if correlation >= ALIKE:
                found.append(_pair(i, j, correlation, (scores[i], scores[j]), (spreads[i], spreads[j]), both))
    return found


def _pair(
    i: int, j: int, correlation: float, scores: tuple[float, float], spreads: tuple[float, float], both: float
) -> Pair:
    alone = [score / np.sqrt(spread) for score, spread in zip(scores, spreads, strict=True)]
    if correlation > 1.0 - 1e-9:
        return Pair(i, j, float(correlation), 0.0, 0.0, True)
    beside = [
        (scores[a] - both / spreads[b] * scores[b]) / np.sqrt(spreads[a] - both**2 / spreads[b])
        for a, b in ((0, 1), (1, 0))
    ]
    raised = norm.isf(0.05)
    unclear = min(alone) > raised and max(beside) <= raised
    inseparable = correlation >= INSEPARABLE or unclear
    return Pair(i, j, float(correlation), float(beside[0]), float(beside[1]), bool(inseparable))


def _covariance(first: Floats, second: Floats, expected: Floats) -> float:
    """Of two scores, given the number of cases in all."""
    return float((first * second) @ expected - (first @ expected) * (second @ expected) / expected.sum())


def _sound(cases: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    observed, hoped = floats(cases, "cases"), floats(expected, "expected")
    if len(observed) != len(hoped) or not len(observed):
        raise InvalidInput(f"there are {len(observed)} numbers of cases, but {len(hoped)} of expected cases")
    for name, values in (("cases", observed), ("expected", hoped)):
        bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(bad):
            raise InvalidInput(
                f"{name} is missing or negative in {len(bad)} rows (the first: {bad[:10].tolist()}, counted from 0)",
                field=name, rows=bad.tolist(),
            )  # fmt: skip
    none = np.flatnonzero((hoped == 0) & (observed > 0))
    if len(none):
        raise InvalidInput(
            f"{len(none)} rows have cases where none are expected (the first: {none[:10].tolist()}, counted from 0)",
            code="none_expected", rows=none.tolist(),
        )  # fmt: skip
    if hoped.sum() == 0:
        raise InvalidInput("no cases are expected anywhere, so there is nothing to compare with", code="none_expected")
    return observed, hoped


def _too_few(cases: float) -> Source:
    reason = f"too few cases: {cases:g}, and fewer than {FEWEST} prove nothing"
    return Source(
        Stone(None, None, None, None, None, reason=reason),
        LawsonWaller(None, None, None, None, reason=reason),
        Regression({}, False, reason, None, None),
    )


def _with_q(found: list[Source]) -> list[Source]:
    p_stone = np.array([one.stone.p for one in found], dtype=np.float64)
    p_score = np.array([one.lawson_waller.p_sim for one in found], dtype=np.float64)
    q_stone, q_score = ([None if np.isnan(q) else float(q) for q in q_values(p)] for p in (p_stone, p_score))
    return [
        Source(replace(one.stone, q=a), replace(one.lawson_waller, q=b), one.poisson)
        for one, a, b in zip(found, q_stone, q_score, strict=True)
    ]
