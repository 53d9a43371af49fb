"""The optional base map of one's own: raster tiles fetched by the server, so that a page asks no other host.

The source is named by the settings alone (GRIDMAP_TILE_URL, GRIDMAP_TILE_CRS, GRIDMAP_TILE_ATTRIBUTION). Tiles drawn in
GCJ-02 are shown as they are; the pages shift what they draw over them (`map.js`), and everything stored stays WGS84.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from api.deps import Signed
from gridmap.errors import EnvironmentFault, NotFound

TIMEOUT_S: Final = 8.0
LARGEST: Final = 1_000_000
DEEPEST: Final = 19
KEPT: Final = "private, max-age=86400"
_KINDS: Final = frozenset({"image/png", "image/jpeg", "image/webp"})


def router() -> APIRouter:
    """The route of base tiles."""
    tiles = APIRouter(include_in_schema=False)
    tiles.add_api_route("/tiles/base/{z}/{x}/{y}.png", base_tile, methods=["GET"])
    return tiles


def base_tile(
    caller: Signed,
    z: Annotated[int, Path(ge=0, le=DEEPEST)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
) -> Response:
    """One tile of the configured source, for those who are logged in. NotFound without a source or beyond its edge."""
    url = caller.ctx.settings.tile_url
    if url is None or x >= 2**z or y >= 2**z:
        raise NotFound("there is no such tile")
    body, kind = _fetched(url.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y)))
    return Response(body, media_type=kind, headers={"Cache-Control": KEPT})


def _fetched(url: str) -> tuple[bytes, str]:
    """A tile's bytes and media type; NotFound where the source has none, EnvironmentFault where it is out of reach."""
    if not url.startswith(("https://", "http://")):
        raise EnvironmentFault("GRIDMAP_TILE_URL must begin with https:// or http://")
    request = urllib.request.Request(url, headers={"User-Agent": "gridmap", "Accept": "image/*"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - checked above
            kind, body = answer.headers.get_content_type(), answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise NotFound("the tile source has no such tile") from None
        raise EnvironmentFault(f"the tile source answers {error.code}") from None
    except OSError:
        raise EnvironmentFault("the tile source cannot be reached") from None
    if kind not in _KINDS or len(body) > LARGEST:
        raise EnvironmentFault(f"the tile source sends {kind} of {len(body)} bytes, not a tile")
    return body, kind
