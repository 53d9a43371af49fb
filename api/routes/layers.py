"""The map's layers: which there are for the caller, and each as GeoJSON with its legend."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api import answers, cursors, layering
from api.deps import Caller, Explained, known_parameters
from api.layering import Allowed
from api.pages.words import language
from api.schemas.common import SIGNED, Drawn, problems
from api.schemas.queries import GEOJSON, parse_box
from gridmap.ground.thinned import MOST_M, level, thinned
from layers import LAYERS, Lang


class GeoJson(JSONResponse):
    """GeoJSON (RFC 7946)."""

    media_type = GEOJSON


router = APIRouter(prefix="/api/v1/layers", tags=["layers"])

#: features a page
MOST = 5000
_OWN = frozenset({"lang", "cursor", "bbox", "limit", "reason", "metres"})

Language = Annotated[Literal["zh", "en"] | None, Query(description="default: as the page's or the browser's")]
Name = Annotated[
    str, Path(description="as in the list of layers", json_schema_extra={"enum": list(LAYERS)}, examples=["cells"])
]


class Parameter(BaseModel):
    name: str
    kind: Literal["code", "date", "choice", "choices", "metres", "flag"]
    title: str
    choices: list[str]


class LayerOut(BaseModel):
    """What a client needs to ask for a layer and to draw it."""

    name: str
    title: str
    geometry: Literal["point", "line", "polygon", "mixed"]
    params: list[Parameter]
    fields: list[dict[str, str]]
    legend: list[dict[str, Any]]
    style: dict[str, Any]


@router.get("", summary="Which layers?", responses=problems(*SIGNED), dependencies=[Depends(known_parameters())])
def list_layers(request: Request, caller: Explained, lang: Language = None) -> list[LayerOut]:
    """The layers that the caller may ask for, from the ground up, with their parameters, fields, legend and style."""
    spoken = lang or language(request)
    return [LayerOut(**one.layer.manifest(spoken, one.view.audience)) for one in layering.allowed(caller.reader)]


@router.get(
    "/{name}",
    summary="One layer",
    response_class=GeoJson,
    response_model=Drawn,
    responses={
        304: {"description": "What the client holds is still so (If-None-Match)"},
        **problems(*SIGNED, 404),
    },
    dependencies=[Depends(known_parameters("*"))],
)
def read_layer(
    request: Request,
    caller: Explained,
    name: Name,
    lang: Language = None,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north; for layers in pages")] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="features a page, for layers in pages")] = MOST,
    metres: Annotated[
        float,
        Query(ge=0, le=MOST_M, allow_inf_nan=False, description="cells: metres that cannot be seen"),
    ] = 0.0,
) -> Response:
    """A FeatureCollection of what the caller may see, with the layer's own parameters (see `GET /api/v1/layers`).

    Layers of single households or incidents are written to the read log. The others answer with an ETag.
    """
    one = layering.find(caller.reader, name)
    spoken: Lang = lang or language(request)
    given = {key: value for key, value in request.query_params.items() if key not in _OWN}
    params = one.layer.parse(given)
    one = layering.dated(one, params)
    if name not in layering.DEPENDS:
        body = _page(request, caller, one, params, spoken, bbox, cursor, limit)
        return Response(body, media_type=GEOJSON)
    tag = answers.etag(request, one.view, caller.reader.version(*layering.DEPENDS[name]), spoken)
    held = answers.unchanged(request, tag)
    if held is not None:
        return held

    def make() -> bytes:
        if name in layering.PAGED:
            return _page(request, caller, one, params, spoken, bbox, cursor, limit)
        frame = layering.whole_frame(caller.reader, one, params)
        if name == "cells" and metres:
            shapes = frame["geom"].to_numpy(dtype=object)
            frame = frame.assign(geom=thinned(shapes, level(metres)))
        return answers.dump({**one.layer.features(frame, spoken, one.view.audience), "next": None})

    body = request.app.state.answers.get(tag, make)
    return Response(body, media_type=GEOJSON, headers=answers.fresh(tag))


def _page(
    request: Request,
    caller: Caller,
    one: Allowed,
    params: dict[str, Any],
    lang: Lang,
    bbox: str | None,
    cursor: str | None,
    limit: int,
) -> bytes:
    """One page of a layer of rows, those that have a place."""
    purpose = answers.purpose(request, caller)
    after = None if cursor is None else cursors.decode(caller.ctx, purpose, cursor)
    box = None if bbox is None else parse_box(bbox)
    page = caller.reader.page(one.layer.source, bbox=box, filters=params, after=after, limit=limit)
    following = None if page.next is None else cursors.encode(caller.ctx, purpose, page.next)

    def write(rows: pd.DataFrame) -> list[bytes]:
        drawn = rows["geom"].notna()
        features = iter(one.layer.feature_list(rows[drawn], lang, one.view.audience))
        return [answers.dump(next(features)) if has_place else b"" for has_place in drawn]

    texts = page.texts((one.layer.name, lang, one.view.audience), write)
    return answers.collection(list(filter(None, texts)), following, legend=one.layer.legend(lang))
