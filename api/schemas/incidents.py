"""What is sent and answered about incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.schemas.common import Code, Id, InTime, Named, NamedId, RedAt, RunnerUp
from gridmap.case.inputs import LONGEST_NOTE

MAX_TEXT = 4000
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Channel = Literal["worker", "resident", "phone", "counter", "online"]

_REPORT: JsonDict = {
    "category": "mining-blasting",
    "lon": 109.14231,
    "lat": 27.53817,
    "accuracy_m": 28,
    "text": "爆破后墙面出现裂缝",
    "occurred_at": "2026-07-03T09:41:00+08:00",
}


class Place(BaseModel):
    """A place in any CRS: degrees of longitude and latitude, or easting and northing of a projected one."""

    model_config = ConfigDict(extra="forbid")

    lon: Annotated[Number, Field(description="longitude, or easting of `crs`")]
    lat: Annotated[Number, Field(description="latitude, or northing of `crs`")]
    crs: Annotated[
        str, Field(max_length=40, description="wgs84 (CGCS2000 alike), gcj02, bd09 or EPSG:n", examples=["gcj02"])
    ] = "wgs84"
    accuracy_m: Annotated[Number | None, Field(ge=0, le=100_000, description="radius of 68 % around the place")] = None
    confirmed: Annotated[
        bool, Field(strict=True, description="the sender was asked about a far-off place and meant it")
    ] = False


class ResidentIn(BaseModel):
    """For whom a worker files: sealed, and told to nobody but the one who filed it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100, description="sealed")]
    phone: Annotated[str | None, Field(max_length=40, description="sealed")] = None


class ReportIn(Place):
    """A report. `channel` is how it came in: a worker's own by default, else over the counter."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REPORT]})

    category: Annotated[Code, Field(description="see GET /api/v1/categories")]
    text: Annotated[str, Field(max_length=MAX_TEXT, description="what happened; sealed")] = ""
    occurred_at: Annotated[AwareDatetime | None, Field(description="when it happened, with its offset")] = None
    sure: Annotated[
        bool,
        Field(strict=True, description="the sender said on which side of a border it is; else both workers are told"),
    ] = False
    household_id: Id | None = None
    enterprise_id: Id | None = None
    channel: Channel | None = None
    reporter_name: Annotated[str | None, Field(max_length=100, description="sealed")] = None
    reporter_phone: Annotated[str | None, Field(max_length=40, description="sealed")] = None
    behalf: Annotated[ResidentIn | None, Field(description="filed for a resident; the worker is the contact")] = None


class MoveIn(Place):
    """The right place of an incident whose pin was wrong."""


class CloseIn(BaseModel):
    """Closing needs no more than the address; a note may be added."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str | None, Field(min_length=1, max_length=LONGEST_NOTE, description="sealed")] = None


class Nearest(Named):
    distance_m: float | None = None


class Assigned(BaseModel):
    """Where a report went, and how sure that is."""

    model_config = ConfigDict(extra="allow")

    id: int
    number: str
    status: str
    cell: Named | None = Field(description="null when the place lies outside all cells")
    worker: NamedId | None = Field(description="null when nobody is on duty there now: the dispatcher has it")
    body: Named | None = None
    due_at: datetime
    confidence: float | None = Field(
        default=None, description="share of the accuracy circle in this cell, by GPS error"
    )
    border_m: float | None = Field(default=None, description="distance to the cell's nearest border")
    place_reason: str | None = Field(default=None, description="inside, border (confidence under 0.9) or outside")
    runner_up: RunnerUp | None = None
    nearest: Nearest | None = None
    reason: str | None = Field(default=None, description="why this worker: primary, backup, dispatcher, outside")


class Moved(Assigned):
    """Where a moved incident lies now; `moved` is false when it stood there already."""

    moved: bool


class Closed(BaseModel):
    """A closed incident."""

    id: int
    number: str
    status: Literal["closed"]
    closed_at: datetime


class PartOut(BaseModel):
    """A new case that another one was split into."""

    id: int
    number: str
    status: str
    due_at: datetime
    worker: NamedId | None
    body: Named | None


class Acted(BaseModel):
    """Where a case stands after an action, and who has it."""

    id: int
    number: str
    status: str
    level: str = Field(description="the rung of the ladder: community, town, county or city")
    event: int = Field(description="the number of the event that was written")
    kind: str
    at: datetime
    due_at: datetime
    closed_at: datetime | None
    light: str | None
    cell: Named | None
    worker: NamedId | None
    body: Named | None
    parts: list[PartOut] = Field(default=[], description="the cases that `split` made of its `parts`")


class AskedOut(BaseModel):
    """One thing to enter for an action."""

    name: str
    type: str = Field(
        description="code, id, ids, text, limit, moment, flag, score or parts (a list of {category, text, body_id?})"
    )
    required: bool
    codes: list[str] = Field(description="what a code may be; empty: see the action's own rules")


class ActionOut(BaseModel):
    """One action of the flow, and whether the caller may do it now."""

    action: str
    allowed: bool
    code: str = Field(description="stable: allowed, party, status, process, holder, or the rule that refuses it")
    reason: str | None = Field(description="why not, in words")
    asked: list[AskedOut]


class LimitPart(BaseModel):
    why: str
    amount: dict[str, float]
    event: int | None
    at: datetime | None


class SpanOut(BaseModel):
    """A stretch of time on the clock; `counted_min` of all of them add up to `used_min`."""

    model_config = ConfigDict(populate_by_name=True)

    start: datetime = Field(alias="from")
    end: datetime | None = Field(alias="to")
    kind: str
    why: str
    event: int
    status: str
    counted_min: float
    worker_id: int | None
    body_id: int | None


class RoutedOut(BaseModel):
    """Why a case went where it went."""

    rules: int = Field(description="the version of the rules that were live")
    rule: str | None = Field(description="the rule that decided; null: none fitted, so the town's dispatcher has it")
    when: dict[str, Any] = Field(description="what that rule asks")
    to: str = Field(description="body, department, category (its own department) or desk")
    name: str | None = Field(description="which body, department or rung")
    straight: bool = Field(description="to the body at once, past the desks")


class WhyOut(BaseModel):
    """Why a case shows its light: the clock that is furthest gone, its limit and every span that it counted."""

    light: str | None
    of: str = Field(description="whole or step")
    step: str | None
    clock: str = Field(description="work (office hours) or emergency (always)")
    limit_min: float
    used_min: float
    remaining_min: float
    due_at: datetime
    running: bool
    priority: str
    calendar: str
    provisional: list[int] = Field(description="years counted without an official schedule of holidays")
    limit: list[LimitPart]
    spans: list[SpanOut]
    process: str
    process_version: int
    level: str
    status: str
    routed: RoutedOut | None = Field(description="null for cases from before there were rules")


class CameAs(BaseModel):
    crs: str
    x: float
    y: float


class Responsible(BaseModel):
    cell: Named | None
    worker: NamedId | None
    body: Named | None
    reason: str | None
    since: datetime | None


class IncidentOut(BaseModel):
    """One incident. The text and who reported it are null once erased."""

    id: int
    number: str
    category: Named
    channel: str
    status: str
    light: str | None
    in_time: InTime
    level: str
    priority: str
    process: str | None
    step: str | None
    step_due_at: datetime | None
    paused_until: datetime | None
    parent_id: int | None
    merged_into_id: int | None
    received_at: datetime
    occurred_at: datetime | None
    due_at: datetime
    red_at: RedAt
    closed_at: datetime | None
    lon: float
    lat: float
    came_as: CameAs
    accuracy_m: float | None
    cell: Named | None
    border_m: float | None
    confidence: float | None
    place_reason: str
    runner_up: Named | None
    nearest: Named | None
    nearest_m: float | None
    responsible: Responsible
    household_id: int | None
    enterprise_id: int | None
    source_ref: str | None
    text: str | None
    reporter_name: str | None
    reporter_phone: str | None


class EventOut(BaseModel):
    """One step of an incident: ids and codes, chained by hash. `note` is sealed beside it; null once erased."""

    seq: int
    kind: str
    at: datetime
    account_id: int | None
    data: dict[str, Any]
    hash: str
    note: str | None = None
