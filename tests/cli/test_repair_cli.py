"""`gridmap repair` as a newcomer types it: what is written passes `gridmap check`, and a second run changes nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.cli.app import run
from gridmap.files import read_table
from tests.grids import LAT, LON, SIZE_DEG, grid

Said = Any


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(LON + west * SIZE_DEG, LAT + south * SIZE_DEG, LON + east * SIZE_DEG, LAT + north * SIZE_DEG)


def dirty() -> gpd.GeoDataFrame:
    """Overlaps, a gap, a ring that crosses itself, vertices that no neighbour has; names and numbers beside."""
    tooth = shapely.Polygon(shapely.get_coordinates(box(2, 0, 3, 1))[[0, 1, 2, 3, 0]] + [0.0, 1e-3 / 7])
    crossing = shapely.Polygon(
        [(LON, LAT + SIZE_DEG), (LON + SIZE_DEG, LAT + SIZE_DEG), (LON, LAT + 2 * SIZE_DEG),
         (LON + SIZE_DEG, LAT + 2 * SIZE_DEG)]
    )  # fmt: skip
    shapes = [box(0, 0, 1.01, 1), box(1, 0, 2, 1) - box(1.99, 0.1, 2, 0.2), tooth, crossing, box(1, 1 / 3, 2.5, 2)]
    return gpd.GeoDataFrame(
        {"code": ["A", "B", "C", "D", "E"], "名称": ["甲", "乙", None, "丁", "=1+1"], "n": [5, 4, 3, 2, 1]},
        geometry=shapes, crs="EPSG:4326",
    )  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dirty drawing in it."""
    monkeypatch.chdir(tmp_path)
    dirty().to_file(tmp_path / "cells.gpkg")
    return tmp_path


def shapes_of(path: Path) -> np.ndarray:
    return read_table(path).frame["geometry"].to_numpy(dtype=object)


def records(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as held:
        return list(csv.DictReader(held))


def test_repair_says_what_it_did_to_whom(here: Path, capsys: Said) -> None:
    assert run(["check", "cells.gpkg", "--code", "code"]) == 1
    capsys.readouterr()
    assert run(["repair", "cells.gpkg", "--code", "code", "-o", "out.gpkg", "--report", "done.csv"]) == 0
    out, _ = capsys.readouterr()
    for words in (
        "feature 4 (D): mended: Self-intersection near 106.5",
        "overlap: B keeps ",
        " m2 that A claimed, too, near 106.5",
        "gap: ",
        "A: ",
        " m2 before, ",
        "5 cells, ",
        "Written to out.gpkg.",
    ):
        assert words in out
    done = {row["cell"]: row for row in records(here / "done.csv")}
    assert "left the overlap of" in done["A"]["what"]
    assert done["D"]["what"].startswith("mended: Self-intersection")
    assert float(done["A"]["before_m2"]) > float(done["A"]["after_m2"])
    assert run(["check", "out.gpkg", "--code", "code"]) == 0


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ("cells.gpkg", "out.gpkg"),
        ("cells.geojson", "out.geojson"),
        ("cells.shp", "out.shp"),
        ("cells.csv", "out.csv"),
    ],
)
def test_every_format_in_and_out(here: Path, source: str, out: str, capsys: Said) -> None:
    """Rows, columns and their order stay; the file passes; the second run is the first, bit for bit."""
    cells = dirty()
    if source.endswith("csv"):
        pd.DataFrame(cells).assign(geometry=shapely.to_wkt(cells.geometry, -1)).to_csv(source, index=False)
    else:
        cells.to_parquet(source) if source.endswith("parquet") else cells.to_file(source)
    for before, after in ((source, out), (out, f"again.{out}")):
        assert run(["repair", before, "--code", "code", "-o", after]) == 0
        table = read_table(here / after).frame
        assert table["code"].tolist() == ["A", "B", "C", "D", "E"]
        assert [text or None for text in table["名称"]] == ["甲", "乙", None, "丁", "=1+1"]
        assert table["n"].astype(int).tolist() == [5, 4, 3, 2, 1]
    assert "5 cells, 0 changed: 0 mended, 0 overlaps settled (0.0 m2), 0 gaps" in capsys.readouterr().out
    assert run(["check", out, "--code", "code"]) == 0
    if out.endswith("csv"):
        assert (here / out).read_text() == (here / f"again.{out}").read_text()
    else:
        assert shapely.equals_identical(shapes_of(here / out), shapes_of(here / f"again.{out}")).all()


def test_the_crs_stays_but_geojson_is_wgs84_and_repaired_there(here: Path) -> None:
    crs = "EPSG:4545"
    dirty().to_crs(crs).to_file("there.gpkg")
    for out, want in (("out.gpkg", crs), ("out.geojson", "EPSG:4326")):
        assert run(["repair", "there.gpkg", "--code", "code", "-o", out]) == 0
        assert read_table(here / out).crs == want
        assert run(["check", out, "--code", "code"]) == 0


def test_gcj02_stays_gcj02_and_places_are_told_in_wgs84(here: Path, capsys: Said) -> None:
    base = ["repair", "cells.gpkg", "--code", "code", "--json"]
    assert run([*base, "-o", "plain.gpkg"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert run([*base, "-o", "gcj.gpkg", "--crs", "gcj02"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert shapely.equals_identical(shapes_of(here / "plain.gpkg"), shapes_of(here / "gcj.gpkg")).all()
    assert 1e-3 < abs(told["overlaps"][0]["lon"] - plain["overlaps"][0]["lon"]) < 1e-2


def test_one_json_document_with_every_deed(here: Path, capsys: Said) -> None:
    assert run(["repair", "cells.gpkg", "--code", "code", "-o", "out.gpkg", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cells"], told["ok"], told["out"]) == (5, True, "out.gpkg")
    assert [one["code"] for one in told["mended"]] == ["D"]
    assert {"A", "B"} in [{one["to"], one["from"]} for one in told["overlaps"]]
    assert all(one["to"] in "ABCDE" and one["area_m2"] > 0.0 for one in told["gaps"])
    assert abs(told["moved_m2"]) < 1e-4 * told["after_m2"]


def test_a_cell_twice_is_for_a_person_to_decide(here: Path, capsys: Said) -> None:
    twice = pd.concat([dirty(), dirty().iloc[:1].assign(code="F")], ignore_index=True)
    twice.to_file("twice.gpkg")
    assert run(["repair", "twice.gpkg", "--code", "code", "-o", "out.gpkg", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "(F): nothing would be left of it, it lies under " in err
    assert json.loads(out)["error"]["code"] == "cannot_repair"
    assert not (here / "out.gpkg").exists()


def test_codes_given_twice_and_large_holes_in_a_boundary_are_left_and_exit_1(here: Path, capsys: Said) -> None:
    grid("AAB").assign(code="A").to_file("same.gpkg")
    assert run(["repair", "same.gpkg", "--code", "code", "-o", "out.gpkg"]) == 1
    assert "the code A stands in more than one feature" in capsys.readouterr().out
    assert (here / "out.gpkg").exists()
    grid("AAB").to_file("some.gpkg")
    grid("AABB").dissolve().to_file("county.gpkg")
    assert run(["repair", "some.gpkg", "--within", "county.gpkg", "-o", "out.gpkg"]) == 1
    assert " stays\n" in capsys.readouterr().out


def test_a_shapefile_that_would_cut_something_off_is_refused(here: Path, capsys: Said) -> None:
    for more in ({"a_long_column": 1}, {"text": "长" * 100}):
        dirty().assign(**more).to_file("wide.gpkg")
        assert run(["repair", "wide.gpkg", "-o", "out.shp"]) == 1
        assert "a Shapefile would cut off what this table holds" in capsys.readouterr().err
        assert not list(here.glob("*.shp"))
        assert not list(here.glob(".*"))


def test_wrong_usage_and_a_format_without_a_writer(here: Path, capsys: Said) -> None:
    assert run(["repair", "cells.gpkg"]) == 2
    assert run(["repair", "cells.gpkg", "-o", "out.kml"]) == 1
    assert "give the output one of the endings" in capsys.readouterr().err


def test_new_york_s_tracts_are_mended(here: Path, shared_data: Path, capsys: Said) -> None:
    """A real one: 281 tracts, five rings that cross themselves, villages drawn over their towns."""
    source = str(shared_data / "bench" / "ny_leukemia" / "NY8_polygons.wkt.csv.gz")
    assert run(["check", source, "--crs", "EPSG:32618"]) == 1
    capsys.readouterr()
    assert run(["repair", source, "--crs", "EPSG:32618", "-o", "out.gpkg", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["row"] for one in told["mended"]] == [25, 29, 174, 211, 225]
    assert (len(told["overlaps"]), len(told["gaps"]), len(told["holes"])) == (9, 1, 1)
    assert abs(told["moved_m2"]) < 1e-4 * told["after_m2"]
    assert run(["check", "out.gpkg"]) == 0
