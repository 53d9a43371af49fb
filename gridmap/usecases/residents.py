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
from gridmap.store import cases, incidents, links, read, residents, single, subjects, versions, write
from gridmap.store.cases import Case
from gridmap.store.tables.people import REPORTER
from gridmap.usecases import proofs
from gridmap.usecases.casework import carry_out
from gridmap.usecases.contacts import digest_of
from gridmap.usecases.context import Context
from gridmap.usecases.photos import fingerprint, put
from gridmap.usecases.reporting import Draft, check, write_report
from gridmap.usecases.spots import Pin, Placed, act_on_pin
from gridmap.view import View

#: what a resident may do with the own report
ACTS = ("comment", "rate", "appeal", "withdraw")
#: photos of one case that the resident may send
PHOTOS = 3
#: words a resident may send to one case in an hour
NOTES = 10
SENDER = "public"
#: what a report that went into another keeps
OWN = ("number", "category", "category_en", "received_at")
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


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to. `own`: the one who holds it reported; else it only shows."""

    incident_id: int
    own: bool


def challenge(ctx: Context, address: str) -> proofs.Challenge:
    """What a client has to do before it reports. TooMany."""
    proofs.limit(ctx, "asked", address, proofs.ASKED)
    with read(ctx.engine) as conn:
        return proofs.ask(conn, ctx.vault, ctx.clock())


def token_of(ctx: Context, key: str) -> str:
    """The tracking token that belongs to a device's key: 256 bits that nobody guesses without both secrets."""
    return ctx.vault.digest(f"track {key}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def sender_of(token: str) -> str:
    """Whose idempotency keys are those that come by this link."""
    return f"track:{_hash(token)}"


def led_to(ctx: Context, conn: Connection, token: str) -> Link:
    """The case of a link: the first one, one sent again, or one of a resident for whom it was filed. NotFound."""
    case = links.tracked_again(conn, _hash(token))
    if case is not None:
        return Link(case, own=True)
    case = links.behalf_case(conn, ctx.vault, _hash(token), ctx.clock())
    return Link(residents.tracked(conn, _hash(token)), own=True) if case is None else Link(case, own=False)


def own_case(ctx: Context, conn: Connection, token: str) -> int:
    """The case of a link by which its reporter may act. NotFound, Forbidden for a link that only shows."""
    link = led_to(ctx, conn, token)
    if not link.own:
        raise Forbidden("this link shows the report; whoever filed it for you adds to it", code="behalf_link")
    return link.incident_id


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
    expires, by_sum = (now, False) if again else proofs.meet(ctx, proof.challenge, proof.answer, proof.address)
    token = token_of(ctx, key)

    def act(conn: Connection, found: Placed, at: datetime) -> dict[str, Any]:
        proofs.count(conn, proof.challenge, expires, proof.address, at, by_sum=by_sum)
        made = write_report(ctx, view, draft, conn, found, at)
        residents.add_track(conn, made["id"], _hash(token), at)
        if draft.reporter_phone and (digest := digest_of(ctx, draft.reporter_phone)):
            links.reach(conn, made["id"], digest)
        return {"number": made["number"]}

    pin = Pin(draft.lon, draft.lat, draft.crs, draft.accuracy_m, draft.confirmed)
    act_on_pin(ctx, view, pin, act, key=kept, said=draft.fingerprint(ctx.vault), sender=SENDER)
    return {**follow(ctx, token), "token": token}


def follow(ctx: Context, token: str) -> dict[str, Any]:
    """Where a report stands: bodies and steps, no person, no cell. NotFound for a token that is none."""
    with read(ctx.engine) as conn:
        link, now = led_to(ctx, conn, token), ctx.clock()
        incident_id = link.incident_id
        case = cases.load(conn, incident_id, ctx.zone)
        told, events = _standing(conn, case, now)
        may = [action for action in ACTS if link.own and judge(case.state, case.process, action, RESIDENT, now)]
        contact = link.own and subjects.has_field(conn, single.subject_of_incident(conn, incident_id), REPORTER)
    steps = [{"kind": event["kind"], "at": event["at"]} for event in events if event["kind"] in STEPS]
    return {**told, "steps": steps, "may": may, "contact": contact, "own": link.own}


def _standing(conn: Connection, case: Case, now: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Where a case stands, and its events. One that went into another goes on as that one, under its own number."""
    told, events = residents.standing(conn, case.id, now), single.events(conn, case.id)
    into, since = case.state.merged_into, case.state.closed_at
    while into is not None and since is not None:
        went_on, state = residents.standing(conn, into, now), cases.state_of(conn, into)
        told = {**went_on, **{name: told[name] for name in OWN}}
        events += [event for event in single.events(conn, into) if event["at"] > since]
        into, since = state.merged_into, state.closed_at
    return told, events


def act(ctx: Context, token: str, action: str, given: dict[str, Any], *, key: str) -> dict[str, Any]:
    """Do something with the own report: comment, rate, appeal, withdraw while nobody has taken it up. Where it
    stands then, as `follow` tells.

    Raises NotFound, Forbidden for any other action, Conflict with the flow's reason, TooMany, InvalidInput, KeyReused.
    """
    if action not in ACTS:
        raise Forbidden(f"a resident may {', '.join(ACTS)}")
    if action == "withdraw":
        given = {**given, "reason": "withdrawn"}
    said = ctx.vault.digest(repr((action, sorted(given.items(), key=str))))
    with write(ctx.engine) as conn:
        now = ctx.clock()
        incident_id = own_case(ctx, conn, token)
        sender = sender_of(token)
        if incidents.claim_request(conn, sender, key, said, now) is None:
            residents.tally(conn, f"notes:{incident_id}", now, NOTES)
            row = incidents.current(conn, incident_id)
            carry_out(ctx, View.system(ctx.today()), conn, row, RESIDENT, action, given, now)
            incidents.answer_request(conn, sender, key, {})
    return follow(ctx, token)


def attach(ctx: Context, token: str, data: bytes, *, key: str) -> dict[str, Any]:
    """Attach a photo to the own report: `{id, width, height}`; at most PHOTOS. Raises as `photos.attach`, TooMany."""
    with write(ctx.engine) as conn:
        incident_id = own_case(ctx, conn, token)
        residents.tally(conn, f"photos:{incident_id}", ctx.clock(), 5 * PHOTOS)
    photo = make_photo(data)
    with write(ctx.engine) as conn:
        now, sender = ctx.clock(), sender_of(token)
        known = incidents.claim_request(conn, sender, key, fingerprint(ctx, incident_id, data), now)
        if known is not None:
            return known
        answer = put(ctx, View.system(ctx.today()), conn, incident_id, RESIDENT, photo, now, most=PHOTOS)
        incidents.answer_request(conn, sender, key, answer)
        return answer


def withdraw_contact(ctx: Context, token: str) -> dict[str, Any]:
    """Forget the reporter's name and number from now on; the report stands. Again has no effect. As `follow`.

    Links that were sent to the number lead nowhere any more, but for the one by which this is asked for.

    The words of the report and its photos live under the same key, so that it cannot be destroyed here: backups from
    before hold the contact until they are gone themselves.
    """
    with write(ctx.engine) as conn:
        incident_id = own_case(ctx, conn, token)
        incidents.current(conn, incident_id)  # its lock
        subjects.drop_fields(conn, [single.subject_of_incident(conn, incident_id)], REPORTER)
        links.unreach(conn, [incident_id], but=_hash(token))
        versions.bump_rows(conn, "incidents", [incident_id])
    return follow(ctx, token)


def places(ctx: Context, wanted: str, address: str) -> list[dict[str, Any]]:
    """Places of the base map by name, at most twenty. TooMany."""
    proofs.limit(ctx, "places", address, proofs.SEARCHES)
    with read(ctx.engine) as conn:
        return list(residents.places(conn, wanted, 20))


def categories(ctx: Context) -> list[dict[str, Any]]:
    """All categories by code."""
    with read(ctx.engine) as conn:
        return single.categories(conn)
