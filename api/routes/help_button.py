"""Help buttons: devices call without a session, by a signature; people see which devices are silent."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.deps import Ctx, Signed, known_parameters
from api.routes.incidents import IncidentId
from api.schemas.common import SIGNED, problems
from api.schemas.homes import CallIn, CallOut, CircleOut, DeviceOut
from gridmap.usecases import helping

router = APIRouter(prefix="/api/v1/help", tags=["help buttons"], dependencies=[Depends(known_parameters())])


@router.post("/calls", status_code=201, summary="Call for help", responses=problems(400, 401, 409, 413))
def call_for_help(ctx: Ctx, body: CallIn) -> CallOut:
    """A device's call: an incident on the emergency clock, at once with the nearest worker on duty.

    `signature` is HMAC-SHA-256, in hex, of "gridmap help v1", device, counter, sent_at and kind, joined by line feeds.
    The same counter again is answered alike and does nothing more, so a device sends until it is answered. 401
    `device_clock`: set the clock by `server_time` and send again under the same counter.
    """
    return CallOut(**helping.take(ctx, helping.Call(**body.model_dump())))


@router.get("/devices", summary="Silent devices", responses=problems(*SIGNED))
def list_silent(caller: Signed) -> list[DeviceOut]:
    """Devices of the caller's area unheard for a week, or without a test for a month. No address, no name."""
    return [DeviceOut(**row) for row in helping.silent(caller.ctx, caller.view)]


@router.get("/incidents/{incident_id}/circle", summary="Ten minutes around", responses=problems(*SIGNED, 404))
def read_circle(caller: Signed, incident_id: IncidentId) -> CircleOut:
    """How far help gets in ten minutes on foot, around an incident that the caller serves. The reading is logged."""
    found = caller.reader.incident(incident_id)
    return CircleOut(**helping.circle(found["lon"], found["lat"]))
