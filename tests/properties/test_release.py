"""What leaves: no published count, and no difference of two published figures, lies between 1 and 4."""

from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.privacy import Released, joined, may_redraw, release_counts, release_kinds

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
def test_a_period_joined_of_its_months_is_the_period_released_at_once(county: tuple) -> None:
    whole = release(county)
    months = joined([release(county, slice(m, m + 1)) for m in range(6)])
    assert months.withheld == whole.withheld
    told, at_once = (
        dict(zip(map(frozenset, one.members), one.counts.tolist(), strict=True)) for one in (months, whole)
    )
    assert told == at_once


@given(counties(), counties())
def test_months_told_in_different_counties_join_to_sums_of_what_was_told(first: tuple, second: tuple) -> None:
    """A community founded between two months moves the tree; parts then cross, and only whole unions are told."""
    months = [release(one, slice(0, 1)) for one in (first, second)]
    period = joined(months)
    if any(one.withheld for one in months):
        assert period.withheld
        return
    for part, count in zip(period.members, period.counts.tolist(), strict=True):
        inside = [
            (set(members) <= set(part), number)
            for one in months
            for members, number in zip(one.members, one.counts.tolist(), strict=True)
            if set(members) & set(part)
        ]
        assert all(whole for whole, _ in inside)
        assert count == sum(number for _, number in inside)


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


# --- an attacker who subtracts everything from everything -----------------------------------------------------------


def published(codes: list[str], towns: list[str], table: np.ndarray, months: int) -> dict[frozenset, int]:
    """All that is ever told of a table (areas, months, categories): sets of its cells, and their counts."""
    known: dict[frozenset, int] = {}
    kinds = [f"k{i}" for i in range(table.shape[2])]
    for a, b in combinations(range(months + 1), 2):
        span = MONTHS[a:b]
        areas = release_counts(codes, towns, span, table[:, a:b].sum(axis=2), today=TODAY)
        for part, count in zip(areas.members, areas.counts.tolist(), strict=True):
            cells = {(c, m, k) for c in part for m in range(a, b) for k in kinds}
            known[frozenset(cells)] = count
        groups = release_kinds(kinds, span, table[:, a:b].sum(axis=0).T, today=TODAY)
        for group, count in zip(groups.groups, groups.counts.tolist(), strict=True):
            cells = {(c, m, k) for c in codes for m in range(a, b) for k in group}
            known[frozenset(cells)] = count
    return known


def subtracted(known: dict[frozenset, int], most: int = 1_500) -> dict[frozenset, int]:
    """What follows by taking away a part from a whole, again and again, until nothing new comes or it is enough."""
    found = dict(known)
    fresh = list(known)
    while fresh and len(found) < most:
        coming: dict[frozenset, int] = {}
        for one in fresh:
            for other in list(found):
                whole, part = (one, other) if other < one else (other, one)
                if part < whole and whole - part not in found:
                    coming[whole - part] = found[whole] - found[part]
        found |= coming
        fresh = list(coming)
    return found


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=2),
    st.lists(st.one_of(st.integers(0, 2), st.integers(0, 9)), min_size=36, max_size=36),
)
def test_subtracting_everything_from_everything_tells_nothing_small(towns: list[int], values: list[int]) -> None:
    codes = [f"{town}{area:02d}" for town, areas in enumerate(towns) for area in range(areas)]
    table = np.array(values[: len(codes) * 6], dtype=np.int64).reshape(len(codes), 2, 3)
    found = subtracted(published(codes, [code[0] for code in codes], table, 2))
    assert not [count for count in found.values() if 0 < count < 5 or count < 0]


def test_the_attacker_would_find_what_filters_give_away() -> None:
    """The same attack upon counts suppressed one by one: community totals, and one category of the county."""
    whole, part = frozenset({("a", 0, "k0"), ("a", 0, "k1")}), frozenset({("a", 0, "k0")})
    assert subtracted({whole: 12, part: 9})[whole - part] == 3


@settings(max_examples=60)
@given(st.lists(st.sampled_from([0, 0, 5, 6, 9, 3]), min_size=9, max_size=9))
def test_a_month_told_in_two_drawings_gives_no_piece_away(values: list[int]) -> None:
    pieces = np.array(values).reshape(3, 3)
    if not may_redraw(pieces):
        assert ((pieces > 0) & (pieces < 5)).any()
        return
    known = {}
    for i in range(3):
        known[frozenset((i, j) for j in range(3))] = int(pieces[i].sum())
        known[frozenset((j, i) for j in range(3))] = int(pieces[:, i].sum())
    joined = {a | b: m + n for (a, m), (b, n) in combinations(known.items(), 2) if not a & b}
    assert not [count for count in subtracted(known | joined).values() if 0 < count < 5]
