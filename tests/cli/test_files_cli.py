"""The verbs over files, as a newcomer types them: no database, one JSON document where asked, honest exit status."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.cli.app import run
from gridmap.files import read_table
from gridmap.ground import convert
from tests.grids import LAT, LON, SIZE_DEG, grid

ROOT = Path(__file__).resolve().parent.parent.parent
Said = Any


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with cells A and B side by side, and points in A, on the border, outside, and nowhere."""
    monkeypatch.chdir(tmp_path)
    grid("AB").to_file(tmp_path / "cells.geojson", driver="GeoJSON")
    points(tmp_path / "points.csv")
    return tmp_path


INSIDE = (LON + 0.25 * SIZE_DEG, LAT + 0.5 * SIZE_DEG)
BORDER = (LON + SIZE_DEG, LAT + 0.5 * SIZE_DEG)
OUTSIDE = (LON - 0.01, LAT)


def points(path: Path, extra: str = "") -> Path:
    rows = [
        f"0{n},  {name} ,{lon!r},{lat!r}"
        for n, (name, (lon, lat)) in enumerate(zip("xyz", (INSIDE, BORDER, OUTSIDE), strict=True))
    ]
    path.write_text("id,note,经度,纬度\n" + "\n".join(rows) + "\n" + extra, encoding="utf-8")
    return path


def records(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as held:
        return list(csv.DictReader(held))


# --- locate ---------------------------------------------------------------------------------------------------------


def test_locate_adds_cell_and_border_and_keeps_the_rest(here: Path, capsys: Said) -> None:
    assert run(["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv"]) == 0
    before, after = records(here / "points.csv"), records(here / "out.csv")
    assert [{k: v for k, v in row.items() if k not in {"cell", "border_m"}} for row in after] == before
    assert [row["cell"] for row in after] == ["A", "A", ""], "a shared border belongs to the lowest code"
    assert [row["border_m"] for row in after][1:] == ["0.00", ""]
    assert 90 < float(after[0]["border_m"]) < 100
    out, err = capsys.readouterr()
    assert out.startswith("3 points: 2 in one of 2 cells, 1 outside, 0 without usable coordinates.")
    assert "'x' is read from '经度'" in err


def test_locate_names_rows_without_coordinates_and_writes_them_all_the_same(here: Path, capsys: Said) -> None:
    points(here / "points.csv", f"03,no,,\n04,bad,106.5,N/A\n05,swapped,{INSIDE[1]},{INSIDE[0]}\n")
    status = run(
        ["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv", "--rejects", "r.csv"]
    )
    assert status == 1
    _, err = capsys.readouterr()
    assert "row 5, place: there is no coordinate in '经度'" in err
    assert "row 6, place: there is no coordinate in '纬度'" in err
    assert "row 7, place:" in err
    assert "swapped" in err
    after = records(here / "out.csv")
    assert [row["id"] for row in after] == ["00", "01", "02", "03", "04", "05"]
    assert [row["cell"] for row in after][3:] == ["", "", ""]
    assert [row["row"] for row in records(here / "r.csv")] == ["5", "6", "7"]


def test_locate_as_json_says_nothing_else_on_stdout(here: Path, capsys: Said) -> None:
    points(here / "points.csv", "03,no,,\n")
    assert run(["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {key: told[key] for key in ("points", "located", "outside", "faulty", "cells")} == {
        "points": 4, "located": 2, "outside": 1, "faulty": 1, "cells": 2,
    }  # fmt: skip
    assert told["faults"][0]["row"] == 5


@pytest.mark.parametrize("name", ["out.csv.gz", "out.gpkg", "out.geojson", "out.parquet", "out.xlsx"])
def test_locate_writes_every_format_alike(here: Path, name: str) -> None:
    assert run(["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", name]) == 0
    table = read_table(here / name)
    assert [cell or None for cell in table.frame["cell"]] == ["A", "A", None]
    assert table.frame["id"].tolist() == ["00", "01", "02"]
    metres = pd.to_numeric(table.frame["border_m"]).to_numpy()
    assert np.isnan(metres[2])
    assert metres[1] == 0.0
    if name.endswith(("gpkg", "geojson")):
        assert table.frame["geometry"].iloc[1].equals_exact(shapely.Point(BORDER), 1e-7)


@pytest.mark.parametrize("name", ["points.gpkg", "points.geojson", "points.parquet"])
def test_locate_takes_points_of_spatial_files(here: Path, name: str) -> None:
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[shapely.Point(INSIDE), shapely.Point(OUTSIDE)], crs="EPSG:4326")
    frame = frame.to_crs("EPSG:4545") if not name.endswith("geojson") else frame
    frame.to_parquet(here / name) if name.endswith("parquet") else frame.to_file(here / name)
    assert run(["locate", name, "--cells", "cells.geojson", "--code", "code", "-o", "out.gpkg"]) == 0
    table = read_table(here / "out.gpkg")
    assert table.frame["cell"].tolist() == ["A", None]
    assert table.frame["n"].tolist() == [1, 2]
    assert table.crs == ("EPSG:4326" if name.endswith("geojson") else "EPSG:4545")


def test_locate_reads_points_in_gcj02(here: Path) -> None:
    lon, lat = convert([INSIDE[0]], [INSIDE[1]], "wgs84", "gcj02")
    (here / "gcj.csv").write_text(f"x,y\n{lon[0]!r},{lat[0]!r}\n".replace("np.float64(", "").replace(")", ""))
    base = ["locate", "gcj.csv", "--cells", "cells.geojson", "--code", "code"]
    assert run([*base, "-o", "right.csv", "--crs", "gcj02"]) == 0
    assert run([*base, "-o", "wrong.csv"]) == 0
    assert records(here / "right.csv")[0]["cell"] == "A"
    assert records(here / "wrong.csv")[0]["cell"] != "A"


def test_locate_keeps_a_column_called_cell(here: Path, capsys: Said) -> None:
    (here / "p.csv").write_text(f"cell,x,y\nmine,{INSIDE[0]},{INSIDE[1]}\n")
    assert run(["locate", "p.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv"]) == 0
    assert records(here / "out.csv")[0] == {**records(here / "out.csv")[0], "cell_before": "mine", "cell": "A"}
    assert "kept as 'cell_before'" in capsys.readouterr().err


def test_locate_takes_named_columns_and_needs_both(here: Path, capsys: Said) -> None:
    base = ["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv"]
    assert run([*base, "--x", "经度", "--y", "纬度"]) == 0
    assert run([*base, "--x", "经度"]) == 2
    assert run([*base, "--x", "经度", "--y", "north"]) == 1
    assert "it has id, note, 经度, 纬度" in capsys.readouterr().err


def test_no_points_are_no_fault(here: Path) -> None:
    (here / "none.csv").write_text("x,y\n")
    assert run(["locate", "none.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv"]) == 0
    assert (here / "out.csv").read_text() == "x,y,cell,border_m\n"


def test_faulty_cells_are_refused_by_feature(here: Path, capsys: Said) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    shapes = [shapely.box(106.5, 27.0, 106.6, 27.1), bow_tie, None]
    gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=shapes, crs="EPSG:4326").to_file(here / "bad.gpkg")
    assert run(["locate", "points.csv", "--cells", "bad.gpkg", "--code", "code", "-o", "out.csv"]) == 1
    err = capsys.readouterr().err
    assert "feature 2: its geometry is not valid (Self-intersection" in err
    assert "feature 3: it has no geometry" in err
    assert not (here / "out.csv").exists()


def test_wrong_usage_is_2_and_says_how(here: Path, capsys: Said) -> None:
    for args in (
        ["locate"],
        ["locate", "points.csv", "--code", "x"],
        ["nonsense"],
        ["locate", "nothing.csv", "--cells", "cells.geojson", "--code", "code", "-o", "o.csv"],
    ):
        assert run(args) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "gridmap" in err


def test_an_unwritable_place_is_the_environment_s_fault(here: Path, capsys: Said) -> None:
    assert run(["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "nowhere/out.csv"]) == 3
    assert "Is the folder there" in capsys.readouterr().err


def test_an_error_is_the_one_document_too(here: Path, capsys: Said) -> None:
    assert run(["locate", "points.csv", "--cells", "cells.geojson", "--code", "nothing", "-o", "o.csv", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["error"]["code"] == "no_such_column"


def test_a_fault_of_our_own_is_a_line_unless_debugging(
    here: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("gridmap.files.locating.locate_table", broken)
    args = ["locate", "points.csv", "--cells", "cells.geojson", "--code", "code", "-o", "out.csv"]
    assert run(args) == 3
    err = capsys.readouterr().err
    assert "ZeroDivisionError: oh" in err
    assert "Traceback" not in err
    monkeypatch.setenv("GRIDMAP_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(args)


# --- Chicago --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def located(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, str, Path]:
    """The contract's own command in a process of its own: status, stdout, stderr, output."""
    out = tmp_path_factory.mktemp("chicago") / "out.csv"
    folder = shared_data / "chicago"
    done = gridmap(
        "locate", str(folder / "sanitation_complaints_before_2013.csv.gz"), "--cells", str(folder / "police_beats.zip"),
        "--code", "BEAT_NUM", "-o", str(out),
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr, out


def gridmap(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from gridmap.cli import main; main()", *args]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=environment)


def test_chicago_is_located_end_to_end(located: tuple[int, str, str, Path]) -> None:
    status, out, err, _ = located
    assert status == 1
    assert out.startswith("37,230 points: 37,143 in one of 275 cells, 83 outside, 4 without usable coordinates.")
    assert "features 2, 56 and 264 have the code 3100" in err
    for row in (8222, 11856, 18229, 19383):
        assert f"row {row}, place: there is no coordinate" in err


def test_chicago_keeps_every_row_and_every_letter(located: tuple[int, str, str, Path], shared_data: Path) -> None:
    source = gzip.decompress(
        (shared_data / "chicago" / "sanitation_complaints_before_2013.csv.gz").read_bytes()
    ).decode()
    before = list(csv.reader(io.StringIO(source)))
    with located[3].open(newline="", encoding="utf-8") as held:
        after = list(csv.reader(held))
    assert len(after) == 37_231
    assert after[0] == [*before[0], "cell", "border_m"]
    assert [row[:-2] for row in after] == before


def test_every_assigned_point_equals_brute_force(located: tuple[int, str, str, Path], shared_data: Path) -> None:
    """Each point against each polygon, with no index, none of our code; a shared border is the lowest."""
    frame = pd.read_csv(located[3], dtype=str, keep_default_na=False)
    beats = gpd.read_file(shared_data / "chicago" / "police_beats.zip")
    known = frame["Latitude"] != ""
    x, y = frame["Longitude"].where(known, "nan").astype(float), frame["Latitude"].where(known, "nan").astype(float)
    places = shapely.points(x[known].to_numpy(), y[known].to_numpy())
    expected = np.full(len(frame), "", dtype=object)
    part = np.full(len(places), "", dtype=object)
    for beat in beats.sort_values("BEAT_NUM", ascending=False).itertuples():
        shape = beat.geometry
        shapely.prepare(shape)
        part[shapely.covers(shape, places)] = beat.BEAT_NUM
    expected[known.to_numpy()] = part
    assert frame["cell"].tolist() == expected.tolist()


def test_distances_to_the_border_are_metres(located: tuple[int, str, str, Path], shared_data: Path) -> None:
    """Checked in Illinois' own plane (feet), whose scale is within 1e-4 here."""
    frame = pd.read_csv(located[3], dtype=str, keep_default_na=False)
    frame = frame[frame["cell"] != ""].sample(300, random_state=7)
    beats = (
        gpd.read_file(shared_data / "chicago" / "police_beats.zip")
        .dissolve("BEAT_NUM")
        .segmentize(0.001)
        .to_crs("EPSG:3435")
    )
    places = gpd.GeoSeries.from_xy(frame["Longitude"].astype(float), frame["Latitude"].astype(float), crs=4326).to_crs(
        "EPSG:3435"
    )
    feet = [beats[cell].boundary.distance(place) for cell, place in zip(frame["cell"], places, strict=True)]
    metres = np.array(feet) * 1200 / 3937
    assert np.allclose(frame["border_m"].astype(float), metres, rtol=3e-4, atol=0.02)


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_passes_a_coverage(here: Path, capsys: Said) -> None:
    assert run(["check", "cells.geojson", "--code", "code", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cells"], told["ok"]) == (2, True)
    assert [told[name] for name in ("invalid", "overlaps", "gaps", "holes", "duplicate_codes")] == [[], [], [], [], []]
    assert run(["check", "cells.geojson"]) == 0
    assert capsys.readouterr().out == "2 cells: every place is in exactly one cell.\n"


def test_check_names_every_fault(here: Path, capsys: Said) -> None:
    faulty = grid("AAA/A.A/AAA")
    over = gpd.GeoDataFrame({"code": ["B", "A", "C"]}, geometry=[
        shapely.box(LON, LAT, LON + SIZE_DEG / 2, LAT + SIZE_DEG), shapely.box(107, 27, 107.01, 27.01), None,
    ], crs="EPSG:4326")  # fmt: skip
    pd.concat([faulty, over]).to_file(here / "bad.gpkg")
    assert run(["check", "bad.gpkg", "--code", "code", "--max-gap-m2", "1000000", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [(one["a"], one["b"]) for one in told["overlaps"]] == [("A", "B")]
    assert told["duplicate_codes"] == ["A"]
    assert len(told["gaps"]) == 1
    assert [one["row"] for one in told["invalid"]] == [4]
    assert run(["check", "bad.gpkg", "--code", "code"]) == 1
    out = capsys.readouterr().out
    for words in (
        "feature 4 (C): no geometry",
        "A and B overlap by",
        "hole:",
        "the code A stands in more than one feature",
    ):
        assert words in out


def test_check_against_a_boundary(here: Path, capsys: Said) -> None:
    grid("AABB").dissolve().to_file(here / "county.geojson")
    assert run(["check", "cells.geojson", "--code", "code", "--within", "county.geojson", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["holes"]) == 1
    assert told["outside"] == []


def test_a_coverage_is_judged_in_the_coordinates_it_was_drawn_in(here: Path, capsys: Said) -> None:
    """A corner on a neighbour's long straight edge leaves that edge by centimetres in any other system."""
    right, upper, lower = (
        shapely.box(3000, 0, 12000, 9000),
        shapely.box(0, 4321, 3000, 9000),
        shapely.box(0, 0, 3000, 4321),
    )
    drawn = gpd.GeoSeries([right, upper, lower]).translate(370_000, 2_990_000).set_crs("EPSG:4545")
    gpd.GeoDataFrame({"code": list("ABC")}, geometry=drawn).to_file(here / "metres.gpkg")
    assert run(["check", "metres.gpkg", "--code", "code"]) == 0
    gpd.GeoDataFrame({"code": list("ABC")}, geometry=drawn.to_crs(4326)).to_file(here / "degrees.gpkg")
    assert run(["check", "degrees.gpkg", "--code", "code"]) == 1


def test_check_in_gcj02_tells_places_in_wgs84(here: Path, capsys: Said) -> None:
    grid("AAA/A.A/AAA").to_file(here / "ring.geojson")
    grid("AAA").dissolve().to_file(here / "county.geojson")
    base = ["check", "ring.geojson", "--code", "code", "--json"]
    assert run(base) == 0
    plain = json.loads(capsys.readouterr().out)["holes"][0]
    assert run([*base, "--crs", "gcj02"]) == 0
    moved = json.loads(capsys.readouterr().out)["holes"][0]
    lon, lat = convert([plain["lon"]], [plain["lat"]], "gcj02", "wgs84")
    assert (moved["lon"], moved["lat"]) == pytest.approx((lon[0], lat[0]), abs=1e-9)
    assert moved["area_m2"] == pytest.approx(plain["area_m2"])


def test_check_of_chicago_finds_the_beat_in_three_pieces(shared_data: Path, capsys: Said) -> None:
    assert run(["check", str(shared_data / "chicago" / "police_beats.zip"), "--code", "BEAT_NUM", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["cells"] == 277
    assert told["duplicate_codes"] == ["3100"]


# --- convert --------------------------------------------------------------------------------------------------------


def test_convert_moves_columns_in_their_place_and_back(here: Path) -> None:
    assert run(["convert", "points.csv", "--from", "gcj02", "--to", "wgs84", "-o", "there.csv"]) == 0
    assert run(["convert", "there.csv", "--from", "wgs84", "--to", "gcj02", "-o", "back.csv"]) == 0
    before, there, back = (records(here / name) for name in ("points.csv", "there.csv", "back.csv"))
    assert [(row["id"], row["note"]) for row in there] == [(row["id"], row["note"]) for row in before]
    for first, moved, again in zip(before, there, back, strict=True):
        assert abs(float(first["经度"]) - float(moved["经度"])) > 1e-3
        for column in ("经度", "纬度"):
            assert abs(float(first[column]) - float(again[column])) < 3e-9, "a third of a millimetre"


def test_convert_projects_and_names_what_it_cannot(here: Path, capsys: Said) -> None:
    points(here / "points.csv", "03,no,,\n")
    assert run(["convert", "points.csv", "--from", "wgs84", "--to", "EPSG:4545", "-o", "out.csv"]) == 1
    rows = records(here / "out.csv")
    x, y = convert([INSIDE[0]], [INSIDE[1]], "wgs84", "EPSG:4545")
    assert (float(rows[0]["经度"]), float(rows[0]["纬度"])) == pytest.approx((x[0], y[0]), abs=1e-4)
    assert (rows[3]["经度"], rows[3]["纬度"]) == ("", "")
    assert "row 5, place" in capsys.readouterr().err


def test_convert_moves_polygons_vertex_by_vertex(here: Path, shared_data: Path) -> None:
    source = shared_data / "guiyang" / "520100_counties_gcj02.json"
    assert run(["convert", str(source), "--from", "gcj02", "--to", "wgs84", "-o", "out.geojson"]) == 0
    before, after = (
        shapely.get_coordinates(read_table(path).frame["geometry"].to_numpy())
        for path in (source, here / "out.geojson")
    )
    assert before.shape == after.shape
    lon, lat = convert(before[:, 0], before[:, 1], "gcj02", "wgs84")
    assert np.abs(np.sort(after[:, 0]) - np.sort(lon)).max() < 1e-7
    assert np.abs(np.sort(after[:, 1]) - np.sort(lat)).max() < 1e-7


def test_wkt_in_a_csv_is_geometry_for_every_verb(here: Path) -> None:
    (here / "p.csv").write_text(f"id,geometry\n1,POINT ({INSIDE[0]!r} {INSIDE[1]!r})\n2,nonsense\n")
    cells = read_table(here / "cells.geojson").frame
    cells.assign(geometry=[shape.wkt for shape in cells["geometry"]]).to_csv(here / "cells.csv", index=False)
    assert run(["locate", "p.csv", "--cells", "cells.csv", "--code", "code", "-o", "out.csv"]) == 1
    assert [row["cell"] for row in records(here / "out.csv")] == ["A", ""]
    assert run(["convert", "p.csv", "--from", "wgs84", "--to", "gcj02", "-o", "moved.csv"]) == 1
    rows = records(here / "moved.csv")
    assert rows[1]["geometry"] == "nonsense"
    lon, lat = convert([INSIDE[0]], [INSIDE[1]], "wgs84", "gcj02")
    assert shapely.from_wkt(rows[0]["geometry"]).equals_exact(shapely.Point(lon[0], lat[0]), 1e-12)


def test_convert_refuses_unknown_systems(here: Path, capsys: Said) -> None:
    assert run(["convert", "points.csv", "--from", "mars", "--to", "wgs84", "-o", "out.csv"]) == 1
    assert "gcj02" in capsys.readouterr().err


# --- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["locate", "check", "repair", "convert"])
def test_help_has_an_example(verb: str, capsys: Said) -> None:
    assert run([verb, "--help"]) == 0
    assert f"gridmap {verb} " in capsys.readouterr().out.split("Example:")[1]


def test_help_loads_nothing_heavy() -> None:
    assert gridmap("--help").returncode == 0
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, gridmap.cli.app; print(*sys.modules)"],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout.split()  # fmt: skip
    assert not {"pandas", "numpy", "shapely", "sqlalchemy", "fastapi", "pyogrio", "pyarrow"} & set(loaded)
