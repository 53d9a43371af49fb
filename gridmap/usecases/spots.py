"""A place as it is reported: read in any CRS, placed in the drawing of the day, and handed to who answers there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from gridmap.errors import Conflict, InvalidInput
from gridmap.ground import parse_crs, question, question_text, to_wgs84
from gridmap.people.rosters import Reason
from gridmap.store import incidents, read, versions, write
from gridmap.store.cases import Case
from gridmap.usecases.assigning import Places, Responses, on_duty, place
from gridmap.usecases.context import Context, Ground, ground_version
from gridmap.usecases.routing import Routing, sent_on
from gridmap.usecases.settled import Settled
from gridmap.view import View

#: where there are no cells yet, any place on earth is as good as another
WORLD = (-180.0, -90.0, 180.0, 90.0)
#: a phone that knows only its mast says kilometres; beyond this the number is a mistake
MAX_ACCURACY_M = 100_000


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as it came and as WGS84."""

    lon: float
    lat: float
    crs_in: str
    x_in: float
    y_in: float
    accuracy_m: float | None

    def columns(self) -> dict[str, Any]:
        return {"crs_in": self.crs_in, "x_in": self.x_in, "y_in": self.y_in, "accuracy_m": self.accuracy_m}


def locate_spot(
    ground: Ground, x: float, y: float, crs: str, accuracy_m: float | None, *, confirmed: bool = False
) -> Spot:
    """Read a place in any CRS. A doubtful one (axes swapped, another country) is asked about, never shifted."""
    name = parse_crs(crs)
    if accuracy_m is not None and not 0 <= accuracy_m <= MAX_ACCURACY_M:
        most = f"{MAX_ACCURACY_M:,}"
        raise InvalidInput(f"accuracy_m is {accuracy_m}; give metres between 0 and {most}", field="accuracy_m")
    lon, lat = to_wgs84(np.array([x], dtype=float), np.array([y], dtype=float), name)
    asked = question(lon, lat, ground.extent or WORLD)[0]
    if asked is not None and (asked != "elsewhere" or not confirmed):
        raise InvalidInput(
            question_text(asked), code="location_doubtful", field="lon", question=asked,
            confirm="send confirmed=true to report it all the same" if asked == "elsewhere" else None,
        )  # fmt: skip
    return Spot(float(lon[0]), float(lat[0]), name, x, y, accuracy_m)


@dataclass(frozen=True, slots=True)
class Placed:
    """A spot with where it lies, on the ground that is in force in this transaction, and what else is settled then."""

    spot: Spot
    places: Places
    ground: Ground
    settled: Settled


def sender_of(view: View) -> str:
    """Whose idempotency keys these are."""
    return f"account:{view.actor.account_id}" if view.actor else "system"


def placed(ground: Ground, spot: Spot) -> Places:
    accuracy = np.array([np.nan if spot.accuracy_m is None else spot.accuracy_m])
    return place(ground, np.array([spot.lon]), np.array([spot.lat]), accuracy)


@dataclass(frozen=True, slots=True)
class Pin:
    """A place as its sender gives it: lon and lat of `crs` (or its easting and northing)."""

    lon: float
    lat: float
    crs: str = "wgs84"
    accuracy_m: float | None = None
    confirmed: bool = False


#: what is done with a pin once it is placed, inside the transaction; returns the answer
Act = Callable[[Connection, Placed, datetime], dict[str, Any]]


#: a number is six drawn characters: of 10,000 reports on a day, one day in fifteen draws one of them twice
MOST_DRAWS: Final = 5


def act_on_pin(
    ctx: Context, view: View, pin: Pin, act: Act, *, key: str | None, said: str, sender: str | None = None
) -> dict[str, Any]:
    """Place a pin in today's drawing and act on it in one transaction, once for each sender and key.

    Placing needs no lock and asks nothing: the transaction finds out whether a drawing or midnight came since its
    ground was read, or that the number drawn for a report is another's; then it is done again. `said` is the digest of
    the request, by which another one under the same key is told; `sender`: whose key it is, where nobody is logged in.
    """
    sender = sender or sender_of(view)
    known_to_us, draws = ctx.grounds.at_hand(ctx.today()), MOST_DRAWS
    while True:
        ground = known_to_us or _read_ground(ctx)
        try:
            spot = locate_spot(ground, pin.lon, pin.lat, pin.crs, pin.accuracy_m, confirmed=pin.confirmed)
        except InvalidInput:
            if known_to_us is None:
                raise
            known_to_us = None  # doubtful on a ground that may have passed
            continue
        places = placed(ground, spot)
        try:
            with write(ctx.engine, brief=True) as conn:
                now, layers = ctx.clock(), versions.read(conn)
                if ground_version(layers) != ground.version or ctx.day_of(now) != ground.day:
                    known_to_us = None
                    continue
                found = Placed(spot, places, ground, ctx.settled.at(conn, layers))
                return _once(conn, sender, key, said, now, partial(act, conn, found, now))
        except Conflict as exc:
            draws -= 1
            if exc.details.get("columns") != ["number"] or not draws:
                raise


def _read_ground(ctx: Context) -> Ground:
    with read(ctx.engine) as conn:
        return ctx.grounds.on(conn, ctx.today())


def _once(
    conn: Connection, sender: str, key: str | None, said: str, now: datetime, act: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What is answered under this key: as it was the first time, else what acting comes to."""
    if key is None:
        return act()
    known = incidents.claim_request(conn, sender, key, said, now)
    if known is not None:
        return known
    answer = act()
    incidents.answer_request(conn, sender, key, answer)
    return answer


def assign(conn: Connection, case: Case, places: Places, who: Responses, now: datetime, account_id: int | None) -> None:
    """Write who answers, the event that says so, and the messages; the caller lets the case be remembered."""
    _write_assigned(conn, case, places, who, now, account_id)
    charge(conn, case.id, places, who, now)


def send(
    conn: Connection,
    case: Case,
    places: Places,
    who: Responses,
    routing: Routing,
    now: datetime,
    account_id: int | None,
) -> Responses:
    """Write the events of where the rules send a case, who answers for it, and where it goes straight to its body, that
    too; who has it then, to be charged with it (`charge`). Nobody's worker is charged with what goes straight."""
    body_id = who.body_id[0]
    case.write(conn, "routed", now, account_id, routing.data(case.process, body_id))
    if not routing.straight(case.process, body_id) or not sent_on(conn, case, body_id):
        _write_assigned(conn, case, places, who, now, account_id)
        return who
    who = replace(who, worker_id=[None], reason=[str(Reason.DISPATCHED)])
    _write_assigned(conn, case, places, who, now, account_id)
    case.write(conn, "dispatched", now, None, {"body_id": body_id, "by": "system"})
    return who


def charge(conn: Connection, incident_id: int, places: Places, who: Responses, now: datetime) -> None:
    """Put down who answers for an incident from now on, and let them be told."""
    incidents.respond_once(conn, {"incident_id": incident_id, "valid_from": now, **_assignment(places, who)})
    incidents.tell(conn, incident_id, "assigned", now, worker_id=who.worker_id[0], body_id=who.body_id[0])


def _write_assigned(
    conn: Connection, case: Case, places: Places, who: Responses, now: datetime, account_id: int | None
) -> None:
    case.write(conn, "assigned", now, account_id, _assignment(places, who))


def _assignment(places: Places, who: Responses) -> dict[str, Any]:
    return {
        "cell_id": places.cell_id[0], "worker_id": who.worker_id[0], "body_id": who.body_id[0],
        "area_id": who.area_id[0], "reason": str(who.reason[0]),
    }  # fmt: skip


def neighbour(ctx: Context, conn: Connection, places: Places, now: datetime) -> int | None:
    """The worker on the other side of the border, where it is not sure on which side the place lies."""
    cell_id = places.runner_up_id[0]
    return None if cell_id is None else on_duty(conn, cell_id, now, ctx.zone)


def named(conn: Connection, found: Placed, who: Responses) -> dict[str, Any]:
    """{cell: {code, name}, worker: {id, name}, body: {code, name}} for an answer; None where there is none."""
    cell_id, worker_id, body_id = found.places.cell_id[0], who.worker_id[0], who.body_id[0]
    return {
        "cell": None if cell_id is None else found.ground.names[cell_id],
        "worker": None if worker_id is None else found.settled.worker(conn, worker_id),
        "body": None if body_id is None else found.settled.body_names[body_id],
    }


def where(conn: Connection, found: Placed, who: Responses, neighbour_id: int | None = None) -> dict[str, Any]:
    """How sure the place is, who is on the other side, and why this worker."""
    places = found.places
    cell_id = places.runner_up_id[0] or places.nearest_id[0]
    other = None if cell_id is None else found.ground.names[cell_id]
    aside = places.runner_up_id[0] is not None
    worker = None if neighbour_id is None else found.settled.worker(conn, neighbour_id)
    return {
        "confidence": places.confidence[0],
        "border_m": places.border_m[0],
        "place_reason": places.place_reason[0],
        "runner_up": {**other, "worker": worker} if other and aside else None,
        "nearest": {**other, "distance_m": places.nearest_m[0]} if other and places.cell_id[0] is None else None,
        "reason": str(who.reason[0]),
    }
