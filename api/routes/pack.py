"""A worker's phone: the day's pack in one round trip, and entries that a phone sealed while nobody was logged in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Query, Response
from pydantic import ValidationError

from api import answers
from api.deps import Caller, Signed, known_parameters
from api.errors import status_of
from api.routes.ground import CELL_FIELDS
from api.routes.incidents import draft_of
from api.routes.people import HOUSEHOLD_FIELDS
from api.schemas.common import SIGNED, problems
from api.schemas.incidents import ReportIn
from api.schemas.phones import PackOut, SealedEntry, SealedIn, SealedOut, SealedResult
from api.schemas.plans import HandoverOut
from gridmap.errors import EnvironmentFault, Forbidden, GridmapError, InvalidInput
from gridmap.usecases import envelopes, packing
from gridmap.usecases.packing import Day
from gridmap.view import Kind, Role

router = APIRouter(prefix="/api/v1", tags=["phones"], dependencies=[Depends(known_parameters())])

#: rows that a phone is given at most; who serves more works with a network
MOST_HOMES, MOST_CELLS = 5_000, 300


@router.get("/pack", summary="The day's pack", responses=problems(*SIGNED), response_model=PackOut)
def read_pack(
    caller: Signed,
    have: Annotated[
        str | None,
        Query(
            pattern=r"^([a-z]{1,20}:[0-9a-f]{1,64})(,[a-z]{1,20}:[0-9a-f]{1,64}){0,19}$",
            description="which sections the phone has: `name:hash,...`; those are not sent again",
            examples=["cells:0f3a9c1b2d4e5f60"],
        ),
    ] = None,
) -> Response:
    """Own cells with their neighbours' outlines, households, open cases, whom to visit, sheets to sign: for a worker.

    Contacts are in it where the household agreed to be contacted, care notes never. The reading is logged. A phone
    erases it when the answer is 401 or 403.
    """
    phone_has = dict(one.split(":") for one in have.split(",")) if have else {}
    day = packing.day(caller.reader, caller.account)
    sections = b",".join(_section(caller, day, name, phone_has.get(name)) for name in _SECTIONS)
    caller.reader.note(Kind.HOUSEHOLD, day.remembered.homes)
    caller.reader.note(Kind.INCIDENT, day.cases.shown)
    head = answers.dump({"made_at": day.made_at, "lease_until": day.lease_until})
    tail = answers.dump({"sealing_key": day.sealing_key})
    return Response(head[:-1] + b',"sections":{' + sections + b"}," + tail[1:], media_type="application/json")


def _section(caller: Caller, day: Day, name: str, phone_has: str | None) -> bytes:
    """A section with its hash; without its rows where the phone has them, unread where nothing of it has moved."""
    digest = day.hash_of(name)
    if digest is None or digest != phone_has:
        data = _SECTIONS[name](caller, day)
        digest = day.made(name, hashlib.sha256(data).hexdigest()[:16])
    told = b"" if digest == phone_has else b',"data":' + data
    return b'"%b":{"hash":"%b"%b}' % (name.encode(), digest.encode(), told)


def _cells(caller: Caller, day: Day) -> bytes:
    if day.box is None:
        return answers.collection([], None)
    page = caller.reader.page("cells", bbox=day.box, limit=MOST_CELLS)
    return answers.collection(answers.features(page, CELL_FIELDS), None)


def _households(caller: Caller, day: Day) -> bytes:
    """The rows, which are kept written, each with what does not stand in it."""
    page, seen, contacts = caller.reader.page("households", limit=MOST_HOMES), day.visits.rows, day.contacts()
    day.remembered.homes = tuple(page.ids())
    texts = page.texts("pack", _homes)
    more = (answers.dump(_besides(day, seen.get(one, {}), contacts.get(one, {}))) for one in page.ids())
    return b"[" + b",".join(text[:-1] + b"," + rest[1:] for text, rest in zip(texts, more, strict=True)) + b"]"


def _homes(rows: pd.DataFrame) -> list[bytes]:
    return [
        answers.dump({
            **{name: one[name] for name in ("id", "code", "address", "lon", "lat")},
            "members": {name: one[name] for name in ("children", "adults", "elders")}, "housing_type": one["housing"],
        })
        for one in answers.placed(HOUSEHOLD_FIELDS, rows)
    ]  # fmt: skip


def _besides(day: Day, seen: Mapping[str, Any], contact: Mapping[str, str]) -> dict[str, Any]:
    """The cell in force today, the last visit, and how to reach them where they agreed to that."""
    return {"cell_id": day.ground.id_of.get(seen.get("cell", "")), "last_visit": seen.get("last_visit"), **contact}


def _incidents(_caller: Caller, day: Day) -> bytes:
    names = ("id", "code", "status", "light", "due_at", "red_at", "category", "summary")
    return answers.dump([
        {
            **{name: one[name] for name in names}, "cell_id": day.ground.id_of.get(one["cell"]),
            "lon": round(one["lon"], answers.DECIMALS), "lat": round(one["lat"], answers.DECIMALS),
        }
        for one in day.with_summaries()
    ])  # fmt: skip


def _today(_caller: Caller, day: Day) -> bytes:
    visits = [
        {"household_id": one["id"], **{name: one[name] for name in ("days", "red", "due", "return_on", "needs")}}
        for one in day.visits.items()
    ]
    handovers = [HandoverOut(**one).model_dump(mode="json") for one in day.handovers()]
    return answers.dump({"visits": visits, "handovers": handovers, "unread": day.unread()})


def _categories(caller: Caller, _day: Day) -> bytes:
    return answers.dump(caller.reader.categories())


def _me(caller: Caller, day: Day) -> bytes:
    return answers.dump({"name": caller.account.name, "unit": day.unit(), "cells": day.roster()})


_SECTIONS: Mapping[str, Callable[[Caller, Day], bytes]] = {
    "cells": _cells, "households": _households, "incidents": _incidents, "today": _today, "categories": _categories,
    "me": _me,
}  # fmt: skip


@router.post("/sealed", summary="Bring sealed entries", responses=problems(*SIGNED, 400, 413))
def bring_sealed(caller: Signed, body: SealedIn) -> SealedOut:
    """Reports that a phone sealed to `sealing_key`; whoever brings them, each is filed for the worker who wrote it.

    Under its key a report has one effect, however often it comes, sealed or open. One that is refused holds up none
    of the others.
    """
    if caller.account.role is not Role.WORKER:
        raise Forbidden("sealed entries are brought by workers", code="no_pack")
    return SealedOut(results=[_filed(caller, one) for one in body.entries])


def _filed(caller: Caller, one: SealedEntry) -> SealedResult:
    try:
        entry = envelopes.opened(
            caller.ctx, one.key_id, _bytes(one.sealed), key=one.key, bringer=caller.account.worker_id
        )
        answer = envelopes.file(caller.ctx, entry, partial(_draft, Role.WORKER), one.key)
    except EnvironmentFault:
        raise  # nobody's fault: the phone brings them all again
    except GridmapError as fault:
        problem = {"code": fault.code, "detail": str(fault), "status": status_of(fault), **fault.details}
        return SealedResult(key=one.key, status="refused", problem=problem)
    return SealedResult(key=one.key, status="taken", incident_id=answer["id"])


def _draft(role: Role, body: Any) -> Any:
    try:
        return draft_of(ReportIn.model_validate(body), role)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"{where}: {first['msg']}", field=where) from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidInput("sealed: it is no base64", code="envelope_broken", field="sealed") from None
