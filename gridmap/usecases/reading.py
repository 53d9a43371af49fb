"""Reading: the View of one request, rows by it, and the log of every reading of a person's data.

Routes and pages read personal rows only through a `Reader`. It decides nothing about who may see what (`people.roles`
and `store.scope` do); it sees to it that an official gives a reason first, that the audience fits, and that what was
read is written down: once per request, with ids, behind the reader's back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from gridmap.errors import Forbidden, NotFound
from gridmap.people.roles import NEEDS_REASON, Thing, admits, can, scope_of
from gridmap.store import accounts, features, figures, read, single, subjects, versions
from gridmap.store.accounts import Account
from gridmap.store.scope import thing_of
from gridmap.usecases.accounts import token_hash
from gridmap.usecases.context import Context
from gridmap.usecases.readlog import Reading, ReadLog
from gridmap.view import Audience, InArea, Kind, Role, Scope, View

#: kinds whose rows are about persons: reading them is logged
PERSONAL = frozenset({Kind.HOUSEHOLD, Kind.INCIDENT})
#: roles that serve cases or households, and so read exact rows
SERVING = frozenset({Role.WORKER, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR})
LONGEST_REASON = 200

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


def enter(ctx: Context, token: str, reason: str | None = None) -> tuple[Account, View] | None:
    """Whose session a token opens and what they may see now, in two queries; None when it opens none."""
    with read(ctx.engine) as conn:
        account = accounts.of_session(conn, token_hash(token), ctx.clock())
        return None if account is None else (account, view_for(conn, account, ctx.today(), reason))


def view_for(conn: Connection, account: Account, day: date, reason: str | None = None) -> View:
    """The View of an account on a day, from its standing in the database. An official with a reason reads like one who serves."""
    standing = accounts.standing(conn, account, day)
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

    def page(
        self,
        layer: str,
        *,
        bbox: tuple[float, float, float, float] | None = None,
        filters: Mapping[str, Any] | None = None,
        after: Any = None,
        limit: int = 500,
    ) -> features.Page:
        """One page of a layer's rows that the View admits, in the store's order; see `store.features.page`."""
        kind = KIND_OF_LAYER[layer]
        self._explained(kind)
        with read(self.ctx.engine) as conn:
            page = features.page(conn, self.view, layer, bbox=bbox, filters=filters or {}, after=after, limit=limit)
        if kind in PERSONAL:
            self._note(kind, page.rows["id"].tolist())
        return page

    def incident(self, incident_id: int) -> dict[str, Any]:
        """One incident with its text and who reported it, where that was not erased. NotFound outside the scope."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, Kind.INCIDENT, incident_id)
            found = single.incident(conn, incident_id, self.ctx.clock())
            found |= self._opened(conn, found.pop("subject_id"), ("text", "reporter_name", "reporter_phone"))
        self._note(Kind.INCIDENT, [incident_id])
        return found

    def events(self, incident_id: int) -> list[dict[str, Any]]:
        """An incident's events in order; they hold ids and codes only."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, Kind.INCIDENT, incident_id)
            events = single.events(conn, incident_id)
        self._note(Kind.INCIDENT, [incident_id])
        return events

    def household(self, household_id: int) -> dict[str, Any]:
        """One household with its contact, for those who serve it. NotFound outside the scope."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, Kind.HOUSEHOLD, household_id)
            found = single.household(conn, household_id)
            found |= self._opened(conn, found.pop("subject_id"), ("contact_name", "contact_phone"))
        self._note(Kind.HOUSEHOLD, [household_id])
        return found

    def enterprise(self, enterprise_id: int) -> dict[str, Any]:
        """One enterprise; there is no personal data in it."""
        with read(self.ctx.engine) as conn:
            self._admitted(conn, Kind.ENTERPRISE, enterprise_id)
            return single.enterprise(conn, enterprise_id)

    def cell(self, code: str) -> dict[str, Any]:
        """The cell in force today under this code, with its roster as far as the View admits it."""
        with read(self.ctx.engine) as conn:
            found = single.cell(conn, code, self.view.as_of)
            self._admitted(conn, Kind.CELL, found["id"])
            roster = single.roster(conn, found["id"], self.view.as_of)
        duties, path = self.view.scope.grant(Kind.DUTY), found.pop("area_path")
        found["workers"] = [
            worker
            for worker in roster
            if admits(duties, Thing(Kind.DUTY, cell_id=found["id"], area_path=path, worker_id=worker["id"]))
        ]
        return found

    def figures(self, by: str, filters: Mapping[str, Any]) -> Any:
        """Exact counts of incidents for those who may read figures; see `store.figures.counts`."""
        with read(self.ctx.engine) as conn:
            return figures.counts(conn, self.figures_view(conn), by=by, filters=filters)

    def figures_view(self, conn: Connection) -> View:
        """The View for figures: the caller's whole area, whatever single rows they may read; no row leaves by it."""
        actor = self.view.actor
        if actor is None:
            return self.view.for_use(Audience.FIGURES)
        decision = can(actor, self.view.scope, "figures.read")
        if not decision:
            raise Forbidden(decision.reason)
        path = accounts.area_path(conn, actor.area_id)
        grants = dict(self.view.scope.grants)
        grants.pop(Kind.INCIDENT, None)
        if path is not None:
            grants[Kind.INCIDENT] = InArea(path)
        return replace(self.view.for_use(Audience.FIGURES), scope=Scope(grants))

    def version(self, *layers: str) -> str:
        """The data version of these layers, for an ETag."""
        with read(self.ctx.engine) as conn:
            known = versions.read(conn)
        return ".".join(str(known.get(layer, 0)) for layer in layers)

    def note(self, kind: Kind, ids: Iterable[int]) -> None:
        """Write down a reading of personal rows that did not come through this reader."""
        self._explained(kind)
        self._note(kind, list(ids))

    def _note(self, kind: Kind, ids: Sequence[int]) -> None:
        if self.view.actor is not None and ids:
            reading = Reading(self.ctx.clock(), self.view.actor.account_id, self.route, kind, ids, self.view.reason)
            self.log.note(reading)

    def _explained(self, kind: Kind) -> None:
        actor = self.view.actor
        if kind in PERSONAL and actor is not None and actor.role in NEEDS_REASON and self.view.reason is None:
            raise Forbidden(
                "say why: add ?reason=... (3 to 200 characters); it is written to the read log", code="reason_required"
            )

    def _admitted(self, conn: Connection, kind: Kind, identity: int) -> None:
        self._explained(kind)
        thing = thing_of(conn, kind, identity)
        if thing is None or not admits(self.view.scope.grant(kind), thing):
            raise NotFound(f"there is no such {kind}, or none that you serve")

    def _opened(self, conn: Connection, subject_id: int | None, names: Sequence[str]) -> dict[str, str | None]:
        boxes = subjects.open_fields(conn, self.ctx.vault, subject_id) if self.view.audience is Audience.DUTY else {}
        return {name: boxes.get(name) for name in names}
