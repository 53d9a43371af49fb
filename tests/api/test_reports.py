"""Reporting, moving and closing over HTTP; the same key in parallel has one effect."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from gridmap.ground import convert
from gridmap.store import tables as t
from tests.api.client import V1, Api, problem
from tests.county import CELL, LON, NOW, SIZE_DEG, SmallCounty, centre
from tests.serving import served

LON_A, LAT_A = centre("A")
REPORT = {"category": "mining-blasting", "lon": LON_A, "lat": LAT_A, "text": "爆破后墙裂", "accuracy_m": 20}


def count(county: SmallCounty, table: Any = t.incidents) -> int:
    found: int = county.one(select(func.count()).select_from(table))
    return found


def test_a_report_is_placed_and_assigned(api: Api) -> None:
    answer = api.post("worker-b", "/incidents", REPORT, headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 201
    said = answer.json()
    assert said["cell"] == {"code": CELL["A"], "name": "A 格", "name_en": "Cell A"}
    assert said["worker"]["name"] == "网格员 A"
    assert said["status"] == "assigned"
    assert said["reason"] == "primary"
    assert said["due_at"] == "2026-07-14T02:00:00Z"  # 168 hours: seven workdays
    assert said["border_m"] == pytest.approx(194, abs=3)
    assert said["confidence"] == pytest.approx(1, abs=1e-6)
    stored = api.get("worker-a", f"/incidents/{said['id']}").json()
    assert stored["text"] == "爆破后墙裂"
    assert (stored["lon"], stored["lat"]) == (LON_A, LAT_A)
    assert stored["channel"] == "worker"
    assert stored["light"] == "green"
    events = api.get("worker-a", f"/incidents/{said['id']}/events").json()
    assert [one["kind"] for one in events] == ["reported", "routed", "assigned"]
    assert problem(api.get("worker-b", f"/incidents/{said['id']}"), 404, "not_found")


def test_channels_by_default_follow_the_role(api_lite: Api) -> None:
    made = api_lite.post("dispatcher-1", "/incidents", REPORT).json()["id"]
    assert api_lite.get("dispatcher-1", f"/incidents/{made}").json()["channel"] == "counter"
    made = api_lite.post("dispatcher-1", "/incidents", {**REPORT, "channel": "phone"}).json()["id"]
    assert api_lite.get("dispatcher-1", f"/incidents/{made}").json()["channel"] == "phone"


def test_what_came_in_is_kept_beside_the_wgs84(api_lite: Api) -> None:
    lon, lat = convert([LON_A], [LAT_A], "wgs84", "gcj02")
    said = {**REPORT, "lon": float(lon[0]), "lat": float(lat[0]), "crs": "gcj02"}
    made = api_lite.post("worker-a", "/incidents", said).json()
    assert made["cell"]["code"] == CELL["A"]
    stored = api_lite.get("worker-a", f"/incidents/{made['id']}").json()
    assert stored["came_as"] == {"crs": "gcj02", "x": said["lon"], "y": said["lat"]}
    assert stored["lon"] == pytest.approx(LON_A, abs=2e-8)
    raw = api_lite.get("worker-a", "/locate", params={"lon": said["lon"], "lat": said["lat"]}).json()
    assert raw["cell"] != made["cell"]  # hundreds of metres beside


def test_outside_of_all_cells_and_unsure_of_the_cell(api_lite: Api) -> None:
    west = api_lite.post("worker-a", "/incidents", {**REPORT, "lon": LON - 0.3 * SIZE_DEG}).json()
    assert (west["status"], west["cell"], west["worker"], west["place_reason"]) == ("unplaced", None, None, "outside")
    assert west["nearest"]["code"] == CELL["A"]
    assert west["nearest"]["distance_m"] == pytest.approx(0.3 * 388, rel=0.02)
    edge = api_lite.post("worker-a", "/incidents", {**REPORT, "lon": LON + 0.99 * SIZE_DEG, "accuracy_m": 50}).json()
    assert edge["place_reason"] == "border"
    assert 0.4 < edge["confidence"] < 0.6
    assert edge["runner_up"]["code"] == CELL["B"]


def test_the_same_key_again_answers_the_same(api: Api) -> None:
    before = count(api.county)
    key = {"Idempotency-Key": "0d6c2b0e-5a0d-4a55"}
    first = api.post("worker-a", "/incidents", REPORT, headers=key)
    api.county.clock.forward(minutes=5)
    again = api.post("worker-a", "/incidents", REPORT, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert count(api.county) == before + 1
    other = api.post("worker-a", "/incidents", {**REPORT, "text": "另一件"}, headers=key)
    problem(other, 422, "idempotency_key_reused")
    assert count(api.county) == before + 1
    stranger = api.post("worker-b", "/incidents", REPORT, headers=key)  # keys are the sender's own
    assert stranger.json()["id"] != first.json()["id"]
    without = [api.post("worker-a", "/incidents", REPORT).json()["id"] for _ in range(2)]
    assert len(set(without)) == 2
    for bad in ("", " ", "x" * 201, "ключ".encode()):
        assert api.post("worker-a", "/incidents", REPORT, headers={"Idempotency-Key": bad}).status_code == 422


@pytest.fixture
def served_county(small_county: SmallCounty) -> Iterator[tuple[SmallCounty, str]]:
    """The application behind a real server on loopback."""
    with served(small_county) as url:
        yield small_county, f"{url}{V1}"


def test_the_same_key_from_twenty_threads_gives_one_row(served_county: tuple[SmallCounty, str]) -> None:
    """5 keys x 20 at once (the whole of it, 100 x 20, is in the trials)."""
    county, url = served_county
    before, events = count(county), count(county, t.events)
    headers = {"Authorization": f"Bearer {county.token('worker-a')}"}
    answers: list[tuple[str, int, str]] = []
    gate = threading.Barrier(20)

    def send() -> None:
        with httpx.Client(timeout=60) as client:
            for number in range(5):
                gate.wait()
                key = f"key-{number}"
                sent = client.post(f"{url}/incidents", json=REPORT, headers={**headers, "Idempotency-Key": key})
                answers.append((key, sent.status_code, sent.text))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter((key, status) for key, status, _ in answers) == {(f"key-{n}", 201): 20 for n in range(5)}
    assert len({text for _, _, text in answers}) == 5
    assert count(county) == before + 5
    assert count(county, t.events) == events + 15


def test_moving_a_pin_assigns_again_once(api: Api) -> None:
    made = api.post("worker-a", "/incidents", REPORT).json()["id"]
    api.county.clock.forward(minutes=1)
    lon, lat = centre("B", 0.2)
    moved = api.post("worker-a", f"/incidents/{made}/actions/move", {"lon": lon, "lat": lat, "accuracy_m": 8})
    assert moved.status_code == 200
    assert (moved.json()["moved"], moved.json()["cell"]["code"]) == (True, CELL["B"])
    assert moved.json()["worker"]["name"] == "网格员 B"
    problem(api.get("worker-a", f"/incidents/{made}"), 404, "not_found")  # B's now
    again = api.post("worker-b", f"/incidents/{made}/actions/move", {"lon": lon, "lat": lat, "accuracy_m": 8})
    assert (again.json()["moved"], again.json()["cell"]["code"]) == (False, CELL["B"])
    kinds = [one["kind"] for one in api.get("worker-b", f"/incidents/{made}/events").json()]
    assert kinds == ["reported", "routed", "assigned", "moved", "routed", "assigned"]


def test_a_move_that_is_sent_again_answers_the_same(api: Api) -> None:
    """The first move takes the incident out of the sender's cells; her phone, which lost the reply, still gets it."""
    made = api.post("worker-a", "/incidents", REPORT).json()["id"]
    api.county.clock.forward(minutes=1)
    lon, lat = centre("G")
    moved, again = (
        api.post(
            "worker-a", f"/incidents/{made}/actions/move", {"lon": lon, "lat": lat}, headers={"Idempotency-Key": "m1"}
        )
        for _ in range(2)
    )
    assert (moved.status_code, moved.json()["cell"]["code"]) == (200, CELL["G"])
    assert (again.status_code, again.json()) == (200, moved.json())
    problem(api.get("worker-a", f"/incidents/{made}"), 404, "not_found")


def test_closing_stops_the_clock_once(api: Api) -> None:
    made = api.post("worker-a", "/incidents", REPORT).json()["id"]
    url = f"/incidents/{made}/actions"
    problem(api.post("worker-a", f"{url}/close", {}), 409, "action_status")
    done = api.post("worker-a", f"{url}/resolve", {"outcome": "settled", "note": "双方已和解"})
    assert (done.status_code, done.json()["status"]) == (200, "resolved")
    seen = api.post("dispatcher-1", f"{url}/verify", {"passed": True, "note": "现场已核实"})
    assert seen.json()["status"] == "verified"
    closed = api.post("dispatcher-1", f"{url}/close", {})
    assert closed.json()["status"] == "closed"
    api.county.clock.forward(days=30)
    api.tokens.clear()
    again = api.post("worker-a", f"{url}/close")
    assert again.json()["closed_at"] == closed.json()["closed_at"]
    stored = api.get("worker-a", f"/incidents/{made}").json()
    assert (stored["status"], stored["light"]) == ("closed", None)
    lon, lat = centre("B")
    problem(api.post("worker-a", f"{url}/move", {"lon": lon, "lat": lat}), 409, "closed")


def test_what_can_be_done_and_why_it_is_red(api: Api) -> None:
    made = api.post("worker-a", "/incidents", REPORT).json()["id"]
    for user, may in (("worker-a", {"accept", "resolve", "dispatch"}), ("handler-land", {"accept"})):
        rows = {one["action"]: one for one in api.get(user, f"/incidents/{made}/actions").json()}
        assert may <= {name for name, one in rows.items() if one["allowed"]}, user
        assert all(one["reason"] for one in rows.values() if not one["allowed"])
        assert not rows["supervise"]["allowed"]
    assert [one["name"] for one in rows["resolve"]["asked"]] == ["outcome", "note", "photo_id"]
    api.county.clock.forward(hours=5.5)
    why = api.get("worker-a", f"/incidents/{made}/why").json()
    # Friday 10:00 to 15:30, with the lunch break out of it
    assert (why["light"], why["of"], why["step"], why["limit_min"], why["used_min"]) == (
        "yellow", "step", "intake", 210.0, 180.0,
    )  # fmt: skip
    assert sum(span["counted_min"] for span in why["spans"]) == why["used_min"]
    api.post("worker-a", f"/incidents/{made}/actions/comment", {"note": "已电话联系"})
    events = api.get("worker-a", f"/incidents/{made}/events").json()
    assert [(one["kind"], one["note"]) for one in events][-1] == ("commented", "已电话联系")
    assert "已电话联系" not in str([one["data"] for one in events])
    problem(api.post("worker-a", f"/incidents/{made}/actions/resolve", {"outcome": "no-such"}), 422, "invalid_input")
    problem(api.post("worker-a", f"/incidents/{made}/actions/dance", {}), 404, "not_found")


def test_an_action_sent_again_has_one_effect(api: Api) -> None:
    made = api.post("worker-a", "/incidents", REPORT).json()["id"]
    sent = [
        api.post("worker-a", f"/incidents/{made}/actions/accept", {}, headers={"Idempotency-Key": "a1"})
        for _ in range(2)
    ]
    assert sent[0].status_code == sent[1].status_code == 200
    assert sent[0].json() == sent[1].json()
    problem(api.post("worker-a", f"/incidents/{made}/actions/accept", {}), 409, "action_status")


def test_a_report_made_offline_keeps_when_it_happened(api_lite: Api) -> None:
    happened = (NOW - timedelta(days=400)).isoformat()
    made = api_lite.post("worker-a", "/incidents", {**REPORT, "occurred_at": happened}).json()
    stored = api_lite.get("worker-a", f"/incidents/{made['id']}").json()
    assert stored["occurred_at"] == "2025-05-29T02:00:00Z"
    assert stored["received_at"] == "2026-07-03T02:00:00Z"
    # seven workdays of office hours, from Friday 10:00 to the Tuesday after next
    assert stored["due_at"] == "2026-07-14T02:00:00Z"
