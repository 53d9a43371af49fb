"""Codes of areas and cells, their order, and the tree of areas."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gridmap.errors import InvalidInput
from gridmap.ground import CodeScheme, level_of, parent_of, paths
from tests.grids import grid

CELL = "520122101003017"


def test_a_code_is_taken_apart_and_put_together() -> None:
    scheme = CodeScheme()
    assert scheme.split(CELL) == {"county": "520122", "town": "101", "community": "003", "sequence": "017"}
    assert scheme.split("520122101") == {"county": "520122", "town": "101"}
    assert scheme.make("520122101003", 17) == scheme.validate(CELL) == CELL
    assert scheme.make("520122", 101) == "520122101"
    assert [level_of(CELL[:n]) for n in (6, 9, 12, 15)] == ["county", "town", "community", "cell"]
    assert [parent_of(CELL[:n]) for n in (6, 9, 12, 15)] == [None, "520122", "520122101", "520122101003"]


def test_other_lengths_and_a_prefix_are_configuration() -> None:
    scheme = CodeScheme(prefix="010101", sequence=2)  # CJ/T 349-2010: 20 digits
    assert scheme.make("010101520122101003", 7) == "01010152012210100307"
    assert scheme.split("01010152012210100307")["sequence"] == "07"
    assert scheme.lengths() == (12, 15, 18, 20)
    with pytest.raises(InvalidInput, match="beginning with 010101"):
        scheme.level("52012210100307")


@pytest.mark.parametrize(
    "code", ["", "52012", "5201221", "52012210100301A", "520122101003 17", "５２０１２２", "-20122", "5" * 16]
)
def test_what_is_no_code_is_refused_by_name(code: str) -> None:
    with pytest.raises(InvalidInput, match="is no code"):
        CodeScheme().validate(code)


def test_a_code_of_another_level_is_refused() -> None:
    with pytest.raises(InvalidInput, match="of a community, not of a cell"):
        CodeScheme().validate("520122101003")
    with pytest.raises(InvalidInput, match="nothing is below"):
        CodeScheme().make(CELL, 1)


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_a_number_must_fit_its_digits(number: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 999"):
        CodeScheme().make("520122101003", number)


def test_cells_are_numbered_from_west_to_east_then_north_to_south() -> None:
    points = grid("ABC/DEF").representative_point()
    shuffled = np.random.default_rng(4).permutation(6)
    codes = CodeScheme().number("520122101003", points.x.to_numpy()[shuffled], points.y.to_numpy()[shuffled])
    order = {code[-3:]: "ABCDEF"[shuffled[i]] for i, code in enumerate(codes)}
    assert "".join(order[f"{i:03d}"] for i in range(1, 7)) == "ADBECF"


def test_noise_below_a_metre_does_not_change_the_order() -> None:
    lon, lat = np.array([106.5, 106.5, 106.6]), np.array([27.0, 27.1, 27.0])
    calm = CodeScheme().number("520122101003", lon, lat)
    assert CodeScheme().number("520122101003", lon + np.array([0.0, 1e-7, 0.0]), lat).tolist() == calm.tolist()
    assert calm.tolist() == [f"520122101003{n:03d}" for n in (2, 1, 3)]


def test_numbering_can_go_on_and_may_be_empty() -> None:
    assert CodeScheme().number("520122101003", [106.5], [27.0], first=42).tolist() == ["520122101003042"]
    assert len(CodeScheme().number("520122101003", [], [])) == 0
    with pytest.raises(InvalidInput, match="row 2"):
        CodeScheme().number("520122101003", [106.5, np.nan], [27.0, 27.0])


def test_paths_lead_from_the_root() -> None:
    tree = {"520122101003": "520122101", "520122": None, "520122101": "520122"}
    assert paths(tree) == {
        "520122": ("520122",),
        "520122101": ("520122", "520122101"),
        "520122101003": ("520122", "520122101", "520122101003"),
    }


def test_a_missing_parent_and_a_circle_are_named() -> None:
    with pytest.raises(InvalidInput, match="area 2 names the parent 9"):
        paths({"1": None, "2": "9"})
    with pytest.raises(InvalidInput, match="1 -> 2 -> 3 -> 1"):
        paths({"1": "2", "2": "3", "3": "1"})


def test_real_codes_of_towns_lead_to_their_counties(shared_data: Path) -> None:
    with (shared_data / "division_codes" / "streets_four_cities.csv").open(encoding="utf-8") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    assert len(codes) == 448
    assert {level_of(code) for code in codes} == {"town"}
    assert "520122" in {parent_of(code) for code in codes}
