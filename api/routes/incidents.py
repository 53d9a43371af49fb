"""Incidents: reported, listed, read one by one, and brought to their end step by step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Path, Request, Response

from api import answers
from api.deps import Explained, Signed, known_parameters
from api.lean import LeanRoute
from api.schemas.common import GEOJSON_CONTENT, SIGNED, Id, problems
from api.schemas.incidents import (
    Acted,
    ActionOut,
    Assigned,
    Closed,
    CloseIn,
    EventOut,
    IncidentOut,
    Moved,
    MoveIn,
    ReportIn,
    WhyOut,
)
from api.schemas.lists import IncidentList
from api.schemas.queries import Incidents
from gridmap.usecases import casework
from gridmap.usecases.behalf import Resident
from gridmap.usecases.reporting import Draft, report
from gridmap.view import Role

router = APIRouter(
    prefix="/api/v1/incidents",
    tags=["incidents"],
    dependencies=[Depends(known_parameters())],
    route_class=LeanRoute,
)

FIELDS = answers.Fields(
    "id", "number", "channel", "status", "light", "in_time", "received_at", "due_at", "red_at", "closed_at",
    "place_reason",
    category=("category", "category_name", "category_name_en"), cell=("cell", "cell_name", "cell_name_en"),
    worker=("worker_id", "worker", "worker_name_en"), body=("body", "body_name", "body_name_en"),
)  # fmt: skip

IncidentId = Annotated[Id, Path(description="as answered when it was reported", examples=[1])]
#: "close" and "move" have routes of their own
Action = Annotated[str, Path(max_length=40, description="see GET .../actions", examples=["accept"])]
Given = Annotated[
    dict[str, Any],
    Body(description="what the action asks for, by name", examples=[{"outcome": "settled", "note": "双方已和解"}]),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="drawn by the sender for this one request, for instance a UUID; kept per account",
        examples=["0d6c2b0e-5a0d-4a55-9a4b-6f0d1a2c3b4d"],
    ),
]


@router.post("", status_code=201, summary="Report an incident", responses=problems(*SIGNED, 400, 409, 413))
def report_incident(caller: Signed, body: ReportIn, key: Key = None) -> Assigned:
    """Places the report in today's drawing of the cells and hands it to who is on duty there now.

    The same `Idempotency-Key` again answers the same and has no second effect; with another body it is 422. A place far
    off or with its axes swapped is asked about (422 `location_doubtful`); send `confirmed` when it is meant.
    """
    return Assigned(**report(caller.ctx, caller.view, draft_of(body, caller.account.role), key=key))


def draft_of(body: ReportIn, role: Role) -> Draft:
    """A report as its sender means it: a worker's own, or over the counter, unless the channel is said."""
    said = body.model_dump()
    said["channel"] = body.channel or ("worker" if role is Role.WORKER else "counter")
    said["behalf"] = Resident(**said["behalf"]) if body.behalf else None
    return Draft(**said)


@router.get(
    "",
    summary="List incidents",
    response_model=IncidentList,
    responses={200: {"content": GEOJSON_CONTENT, "description": "A page"}, **problems(*SIGNED)},
)
def list_incidents(request: Request, caller: Signed, query: Incidents) -> Response:
    """The incidents that the caller serves, newest first. No list holds a text or a reporter. Officials say why.

    Every list of single incidents is written to the read log.
    """
    return answers.listing(request, caller.looking(drawing=query.drawing), "incidents", query, FIELDS)


@router.get("/{incident_id}", summary="Read an incident", responses=problems(*SIGNED, 404))
def read_incident(caller: Explained, incident_id: IncidentId) -> IncidentOut:
    """One incident with what was said and by whom, for those who serve it; the reading is logged."""
    return IncidentOut(**caller.reader.incident(incident_id))


@router.get("/{incident_id}/events", summary="Its steps", responses=problems(*SIGNED, 404))
def read_events(caller: Explained, incident_id: IncidentId) -> list[EventOut]:
    """What happened to an incident, in order. Events are never changed and hold no personal text."""
    return [EventOut(**event) for event in caller.reader.events(incident_id)]


@router.post(
    "/{incident_id}/actions/move",
    summary="Correct its pin",
    responses=problems(*SIGNED, 400, 404, 409, 413),
)
def move_incident(caller: Signed, incident_id: IncidentId, body: MoveIn, key: Key = None) -> Moved:
    """Places the incident anew in today's drawing and assigns it again, once. To where it stands already: no effect.

    The same `Idempotency-Key` again answers the same, even where the incident is no longer the caller's.
    """
    place = body.model_dump(exclude={"lon", "lat"})
    return Moved(**casework.move(caller.ctx, caller.view, incident_id, body.lon, body.lat, **place, key=key))


@router.post("/{incident_id}/actions/close", summary="Close it", responses=problems(*SIGNED, 400, 404, 409, 413))
def close_incident(caller: Signed, incident_id: IncidentId, body: CloseIn | None = None, key: Key = None) -> Closed:
    """Closes an incident that is resolved and, where its process asks for it, verified by somebody else: 409 before.

    Closing a closed one has no effect; the same `Idempotency-Key` again answers the same.
    """
    return Closed(**casework.close(caller.ctx, caller.view, incident_id, body.note if body else None, key=key))


@router.post(
    "/{incident_id}/actions/{action}",
    summary="Do something to it",
    responses=problems(*SIGNED, 400, 404, 409, 413),
)
def act_on_incident(caller: Signed, incident_id: IncidentId, action: Action, body: Given, key: Key = None) -> Acted:
    """Carries out one action of the case's process: one event, and all that follows from it, at once or not at all.

    The body holds what `GET .../actions` asks for. Refused with the reason: 403 where the caller may not do it to this
    case, 409 where nobody may now. The same `Idempotency-Key` again answers the same and has no second effect.
    """
    return Acted(**casework.act(caller.ctx, caller.view, incident_id, action, body, key=key))


@router.get("/{incident_id}/actions", summary="What can be done with it", responses=problems(*SIGNED, 404))
def read_actions(caller: Explained, incident_id: IncidentId) -> list[ActionOut]:
    """Every action with whether the caller may do it now, the reason if not, and what must be entered."""
    return [ActionOut(**one) for one in caller.reader.actions(incident_id)]


@router.get("/{incident_id}/why", summary="Why it is red", responses=problems(*SIGNED, 404))
def read_why(caller: Explained, incident_id: IncidentId) -> WhyOut:
    """The clock that decides its light: the limit and what was added to it, each span, pause and hand-over."""
    return WhyOut(**caller.reader.why(incident_id))
