"""The county's own limits for cells, on both databases: set by an admin, kept to by plans, audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from gridmap.cli.app import run
from gridmap.errors import InvalidInput
from gridmap.plan import Limits
from gridmap.store import read, write
from gridmap.store import tables as t
from tests.api.client import Api, problem
from tests.api.test_plans import begun, moved

SHIPPED: dict[str, Any] = {
    "households_least": 300, "households_most": 500, "area_least_m2": 0.0, "area_most_m2": None,
    "compactness_least": 0.15, "deviation_most": 0.25,
}  # fmt: skip


def broken(api: Api, plan: int) -> set[str]:
    """Rules that the plan breaks by the limits in force."""
    found = api.get("planner", f"/plans/{plan}/findings").json()
    return {one["rule"] for one in found["blockers"] + found["warnings"]}


def test_a_county_sets_its_own_limits_and_plans_are_judged_by_them(api: Api) -> None:
    assert api.get("planner", "/cell-limits").json() == {"limits": SHIPPED, "history": []}
    plan = begun(api)
    told = moved(api, plan).json()
    assert told["findings"]["limits"] == SHIPPED
    assert "households" in broken(api, plan)  # the tiny county has a handful of households a cell

    wide = {**SHIPPED, "households_least": 0, "deviation_most": 10.0, "compactness_least": 0.0}
    assert api.ask("admin", "PUT", "/cell-limits", json=wide).json()["limits"] == wide
    assert not broken(api, plan) & {"households", "area", "compact", "even_work"}
    for change, rule in (
        ({"households_most": 0}, "households"), ({"area_most_m2": 1000.0}, "area"), ({"area_least_m2": 1e10}, "area"),
        ({"compactness_least": 1.0}, "compact"), ({"deviation_most": 1e-6}, "even_work"),
    ):  # fmt: skip
        api.ask("admin", "PUT", "/cell-limits", json={**wide, **change}).raise_for_status()
        assert broken(api, plan) & {"households", "area", "compact", "even_work"} == {rule}
        found = api.get("planner", f"/plans/{plan}/findings").json()
        assert found["limits"] == {**wide, **change}
        assert {one["limit"] for one in found["warnings"] if one["rule"] == rule} <= {*change.values()}


def test_who_set_what_is_told_and_audited(api: Api) -> None:
    changed = {**SHIPPED, "households_least": 250}
    for user in ("planner", "approver", "worker-a", "dispatcher-1"):
        problem(api.ask(user, "PUT", "/cell-limits", json=changed), 403, "forbidden")
    for _ in range(2):  # the same again changes nothing
        answer = api.ask("admin", "PUT", "/cell-limits", json=changed)
    with read(api.county.ctx.engine) as conn:
        a = t.audit.c
        lines = conn.execute(select(a.account_id, a.data).where(a.action == "cell_limits.set")).all()
    assert [line.account_id for line in lines] == [api.county.account("admin").id]
    assert json.loads(lines[0].data) == {"before": SHIPPED, "after": changed}
    history = answer.json()["history"]
    assert [{name: one[name] for name in SHIPPED} for one in history] == [changed]
    assert history[0]["by"] == api.county.account("admin").name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"households_least": -1}, "households_least"),
        ({"households_least": 600}, "households_most"),
        ({"area_least_m2": -0.5}, "area_least_m2"),
        ({"area_least_m2": 10.0, "area_most_m2": 10.0}, "area_most_m2"),
        ({"compactness_least": 1.1}, "compactness_least"),
        ({"deviation_most": 0}, "deviation_most"),
        ({"deviation_most": 11}, "deviation_most"),
    ],
)
def test_limits_that_make_no_sense_are_refused(api_lite: Api, change: dict[str, Any], field: str) -> None:
    answer = problem(api_lite.ask("admin", "PUT", "/cell-limits", json={**SHIPPED, **change}), 422, "invalid_input")
    assert answer["field"] == field
    assert api_lite.get("admin", "/cell-limits").json()["limits"] == SHIPPED


def test_the_database_itself_refuses_limits_out_of_order(api: Api) -> None:
    now = api.county.ctx.clock()
    for change in ({"households_most": 1}, {"area_least_m2": 5.0, "area_most_m2": 4.0}, {"compactness_least": 2.0}):
        with pytest.raises(InvalidInput, match=r"ck_cell_limits_[hac]"), write(api.county.ctx.engine) as conn:
            conn.execute(insert(t.cell_limits).values(**(SHIPPED | change), said_at=now))


def test_the_command_line_changes_some_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path / 'county.sqlite'}")
    monkeypatch.setenv("GRIDMAP_KEY_FILE", str(tmp_path / "secret.key"))
    assert run(["init"]) == 0
    assert run(["limits", "set", "--households-most", "450", "--area-most-m2", "2000000"]) == 0
    assert run(["limits", "set", "--area-most-m2", "0", "--deviation-most", "0.1"]) == 0
    assert run(["limits", "set", "--households-least", "451"]) == 1
    capsys.readouterr()
    assert run(["limits", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**SHIPPED, "households_most": 450, "deviation_most": 0.1}
    assert Limits(**SHIPPED) == Limits()
