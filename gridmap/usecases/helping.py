"""Help buttons: a signed call becomes an incident once, goes to the nearest on duty, then to the next, then the centre.

A call that was answered is there: the incident, its first worker and the moment of the next are one transaction. Asking
on is one too, under a lock on the call; whoever dies in it has done nothing, and the next look does it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from gridmap.people.homes import CIRCLE_M, DRIFT, MOST_WORKERS, NEXT_AFTER, SILENT_AFTER, TEST_EVERY, call_order
from gridmap.people.rosters import Reason
from gridmap.privacy import signing
from gridmap.store import buttons, cases, homes, incidents, read, subjects, versions, visits, write
from gridmap.store import ground as ground_store
from gridmap.usecases.assigning import Response
from gridmap.usecases.context import Context, Ground
from gridmap.usecases.reporting import Draft, write_report
from gridmap.usecases.routing import hand_on
from gridmap.usecases.spots import Pin, Placed, act_on_pin
from gridmap.view import Role, View

CATEGORY = "emergency-help"
#: cells looked at around a home for somebody on duty
NEAR_CELLS = 24
#: calls in one transaction of the job
BATCH = 50
#: who is shown the devices that are silent
WATCHING = frozenset({Role.DISPATCHER, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Call:
    """What a device sends. `sent_at`: whole seconds since 1970 by its own clock; `counter` is never used twice."""

    device: str
    counter: int
    sent_at: int
    signature: str
    kind: str = "call"


def install(ctx: Context, code: str, household: str) -> str:
    """Give a household a help button, to which it must have agreed; the device's secret, shown this once.

    Raises NotFound, Conflict without consent or where the code is in use.
    """
    secret = signing.new_secret()
    with write(ctx.engine) as conn:
        household_id = buttons.household_of(conn, household)
        if household_id is None:
            raise NotFound(f"there is no household {household!r}")
        if "help_button" not in homes.agreed(conn, household_id, ctx.today()):
            raise Conflict("the household has not agreed to a help button; write its consent down first",
                           code="no_consent")  # fmt: skip
        now = ctx.clock()
        subject_id = subjects.seal_new(conn, ctx.vault, [{"secret": secret}], now)[0]
        assert subject_id is not None
        buttons.add(conn, code, household_id, subject_id, now)
    return secret


def take(ctx: Context, call: Call) -> dict[str, Any]:
    """Take a call. The same counter again is answered alike and does nothing more.

    Raises Unauthenticated for an unknown device, a wrong signature or a clock too far off (`device_clock`, with the
    server's time in `server_time`, by which the device sets its own and sends again).
    """
    with read(ctx.engine) as conn:
        device = buttons.device(conn, call.device)
        secret = subjects.open_fields(conn, ctx.vault, device.subject_id).get("secret") if device else None
        known = buttons.call(conn, device.id, call.counter) if device else None
    # an unknown device costs the same work and gets the same answer as a wrong signature
    right = signing.signed(secret or "00" * 32, call.signature, call.device, call.counter, call.sent_at, call.kind)
    if not right or secret is None:
        raise Unauthenticated("the device or its signature is not known", code="bad_signature")
    sent, now = datetime.fromtimestamp(call.sent_at, UTC), ctx.clock()
    if abs(now - sent) > DRIFT:
        raise Unauthenticated(
            "the device's clock is off; set it by server_time and send again", code="device_clock",
            server_time=int(now.timestamp()),
        )  # fmt: skip
    if known is not None:
        return _again(known, call)  # sent again: nothing to write, so it waits for nobody
    if call.kind == "test":
        return _test(ctx, device, call, sent)
    return _alarm(ctx, device, call, sent)


def _test(ctx: Context, device: Any, call: Call, sent: datetime) -> dict[str, Any]:
    with write(ctx.engine) as conn:
        now = ctx.clock()
        if buttons.claim(conn, device.id, call.counter, "test", None, sent, now, None):
            buttons.heard(conn, device.id, now, test=True)
    return _answer("test", now, None)


def _alarm(ctx: Context, device: Any, call: Call, sent: datetime) -> dict[str, Any]:
    draft = Draft(
        CATEGORY, device.lon, device.lat, text=device.address, household_id=device.household_id, channel="phone",
        occurred_at=sent, sure=True, confirmed=True,
    )  # fmt: skip
    view = View.system(ctx.today())

    def act(conn: Connection, found: Placed, now: datetime) -> dict[str, Any]:
        buttons.lock(conn, device.id)
        known = buttons.call(conn, device.id, call.counter)
        if known is not None:
            return _again(known, call)
        made = write_report(ctx, view, draft, conn, found, now)
        asked = 1 if made["worker"] is not None else 0
        if asked == 0:
            row = incidents.current(conn, made["id"])
            asked = _ask(ctx, conn, row, found.ground, (found.spot.lon, found.spot.lat), 0, now)
        waits = now + NEXT_AFTER if asked else None
        buttons.claim(conn, device.id, call.counter, "call", made["id"], sent, now, waits)
        buttons.heard(conn, device.id, now, test=False)
        return _answer("call", now, made["number"])

    return act_on_pin(ctx, view, Pin(device.lon, device.lat, confirmed=True), act, key=None, said="")


def _again(known: Any, call: Call) -> dict[str, Any]:
    if known.kind != call.kind:  # a call for help must not pass for a test that was taken
        raise Conflict("this counter was used for another call; send again under a new one", code="counter_used")
    return _answer(known.kind, known.received_at, known.number)


def _answer(kind: str, received_at: datetime, number: str | None) -> dict[str, Any]:
    return {"kind": kind, "received_at": canonical_moment(received_at), "number": number}


# --- whom to ask ----------------------------------------------------------------------------------------------------


def near_cells(ground: Ground, lon: float, lat: float, most: int = NEAR_CELLS) -> list[int]:
    """The ids of the cells nearest to a place, nearest first; the one it lies in has distance 0."""
    shapes = ground.cells.geometry.to_numpy()
    if not len(shapes):
        return []
    shrink = float(np.cos(np.radians(lat)))
    west, south, east, north = shapely.bounds(shapes).T
    across = np.maximum(np.maximum(west - lon, lon - east), 0.0) * shrink
    apart = np.hypot(across, np.maximum(np.maximum(south - lat, lat - north), 0.0))
    # boxes lie no farther than what is in them: those past the most-th exact distance need not be measured
    order = np.argsort(apart, kind="stable")
    first = order[: 4 * most]
    plane = shapely.transform(shapes[first], lambda at: at * (shrink, 1.0))
    exact = shapely.distance(plane, shapely.Point(lon * shrink, lat))
    return [int(ground.ids[first[i]]) for i in np.argsort(exact, kind="stable")[:most]]


def _ask(
    ctx: Context, conn: Connection, row: Any, ground: Ground, at: tuple[float, float], asked: int, now: datetime
) -> int:
    """Hand a call to the nearest on duty who was not asked yet, or after `MOST_WORKERS` to the centre; how many were
    asked now, 0 when it is with the centre. `row`: the case as `incidents.current` gave it; its body stays."""
    cell_ids = near_cells(ground, *at)
    roster = ground_store.roster(conn, set(cell_ids))
    before = buttons.asked(conn, row.id)
    order = call_order(cell_ids, roster, now.astimezone(ctx.zone), MOST_WORKERS + len(before))
    left = [worker_id for worker_id in order if worker_id not in before]
    worker_id = left[0] if left and asked < MOST_WORKERS else None
    if worker_id is None and row.worker_id is None and row.reason == Reason.DISPATCHER:
        return 0  # the centre has it
    moment, case = incidents.after(row, now), cases.load(conn, row.id, ctx.zone)
    reason = Reason.DISPATCHER if worker_id is None else Reason.HANDED_OVER
    hand_on(conn, case, row, Response(worker_id, row.body_id, row.area_id, reason), moment, None)
    cases.remember(conn, case, moment)
    versions.bump_rows(conn, "incidents", [row.id])
    return 0 if worker_id is None else asked + 1


def ask_on(ctx: Context, stop: threading.Event | None = None) -> int:
    """The job: calls nobody has accepted within three minutes go on to the next. How many went on or came to rest.

    Safe to run twice at once.
    """
    done = 0
    while stop is None or not stop.is_set():
        with read(ctx.engine) as conn:
            if not buttons.any_due(conn, ctx.clock()):
                return done
        with write(ctx.engine) as conn:
            now = ctx.clock()
            waiting, ground = buttons.due(conn, now, BATCH), ctx.grounds.on(conn, ctx.day_of(now))
            for row in waiting:
                _go_on(ctx, conn, row, ground, now)
        if not waiting:
            return done  # another one has them
        done += len(waiting)
    return done


def _go_on(ctx: Context, conn: Connection, row: Any, ground: Ground, now: datetime) -> None:
    # first the lock on the case, then the look: an acceptance on its way comes first
    case = incidents.current(conn, row.incident_id)
    if case.status not in ("assigned", "unplaced"):
        buttons.went_on(conn, row.id, row.paged, None)
        return
    asked = _ask(ctx, conn, case, ground, (row.lon, row.lat), row.paged, now)
    buttons.went_on(conn, row.id, asked or row.paged, now + NEXT_AFTER if asked else None)


def circle(lon: float, lat: float) -> dict[str, Any]:
    """How far help gets in ten minutes on foot: lon, lat and metres."""
    return {"lon": lon, "lat": lat, "radius_m": CIRCLE_M}


def silent(ctx: Context, view: View) -> list[dict[str, Any]]:
    """Devices of the caller's area not heard for a week or not tested for a month. Raises Forbidden."""
    actor, now = view.actor, ctx.clock()
    if actor is None or actor.role not in WATCHING:
        raise Forbidden("the list of devices is for dispatchers and supervisors")
    with read(ctx.engine) as conn:
        path = visits.area_of_account(conn, actor.account_id)
        if path is None:
            return []
        found = buttons.unheard(conn, now - SILENT_AFTER, now - TEST_EVERY, path)
    return [
        {
            **row, "silent": (row["heard_at"] or row["installed_at"]) < now - SILENT_AFTER,
            "test_due": (row["tested_at"] or row["installed_at"]) < now - TEST_EVERY,
        }
        for row in found
    ]  # fmt: skip


def retire(ctx: Context, code: str) -> None:
    """Take a device out of use: from now on it is unknown."""
    with write(ctx.engine) as conn:
        if not buttons.retire(conn, code, ctx.clock()):
            raise InvalidInput(f"there is no device {code!r} in use")
