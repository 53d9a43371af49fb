"""The figures of calibration that docs/insight.md tells are those that the trials counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.trials.test_calibration import TESTS, TIMES
from tests.trials.test_many_sources import COUNTIES

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def counted(title: str, outcome: str) -> tuple[int, int]:
    """How many of a trial's cases had the outcome, of how many."""
    text = (DOCS / "trials.md").read_text(encoding="utf-8")
    (row,) = [line.split("|") for line in text.splitlines() if line.startswith(f"| {title} |")]
    found = re.search(rf"(?:^|, ){outcome} (\d+)", row[3].strip())
    return int(found[1]) if found else 0, int(row[2].split(" of ")[0])


def told(first: str) -> list[str]:
    """The row of docs/insight.md that begins so."""
    text = (DOCS / "insight.md").read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


@pytest.mark.parametrize("name", TESTS)
def test_false_alarms_are_told_as_counted(name: str) -> None:
    alarms, counties = counted(f"no cluster: {name}, at 5 %", "alarm")
    assert counties == 1_000
    assert told(name) == [f"{100 * alarms / counties:.1f} %"]


@pytest.mark.parametrize("times", TIMES)
def test_power_is_told_as_counted(times: float) -> None:
    shares = []
    for way in ("gridmap", "esda", "counts"):
        shown, counties = counted(
            f"nine of 196 cells at {times:g} times the rate, five of them shown by {way}", "shown"
        )
        assert counties == 200
        shares.append(f"{100 * shown / counties:.1f} %")
    assert told(f"{times:g}") == shares


@pytest.mark.parametrize("enterprises", COUNTIES)
def test_alarms_among_many_are_told_as_counted(enterprises: int) -> None:
    title = f"nothing planted around {enterprises:,} enterprises, rounds of replications: any called raised, at q 0.05"
    quiet, counties = counted(title, "none called raised")
    assert counties == COUNTIES[enterprises]
    text = " ".join((DOCS / "insight.md").read_text(encoding="utf-8").split())
    alarms = counties - quiet
    said = (
        f"in {alarms} of {counties:,} counties with {enterprises:,}",
        f"in {alarms} of {counties:,} with {enterprises:,}",
    )
    assert any(f"{one} enterprises, {100 * alarms / counties:.1f} %" in text for one in said)
