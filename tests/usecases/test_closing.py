"""A month told is told for ever: late imports, moved cases and redraws change nothing that has left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import combinations

import numpy as np
import pytest
from sqlalchemy import insert, select, update

from gridmap.errors import InvalidInput
from gridmap.store import read, write
from gridmap.store import tables as t
from gridmap.store.told import read_told
from gridmap.usecases.closing import next_month, told_months
from gridmap.usecases.imports import load
from gridmap.usecases.releasing import ReleasedMap, released_map
from gridmap.view import Drawing
from tests.county import CELL, COMMUNITY, SmallCounty
from tests.usecases.test_releasing import register

MONTHS = [date(2026, month, 1) for month in (3, 4, 5, 6)]
#: days before the small county's day that lie in each of them
AGO = {3: 110.0, 4: 80.0, 5: 50.0, 6: 20.0}


def figures(found: ReleasedMap) -> dict[frozenset[str], int]:
    return {frozenset(row["codes"]): row["count"] for row in found.parts.to_dict("records")}


def kinds(found: ReleasedMap) -> dict[frozenset[str], int]:
    return dict(zip(map(frozenset, found.kinds.groups), found.kinds.counts.tolist(), strict=True))


def fill(county: SmallCounty) -> None:
    rng = np.random.default_rng(1)
    for month, ago in AGO.items():
        letters = "".join(rng.choice(list("ABCDEFGH"), 60, p=[0.3, 0.1, 0.05, 0.01, 0.2, 0.2, 0.12, 0.02]))
        load(county.ctx, "incidents", register(letters, ago, f"M{month}-"))


def give(county: SmallCounty, ids: Sequence[int], letter: str) -> None:
    """Another cell answers for these from now on."""
    r, now = t.responsibilities, county.ctx.clock()
    with write(county.ctx.engine) as conn:
        cell = conn.execute(select(t.cells.c.id).where(t.cells.c.code == CELL[letter])).scalar_one()
        conn.execute(update(r).where(r.c.incident_id.in_(ids), r.c.valid_to.is_(None)).values(valid_to=now))
        rows = [{"incident_id": one, "cell_id": cell, "valid_from": now, "reason": "handed_over"} for one in ids]
        conn.execute(insert(r), rows)


def ids_of(county: SmallCounty) -> list[int]:
    with read(county.ctx.engine) as conn:
        return list(conn.execute(select(t.incidents.c.id).order_by(t.incidents.c.id)).scalars())


def every_period() -> list[list[date]]:
    return [MONTHS[a:b] for a, b in combinations(range(5), 2)]


def test_late_reports_change_no_month_that_was_told(small_county: SmallCounty) -> None:
    fill(small_county)
    before = {tuple(p): released_map(small_county.ctx, spans=p) for p in every_period()[:3]}
    for month, ago in AGO.items():
        load(small_county.ctx, "incidents", register("ABCDH", ago, f"L{month}-"))
    for period, told in before.items():
        again = released_map(small_county.ctx, spans=list(period))
        assert figures(again) == figures(told)
        assert kinds(again) == kinds(told)
        assert (again.single_months, again.single_incidents) == (told.single_months, told.single_incidents)
        assert again.total == sum(figures(again).values()) == sum(kinds(again).values())


def test_a_month_first_told_after_the_late_report_has_it(small_county: SmallCounty) -> None:
    fill(small_county)
    first = released_map(small_county.ctx, spans=MONTHS[:1]).total
    load(small_county.ctx, "incidents", register("AAAAA", AGO[3], "L-"))
    load(small_county.ctx, "incidents", register("AAAAA", AGO[4], "K-"))
    assert released_map(small_county.ctx, spans=MONTHS[:1]).total == first
    with read(small_county.ctx.engine) as conn:
        assert [row.month for row in read_told(conn, MONTHS)] == MONTHS[:1]
    assert released_map(small_county.ctx, spans=MONTHS[1:2]).total >= 65


def test_subtracting_everything_from_everything_tells_nothing_small(
    spatialite_county: SmallCounty,
) -> None:
    """All periods, both drawings, by place and by kind, asked before and after late imports and moved reports: figures
    over nested months and places differ by 0 or by at least five."""
    fill(spatialite_county)
    seen: list[tuple[str, frozenset[date], frozenset[str], int]] = []

    def ask() -> None:
        for period in every_period():
            for drawing in Drawing:
                found = released_map(spatialite_county.ctx, spans=period, drawing=drawing)
                months = frozenset(found.months)
                everywhere = frozenset().union(*figures(found)) if figures(found) else frozenset()
                seen.extend(("place", months, part, n) for part, n in figures(found).items())
                seen.extend(("kind", months, part, n) for part, n in kinds(found).items())
                seen.append(("place", months, everywhere, found.total))

    ask()
    for month, ago in AGO.items():
        load(spatialite_county.ctx, "incidents", register("ABCDEFGH"[:month], ago, f"L{month}-"))
    ask()
    with write(spatialite_county.ctx.engine) as conn:
        conn.execute(update(t.incidents).where(t.incidents.c.id % 7 == 0).values(category_id=1))
    give(spatialite_county, ids_of(spatialite_county)[::11], "D")
    ask()
    told = set(seen)
    assert len(told) > 20
    for axis, months, part, count in told:
        assert count == 0 or count >= 5
        for other_axis, fewer, inside, less in told:
            if axis == other_axis and fewer <= months and inside <= part:
                assert count - less == 0 or count - less >= 5, (months, part, fewer, inside)


def test_a_redraw_is_told_only_where_each_piece_is_large(small_county: SmallCounty) -> None:
    """Reports of A given to C: nine of them make a piece that may be told, two do not."""
    ctx = small_county.ctx
    new = []
    for month in (6, 5):
        before = len(ids_of(small_county))
        load(ctx, "incidents", register("A" * 20 + "C" * 20 + "E" * 9, AGO[month], f"M{month}-"))
        new.append(ids_of(small_county)[before:])
    then = {month: figures(released_map(ctx, spans=[month])) for month in MONTHS[2:]}
    for ids, many in zip(new, (9, 2), strict=True):
        give(small_county, ids[:many], "C")
    june, may = (released_map(ctx, spans=[month], drawing=Drawing.NOW) for month in (MONTHS[3], MONTHS[2]))
    assert june.months == [MONTHS[3]]
    moved = frozenset({COMMUNITY["A"]})
    assert then[MONTHS[3]][moved] - figures(june)[moved] == 9
    assert (may.months, len(may.parts)) == ([], 0)


def test_a_new_drawing_is_not_told_where_the_reports_no_longer_add_up(small_county: SmallCounty) -> None:
    fill(small_county)
    ctx = small_county.ctx
    released_map(ctx, spans=MONTHS)
    with write(ctx.engine) as conn:  # one report of June becomes a petition, which no release counts
        petition = {"code": "petition", "name": "信访", "process": "dispute", "limit_hours": 24.0}
        conn.execute(insert(t.categories).values(petition))
        code = select(t.categories.c.id).where(t.categories.c.code == "petition").scalar_subquery()
        conn.execute(update(t.incidents).where(t.incidents.c.id == ids_of(small_county)[-1]).values(category_id=code))
    assert released_map(ctx, spans=MONTHS, drawing=Drawing.NOW).months == MONTHS[:3]


def test_a_month_that_still_runs_is_not_told(small_county: SmallCounty) -> None:
    with pytest.raises(InvalidInput, match="2026-07 has not ended"):
        told_months(small_county.ctx, [next_month(MONTHS[-1])], Drawing.THEN)
