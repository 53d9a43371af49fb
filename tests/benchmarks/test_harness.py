"""The runner's own arithmetic, and a small run of each benchmark (eight with the trials), so that none rots."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.__main__ import known, run
from tests.benchmarks.harness import Contender, Race, Result, Timing, measure
from tests.benchmarks.report import document
from tests.postgis import URL_VARIABLE


def same(answers: Mapping[str, Any]) -> str:
    assert len(set(answers.values())) == 1
    return "Equal."


def race(answer: int = 1, **more: Any) -> Race:
    def slow() -> int:
        time.sleep(0.01)
        return 1

    return Race(
        title="Waiting",
        about="Ten milliseconds.",
        ours=Contender("ours", lambda: answer),
        others=[Contender("theirs", slow)],
        amount=10,
        unit="waits",
        agree=same,
        **more,
    )


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    timings = {"ours": Timing((1.0, 1.0, 10.0), (1.0,) * 3), "theirs": Timing((2.0, 3.0, 40.0), (4.0,) * 3)}
    result = Result(race(at_least={"theirs": 3.5}), "Equal.", timings)
    assert result.ratio("theirs") == 3.0
    assert result.ratio("theirs", "cpu") == 4.0
    assert result.shortfalls() == ["Waiting: 3.0 times theirs, must be 3.5"]


def test_who_does_a_share_of_the_work_is_told_for_all_of_it() -> None:
    """By both clocks, or the ratio of the one would belie the other's."""
    quarter = Contender("quarter", lambda: 1, took=lambda _: 2.0, share=0.25)
    assert measure(replace(race(), ours=quarter), 2).timings["quarter"].wall == (8.0, 8.0)
    thousandth = Contender("thousandth", lambda: sum(range(300_000)), share=0.001)
    burned = replace(race(), ours=thousandth, others=[], agree=lambda _: "")
    assert measure(burned, 1).timings["thousandth"].cpu[0] > 1.0


def test_what_takes_long_runs_once() -> None:
    runs: list[str] = []
    contenders = [Contender(name, lambda name=name: runs.append(name)) for name in ("ours", "theirs")]  # type: ignore[misc]
    long = Race("Long", "", contenders[0], contenders[1:], 1, "runs", lambda _: "Equal.", once=True)
    assert len(measure(long, 7).timings["theirs"].wall) == 1
    assert runs == ["ours", "theirs"]


def test_single_calls_are_measured_at_a_quantile() -> None:
    waits = Race(
        title="Waits",
        about="",
        ours=Contender("ours", lambda wait: wait),
        others=[Contender("theirs", time.sleep)],
        amount=1,
        unit="calls",
        agree=lambda answers: str(answers["ours"]),
        each=[0.0] * 8 + [0.01, 0.02],
        quantile=0.8,
    )
    result = measure(waits, 2)
    assert result.agreed == str([0.0] * 8 + [0.01, 0.02])
    assert min(result.timings["theirs"].wall) >= 0.01


def test_contenders_that_disagree_are_not_measured() -> None:
    with pytest.raises(AssertionError):
        measure(race(answer=2), 1)


def test_every_round_is_measured_and_told() -> None:
    result = measure(race(at_least={"theirs": 2}), 3)
    assert {len(timing.wall) for timing in result.timings.values()} == {3}
    assert min(result.timings["theirs"].wall) >= 0.01
    assert result.shortfalls() == []
    text = document([result], 3, date(2026, 7, 3))
    assert "Measured on 2026-07-03, 3 rounds with Python" in text
    again = document([result], 3, date(2026, 7, 4), text + "\n\n## Another race\n\nAs it stood.\n")
    assert again.count("## Waiting") == 1
    assert "2026-07-03" not in again
    assert again.endswith("## Another race\n\nAs it stood.\n")
    assert "\n| **ours** |" in text
    assert str(Path.home()) not in text


#: even small runs of these take twenty seconds and more: with the trials
LONG = {"assignment", "bbox", "cold", "import", "intake", "refresh", "scores", "sync"}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.trial) if one in LONG else one for one in known()]
)
def test_each_benchmark_runs_and_agrees(
    name: str,
    shared_data: Path,
    postgis_server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgis_server)
    results = run(name, rounds=1, quick=True)
    assert results
    assert all(one.agreed for one in results)
    assert capsys.readouterr().out.count("## ") == len(results)
