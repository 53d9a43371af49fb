"""The ground and who answers for it: areas, bodies, cells, categories, and where a place lies."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import answers
from api.deps import Signed, known_parameters
from api.lean import LeanRoute
from api.schemas.common import GEOJSON_CONTENT, SIGNED, Code, Geometry, problems
from api.schemas.lists import AreaList, BodyList, CategoryItem, CellList, CellOut, Located
from api.schemas.queries import Areas, Bodies, Cells

router = APIRouter(prefix="/api/v1", tags=["ground"], dependencies=[Depends(known_parameters())], route_class=LeanRoute)

NAMES = ("id", "code", "name", "name_en")
AREA = ("area", "area_name", "area_name_en")
BODY = ("body", "body_name", "body_name_en")
AREA_FIELDS = answers.Fields(*NAMES, "level", "parent")
BODY_FIELDS = answers.Fields(*NAMES, "kind", "level", "department", area=AREA)
CELL_FIELDS = answers.Fields(*NAMES, "area_m2", "valid_from", "valid_to", area=AREA, body=BODY)

#: what a list that may be kept by its ETag answers besides
KEPT: dict[int | str, dict[str, Any]] = {304: {"description": "What the client holds is still so (If-None-Match)"}}
LISTED = {200: {"content": GEOJSON_CONTENT, "description": "A page"}, **KEPT, **problems(*SIGNED)}

Metres = Annotated[float | None, Query(ge=0, le=100_000, allow_inf_nan=False)]


@router.get("/areas", summary="List areas", response_model=AreaList, responses=LISTED)
def list_areas(request: Request, caller: Signed, query: Areas) -> Response:
    """County, towns and communities; with `format=geojson` their borders."""
    return answers.kept_listing(request, caller, "areas", query, AREA_FIELDS, ("areas",))


@router.get("/bodies", summary="List bodies", response_model=BodyList, responses={**KEPT, **problems(*SIGNED)})
def list_bodies(request: Request, caller: Signed, query: Bodies) -> Response:
    """Departments, centres and committees that answer for cases."""
    return answers.kept_listing(request, caller, "bodies", query, BODY_FIELDS, ("bodies", "areas"))


@router.get("/cells", summary="List cells", response_model=CellList, responses=LISTED)
def list_cells(request: Request, caller: Signed, query: Cells) -> Response:
    """The cells of today's drawing, or of that in force on another day; with `format=geojson` their borders."""
    caller = caller.looking(as_of=query.as_of)
    return answers.kept_listing(request, caller, "cells", query, CELL_FIELDS, ("cells", "areas", "bodies"))


@router.get("/cells/{code}", summary="Read a cell", responses=problems(*SIGNED, 404))
def read_cell(
    caller: Signed, code: Annotated[Code, Path(description="15 digits, as in the list", examples=["529901001001001"])]
) -> CellOut:
    """The cell in force today under this code, with its border and, where the caller may see it, its roster."""
    found = caller.reader.cell(code)
    geometry = found["geom"]
    row = answers.with_place(CELL_FIELDS.row(found), geometry)
    return CellOut(**row, geometry=Geometry(**answers.geojson_of(geometry)), workers=found["workers"])


@router.get(
    "/categories", summary="List categories", response_model=list[CategoryItem], responses={**KEPT, **problems(*SIGNED)}
)
def list_categories(request: Request, caller: Signed) -> Response:
    """What an incident can be about, in two levels, with its limit in hours and the department that answers for it."""
    tag = answers.etag(request, caller.view, caller.reader.version("categories"))
    held = answers.unchanged(request, tag)
    return held or answers.json_response(caller.reader.categories(), headers=answers.fresh(tag))


@router.get("/locate", summary="Which cell, whose?", responses=problems(*SIGNED))
def locate(
    caller: Signed,
    lon: Annotated[
        float, Query(allow_inf_nan=False, description="longitude, or easting of `crs`", examples=[109.14231])
    ],
    lat: Annotated[
        float, Query(allow_inf_nan=False, description="latitude, or northing of `crs`", examples=[27.53817])
    ],
    crs: Annotated[str, Query(max_length=40, description="wgs84 (CGCS2000 alike), gcj02, bd09 or EPSG:n")] = "wgs84",
    accuracy_m: Annotated[Metres, Query(description="radius of 68 % around the place")] = None,
) -> Located:
    """The cell of a place, metres to its border, and who would get a report from there now. Nothing is written."""
    return Located(**caller.reader.locate(lon, lat, crs, accuracy_m))
