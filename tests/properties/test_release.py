"""What leaves: no published count, and no difference of two published figures, lies between 1 and 4."""

from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.privacy import Released, release_counts

TODAY = date(2026, 7, 3)
MONTHS = [date(2026, month, 1) for month in range(1, 7)]


@st.composite
def counties(draw: st.DrawFn) -> tuple[list[str], list[str], np.ndarray]:
    towns = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    codes = [f"{town}{area:02d}" for town, areas in enumerate(towns) for area in range(areas)]
    counts = draw(
        st.lists(
            st.lists(st.one_of(st.integers(0, 3), st.integers(0, 12)), min_size=6, max_size=6),
            min_size=len(codes),
            max_size=len(codes),
        )
    )
    return codes, [code[0] for code in codes], np.array(counts, dtype=np.int64)


def release(county: tuple[list[str], list[str], np.ndarray], months: slice = slice(None)) -> Released:
    codes, towns, counts = county
    return release_counts(codes, towns, MONTHS[months], counts[:, months], today=TODAY)


@given(counties())
def test_every_part_holds_none_or_at_least_five_and_no_area_is_lost(county: tuple) -> None:
    codes, _, counts = county
    released = release(county)
    if released.withheld:
        assert any(0 < total < 5 for total in counts.sum(axis=0))
        return
    assert all(count == 0 or count >= 5 for count in released.counts)
    assert sorted(code for part in released.members for code in part) == sorted(codes)
    assert released.counts.sum() == counts.sum()


@given(counties())
def test_subtracting_any_two_periods_tells_nothing_small(county: tuple) -> None:
    """An attacker holds the release of every run of months and subtracts all unions of parts that cover alike."""
    runs = [slice(a, b) for a, b in combinations(range(7), 2)]
    known: dict[tuple[frozenset[str], int, int], int] = {}
    for run in runs:
        released = release(county, run)
        for part, count in zip(released.members, released.counts.tolist(), strict=True):
            known[frozenset(part), run.start, run.stop] = count
    for (part, a, b), whole in known.items():
        for (other, c, d), less in known.items():
            if other == part and a <= c and d <= b and (c == a or d == b):
                assert not 0 < whole - less < 5
        inside = [(p, n) for (p, c, d), n in known.items() if (c, d) == (a, b) and p < part]
        assert not inside, "parts of one period do not nest"


def test_a_month_that_still_runs_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2026-07 has not ended"):
        release_counts(["1"], ["1"], [date(2026, 7, 1)], np.array([[9]]), today=TODAY)


def test_small_siblings_are_published_together() -> None:
    counts = np.array([[3], [2], [9], [0]])
    released = release_counts(list("abcd"), ["t"] * 4, [date(2026, 1, 1)], counts, today=TODAY)
    assert released.members == (("a", "b"), ("c",), ("d",))
    assert released.counts.tolist() == [5, 9, 0]


def test_an_empty_county_publishes_one_zero() -> None:
    released = release_counts([], [], [], np.zeros((0, 0)), today=TODAY)
    assert released.counts.sum() == 0
