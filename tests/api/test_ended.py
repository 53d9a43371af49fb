"""A case that has ended shows whether it was disposed of in time, as the scorecards count it: in lists and alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridmap.usecases.exporting import Choice, export_file
from tests.api.client import Api
from tests.api.test_reports import REPORT


def reported(api: Api) -> int:
    return int(api.post("worker-a", "/incidents", REPORT).json()["id"])


def does(api: Api, user: str, case: int, action: str, **given: object) -> None:
    answer = api.post(user, f"/incidents/{case}/actions/{action}", given)
    assert answer.status_code == 200, answer.text


def resolve(api: Api, case: int) -> None:
    does(api, "worker-a", case, "resolve", outcome="settled", note="双方已和解")


def close(api: Api, case: int) -> None:
    does(api, "dispatcher-1", case, "verify", passed=True, note="现场已核实")
    does(api, "dispatcher-1", case, "close")


def later(api: Api, **by: float) -> None:
    api.county.clock.forward(**by)
    api.tokens.clear()


def test_what_has_ended_says_whether_in_time(api: Api, tmp_path: Path) -> None:
    """In time; in time and verified long after; late; late and reopened; void; open still."""
    prompt, slow, late, again, void, open_ = (reported(api) for _ in range(6))
    for case in (prompt, slow):
        resolve(api, case)
    close(api, prompt)
    does(api, "dispatcher-1", void, "void", reason="test", note="x")
    later(api, days=60)
    close(api, slow)
    for case in (late, again):
        resolve(api, case)
        close(api, case)
    does(api, "dispatcher-1", again, "reopen", reason="not_done", note="x")
    said = {prompt: True, slow: True, late: False, again: None, void: None, open_: None}
    listed = {row["id"]: row["in_time"] for row in api.rows("dispatcher-1", "/incidents")}
    assert {case: listed[case] for case in said} == said
    alone = {case: api.get("dispatcher-1", f"/incidents/{case}").json() for case in said}
    assert {case: one["in_time"] for case, one in alone.items()} == said
    assert {case for case, one in alone.items() if one["light"] is None} == {prompt, slow, late, void}
    layer = api.get("dispatcher-1", "/layers/incidents").json()["features"]
    assert {one["id"]: one["properties"]["in_time"] for one in layer}.items() >= said.items()
    path = tmp_path / "cases.csv"
    export_file(api.county.ctx, "incidents", path, Choice(), username="official", reason="看是否按期处置")
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("number")["in_time"]
    written = {case: {"1": True, "0": False, "": None}[rows[alone[case]["number"]]] for case in said}
    assert written == said


def test_it_is_what_the_scorecard_counts(api: Api) -> None:
    """Of the cases behind "disposed" of each month those behind "in time", and no others, say so."""
    months = {row["received_at"][:7] for row in api.rows("dispatcher-1", "/incidents", status="closed")}
    assert months
    for month in months:
        behind = {
            counted: {row["id"]: row for row in api.rows("dispatcher-1", "/incidents", counted=counted, month=month)}
            for counted in ("disposed_within", "disposed_in_time")
        }
        in_time = {case for case, row in behind["disposed_within"].items() if row["in_time"]}
        assert in_time == set(behind["disposed_in_time"])
        assert all(row["in_time"] is not None for row in behind["disposed_within"].values() if row["closed_at"])
