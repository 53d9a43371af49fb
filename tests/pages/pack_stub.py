"""Stands in for GET /api/v1/pack: the day's pack, put together from the lists."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = ec.generate_private_key(ec.SECP256R1())
SPKI = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def stub(context: Any, url: str, lease: str = "2026-07-06T10:00:00+08:00") -> None:
    def ask(path: str) -> Any:
        return context.request.get(f"{url}/api/v1{path}")

    def pack(route: Any) -> None:
        me = ask("/me")
        if me.status != 200:
            route.fulfill(status=me.status, json=me.json())
            return
        me = me.json()
        cells = ask("/cells?format=geojson&limit=1000").json()["features"]
        ids = {one["properties"]["code"]: one["properties"]["id"] for one in cells}
        homes = [
            {**one, "cell_id": ids.get((one["cell"] or {}).get("code")), "housing_type": one["housing"],
             "members": {k: one[k] for k in ("children", "adults", "elders")}, "last_visit": None}
            for one in ask("/households?limit=1000").json()["items"]
        ] if me["cells"] else []
        cases = [
            {"id": one["id"], "code": one["number"], "category": one["category"]["code"], "lon": one["lon"], "lat": one["lat"],
             "cell_id": ids.get((one["cell"] or {}).get("code")), "status": one["status"], "light": one["light"],
             "due_at": one["due_at"], "summary": "", "revision": 1}
            for one in ask("/incidents?open=true&limit=1000").json()["items"]
        ]
        visits = [{"household_id": h["id"], "days": 41, "red": True, "return_on": None, "needs": 0} for h in homes[:3]]
        handovers = ask("/handovers?unsigned=true").json()["items"]
        data = {
            "cells": {"type": "FeatureCollection", "features": cells}, "households": homes, "incidents": cases,
            "today": {"visits": visits, "handovers": handovers, "unread": ask("/messages/unread").json()["unread"]},
            "categories": ask("/categories").json(), "me": {"name": me["name"], "unit": "T1", "cells": me["cells"], "language": "zh"},
        }
        have = dict(pair.split(":") for pair in parse_qs(urlsplit(route.request.url).query).get("have", [""])[0].split(",") if pair)
        sections = {}
        for name, value in data.items():
            digest = hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
            sections[name] = {"hash": digest} | ({} if have.get(name) == digest else {"data": value})
        route.fulfill(json={
            "made_at": "2026-07-03T10:00:00+08:00", "lease_until": lease, "sections": sections,
            "sealing_key": {"id": "k1", "spki": SPKI},
        })

    context.route("**/api/v1/pack*", pack)
