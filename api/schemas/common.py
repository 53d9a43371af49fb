"""Shapes that many routes share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.errors import MEDIA_TYPE

#: a code as registers write it: visible characters, no blanks at the ends
CODE = r"^[^\s\x00-\x1f]{1,64}$"
Code = Annotated[str, Field(pattern=CODE, max_length=64)]
#: what both databases hold as an id
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


#: `in_time` of an incident
InTime = Annotated[
    bool | None,
    Field(description="whether it was disposed of in time, as scorecards count it; null while open, if void or merged"),
]


#: `red_at` of an incident
RedAt = Annotated[
    datetime | None,
    Field(description="when it is overdue: the whole or its step, whichever comes first; null where no clock runs"),
]


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; further members name the field, the row, the time to wait."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:gridmap:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no such incident, or none that you serve"])
    code: str = Field(examples=["not_found"])


class Named(BaseModel):
    """A thing by its code and its names."""

    code: str
    name: str
    name_en: str | None = None


class NamedId(BaseModel):
    """A thing by its id and its names."""

    id: int
    name: str
    name_en: str | None = None


class RunnerUp(Named):
    """The cell on the other side of a border, and who is on duty there."""

    worker: NamedId | None = None


class Geometry(BaseModel):
    """A GeoJSON geometry in WGS84, at most 7 decimals."""

    model_config = ConfigDict(extra="allow")

    type: str
    coordinates: list[Any]


class Feature(BaseModel):
    """A GeoJSON feature."""

    type: Literal["Feature"]
    id: int | str | None = None
    geometry: Geometry | None
    properties: dict[str, Any]


class Features(BaseModel):
    """A GeoJSON FeatureCollection; `next` is the cursor of the next page, null on the last."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    next: str | None = None


class Drawn(Features):
    """A layer's features with its legend."""

    legend: list[dict[str, Any]] = Field(description="lines of the legend, with the numbers of this data")


#: how a FeatureCollection answers, beside a list's JSON
GEOJSON_CONTENT = {"application/geo+json": {"schema": {"$ref": "#/components/schemas/Features"}}}

_WORDS = {
    400: "The body cannot be read",
    401: "Nobody is logged in, or the session has ended",
    403: "The role may not do this, a reason is asked for (`reason_required`), or another site sent this (`csrf`)",
    404: "There is none, or none that this account may see",
    409: "The state has moved on",
    412: "Somebody else changed it since `If-Match` was read; `by`, `at` and `changes` tell what",
    413: "The body is too large",
    422: "A parameter or field is at fault; `errors` or `parameter` names it",
    428: "`If-Match` is missing",
    429: "Too early; `Retry-After` says how many seconds to wait",
    503: "The database cannot be reached",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route for its OpenAPI description; 422 and 503 are always among them."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _WORDS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({*statuses, 422, 503})
    }


SIGNED = (401, 403)
