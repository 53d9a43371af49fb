"""Every reading of a person's data is written down: once per request, with ids, and nobody waits for it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from gridmap.errors import EnvironmentFault
from gridmap.store import accounts as account_store
from gridmap.store import tables as t
from gridmap.usecases.readlog import Reading, ReadLog
from gridmap.view import Kind
from tests.api.client import Api
from tests.county import SmallCounty


def test_one_row_a_request_with_the_ids_that_were_read(api: Api) -> None:
    home = api.county.one(select(t.households.c.id).where(t.households.c.code == "H-A0"))
    incidents = [row["id"] for row in api.get("worker-a", "/incidents?limit=3").json()["items"]]
    homes = [one["id"] for one in api.get("worker-a", "/households?format=geojson").json()["features"]]
    one = incidents[0]
    api.get("worker-a", f"/incidents/{one}")
    api.get("worker-a", f"/incidents/{one}/events")
    api.get("worker-a", f"/households/{home}")
    api.get("worker-a", "/layers/incidents?status=closed")
    closed = api.county.run(select(t.incidents.c.id).where(t.incidents.c.source_ref.in_(["R-A4", "R-A5"])))
    account = api.county.account("worker-a").id
    rows = api.readings()
    assert {(row.account_id, row.reason, row.at) for row in rows} == {(account, None, api.county.clock())}
    assert [(row.route, row.kind, sorted(json.loads(row.ids))) for row in rows] == [
        ("/api/v1/incidents", "incident", sorted(incidents)),
        ("/api/v1/households", "household", sorted(homes)),
        ("/api/v1/incidents/{incident_id}", "incident", [one]),
        ("/api/v1/incidents/{incident_id}/events", "incident", [one]),
        ("/api/v1/households/{household_id}", "household", [home]),
        ("/api/v1/layers/{name}", "incident", sorted(row.id for row in closed)),
    ]


def test_what_is_not_personal_and_what_was_refused_is_not_logged(api: Api) -> None:
    for path in ("/cells", "/enterprises", "/areas", "/layers/cells", "/layers/land", "/me", "/categories", "/workers"):
        assert api.get("worker-a", path).status_code == 200
    assert api.get("official", "/stats/counts").status_code == 200
    assert api.get("official", "/layers/heat").status_code == 200
    assert api.get("worker-a", "/incidents/48").status_code == 404
    assert api.get("official", "/incidents").status_code == 403
    assert api.get("planner", "/incidents").json()["items"] == []
    assert api.readings() == []


def test_a_list_asked_for_again_is_logged_again(api_lite: Api) -> None:
    """No 304 stands between a reading and the log."""
    first = api_lite.get("worker-a", "/incidents")
    assert "etag" not in first.headers
    assert first.headers["cache-control"] == "no-store"
    api_lite.get("worker-a", "/incidents", headers={"If-None-Match": "*"})
    assert len(api_lite.readings()) == 2


def test_what_waits_is_written_when_the_server_stops(spatialite_county: SmallCounty) -> None:
    app = create_app(spatialite_county.ctx, spatialite_county.passwords)
    token = spatialite_county.token("worker-a")
    with TestClient(app) as client:
        for _ in range(5):
            assert client.get("/api/v1/incidents", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert len(spatialite_county.run(select(t.readings))) == 5


def reading(county: SmallCounty, number: int) -> Reading:
    return Reading(county.clock(), county.account("worker-a").id, "/x", Kind.INCIDENT, [number], "why")


def test_many_readers_at_once_lose_nothing(small_county: SmallCounty) -> None:
    log = ReadLog(small_county.ctx.engine)
    one = reading(small_county, 1)

    def read() -> None:
        for _ in range(50):
            log.note(one)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert len(small_county.run(select(t.readings))) == 400


def test_a_database_that_is_away_for_a_while(spatialite_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readings wait until it is back; once too many wait, readers wait too."""
    log = ReadLog(spatialite_county.ctx.engine, capacity=3, pause_s=0.01)
    original, down = account_store.add_readings, threading.Event()
    down.set()

    def failing(conn: Any, rows: Any) -> None:
        if down.is_set():
            raise EnvironmentFault("away")
        original(conn, rows)

    monkeypatch.setattr(account_store, "add_readings", failing)
    log.note(reading(spatialite_county, 0))
    time.sleep(0.05)
    for number in range(1, 4):
        log.note(reading(spatialite_county, number))
    assert not log.flush(0.05)
    blocked = threading.Thread(target=log.note, args=(reading(spatialite_county, 4),))
    blocked.start()
    blocked.join(0.1)
    assert blocked.is_alive()
    down.clear()
    blocked.join(5)
    assert log.flush()
    log.close()
    written = [json.loads(row.ids) for row in spatialite_county.run(select(t.readings).order_by(t.readings.c.id))]
    assert written == [[0], [1], [2], [3], [4]]


def test_closing_while_the_database_is_away_says_what_was_lost(
    spatialite_county: SmallCounty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = ReadLog(spatialite_county.ctx.engine, pause_s=0.01)

    def failing(conn: Any, rows: Any) -> None:
        raise EnvironmentFault("away")

    monkeypatch.setattr(account_store, "add_readings", failing)
    log.note(reading(spatialite_county, 0))
    log.note(reading(spatialite_county, 1))
    log.close()
    lost = sum(record.args[0] for record in caplog.records if record.levelname == "ERROR" and record.args)  # type: ignore[index, misc]
    assert lost == 2


def test_a_row_that_no_database_takes_holds_up_nobody(
    small_county: SmallCounty, caplog: pytest.LogCaptureFixture
) -> None:
    """An account that is not there breaks the foreign key: it is told in the server's log, the others are written."""
    log = ReadLog(small_county.ctx.engine)
    good, bad = reading(small_county, 7), replace(reading(small_county, 8), account_id=999_999)
    for one in (good, bad, good):
        log.note(one)
    assert log.flush()
    log.close()
    assert [json.loads(row.ids) for row in small_county.run(select(t.readings))] == [[7], [7]]
    assert "account 999999" in caplog.text


def test_reasons_are_plain_text(api_lite: Api) -> None:
    for reason in ("a%00b", "ab%0Ac", "a%7Fbc", "ab", "x" * 201):
        assert api_lite.get("official", f"/incidents?reason={reason}").status_code == 422, reason
    assert api_lite.get("official", "/incidents?reason=信访听证会").status_code == 200
    assert [row.reason for row in api_lite.readings()] == ["信访听证会"]
