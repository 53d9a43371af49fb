"""Shapes of scorecards."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Code


class CardQuery(BaseModel):
    """Which card."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[
        str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month of the county", examples=["2026-06"])
    ]
    area: Annotated[Code | None, Field(description="an area within the caller's own")] = None
    category: Annotated[Code | None, Field(description="a top category holds its sub-categories")] = None
    by: Annotated[
        Literal["area", "town", "community", "body", "category", "channel", "month"],
        Field(description="what stands in its lines; area: those right below; month: the twelve up to this one"),
    ] = "area"


class Scorecard(BaseModel):
    """A month's card; see docs/scorecards.md for what each count and ratio is of."""

    month: str
    by: str
    area: dict[str, Any] | None
    category: Annotated[dict[str, Any] | None, Field(description="what it is narrowed to")]
    body: Annotated[dict[str, Any] | None, Field(description="a handler's own body, whose figures alone are told")]
    at: str
    zone: Annotated[str, Field(description="the county's time zone, by which months begin")]
    complete: Annotated[bool, Field(description="whether the month is over")]
    total: dict[str, Any]
    lines: list[dict[str, Any]]
    channels: dict[str, int]
    history: dict[str, dict[str, int]]
