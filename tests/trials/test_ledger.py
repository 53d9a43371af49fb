"""A trial can be stopped at any moment and taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trials.ledger import Ledger


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "test_it.py"
    path.write_text("version 1", encoding="utf-8")
    return path


def test_what_was_seen_is_not_tried_again(tmp_path: Path, source: Path) -> None:
    path = tmp_path / "trial.jsonl"
    Ledger.open(path, source, "abc").record("1", "before", good=True)
    again = Ledger.open(path, source, "def")
    assert list(again.remaining(["1", "2"])) == ["2"]
    again.record("2", "half", good=False)
    assert again.bad == ["2: half"]
    assert again.row("Kills", 3) == "| Kills | 2 of 3 | before 1, half 1 | 1 | abc, def |"


def test_a_line_cut_short_is_forgotten_alone(tmp_path: Path, source: Path) -> None:
    path = tmp_path / "trial.jsonl"
    Ledger.open(path, source, "abc").record("1", "before", good=True)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"trial": "')
    ledger = Ledger.open(path, source, "abc")
    ledger.record("2", "after", good=True)
    assert [case["case"] for case in Ledger.open(path, source, "abc").seen] == ["1", "2"]


def test_a_changed_trial_begins_anew(tmp_path: Path, source: Path) -> None:
    path = tmp_path / "trial.jsonl"
    Ledger.open(path, source, "abc").record("1", "before", good=True)
    source.write_text("version 2", encoding="utf-8")
    assert list(Ledger.open(path, source, "abc").remaining(["1"])) == ["1"]
