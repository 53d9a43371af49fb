"""What an admin reads and sets of the flow: rules, their trial, processes, the calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class RulesIn(BaseModel):
    """Ordered rules; the first that fits decides."""

    model_config = ConfigDict(extra="forbid")

    rules: list[dict[str, Any]] = Field(
        max_length=500,
        examples=[
            [
                {
                    "name": "blasting", "when": {"categories": ["mining-blasting"]},
                    "target": {"to": "department", "name": "natural-resources"}, "process": None, "straight": False,
                }
            ]
        ],
    )  # fmt: skip


class RulesOut(RulesIn):
    version: str


class RuleSetItem(BaseModel):
    version: int
    live: bool
    rules: int
    created_at: datetime | None = Field(description="null for the set that ships")
    published_at: datetime | None


class BodyCount(BaseModel):
    body: str = Field(description='a body\'s code, or a desk ("desk:town")')
    before: int
    after: int


class RuleCount(BaseModel):
    rule: str = Field(description="empty: no rule fits, so the town's dispatcher")
    cases: int


class MovedCount(BaseModel):
    before: str
    after: str
    cases: int


class NamedCase(BaseModel):
    number: str
    category: str
    before: str
    after: str
    rule: str | None


class ReplayOut(BaseModel):
    """Who would get what by these rules, beside the live ones."""

    version: int
    live: int
    days: int
    cases: int
    changed: int
    by_body: list[BodyCount]
    by_rule: list[RuleCount]
    moved: list[MovedCount]
    named: list[NamedCase] = Field(description="the cases that change, at most 200")


class Published(BaseModel):
    version: int
    live: bool
    before: str


class YearIn(BaseModel):
    """A published year."""

    model_config = ConfigDict(extra="forbid")

    year: int = Field(ge=2000, le=2060, examples=[2027])
    source: str = Field(max_length=400, description="where it was published", examples=["国办发明电〔2026〕7号"])
    days: str = Field(
        max_length=20_000,
        description="CSV with the columns day, kind (off or work), name",
        examples=["day,kind,name\n2027-01-01,off,元旦\n"],
    )


class OfficeHours(BaseModel):
    """When offices are open, from a day of the year on."""

    since: str = Field(max_length=5, description="month and day", examples=["05-01"])
    hours: str = Field(max_length=100, description="by the county's clocks", examples=["08:30-12:00 14:30-18:00"])


class LocalIn(BaseModel):
    """Days and hours of the county's own."""

    model_config = ConfigDict(extra="forbid")

    days: str = Field(
        default="", max_length=20_000,
        description="CSV with the columns day, kind (off, work, or usual: no longer special), name, hours",
        examples=["day,kind,name,hours\n2026-08-14,off,台风,\n"],
    )  # fmt: skip
    office: list[OfficeHours] | None = Field(
        default=None, min_length=1, max_length=12, description="all office hours of the year; left out: as they are"
    )


class LocalDay(BaseModel):
    """A day that is not what its weekday says, here alone."""

    day: date
    works: bool
    name: str | None
    hours: str | None = Field(description="null: the office's own")


class YearOut(BaseModel):
    year: int
    provisional: bool = Field(description="weekends and fixed days only: no official schedule is in")
    source: str | None


class CalendarOut(BaseModel):
    version: str
    zone: str
    left: int = Field(description="open cases that still count by another calendar; the watcher counts them again")
    years: list[YearOut]
    office: list[OfficeHours]
    local: list[LocalDay] = Field(description="days of the county's own")
