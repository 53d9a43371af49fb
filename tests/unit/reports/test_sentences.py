"""Findings as sentences: the numbers of the cells that stand out, and how many of these are there by chance."""

from __future__ import annotations

from typing import Any

from gridmap.reports.sentences import of_cells


def cell(name: str, count: int, expected: float, homes: int) -> dict[str, Any]:
    return {"class": name, "count": count, "expected": expected, "households": homes}


def test_the_cells_that_stand_out_are_added_up_and_the_weakest_says_how_sure() -> None:
    cells = [
        cell("hot99", 9, 2.5, 60), cell("hot90", 8, 3.0, 80), cell("none", 70, 71.0, 900), cell("cold95", 0, 9.0, 200),
    ]  # fmt: skip
    said = of_cells(cells)
    assert said is not None
    assert "These 2 cells together had 17 disputes where 5.5 were expected from 140 households." in said["en"]
    assert "at most about 1 in 10" in said["en"]
    assert "这 2 格共 140 户，有 17 件，按户数应有 5.5 件。" in said["zh"]
    assert "不超过十分之一" in said["zh"]


def test_one_cell_is_one_and_none_is_no_sentence() -> None:
    said = of_cells([cell("hot99", 9, 1.0, 60)])
    assert said is not None
    assert "This cell had 9 disputes where 1 was expected from 60 households." in said["en"]
    assert "1 in 100" in said["en"]
    assert of_cells([cell("none", 9, 9.0, 60)]) is None
