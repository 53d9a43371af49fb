"""Heat as PNG tiles, and what a page must know to show them: legend, means, how far they reach."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api import answers, layering
from api.deps import Caller, Signed, known_parameters
from api.grounds import Crs, HeatAsked
from api.pages.words import language
from api.schemas.common import SIGNED, Code, problems
from api.surfaces import Heat, heat_of
from gridmap.errors import InvalidInput
from gridmap.view import View
from layers import Lang, heat
from layers.classes import Classes
from layers.mercator import DEEPEST, check_tile
from layers.tiles import NOTHING, Measure

router = APIRouter(prefix="/tiles", tags=["layers"], dependencies=[Depends(known_parameters())])

#: below, a colour would show a single yard; above, one blur lies over the county
BANDWIDTHS_M = (300.0, 5000.0)
_KINDS = "|".join(heat.NEAR_KINDS)
_PNG = {"image/png": {"schema": {"type": "string", "format": "binary"}}}


def _month(value: Any) -> Any:
    """The first day of a month written as 2026-03."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        return date(int(value[:4]), int(value[5:]), 1) if value[:4] != "0000" else value
    raise ValueError("write a month like 2026-03")


Month = Annotated[
    date,
    BeforeValidator(_month, json_schema_input_type=Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]),
]


class HeatQuery(BaseModel):
    """Which cases, how they are weighted, and what is coloured."""

    model_config = ConfigDict(extra="forbid")

    category: Annotated[Code | None, Field(description="a top category holds its sub-categories")] = None
    from_: Annotated[Month | None, Field(alias="from", description="first month received, county time")] = None
    to: Annotated[Month | None, Field(description="last month, included; the open month as far as it has gone")] = None
    near: Annotated[
        str | None,
        Field(
            pattern=rf"^({_KINDS})(,({_KINDS}))*$",
            max_length=60,
            description="only cases and households near enterprises of these kinds, separated by commas",
            examples=["mine,factory"],
        ),
    ] = None
    within: Annotated[float, Field(ge=100, le=20_000, description="how near is near, metres")] = layering.NEAR_M
    measure: Annotated[Measure, Field(description="cases per 100 households, or per km²")] = Measure.RATE
    classes: Annotated[
        Classes,
        Field(
            description="what divides the colours: fixed proportions of the mean; or quantiles or natural breaks "
            "(mapclassify) of all maps of as many closed months, the same for each of them, seven classes or, of few "
            "distinct values, fewer"
        ),
    ] = Classes.MEAN
    bandwidth: Annotated[
        float,
        Field(
            ge=BANDWIDTHS_M[0],
            le=BANDWIDTHS_M[1],
            description="standard deviation of the kernel in metres on the ground; 900 joins the houses of a village "
            "and tells it from the next",
        ),
    ] = heat.BANDWIDTH_M
    crs: Annotated[Crs, Field(description="gcj02: to lie on a base map that is drawn in it")] = "wgs84"

    def asked(self) -> HeatAsked:
        """The same for the rasters; InvalidInput where the months run backwards."""
        if self.from_ and self.to and self.to < self.from_:
            raise InvalidInput(f"to ({self.to:%Y-%m}) lies before from ({self.from_:%Y-%m})", parameter="to")
        return HeatAsked(
            category=self.category,
            start=self.from_,
            end=None if self.to is None else _following(self.to),
            near=() if self.near is None else tuple(sorted(set(self.near.split(",")))),
            within_m=self.within,
            bandwidth_m=self.bandwidth,
            measure=self.measure,
            classes=self.classes,
            crs=self.crs,
        )


def _following(month: date) -> date:
    if month.year == date.max.year:
        raise InvalidInput("the year 9999 is none of a case", parameter="to")
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


class HeatOut(BaseModel):
    """TileJSON 3.0 of the tiles with these parameters, with the legend for them. The numbers are of the whole map."""

    tilejson: Literal["3.0.0"] = "3.0.0"
    tiles: list[str]
    minzoom: int = 0
    maxzoom: int = DEEPEST
    bounds: list[float] | None = Field(description="west, south, east, north in degrees; null: nothing to draw")
    drawn: bool = Field(description="false where the cases are so few that no tile has a colour")
    measure: Measure
    classes: Classes = Field(description="mean, whatever was asked for, while no month with five cases has closed")
    bandwidth_m: float
    mean: float | None = Field(description="of the caller's area, in the measure's unit")
    incidents: int = Field(description="cases in the caller's area that pass category and months")
    households: int
    legend: list[dict[str, Any]]


Asked = Annotated[HeatQuery, Query()]


@router.get("/heat.json", summary="Heat tiles: their legend", response_model=HeatOut, responses=problems(*SIGNED))
def describe_heat(request: Request, caller: Signed, query: Asked) -> Response:
    """The address of heat tiles with these parameters, and the legend for them (in the page's language)."""
    asked, view = query.asked(), _view(caller)
    found = _heat(request, caller, view, asked)
    spoken: Lang = language(request)
    unit = heat.RATE if asked.measure is Measure.RATE else heat.DENSITY
    parameters = str(request.query_params)
    body = HeatOut(
        tiles=["/tiles/heat/{z}/{x}/{y}.png" + (f"?{parameters}" if parameters else "")],
        bounds=None if found.bounds is None else list(found.bounds),
        drawn=found.surface is not None,
        measure=asked.measure,
        classes=found.classes,
        bandwidth_m=asked.bandwidth_m,
        mean=answers.plain(found.mean),
        incidents=found.incidents,
        households=found.households,
        legend=[one.as_dict() for one in heat.legend(spoken, found.breaks, unit)],
    )
    return answers.json_response(body.model_dump(mode="json"), headers={"Cache-Control": "private, no-cache"})


@router.get(
    "/heat/{z}/{x}/{y}.png",
    summary="A heat tile",
    response_class=Response,
    responses={
        200: {"description": "A PNG of 256 x 256 pixels", "content": _PNG},
        304: {"description": "What the client holds is still so (If-None-Match)"},
        **problems(*SIGNED, 404),
    },
)
def heat_tile(
    request: Request,
    caller: Signed,
    query: Asked,
    z: Annotated[int, Path(ge=0, le=DEEPEST, description="zoom: there are 2^z tiles a side")],
    x: Annotated[int, Path(ge=0, lt=1 << DEEPEST, description="column from the west, below 2^z")],
    y: Annotated[int, Path(ge=0, lt=1 << DEEPEST, description="row from the north, below 2^z")],
) -> Response:
    """One tile of web mercator, for those who read figures inside: at most seven classes, the same on the whole map.

    No colour outside of the caller's area, where fewer than 25 households (weighted by the kernel) stand around, and
    anywhere when fewer than 5 cases pass. It is exact to 1 % of the map's peak, and so goes to nobody outside: what
    leaves is drawn from the release.
    """
    check_tile(z, x, y)
    asked, view = query.asked(), _view(caller)
    tag = answers.etag(request, view, caller.reader.version(*layering.DEPENDS["heat"]))
    held = answers.unchanged(request, tag)
    if held is not None:
        return held

    def make() -> bytes:
        surface = _heat(request, caller, view, asked).surface
        return NOTHING if surface is None else surface.tile(z, x, y)

    body = request.app.state.answers.get(tag, make)
    return Response(body, media_type="image/png", headers=answers.fresh(tag))


def _view(caller: Caller) -> View:
    """The View by which this caller has the layer heat; Forbidden for who has not."""
    return layering.find(caller.reader, "heat").view


def _heat(request: Request, caller: Caller, view: View, asked: HeatAsked) -> Heat:
    return heat_of(caller.ctx, request.app.state.rasters, view, asked)
