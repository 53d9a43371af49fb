"""Visits: one is written down once, its note may become a case, the month has a plan, and places have counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound
from gridmap.ground.measure import M_PER_DEGREE
from gridmap.people.homes import OUTCOMES
from gridmap.people.visits import Home, Planned, Quota, feasibility, plan, quota_of
from gridmap.store import homes, incidents, read, subjects, visits, write
from gridmap.usecases.context import Context
from gridmap.usecases.homes import seal, served
from gridmap.usecases.reading import Reader
from gridmap.usecases.reporting import Draft, report
from gridmap.usecases.spots import sender_of
from gridmap.view import InCells, Kind, Role, View

MOST_NOTE = 1000
#: a phone that was offline writes down visits of the last weeks; a note from the future is a wrong clock
OLDEST, NEWEST = timedelta(days=60), timedelta(hours=48)
#: who reads counts of visits, by place
COUNTING = frozenset({Role.SUPERVISOR, Role.DISPATCHER, Role.PLANNER})


@dataclass(frozen=True, slots=True)
class Visit:
    """A household visited: how it went, what was heard, and the day on which one promised to come again."""

    household_id: int
    outcome: str = "met"
    visited_at: datetime | None = None
    note: str = ""
    return_on: date | None = None
    return_of: int | None = None


def record(ctx: Context, view: View, visit: Visit, *, key: str | None = None) -> dict[str, Any]:
    """Write a visit down, once for each sender and key. A note is kept where the household agreed to notes of visits.

    Raises NotFound outside the scope, Conflict for a note without consent, InvalidInput, KeyReused.
    """
    actor = view.actor
    if actor is None or actor.role is not Role.WORKER:
        raise Forbidden("visits are written down by the worker who made them")
    _check(ctx, visit)

    def act(conn: Connection, now: datetime) -> dict[str, Any]:
        row = served(conn, view, visit.household_id, lock=True)
        if visit.note and "visits" not in homes.agreed(conn, visit.household_id, ctx.today()):
            raise Conflict("the household has not agreed to notes of visits; send the visit without, or its consent "
                           "first", code="no_consent")  # fmt: skip
        if visit.return_of is not None:
            before = visits.visit(conn, visit.return_of)
            if before is None or before.household_id != visit.household_id:
                raise InvalidInput("return_of names no visit to this household", field="return_of")
        # a phone's clock may be wrong: what lies ahead counts as now
        visited_at = min(visit.visited_at or now, now)
        visit_id = visits.add(conn, {
            "household_id": visit.household_id, "worker_id": actor_worker(view, conn), "account_id": actor.account_id,
            "return_of_id": visit.return_of, "visited_at": visited_at, "written_at": now, "outcome": visit.outcome,
            "return_on": visit.return_on,
        })  # fmt: skip
        if visit.note:
            seal(ctx, conn, row, homes.visit_field(visit_id), visit.note, now)
        return {"id": visit_id, "household_id": visit.household_id, "outcome": visit.outcome,
                "visited_at": canonical_moment(visited_at), "written_at": canonical_moment(now)}  # fmt: skip

    said = ctx.vault.digest(json.dumps(asdict(visit), sort_keys=True, default=str, ensure_ascii=False))
    return once(ctx, view, key, said, act)


def actor_worker(view: View, conn: Connection) -> int:
    """The worker behind the caller; Forbidden without one."""
    assert view.actor is not None
    worker_id = homes.worker_of(conn, view.actor.account_id)
    if worker_id is None:
        raise Forbidden("this account belongs to no worker")
    return worker_id


def once(
    ctx: Context, view: View, key: str | None, said: str, act: Callable[[Connection, datetime], dict[str, Any]]
) -> dict[str, Any]:
    """Do something in one transaction, once for each sender and key: the same again gets the same answer."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        if key is None:
            return act(conn, now)
        known = incidents.claim_request(conn, sender_of(view), key, said, now)
        if known is not None:
            return known
        answer = act(conn, now)
        incidents.answer_request(conn, sender_of(view), key, answer)
        return answer


def _check(ctx: Context, visit: Visit) -> None:
    now = ctx.clock()
    if visit.outcome not in OUTCOMES:
        raise InvalidInput(f"outcome is one of {', '.join(OUTCOMES)}", field="outcome")
    if len(visit.note) > MOST_NOTE:
        raise InvalidInput(f"the note has {len(visit.note)} characters; {MOST_NOTE} is the most", field="note")
    at = visit.visited_at
    if at is not None and (at.tzinfo is None or not now - OLDEST <= at <= now + NEWEST):
        raise InvalidInput("visited_at must have a time zone, and lie within the last 60 days", field="visited_at")
    if visit.return_on is not None and not ctx.today() <= visit.return_on <= ctx.today() + timedelta(days=366):
        raise InvalidInput("return_on must lie within the next 366 days", field="return_on")


def to_incident(ctx: Context, view: View, visit_id: int, category: str, text: str | None) -> dict[str, Any]:
    """Report what a visit brought up: at the household's place, with the visit's note unless another text is given.

    Whoever made the visit does it, and once: the same again gets the same answer. Raises NotFound, Forbidden, KeyReused
    and all that a report raises.
    """
    with read(ctx.engine) as conn:
        visit = visits.visit(conn, visit_id)
        if visit is None:
            raise NotFound("there is no such visit, or none that you serve")
        home = served(conn, view, visit.household_id)
        if view.actor is None or visit.account_id != view.actor.account_id:
            raise Forbidden("a visit becomes a case by whoever made it; report what you heard yourself")
        note = subjects.open_fields(conn, ctx.vault, home["subject_id"]).get(homes.visit_field(visit_id), "")
    draft = Draft(
        category, home["lon"], home["lat"], text=text or note, household_id=visit.household_id, sure=True,
        confirmed=True, occurred_at=visit.visited_at,
    )  # fmt: skip
    answer = report(ctx, view, draft, key=f"visit:{visit_id}")
    with write(ctx.engine) as conn:
        visits.set_incident(conn, visit_id, int(answer["id"]))
    return answer


# --- reading --------------------------------------------------------------------------------------------------------


def month_of(ctx: Context, month: str | None) -> date:
    """The first day of a month written YYYY-MM (None: this one)."""
    if month is None:
        return ctx.today().replace(day=1)
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InvalidInput(f"the month {month[:12]!r} cannot be read; write it like 2026-07", field="month") from None


def _span(ctx: Context, month: date) -> tuple[datetime, datetime]:
    after = (month + timedelta(days=32)).replace(day=1)
    start, end = (datetime.combine(day, time(), ctx.zone) for day in (month, after))
    return start, end


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """A worker's visits of a month. `rows`: the households by id, as `store.visits.homes_in`; `met`: how many were."""

    first: date
    quota: Quota
    met: int
    rows: dict[int, dict[str, Any]]
    planned: list[Planned]

    def items(self) -> list[dict[str, Any]]:
        """Whom to visit, first to last: the household's row with days since the last visit, red, due."""
        return [{**self.rows[one.id], "days": one.days, "red": one.red, "due": one.due} for one in self.planned]


def plan_of(ctx: Context, conn: Connection, view: View, first: date) -> MonthPlan:
    """The caller's plan of the month that begins on `first`; the caller lets the reading be logged."""
    worker = visits.worker(conn, actor_worker(view, conn))
    quota = quota_of(worker.id, worker.path, *visits.quotas(conn))
    rows = {row["id"]: row for row in visits.homes_in(conn, _cells(view), ctx.zone)}
    met = visits.done_by(conn, worker.id, *_span(ctx, first))
    homes = (Home(row["id"], row["last_visit"], row["return_on"], row["needs"]) for row in rows.values())
    return MonthPlan(first, quota, met, rows, plan(homes, quota, max(ctx.today(), first), met))


def my_plan(reader: Reader, month: str | None = None) -> dict[str, Any]:
    """The caller's plan of a month: the quota, how many were met already, and the households in their order."""
    with read(reader.ctx.engine) as conn:
        found = plan_of(reader.ctx, conn, reader.view, month_of(reader.ctx, month))
    opens, closes = found.quota.window(found.first)
    reader.note(Kind.HOUSEHOLD, list(found.rows))
    return {
        "month": f"{found.first:%Y-%m}", "from": opens, "to": closes - timedelta(days=1), "least": found.quota.least,
        "met": found.met, "red": sum(one.red for one in found.planned), "items": found.items(),
    }  # fmt: skip


def listing(reader: Reader, household_id: int | None, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Visits to the households that the caller serves, newest first, one more than `limit` where there are more."""
    with read(reader.ctx.engine) as conn:
        found = visits.listed(conn, _cells(reader.view), household_id, before, limit + 1)
    reader.note(Kind.HOUSEHOLD, sorted({row["household_id"] for row in found[:limit]}))
    return found


def _cells(view: View) -> frozenset[int]:
    grant = view.scope.grant(Kind.HOUSEHOLD)
    return grant.cell_ids if isinstance(grant, InCells) else frozenset()


def figures(ctx: Context, view: View, month: str | None = None) -> dict[str, Any]:
    """By community: households, how many were met, what the quotas ask and how much of that is done, and whether the
    hours suffice. No names. Quotas ask for so many at least: who meets more is done, and makes up for nobody else."""
    actor, first = view.actor, month_of(ctx, month)
    if actor is None or actor.role not in COUNTING:
        raise Forbidden("counts of visits are for supervisors, dispatchers and planners")
    with read(ctx.engine) as conn:
        path = visits.area_of_account(conn, actor.account_id)
        if path is None:
            return {"month": f"{first:%Y-%m}", "items": []}
        rows = visits.counts(conn, path, *_span(ctx, first))
        staff, known = visits.staffed(conn, path, view.as_of), visits.quotas(conn)
        spots: dict[int, list[tuple[float, float]]] = {}
        for area_id, lon, lat in visits.places(conn, path):
            spots.setdefault(area_id, []).append((lon, lat))
    items = []
    for row in rows:
        quotas = [quota_of(worker_id, area_path, *known) for worker_id, area_path in staff.get(row["id"], ())]
        asked = min(sum(quota.least for quota in quotas), row["households"])
        days = sum((quota.window(first)[1] - quota.window(first)[0]).days for quota in quotas)
        fits = feasibility(asked, hops_m(spots.get(row["id"], [])), days=days)
        items.append({
            **{name: row[name] for name in ("code", "name", "name_en", "households", "met")}, "asked": asked,
            "done": min(row["met"], asked),
            "need_h": round(fits.need_h, 1), "capacity_h": round(fits.capacity_h, 1), "enough": fits.enough,
        })  # fmt: skip
    return {"month": f"{first:%Y-%m}", "items": items}


def hops_m(places: list[tuple[float, float]]) -> list[float]:
    """Metres from each place (lon, lat) to its nearest neighbour; empty for fewer than two."""
    if len(places) < 2:
        return []
    at = np.array(places)
    plane = at * M_PER_DEGREE * np.array([np.cos(np.radians(at[:, 1].mean())), 1.0])
    distances, _ = cKDTree(plane).query(plane, k=2)
    found: list[float] = distances[:, 1].tolist()
    return found
