"""Query parameters of lists. Names are those of the contract; a name that is not declared is refused."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from api.schemas.common import Code, Id
from gridmap.case.terms import Status
from gridmap.errors import InvalidInput
from gridmap.store.behind import Figure
from gridmap.store.spatial import Bbox
from gridmap.usecases.reading import LONGEST_REASON, SHORTEST_REASON
from gridmap.view import Drawing

MAX_LIMIT = 1000
GEOJSON = "application/geo+json"


class Format(StrEnum):
    """How a list is written. GeoJSON also by `Accept: application/geo+json`."""

    JSON = "json"
    GEOJSON = "geojson"


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    VERY_LATE = "very_late"
    PAUSED = "paused"


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _plain_day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write a day like 2026-07-03; it begins at midnight in the county")
    return value


#: a day of the county, without a time or a zone
Day = Annotated[date, BeforeValidator(_plain_day)]

#: what `drawing` means where cases are counted by cell
AS_DRAWN = "now: each case in the cell that has its place in the day's drawing; then: in the cell it was reported in"

Reason = Annotated[
    str | None,
    BeforeValidator(_stripped),
    Field(
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Why personal data is read; officials must say, and it is written to the read log",
        examples=["hearing on the 2026 dust complaints"],
    ),
]


class Pages(BaseModel):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="rows a page")] = 200
    cursor: Annotated[str | None, Field(max_length=500, description="`next` of the page before")] = None

    def filters(self) -> dict[str, Any]:
        """The filters for `store.features.page`: those given, by name."""
        return {}

    def box(self) -> Bbox | None:
        """The box that the list is narrowed to."""
        return None

    def geojson(self, _accept: str) -> bool:
        """Whether the list is asked for as GeoJSON, by its `format` or the Accept header."""
        return False


class Boxed(Pages):
    """A list of places, which can be narrowed to a box."""

    format: Annotated[Format | None, Field(description="json (default) or geojson")] = None

    bbox: Annotated[
        str | None,
        Field(
            max_length=200,
            description="west,south,east,north in degrees WGS84; what meets the box is listed",
            examples=["109.10,27.50,109.20,27.60"],
        ),
    ] = None

    def box(self) -> Bbox | None:
        return None if self.bbox is None else parse_box(self.bbox)

    def geojson(self, _accept: str) -> bool:
        return GEOJSON in _accept if self.format is None else self.format is Format.GEOJSON


class OfCell(Boxed):
    """A list that can be narrowed to a cell."""

    cell: Annotated[Code | None, Field(description="code of the responsible cell")] = None

    def filters(self) -> dict[str, Any]:
        return {} if self.cell is None else {"cell": self.cell}


class HouseholdQuery(OfCell):
    reason: Reason = None


class EnterpriseKind(StrEnum):
    MINE = "mine"
    QUARRY = "quarry"
    FACTORY = "factory"
    OTHER = "other"


class EnterpriseQuery(OfCell):
    kind: Annotated[EnterpriseKind | None, Field(description="mine, quarry, factory or other")] = None

    def filters(self) -> dict[str, Any]:
        return super().filters() | ({} if self.kind is None else {"kind": str(self.kind)})


class Level(StrEnum):
    COUNTY = "county"
    TOWN = "town"
    COMMUNITY = "community"


class AreaQuery(Boxed):
    level: Annotated[Level | None, Field(description="county, town or community")] = None

    def filters(self) -> dict[str, Any]:
        return {} if self.level is None else {"level": str(self.level)}


class CellQuery(Boxed):
    area: Annotated[Code | None, Field(description="code of an area: cells in it or below it")] = None
    as_of: Annotated[Day | None, Field(description="the drawing in force on this day; without, today's")] = None

    def filters(self) -> dict[str, Any]:
        return {} if self.area is None else {"area": self.area}


class BodyQuery(Pages):
    level: Annotated[Level | None, Field(description="county, town or community")] = None

    def filters(self) -> dict[str, Any]:
        return {} if self.level is None else {"level": str(self.level)}


class WorkerQuery(Pages):
    cell: Annotated[Code | None, Field(description="code of a cell on whose roster they are")] = None

    def filters(self) -> dict[str, Any]:
        return {} if self.cell is None else {"cell": self.cell}


class Waiting(StrEnum):
    EXTENSION = "extension"
    APPEAL = "appeal"
    SUPERVISION = "supervision"


Counted = Literal[
    "accepted", "due", "disposed", "on_time", "closed_of_due", "reworked_of_due", "extended_of_due",
    "disposed_within", "disposed_in_time", "open_overdue", "closed", "reopened", "closed_by_community", "rated",
    "satisfied", "dispatched", "returned", "disposed_or_overdue", "not_returned",
]  # fmt: skip


class IncidentQuery(OfCell):
    category: Annotated[Code | None, Field(description="category code; a top category holds its sub-categories")] = None
    drawing: Annotated[
        Drawing, Field(description="what `cell` means. now: the responsible one; then: the one reported in")
    ] = Drawing.NOW
    status: Annotated[Status | None, Field(description="as stored")] = None
    light: Annotated[Light | None, Field(description="of open incidents, by the server's clock")] = None
    number: Annotated[str | None, Field(max_length=40, description="the public number")] = None
    part_of: Annotated[Id | None, Field(description="the parts of this case: what it was split into")] = None
    waiting: Annotated[Waiting | None, Field(description="what it waits for a supervisor with")] = None
    open: Annotated[bool | None, Field(description="true: those for which something is still due")] = None
    from_: Annotated[Day | None, Field(alias="from", description="first day received, county time")] = None
    to: Annotated[Day | None, Field(description="first day no longer included, county time")] = None
    area: Annotated[Code | None, Field(description="an area: its cells' and those below it; `cell` says which")] = None
    channel: Annotated[str | None, Field(max_length=40, description="how it came in")] = None
    counted: Annotated[Counted | None, Field(description="the cases that this count of a scorecard counts")] = None
    month: Annotated[
        str | None, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="with `counted`: the scorecard's month")
    ] = None
    in_area: Annotated[Code | None, Field(description="with `counted`: of an area and those below it")] = None
    at_area: Annotated[Code | None, Field(description="with `counted`: right in an area; - for in none")] = None
    first_body: Annotated[Code | None, Field(description="with `counted`: which took it first; - for none")] = None
    of_category: Annotated[Code | None, Field(description="with `counted`: this very category")] = None
    reason: Reason = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        lines = (self.month, self.in_area, self.at_area, self.first_body, self.of_category)
        if self.counted is None and any(one is not None for one in lines):
            raise ValueError("month, in_area, at_area, first_body and of_category go with counted")
        if self.counted is not None and self.month is None:
            raise ValueError("counted asks for the month")
        return self

    def figure(self) -> Figure | None:
        """The figure of a scorecard whose cases are asked for."""
        if self.counted is None or self.month is None:
            return None
        return Figure(self.month, self.counted, self.in_area, self.at_area, self.first_body, self.of_category)

    def filters(self) -> dict[str, Any]:
        given = {
            "cell": self.cell,
            "area": self.area,
            "channel": self.channel,
            "figure": self.figure(),
            "category": self.category,
            "status": self.status and str(self.status),
            "light": self.light and str(self.light),
            "number": self.number,
            "part_of": self.part_of,
            "waiting": self.waiting and str(self.waiting),
            "open": self.open,
            "from": self.from_,
            "to": self.to,
        }
        return {name: value for name, value in given.items() if value is not None}


def parse_box(text: str) -> Bbox:
    """A bounding box; InvalidInput when it is not four numbers in order."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput("bbox must be four numbers: west,south,east,north", parameter="bbox") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidInput(
            "bbox must be degrees with west <= east and south <= north (over the antimeridian, ask for two)",
            parameter="bbox",
        )
    return west, south, east, north


Areas = Annotated[AreaQuery, Query()]
Bodies = Annotated[BodyQuery, Query()]
Cells = Annotated[CellQuery, Query()]
Workers = Annotated[WorkerQuery, Query()]
Households = Annotated[HouseholdQuery, Query()]
Enterprises = Annotated[EnterpriseQuery, Query()]
Incidents = Annotated[IncidentQuery, Query()]
