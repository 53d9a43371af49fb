"""Incidents: reported, listed, read one by one, moved, closed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from api import answers
from api.deps import Explained, Signed, known_parameters
from api.lean import LeanRoute
from api.schemas.common import GEOJSON_CONTENT, SIGNED, Id, problems
from api.schemas.incidents import Assigned, Closed, CloseIn, EventOut, IncidentOut, Moved, MoveIn, ReportIn
from api.schemas.lists import IncidentList
from api.schemas.queries import Incidents
from gridmap.usecases import casework
from gridmap.usecases.reporting import Draft, report
from gridmap.view import Role

router = APIRouter(
    prefix="/api/v1/incidents",
    tags=["incidents"],
    dependencies=[Depends(known_parameters())],
    route_class=LeanRoute,
)

FIELDS = answers.Fields(
    "id", "number", "channel", "status", "light", "received_at", "due_at", "closed_at", "place_reason",
    category=("category", "category_name", "category_name_en"), cell=("cell", "cell_name", "cell_name_en"),
    worker=("worker_id", "worker", "worker_name_en"), body=("body", "body_name", "body_name_en"),
)  # fmt: skip

IncidentId = Annotated[Id, Path(description="as answered when it was reported", examples=[1])]
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
    said = body.model_dump()
    said["channel"] = body.channel or ("worker" if caller.account.role is Role.WORKER else "counter")
    return Assigned(**report(caller.ctx, caller.view, Draft(**said), key=key))


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
    return answers.listing(request, caller, "incidents", query, FIELDS)


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
def close_incident(caller: Signed, incident_id: IncidentId, _body: CloseIn | None = None) -> Closed:
    """Closes the incident: its clock stops. Closing a closed one has no effect."""
    return Closed(**casework.close(caller.ctx, caller.view, incident_id))
