"""Making a database ready, and the demo county in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from gridmap.case.categories import default_categories
from gridmap.demo import visited
from gridmap.demo.county import County
from gridmap.errors import Conflict, NotFound
from gridmap.store import cases, demo_homes, meta, read, scores, upgrade, write
from gridmap.store import ground as ground_store
from gridmap.store.demo_seats import busiest
from gridmap.usecases import accounts, homes
from gridmap.usecases.context import Context
from gridmap.usecases.demo_tables import fill_tables
from gridmap.usecases.homes import Care
from gridmap.usecases.imports import Loaded, load
from gridmap.view import Role

#: the order in which a county's files go in: each refers only to what stands before it
ORDER = (
    "areas", "bodies", "cells", "workers", "duties", "leaves", "households", "enterprises", "roads", "water", "places",
    "incidents",
)  # fmt: skip


def initialise(ctx: Context) -> Loaded:
    """Create or migrate the schema and bring in the default categories, processes and calendar.

    Safe to run again; rows stay.
    """
    upgrade(ctx.engine)
    with write(ctx.engine) as conn:
        cases.begin(conn, ctx.zone, ctx.clock())
        scores.add_missing(conn, ctx.zone)
    shipped = default_categories()
    return load(ctx, "categories", shipped.assign(row=range(1, len(shipped) + 1)))


def has_demo(ctx: Context) -> bool:
    """Whether the whole demo county stands here. Raises Conflict where another county does."""
    with read(ctx.engine) as conn:
        facts = meta.facts(conn)
        top = ground_store.county(conn)
    if top is not None and facts.get("is_demo") != "1":
        raise Conflict(
            f"this database serves {top.code} already; the demo county needs one of its own "
            "(set GRIDMAP_DATABASE_URL or --data)"
        )
    return facts.get("demo_complete") == "1"


def load_demo(ctx: Context, county: County, step: Callable[[str, Loaded], None]) -> None:
    """Bring the demo county in, kind by kind; after a kill, running it again completes it."""
    with write(ctx.engine) as conn:
        meta.set_facts(conn, {"county_name": county.name, "county_name_en": county.name_en, "is_demo": "1"})
    for kind in ORDER:
        rows: pd.DataFrame = getattr(county, kind)
        step(kind, load(ctx, kind, rows))
    _fill_files(ctx)
    fill_tables(ctx)
    with write(ctx.engine) as conn:
        meta.set_facts(conn, {"demo_complete": "1"})


def _fill_files(ctx: Context) -> None:
    """Give the demo's households invented consents, visits and care notes, once."""
    with write(ctx.engine) as conn:
        if demo_homes.is_filled(conn):
            return
        now = ctx.clock()
        agreed = visited.consents(demo_homes.households(conn), now)
        demo_homes.add(conn, "consents", agreed)
        demo_homes.add(conn, "visits", visited.visits(demo_homes.served_by(conn, ctx.today()), now))
        pairs = zip(agreed["household_id"], agreed["purpose"], strict=True)
        for one, purpose, text in visited.care([one for one, agreed_to in pairs if agreed_to == "care"]):
            homes.keep_care(ctx, conn, one, Care(purpose, text, ctx.today() + timedelta(days=180)), None)


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits in for a role in the demo: a name, and the code of the worker, body or area that the role is tied to."""

    role: Role
    name: str
    tie: str | None = None


def demo_seats(ctx: Context) -> list[Seat]:
    """One seat for each role, taken where there is most to see."""
    with read(ctx.engine) as conn:
        busy = busiest(conn, ctx.today())
    worker, town, body, county = busy.worker, busy.town, busy.body, busy.county
    return [
        Seat(Role.WORKER, worker[1], worker[0]),
        Seat(Role.DISPATCHER, f"{town[1]} 调度员", town[0]),
        Seat(Role.HANDLER, f"{body[1]} 承办人", body[0]),
        Seat(Role.SUPERVISOR, f"{county[1]} 督办员", county[0]),
        Seat(Role.PLANNER, f"{county[1]} 规划员", county[0]),
        Seat(Role.APPROVER, f"{county[1]} 审批人", county[0]),
        Seat(Role.OFFICIAL, f"{county[1]} 负责人", county[0]),
        Seat(Role.ADMIN, "管理员"),
    ]


@dataclass(frozen=True, slots=True)
class Login:
    """A freshly drawn log-in, printed once and kept nowhere."""

    seat: Seat
    username: str
    password: str


def draw_logins(ctx: Context, passwords: accounts.Passwords, seats: Sequence[Seat]) -> list[Login]:
    """A log-in for each seat with a new random password; those drawn before stop working."""
    return [_draw(ctx, passwords, seat) for seat in seats]


def _draw(ctx: Context, passwords: accounts.Passwords, seat: Seat) -> Login:
    username, password = f"demo-{seat.role}", accounts.draw_password()
    try:
        accounts.set_password(ctx, passwords, username, password)
    except NotFound:
        accounts.add(ctx, passwords, accounts.NewAccount(username, seat.name, seat.role, seat.tie), password)
    return Login(seat, username, password)
