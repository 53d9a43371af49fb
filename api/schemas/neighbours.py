"""Shapes of what lies around an enterprise, what it is permitted, and the review before a project."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.blasting import BuildingOut
from api.schemas.common import Code, Named
from api.schemas.meetings import PromiseOut
from gridmap.usecases.blasting import FARTHEST_M

PermitKind = Literal["mining", "blasting", "land", "water", "discharge", "safety", "other"]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Within(BaseModel):
    within_m: int
    households: int


class OpenOf(BaseModel):
    """How many open cases of a category."""

    category: Named
    top: Code = Field(description="the category above it")
    cases: int


class NeighbourhoodOut(BaseModel):
    """Counts about a place."""

    households: list[Within]
    reports_year: int = Field(description="reports within radius_m in the last 365 days")
    radius_m: float
    community: Named | None
    lon: float
    lat: float
    open: list[OpenOf] = Field(description="open cases within radius_m or reported about it, most first")


class ReviewQuery(Given):
    within_m: float = Field(default=1_500.0, gt=0, le=FARTHEST_M, allow_inf_nan=False, description="metres around it")
    charge_kg: float | None = Field(
        default=None, gt=0, le=1e6, allow_inf_nan=False, description="the largest charge at once of a blasting project"
    )


class PromisesTold(BaseModel):
    kept: int
    broken: int
    withdrawn: int
    open: int
    late: int = Field(description="of the open ones")


class ReviewOut(BaseModel):
    """Who a new project would affect, how many, what was promised last time."""

    within_m: float
    households: int
    reports_year: int
    charge_kg: float | None
    site_source: Literal["measured", "standard", "assumed"]
    buildings: list[BuildingOut] | None = Field(description="what such a charge would do; null without one")
    promises: PromisesTold
    last: list[PromiseOut] = Field(description="of the last meeting where something was promised")


class PermitIn(Given):
    kind: PermitKind
    number: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    valid_from: date
    valid_to: date | None = Field(default=None, description="the day after its last; null: without an end")


class PermitOut(BaseModel):
    kind: PermitKind
    number: str
    valid_from: date
    valid_to: date | None
    holds: bool = Field(description="today")


class ContactIn(Given):
    """Whom to call there; both empty: nobody any more."""

    contact_name: Annotated[str | None, Field(max_length=100, description="sealed")] = None
    contact_phone: Annotated[str | None, Field(max_length=40, description="sealed")] = None


class ContactOut(BaseModel):
    contact_name: str | None
    contact_phone: str | None


class RegularIn(Given):
    months: int | None = Field(ge=1, le=36, description="null: no more")
    since: date | None = None


class RegularOut(BaseModel):
    months: int
    since: date
    next_on: date
    called_at: datetime | None = Field(description="for when the next one is called already")


class AgreedOut(BaseModel):
    permits: list[PermitOut]
    regular: RegularOut | None
