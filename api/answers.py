"""How rows become answers: JSON or GeoJSON lists in pages, ETags by data version and View."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely
from fastapi import Request, Response
from starlette.responses import Response as RawResponse

from api import cursors
from api.deps import Caller, route_of
from api.schemas.queries import Format, Paging
from gridmap.view import View

GEOJSON = "application/geo+json"
#: RFC 7946 asks for no more; 1e-7 degrees are 1 cm
DECIMALS = 7


class Fields:
    """Which columns of a frame leave, under which names; `cell=("cell", "cell_name")` makes an object of code and name."""

    def __init__(self, *plain: str, **named: tuple[str, str, str]) -> None:
        self.plain = plain
        self.named = named

    def rows(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """One dict of JSON values a row, in order."""
        columns = {name: _values(frame, name) for name in self.plain}
        for name, (code, zh, en) in self.named.items():
            parts = zip(_values(frame, code), _values(frame, zh), _values(frame, en), strict=True)
            columns[name] = [None if one[0] is None else dict(zip(_NAMED, one, strict=True)) for one in parts]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


_NAMED = ("code", "name", "name_en")


def _values(frame: pd.DataFrame, name: str) -> list[Any]:
    return [plain(value) for value in frame[name].tolist()] if name in frame.columns else [None] * len(frame)


def plain(value: Any) -> Any:
    """A value that JSON has: missing becomes None, moments and days ISO 8601, numpy scalars Python's."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value.isoformat() if isinstance(value, date | datetime) else value


def dump(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain).encode("utf-8")


# --- lists ------------------------------------------------------------------------------------------------------------


def listing(
    request: Request, caller: Caller, layer: str, query: Paging, fields: Fields, *, headers: Mapping[str, str] | None = None
) -> Response:
    """One page of a layer as JSON {items, next} or as a GeoJSON FeatureCollection with `next`, and a Link to the next."""
    purpose = _purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, purpose, query.cursor)
    page = caller.reader.page(layer, bbox=query.box(), filters=query.filters(), after=after, limit=query.limit)
    following = None if page.next is None else cursors.encode(caller.ctx, purpose, page.next)
    rows = fields.rows(page.rows)
    sent = {"Vary": "Accept, Authorization, Cookie", **(headers or {})}
    if following is not None:
        sent["Link"] = f'<{request.url.include_query_params(cursor=following)}>; rel="next"'
    geometries = page.rows["geom"].to_numpy(dtype=object) if len(page.rows) else np.empty(0, object)
    if wants_geojson(request, query.format):
        return RawResponse(dump(collection(rows, geometries, following)), media_type=GEOJSON, headers=sent)
    items = [with_place(row, geometry) for row, geometry in zip(rows, geometries, strict=True)]
    return RawResponse(dump({"items": items, "next": following}), media_type="application/json", headers=sent)


def _purpose(request: Request, caller: Caller) -> str:
    """What a cursor is good for: this route with these filters, for this account."""
    filters = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in {"cursor", "limit", "reason"})
    return json.dumps([route_of(request), caller.account.id, filters])


def wants_geojson(request: Request, format: Format | None) -> bool:
    return format is Format.GEOJSON if format else GEOJSON in request.headers.get("accept", "")


def collection(rows: Sequence[dict[str, Any]], geometries: np.ndarray, following: str | None) -> dict[str, Any]:
    """A FeatureCollection (RFC 7946): rings of polygons turn as the standard asks, ids stand in `id`."""
    features = [
        {"type": "Feature", "id": row.get("id"), "geometry": geometry, "properties": row}
        for row, geometry in zip(rows, geojson(geometries), strict=True)
    ]
    return {"type": "FeatureCollection", "features": features, "next": following}


def geojson(geometries: np.ndarray) -> list[dict[str, Any] | None]:
    """GeoJSON objects of shapely geometries, rounded to DECIMALS, polygons counter-clockwise outside; None stays."""
    if len(geometries) == 0:
        return []
    turned = shapely.orient_polygons(shapely.force_2d(geometries))
    rounded = shapely.transform(turned, lambda xy: np.round(xy, DECIMALS))
    return [None if text is None else json.loads(text) for text in shapely.to_geojson(rounded)]


def with_place(row: dict[str, Any], geometry: Any) -> dict[str, Any]:
    """A row with its place: `lon` and `lat` of a point, the box of anything larger."""
    if geometry is None:
        return row
    west, south, east, north = (round(float(value), DECIMALS) for value in geometry.bounds)
    place = {"lon": west, "lat": south} if geometry.geom_type == "Point" else {"bbox": [west, south, east, north]}
    return {**row, **place}


# --- ETags ------------------------------------------------------------------------------------------------------------


def etag(request: Request, view: View, version: str) -> str:
    """A weak validator: the same for the same data version, View and address only."""
    actor = view.actor
    key = (version, actor and actor.role, view.scope.grants, view.as_of, view.drawing, view.audience)
    asked = (route_of(request), str(request.url.path), sorted(request.query_params.multi_items()), request.headers.get("accept"))
    grants = sorted((str(kind), _stable(grant)) for kind, grant in view.scope.grants.items())
    digest = hashlib.sha256(repr((key[0], key[1], grants, *key[3:], asked)).encode("utf-8", "replace")).hexdigest()
    return f'W/"{digest[:24]}"'


def _stable(grant: Any) -> str:
    """A grant as text that is the same in every process: sets in order."""
    text = repr(grant)
    cells = getattr(grant, "cell_ids", None)
    return text if cells is None else f"InCells({sorted(cells)})"


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the client holds this version already, else None."""
    held = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    return RawResponse(status_code=304, headers=fresh(tag)) if tag in held or "*" in held else None


def fresh(tag: str) -> dict[str, str]:
    """Headers of an answer that may be kept, and must be checked before each use."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}
