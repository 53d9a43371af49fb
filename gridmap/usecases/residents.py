"""Residents without an account: they report, follow their report by a secret link, judge its end. They see no person.

The link's token follows from the device's own key and the master key, so that a repeated request gets the same link
while the database holds only digests of both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case.flow import RESIDENT, judge
from gridmap.errors import Forbidden, InvalidInput
from gridmap.files.photos import make_photo
from gridmap.store import cases, incidents, read, residents, single, write
from gridmap.usecases import proofs
from gridmap.usecases.assigning import Places
from gridmap.usecases.casework import carry_out
from gridmap.usecases.context import Context
from gridmap.usecases.photos import fingerprint, put
from gridmap.usecases.reporting import Draft, check, write_report
from gridmap.usecases.spots import Pin, Spot, act_on_pin
from gridmap.view import View

#: what a resident may do with the own report
ACTS = ("comment", "rate", "appeal")
#: photos of one case that the resident may send
PHOTOS = 3
#: words a resident may send to one case in an hour
NOTES = 10
SENDER = "public"
#: of events, those a resident is told of; talk inside the house is not among them
STEPS = frozenset({
    "reported", "assigned", "accepted", "dispatched", "signed", "handling", "returned", "escalated", "paused",
    "resumed", "resolved", "verified", "sent_back", "closed", "reopened", "voided", "merged", "appealed",
    "appeal_refused", "rated", "meeting_called",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to a challenge (see `proofs`), and the address it came from."""

    challenge: str
    answer: str
    address: str


def challenge(ctx: Context) -> proofs.Challenge:
    """What a client has to do before it reports."""
    with read(ctx.engine) as conn:
        return proofs.ask(conn, ctx.vault, ctx.clock())


def token_of(ctx: Context, key: str) -> str:
    """The tracking token that belongs to a device's key: 256 bits that nobody guesses without both secrets."""
    return ctx.vault.digest(f"track {key}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def report(ctx: Context, draft: Draft, proof: Proof, *, key: str) -> dict[str, Any]:
    """Take a resident's report: `{number, token, due_at, received_at, body, area, ...}`, as `follow` tells it.

    `key` is drawn by the device and secret; the same one again gives the same answer, without a new proof. Raises
    InvalidInput, Conflict (a challenge used twice), TooMany, KeyReused.
    """
    view = View.system(ctx.today())
    check(view, draft)
    if draft.household_id is not None or draft.enterprise_id is not None:
        raise InvalidInput("a report without an account names no household and no enterprise", field="household_id")
    kept = _hash(key)
    now = ctx.clock()
    with read(ctx.engine) as conn:
        again = residents.answered(conn, SENDER, kept)
    expires, by_sum = (now, False) if again else proofs.check(ctx.vault, proof.challenge, proof.answer, now)
    token = token_of(ctx, key)

    def act(conn: Connection, spot: Spot, places: Places, at: datetime) -> dict[str, Any]:
        proofs.count(conn, proof.challenge, expires, proof.address, at, by_sum=by_sum)
        made = write_report(ctx, view, draft, conn, spot, places, at)
        residents.add_track(conn, made["id"], _hash(token), at)
        return {"number": made["number"]}

    pin = Pin(draft.lon, draft.lat, draft.crs, draft.accuracy_m, draft.confirmed)
    act_on_pin(ctx, view, pin, act, key=kept, said=draft.fingerprint(ctx.vault), sender=SENDER)
    return {**follow(ctx, token), "token": token}


def follow(ctx: Context, token: str) -> dict[str, Any]:
    """Where a report stands: bodies and steps, no person, no cell. NotFound for a token that is none."""
    with read(ctx.engine) as conn:
        incident_id, now = residents.tracked(conn, _hash(token)), ctx.clock()
        told = residents.standing(conn, incident_id, now)
        events = single.events(conn, incident_id)
        case = cases.load(conn, incident_id, ctx.zone)
        may = [action for action in ACTS if judge(case.state, case.process, action, RESIDENT, now)]
    steps = [{"kind": event["kind"], "at": event["at"]} for event in events if event["kind"] in STEPS]
    return {**told, "steps": steps, "may": may}


def act(ctx: Context, token: str, action: str, given: dict[str, Any], *, key: str) -> dict[str, Any]:
    """Do something with the own report: comment, rate, appeal. Where it stands then, as `follow` tells.

    Raises NotFound, Forbidden for any other action, Conflict with the flow's reason, TooMany, InvalidInput, KeyReused.
    """
    if action not in ACTS:
        raise Forbidden(f"a resident may {', '.join(ACTS)}")
    said = ctx.vault.digest(repr((action, sorted(given.items(), key=str))))
    with write(ctx.engine) as conn:
        now = ctx.clock()
        incident_id = residents.tracked(conn, _hash(token))
        sender = f"track:{_hash(token)}"
        if incidents.claim_request(conn, sender, key, said, now) is None:
            residents.tally(conn, f"notes:{incident_id}", now, NOTES)
            row = incidents.current(conn, incident_id)
            carry_out(ctx, View.system(ctx.today()), conn, row, RESIDENT, action, given, now)
            incidents.answer_request(conn, sender, key, {})
    return follow(ctx, token)


def attach(ctx: Context, token: str, data: bytes, *, key: str) -> dict[str, Any]:
    """Attach a photo to the own report: `{id, width, height}`; at most PHOTOS. Raises as `photos.attach`, TooMany."""
    with write(ctx.engine) as conn:
        incident_id = residents.tracked(conn, _hash(token))
        residents.tally(conn, f"photos:{incident_id}", ctx.clock(), 5 * PHOTOS)
    photo = make_photo(data)
    with write(ctx.engine) as conn:
        now, sender = ctx.clock(), f"track:{_hash(token)}"
        known = incidents.claim_request(conn, sender, key, fingerprint(ctx, incident_id, data), now)
        if known is not None:
            return known
        answer = put(ctx, View.system(ctx.today()), conn, incident_id, RESIDENT, photo, now, most=PHOTOS)
        incidents.answer_request(conn, sender, key, answer)
        return answer


def places(ctx: Context, wanted: str) -> list[dict[str, Any]]:
    """Places of the base map by name, at most twenty, for whoever has no map to point at."""
    with read(ctx.engine) as conn:
        return list(residents.places(conn, wanted, 20))


def categories(ctx: Context) -> list[dict[str, Any]]:
    """All categories by code."""
    with read(ctx.engine) as conn:
        return single.categories(conn)
