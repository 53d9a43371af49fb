"""What somebody said lies in no table, index or journal of the database in a form that can be read."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, cast, inspect, select, text

from gridmap.plan import Merge
from gridmap.privacy.numbers import HIDDEN
from gridmap.store import tables as t
from gridmap.store import write
from tests.api.client import Api
from tests.api.test_public_plans import said as say_of_plan
from tests.api.test_residents import PUBLIC, send, solved
from tests.county import CELL, SmallCounty, centre
from tests.redraw import submitted

#: somebody's identity number, as it could stand in any text
IDENTITY = "520122199001011234"


class Words:
    """Words that stand nowhere else, each made for one place."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def text(self, where: str) -> str:
        self.made.append(f"密语{len(self.made)}{where}{uuid.uuid4().hex[:8]}")
        return f"{self.made[-1]} {IDENTITY}"

    def phone(self) -> str:
        self.made.append(f"1390000{7000 + len(self.made)}")
        return self.made[-1]


def done(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def said_everywhere(api: Api, words: Words) -> tuple[int, str]:
    """Somebody says something at each place that takes words; a case and a resident's link."""
    lon, lat = centre("A")
    report = {"category": "mining-dust", "lon": lon, "lat": lat, "text": words.text("报")}
    reporter = {"reporter_name": words.text("名"), "reporter_phone": words.phone()}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    case = done(api.post("worker-a", "/incidents", {**report, **reporter}, headers=headers))["id"]
    done(api.post("worker-a", "/incidents", {**report, "behalf": {"name": words.text("代"), "phone": words.phone()}}))
    done(api.post("worker-a", f"/incidents/{case}/actions/comment", {"note": words.text("注")}))
    own = done(send(api, solved(api), text=words.text("民"), name=words.text("姓"), phone=words.phone(), consent=True))
    link = f"{PUBLIC}/{own['token']}"
    done(api.post(None, f"{link}/actions/comment", {"note": words.text("补")}, headers=headers))
    home = f"/households/{api.county.one(select(t.households.c.id).where(t.households.c.code == 'H-A0'))}"
    for purpose in ("visits", "care"):
        done(api.post("worker-a", f"{home}/consents", {"purpose": purpose, "how": "spoken"}))
    contact = {"contact_name": words.text("联"), "contact_phone": words.phone()}
    done(api.post("worker-a", f"{home}/consents", {"purpose": "contact", "how": "spoken", **contact}))
    care = {"purpose": "alone", "text": words.text("护"), "expires_on": "2026-12-01"}
    done(api.post("worker-a", f"{home}/care-notes", care))
    done(api.post("worker-a", "/visits", {"household_id": int(home.split("/")[-1]), "note": words.text("访")}))
    plan, _ = submitted(api.county, [Merge((CELL["A"], CELL["B"]), CELL["A"])])
    done(say_of_plan(api, plan, words.text("案")))
    return case, link


def kept_bytes(county: SmallCounty) -> bytes:
    """All that the database holds: SQLite's file and its journal; of PostGIS every row, binary columns as they are."""
    url = county.ctx.engine.url
    if county.ctx.engine.dialect.name == "sqlite":
        path = Path(str(url.database))
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    found = []
    with write(county.ctx.engine) as conn:
        for table in inspect(conn).get_table_names():
            rows = conn.execute(text(f'SELECT x::text FROM "{table}" x'))
            found += [row[0].encode() for row in rows]
    for table in t.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary):
                found += [bytes(row[0]) for row in county.run(select(cast(column, LargeBinary))) if row[0] is not None]
    return b"\n".join(found)


def test_nothing_that_was_said_can_be_read_in_the_database(api: Api) -> None:
    words = Words()
    said_everywhere(api, words)
    api.readings()
    held = kept_bytes(api.county)
    assert CELL["A"].encode() in held  # what is not sealed is found this way
    for word in (*words.made, IDENTITY):
        for form in (word, json.dumps(word)[1:-1], word.encode().hex()):
            assert form.encode() not in held, word
        assert word.encode("utf-16-le") not in held, word


def test_an_identity_number_is_hidden_wherever_it_is_said(api: Api) -> None:
    words = Words()
    case, link = said_everywhere(api, words)
    told = api.get("worker-a", f"/incidents/{case}").json()
    assert told["text"] == f"{words.made[0]} {HIDDEN}"
    assert told["reporter_phone"] == words.made[2]
    home = api.county.one(select(t.households.c.id).where(t.households.c.code == "H-A0"))
    pages = [
        api.get("worker-a", f"/incidents/{case}"), api.get("worker-a", f"/incidents/{case}/events"),
        api.get("worker-a", "/behalf"), api.get("planner", "/plans/1/comments"), api.get(None, link),
        api.get("worker-a", f"/households/{home}/file", params={"reason": "asked for it"}),
    ]  # fmt: skip
    assert sum(page.text.count(HIDDEN) for page in pages) >= 7
    assert not any(IDENTITY in page.text for page in pages)
    found = api.post("worker-a", "/incidents/search", {"words": IDENTITY})
    assert found.json().get("items") == [], found.text
