"""The two addresses that a phone needs, `GET /pack` and `POST /sealed`, put together from the lists and the use cases.

For the page's own tests: what a phone makes of a pack, whatever the server's way of making one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

from anyio import CapacityLimiter, to_thread
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from shapely import unary_union
from shapely.geometry import shape
from sqlalchemy import text

from gridmap.usecases.reporting import Draft, report
from tests.usecases.test_reporting import view

if TYPE_CHECKING:
    from tests.pages.conftest import Site

KEY = ec.generate_private_key(ec.SECP256R1())
LEASE_UNTIL = "2026-07-06T10:00:00+08:00"


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """A key as the pack tells it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def opened(sealed: str, key: ec.EllipticCurvePrivateKey = KEY) -> Any:
    """What the server does with a sealed entry, written down a second time."""
    raw = base64.b64decode(sealed)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw[:65]))
    derived = HKDF(SHA256(), 32, salt=b"", info=b"gridmap sealed entry v1").derive(shared)
    return json.loads(AESGCM(derived).decrypt(raw[65:77], raw[77:], None))


def router(site: Callable[[], Site]) -> APIRouter:
    """Both addresses, for a served county that has none of its own yet; `site()`: the county and where it is served."""
    made = APIRouter(prefix="/api/v1", include_in_schema=False)
    # threads of its own: it asks the server that it runs in, which needs the others
    few = CapacityLimiter(3)

    @made.get("/pack")
    async def pack(request: Request, have: str = "") -> JSONResponse:
        lists = _Lists(site().url, request.headers.get("cookie", ""))
        try:
            return JSONResponse(await to_thread.run_sync(lists.sections, have, limiter=few))
        except HTTPError as refused:
            return JSONResponse({"code": "refused", "detail": "", "status": refused.code}, refused.code)

    @made.post("/sealed")
    def sealed(body: dict[str, Any]) -> dict[str, Any]:
        return {"results": [_taken(one, site()) for one in body["entries"]]}

    return made


class _Lists:
    """The day's pack from the lists of the API, with the rights of whoever asks."""

    def __init__(self, url: str, cookie: str) -> None:
        self.url, self.cookie = url, cookie

    def _ask(self, path: str) -> Any:
        asked = UrlRequest(f"{self.url}/api/v1{path}", headers={"Cookie": self.cookie})
        with urlopen(asked, timeout=20) as answer:
            return json.load(answer)

    def sections(self, have: str) -> dict[str, Any]:
        me = self._ask("/me")
        if me["role"] != "worker":
            raise HTTPError(self.url, 403, "", Message(), None)
        known = dict(pair.split(":") for pair in have.split(",") if pair)
        sections = {}
        for name, value in self._data(me).items():
            digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
            sections[name] = {"hash": digest} | ({} if known.get(name) == digest else {"data": value})
        key = {"id": "k1", "spki": public(KEY)}
        made = {"made_at": "2026-07-03T10:00:00+08:00", "lease_until": LEASE_UNTIL}
        return {**made, "sections": sections, "sealing_key": key}

    def _around(self, codes: list[str]) -> list[Any]:
        """One's own cells with all that lie within some 300 m of their bounds."""
        own = [shape(self._ask(f"/cells/{code}")["geometry"]) for code in codes]
        if not own:
            return []
        bbox = ",".join(str(value) for value in unary_union(own).buffer(0.003).bounds)
        found: list[Any] = self._ask(f"/cells?format=geojson&limit=1000&bbox={bbox}")["features"]
        return found

    def _data(self, me: Any) -> dict[str, Any]:
        cells = self._around([cell["code"] for cell in me["cells"]])
        ids = {one["properties"]["code"]: one["properties"]["id"] for one in cells}

        def cell_id(row: Any) -> int | None:
            return ids.get((row["cell"] or {}).get("code"))

        homes = self._ask("/households?limit=1000")["items"] if me["cells"] else []
        bands = ("children", "adults", "elders")
        households = [
            {**{name: one[name] for name in ("id", "lon", "lat", "address")}, "cell_id": cell_id(one),
             "members": {band: one[band] for band in bands}, "housing_type": one["housing"], "last_visit": None}
            for one in homes
        ]  # fmt: skip
        same = ("id", "lon", "lat", "status", "light", "due_at")
        incidents = [
            {**{name: one[name] for name in same}, "code": one["number"], "category": one["category"]["code"],
             "cell_id": cell_id(one), "summary": "", "revision": 1}
            for one in self._ask("/incidents?open=true&limit=1000")["items"]
        ]  # fmt: skip
        due = {"days": 41, "red": True, "return_on": None, "needs": 0}
        visits = [{"household_id": one["id"], **due} for one in homes[:3]]
        today = {
            "visits": visits,
            "handovers": self._ask("/handovers?unsigned=true")["items"],
            "unread": self._ask("/messages/unread")["unread"],
        }
        about = {"name": me["name"], "unit": "", "cells": me["cells"], "language": "zh"}
        return {
            "cells": {"type": "FeatureCollection", "features": cells}, "households": households, "incidents": incidents,
            "today": today, "categories": self._ask("/categories"), "me": about,
        }  # fmt: skip


def _taken(one: dict[str, str], site: Site) -> dict[str, Any]:
    entry = opened(one["sealed"])
    user = site.county.one(text(f"SELECT username FROM accounts WHERE worker_id = {int(entry['worker'])}"))
    given = {**entry["body"], "occurred_at": None}
    made = report(site.county.ctx, view(site.county, user), Draft(**given), key=one["key"])
    return {"key": one["key"], "status": "taken", "incident_id": made["id"]}
