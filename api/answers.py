"""How rows become answers: JSON or GeoJSON lists in pages, ETags by data version and View."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from fastapi import Request, Response

from api import cursors
from api.deps import Caller, route_of
from api.schemas.queries import GEOJSON, Pages
from gridmap.store.features import Page
from gridmap.usecases.holding import HeldPage
from gridmap.view import AllOf, AnyOf, Grant, InCells, Kind, View
from layers.layer import geojson_geometries

#: RFC 7946 asks for no more; 1e-7 degrees are 1 cm
DECIMALS = 7
_VARY = "Accept, Accept-Language, Authorization, Cookie"


class Fields:
    """Which columns of a frame leave, under which names.

    `cell=("cell", "cell_name", "cell_name_en")` makes an object of code and names (of id and names when the first
    column is an id); `flags` are 0 or 1 in the database.
    """

    def __init__(self, *plain: str, flags: tuple[str, ...] = (), **named: tuple[str, str, str]) -> None:
        self.plain = plain
        self.flags = flags
        self.named = named

    def rows(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """One dict of JSON values a row, in order."""
        columns = {name: _values(frame, name) for name in self.plain}
        columns |= {name: [bool(value) for value in _values(frame, name)] for name in self.flags}
        for name, (code, zh, en) in self.named.items():
            parts = zip(_values(frame, code), _values(frame, zh), _values(frame, en), strict=True)
            columns[name] = [_object(code, one) for one in parts]
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same of a single row."""
        named = {name: [values.get(key) for key in keys] for name, keys in self.named.items()}
        return {name: plain(values.get(name)) for name in self.plain} | {
            name: _object(self.named[name][0], tuple(map(plain, parts))) for name, parts in named.items()
        }


def _object(column: str, parts: tuple[Any, ...]) -> dict[str, Any] | None:
    """A thing by its code or id and its names; None where the join found nothing."""
    key = "id" if column.endswith("_id") else "code"
    return None if parts[0] is None else dict(zip((key, "name", "name_en"), parts, strict=True))


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


#: made once: `json.dumps` makes one for each row
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=plain)


def dump(body: Any) -> bytes:
    return _ENCODER.encode(body).encode("utf-8")


# --- lists ------------------------------------------------------------------------------------------------------------


def listing(
    request: Request, caller: Caller, layer: str, query: Pages, fields: Fields, headers: Mapping[str, str] | None = None
) -> Response:
    """One page of a layer as JSON {items, next} or as a FeatureCollection with `next`, and a Link to the next."""
    after = None if query.cursor is None else cursors.decode(caller.ctx, purpose(request, caller), query.cursor)
    page = caller.reader.page(layer, bbox=query.box(), filters=query.filters(), after=after, limit=query.limit)
    following = None if page.next is None else cursors.encode(caller.ctx, purpose(request, caller), page.next)
    sent = {"Vary": _VARY, **(headers or {})}
    if following is not None:
        onward = request.url.include_query_params(cursor=following)
        sent["Link"] = f'<{onward.path}?{onward.query}>; rel="next"'
    if query.geojson(request.headers.get("accept", "")):
        return Response(collection(features(page, fields), following), media_type=GEOJSON, headers=sent)
    texts = page.texts(("json", fields), lambda rows: _items(fields, rows))
    return Response(_joined(b'{"items":[', texts, {"next": following}), media_type="application/json", headers=sent)


def features(page: Page | HeldPage, fields: Fields) -> list[bytes]:
    """A page's rows as GeoJSON features, written once for as long as the layer stays as it is."""
    return page.texts(("geojson", fields), lambda rows: _features(fields, rows))


def _features(fields: Fields, rows: pd.DataFrame) -> list[bytes]:
    """Rows as GeoJSON features (RFC 7946): rings of polygons turn as the standard asks, ids stand in `id`."""
    places = geojson(rows["geom"].to_numpy(dtype=object))
    return [
        dump({"type": "Feature", "id": row.get("id"), "geometry": place, "properties": row})
        for row, place in zip(fields.rows(rows), places, strict=True)
    ]


def _items(fields: Fields, rows: pd.DataFrame) -> list[bytes]:
    """Rows as JSON objects, with their place where they have one."""
    return [dump(item) for item in placed(fields, rows)]


def placed(fields: Fields, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with their place, where they have one."""
    items = fields.rows(rows)
    if "geom" not in rows.columns:
        return items
    places = rows["geom"].to_numpy(dtype=object)
    return [with_place(item, place) for item, place in zip(items, places, strict=True)]


def collection(features: Sequence[bytes], following: str | None, **more: Any) -> bytes:
    """A FeatureCollection of features that are written already, with the cursor of the next page."""
    return _joined(b'{"type":"FeatureCollection","features":[', features, {**more, "next": following})


def _joined(head: bytes, texts: Sequence[bytes], more: Mapping[str, Any]) -> bytes:
    """A JSON object that begins with a list of what is written already; the long list is copied once."""
    parts, tail = list(texts) or [b""], b"]," + dump(more)[1:]
    parts[0] = head + parts[0]
    parts[-1] += tail
    return b",".join(parts)


def kept_listing(
    request: Request, caller: Caller, layer: str, query: Pages, fields: Fields, depends_on: Sequence[str]
) -> Response:
    """As `listing`, with an ETag by the versions of these layers: 304 when the client holds it already."""
    tag = etag(request, caller.view, caller.reader.version(*depends_on))
    return unchanged(request, tag) or listing(request, caller, layer, query, fields, fresh(tag))


def json_response(
    body: Any, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    return Response(dump(body), media_type=media_type, headers=dict(headers or {}))


def purpose(request: Request, caller: Caller) -> str:
    """What a cursor is good for: this route with these filters, for this account."""
    filters = sorted(
        pair for pair in request.query_params.multi_items() if pair[0] not in {"cursor", "limit", "reason"}
    )
    return json.dumps([route_of(request), caller.account.id, filters])


def geojson(geometries: np.ndarray) -> list[dict[str, Any] | None]:
    """GeoJSON objects of shapely geometries, rounded to DECIMALS; None stays None."""
    known = np.array([one is not None for one in geometries], dtype=bool)
    made = iter(geojson_geometries(geometries[known], DECIMALS) if known.any() else ())
    return [next(made) if is_known else None for is_known in known.tolist()]


def geojson_of(geometry: Any) -> dict[str, Any]:
    """One geometry as GeoJSON."""
    one = np.empty(1, dtype=object)
    one[0] = geometry
    return geojson_geometries(one, DECIMALS)[0]


def with_place(row: dict[str, Any], geometry: Any) -> dict[str, Any]:
    """A row with its place: `lon` and `lat` of a point, the box of anything larger."""
    if geometry is None:
        return row
    west, south, east, north = (round(float(value), DECIMALS) for value in geometry.bounds)
    place = {"lon": west, "lat": south} if geometry.geom_type == "Point" else {"bbox": [west, south, east, north]}
    return {**row, **place}


# --- ETags ------------------------------------------------------------------------------------------------------------


def etag(request: Request, view: View, version: str, *more: str) -> str:
    """A weak validator: the same for the same data version, View and address only (`more`: the language, say)."""
    asked = (request.scope["path"], sorted(request.query_params.multi_items()), request.headers.get("accept"), more)
    return tag(version, view_key(view), asked)


def tag(*parts: Any) -> str:
    """A weak validator of what an answer follows from: numbers, text, and tuples and lists of them."""
    return f'W/"{hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:24]}"'


def view_key(view: View, kinds: Collection[Kind] | None = None) -> str:
    """What of a View decides which rows (of these kinds; None: of any) are seen; the same in every process."""
    of_kinds = view.scope.grants.items() if kinds is None else ((kind, view.scope.grant(kind)) for kind in kinds)
    grants = sorted((str(kind), _stable(grant)) for kind, grant in of_kinds)
    role = view.actor and kinds is None and str(view.actor.role)
    return repr((role, grants, view.as_of, str(view.drawing), str(view.audience)))


@lru_cache(1_000)
def _stable(grant: Grant) -> str:
    """A grant as text, sets in order."""
    match grant:
        case InCells(cell_ids):
            return f"InCells({sorted(cell_ids)})"
        case AnyOf(grants) | AllOf(grants):
            return f"{type(grant).__name__}({[_stable(one) for one in grants]})"
    return repr(grant)


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the client holds this version already, else None."""
    held = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    return Response(status_code=304, headers=fresh(tag)) if tag in held or "*" in held else None


def fresh(tag: str) -> dict[str, str]:
    """Headers of an answer that may be kept, and must be checked before each use."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": _VARY}
