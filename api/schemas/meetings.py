"""Shapes of joint meetings and promises. None of them names a resident."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.common import Code, Id, Named
from api.schemas.lists import Listed
from api.schemas.queries import Pages
from gridmap.enterprise import MeetingStatus, PromiseStatus, Verdict
from gridmap.usecases.meetings import LONGEST_TEXT, LONGEST_TITLE
from gridmap.usecases.reminding import FARTHEST_M

Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
LongText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MeetingIn(Given):
    """A meeting of government, enterprise and residents; the residents sit there as a community."""

    title: Title = Field(examples=["青石采石场爆破裂缝联席会议"])
    meets_at: AwareDatetime = Field(examples=["2026-07-10T09:00:00+08:00"])
    venue: Title = Field(examples=["村委会会议室"])
    enterprise_id: Id
    bodies: list[Code] = Field(min_length=1, max_length=30, description="codes of the bodies that sit there")
    residents: Code = Field(description="code of the community or town whose residents are asked")
    incident_ids: list[Id] = Field(default=[], max_length=500, description="cases that it is about")
    called_from: Id | None = Field(default=None, description="the case that it was called from")
    categories: list[Code] = Field(
        default=[], max_length=100,
        description="open cases of these categories within 1.5 km of the enterprise, or reported about it, come on the "
        "agenda, too, whoever serves them in the caller's area",
    )  # fmt: skip
    invite_m: float | None = Field(
        default=None, gt=0, le=FARTHEST_M, allow_inf_nan=False,
        description="households within so many metres are invited by SMS, where they agreed to be called",
    )  # fmt: skip


class PromiseIn(Given):
    text: LongText = Field(examples=["修复六户房屋裂缝"])
    due_at: AwareDatetime = Field(examples=["2026-09-01T00:00:00+08:00"])
    body: Code | None = Field(default=None, description="code of the body whose promise it is; null: the enterprise's")


class HeldIn(Given):
    minutes: LongText
    promises: list[PromiseIn] = Field(default=[], max_length=100)


class CancelIn(Given):
    reason: LongText


class StepIn(Given):
    status: Literal["proven", "kept", "open", "broken", "withdrawn"]
    note: LongText | None = Field(default=None, description="the proof, or why")


class MeetingQuery(Pages):
    status: MeetingStatus | None = Field(default=None, description="called, held or cancelled")
    enterprise_id: Id | None = Field(default=None, description="about one enterprise")


class PromiseQuery(Pages):
    enterprise_id: Id | None = Field(default=None, description="about one enterprise")
    unsettled: bool = Field(default=False, description="only those neither kept nor broken nor withdrawn")


class EffectQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    radius_m: float = Field(default=1_500.0, gt=0, le=20_000, allow_inf_nan=False, description="metres around it")
    category: list[Code] | None = Field(default=None, max_length=100, description="of these categories alone")


class Called(BaseModel):
    id: int
    number: str
    status: str
    invited: int = Field(description="households that are invited; who they are is told nobody")


class MeetingHead(BaseModel):
    id: int
    number: str
    title: str
    meets_at: datetime
    venue: str
    status: MeetingStatus
    area: Named
    enterprise_id: int | None
    enterprise: Named | None


class MeetingItem(MeetingHead):
    open_promises: int


class MeetingList(Listed):
    items: list[MeetingItem]


class SeatOut(Named):
    party: Literal["government", "enterprise", "residents"]


class AgendaItem(BaseModel):
    """A case on the agenda that is the caller's too."""

    id: int
    number: str
    status: str
    received_at: datetime
    category: Named


class PromiseOut(BaseModel):
    id: int
    meeting_id: int
    meeting: str = Field(description="the meeting's number")
    owner: Named
    of_enterprise: bool
    text: str
    made_at: datetime
    due_at: datetime
    status: PromiseStatus
    settled_at: datetime | None
    light: str | None = Field(description="green, yellow, red; null once it is settled")


class PromiseList(Listed):
    items: list[PromiseOut]


class MeetingOut(MeetingHead):
    minutes: str | None
    reason: str | None
    seats: list[SeatOut]
    agenda: list[AgendaItem]
    agenda_cases: int | None = Field(description="how many cases are on it, whosever; for those who read figures")
    promises: list[PromiseOut]


class TableCases(BaseModel):
    """Cases of a category (null: all others together)."""

    category: Named | None
    cases: int = Field(ge=5, description="at least so many, in steps of five")


class TableOut(MeetingHead):
    """What may lie on the table: it names no house, no complainant, no case and no month; fewer than five of a kind are
    not told."""

    seats: list[SeatOut]
    cases: list[TableCases]
    promises: list[PromiseOut]


class PromiseStep(BaseModel):
    """What became of a promise, and the proof or the reason."""

    status: PromiseStatus
    at: datetime
    note: str | None


class EffectOut(BaseModel):
    """Reports around the enterprise in two periods of equal length, before and after the promise."""

    before: int
    after: int
    ratio: float | None = Field(description="after / before; null where nothing can be said")
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict
    days: float
    radius_m: float
