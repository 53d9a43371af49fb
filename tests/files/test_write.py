"""Writing: nothing runs in a spreadsheet, everything reads back, and a file is whole or not there."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import EnvironmentFault, InvalidInput
from gridmap.files import Reject, read_table, write_rejects, write_table
from gridmap.parsing.formulas import inert, original

PAYLOADS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''=1",
    "'-5",
    "-",
    "--",
    "-foo",
    "=",
    "'",
    "plain",
    "-87.66",
    "+1.5e3",
    "-.5",
    "1e5",
    "007",
    "a=b",
    "",
    "中文",
    "=中文",
    "'quoted'",
]


@given(st.one_of(st.text(), st.from_regex(r"\A'{0,3}[=+\-@\t\r]?.{0,5}\Z")))
def test_every_text_is_inert_and_comes_back(text: str) -> None:
    written = inert(text)
    assert original(written) == text
    if written[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        float(written)  # only plain numbers may begin like a formula


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.xlsx"])
def test_formulas_are_inert_and_read_back_unchanged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    frame = pd.DataFrame({"text": pd.Series(PAYLOADS, dtype=object), "row": range(len(PAYLOADS))})
    write_table(frame, path)
    back = read_table(path).frame
    expected = [text or None for text in PAYLOADS] if name.endswith("xlsx") else PAYLOADS
    assert back["text"].tolist() == expected
    if name.endswith("xlsx"):
        sheet = openpyxl.load_workbook(path).active
        assert "f" not in {cell.data_type for cell in sheet["A"]}
    elif name == "x.csv":
        with path.open(newline="", encoding="utf-8") as held:
            for record in csv.DictReader(held):
                assert record["text"][:1] not in {"=", "@", "\t", "\r"}
                if record["text"][:1] in {"+", "-"}:
                    float(record["text"])


ANY = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@settings(max_examples=10)  # each starts a child process
@given(st.lists(st.tuples(ANY, ANY), min_size=1))
def test_any_text_survives_csv(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    frame = pd.DataFrame(
        {"id": [str(n) for n in range(len(rows))], "a": [a for a, _ in rows], "b": [b for _, b in rows]}, dtype=object
    )
    write_table(frame, path)
    assert read_table(path, encoding="utf-8").frame.to_numpy().tolist() == frame.to_numpy().tolist()


def test_control_characters_survive_xlsx(tmp_path: Path) -> None:
    held = ["a\x07b", "line\nbreak", "carriage\rreturn", "_x0041_", "tab\there"]
    write_table(pd.DataFrame({"t": pd.Series(held, dtype=object), "n": 1}), tmp_path / "x.xlsx")
    assert read_table(tmp_path / "x.xlsx").frame["t"].tolist() == held


def sample() -> pd.DataFrame:
    return pd.DataFrame({
        "code": pd.Series(["001", "002"], dtype=object),
        "name": pd.Series(["一组", None], dtype=object),
        "count": pd.array([1, None], dtype="Int64"),
        "day": pd.Series([date(2024, 3, 5), None], dtype=object),
        "metres": [1.25, np.nan],
        "geometry": pd.Series([shapely.Point(106.7, 27.0), None], dtype=object),
    })  # fmt: skip


@pytest.mark.parametrize("name", ["x.gpkg", "x.geojson", "x.parquet"])
def test_spatial_formats_read_back(tmp_path: Path, name: str) -> None:
    write_table(sample(), tmp_path / name)
    table = read_table(tmp_path / name)
    assert table.crs == "EPSG:4326"
    assert table.frame["code"].tolist() == ["001", "002"]
    assert table.frame["name"].tolist() == ["一组", None]
    assert table.frame["count"].tolist()[0] == 1
    assert str(table.frame["day"].tolist()[0])[:10] == "2024-03-05"
    assert table.frame["geometry"].tolist() == [shapely.Point(106.7, 27.0), None]


def test_csv_has_geometry_as_wkt_and_blanks_for_what_is_missing(tmp_path: Path) -> None:
    write_table(sample(), tmp_path / "x.csv")
    assert read_table(tmp_path / "x.csv").frame.to_numpy().tolist() == [
        ["001", "一组", "1", "2024-03-05", "1.25", "POINT (106.7 27)"],
        ["002", "", "", "", "", ""],
    ]


def test_geojson_is_in_wgs84_whatever_came(tmp_path: Path) -> None:
    there = gpd.GeoSeries([shapely.Point(106.7, 27.0)], crs="EPSG:4326").to_crs("EPSG:4545")
    write_table(
        pd.DataFrame({"geometry": pd.Series([there.iloc[0]], dtype=object)}), tmp_path / "x.geojson", "EPSG:4545"
    )
    found = read_table(tmp_path / "x.geojson").frame["geometry"].iloc[0]
    assert found.equals_exact(shapely.Point(106.7, 27.0), 1e-6)
    assert '"crs"' not in (tmp_path / "x.geojson").read_text()


def test_a_byte_order_mark_only_where_asked(tmp_path: Path) -> None:
    frame = pd.DataFrame({"名称": pd.Series(["一组"], dtype=object)})
    write_table(frame, tmp_path / "plain.csv")
    write_table(frame, tmp_path / "marked.csv", bom=True)
    assert (tmp_path / "plain.csv").read_bytes() == "名称\n一组\n".encode()
    assert (tmp_path / "marked.csv").read_bytes() == "名称\n一组\n".encode("utf-8-sig")


def test_rejects_are_a_table(tmp_path: Path) -> None:
    write_rejects([Reject(3, "code", "it is missing", ""), Reject(7, "name", "它是 =1+1", "=1+1")], tmp_path / "r.csv")
    assert read_table(tmp_path / "r.csv").frame.to_numpy().tolist() == [
        ["3", "code", "it is missing", ""],
        ["7", "name", "它是 =1+1", "=1+1"],
    ]
    write_rejects([], tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == "row,field,reason,value\n"


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.geojson"
    path.write_text("before")
    with pytest.raises(InvalidInput, match="no geometry"):
        write_table(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["x.geojson"]


def test_unknown_endings_and_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"\.gpkg"):
        write_table(sample(), tmp_path / "x.kml")
    with pytest.raises(EnvironmentFault, match="Is the folder there"):
        write_table(sample(), tmp_path / "nowhere" / "x.csv")
