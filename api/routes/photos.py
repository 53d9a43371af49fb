"""Photos of a case: sent as the bytes of a JPEG, PNG or WebP; given back as JPEG without any metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from api.deps import Explained, Signed, known_parameters
from api.routes.incidents import IncidentId, Key
from api.schemas.common import SIGNED, Id, problems
from api.schemas.uploads import PartBytes, PhotoPut, Starts, Total, UploadKey, UploadOut
from gridmap.usecases import photos, uploads

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], dependencies=[Depends(known_parameters())])

JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "The photo"}}
PhotoId = Annotated[Id, Path(description="as listed", examples=[1])]
Picture = Annotated[bytes, Body(media_type="image/jpeg", description="the file as it is, JPEG, PNG or WebP")]


class PhotoOut(PhotoPut):
    """A photo in the list of a case's photos."""

    created_at: datetime
    by_resident: bool


@router.post(
    "/{incident_id}/photos", status_code=201, summary="Attach a photo", responses=problems(*SIGNED, 404, 409, 413)
)
def attach_photo(caller: Signed, incident_id: IncidentId, body: Picture, key: Key = None) -> PhotoPut:
    """Re-encodes the photo (no EXIF, no place), seals it and writes the event `attached`, all or nothing."""
    return PhotoPut(**photos.attach(caller.ctx, caller.view, incident_id, body, key=key))


@router.get("/{incident_id}/uploads/{upload}", summary="How far is its photo?", responses=problems(*SIGNED, 404))
def read_upload_of_case(caller: Signed, incident_id: IncidentId, upload: UploadKey) -> UploadOut:
    """How many bytes of a photo are there that comes in parts: where to go on after a lost answer."""
    sender = uploads.by_staff(caller.ctx, caller.view, incident_id)
    return UploadOut(**uploads.arrived(caller.ctx, sender, upload))


@router.patch(
    "/{incident_id}/uploads/{upload}", summary="Send a part of its photo",
    responses=problems(*SIGNED, 400, 404, 409, 413, 429),
)  # fmt: skip
def add_part_of_case(
    caller: Signed, incident_id: IncidentId, upload: UploadKey, starts: Starts, total: Total, body: PartBytes = b""
) -> UploadOut:
    """Keeps a part that begins where the last one ended (else 409 `upload_offset`); the last one attaches the photo."""
    sender, part = uploads.by_staff(caller.ctx, caller.view, incident_id), uploads.Part(starts, total, body)
    return UploadOut(**uploads.add(caller.ctx, sender, part, key=upload))


@router.get("/{incident_id}/photos", summary="List its photos", responses=problems(*SIGNED, 404))
def list_photos(caller: Explained, incident_id: IncidentId) -> list[PhotoOut]:
    """The photos of a case for those who serve it; the reading is logged."""
    return [PhotoOut(**one) for one in caller.reader.photos(incident_id)]


@router.get(
    "/{incident_id}/photos/{photo_id}", summary="See a photo", response_class=Response,
    responses={**JPEG, **problems(*SIGNED, 404)},
)  # fmt: skip
def read_photo(
    caller: Explained,
    incident_id: IncidentId,
    photo_id: PhotoId,
    size: Annotated[Literal["full", "thumb"], Query(description="whole, or small for a list")] = "full",
) -> Response:
    """One photo as it was re-encoded, whole or small; the reading is logged."""
    data = caller.reader.photo(incident_id, photo_id, thumb=size == "thumb")
    return Response(data, media_type="image/jpeg", headers={"Content-Disposition": "inline; filename=photo.jpg"})
