"""A redraw from the first edit to the hand-over, on both databases: who may, what is told, and what stays as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import shapely
from sqlalchemy import func, select

from gridmap.store import tables as t
from gridmap.usecases.publishing import apply_due
from gridmap.usecases.sweeping import sweep
from tests.api.client import Api
from tests.county import CELL, NOW, centre
from tests.grids import LAT, LON, SIZE_DEG
from tests.redraw import without_b

TODAY = NOW.date().isoformat()
#: where the cells A, B, E and F meet
MIDDLE = [LON + SIZE_DEG, LAT + SIZE_DEG]


def tag(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def begun(api: Api) -> int:
    answer = api.post("planner", "/plans", {"title": "重划试验"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"1"'
    return int(answer.json()["id"])


def place(api: Api, plan: int, lon: float, lat: float) -> list[float]:
    """The node of the drawing that is nearest to a place, digit by digit."""
    nodes = api.get("planner", f"/plans/{plan}/drawing", params={"codes": ",".join(CELL.values())}).json()["nodes"]
    found: list[float] = min(nodes, key=lambda node: abs(node[0] - lon) + abs(node[1] - lat))
    return found


def moved(api: Api, plan: int, version: int = 1, by: float = 0.3) -> Any:
    """The node in the middle is moved into cell F, so that A, B and E grow."""
    node = place(api, plan, *MIDDLE)
    to = [node[0] + by * SIZE_DEG, node[1] - by * SIZE_DEG]
    edit = {"kind": "move_node", "place": node, "to": to}
    return api.post("planner", f"/plans/{plan}/edits", {"edits": [edit]}, headers=tag(version))


def step(api: Api, user: str, plan: int, name: str, version: int, body: Any = None) -> Any:
    return api.post(user, f"/plans/{plan}/{name}", body, headers=tag(version))


def published(api: Api, day: str = TODAY, edits: Any = moved) -> int:
    plan = begun(api)
    assert edits(api, plan).status_code == 200
    for user, name, version, body in (
        ("planner", "submit", 2, None), ("approver", "approve", 3, None), ("approver", "publish", 4, {"from": day}),
    ):  # fmt: skip
        answer = step(api, user, plan, name, version, body)
        assert answer.status_code == 200, (name, answer.text)
    return plan


def cell_ids(api: Api) -> dict[str, int]:
    return {
        row.code: row.id
        for row in api.county.run(select(t.cells.c.code, t.cells.c.id).where(t.cells.c.valid_to.is_(None)))
    }


def test_an_edit_moves_both_neighbours_and_tells_what_it_does(api: Api) -> None:
    plan = begun(api)
    answer = moved(api, plan)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["version"], told["edits"], answer.headers["ETag"]) == (2, 1, '"2"')
    assert {one["id"] for one in told["cells"]["features"]} == {CELL[letter] for letter in "ABEF"}
    rows = {one["code"]: one for one in told["impact"]["cells"]}
    for name in ("households", "open", "area_m2"):
        before, after = (sum(row[side][name] for row in rows.values()) for side in ("before", "after"))
        assert before == pytest.approx(after)
    assert rows[CELL["F"]]["after"]["households"] < rows[CELL["F"]]["before"]["households"]
    assert told["impact"]["handovers"]
    assert told["findings"]["blockers"] == []
    back = step(api, "planner", plan, "undo", 2)
    assert back.status_code == 200, back.text
    first = api.get("planner", f"/plans/{plan}/drawing").json()
    assert not any(one["properties"]["changed"] for one in first["features"])
    again = step(api, "planner", plan, "redo", 3)
    assert again.status_code == 200, again.text
    assert again.json()["cells"]["features"] == told["cells"]["features"]


def test_the_loser_of_two_is_told_what_the_other_did(api: Api) -> None:
    plan = begun(api)
    assert moved(api, plan).status_code == 200
    late = moved(api, plan, 1)
    assert late.status_code == 412
    told = late.json()
    assert (told["code"], told["version"]) == ("changed_meanwhile", 2)
    assert [one["kind"] for one in told["changes"]] == ["move_node"]
    assert api.post("planner", f"/plans/{plan}/undo").status_code == 428
    assert api.post("planner", f"/plans/{plan}/undo", headers={"If-Match": "nonsense"}).status_code == 412


def test_who_may_do_what(api: Api) -> None:
    plan = begun(api)
    assert api.get("worker-a", f"/plans/{plan}").status_code == 404
    assert api.get("official", "/plans").json()["items"] == []
    assert api.post("worker-a", "/plans", {"title": "x"}).status_code == 403
    assert step(api, "planner", plan, "submit", 1).json()["code"] == "plan_empty"
    assert moved(api, plan).status_code == 200
    assert step(api, "planner", plan, "submit", 2).status_code == 200
    assert moved(api, plan, 3).json()["code"] == "plan_status"
    assert step(api, "planner", plan, "approve", 3).status_code == 403
    assert step(api, "approver", plan, "publish", 3, {"from": TODAY}).json()["code"] == "plan_status"
    assert api.post("worker-a", f"/plans/{plan}/comments", {"text": "河那边更近"}, headers=tag(3)).status_code == 201
    assert api.post("worker-g", f"/plans/{plan}/comments", {"text": "河那边更近"}).status_code == 403
    assert [one["role"] for one in api.get("planner", f"/plans/{plan}/comments").json()["items"]] == ["worker"]
    returned = step(api, "approver", plan, "return", 3, {"note": "F 太小"})
    assert (returned.json()["status"], returned.json()["note"]) == ("draft", "F 太小")
    assert step(api, "planner", plan, "withdraw", 4).json()["status"] == "withdrawn"


def test_publishing_writes_what_changes_and_hands_over(api: Api) -> None:
    before = cell_ids(api)
    homes = {row.id: row.cell_id for row in api.county.run(select(t.households.c.id, t.households.c.cell_id))}
    reported = dict(api.county.run(select(t.incidents.c.id, t.incidents.c.cell_id)))
    due = dict(api.county.run(select(t.incidents.c.id, t.incidents.c.due_at)))
    plan = published(api)
    row = api.get("planner", f"/plans/{plan}").json()
    assert (row["status"], row["applies_on"]) == ("applied", TODAY)
    after = cell_ids(api)
    assert {code for code in after if after[code] != before[code]} == {CELL[letter] for letter in "ABEF"}
    assert dict(api.county.run(select(t.incidents.c.id, t.incidents.c.cell_id))) == reported
    assert dict(api.county.run(select(t.incidents.c.id, t.incidents.c.due_at))) == due
    now = {row.id: row.cell_id for row in api.county.run(select(t.households.c.id, t.households.c.cell_id))}
    old = {identity: code for code, identity in before.items()}
    new = {identity: code for code, identity in after.items()}
    changed = {one for one in homes if old[homes[one]] != new[now[one]]}
    assert changed
    assert all(now[one] in new for one in homes)
    sheets = api.get("planner", "/handovers", params={"plan": plan}).json()["items"]
    assert sum(one["items"]["households"] for one in sheets) == len(changed)
    assert api.county.one(select(func.count()).select_from(t.drawings)) == 2
    # nobody's duty is left in a cell that is no more, and running again does nothing
    d, c = t.duties.c, t.cells.c
    lost = select(func.count()).select_from(t.duties).join(t.cells, c.id == d.cell_id)
    assert api.county.one(lost.where(d.valid_to.is_(None), c.valid_to.is_not(None))) == 0
    moves = select(func.count()).where(t.events.c.kind == "handed_over")  # the sweep writes warnings besides
    asked = [moves, *(select(func.count()).select_from(table) for table in (t.duties, t.handovers))]
    counts = [api.county.one(one) for one in asked]
    assert apply_due(api.county.ctx) == 0
    sweep(api.county.ctx)
    assert counts == [api.county.one(one) for one in asked]


def test_open_cases_move_with_their_ground_as_a_dated_row(api: Api) -> None:
    plan = published(api, (NOW.date() + timedelta(days=3)).isoformat())
    r = t.responsibilities.c
    rows = api.county.one(select(func.count()).select_from(t.responsibilities))
    assert apply_due(api.county.ctx) == 0
    assert api.get("planner", f"/plans/{plan}").json()["status"] == "published"
    api.county.clock.forward(days=3)
    api.tokens.clear()
    assert sweep(api.county.ctx)["drawings"] == 1
    assert api.county.one(select(func.count()).select_from(t.responsibilities)) > rows
    e = t.events.c
    told = api.county.run(select(e.incident_id, e.data).where(e.kind == "handed_over"))
    assert told
    assert all('"reason":"redraw"' in row.data for row in told)
    held = api.county.run(
        select(r.worker_id, r.cell_id).where(r.valid_to.is_(None), r.incident_id == told[0].incident_id)
    )
    assert held[0].cell_id in cell_ids(api).values()


def test_a_hand_over_is_signed_by_both(api: Api) -> None:
    plan = published(api)
    sheets = api.get("planner", "/handovers", params={"plan": plan}).json()["items"]
    mine = next(one for one in api.get("worker-a", "/handovers").json()["items"])
    assert mine["signed_at"] is None
    assert api.post("worker-g", f"/handovers/{mine['id']}/sign").status_code in {403, 404}
    signed = api.post("worker-a", f"/handovers/{mine['id']}/sign")
    assert signed.status_code == 200, signed.text
    sides = [signed.json()[name] for name in ("given_at", "taken_at")]
    assert sum(side is not None for side in sides) == 1
    assert api.post("worker-a", f"/handovers/{mine['id']}/sign").json() == signed.json()
    paper = api.get("worker-a", f"/handovers/{mine['id']}/sheet.pdf")
    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF")
    assert len(sheets) >= 1


def test_a_hand_over_names_houses_and_cases_to_those_of_the_place(api: Api) -> None:
    without_b(api.county, api.county.ctx.today())
    [mine] = api.get("worker-a", "/handovers").json()["items"]
    where = f"/handovers/{mine['id']}"
    full = api.get("worker-a", where).json()
    assert len(full["households"]) == mine["items"]["households"] > 0
    assert len(full["cases"]) == mine["items"]["cases"] > 0
    for user in ("planner", "dispatcher-1"):
        assert api.get(user, where).json() == full, user
    for user in ("dispatcher-k3", "supervisor-2", "official-2"):  # the other town's
        other = api.get(user, where).json()
        assert (other["items"], other["households"], other["cases"]) == (full["items"], [], []), user
        assert api.get(user, f"{where}/sheet.pdf").status_code == 200
    logged = {(row.account_id, row.kind) for row in api.readings() if "/handovers/" in row.route}
    readers = {api.county.account(name).id for name in ("worker-a", "planner", "dispatcher-1")}
    assert logged == {(one, kind) for one in readers for kind in ("household", "incident")}


def test_a_publish_is_reversed_by_a_plan(api: Api) -> None:
    first = api.get("planner", "/cells", params={"format": "geojson"}).json()["features"]
    plan = published(api)
    api.county.clock.forward(days=1)
    api.tokens.clear()
    answer = api.post("planner", f"/plans/{plan}/reverse")
    assert answer.status_code == 201, answer.text
    back = answer.json()
    assert (back["reverses_id"], back["edits"], back["version"]) == (plan, 1, 2)
    day = (NOW.date() + timedelta(days=1)).isoformat()
    for user, name, version, body in (
        ("planner", "submit", 2, None), ("approver", "approve", 3, None), ("approver", "publish", 4, {"from": day}),
    ):  # fmt: skip
        done = step(api, user, back["id"], name, version, body)
        assert done.status_code == 200, done.text
    again = api.get("planner", "/cells", params={"format": "geojson"}).json()["features"]
    shapes = [{one["properties"]["code"]: one["geometry"] for one in rows} for rows in (first, again)]
    drawn = [{code: shapely.normalize(shapely.geometry.shape(one)) for code, one in rows.items()} for rows in shapes]
    assert drawn[0] == drawn[1]
    days = api.get("planner", "/drawings").json()["items"]
    assert [one["plan_id"] for one in days] == [None, plan, back["id"]]
    assert [one["valid_to"] for one in days[:-1]] == [one["valid_from"] for one in days[1:]]


def test_a_report_from_a_phone_with_the_old_drawing_is_placed_by_its_coordinates(api: Api) -> None:
    lon, lat = centre("F", -0.42, 0.45)
    report = {"category": "mining-blasting", "lon": lon, "lat": lat, "text": "x"}
    assert api.post("worker-a", "/incidents", report).json()["cell"]["code"] == CELL["F"]
    published(api)
    assert api.post("worker-a", "/incidents", report).json()["cell"]["code"] != CELL["F"]


def test_a_plan_that_began_with_an_older_drawing_is_rebased(api: Api) -> None:
    other = begun(api)
    assert moved(api, other).status_code == 200
    published(api)
    for user, name, version in (("planner", "submit", 2), ("approver", "approve", 3)):
        assert step(api, user, other, name, version).status_code == 200
    late = step(api, "approver", other, "publish", 4, {"from": (NOW.date() + timedelta(days=9)).isoformat()})
    assert (late.status_code, late.json()["code"]) == (409, "base_changed")
    assert step(api, "approver", other, "return", 4, {}).status_code == 200
    told = step(api, "planner", other, "rebase", 5)
    assert told.status_code == 200, told.text
    assert [one["blocked"] for one in told.json()["trouble"]] == [True]


def merged(api: Api, plan: int) -> Any:
    """Cell B is abolished: A has its land."""
    edit = {"kind": "merge", "cells": [CELL["A"], CELL["B"]], "code": CELL["A"]}
    return api.post("planner", f"/plans/{plan}/edits", {"edits": [edit]}, headers=tag(1))


def test_the_past_is_shown_as_it_was_drawn_then(api: Api) -> None:
    """A complaint recorded in a cell that a redraw abolished keeps that cell for ever; a day shows its drawing."""
    before = {one["code"] for one in api.rows("planner", "/cells")}
    asked = {"cell": CELL["B"], "open": True}
    cases = {one["id"] for one in api.rows("dispatcher-1", "/incidents", **asked)}
    published(api, edits=merged)
    assert {one["code"] for one in api.rows("planner", "/cells")} == before - {CELL["B"]}
    yesterday = (NOW.date() - timedelta(days=1)).isoformat()
    assert {one["code"] for one in api.rows("planner", "/cells", as_of=yesterday)} == before
    assert api.rows("dispatcher-1", "/incidents", **asked) == []
    then = {one["id"] for one in api.rows("dispatcher-1", "/incidents", **asked, drawing="then")}
    handed = api.county.one(select(t.incidents.c.id).where(t.incidents.c.source_ref == "R-B0"))
    assert then == cases | {handed}  # reported in B, though A answered for it before the redraw already
    # who served B alone has nothing left to serve, and A's worker has all of it
    moved_to = {one["id"] for one in api.rows("worker-a", "/incidents", open=True)}
    assert then <= moved_to
    counts = [
        api.get("official", "/stats/counts", params={"by": "cell", "drawing": drawing}).json()["rows"]
        for drawing in ("then", "now")
    ]
    assert [{row["cell"]: row["count"] for row in rows}.get(CELL["B"]) for rows in counts] == [6, None]
