"""The statistics over files, as a newcomer types them: the contract's keys, published figures, honest exit status."""

from __future__ import annotations

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

SIDE = 12


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with 144 cells of 500 m; nine of them have three times the disputes for their households."""
    monkeypatch.chdir(tmp_path)
    i, j = (v.ravel() for v in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    rng = np.random.default_rng(4)
    households = rng.integers(80, 300, SIDE * SIDE)
    raised = (i >= 3) & (i < 6) & (j >= 6) & (j < 9)
    frame = gpd.GeoDataFrame(
        {
            "code": [f"C{n:03}" for n in range(SIDE * SIDE)],
            "households": households,
            "disputes": rng.poisson(0.05 * households * np.where(raised, 3.0, 1.0)),
            "planted": raised,
        },
        geometry=[
            shapely.box(500.0 * a, 500.0 * b, 500.0 * (a + 1), 500.0 * (b + 1)) for a, b in zip(i, j, strict=True)
        ],
        crs="+proj=tmerc +lat_0=27 +lon_0=106.5 +datum=WGS84 +units=m",
    ).to_crs("EPSG:4326")
    frame.to_file(tmp_path / "cells.gpkg")
    points = pd.DataFrame({"x": 500.0 * i + 250, "y": 500.0 * j + 250}).join(frame.drop(columns="geometry"))
    points.to_csv(tmp_path / "cells.csv", index=False)
    return tmp_path


def told(capsys: Any, *args: str, status: int = 0) -> dict[str, Any]:
    """The one JSON document of a command."""
    capsys.readouterr()
    assert run([*args, "--json"]) == status
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


# --- hotspots ---------------------------------------------------------------------------------------------------------


def test_hotspots_finds_the_planted_cells(here: Path, capsys: Any) -> None:
    found = told(
        capsys, "hotspots", "cells.gpkg", "--value", "disputes", "--population", "households", "--code", "code"
    )
    planted = pd.read_csv("cells.csv")["planted"]
    classes = pd.Series([cell["class"] for cell in found["cells"]])
    assert len(classes) == SIDE * SIDE
    assert classes[planted].isin(["hot95", "hot99"]).sum() >= 5
    assert set(found["cells"][0]) == {
        "row", "code", "gi_star", "p_sim", "q_fdr", "class", "local_moran", "quadrant", "rate",
    }  # fmt: skip
    assert [cell["row"] for cell in found["cells"]] == list(range(SIDE * SIDE))
    assert {"I", "p_norm", "p_sim"} <= set(found["moran"])
    assert found["moran"]["p_sim"] == 0.002
    assert (found["islands"], found["without_population"], found["seed"]) == ([], [], 1)


def test_hotspots_with_every_kind_of_neighbours(here: Path, capsys: Any) -> None:
    base = ("hotspots", "cells.gpkg", "--value", "disputes", "--permutations", "999", "--neighbours")
    found = {
        rule: told(capsys, *base, rule)["cells"][0]["gi_star"] for rule in ("queen", "rook", "knn:3", "distance:710")
    }
    assert found["queen"] == pytest.approx(found["knn:3"]) == pytest.approx(found["distance:710"])
    assert found["rook"] != pytest.approx(found["queen"])
    codes = [f"C{n:03}" for n in range(SIDE * SIDE)]
    lines = [f"0 {len(codes)} cells code"]
    for a, code in enumerate(codes):
        near = [codes[b] for b in (a - 1, a + 1) if 0 <= b < len(codes)]
        lines += [f"{code} {len(near)}", " ".join(near)]
    (here / "line.gal").write_text("\n".join(lines) + "\n")
    assert told(capsys, *base, "line.gal")["cells"][0]["gi_star"] != pytest.approx(found["queen"])


def test_hotspots_writes_cells_with_columns(here: Path, capsys: Any) -> None:
    for name in ("out.gpkg", "out.csv"):
        assert run(["hotspots", "cells.gpkg", "--value", "disputes", "-o", name, "--permutations", "999"]) == 0
        frame = read_table(here / name).frame
        assert {"code", "disputes", "gi_star", "p_sim", "q_fdr", "class", "local_moran", "quadrant"} <= set(
            frame.columns
        )
        assert len(frame) == SIDE * SIDE
    out = capsys.readouterr().out
    assert "Moran's I" in out
    assert "144 cells:" in out
    assert "Written to out.gpkg." in out


def test_the_same_seed_prints_the_same(here: Path, capsys: Any) -> None:
    args = ("hotspots", "cells.gpkg", "--value", "disputes", "--seed")
    first, again, other = (told(capsys, *args, seed) for seed in ("7", "7", "8"))
    assert first == again
    assert first["cells"] != other["cells"]


@pytest.mark.parametrize(
    ("column", "values", "code"),
    [
        ("few", [0] * 143 + [29], "too_few_incidents"),
        ("flat", [2] * 144, "constant_values"),
        ("gaps", ["", "x"] * 72, "faulty_rows"),
    ],
)
def test_hotspots_refuses_what_shows_nothing(here: Path, capsys: Any, column: str, values: Any, code: str) -> None:
    pd.read_csv("cells.csv").assign(**{column: values}).to_csv("bad.csv", index=False)
    args = ("hotspots", "bad.csv", "--value", column, "--neighbours", "distance:500", "--x", "x", "--y", "y")
    error = told(capsys, *args, status=1)["error"]
    assert error["code"] == code
    if code == "faulty_rows":
        assert error["details"]["rows"] == list(range(2, 146)), "every row at fault is named, as a spreadsheet counts"


def test_cells_without_neighbours_are_named(here: Path, capsys: Any) -> None:
    cells = gpd.read_file("cells.gpkg")
    cells[~cells["code"].isin(["C001", "C012", "C013"])].to_file("apart.gpkg")
    assert run(["hotspots", "apart.gpkg", "--value", "disputes", "--code", "code"]) == 0
    assert "Not tested, since they have no neighbours: C000." in capsys.readouterr().out
    assert told(capsys, "hotspots", "apart.gpkg", "--value", "disputes")["islands"] == [0]


@pytest.mark.parametrize("rule", ["bishop", "knn:0", "knn:x", "distance:", "nothing.gal"])
def test_an_unknown_rule_is_wrong_usage(here: Path, rule: str) -> None:
    assert run(["hotspots", "cells.gpkg", "--value", "disputes", "--neighbours", rule]) == 2


def test_wrong_columns_and_usage(here: Path, capsys: Any) -> None:
    assert told(capsys, "hotspots", "cells.gpkg", "--value", "nothing", status=1)["error"]["code"] == "no_such_column"
    assert run(["hotspots", "cells.gpkg", "--value", "disputes", "--x", "x"]) == 2
    assert run(["hotspots", "cells.gpkg"]) == 2
    assert run(["sources", "cells.csv", "--cases", "disputes", "--x", "x", "--y", "y", "--source", "1,2"]) == 2
    assert run(["sources", "cells.csv", "--case", "planted", "--x", "x", "--y", "y", "--source", "somewhere"]) == 2


# --- scan -------------------------------------------------------------------------------------------------------------


def test_scan_gives_satscan_s_cluster_of_leukaemia(shared_data: Path, tmp_path: Path, capsys: Any) -> None:
    """Members are rows counted from 0; the published ones (smerc, SaTScan) are counted from 1."""
    tracts = pd.read_csv(shared_data / "bench/ny_leukemia/nydf_smerc.csv")
    tracts.assign(cases=np.floor(tracts["cases"])).to_csv(tmp_path / "ny.csv", index=False)
    found = told(
        capsys, "scan", str(tmp_path / "ny.csv"), "--cases", "cases", "--population", "population", "--x", "longitude",
        "--y", "latitude", "--max-share", "0.1",
    )  # fmt: skip
    first, second = found["clusters"][:2]
    assert set(first) == {
        "members", "centre", "radius", "cases", "expected", "relative_risk", "llr", "p",
    }  # fmt: skip
    assert (first["cases"], round(first["expected"], 2), round(first["llr"], 6)) == (85, 49.71, 11.577255)
    assert {48, 47, 49} < set(first["members"])
    assert first["centre"]["row"] == 48
    assert not set(first["members"]) & set(second["members"])


def test_scan_finds_the_planted_cells_by_their_shapes(here: Path, capsys: Any) -> None:
    args = ("scan", "cells.gpkg", "--cases", "disputes", "--population", "households", "--code", "code")
    first = told(capsys, *args)["clusters"][0]
    planted = np.flatnonzero(pd.read_csv("cells.csv")["planted"])
    assert len(set(first["members"]) & set(planted)) >= 8
    assert first["codes"] == [f"C{n:03}" for n in first["members"]]
    assert first["p"] == 0.001
    assert run(list(args)) == 0
    assert "Most likely cluster:" in capsys.readouterr().out
    by_columns = told(
        capsys, "scan", "cells.csv", "--cases", "disputes", "--population", "households", "--x", "x", "--y", "y"
    )
    assert by_columns["clusters"][0]["members"] == first["members"]


def test_scan_by_cases_and_controls(here: Path, capsys: Any) -> None:
    found = told(
        capsys, "scan", "cells.gpkg", "--cases", "disputes", "--population", "households", "--model", "bernoulli"
    )
    assert found["clusters"][0]["p"] == 0.001


# --- sources ----------------------------------------------------------------------------------------------------------


def test_sources_for_counts(here: Path, capsys: Any) -> None:
    base = (
        "sources",
        "cells.csv",
        "--cases",
        "disputes",
        "--expected",
        "households",
        "--x",
        "x",
        "--y",
        "y",
        "--source",
    )
    found = told(capsys, *base, "2250,3750")
    assert {"stone", "lawson_waller", "poisson"} <= set(found)
    assert found["stone"]["p"] == 0.001
    assert found["lawson_waller"]["p"] < 0.001
    assert found["poisson"]["coefficients"]["distance"]["estimate"] < 0
    pit = told(capsys, *base, "POLYGON ((2000 3500, 2500 3500, 2500 4000, 2000 4000, 2000 3500))")
    assert pit["stone"]["p"] == 0.001
    several = told(capsys, *base, "2250,3750", "--source", "2250,3760", "--source=5750,250")
    assert [one["stone"]["p"] <= 0.05 for one in several["sources"]] == [True, True, False]
    assert [(pair["first"], pair["second"]) for pair in several["pairs"] if pair["inseparable"]] == [(0, 1)]
    assert run([*base, "2250,3750", "--source", "2250,3760"]) == 0
    assert "cannot be told apart" in capsys.readouterr().out


def test_of_several_sources_each_p_comes_with_its_q(here: Path, capsys: Any) -> None:
    base = ["sources", "cells.csv", "--cases", "disputes", "--expected", "households", "--x", "x", "--y", "y"]
    assert run([*base, "--source", "2250,3750"]) == 0
    assert ", q " not in capsys.readouterr().out
    assert run([*base, "--source", "2250,3750", "--source", "5750,250"]) == 0
    assert capsys.readouterr().out.count(", q ") == 4


def test_degrees_taken_as_a_plane_are_told_and_metres_are_not(here: Path, capsys: Any) -> None:
    cells = pd.read_csv("cells.csv")
    cells.assign(lon=106.0 + cells["x"] / 1e5, lat=27.0 + cells["y"] / 1e5, day=range(len(cells))).to_csv("d.csv")
    places = ["--x", "lon", "--y", "lat"]
    counts = ["--cases", "disputes", "--population", "households"]
    for args in (
        ["scan", "d.csv", *counts],
        ["knox", "d.csv", "--t", "day", "--distance", "1", "--time", "1"],
        ["sources", "d.csv", *counts[:2], "--expected", "households", "--source", "106,27"],
        ["hotspots", "d.csv", "--value", "disputes", "--neighbours", "knn:4"],
    ):
        assert run([*args, *places]) == 0
        assert "'lon' and 'lat' look like degrees" in capsys.readouterr().err
    assert run(["scan", "d.csv", *counts, "--x", "x", "--y", "y"]) == 0
    assert "degrees" not in capsys.readouterr().err
    pd.read_csv("cells.csv").drop(columns="geometry", errors="ignore").to_csv("bare.csv", index=False)
    assert run(["scan", "bare.csv", *counts]) == 1
    assert "--x and --y" in capsys.readouterr().err


def test_a_file_without_a_reference_system_is_told_in_words(here: Path, capsys: Any, recwarn: Any) -> None:
    squares = gpd.read_file("cells.gpkg").set_crs(None, allow_override=True)
    squares.to_file("bare.shp")
    capsys.readouterr()
    recwarn.clear()
    assert run(["hotspots", "bare.shp", "--value", "disputes", "-o", "out.gpkg"]) == 0
    assert "bare.shp does not say its reference system" in capsys.readouterr().err
    assert not [one for one in recwarn if "crs" in str(one.message)]


def test_sources_with_covariates_and_negative_coordinates(shared_data: Path, capsys: Any) -> None:
    """The TCE site IBM Endicott of the leukaemia study; --source takes a value that begins with a minus."""
    found = told(
        capsys, "sources", str(shared_data / "bench/ny_leukemia/NY8_tracts.csv"), "--cases", "Cases", "--expected",
        "POP8", "--x", "X", "--y", "Y", "--source", "-4.47,-67.65", "--covariate", "PCTAGE65P", "--covariate",
        "PCTOWNHOME",
    )  # fmt: skip
    assert list(found["poisson"]["coefficients"]) == ["intercept", "distance", "PCTAGE65P", "PCTOWNHOME"]
    assert found["stone"]["p"] < 0.1


def test_too_few_cases_are_a_result(here: Path, capsys: Any) -> None:
    pd.read_csv("cells.csv").assign(few=[1, 2] + [0] * 142).to_csv("few.csv", index=False)
    found = told(
        capsys, "sources", "few.csv", "--cases", "few", "--expected", "households", "--x", "x", "--y", "y", "--source",
        "0,0",
    )  # fmt: skip
    assert found["stone"]["p"] is None
    assert (found["poisson"]["converged"], found["poisson"]["coefficients"]) == (False, {})
    assert "too few cases" in found["poisson"]["reason"]


def test_sources_for_cases_and_controls(here: Path, capsys: Any) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.random((2, 800)) * 10
    odds = 0.25 * (1 + 9 * np.exp(-0.8 * ((x - 4) ** 2 + (y - 6) ** 2)))
    pd.DataFrame({"x": x, "y": y, "ill": (rng.random(800) < odds / (1 + odds)).astype(int)}).to_csv(
        "p.csv", index=False
    )
    base = ("sources", "p.csv", "--case", "ill", "--x", "x", "--y", "y")
    found = told(capsys, *base, "--source", "4,6")["diggle"]
    assert set(found) >= {"alpha", "beta", "lrt", "df", "p", "converged", "reason"}
    assert (found["converged"], found["reason"], found["df"]) == (True, None, 2)
    assert found["p"] < 0.001
    assert 3 < found["alpha"] < 30
    both = told(capsys, *base, "--source", "4,6", "--source", "9,1")["sources"]
    assert both[0]["q"] <= 0.05
    assert run([*base, "--source", "4,6"]) == 0
    assert "times those far away" in capsys.readouterr().out


def test_a_fit_that_does_not_converge_prints_no_estimates(here: Path, capsys: Any) -> None:
    pd.DataFrame({"x": range(60), "y": 0, "ill": [1] * 20 + [0] * 40}).to_csv("p.csv", index=False)
    found = told(capsys, "sources", "p.csv", "--case", "ill", "--x", "x", "--y", "y", "--source", "-1,0")["diggle"]
    assert found["converged"] is False
    assert "did not converge" in found["reason"]
    assert [found[name] for name in ("alpha", "beta", "lrt", "p")] == [None] * 4


# --- knox -------------------------------------------------------------------------------------------------------------


def test_knox_gives_burkitt_s_published_figures(shared_data: Path, capsys: Any) -> None:
    base = ("knox", str(shared_data / "bench/burkitt/burkitt.csv"), "--x", "x", "--y", "y", "--distance", "20")
    found = told(capsys, *base, "--time", "5", "--t", "t")
    assert (found["pairs"], round(found["expected"], 4), round(found["p_poisson"], 4)) == (13, 10.1438, 0.1462)
    assert 0.15 < found["p_sim"] < 0.26
    assert run([*base, "--time", "5", "--t", "t"]) == 0
    assert "13 pairs of 188 points" in capsys.readouterr().out


def test_knox_takes_days(here: Path, capsys: Any) -> None:
    days = pd.date_range("2024-02-26", periods=10)
    pd.DataFrame({"x": [0, 1] * 5, "y": 0, "day": days.strftime("%Y-%m-%d")}).to_csv("p.csv", index=False)
    args = ("knox", "p.csv", "--x", "x", "--y", "y", "--t", "day", "--distance", "0", "--time", "2")
    found = told(capsys, *args)
    assert (found["near_space"], found["near_time"], found["pairs"]) == (20, 17, 8)
    pd.DataFrame({"x": [0, 1], "y": 0, "day": ["2024-02-26", "soon"]}).to_csv("p.csv", index=False)
    assert told(capsys, *args, status=1)["error"]["details"]["rows"] == [3]


@pytest.mark.parametrize("verb", ["hotspots", "scan", "sources", "knox"])
def test_help_has_an_example(verb: str, capsys: Any) -> None:
    assert run([verb, "--help"]) == 0
    assert f"gridmap {verb} " in capsys.readouterr().out.split("Example:")[1]


# --- over time --------------------------------------------------------------------------------------------------------


@pytest.fixture
def months(here: Path) -> Path:
    """The same cells with twelve months of disputes; the planted ones are raised in the last three."""
    frame = gpd.read_file(here / "cells.gpkg")
    rng = np.random.default_rng(6)
    for month in range(1, 13):
        raised = np.where(frame["planted"] & (month > 9), 5.0, 1.0)
        frame[f"m{month:02}"] = rng.poisson(0.05 * frame["households"] * raised)
    frame.to_file(here / "months.gpkg")
    return here


def test_emerging_tells_the_cells_that_became_hot_of_late(months: Path, capsys: Any) -> None:
    found = told(capsys, "emerging", "months.gpkg", "--values", "m*", "--population", "households", "--code", "code")
    assert found["steps"] == [f"m{month:02}" for month in range(1, 13)]
    frame = gpd.read_file(months / "months.gpkg")
    late = [one["category"] for one, planted in zip(found["cells"], frame["planted"], strict=True) if planted]
    assert set(late) <= {"new hot", "consecutive hot", "sporadic hot"}
    others = [one["category"] for one, planted in zip(found["cells"], frame["planted"], strict=True) if not planted]
    assert others.count("none") > 0.7 * len(others)  # those beside the planted ones share their neighbours


def test_emerging_writes_its_findings_beside_the_cells(months: Path, capsys: Any) -> None:
    assert run(["emerging", "months.gpkg", "--values", "m*", "-o", "out.gpkg"]) == 0
    assert {"category", "trend_z", "hot_share", "households"} <= set(gpd.read_file("out.gpkg").columns)
    assert "12 steps, m01 to m12" in capsys.readouterr().out


def test_emerging_refuses_a_few_months_and_columns_that_are_not_there(months: Path, capsys: Any) -> None:
    assert run(["emerging", "months.gpkg", "--values", "m0[12]*", "--json"]) == 1
    assert run(["emerging", "months.gpkg", "--values", "q*", "--json"]) == 1
    assert "has no column 'q*'" in capsys.readouterr().err


def test_scan_over_months_tells_when(months: Path, capsys: Any) -> None:
    [first, *_] = told(capsys, "scan", "months.gpkg", "--cases", "m*", "--population", "households")["clusters"]
    assert first["times"] == ["m10", "m12"]
    frame = gpd.read_file(months / "months.gpkg")
    assert set(np.flatnonzero(frame["planted"])) <= set(first["members"])
    assert first["p"] <= 0.001
    assert run(["scan", "months.gpkg", "--cases", "m*", "--population", "households"]) == 0
    assert "m10 to m12" in capsys.readouterr().out
