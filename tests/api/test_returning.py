"""Residents come back: lost links, withdrawn reports and contacts, photos in parts, and reports filed for somebody."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.delivery.limits import Rules
from gridmap.delivery.outcome import Outcome, Outgoing, Sent
from gridmap.delivery.quiet import QuietHours
from gridmap.settings import Messaging
from gridmap.store import tables as t
from gridmap.usecases import proofs
from gridmap.usecases.contacts import digest_of
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import Deliverer
from gridmap.usecases.returning import rotate_contacts
from tests.api.client import Api, problem
from tests.api.test_residents import PUBLIC, picture, send, solved, summed

PHONE = "138 0000-0001"
NOTHING = {"Idempotency-Key": "x" * 22}


class Taken:
    """A channel that takes everything and keeps it."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, message: Outgoing) -> Outcome:
        self.sent.append(message)
        return Sent(None)


def with_messages(api: Api, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A county that sends short messages."""
    messaging = Messaging(sms_url="http://127.0.0.1:9", public_url="https://grid.example")
    ctx = replace(api.county.ctx, settings=replace(api.county.ctx.settings, messaging=messaging))
    monkeypatch.setattr(api.client.app.state, "ctx", ctx)
    return ctx


def delivered(ctx: Context) -> list[Outgoing]:
    taken = Taken()
    Deliverer(ctx, {"sms": taken}, Rules(QuietHours(0, 0, ctx.zone), 100)).run()
    return taken.sent


def lost(api: Api, phone: str) -> Any:
    return api.post(None, "/public/links", {"phone": phone, **summed(api)})


def act(api: Api, token: str, action: str, **given: Any) -> Any:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    return api.post(None, f"{PUBLIC}/{token}/actions/{action}", given, headers=key)


def test_a_lost_link_comes_to_the_contact_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    first = send(api, summed(api), name="罗大山", phone=PHONE, consent=True).json()
    problem(lost(api, PHONE), 409, "no_messages")
    ctx = with_messages(api, monkeypatch)
    delivered(ctx)
    known, unknown = lost(api, "+86 13800000001"), lost(api, "13911112222")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"null")
    (message,) = delivered(ctx)
    assert message.to == PHONE
    assert first["number"] in message.text
    token = message.text.rpartition("/track/")[2]
    assert token != first["token"]
    told = api.get(None, f"{PUBLIC}/{token}").json()
    assert told == api.get(None, f"{PUBLIC}/{first['token']}").json()
    assert told["may"] == ["comment", "withdraw"]
    stored = str(api.county.run(select(t.tracks_again))) + str(api.county.run(select(t.messages)))
    assert token not in stored
    assert "138" not in str(api.county.run(select(t.reached)))


def test_lost_links_are_limited_by_client_and_contact(api_lite: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with_messages(api_lite, monkeypatch)
    assert [lost(api_lite, PHONE).status_code for _ in range(4)] == [202, 202, 202, 429]
    assert lost(api_lite, "13911112222").status_code == 202
    problem(lost(api_lite, "13911112223"), 429, "too_many_requests")
    problem(lost(api_lite, "ring me"), 422, "phone")


def test_contacts_are_found_after_the_master_key_was_changed(api_lite: Api) -> None:
    send(api_lite, summed(api_lite), phone=PHONE, consent=True)
    ctx = api_lite.county.ctx
    fresh = replace(ctx, vault=replace(ctx.vault, master=b"7" * 32, former=ctx.vault.master))
    rotate_contacts(fresh)
    rotate_contacts(fresh)
    assert api_lite.county.one(select(t.reached.c.digest)) == digest_of(fresh, "13800000001")


def test_a_contact_is_withdrawn_and_the_report_stands(api: Api) -> None:
    token = send(api, summed(api), name="罗大山", phone=PHONE, consent=True).json()["token"]
    case = api.rows("worker-a", "/incidents")[0]["id"]
    assert api.get("worker-a", f"/incidents/{case}").json()["reporter_name"] == "罗大山"
    assert api.get(None, f"{PUBLIC}/{token}").json()["contact"] is True
    gone = api.post(None, f"{PUBLIC}/{token}/contact/withdraw", {})
    assert (gone.status_code, gone.json()["contact"]) == (200, False)
    seen = api.get("worker-a", f"/incidents/{case}").json()
    assert (seen["reporter_name"], seen["reporter_phone"], seen["text"]) == (None, None, "墙裂了,请来看")
    assert api.county.one(select(func.count()).select_from(t.reached)) == 0


def test_links_that_were_sent_to_a_contact_end_with_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number may have passed to another; the link by which the contact is withdrawn, and the first one, go on."""
    first = send(api, summed(api), name="罗大山", phone=PHONE, consent=True).json()["token"]
    ctx = with_messages(api, monkeypatch)
    delivered(ctx)
    sent = []
    for _ in range(2):
        assert lost(api, PHONE).status_code == 202
        sent.append(delivered(ctx)[0].text.rpartition("/track/")[2])
    assert lost(api, PHONE).status_code == 202  # on its way when the contact goes
    assert api.post(None, f"{PUBLIC}/{sent[1]}/contact/withdraw", {}).status_code == 200
    assert [one.to for one in delivered(ctx)] == [None]  # which every channel gives up
    assert [api.get(None, f"{PUBLIC}/{one}").status_code for one in (first, *sent)] == [200, 404, 200]


def test_a_report_is_withdrawn_until_somebody_took_it_up(api: Api) -> None:
    first, second = (send(api, summed(api)).json() for _ in range(2))
    taken, left = first["token"], second["token"]
    ids = {row["number"]: row["id"] for row in api.rows("worker-a", "/incidents")}
    oldest, newest = ids[first["number"]], ids[second["number"]]
    assert api.post("worker-a", f"/incidents/{oldest}/actions/accept", {}).status_code == 200
    problem(act(api, taken, "withdraw"), 409, "action_status")
    done = act(api, left, "withdraw", note="已经修好了")
    assert (done.status_code, done.json()["status"]) == (200, "voided"), done.text
    events = api.get("worker-a", f"/incidents/{newest}/events").json()
    assert (events[-1]["kind"], events[-1]["note"]) == ("voided", "已经修好了")


def part(api: Api, token: str, key: str, data: bytes, starts: int, total: int) -> Any:
    headers = {"Upload-Offset": str(starts), "Upload-Length": str(total), "Content-Type": "application/octet-stream"}
    return api.ask(None, "PATCH", f"{PUBLIC}/{token}/uploads/{key}", content=data, headers=headers)


def test_a_photo_comes_in_parts_each_of_them_once(api: Api) -> None:
    token, key, data = send(api, summed(api)).json()["token"], str(uuid.uuid4()), picture()
    where, half = f"{PUBLIC}/{token}/uploads/{key}", len(data) // 2
    assert api.get(None, where).json() == {"received": 0, "photo": None}
    assert part(api, token, key, data[:half], 0, len(data)).json() == {"received": half, "photo": None}
    problem(part(api, token, key, data[:half], 0, len(data)), 409, "upload_offset")
    assert data[:half] not in api.county.one(select(t.chunks.c.box))
    done = part(api, token, key, data[half:], half, len(data))
    assert (done.status_code, done.json()["received"], done.json()["photo"]["width"]) == (200, len(data), 640)
    assert part(api, token, key, data[half:], half, len(data)).json() == done.json()
    assert api.get(None, where).json()["photo"] == done.json()["photo"]
    assert api.county.one(select(func.count()).select_from(t.chunks)) == 0
    assert api.county.one(select(func.count()).select_from(t.photos)) == 1


def test_parts_that_make_no_photo_are_dropped(api_lite: Api) -> None:
    token, key = send(api_lite, summed(api_lite)).json()["token"], str(uuid.uuid4())
    problem(part(api_lite, token, key, b"<svg/>", 0, 6), 422, "photo_format")
    problem(part(api_lite, token, key, b"123", 4, 6), 422, "invalid_input")
    problem(part(api_lite, token, key, b"", 0, 9_000_000), 422, "invalid_input")
    assert api_lite.get(None, f"{PUBLIC}/{token}/uploads/{key}").json() == {"received": 0, "photo": None}
    problem(part(api_lite, "0" * 64, key, b"1", 0, 6), 404, "not_found")


def test_a_key_that_was_used_for_a_comment_is_none_of_a_photo(api_lite: Api) -> None:
    token, key = send(api_lite, solved(api_lite)).json()["token"], str(uuid.uuid4())
    said = {"note": "裂缝又变大了"}
    commented = api_lite.post(None, f"{PUBLIC}/{token}/actions/comment", said, headers={"Idempotency-Key": key})
    assert commented.status_code == 200
    problem(part(api_lite, token, key, b"a", 0, 9), 422, "idempotency_key_reused")
    problem(api_lite.get(None, f"{PUBLIC}/{token}/uploads/{key}"), 422, "idempotency_key_reused")


def test_a_link_fills_no_disk_with_parts(api: Api) -> None:
    """Of one case as many uploads are on their way as it may have photos; the one that rested longest gives way."""
    token, keys = send(api, solved(api)).json()["token"], [str(uuid.uuid4()) for _ in range(5)]
    for key in keys[:3]:
        assert part(api, token, key, b"a" * 1000, 0, 9000).json()["received"] == 1000
    assert part(api, token, keys[0], b"b" * 1000, 1000, 9000).json()["received"] == 2000
    other = send(api, solved(api)).json()["token"]
    assert part(api, other, keys[1], b"a" * 1000, 0, 9000).status_code == 200
    for key in keys[3:]:
        assert part(api, token, key, b"a" * 1000, 0, 9000).json()["received"] == 1000
    left = [api.get(None, f"{PUBLIC}/{token}/uploads/{key}").json()["received"] for key in keys]
    assert left == [2000, 0, 0, 1000, 1000]
    assert api.get(None, f"{PUBLIC}/{other}/uploads/{keys[1]}").json()["received"] == 1000


def test_a_resident_follows_what_was_filed_for_them(api: Api) -> None:
    behalf = {"name": "罗大山", "phone": "13800000009"}
    made = api.post("worker-a", "/incidents", {"category": "mining-blasting", "lon": 0, "lat": 0} | _here(behalf))
    assert made.status_code == 201, made.text
    (mine,) = api.get("worker-a", "/behalf").json()
    told = api.get(None, f"{PUBLIC}/{mine['token']}")
    assert (told.status_code, told.json()["number"], told.json()["may"]) == (200, mine["number"], [])
    assert "罗大山" not in told.text
    problem(act(api, mine["token"], "comment", note="x"), 403, "behalf_link")
    assert api.get("dispatcher-1", "/behalf").json() == []
    assert mine["token"] not in api.get("worker-a", f"/incidents/{mine['id']}").text
    assert mine["token"] not in str(api.county.run(select(t.behalf_tracks)))


def _here(behalf: dict[str, str]) -> dict[str, Any]:
    from tests.county import centre

    lon, lat = centre("A")
    return {"lon": lon, "lat": lat, "behalf": behalf}


def test_wrong_answers_searches_and_challenges_count(api_lite: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "WRONG", 2)
    monkeypatch.setattr(proofs, "SEARCHES", 2)
    proof = solved(api_lite)
    wrong = [send(api_lite, {**proof, "proof": "sum:1"}).status_code for _ in range(3)]
    assert wrong == [422, 422, 429]
    assert [api_lite.get(None, "/public/places?q=x").status_code for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(proofs, "ASKED", 2)
    answers = [api_lite.get(None, "/public/challenge") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_the_public_map_shows_no_person_and_no_cell(api_lite: Api) -> None:
    told = api_lite.get(None, "/public/map")
    assert set(told.json()) == {"areas", "roads", "water", "places"}
    assert {one["properties"]["kind"] for one in told.json()["areas"]["features"]} <= {"county", "town", "community"}
    for secret in ("A 格", "H-A0", "网格员"):
        assert secret not in told.text
    again = api_lite.ask(None, "GET", "/public/map", headers={"If-None-Match": told.headers["etag"]})
    assert again.status_code == 304


def test_a_report_that_went_into_another_goes_on_as_that_one(api: Api) -> None:
    """Its link tells the steps of the other case from then on, under the reporter's own number; no person, no note."""
    first, second = (send(api, summed(api)).json() for _ in range(2))
    ids = {row["number"]: row["id"] for row in api.rows("worker-a", "/incidents")}
    into, double = ids[first["number"]], ids[second["number"]]

    def done(user: str, action: str, case: int = into, **given: Any) -> None:
        api.county.clock.forward(minutes=5)
        answer = api.post(user, f"/incidents/{case}/actions/{action}", given)
        assert answer.status_code == 200, answer.text

    done("worker-a", "accept")
    done("dispatcher-1", "merge", case=double, into_id=into)
    done("worker-a", "resolve", outcome="settled", note="双方和解")
    done("dispatcher-1", "verify", passed=True, note="已看")
    done("dispatcher-1", "close")
    answer = api.get(None, f"{PUBLIC}/{second['token']}")
    told = answer.json()
    assert (told["number"], told["status"], told["may"]) == (second["number"], "closed", [])
    assert [one["kind"] for one in told["steps"]] == [
        "reported",
        "assigned",
        "merged",
        "resolved",
        "verified",
        "closed",
    ]
    assert not any(secret in answer.text for secret in (first["number"], "双方和解", "网格员"))
