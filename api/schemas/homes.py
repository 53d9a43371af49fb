"""Shapes of the household's file, of visits, and of help calls."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Id
from gridmap.usecases.homes import MOST_CARE_TEXT
from gridmap.usecases.visiting import MOST_NOTE

Purpose = Literal["contact", "interpreter", "care", "visits", "help_button"]
How = Literal["spoken", "written", "online"]
CarePurpose = Literal["mobility", "hearing", "sight", "medicine", "alone", "equipment", "other"]
Readers = Literal["cell", "agent"]
Outcome = Literal["met", "absent", "declined"]
#: text of one or more lines, without control characters
Line = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
Count = Annotated[int, Field(ge=0, le=99)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConsentIn(Strict):
    purpose: Purpose
    how: How = Field(description="how the household said so")
    until: date | None = Field(None, description="the first day on which it no longer holds")
    contact_name: Line | None = Field(None, description="with `contact`")
    contact_phone: Line | None = Field(None, description="with `contact`")


class ConsentOut(BaseModel):
    id: int
    purpose: Purpose
    how: How
    given_at: datetime
    until: date | None
    withdrawn_at: datetime | None


class CareIn(Strict):
    purpose: CarePurpose
    text: str = Field(min_length=1, max_length=MOST_CARE_TEXT, examples=["腿脚不便，敲门后请多等一会儿"])
    expires_on: date = Field(description="the first day on which it is gone; within 366 days")
    readers: Readers = Field("cell", description="every worker of the cell, or its petition agent alone")


class CareOut(BaseModel):
    id: int
    purpose: CarePurpose
    readers: Readers
    expires_on: date
    created_at: datetime
    text: str | None


class Contact(BaseModel):
    contact_name: str | None
    contact_phone: str | None


class VisitItem(BaseModel):
    id: int
    household_id: int
    visited_at: datetime
    outcome: Outcome
    return_on: date | None
    return_of_id: int | None
    incident_id: int | None
    worker: str
    worker_en: str | None


class VisitNoted(VisitItem):
    note: str | None


class RequestItem(BaseModel):
    id: int
    number: str
    status: str
    received_at: datetime
    due_at: datetime
    closed_at: datetime | None
    category: str
    category_name: str
    category_name_en: str | None


class FileOut(BaseModel):
    """Everything that is kept of a household."""

    id: int
    code: str
    address: str
    children: int | None
    adults: int | None
    elders: int | None
    housing: str | None
    cell: str | None
    lon: float
    lat: float
    contact: Contact
    interpreter_wanted: bool
    consents: list[ConsentOut]
    care_notes: list[CareOut]
    visits: list[VisitNoted]
    requests: list[RequestItem]


class CorrectionIn(Strict):
    """What the household asks to have corrected; what is not named stays."""

    address: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    children: Count | None = None
    adults: Count | None = None
    elders: Count | None = None
    housing: Literal["adobe", "rubble", "brick", "frame", "other"] | None = None

    def values(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class VisitIn(Strict):
    household_id: Id
    outcome: Outcome = "met"
    visited_at: datetime | None = Field(None, description="by the phone's clock; the server's stands beside it")
    note: str = Field("", max_length=MOST_NOTE, description="kept where the household agreed to notes of visits")
    return_on: date | None = Field(None, description="the day on which one promised to come again")
    return_of: Id | None = Field(None, description="the visit that promised this one")


class VisitMade(BaseModel):
    id: int
    household_id: int
    outcome: Outcome
    visited_at: datetime
    written_at: datetime


class VisitList(BaseModel):
    items: list[VisitItem]
    next: int | None = Field(description="give it as `before` for the page after this one")


class RaiseIn(Strict):
    category: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(max_length=4000)] | None = Field(None, description="instead of the visit's note")


class PlanItem(BaseModel):
    id: int
    code: str
    address: str
    cell: str | None
    lon: float
    lat: float
    last_visit: date | None
    return_on: date | None
    needs: int = Field(description="open requests")
    days: int | None = Field(description="since the last visit; null: never")
    red: bool
    due: bool = Field(description="belongs to this month's quota, or a promised return visit")


class PlanOut(BaseModel):
    month: str
    from_: date = Field(alias="from")
    to: date
    least: int
    met: int
    red: int
    items: list[PlanItem]


class PlaceFigures(BaseModel):
    """One community. `need_h` and `capacity_h` rest on assumptions: see docs/households.md."""

    code: str
    name: str
    name_en: str | None
    households: int
    met: int
    asked: int = Field(description="households that the quotas ask for, at least")
    done: int = Field(description="so many of those asked for were met")
    need_h: float
    capacity_h: float
    enough: bool


class FiguresOut(BaseModel):
    month: str
    items: list[PlaceFigures]


class CallIn(Strict):
    device: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    counter: int = Field(ge=1, le=2**31 - 1, description="never used twice by a device")
    sent_at: int = Field(ge=0, le=2**40, description="seconds since 1970 by the device's clock")
    kind: Literal["call", "test"] = "call"
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CallOut(BaseModel):
    kind: Literal["call", "test"]
    received_at: datetime
    number: str | None


class DeviceOut(BaseModel):
    code: str
    cell: str | None
    heard_at: datetime | None
    tested_at: datetime | None
    installed_at: datetime
    silent: bool
    test_due: bool


class CircleOut(BaseModel):
    """How far help gets in ten minutes on foot."""

    lon: float
    lat: float
    radius_m: float
