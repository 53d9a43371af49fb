"""Reading: the View of one request, rows by it, and the log of every reading of a person's data.

Routes and pages read personal rows only through a `Reader`. It decides nothing about who may see what (`people.roles`
and `store.scope` do); it sees to it that an official gives a reason first, that the audience fits, and that what was
read is written down: once per request, with ids, behind the reader's back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import Forbidden, NotFound
from gridmap.people.roles import NEEDS_REASON, Standing, admits, can, scope_of
from gridmap.store import accounts, features, glance, photos, read, single, subjects, versions
from gridmap.store.accounts import Account
from gridmap.store.features import Page
from gridmap.store.line import Line
from gridmap.store.spatial import Bbox
from gridmap.store.tables.people import REPORTER
from gridmap.store.ties import thing_of
from gridmap.usecases import behalf, counting, following, mailbox, searching, spots
from gridmap.usecases.accounts import token_hash
from gridmap.usecases.assigning import respond
from gridmap.usecases.context import Context
from gridmap.usecases.holding import HeldPage, NotAtHand
from gridmap.usecases.mailbox import Letters
from gridmap.usecases.readlog import Reading, ReadLog
from gridmap.view import Audience, Kind, Role, View

#: kinds whose rows are about persons: reading them is logged
PERSONAL = frozenset({Kind.HOUSEHOLD, Kind.INCIDENT})
#: roles that serve cases or households, and so read exact rows
SERVING = frozenset({Role.WORKER, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR})
SHORTEST_REASON, LONGEST_REASON = 3, 200

#: the kind of row that each layer of `store.features` holds
KIND_OF_LAYER: Mapping[str, Kind] = {
    "areas": Kind.AREA,
    "bodies": Kind.BODY,
    "cells": Kind.CELL,
    "workers": Kind.WORKER,
    "households": Kind.HOUSEHOLD,
    "enterprises": Kind.ENTERPRISE,
    "incidents": Kind.INCIDENT,
    "roads": Kind.BASEMAP,
    "water": Kind.BASEMAP,
    "places": Kind.BASEMAP,
}


@dataclass(frozen=True, slots=True)
class Entered:
    """Whose session a token opens, what they may see now, and how new the data was when they asked."""

    account: Account
    view: View
    seen: Seen


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read together with the session, so that the request need not ask again."""

    versions: Mapping[str, int]
    area_path: str | None


#: a session's token, and why its holder reads personal data, where that was said
Knock = tuple[str, str | None]


def enter(ctx: Context, knocks: Sequence[Knock]) -> list[Entered | None]:
    """Whose sessions the tokens open and what they may see now; None where one opens none.

    One query, however many ask at once; who asks several times at once is looked at once.
    """
    now, day, hashes = ctx.clock(), ctx.today(), _hashes(knocks)
    found = glance(ctx.engine, lambda conn: accounts.enter(conn, set(hashes.values()), now, day))
    return _all_entered(knocks, hashes, found, day)


async def enter_by(line: Line, ctx: Context, knocks: Sequence[Knock]) -> list[Entered | None]:
    """As `enter`, over a line to the database that the event loop watches. Raises LineDown."""
    now, day, hashes = ctx.clock(), ctx.today(), _hashes(knocks)
    return _all_entered(knocks, hashes, await accounts.enter_by(line, set(hashes.values()), now, day), day)


def _hashes(knocks: Sequence[Knock]) -> dict[Knock, str]:
    return {knock: token_hash(knock[0]) for knock in set(knocks)}


def _all_entered(
    knocks: Sequence[Knock], hashes: Mapping[Knock, str], found: Mapping[str, accounts.Entry], day: date
) -> list[Entered | None]:
    entered = {knock: _entered(found[hashed], day, knock[1]) for knock, hashed in hashes.items() if hashed in found}
    return [entered.get(knock) for knock in knocks]


def _entered(entry: accounts.Entry, day: date, reason: str | None) -> Entered:
    view = _view(entry.account, entry.standing, day, reason)
    return Entered(entry.account, view, Seen(entry.versions, entry.area_path))


def view_for(conn: Connection, account: Account, day: date, reason: str | None = None) -> View:
    """The View of an account on a day, from its standing. An official with a reason reads like one who serves."""
    return _view(account, accounts.standing(conn, account, day), day, reason)


def _view(account: Account, standing: Standing, day: date, reason: str | None) -> View:
    explained = account.role in NEEDS_REASON and reason is not None
    return View(
        actor=account.actor(),
        scope=scope_of(account.role, standing),
        as_of=day,
        audience=Audience.DUTY if account.role in SERVING or explained else Audience.FIGURES,
        reason=reason[:LONGEST_REASON] if reason else None,
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """One request's way to rows: by its View, with what is personal written to the read log."""

    ctx: Context
    view: View
    log: ReadLog
    route: str
    #: None where there was no session: then the database is asked
    seen: Seen | None = None
    #: False: raise NotAtHand rather than keep the caller waiting
    waits: bool = True
    noted: set[tuple[Kind, tuple[int, ...]]] = field(default_factory=set)

    def page(
        self,
        layer: str,
        *,
        bbox: Bbox | None = None,
        filters: Mapping[str, Any] | None = None,
        after: int | None = None,
        limit: int = 500,
    ) -> Page | HeldPage:
        """One page of a layer's rows that the View admits, in the store's order; see `store.features.page`.

        Of a layer that is held in memory it comes from there, as new as the database, unless there are filters.
        """
        kind = KIND_OF_LAYER[layer]
        self._explained(kind)
        ctx, filtered = self.ctx, filters and any(value is not None for value in filters.values())
        page: Page | HeldPage | None = None
        if not filtered and self.seen is not None:
            held = ctx.held.find(ctx.engine, self.seen.versions, layer, self.view.as_of, waits=self.waits)
            if held is not None:
                page = held.page(self.view, bbox=bbox, after=after, limit=limit, waits=self.waits)
        if page is None:
            if not self.waits:
                raise NotAtHand
            with read(ctx.engine) as conn:
                page = features.page(
                    conn, self.view, layer, bbox=bbox, filters=filters, after=after, limit=limit, now=ctx.clock(),
                    zone=ctx.zone,
                )  # fmt: skip
        if kind in PERSONAL:
            self.note(kind, page.ids())
        return page

    def incident(self, incident_id: int) -> dict[str, Any]:
        """One incident with its text and who reported it, where that was not erased. NotFound outside the scope."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            found = single.incident(conn, incident_id, self.ctx.clock())
            found |= self._opened(conn, found.pop("subject_id"), ("text", *REPORTER))
        self.note(Kind.INCIDENT, [incident_id])
        return found

    def events(self, incident_id: int) -> list[dict[str, Any]]:
        """An incident's events in order; they hold ids and codes only. What was written with them stands in `note`."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            events = single.events(conn, incident_id)
            names = [subjects.note_field(event["seq"]) for event in events]
            notes = self._opened(conn, single.subject_of_incident(conn, incident_id), names)
        self.note(Kind.INCIDENT, [incident_id])
        return [{**event, "note": notes[name]} for event, name in zip(events, names, strict=True)]

    def photos(self, incident_id: int) -> list[dict[str, Any]]:
        """The photos of an incident, without their pixels; none for those who see figures alone."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            found = photos.listed(conn, incident_id) if self.view.audience is Audience.DUTY else []
        self.note(Kind.INCIDENT, [incident_id])
        return list(found)

    def photo(self, incident_id: int, photo_id: int, *, thumb: bool) -> bytes:
        """One photo as JPEG. NotFound outside the scope, for those who see figures alone, and when it was erased."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            if self.view.audience is not Audience.DUTY:
                raise NotFound("there is no such photo")
            data = photos.opened(conn, self.ctx.vault, incident_id, photo_id, thumb=thumb)
        self.note(Kind.INCIDENT, [incident_id])
        return data

    def actions(self, incident_id: int) -> list[dict[str, Any]]:
        """What can be done with an incident now; see `following.actions`."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            told = following.actions(self.ctx, self.view, conn, incident_id, self.ctx.clock())
        self.note(Kind.INCIDENT, [incident_id])
        return told

    def why(self, incident_id: int) -> dict[str, Any]:
        """Why an incident shows its light; see `following.explain`."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            told = following.explain(self.ctx, conn, incident_id, self.ctx.clock())
        self.note(Kind.INCIDENT, [incident_id])
        return told

    def search(self, words: str, *, after: int | None, limit: int) -> searching.Found:
        """Cases whose sealed words hold these; see `searching.look`. Those found are logged as read."""
        self._explained(Kind.INCIDENT)
        if self.view.audience is not Audience.DUTY:
            raise Forbidden("texts are read by those who serve the cases")
        with read(self.ctx.engine) as conn:
            found = searching.look(self.ctx, self.view, conn, words, after=after, limit=limit, now=self.ctx.clock())
        self.note(Kind.INCIDENT, sorted(found.places))
        return found

    def similar(self, incident_id: int) -> pd.DataFrame:
        """Cases that may be this one told twice; see `searching.similar`."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, incident_id)
            rows = searching.similar(self.ctx, self.view, conn, incident_id, self.ctx.clock())
        self.note(Kind.INCIDENT, [incident_id, *rows["id"].tolist()])
        return rows

    def behalf(self) -> list[dict[str, Any]]:
        """The cases that the caller filed for residents; see `behalf.mine`.

        The log says that the account read its own book, and not which cases stand in it.
        """
        with read(self.ctx.engine) as conn:
            told = behalf.mine(self.ctx, conn, self.view, self.ctx.clock())
        if told and self.view.actor is not None:
            self.note(Kind.ACCOUNT, [self.view.actor.account_id])
        return told

    def household(self, household_id: int) -> dict[str, Any]:
        """One household with its contact, for those who serve it. NotFound outside the scope."""
        self._explained(Kind.HOUSEHOLD)
        with read(self.ctx.engine) as conn:
            found = dict(features.one(conn, self.view, "households", household_id, now=self.ctx.clock()))
            found |= self._opened(conn, single.subject_of(conn, household_id), ("contact_name", "contact_phone"))
        self.note(Kind.HOUSEHOLD, [household_id])
        return found

    def enterprise(self, enterprise_id: int) -> dict[str, Any]:
        """One enterprise; there is nobody's personal data in it."""
        with read(self.ctx.engine) as conn:
            return dict(features.one(conn, self.view, "enterprises", enterprise_id))

    def cell(self, code: str) -> dict[str, Any]:
        """The cell in force today under this code, with its roster as far as the View admits it in `workers`."""
        with read(self.ctx.engine) as conn:
            found = dict(features.one(conn, self.view, "cells", code))
            roster = single.roster(conn, int(found["id"]), self.view.as_of)
            thing = thing_of(conn, Kind.CELL, int(found["id"]))
        assert thing is not None
        duties = self.view.scope.grant(Kind.DUTY)
        found["workers"] = [
            worker for worker in roster if admits(duties, replace(thing, kind=Kind.DUTY, worker_id=worker["id"]))
        ]
        return found

    def categories(self) -> list[dict[str, Any]]:
        """All categories by code."""
        with read(self.ctx.engine) as conn:
            return single.categories(conn)

    def locate(self, lon: float, lat: float, crs: str, accuracy_m: float | None) -> dict[str, Any]:
        """Where a report from this place would go now: its cell and, for those who may know them, its worker."""
        with read(self.ctx.engine) as conn:
            ground = self.ctx.grounds.on(conn, self.ctx.today())
            # nothing is written, so a far place needs no second word: it lies outside
            spot = spots.locate_spot(ground, lon, lat, crs, accuracy_m, confirmed=True)
            places = spots.placed(ground, spot)
            now = self.ctx.clock()
            found = spots.Placed(spot, places, ground, self.ctx.settled.at(conn, versions.read(conn)))
            responses = respond(conn, places, [None], [now], [None], self.ctx.zone, settled=found.settled)
            other = spots.neighbour(self.ctx, conn, places, now)
            other = other if self._may_know(conn, other) else None
            worker_id = responses.worker_id[0] if self._may_know(conn, responses.worker_id[0]) else None
            who = replace(responses, worker_id=[worker_id])
            told = {**spots.named(conn, found, who), **spots.where(conn, found, who, other)}
            return {"lon": spot.lon, "lat": spot.lat, **told}

    def messages(self, *, unread: bool, after: int | None, limit: int) -> Letters:
        """The caller's in-app messages, newest first, as far as the cases are still the caller's."""
        with read(self.ctx.engine) as conn:
            letters = mailbox.letters(
                conn, self.view, unread=unread, after=after, limit=limit, now=self.ctx.clock(), zone=self.ctx.zone
            )
        self.note(Kind.INCIDENT, [one["incident_id"] for one in letters.items if one["incident_id"] is not None])
        return letters

    def version(self, *layers: str) -> str:
        """The data version of these layers, for an ETag."""
        known = None if self.seen is None else self.seen.versions
        if known is None:
            with read(self.ctx.engine) as conn:
                known = versions.read(conn)
        return ".".join(str(known.get(layer, 0)) for layer in layers)

    def for_figures(self) -> View:
        """The View for figures, see `counting.figures_view`; Forbidden for roles that read none."""
        if self.seen is not None:
            return counting.figures_within(self.view, self.seen.area_path)
        with read(self.ctx.engine) as conn:
            return counting.figures_view(conn, self.view)

    def _may_know(self, conn: Connection, worker_id: int | None) -> bool:
        """Whether a worker's name is for the caller: those who report are told who gets it."""
        actor = self.view.actor
        if worker_id is None or actor is None or can(actor, self.view.scope, "incident.report"):
            return True
        thing = thing_of(conn, Kind.WORKER, worker_id, day=self.view.as_of)
        return thing is not None and admits(self.view.scope.grant(Kind.WORKER), thing)

    def note(self, kind: Kind, ids: Sequence[int]) -> None:
        """Write down that the caller saw these rows; once, where a request that could not be answered at once is
        answered again."""
        read_now = (kind, tuple(ids))
        if self.view.actor is None or not ids or read_now in self.noted:
            return
        if not self.waits and self.log.is_full:
            raise NotAtHand
        self.noted.add(read_now)
        account_id = self.view.actor.account_id
        self.log.note(Reading(self.ctx.clock(), account_id, self.route, kind, ids, self.view.reason))

    def _explained(self, kind: Kind) -> None:
        actor = self.view.actor
        if kind in PERSONAL and actor is not None and actor.role in NEEDS_REASON and self.view.reason is None:
            raise Forbidden(
                "say why: add ?reason=... (3 to 200 characters); it is written to the read log", code="reason_required"
            )

    def _admitted(self, conn: Connection, incident_id: int) -> None:
        self._explained(Kind.INCIDENT)
        thing = thing_of(conn, Kind.INCIDENT, incident_id, now=self.ctx.clock())
        if thing is None or not admits(self.view.scope.grant(Kind.INCIDENT), thing):
            raise NotFound("there is no such incident, or none that you serve")

    def _opened(self, conn: Connection, subject_id: int | None, names: Sequence[str]) -> dict[str, str | None]:
        boxes = subjects.open_fields(conn, self.ctx.vault, subject_id) if self.view.audience is Audience.DUTY else {}
        return {name: boxes.get(name) for name in names}
