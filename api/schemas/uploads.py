"""A photo that comes in parts: its key, where a part begins, and how far it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Header, Path
from pydantic import BaseModel

from gridmap.parsing.photo import LIMITS

_MOST = LIMITS.input_bytes


class PhotoPut(BaseModel):
    """A photo that was attached; sizes in pixels."""

    id: int
    width: int
    height: int


class UploadOut(BaseModel):
    """How far an upload is: bytes that are there, and the photo once it is attached."""

    received: int
    photo: PhotoPut | None


UploadKey = Annotated[
    str,
    Path(
        pattern=r"^[0-9A-Za-z-]{22,64}$", description="drawn by the device, one for each photo",
        examples=["0d6c2b0e-5a0d-4a55-9a4b-6f0d1a2c3b4d"],
    ),
]  # fmt: skip
Starts = Annotated[int, Header(alias="Upload-Offset", ge=0, le=_MOST, description="where this part begins")]
Total = Annotated[int, Header(alias="Upload-Length", ge=1, le=_MOST, description="bytes of the whole photo")]
PartBytes = Annotated[bytes, Body(media_type="application/octet-stream", description="a part of the file")]
