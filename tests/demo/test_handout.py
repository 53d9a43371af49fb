"""The county as files is read back by the importer as it is, nothing turned away."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely

from gridmap.demo import County, write
from gridmap.files import canonical, forbidden, guess, read_table

KINDS = ("areas", "bodies", "cells", "workers", "duties", "leaves", "households", "enterprises", "incidents", "roads",
         "water", "places")  # fmt: skip


@pytest.fixture(scope="module")
def folder(small: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("handout")
    write(small, target)
    return target


@pytest.mark.parametrize("kind", KINDS)
def test_a_newcomer_reads_back_what_was_written(small: County, folder: Path, kind: str) -> None:
    [path] = [path for path in folder.iterdir() if path.stem == kind]
    table = read_table(path)
    assert not forbidden(list(table.frame.columns))
    parsed = canonical(kind, table, guess(kind, list(table.frame.columns)), None)
    assert not parsed.rejects
    made: pd.DataFrame = getattr(small, kind)
    assert len(parsed.frame) == len(made)
    for column in made.columns.drop(["row", "geometry", "crs_in", "x_in", "y_in"], errors="ignore"):
        pd.testing.assert_series_equal(parsed.frame[column], made[column], check_dtype=False, obj=column)
    if "geometry" in made:
        assert shapely.equals(parsed.frame["geometry"].to_numpy(), made["geometry"].to_numpy()).all()


def test_the_truth_lies_beside_it(small: County, folder: Path) -> None:
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8")) == small.truth
