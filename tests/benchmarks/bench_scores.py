"""Scorecards from the sums that the events keep, beside a full recount by SQL over all events.

GRIDMAP_LARGE_URLS (database URLs between blanks) names counties that `tests.benchmarks.large` has made already; without
it they are made here, which takes some minutes for each.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from sqlalchemy import bindparam, text

from gridmap.case.scorecard import COUNTS, Period, shifted
from gridmap.case.standing import month_named, number_of
from gridmap.store import read, scorecards
from gridmap.store import tables as t
from gridmap.usecases.context import Context
from tests.benchmarks import large
from tests.benchmarks.harness import Contender, Race
from tests.postgis import cluster, create

LARGE, QUICK, QUICK_BASE = 500_000, 400, 200
AT_LEAST = 50.0
Sums = dict[tuple[int, int | None], tuple[int, ...]]


def races(quick: bool) -> Iterator[Race]:
    """On each database: the counts by area of a month, the month before and the same month of the year before."""
    for make in (spatialite, postgis) if quick or not given() else map(partial(partial, standing), given()):
        with ExitStack() as stack:
            ctx = stack.enter_context(county(stack.enter_context(make()), fill=quick or not given(), quick=quick))
            yield race(ctx, quick)


def given() -> list[str]:
    return os.environ.get("GRIDMAP_LARGE_URLS", "").split()


@contextmanager
def standing(url: str) -> Iterator[str]:
    yield url


@contextmanager
def spatialite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/large.sqlite"


@contextmanager
def postgis() -> Iterator[str]:
    with cluster() as server:
        yield create(server, f"gridmap_{secrets.token_hex(4)}")


@contextmanager
def county(url: str, *, fill: bool, quick: bool) -> Iterator[Context]:
    ctx = large.open_context(url)
    try:
        if fill:
            size, base = (QUICK, QUICK_BASE) if quick else (LARGE, large.BASE)
            large.build(ctx, size, lambda words: print(f"  {words}", file=sys.stderr), base)
        yield ctx
    finally:
        ctx.engine.dispose()


def race(ctx: Context, quick: bool) -> Race:
    month = shifted(f"{ctx.today():%Y-%m}", -1)
    months = [month, shifted(month, -1), shifted(month, -12)]
    incidents, events = large.sizes(ctx)
    name = "SpatiaLite" if ctx.engine.dialect.name == "sqlite" else "PostGIS"
    recount = "one SELECT over all events"
    return Race(
        title=f"Scorecards of {incidents:,} incidents, {name}",
        about=f"The {len(COUNTS)} counts of three months by area, from {events:,} events or from the sums they keep.",
        ours=Contender("gridmap, store.scorecards", partial(summed, ctx, months)),
        others=[Contender(recount, partial(recounted, ctx, months))],
        amount=1,
        unit="cards",
        agree=agree,
        at_least={} if quick else {recount: AT_LEAST},
        most_rounds=5,
    )


def agree(answers: Mapping[str, Sums]) -> str:
    """Equal in every count of every area and month."""
    ours, theirs = answers.values()
    assert ours == theirs, {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys()
                            if ours.get(key) != theirs.get(key)}  # fmt: skip
    assert ours
    return f"Equal in all {len(ours)} lines."


def summed(ctx: Context, months: Sequence[str]) -> Sums:
    """From the ledger, as a scorecard's page reads it."""
    with read(ctx.engine) as conn:
        found = scorecards.sums(conn, [number_of(one) for one in months], ("area_id",))
    areas = [None if one is None or one != one else int(one) for one in found["area_id"].tolist()]
    counts = found[list(COUNTS)].to_numpy().tolist()
    return _there((month, area, tuple(row)) for month, area, row in zip(found["month"], areas, counts, strict=True))


def recounted(ctx: Context, months: Sequence[str]) -> Sums:
    """From the events."""
    periods = [Period.month(one, ctx.zone) for one in months]
    bound = {f"{end}{i}": getattr(one, end) for i, one in enumerate(periods) for end in ("start", "end")}
    query = text(_recount(len(months))).bindparams(*(bindparam(name, type_=t.UtcDateTime()) for name in bound))
    with read(ctx.engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
        rows = conn.execute(query, bound).all()
    return _there((number_of(months[row[0]]), row[1], tuple(map(int, row[2:]))) for row in rows)


def _there(rows: Iterator[tuple[int, int | None, tuple[int, ...]]]) -> Sums:
    """Lines in which something counts."""
    return {(int(month), area): counts for month, area, counts in rows if any(counts) and month_named(int(month))}


# --- the recount ----------------------------------------------------------------------------------------------------

#: what a case's events come to. What was resolved counts again only after it was reopened or sent back
_FACTS = """
WITH again AS (
    SELECT incident_id, max(CASE WHEN kind = 'reopened' THEN seq ELSE 0 END) AS opened, max(seq) AS undone
    FROM events WHERE kind IN ('reopened', 'sent_back') GROUP BY incident_id
),
told AS (
    SELECT e.incident_id,
        min(CASE WHEN e.kind = 'reported' THEN e.at END) AS received_at,
        min(CASE WHEN e.kind = 'closed' THEN e.at END) AS first_closed_at,
        max(CASE WHEN e.kind = 'closed' AND e.seq > coalesce(a.opened, 0) THEN e.at END) AS closed_at,
        max(CASE WHEN e.kind = 'resolved' AND e.seq > coalesce(a.undone, 0) THEN e.at END) AS resolved_at,
        min(CASE WHEN e.kind = 'dispatched' THEN e.at END) AS dispatched_at,
        max(CASE WHEN e.kind = 'returned' THEN 1 ELSE 0 END) AS returned,
        max(CASE WHEN e.kind = 'reopened' THEN 1 ELSE 0 END) AS reopened,
        max(CASE WHEN e.kind = 'extension_granted' THEN 1 ELSE 0 END) AS extended,
        max(CASE WHEN e.kind = 'rated' AND e.seq > coalesce(a.opened, 0) THEN 1 ELSE 0 END) AS rated,
        max(CASE WHEN e.kind = 'rated' AND e.seq > coalesce(a.opened, 0) AND e.data LIKE '%"satisfied"_true%'
            THEN 1 ELSE 0 END) AS satisfied,
        max(CASE WHEN e.kind IN ('voided', 'merged') THEN 1 ELSE 0 END) AS dropped
    FROM events e LEFT JOIN again a ON a.incident_id = e.incident_id GROUP BY e.incident_id
),
facts AS (
    SELECT told.*, i.due_at, coalesce(c.area_id, r.area_id) AS area_id, i.level = 'community' AS by_community,
        CASE WHEN resolved_at IS NULL OR told.closed_at < resolved_at THEN told.closed_at ELSE resolved_at END
            AS disposed_at,
        CASE WHEN i.due_at > told.received_at THEN i.due_at ELSE told.received_at END AS counts_from
    FROM told JOIN incidents i ON i.id = told.incident_id
    LEFT JOIN cells c ON c.id = i.cell_id
    LEFT JOIN responsibilities r ON r.incident_id = i.id AND r.valid_to IS NULL
    WHERE dropped = 0
),
standing AS (
    SELECT facts.*, CASE WHEN disposed_at > counts_from THEN disposed_at ELSE counts_from END AS until FROM facts
)
"""
#: each count of the period from :start to :end as a condition on `standing`
_DUE = "counts_from < :end AND (disposed_at IS NULL OR until >= :start)"
_DISPOSED = f"{_DUE} AND disposed_at IS NOT NULL AND until < :end"
_WITHIN = "disposed_at >= :start AND disposed_at < :end"
_CLOSED = "first_closed_at >= :start AND first_closed_at < :end"
_SENT = "dispatched_at >= :start AND dispatched_at < :end"
_COUNTED: Mapping[str, str] = {
    "accepted": "received_at >= :start AND received_at < :end",
    "due": _DUE, "disposed": _DISPOSED, "on_time": f"{_DISPOSED} AND disposed_at <= due_at",
    "closed_of_due": f"{_DISPOSED} AND closed_at < :end",
    "reworked_of_due": f"{_DUE} AND reopened = 1", "extended_of_due": f"{_DUE} AND extended = 1",
    "disposed_within": _WITHIN, "disposed_in_time": f"{_WITHIN} AND disposed_at <= due_at",
    "open_overdue": f"{_DUE} AND (disposed_at IS NULL OR until >= :end)",
    "closed": _CLOSED, "reopened": f"{_CLOSED} AND reopened = 1", "closed_by_community": f"{_CLOSED} AND by_community",
    "rated": f"{_CLOSED} AND rated = 1", "satisfied": f"{_CLOSED} AND rated = 1 AND satisfied = 1",
    "dispatched": _SENT, "returned": f"{_SENT} AND returned = 1",
}  # fmt: skip


def _recount(months: int) -> str:
    """One statement: number of the month, area, counts in the order of `COUNTS`."""
    return _FACTS + " UNION ALL ".join(map(_of_month, range(months)))


def _of_month(number: int) -> str:
    sums = ", ".join(f"sum(CASE WHEN {_COUNTED[name]} THEN 1 ELSE 0 END)" for name in COUNTS)
    sums = sums.replace(":start", f":start{number}").replace(":end", f":end{number}")
    return f"SELECT {number}, area_id, {sums} FROM standing GROUP BY area_id"
