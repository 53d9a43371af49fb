"""Report an incident: place it, choose who answers, write it with its first events and messages, all at once or not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

import shapely
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.case.limits import of_category
from gridmap.case.state import CaseState
from gridmap.errors import Forbidden, InvalidInput
from gridmap.people.roles import admits, can
from gridmap.privacy import Vault
from gridmap.store import cases, incidents, rules, subjects, unanswered, versions
from gridmap.store import tables as t
from gridmap.store.cases import Case
from gridmap.store.incidents import Category
from gridmap.store.rows import next_ids
from gridmap.store.ties import thing_of
from gridmap.usecases import behalf
from gridmap.usecases.assigning import Responses, respond
from gridmap.usecases.context import Context
from gridmap.usecases.routing import Routing, facts, route
from gridmap.usecases.settled import Settled
from gridmap.usecases.spots import Pin, Placed, act_on_pin, charge, named, neighbour, send, where
from gridmap.view import Kind, View

MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reporter says. x and y are lon and lat of `crs` (or its easting and northing)."""

    category: str
    lon: float
    lat: float
    crs: str = "wgs84"
    accuracy_m: float | None = None
    text: str = ""
    occurred_at: datetime | None = None
    household_id: int | None = None
    enterprise_id: int | None = None
    channel: str = "worker"
    reporter_name: str | None = None
    reporter_phone: str | None = None
    #: the sender was asked on which side of a border it is, and said; else the neighbour's worker is told too
    sure: bool = False
    #: for whom it is filed; told to nobody but the sender
    behalf: behalf.Resident | None = None
    #: the sender was asked whether this far-off place is meant, and said yes
    confirmed: bool = False

    def fingerprint(self, vault: Vault) -> str:
        """A keyed digest of what was said, to tell a repeated request from another one under the same key."""
        return vault.digest(json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=False))


def report(ctx: Context, view: View, draft: Draft, *, key: str | None = None) -> dict[str, Any]:
    """Report an incident and answer with its cell, worker, body and due time.

    The same sender with the same key has one effect, also in parallel. The place is looked up in the drawing of the
    day the report arrives; `occurred_at` is kept beside it. Raises InvalidInput, Forbidden, KeyReused.
    """
    check(view, draft)
    pin = Pin(draft.lon, draft.lat, draft.crs, draft.accuracy_m, draft.confirmed)
    said = draft.fingerprint(ctx.vault)
    return act_on_pin(ctx, view, pin, partial(write_report, ctx, view, draft), key=key, said=said)


def check(view: View, draft: Draft) -> None:
    """Raises Forbidden or InvalidInput for a draft that cannot be reported."""
    if view.actor is not None:
        decision = can(view.actor, view.scope, "incident.report")
        if not decision:
            raise Forbidden(decision.reason)
    if draft.behalf is not None:
        behalf.check(view)
        if draft.reporter_name or draft.reporter_phone:
            raise InvalidInput("behalf: whoever files it is the contact; leave the reporter out", field="behalf")
    if len(draft.text) > MAX_TEXT:
        raise InvalidInput(f"the text has {len(draft.text)} characters; {MAX_TEXT} is the most", field="text")
    if draft.occurred_at is not None and draft.occurred_at.tzinfo is None:
        raise InvalidInput("occurred_at has no time zone; write it like 2026-07-03T09:41:00+08:00", field="occurred_at")


def write_report(
    ctx: Context,
    view: View,
    draft: Draft,
    conn: Connection,
    found: Placed,
    now: datetime,
    *,
    whole_id: int | None = None,
    stays: bool = False,
) -> dict[str, Any]:
    """Write a report that was placed, within the transaction; what `report` answers.

    `whole_id`: the case that it is a part of, whose household it then takes along. `stays`: the rules send it straight
    to no body, since whoever files it does.
    """
    places, settled = found.places, found.settled
    category = settled.category(conn, draft.category)
    routing, responses = _destined(ctx, conn, draft, found, category, now)
    routing = routing.waiting() if stays else routing
    actor_id = view.actor.account_id if view.actor else None
    case = _begin(ctx, conn, settled, routing.process(category), now)
    household_id = _household(conn, view, draft.household_id) if whole_id is None else draft.household_id
    incident_id, subject_id = next_ids(conn, t.incidents, t.subjects)
    row = {
        **_columns(ctx, view, draft, found, now), "id": incident_id, "category_id": category.id,
        "household_id": household_id, "parent_id": whole_id,
    }  # fmt: skip
    first = {"category": category.code, "channel": draft.channel, "cell_id": places.cell_id[0]}
    if whole_id is not None:
        first["parent_id"] = whole_id
    limit = of_category(category.limit_hours, case.process.limit.clock)
    begins = cases.first_data(case.process, limit, case.calendar)
    case.write(conn, "reported", now, actor_id, {**first, **begins})
    responses = send(conn, case, places, responses, routing, now, actor_id)
    area_id = responses.area_id[0] if places.cell_id[0] is None else places.area_id[0]
    with unanswered(conn):
        row["subject_id"] = subjects.seal_as(conn, ctx.vault, subject_id, _personal(draft), now)
        due_at = cases.admit(conn, case, row, area_id, responses.body_id[0])
        charge(conn, case.id, places, responses, now)
        versions.bump_rows(conn, "incidents", [case.id])
    other = neighbour(ctx, conn, places, now)
    if other is not None and not draft.sure:
        incidents.tell(conn, case.id, "border", now, worker_id=other, body_id=None)
    if draft.behalf is not None:
        behalf.keep(ctx, conn, view, case.id, draft.behalf, now)
    return {
        "id": case.id, "number": row["number"], "status": str(case.state.status), **named(conn, found, responses),
        "due_at": canonical_moment(due_at), "received_at": canonical_moment(now),
        **where(conn, found, responses, other),
    }  # fmt: skip


def _destined(
    ctx: Context, conn: Connection, draft: Draft, found: Placed, category: Category, now: datetime
) -> tuple[Routing, Responses]:
    """Where the rules send a report, and who answers for it."""
    enterprise_id = draft.enterprise_id
    if enterprise_id is not None:
        incidents.id_of(conn, t.enterprises, enterprise_id, "enterprise_id")
    case_facts = facts(
        ctx, category, found.places.area_path[0], now, draft.channel, text=draft.text, enterprise_id=enterprise_id,
        enterprise_kind=None if enterprise_id is None else rules.enterprise_kind(conn, enterprise_id),
    )  # fmt: skip
    routing = route(found.settled.rules, case_facts)
    departments, targets = [category.department], [routing.target]
    return routing, respond(
        conn, found.places, departments, [now], [None], ctx.zone, targets=targets, settled=found.settled
    )


def _columns(ctx: Context, view: View, draft: Draft, found: Placed, now: datetime) -> dict[str, Any]:
    """The columns of `incidents` that follow from the draft and its place alone."""
    return {
        **{name: column[0] for name, column in found.places.columns().items()},
        **found.spot.columns(),
        "number": incidents.drawn_number(now.astimezone(ctx.zone)), "channel": draft.channel, "received_at": now,
        "occurred_at": draft.occurred_at, "enterprise_id": draft.enterprise_id,
        "account_id": view.actor.account_id if view.actor else None,
        "geom": shapely.Point(found.spot.lon, found.spot.lat),
    }  # fmt: skip


def _personal(draft: Draft) -> dict[str, str | None]:
    return {"text": draft.text, "reporter_name": draft.reporter_name, "reporter_phone": draft.reporter_phone}


def _begin(ctx: Context, conn: Connection, settled: Settled, process: str, now: datetime) -> Case:
    """A case without events yet, with what it will count by."""
    calendar = settled.calendar or cases.begun(conn, ctx.zone, now)
    return Case(cases.UNWRITTEN, CaseState(), settled.process(conn, process), calendar)


def _household(conn: Connection, view: View, household_id: int | None) -> int | None:
    """Only a household that the reporter serves may be linked; others are not even said to exist."""
    if household_id is None:
        return None
    thing = thing_of(conn, Kind.HOUSEHOLD, household_id)
    if thing is None or not admits(view.scope.grant(Kind.HOUSEHOLD), thing):
        raise InvalidInput(f"household_id: there is none with the id {household_id}", field="household_id")
    return household_id
