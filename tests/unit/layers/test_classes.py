"""Classes by mapclassify: its own answer in breaks that a map can use, few where there is little to tell apart."""

from __future__ import annotations

from itertools import pairwise

import mapclassify
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import style
from layers.classes import MOST, Classes, breaks_of

FOUND = [Classes.QUANTILES, Classes.NATURAL]
THEIRS = {Classes.QUANTILES: mapclassify.Quantiles, Classes.NATURAL: mapclassify.FisherJenks}


def parted(values: np.ndarray, breaks: tuple[float, ...]) -> np.ndarray:
    """The class of each value as tiles draw it: a break belongs above."""
    return np.searchsorted(breaks, values, side="right")


@pytest.mark.parametrize("classes", FOUND)
def test_breaks_are_mapclassifys_in_two_digits(classes: Classes) -> None:
    values = np.random.default_rng(1).gamma(2.0, 3.0, 2001)
    theirs = THEIRS[classes](values, k=7)
    breaks = breaks_of(values, classes)
    assert len(breaks) == 6
    # in two digits: whatever lies farther from a break than that is where theirs has it
    clear = (np.abs(values[:, None] - np.array(breaks)) > 0.055 * np.array(breaks)).all(axis=1)
    assert (parted(values, breaks) == theirs.yb)[clear].all()
    assert clear.mean() > 0.7
    np.random.default_rng(2).shuffle(values)
    assert breaks_of(values, classes) == breaks


@pytest.mark.parametrize("classes", FOUND)
@pytest.mark.parametrize("distinct", [2, 3, 5, 7, 9])
def test_values_that_are_equal_to_a_break_fall_as_mapclassify_has_them(classes: Classes, distinct: int) -> None:
    """Theirs hold their upper bound, a tile's class its lower one."""
    values = np.random.default_rng(distinct).integers(1, distinct + 1, 500).astype(float)
    theirs = THEIRS[classes](values, k=7 if classes is Classes.QUANTILES else min(7, distinct))
    # a class of theirs that holds nothing is none of ours
    full = np.unique(theirs.yb, return_inverse=True)[1]
    assert (parted(values, breaks_of(values, classes)) == full).all()


def test_of_very_many_values_quantiles_are_those_of_all() -> None:
    values = np.random.default_rng(3).lognormal(1.0, 0.8, 400_000)
    assert breaks_of(values, Classes.QUANTILES) == pytest.approx(mapclassify.Quantiles(values, k=7).bins[:-1], rel=0.05)


def test_natural_breaks_are_the_optimum_whatever_was_drawn_before() -> None:
    values = np.random.default_rng(4).gamma(1.0, 5.0, 1500)

    def apart(breaks: tuple[float, ...]) -> float:
        groups = [values[parted(values, breaks) == one] for one in range(len(breaks) + 1)]
        return float(sum(((group - group.mean()) ** 2).sum() for group in groups))

    found = set()
    for seed in range(3):
        np.random.seed(seed)  # noqa: NPY002 (the state that k-means from random starts would read)
        found.add(breaks_of(values, Classes.NATURAL))
        drawn = mapclassify.NaturalBreaks(values, k=7).bins[:-1]
        assert apart(next(iter(found))) <= 1.01 * apart(tuple(drawn))
    assert len(found) == 1


@pytest.mark.parametrize("classes", FOUND)
@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 1), ([3.0], 1), ([3.0] * 50, 1), ([0.0] * 50, 1), ([0.0] * 40 + [2.0] * 40, 2), ([1.0, 1.0, 2.0, 5.0], 3)],
)
def test_of_few_distinct_values_there_are_fewer_classes(classes: Classes, values: list[float], expected: int) -> None:
    breaks = breaks_of(np.array(values), classes)
    assert len(breaks) + 1 == expected
    assert len(set(parted(np.array(values), breaks).tolist())) == min(expected, len(set(values)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(min_value=0.0, max_value=1e5), max_size=60),
    st.sampled_from(FOUND),
)
def test_breaks_ascend_above_0_and_can_be_written(values: list[float], classes: Classes) -> None:
    breaks = breaks_of(np.array(values), classes)
    assert len(breaks) < MOST
    assert all(0 < low < high for low, high in pairwise((*breaks, np.inf)))
    assert all(one == float(f"{one:.3g}") for one in breaks)


@pytest.mark.parametrize("classes", range(1, 8))
def test_the_ramp_of_fewer_classes_keeps_its_ends(classes: int) -> None:
    ramp = style.heat_ramp(classes)
    assert len(set(ramp)) == len(ramp) == classes
    assert ramp[0] == style.HEAT_RAMP[0]
    assert classes == 1 or ramp[-1] == style.HEAT_RAMP[-1]
    assert list(ramp) == sorted(ramp, key=style.HEAT_RAMP.index)
    assert style.heat_ramp(7) == style.HEAT_RAMP
