"""The mailbox on one's own pages, messages sent beside the server, and what the operator sees of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.app import create_app
from gridmap.cli.app import run
from gridmap.errors import EnvironmentFault
from gridmap.settings import Messaging
from gridmap.store import tables as t
from gridmap.usecases.delivering import deliverer
from tests.api.client import Api, problem
from tests.county import MASTER, SmallCounty, centre
from tests.gateways import gateway

LON, LAT = centre("A")
REPORT = {"category": "mining-blasting", "lon": LON, "lat": LAT, "text": "墙裂了"}


def told(api: Api, count: int = 1) -> list[dict[str, Any]]:
    """Reports of worker-a, told to everybody."""
    answers = [api.post("worker-a", "/incidents", REPORT).json() for _ in range(count)]
    deliverer(api.county.ctx).run()
    return answers


def test_what_one_is_told_is_read_once_and_in_two_languages(api: Api) -> None:
    answers = told(api, 3)
    page = api.get("worker-a", "/messages", params={"limit": 2}).json()
    assert [one["number"] for one in page["items"]] == [answers[2]["number"], answers[1]["number"]]
    assert page["unread"] == 3
    first = page["items"][0]
    assert (first["incident_id"], first["kind"], first["urgent"]) == (answers[2]["id"], "assigned", False)
    assert answers[2]["number"] in first["text"]["zh"]
    assert first["text"]["en"].startswith("New case")
    rest = api.get("worker-a", "/messages", params={"limit": 2, "cursor": page["next"]}).json()
    assert ([one["number"] for one in rest["items"]], rest["next"]) == ([answers[0]["number"]], None)
    for _ in range(2):
        assert api.post("worker-a", f"/messages/{first['id']}/read").status_code == 204
        api.county.clock.forward(minutes=1)
    assert api.get("worker-a", "/messages", params={"unread": True}).json()["unread"] == 2
    again = api.get("worker-a", "/messages").json()["items"][0]
    assert again["read_at"] is not None
    problem(api.post("handler-land", f"/messages/{first['id']}/read"), 404, "not_found")
    assert len(api.get("handler-land", "/messages").json()["items"]) == 3
    assert [row.route for row in api.readings()][:1] == ["/api/v1/messages"]


def test_the_server_sends_beside_serving_and_tells_how_it_does(spatialite_county: SmallCounty) -> None:
    with gateway() as sms:
        messaging = Messaging(sms_url=sms.url)
        ctx = replace(spatialite_county.ctx, settings=replace(spatialite_county.ctx.settings, messaging=messaging))
        spatialite_county.run(update(t.incidents).values(look_at=None))  # nothing old to be warned of
        app = create_app(ctx, spatialite_county.passwords, delivering=True)
        with TestClient(app, base_url="http://testserver") as client:
            api = Api(spatialite_county, client)
            api.post("worker-a", "/incidents", REPORT)
            until = time.monotonic() + 20
            while time.monotonic() < until and "gridmap_outbox_waiting 0.0" not in (text := metrics(api)):
                time.sleep(0.05)
            while time.monotonic() < until and not sms.bodies:
                time.sleep(0.05)
        assert len(sms.bodies) == 1
        assert "gridmap_outbox_waiting 0.0" in text
    assert app.state.loops
    assert not any(loop._thread.is_alive() for loop in app.state.loops)


def metrics(api: Api) -> str:
    return api.get(None, "//metrics").text


def test_metrics_tell_age_failures_and_drift(api: Api) -> None:
    ctx = api.county.ctx
    with gateway() as sms:
        sms.answer = lambda n, _: 422 if n == 0 else 500
        one = deliverer(replace(ctx, settings=replace(ctx.settings, messaging=Messaging(sms_url=sms.url))))
        for _ in range(2):
            api.post("worker-a", "/incidents", REPORT)
        one.run()
        api.county.clock.forward(minutes=2)
    text = metrics(api)
    assert 'gridmap_messages_waiting{channel="sms"} 1.0' in text
    assert 'gridmap_messages_failed{channel="sms"} 1.0' in text
    assert "gridmap_message_queue_age_seconds 120.0" in text
    assert "gridmap_queue_readable 1.0" in text
    assert "gridmap_clock_behind_seconds 0.0" in text
    on_postgis = ctx.engine.dialect.name == "postgresql"
    assert ('gridmap_clock_drift_seconds{against="database"}' in text) == on_postgis
    assert not any(secret in text for secret in ("13900000019", "网格员"))


def test_metrics_answer_without_a_database(spatialite_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: Any) -> None:
        raise EnvironmentFault("the database is down")

    monkeypatch.setattr("api.queue_metrics.health", down)
    with TestClient(create_app(spatialite_county.ctx, spatialite_county.passwords)) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "gridmap_queue_readable 0.0" in answer.text
    assert "gridmap_requests" in answer.text


def test_a_wrong_setting_is_told_at_the_start(spatialite_county: SmallCounty) -> None:
    ctx = spatialite_county.ctx
    wrong = replace(ctx, settings=replace(ctx.settings, messaging=Messaging(sms_url="http://sms.example")))
    with pytest.raises(EnvironmentFault, match="GRIDMAP_SMS_URL"):
        create_app(wrong, delivering=True)


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def shell(spatialite_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> SmallCounty:
    import base64

    monkeypatch.setenv("GRIDMAP_DATABASE_URL", str(spatialite_county.ctx.engine.url))
    monkeypatch.setenv("GRIDMAP_SECRET_KEY", base64.b64encode(MASTER).decode())
    for name in ("GRIDMAP_SMS_URL", "GRIDMAP_SMTP_URL", "GRIDMAP_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    return spatialite_county


def put_news(county: SmallCounty, count: int) -> None:
    worker = county.one(select(t.workers.c.id).where(t.workers.c.code == "W-A"))
    from gridmap.usecases.context import server_clock

    row = {"incident_id": 1, "kind": "assigned", "worker_id": worker, "created_at": server_clock()}
    county.run(t.outbox.insert().values([row] * count))
    county.run(update(t.incidents).values(look_at=None))  # nothing else to be told of


def test_sweep_delivers_failed_lists_and_retry_sends_again(
    shell: SmallCounty, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_news(shell, 2)
    with gateway() as sms:
        monkeypatch.setenv("GRIDMAP_SMS_URL", sms.url)
        monkeypatch.setenv("GRIDMAP_QUIET_HOURS", "off")
        sms.answer = lambda n, _: 410 if n == 0 else 200
        assert run(["sweep"]) == 0
        out = capsys.readouterr().out
        assert "sent: 1" in out
        assert "given up: 1" in out
        assert run(["messages", "failed", "--json"]) == 0
        [failed] = json.loads(capsys.readouterr().out)["failed"]
        assert (failed["error"], failed["channel"]) == ("http_410", "sms")
        assert run(["messages", "failed"]) == 0
        assert "http_410" in capsys.readouterr().out
        run(["doctor"])
        assert "look   failed messages: 1" in capsys.readouterr().out
        assert run(["messages", "retry"]) == 2
        assert run(["messages", "retry", str(failed["id"])]) == 0
        assert run(["sweep"]) == 0
        assert "sent: 1" in capsys.readouterr().out.splitlines()
        assert sorted(sms.keys.values()) == [1, 2]
        run(["doctor", "--json"])
        told = {one["what"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
        assert told["channels"]["said"] == "sms"
        assert told["failed messages"] == {"what": "failed messages", "said": "0", "fault": None}
        assert told["messages"]["fault"] is None
        # the gateway told its clock, and it is this machine's
        assert "against the sms" in told["clock"]["said"]
        assert told["clock"]["fault"] is None


def test_doctor_names_a_channel_that_cannot_be_used_and_a_clock_put_back(
    shell: SmallCounty, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_news(shell, 1)
    from datetime import timedelta

    from gridmap.usecases.context import server_clock

    shell.run(t.outbox.update().values(created_at=server_clock() + timedelta(hours=1)))
    monkeypatch.setenv("GRIDMAP_SMTP_URL", "smtp://mail.example")
    run(["doctor", "--json"])
    told = {one["what"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert told["channels"]["fault"] == "environment"
    assert "GRIDMAP_MAIL_FROM" in told["channels"]["said"]
    assert told["clock"]["fault"] == "warning"
    shell.run(t.outbox.update().values(created_at=server_clock() - timedelta(hours=1)))
    run(["doctor", "--json"])
    told = {one["what"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert told["messages"]["fault"] == "warning"
    assert "gridmap sweep" in told["messages"]["said"]


def test_two_sweeps_in_processes_of_their_own_send_each_message_once(shell: SmallCounty) -> None:
    put_news(shell, 20)
    program = [sys.executable, "-c", "from gridmap.cli import main; main()", "sweep"]
    with gateway() as sms:
        env = {
            **os.environ, "GRIDMAP_SMS_URL": sms.url, "GRIDMAP_QUIET_HOURS": "off", "GRIDMAP_MESSAGES_PER_HOUR": "0",
        }  # fmt: skip
        both = [subprocess.Popen(program, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    sent = [int(line.split(": ")[1]) for text in said for line in text.splitlines() if line.startswith("sent")]
    assert sum(sent) == 20
    assert len(sms.keys) == 20
    assert set(sms.keys.values()) == {1}


# --- what could not be delivered ------------------------------------------------------------------------------------


def given_up(api: Api, count: int = 3, error: str = "http_410") -> list[int]:
    """Messages to a body and to a resident that were given up, the first one latest."""
    told(api, count)
    m = t.messages
    ids = [row.id for row in api.county.run(select(m.c.id).order_by(m.c.id).limit(count))]
    for i, one in enumerate(ids):
        to = {"recipient": "resident:1"} if i == 1 else {"recipient": "body:1"}
        dead = {"status": "dead", "error": error, "settled_at": api.county.clock() - timedelta(hours=i), "attempts": 24}
        values = {**to, **dead, "channel": "sms" if i == 1 else "email", "account_id": None}
        api.county.run(update(m).where(m.c.id == one).values(**values))
    return ids


def test_an_admin_sees_what_failed_and_sends_it_again_once(api: Api) -> None:
    ids = given_up(api)
    page = api.get("admin", "/messages/failed", params={"limit": 2}).json()
    assert ([one["id"] for one in page["items"]], page["total"]) == (ids[:2], 3)
    rest = api.get("admin", "/messages/failed", params={"limit": 2, "cursor": page["next"]}).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([ids[2]], None)
    first, resident = page["items"]
    assert (first["error"], first["to"], first["channel"], first["attempts"]) == ("http_410", "body", "email", 24)
    assert first["name"]
    # of a resident neither name nor contact, nor the case's id
    assert (resident["to"], resident["name"]) == ("resident", None)
    assert set(resident) == {
        "id", "number", "kind", "channel", "to", "name", "name_en", "attempts", "error", "settled_at",
    }  # fmt: skip
    assert api.post("admin", "/messages/resend", {"ids": ids[:1]}).json() == {"resent": 1}
    problem(api.post("admin", "/messages/resend", {"ids": ids}), 422, "invalid_input")  # many: say why
    many = {"ids": ids, "reason": "gateway_back"}
    assert [api.post("admin", "/messages/resend", many).json()["resent"] for _ in range(2)] == [2, 0]
    rows = api.county.run(select(t.messages.c.status, t.messages.c.attempts).where(t.messages.c.id.in_(ids)))
    assert {tuple(row) for row in rows} == {("waiting", 0)}
    assert api.get("admin", "/messages/failed").json() == {"items": [], "next": None, "total": 0}


def test_sending_again_is_audited_and_for_the_admin(api: Api) -> None:
    ids = given_up(api)
    for user in ("dispatcher-1", "supervisor", "official", "worker-a", "handler-land", "planner"):
        problem(api.get(user, "/messages/failed"), 403, "forbidden")
        problem(api.post(user, "/messages/resend", {"ids": ids[:1]}), 403, "forbidden")
    api.post("admin", "/messages/resend", {"ids": ids, "reason": "address_mended"})
    [line] = api.county.run(select(t.audit).where(t.audit.c.action == "messages.resend"))
    assert line.account_id == api.county.account("admin").id
    assert json.loads(line.data) == {"ids": ids, "reason": "address_mended", "resent": 3}
    for wrong in ({"ids": []}, {"ids": ids, "reason": "because"}, {"ids": ids[:1], "note": "x"}):
        assert api.post("admin", "/messages/resend", wrong).status_code == 422
