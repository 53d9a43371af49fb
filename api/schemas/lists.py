"""Shapes of lists and of single things other than incidents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import Geometry, InTime, Named, NamedId, RedAt, RunnerUp


class Listed(BaseModel):
    next: str | None = Field(description="cursor of the next page; null on the last")


class Boxed(BaseModel):
    """`lon` and `lat` of a point, `bbox` (west, south, east, north) of anything larger."""

    lon: float | None = None
    lat: float | None = None
    bbox: list[float] | None = None


class IncidentItem(Boxed):
    """An incident in a list: no text, nobody's name but the worker's."""

    id: int
    number: str
    category: Named
    channel: str
    status: str
    light: str | None
    in_time: InTime
    received_at: datetime
    due_at: datetime
    red_at: RedAt
    closed_at: datetime | None
    cell: Named | None = Field(description="of who is responsible now")
    worker: NamedId | None
    body: Named | None
    place_reason: str


class IncidentList(Listed):
    items: list[IncidentItem]


class CellItem(Boxed):
    id: int
    code: str
    name: str
    name_en: str | None
    area_m2: float
    valid_from: date
    valid_to: date | None = Field(description="first day no longer valid")
    area: Named
    body: Named | None


class CellList(Listed):
    items: list[CellItem]


class OnRoster(NamedId):
    rank: Literal["primary", "backup"]


class CellOut(CellItem):
    """A cell with its border and, where the caller may see it, its roster of today."""

    geometry: Geometry
    workers: list[OnRoster]


class HouseholdItem(Boxed):
    id: int
    code: str
    address: str
    children: int | None
    adults: int | None
    elders: int | None
    housing: str | None
    cell: Named | None


class HouseholdList(Listed):
    items: list[HouseholdItem]


class HouseholdOut(HouseholdItem):
    """A household with its contact, kept only with consent; null once erased."""

    contact_name: str | None
    contact_phone: str | None


class EnterpriseItem(Boxed):
    id: int
    code: str
    name: str
    name_en: str | None
    kind: Literal["mine", "quarry", "factory", "other"]
    status: str
    opened_on: date | None
    source: str | None
    cell: Named | None


class EnterpriseList(Listed):
    items: list[EnterpriseItem]


class EnterpriseOut(EnterpriseItem):
    geometry: Geometry


class AreaItem(Boxed):
    id: int
    code: str
    name: str
    name_en: str | None
    level: Literal["county", "town", "community"]
    parent: str | None


class AreaList(Listed):
    items: list[AreaItem]


class BodyItem(BaseModel):
    id: int
    code: str
    name: str
    name_en: str | None
    kind: str
    level: str
    department: str | None
    area: Named


class BodyList(Listed):
    items: list[BodyItem]


class WorkerItem(BaseModel):
    id: int
    code: str
    name: str
    name_en: str | None
    agent: bool = Field(description="petition agent: sees the cases filed on behalf")
    area: Named
    body: Named | None


class WorkerList(Listed):
    items: list[WorkerItem]


class CategoryItem(Named):
    parent: str | None
    process: Literal["dispute", "service", "emergency"]
    limit_hours: float
    department: str | None


class Located(BaseModel):
    """Where a report from this place would go now."""

    lon: float = Field(description="WGS84")
    lat: float = Field(description="WGS84")
    cell: Named | None
    worker: NamedId | None
    body: Named | None
    border_m: float | None
    confidence: float | None
    place_reason: Literal["inside", "border", "outside"]
    runner_up: RunnerUp | None
    nearest: dict[str, Any] | None
    reason: str


class CountRow(BaseModel):
    """One group: the keys asked for (code, NAME_name, NAME_name_en), then the counts."""

    model_config = {"extra": "allow"}

    count: int
    open: int
    overdue: int
    closed: int


class Counts(BaseModel):
    by: list[str]
    drawing: Literal["now", "then"]
    at: datetime
    rows: list[CountRow]
