"""Cells as vector tiles, for maps that draw many: by the same rights and with the same numbers as the layer `cells`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import answers, layering
from api.deps import Caller, Signed, known_parameters
from api.layering import Allowed
from api.pages.words import language
from api.routes.layers import Language
from api.schemas.common import SIGNED, problems
from api.schemas.queries import AS_DRAWN, Day
from gridmap.errors import NotFound
from gridmap.usecases.counting import reads_figures
from gridmap.view import Drawing, Kind
from layers import Lang
from layers.vector_tiles import DEEPEST, TileSource

MVT = "application/vnd.mapbox-vector-tile"
#: fields of the layer that a tile leaves out: they are asked for by the cell's code
_LEFT_OUT = frozenset({"area_m2", "valid_from"})

router = APIRouter(tags=["layers"], dependencies=[Depends(known_parameters())])

Zoom = Annotated[int, Path(ge=0, le=DEEPEST, description="zoom: there are 2^z tiles a side", examples=[12])]
Column = Annotated[int, Path(ge=0, le=2**DEEPEST, description="column from the west, below 2^z", examples=[3290])]
Row = Annotated[int, Path(ge=0, le=2**DEEPEST, description="row from the north, below 2^z", examples=[1724])]
Measure = Annotated[
    Literal["households", "open_incidents"], Query(description="what `load` and `load_class` tell, per primary worker")
]


@router.get(
    "/tiles/cells/{z}/{x}/{y}.mvt",
    summary="A vector tile of cells",
    response_class=Response,
    responses={
        200: {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}, "description": "MVT 2.1"},
        304: {"description": "What the client holds is still so (If-None-Match)"},
        **problems(*SIGNED, 404),
    },
)
def read_cell_tile(
    request: Request,
    caller: Signed,
    z: Zoom,
    x: Column,
    y: Row,
    lang: Language = None,
    measure: Measure = "households",
    as_of: Annotated[Day | None, Query(description="the drawing in force on this day; without, today's")] = None,
    drawing: Annotated[Drawing, Query(description=AS_DRAWN)] = Drawing.NOW,
) -> Response:
    """The cells of a day's drawing in web mercator, as one layer `cells` of 4,096 units a side.

    Each has its `code`, `name` and `area` (the community's code), and the loads that the layer `cells` gives the
    caller. Empty where there are no cells. Borders stay shared between neighbours at every zoom.
    """
    if x >= 2**z or y >= 2**z:
        raise NotFound(f"there is no such tile: at zoom {z} x and y are below {2**z}")
    one = layering.dated(layering.find(caller.reader, "cells"), {"as_of": as_of, "drawing": drawing})
    spoken: Lang = lang or language(request)
    # counts are of an area; who reads none is given the same tiles as all the others
    kinds = (Kind.CELL, Kind.INCIDENT) if reads_figures(caller.view) else (Kind.CELL,)
    version = caller.reader.version(*layering.DEPENDS["cells"])
    drawn = answers.tag(version, answers.view_key(one.view, kinds), spoken, measure)
    tag = answers.tag(drawn, z, x, y)
    held = answers.unchanged(request, tag)
    if held is not None:
        return held
    source = request.app.state.tile_sources.get(drawn, lambda: _source(caller, one, spoken, measure))
    body = b""
    if source.has(z, x, y):
        body = request.app.state.answers.get(tag, lambda: source.tile(z, x, y))
    return Response(body, media_type=MVT, headers=answers.fresh(tag))


def _source(caller: Caller, one: Allowed, lang: Lang, measure: str) -> TileSource:
    """The cells of a View with what it may know of each."""
    rows = layering.whole_frame(caller.reader, one, {"measure": measure})
    fields = [
        field for field in one.layer.fields if one.view.audience in field.audiences and field.name not in _LEFT_OUT
    ]
    columns = {field.name: field.values(rows, lang) for field in fields}
    properties = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return TileSource("cells", rows["geom"].to_numpy(dtype=object), rows["id"].tolist(), properties)
