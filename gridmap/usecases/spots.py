"""A place as it is reported: read in any CRS, placed in the drawing of the day, and handed to who answers there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.ground import parse_crs, question, question_text, to_wgs84
from gridmap.people.rosters import Reason
from gridmap.store import incidents, read, write
from gridmap.store.cases import Case
from gridmap.usecases.assigning import Places, Responses, on_duty, place
from gridmap.usecases.context import Context, Ground, ground_version
from gridmap.usecases.routing import Routing, sent_on
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


def still(ctx: Context, conn: Connection, ground: Ground, now: datetime) -> bool:
    """Whether this ground is still the one in force: no drawing came, nor midnight, since it was looked up."""
    return ground_version(conn) == ground.version and ctx.day_of(now) == ground.day


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
Act = Callable[[Connection, Spot, Places, datetime], dict[str, Any]]


def act_on_pin(
    ctx: Context, view: View, pin: Pin, act: Act, *, key: str | None, said: str, sender: str | None = None
) -> dict[str, Any]:
    """Place a pin in today's drawing and act on it in one transaction, once for each sender and key.

    Placing needs no lock; where a drawing or midnight came in between, it is done again. `said` is the digest of the
    request, by which another one under the same key is told; `sender`: whose key it is, where nobody is logged in.
    """
    sender = sender or sender_of(view)
    while True:
        with read(ctx.engine) as conn:
            ground = ctx.grounds.on(conn, ctx.today())
        spot = locate_spot(ground, pin.lon, pin.lat, pin.crs, pin.accuracy_m, confirmed=pin.confirmed)
        places = placed(ground, spot)
        with write(ctx.engine) as conn:
            now = ctx.clock()
            if not still(ctx, conn, ground, now):
                continue
            if key is None:
                return act(conn, spot, places, now)
            known = incidents.claim_request(conn, sender, key, said, now)
            if known is not None:
                return known
            answer = act(conn, spot, places, now)
            incidents.answer_request(conn, sender, key, answer)
            return answer


def assign(conn: Connection, case: Case, places: Places, who: Responses, now: datetime, account_id: int | None) -> None:
    """Write who answers, the event that says so, and the messages; the caller lets the case be remembered."""
    values = {
        "cell_id": places.cell_id[0], "worker_id": who.worker_id[0], "body_id": who.body_id[0],
        "area_id": who.area_id[0], "reason": str(who.reason[0]),
    }  # fmt: skip
    incidents.respond(
        conn, {"incident_id": [case.id], "valid_from": [now], **{name: [value] for name, value in values.items()}}
    )
    case.write(conn, "assigned", now, account_id, values)
    incidents.tell(conn, case.id, "assigned", now, worker_id=who.worker_id[0], body_id=who.body_id[0])


def send(
    conn: Connection,
    case: Case,
    places: Places,
    who: Responses,
    routing: Routing,
    now: datetime,
    account_id: int | None,
) -> Responses:
    """Write where the rules send a case, who answers for it, and where it goes straight to its body, that too; who
    has it then. Nobody's worker is charged with what goes straight."""
    body_id = who.body_id[0]
    case.write(conn, "routed", now, account_id, routing.data(case.process, body_id))
    if not routing.straight(case.process, body_id) or not sent_on(conn, case, body_id):
        assign(conn, case, places, who, now, account_id)
        return who
    who = replace(who, worker_id=[None], reason=[str(Reason.DISPATCHED)])
    assign(conn, case, places, who, now, account_id)
    case.write(conn, "dispatched", now, None, {"body_id": body_id, "by": "system"})
    return who


def neighbour(ctx: Context, conn: Connection, places: Places, now: datetime) -> int | None:
    """The worker on the other side of the border, where it is not sure on which side the place lies."""
    cell_id = places.runner_up_id[0]
    return None if cell_id is None else on_duty(conn, cell_id, now, ctx.zone)


def where(conn: Connection, places: Places, who: Responses, neighbour_id: int | None = None) -> dict[str, Any]:
    """How sure the place is, who is on the other side, and why this worker."""
    cell_id = places.runner_up_id[0] or places.nearest_id[0]
    near = incidents.names(conn, cell_id=cell_id, worker_id=neighbour_id, body_id=None)
    other = near["cell"]
    return {
        "confidence": places.confidence[0],
        "border_m": places.border_m[0],
        "place_reason": places.place_reason[0],
        "runner_up": {**other, "worker": near["worker"]} if places.runner_up_id[0] is not None else None,
        "nearest": {**other, "distance_m": places.nearest_m[0]} if other and places.cell_id[0] is None else None,
        "reason": str(who.reason[0]),
    }
