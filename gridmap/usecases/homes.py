"""One household, one file: read with a reason, kept by consent, corrected, given on paper, erased.

Only a worker on the roster of its cell reads it; care notes for agents only by a petition agent among them. Nobody
above reads any of it, not even as a count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound
from gridmap.people.homes import CARE_PURPOSES, HOW, LONGEST_CARE, PURPOSES, READERS
from gridmap.people.roles import admits
from gridmap.privacy import without_numbers
from gridmap.store import accounts, homes, read, subjects, write
from gridmap.store import tables as t
from gridmap.store.ties import thing_of
from gridmap.usecases.context import Context
from gridmap.usecases.reading import Reader
from gridmap.view import Kind, View

MOST_CARE_TEXT = 500
CONTACT = ("contact_name", "contact_phone")
#: what the household may have corrected
CORRECTABLE = frozenset({"address", "children", "adults", "elders", "housing"})


def served(conn: Connection, view: View, household_id: int, *, lock: bool = False) -> dict[str, Any]:
    """A household's row, for those who serve it; NotFound for all others."""
    thing = thing_of(conn, Kind.HOUSEHOLD, household_id)
    if thing is None or not admits(view.scope.grant(Kind.HOUSEHOLD), thing):
        raise NotFound("there is no such household, or none that you serve")
    return homes.household(conn, household_id, lock=lock)


def readers_of(conn: Connection, view: View) -> tuple[str, ...]:
    """Which care notes this caller reads: a petition agent's as well where they are one."""
    if view.actor is None:
        return READERS
    return READERS if homes.is_agent(conn, view.actor.account_id) else ("cell",)


def file_of(reader: Reader, household_id: int) -> dict[str, Any]:
    """The whole file of a household. The reason was given with the request and is logged with it."""
    if not reader.view.reason:
        raise Forbidden("say why: add ?reason=... (3 to 200 characters); it is written to the read log",
                        code="reason_required")  # fmt: skip
    with read(reader.ctx.engine) as conn:
        row = served(conn, reader.view, household_id)
        found = _opened(reader.ctx, conn, reader.view, row)
    reader.note(Kind.HOUSEHOLD, [household_id])
    return found


def _opened(ctx: Context, conn: Connection, view: View, row: Mapping[str, Any]) -> dict[str, Any]:
    household_id, today = int(row["id"]), ctx.today()
    agreed = homes.agreed(conn, household_id, today)
    boxes = subjects.open_fields(conn, ctx.vault, row["subject_id"])
    shown = boxes if "care" in agreed else {}
    notes = homes.care_notes(conn, household_id, today, readers_of(conn, view)) if "care" in agreed else []
    visits = homes.visits_of(conn, household_id)
    names = ("id", "code", "address", "children", "adults", "elders", "housing", "cell", "lon", "lat")
    return {
        **{name: row[name] for name in names},
        "contact": {name: boxes.get(name) for name in CONTACT},
        "interpreter_wanted": "interpreter" in agreed,
        "consents": homes.consents(conn, household_id),
        "care_notes": [{**note, "text": shown.get(homes.care_field(note["id"]))} for note in notes],
        "visits": [{**visit, "note": boxes.get(homes.visit_field(visit["id"]))} for visit in visits],
        "requests": homes.requests_of(conn, household_id),
    }


# --- consent --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent:
    """What a household agrees to: for what, how it said so, and the first day on which it no longer holds."""

    purpose: str
    how: str
    until: date | None = None
    #: with `contact`: who is to be reached
    contact_name: str | None = None
    contact_phone: str | None = None


def agree(ctx: Context, view: View, household_id: int, said: Consent) -> dict[str, Any]:
    """Write a consent down; for `contact` its name or number with it. Raises NotFound, InvalidInput."""
    _known("purpose", said.purpose, PURPOSES)
    _known("how", said.how, HOW)
    if said.until is not None and said.until <= ctx.today():
        raise InvalidInput("until is past already; leave it out, or give a later day", field="until")
    contact = {"contact_name": said.contact_name, "contact_phone": said.contact_phone}
    if any(contact.values()) != (said.purpose == "contact"):
        raise InvalidInput("a contact comes with the consent to keep it, and with no other", field="contact_name")
    with write(ctx.engine) as conn:
        served(conn, view, household_id, lock=True)
        now = ctx.clock()
        row = {"purpose": said.purpose, "how": said.how, "until": said.until, "given_at": now}
        account_id = view.actor.account_id if view.actor else None
        consent_id = homes.add_consent(conn, {**row, "household_id": household_id, "account_id": account_id})
        if said.purpose == "contact":
            reseal(ctx, conn, household_id, contact, now)
        return {"id": consent_id, "withdrawn_at": None, **row}


def withdraw(ctx: Context, view: View, household_id: int, purpose: str) -> None:
    """End a consent at once, with all that was kept by it. Again has no effect."""
    _known("purpose", purpose, PURPOSES)
    with write(ctx.engine) as conn:
        served(conn, view, household_id, lock=True)
        now = ctx.clock()
        homes.withdraw(conn, household_id, purpose, now)
        _drop(ctx, conn, household_id, purpose, now)


def _drop(ctx: Context, conn: Connection, household_id: int, purpose: str, now: datetime) -> None:
    """Remove what a consent allowed to keep: the old key goes, what remains is sealed under a new one."""
    gone: dict[str, None] = {}
    if purpose == "contact":
        gone = dict.fromkeys(CONTACT)
    elif purpose == "care":
        notes = homes.all_care(conn, household_id)
        homes.remove_care(conn, household_id, notes)
        gone = {homes.care_field(note): None for note in notes}
    elif purpose == "visits":
        gone = {homes.visit_field(visit["id"]): None for visit in homes.visits_of(conn, household_id, 10_000)}
    if gone:
        reseal(ctx, conn, household_id, gone, now)


def reseal(ctx: Context, conn: Connection, household_id: int, fields: Mapping[str, str | None], now: datetime) -> None:
    """Change sealed fields of a household; those not named stay, those given None go for good."""
    subjects.reseal(conn, ctx.vault, t.households, np.array([household_id], dtype=np.int64), [fields], now)


# --- care -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Care:
    """Something that those who serve a household should know to help it, until a day."""

    purpose: str
    text: str
    expires_on: date
    readers: str = "cell"


def add_care(ctx: Context, view: View, household_id: int, note: Care) -> dict[str, Any]:
    """Keep a care note, where the household agreed to it. Raises NotFound, Conflict without consent, InvalidInput."""
    _known("purpose", note.purpose, CARE_PURPOSES)
    _known("readers", note.readers, READERS)
    if not 0 < len(note.text.strip()) <= MOST_CARE_TEXT:
        raise InvalidInput(f"the text must have 1 to {MOST_CARE_TEXT} characters", field="text")
    if not ctx.today() < note.expires_on <= ctx.today() + LONGEST_CARE:
        raise InvalidInput("expires_on must lie within the next 366 days", field="expires_on")
    with write(ctx.engine) as conn:
        row = served(conn, view, household_id, lock=True)
        if "care" not in homes.agreed(conn, household_id, ctx.today()):
            raise Conflict("the household has not agreed to care notes; write its consent down first",
                           code="no_consent")  # fmt: skip
        account_id = view.actor.account_id if view.actor else None
        return keep_care(ctx, conn, int(row["id"]), note, account_id)


def keep_care(ctx: Context, conn: Connection, household_id: int, note: Care, account_id: int | None) -> dict[str, Any]:
    """Write a care note that was checked before, inside the caller's transaction."""
    row, now = homes.household(conn, household_id), ctx.clock()
    kept = {"purpose": note.purpose, "readers": note.readers, "expires_on": note.expires_on, "created_at": now}
    note_id = homes.add_care(conn, {**kept, "household_id": household_id, "account_id": account_id})
    seal(ctx, conn, row, homes.care_field(note_id), note.text.strip(), now)
    return {"id": note_id, "text": note.text.strip(), **kept}


def seal(ctx: Context, conn: Connection, row: Mapping[str, Any], field: str, text: str, now: datetime) -> None:
    """Seal one more text under a household's subject, a new one where it has none."""
    subject_id, _ = subjects.seal_more(conn, ctx.vault, row["subject_id"], field, text, now)
    if subject_id != row["subject_id"]:
        homes.set_subject(conn, int(row["id"]), subject_id)


def remove_care(ctx: Context, view: View, household_id: int, note_id: int) -> None:
    """Remove a care note; NotFound where there is none that the caller reads."""
    with write(ctx.engine) as conn:
        served(conn, view, household_id, lock=True)
        mine = homes.care_notes(conn, household_id, ctx.today(), readers_of(conn, view))
        if note_id not in {note["id"] for note in mine}:
            raise NotFound("there is no such care note")
        homes.remove_care(conn, household_id, [note_id])
        reseal(ctx, conn, household_id, {homes.care_field(note_id): None}, ctx.clock())


# --- the household's rights -----------------------------------------------------------------------------------------


def correct(ctx: Context, view: View, household_id: int, values: Mapping[str, Any]) -> None:
    """Correct what is written of a household, as it asks; the audit says what was changed, not to what."""
    wrong = sorted(set(values) - CORRECTABLE)
    if wrong or not values:
        raise InvalidInput(f"what can be corrected is {', '.join(sorted(CORRECTABLE))}", field=(wrong or [""])[0])
    if "address" in values and not str(values["address"] or "").strip():
        raise InvalidInput("an address cannot be empty", field="address")
    kept = {name: without_numbers(value) if isinstance(value, str) else value for name, value in values.items()}
    _change(ctx, view, household_id, "household.correct", sorted(values),
            lambda conn, _row, _now: homes.correct(conn, household_id, kept))  # fmt: skip


def erase(ctx: Context, view: View, household_id: int) -> None:
    """Destroy the household's key and all that was kept by consent: contact, care notes, notes of visits, consents.

    Its address and its figures stay, as those of any house; again has no effect.
    """

    def act(conn: Connection, row: Mapping[str, Any], now: datetime) -> None:
        for purpose in PURPOSES:
            homes.withdraw(conn, household_id, purpose, now)
        homes.remove_care(conn, household_id, homes.all_care(conn, household_id))
        homes.correct(conn, household_id, {"subject_id": None, "children": None, "adults": None, "elders": None})
        if row["subject_id"] is not None:
            subjects.erase(conn, row["subject_id"], now)

    _change(ctx, view, household_id, "household.erase", [], act)


def _change(
    ctx: Context, view: View, household_id: int, action: str, fields: list[str],
    act: Callable[[Connection, Mapping[str, Any], datetime], None],
) -> None:  # fmt: skip
    with write(ctx.engine) as conn:
        row, now = served(conn, view, household_id, lock=True), ctx.clock()
        act(conn, row, now)
        account_id = view.actor.account_id if view.actor else None
        accounts.audit(conn, now, account_id, action, f"household:{household_id}", {"fields": fields})


def expire(ctx: Context, conn: Connection, now: datetime, before: datetime) -> int:
    """What the sweep does: lapsed consents with what they kept, expired care notes, visits older than the read log's
    time. How many."""
    today = ctx.day_of(now)
    lapsed = homes.lapsed(conn, today)
    for household_id, purpose in lapsed:
        homes.withdraw(conn, household_id, purpose, now)
        _drop(ctx, conn, household_id, purpose, now)
    gone = 0
    for household_id, notes in homes.expired_care(conn, today).items():
        gone += homes.remove_care(conn, household_id, notes)
        reseal(ctx, conn, household_id, {homes.care_field(note): None for note in notes}, now)
    for household_id, visits in homes.forget_visits(conn, before).items():
        gone += len(visits)
        reseal(ctx, conn, household_id, {homes.visit_field(visit): None for visit in visits}, now)
    return len(lapsed) + gone


def _known(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInput(f"{field} is one of {', '.join(known)}", field=field)
