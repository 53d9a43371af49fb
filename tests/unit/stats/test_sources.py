"""Tests near a source: published regression, other ways to the same figures, and what is too little to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import shapely

from gridmap.errors import InvalidInput
from gridmap.stats import diggle, distances, near_sources, pairs, poisson_regression, spacing
from gridmap.stats.sources import exposure, lawson_waller, stone


@pytest.fixture(scope="module")
def tracts(shared_data: Path) -> pd.DataFrame:
    """Leukaemia in 281 tracts of upstate New York."""
    return pd.read_csv(shared_data / "bench/ny_leukemia/NY8_tracts.csv")


def county(seed: int, n: int = 150) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places and expected cases of areas."""
    rng = np.random.default_rng(seed)
    return rng.random(n) * 10, rng.random(n) * 10, rng.lognormal(1.0, 0.7, n)


# --- Poisson regression -----------------------------------------------------------------------------------------------


def test_leukaemia_by_exposure_and_covariates_as_in_r(tracts: pd.DataFrame) -> None:
    """R 4.2.2: glm(Cases ~ PEXPOSURE + PCTOWNHOME + PCTAGE65P + offset(log(POP8)), poisson); PEXPOSURE is a log of the
    inverse distance to the TCE sites."""
    names = ("PEXPOSURE", "PCTOWNHOME", "PCTAGE65P")
    columns = {name: tracts[name].to_numpy() for name in names}
    fit = poisson_regression(tracts["Cases"].to_numpy(), tracts["POP8"].to_numpy(float), columns)
    estimates = [-8.1344155697, 0.1489301677, -0.3571015491, 3.9981561999]
    errors = [0.1826114458, 0.0312050167, 0.1902704087, 0.5978256793]
    assert [one.estimate for one in fit.coefficients.values()] == pytest.approx(estimates, rel=1e-7)
    assert [one.se for one in fit.coefficients.values()] == pytest.approx(errors, rel=1e-4)
    assert fit.coefficients["PCTOWNHOME"].p == pytest.approx(0.060544, rel=1e-4)
    assert (fit.deviance, fit.null_deviance) == pytest.approx((353.350554568, 428.254732902), rel=1e-8)


def test_leukaemia_by_distance_as_in_r(tracts: pd.DataFrame) -> None:
    """R 4.2.2: glm(Cases ~ d + PCTAGE65P + offset(log(POP8)), poisson), d from Monarch Chemicals."""
    apart = distances(tracts["X"], tracts["Y"], shapely.Point(-0.14, -67.19))
    covariates = {"PCTAGE65P": tracts["PCTAGE65P"].to_numpy()}
    (found,) = near_sources(tracts["Cases"], tracts["POP8"], [apart], np.random.default_rng(1), covariates)
    fit = found.poisson.coefficients
    assert list(fit) == ["intercept", "distance", "PCTAGE65P"]
    assert [one.estimate for one in fit.values()] == pytest.approx([-7.80686775, -0.00373039416, 4.21403699], rel=1e-7)
    assert fit["distance"].se == pytest.approx(0.000945694197, rel=1e-4)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": np.repeat([0.0, 1.0], 50)}, "grows without end"),
        ({"a": np.ones(100)}, "a is the same everywhere"),
        ({"a": np.arange(100.0), "b": 3.0 - 2.0 * np.arange(100.0)}, "the same thing twice"),
        ({str(i): np.random.default_rng(i).random(100) for i in range(60)}, "too few cases: 50 for 61"),
    ],
)
def test_a_regression_without_an_answer_says_so(columns: dict[str, np.ndarray], words: str) -> None:
    fit = poisson_regression(np.repeat([1.0, 0.0], 50), np.ones(100), columns)
    assert not fit.converged
    assert fit.coefficients == {}
    assert words in str(fit.reason)


def test_a_regression_is_that_of_statsmodels() -> None:
    """Fractions of cases, rows that expect nothing, covariates of very different size."""
    from statsmodels.api import GLM, families

    rng = np.random.default_rng(9)
    expected = np.where(rng.random(300) < 0.1, 0.0, rng.lognormal(0.0, 1.0, 300))
    columns = {"distance": rng.uniform(0, 9000, 300), "slope": rng.normal(0, 1e-3, 300)}
    counts = rng.poisson(expected * np.exp(0.5 - columns["distance"] / 4000)) * rng.uniform(0.9, 1.1, 300)
    fit = poisson_regression(counts, expected, columns)
    used = expected > 0
    design = np.column_stack([np.ones(300), *columns.values()])[used]
    other = GLM(counts[used], design, family=families.Poisson(), offset=np.log(expected[used])).fit(tol=1e-12)
    assert [one.estimate for one in fit.coefficients.values()] == pytest.approx(other.params, rel=1e-6)
    assert [one.se for one in fit.coefficients.values()] == pytest.approx(other.bse, rel=1e-6)
    assert fit.deviance == pytest.approx(other.deviance, rel=1e-9)


# --- Stone, Lawson and Waller -----------------------------------------------------------------------------------------


def test_stone_is_the_largest_ratio_of_every_circle() -> None:
    """On a lattice, where many areas are equally far; and its replications likewise."""
    rng = np.random.default_rng(5)
    x, y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(9), np.arange(9)))
    expected = rng.integers(0, 4, 81).astype(float)
    cases = rng.poisson(expected).astype(float)
    expected *= cases.sum() / expected.sum()
    apart = np.hypot(x - 2, y - 3)
    dealt = rng.multinomial(int(cases.sum()), expected / expected.sum(), 99).astype(float)

    def largest(counts: np.ndarray) -> tuple[float, float]:
        circles = [(apart <= d) for d in np.unique(apart) if expected[apart <= d].sum() > 0]
        return max((counts[c].sum() / expected[c].sum(), -apart[c].max()) for c in circles)

    found = stone(cases, expected, apart, dealt)
    ratio, distance = largest(cases)
    assert (found.ratio, found.distance) == pytest.approx((ratio, -distance))
    assert found.p == (1 + sum(largest(row)[0] >= ratio * (1 - 1e-9) for row in dealt)) / 100


def test_the_score_s_variance_is_that_of_its_replications() -> None:
    x, y, expected = county(1)
    apart = np.hypot(x - 5, y - 5)
    rng = np.random.default_rng(2)
    expected *= 400 / expected.sum()
    dealt = rng.multinomial(400, expected / 400, 4_000).astype(float)
    scores = np.array([lawson_waller(row, expected, exposure(apart), dealt[:1]).z for row in dealt], dtype=float)
    assert abs(scores.mean()) < 0.06
    assert scores.std() == pytest.approx(1.0, abs=0.04)


def test_exposure_falls_with_distance_and_is_finite_at_the_source() -> None:
    apart = np.array([0.0, 2.0, 4.0, 8.0])
    assert exposure(apart) == pytest.approx([1.0, 1.0, 0.5, 0.25])
    assert exposure(apart, least=4.0) == pytest.approx([1.0, 1.0, 1.0, 0.5])
    assert spacing([0.0, 3.0, 3.0, 10.0], [0.0, 0.0, 1.0, 0.0]) == 2.0
    assert spacing([1.0, 1.0], [1.0, 1.0]) == 0.0


def test_a_raised_source_is_found_and_a_quiet_one_is_not() -> None:
    x, y, expected = county(3)
    raised, quiet = np.hypot(x - 3, y - 3), np.hypot(x - 8, y - 8)
    cases = np.random.default_rng(4).poisson(expected * (1 + 3 * np.exp(-raised)))
    found = near_sources(cases, expected, [raised, quiet], np.random.default_rng(1))
    assert found[0].stone.q is not None
    assert found[0].stone.q <= 0.01
    assert found[0].lawson_waller.q is not None
    assert found[0].lawson_waller.q <= 0.01
    assert found[0].poisson.coefficients["distance"].estimate < 0
    assert found[1].stone.p is not None
    assert found[1].stone.p > 0.05


def test_a_fence_is_as_near_as_its_nearest_side() -> None:
    pit = shapely.box(2, 2, 6, 6)
    assert distances([4, 7, 0, 9], [4, 4, 2, 10], pit).tolist() == [0.0, 1.0, 2.0, 5.0]


def test_too_few_cases_are_an_answer() -> None:
    (found,) = near_sources([1, 0, 3], [5, 5, 5], [np.array([1.0, 2.0, 3.0])], np.random.default_rng(1))
    for one in (found.stone, found.lawson_waller):
        assert one.p is None
        assert "too few cases: 4" in str(one.reason)
    assert (found.poisson.converged, found.poisson.coefficients) == (False, {})


def test_a_source_as_far_from_all_says_so() -> None:
    (found,) = near_sources([4, 5, 6], [5, 5, 5], [np.full(3, 2.0)], np.random.default_rng(1))
    assert found.lawson_waller.reason == "all areas are equally far from the source"
    assert found.poisson.reason == "did not converge: distance is the same everywhere"
    assert found.stone.ratio == 1.0


def test_sources_are_told_apart_or_named_as_inseparable() -> None:
    """A raised source and a bystander 3 km off are told apart; one beside its fence is not."""
    x, y, expected = county(6, 600)
    near = {
        name: np.hypot(x - a, y - b) for name, (a, b) in {"raised": (3, 3), "by": (4, 3), "next": (3, 3.02)}.items()
    }
    cases = np.random.default_rng(7).poisson(expected * (1 + 5 * np.exp(-near["raised"] / 0.6)))
    found = pairs(cases, expected, list(near.values()), least=spacing(x, y))
    by, next_to = found[0], found[1]
    assert (by.first, by.second, by.inseparable) == (0, 1, False)
    assert by.z_first > 3 > 1.645 > by.z_second
    assert (next_to.first, next_to.second, next_to.inseparable) == (0, 2, True)
    assert pairs([1, 1], [1, 1], [np.ones(2), np.ones(2)]) == []


@pytest.mark.parametrize(
    ("cases", "expected"), [([1, -1], [1, 1]), ([1, 5], [1, 0]), ([0, 0], [0, 0]), ([1], [1, 1]), ([1, np.nan], [1, 1])]
)
def test_what_cannot_be_compared_is_refused(cases: list[float], expected: list[float]) -> None:
    with pytest.raises(InvalidInput):
        near_sources(cases, expected, [np.array([1.0, 2.0])], np.random.default_rng(1))


# --- Diggle -----------------------------------------------------------------------------------------------------------


def points(seed: int, alpha: float, beta: float, n: int = 900) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    apart = np.hypot(*(rng.random((2, n)) * 10 - 5))
    odds = 0.25 * (1 + alpha * np.exp(-beta * apart**2))
    return (rng.random(n) < odds / (1 + odds)).astype(int), apart


@pytest.mark.parametrize("seed", [1, 2])
def test_the_fit_is_the_maximum_of_the_published_likelihood(seed: int) -> None:
    """The likelihood of Diggle and Rowlingson, written down anew and maximised by the simplex that splancs uses."""
    case, apart = points(seed, 6.0, 0.6)

    def unlikely(given: np.ndarray) -> float:
        rho, alpha, beta = np.exp(given[0]), given[1], np.exp(given[2])
        raised = 1 + alpha * np.exp(-beta * apart**2)
        if (raised <= 0).any():
            return 1e10
        p = rho * raised / (1 + rho * raised)
        return -float(np.log(np.where(case == 1, p, 1 - p)).sum())

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
    best = scipy.optimize.minimize(unlikely, [-1.4, 4.0, 0.0], method="Nelder-Mead", options=options)
    found = diggle(case, apart, np.random.default_rng(1), 19)
    assert (found.alpha, found.rho, found.beta) == pytest.approx(
        (best.x[1], np.exp(best.x[0]), np.exp(best.x[2])), rel=1e-4
    )
    share = case.mean()
    flat = float(np.log(np.where(case == 1, share, 1 - share)).sum())
    assert found.lrt == pytest.approx(2 * (-best.fun - flat), rel=1e-9)
    assert found.p == pytest.approx(np.exp(-float(found.lrt) / 2)), "chi squared with two degrees of freedom"
    assert found.p_sim == 0.05
    assert (found.converged, found.df, found.reason) == (True, 2, None)


@pytest.mark.parametrize(
    ("case", "apart", "words"),
    [
        (np.arange(200) < 8, np.linspace(1, 9, 200), "too few cases: 8"),
        (np.arange(200) >= 4, np.linspace(1, 9, 200), "too few controls: 4"),
        (np.arange(200) % 3 == 0, np.full(200, 2.0), "equally far"),
        (np.arange(200) < 40, np.linspace(1, 9, 200), "did not converge"),
        (np.linspace(1, 9, 200) > np.random.default_rng(1).random(200) * 12, np.linspace(1, 9, 200), "over the whole"),
    ],
)
def test_a_fit_that_does_not_stand_gives_a_reason_and_no_estimates(
    case: np.ndarray, apart: np.ndarray, words: str
) -> None:
    found = diggle(case, apart, np.random.default_rng(1), 19)
    assert not found.converged
    assert words in str(found.reason)
    assert (found.alpha, found.beta, found.rho, found.lrt, found.p) == (None,) * 5


def test_flags_other_than_0_and_1_are_refused() -> None:
    with pytest.raises(InvalidInput, match="1 for a case"):
        diggle([0, 1, 2], [1.0, 2.0, 3.0], np.random.default_rng(1))
    with pytest.raises(InvalidInput, match="negative"):
        diggle([0, 1, 1], [1.0, -2.0, 3.0], np.random.default_rng(1))
