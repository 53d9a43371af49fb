"""Reading files as they come: encodings, separators, headings, what the bytes say, and what the child may not do."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import zipfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.files import Limits, read_table
from gridmap.files.read import _environment

NAMES = ["网格编码", "名称", "地址"]
ROWS = [["520122101001001", "永靖镇一组", "西街12号"], ["520122101001002", "养龙司二组", "坝上"]]


def text(separator: str = ",") -> str:
    return "\n".join(separator.join(row) for row in [NAMES, *ROWS]) + "\n"


def saved(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- CSV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("utf8.csv", text().encode(), "UTF-8"),
        ("bom.csv", text().encode("utf-8-sig"), "UTF-8 (BOM)"),
        ("utf16.csv", text().encode("utf-16"), "UTF-16"),
        ("semicolon.csv", text(";").encode(), "UTF-8"),
        ("tabs.txt", text("\t").encode(), "UTF-8"),
        ("tabs.tsv", text("\t").encode(), "UTF-8"),
        ("crlf.csv", text().replace("\n", "\r\n").encode(), "UTF-8"),
        ("packed.csv.gz", gzip.compress(text().encode()), "UTF-8"),
    ],
)
def test_csv_of_many_makers_reads_alike(tmp_path: Path, name: str, content: bytes, encoding: str) -> None:
    table = read_table(saved(tmp_path / name, content))
    assert table.frame.columns.tolist() == NAMES
    assert table.frame.to_numpy().tolist() == ROWS
    assert table.rows.tolist() == [2, 3]
    assert (table.encoding, table.warnings, table.rejects) == (encoding, (), ())


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_gb18030_is_guessed_and_said(tmp_path: Path, encoding: str) -> None:
    table = read_table(saved(tmp_path / "old.csv", text().encode(encoding)))
    assert table.frame.to_numpy().tolist() == ROWS
    assert table.encoding == "GB18030"
    assert "GB18030" in table.warnings[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param("name\nCafé Zürich é à\n".encode("latin-1"), "unknown_encoding", id="latin-1"),
        pytest.param(
            text().encode("big5", "replace") + "繁體中文說明書龍鳳".encode("big5"), "unknown_encoding", id="big5"
        ),
        pytest.param(text().encode() + "520122101001003,三组,东街\n".encode("gbk"), "mixed_encodings", id="mixed"),
        pytest.param(
            text().encode("shift_jis", "replace") + "これはテストです。ﾃｽﾄ".encode("shift_jis"),
            "unknown_encoding",
            id="jis",
        ),
    ],
)
def test_no_mojibake_is_accepted(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(saved(tmp_path / "odd.csv", content))
    assert caught.value.code == code
    assert "odd.csv" in caught.value.message


def test_an_encoding_may_be_told(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv", "name\nCafé\n".encode("latin-1"))
    assert read_table(path, encoding="latin-1").frame["name"].tolist() == ["Café"]
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        read_table(path, encoding="utf-8")
    with pytest.raises(InvalidInput, match="not known"):
        read_table(path, encoding="klingon")


def test_values_stay_as_they_are(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.csv", 'a,b,c\n00-0012, x ,\n007,"two\nlines","say ""hi"""\n\n1e5,N/A,--\n'))
    assert table.frame.to_numpy().tolist() == [
        ["00-0012", " x ", ""],
        ["007", "two\nlines", 'say "hi"'],
        ["1e5", "N/A", "--"],
    ]
    assert table.rows.tolist() == [2, 3, 5], "a blank line counts, as in a spreadsheet"


def test_rows_that_do_not_fit_the_heading_come_back(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.csv", "a,b\n1,2\n1\n1,2,,\n1,2,3\n"))
    assert table.rows.tolist() == [2, 4], "blank fields at the end are no fault"
    assert [reject.row for reject in table.rejects] == [3, 5]
    assert "1 fields, the heading 2" in table.rejects[0].reason


def test_a_row_with_a_stray_quote_comes_back(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.csv", 'a,b\n"x"y,2\n3,4\n'))
    assert table.frame.to_numpy().tolist() == [["3", "4"]]
    assert [reject.row for reject in table.rejects] == [2]


def test_an_unclosed_quote_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="row 3 is never closed"):
        read_table(saved(tmp_path / "x.csv", 'a,b\n1,2\n3,"4\n5,6\n'))


def test_odd_headings_get_names(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.csv", "\n\nname,,name\n1,2,3\n"))
    assert table.frame.columns.tolist() == ["name", "column_2", "name_2"]
    assert table.rows.tolist() == [4]
    assert len(table.warnings) == 2


@pytest.mark.parametrize(("content", "code"), [(b"", "empty_file"), (b"\n\n", "no_heading")])
def test_a_file_without_anything_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(saved(tmp_path / "x.csv", content))
    assert caught.value.code == code


def test_a_heading_alone_is_an_empty_table(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.csv", "a,b\n"))
    assert table.frame.columns.tolist() == ["a", "b"]
    assert len(table) == 0


# --- xlsx -----------------------------------------------------------------------------------------------------------


def workbook(path: Path, rows: list[list[object]], **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def test_xlsx_as_counties_keep_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "网格员.xlsx",
        [
            ["息烽县网格员名册"],
            [],
            ["编号", "姓名", "电话", "上岗日期", "代办员"],
            ["W01", "张三", 13800001234.0, date(2024, 3, 5), True],
            [],
            ["W02", "李四", "0851-8772", None, False],
        ],
    )
    table = read_table(path)
    assert table.frame.to_numpy().tolist() == [
        ["W01", "张三", "13800001234", "2024-03-05", "TRUE"],
        ["W02", "李四", "0851-8772", None, "FALSE"],
    ]
    assert table.rows.tolist() == [4, 6]
    assert any("row 3 is taken as the heading" in warning for warning in table.warnings)


def test_xlsx_sheets_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a", "b"], [1, 2]], Other=[["c", "d"], [3, 4]])
    table = read_table(path)
    assert (table.layer, table.frame.to_numpy().tolist()) == ("Sheet", [["1", "2"]])
    assert "Other" in table.warnings[0]
    assert read_table(path, layer="Other").frame.columns.tolist() == ["c", "d"]
    with pytest.raises(InvalidInput, match="it has Sheet, Other"):
        read_table(path, layer="Third")


# --- spatial formats ------------------------------------------------------------------------------------------------


def frame(crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": ["01", "02", None], "count": pd.array([1, None, 3], dtype="Int64"), "名称": ["一组", "二组", "三组"]},
        geometry=[shapely.box(106.7, 27.0, 106.8, 27.1), shapely.box(106.8, 27.0, 106.9, 27.1), None],
        crs=crs,
    )


@pytest.mark.parametrize("name", ["x.gpkg", "x.geojson", "x.parquet"])
def test_spatial_formats_read_alike(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    frame().to_parquet(path) if name.endswith("parquet") else frame().to_file(path)
    table = read_table(path)
    assert table.spatial
    assert table.crs == "EPSG:4326"
    assert table.frame["code"].tolist() == ["01", "02", None]
    assert table.frame["count"].isna().tolist() == [False, True, False]
    assert table.frame["count"].iloc[2] == 3
    assert table.frame["名称"].tolist() == ["一组", "二组", "三组"]
    assert table.frame["geometry"].iloc[0].equals(shapely.box(106.7, 27.0, 106.8, 27.1))
    assert table.frame["geometry"].iloc[2] is None
    assert table.rows.tolist() == [1, 2, 3]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("cpg", ["right", "none", "wrong"])
def test_a_gbk_shapefile_keeps_its_chinese(tmp_path: Path, cpg: str, zipped: bool) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pyogrio.write_dataframe(frame("EPSG:4490").iloc[:2], folder / "网格.shp", encoding="GBK")
    marked = folder / "网格.cpg"
    if cpg == "none":
        marked.unlink()
    elif cpg == "wrong":
        marked.write_text("UTF-8")
    path = folder / "网格.shp"
    if zipped:
        path = tmp_path / "网格.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in folder.iterdir():
                archive.write(part, f"导出/{part.name}")
    table = read_table(path)
    assert [name for name in table.frame.columns if name.startswith("名")] == ["名称"]
    assert table.frame["名称"].tolist() == ["一组", "二组"]
    assert table.crs == "EPSG:4490"
    assert bool(table.warnings) == (cpg != "right")


def test_a_utf8_shapefile_without_cpg_keeps_its_chinese(tmp_path: Path) -> None:
    pyogrio.write_dataframe(frame().iloc[:2], tmp_path / "x.shp", encoding="UTF-8")
    (tmp_path / "x.cpg").unlink()
    assert read_table(tmp_path / "x.shp").frame["名称"].tolist() == ["一组", "二组"]


def test_a_shapefile_without_its_parts_says_which(tmp_path: Path) -> None:
    pyogrio.write_dataframe(frame().iloc[:2], tmp_path / "x.shp")
    (tmp_path / "x.dbf").unlink()
    with pytest.raises(InvalidInput, match=r"\.dbf"):
        read_table(tmp_path / "x.shp")


def test_layers_are_chosen_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    frame().iloc[:1].to_file(path, layer="cells")
    frame().iloc[1:2].to_file(path, layer="other")
    with pytest.raises(InvalidInput, match="cells, other"):
        read_table(path)
    assert read_table(path, layer="other").frame["code"].tolist() == ["02"]
    with pytest.raises(InvalidInput, match="no layer 'third'"):
        read_table(path, layer="third")


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ({"coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]], "name": "x"}, '"type": "Polygon"'),
        ({"features": []}, '"type" is missing'),
        ({"type": "FeatureCollection"}, '"features" is missing'),
        ([1, 2], "holds a list"),
        ({"type": "Nonsense"}, "'Nonsense' is not one of GeoJSON's"),
    ],
)
def test_json_that_is_no_geojson_says_what_is_missing(tmp_path: Path, held: object, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(saved(tmp_path / "x.json", json.dumps(held)))
    assert says in caught.value.message
    assert caught.value.code == "not_geojson"


def test_broken_json_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="line 2 column 1"):
        read_table(saved(tmp_path / "x.geojson", '{"type": "FeatureCollection", "features": [\n'))


def test_geojson_a_line_a_feature_is_read(tmp_path: Path) -> None:
    one = {"type": "Feature", "properties": {"code": "01"}, "geometry": {"type": "Point", "coordinates": [106.7, 27.0]}}
    path = saved(tmp_path / "x.geojsonl", json.dumps(one) + "\n" + json.dumps(one) + "\n")
    assert read_table(path).frame["code"].tolist() == ["01", "01"]


def test_a_bare_geometry_is_one_feature(tmp_path: Path) -> None:
    table = read_table(saved(tmp_path / "x.json", '{"type": "Point", "coordinates": [106.7, 27.0]}'))
    assert table.frame["geometry"].tolist() == [shapely.Point(106.7, 27.0)]


# --- what the bytes say, and what the child may not do --------------------------------------------------------------

VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("ending", ["geojson", "json", "csv", "gpkg", "shp", "xlsx", "parquet", "zip"])
def test_a_renamed_vrt_is_refused(tmp_path: Path, ending: str) -> None:
    secret = saved(tmp_path / "secret.csv", "a,b\nsecret,1\n")
    with pytest.raises(InvalidInput) as caught:
        read_table(saved(tmp_path / f"x.{ending}", VRT.format(secret)))
    assert caught.value.code == "not_what_its_name_says"
    assert "VRT" in caught.value.message


def test_a_vrt_behind_json_reaches_no_driver(tmp_path: Path) -> None:
    """Even when the first byte looks like JSON, every driver but GeoJSON is switched off."""
    secret = saved(tmp_path / "secret.csv", "a,b\nsecret,1\n")
    with pytest.raises(InvalidInput):
        read_table(saved(tmp_path / "x.geojson", "{" + VRT.format(secret)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", b"PK\x03\x04 a workbook renamed"),
        ("x.gpkg", b'{"type": "FeatureCollection", "features": []}'),
        ("x.geojson", b"a,b\n1,2\n"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old workbook"),
        ("x.csv", b"a,b\x00\x01\x02"),
    ],
)
def test_a_name_that_is_not_what_the_file_holds_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(saved(tmp_path / name, content))
    assert caught.value.code == "not_what_its_name_says"


def test_an_sqlite_file_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (a)")
    made.close()
    with pytest.raises(InvalidInput, match="no GeoPackage"):
        read_table(path)


def test_unknown_endings_name_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"Save it as \.xlsx first"):
        read_table(saved(tmp_path / "x.xls", b"anything"))
    with pytest.raises(InvalidInput, match=r"\.geojson"):
        read_table(saved(tmp_path / "x.kml", b"anything"))
    with pytest.raises(InvalidInput, match="does not exist"):
        read_table(tmp_path / "nothing.csv")


def archive(path: Path, members: dict[str, bytes], *, link: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = 0o120777 << 16
            made.writestr(entry, "/etc/passwd")
    return path


@pytest.mark.parametrize(
    ("members", "link", "says"),
    [
        pytest.param({"../x.shp": b"1"}, None, "outside the archive", id="climbs"),
        pytest.param({"/x.shp": b"1"}, None, "outside the archive", id="absolute"),
        pytest.param({"x.shp": b"1", "inner.zip": b"1"}, None, "archive itself", id="nested"),
        pytest.param({"x.shp": b"1"}, "x.dbf", "is a link", id="link"),
        pytest.param({"x.shp": b"0" * (200 << 20)}, None, "unpacks to 200 MiB", id="bomb"),
        pytest.param({f"{n}.txt": b"1" for n in range(1001)}, None, "1,001 files", id="many"),
        pytest.param({"readme.txt": b"1"}, None, "holds none", id="no-shapefile"),
        pytest.param({"a.shp": b"1", "b.shp": b"1"}, None, "holds a, b", id="two"),
    ],
)
def test_archives_are_looked_at_before_they_are_opened(
    tmp_path: Path, members: dict[str, bytes], link: str | None, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        read_table(archive(tmp_path / "x.zip", members, link=link))


def test_a_gzip_bomb_is_given_up(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv.gz", gzip.compress(b"a,b\n" + b"0" * (64 << 20)))
    with pytest.raises(InvalidInput, match="unpacks to far more"):
        read_table(path)


def test_a_damaged_gzip_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        read_table(saved(tmp_path / "x.csv.gz", gzip.compress(text().encode() * 100)[:-20]))


def test_too_slow_is_killed(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv", "a,b\n" + "1,2\n" * 1000)
    with pytest.raises(InvalidInput) as caught:
        read_table(path, limits=Limits(seconds=0.01))
    assert caught.value.code == "too_slow"


def test_too_much_memory_is_stopped(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv", "a\n" + "x" * (15 << 20) + "\n")
    with pytest.raises(InvalidInput) as caught:
        read_table(path, limits=Limits(memory_bytes=140 << 20))
    assert caught.value.code in {"too_large", "reader_stopped", "reader_failed"}


def test_too_much_output_is_stopped(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.csv", "a\n" + "123456789\n" * 200_000)
    with pytest.raises(InvalidInput) as caught:
        read_table(path, limits=Limits(output_bytes=1 << 20))
    assert caught.value.code in {"reader_stopped", "reader_failed"}


def test_nested_thirty_thousand_deep_harms_nobody(tmp_path: Path) -> None:
    deep = '{"type": "GeometryCollection", "geometries": [' * 30_000 + "]}" * 30_000
    with pytest.raises(InvalidInput, match=r"x\.geojson"):
        read_table(saved(tmp_path / "x.geojson", deep))


def test_the_child_gets_no_secret_and_no_other_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_SECRET_KEY", "hidden")
    monkeypatch.setenv("GDAL_DATA", "/somewhere")
    environment = _environment("gpkg")
    assert not {"GRIDMAP_SECRET_KEY", "GDAL_DATA", "HOME"} & environment.keys()
    skipped = set(environment["OGR_SKIP"].split(","))
    assert set(pyogrio.list_drivers()) - skipped == {"GPKG"}


def test_reading_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(folder))
    read_table(saved(tmp_path / "x.csv", text()))
    with pytest.raises(InvalidInput):
        read_table(saved(tmp_path / "y.json", "{}"))
    assert list(folder.iterdir()) == []


def test_unreadable_geometry_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame().iloc[:2].to_parquet(path)
    import pyarrow.parquet as pq  # the file is spoilt by hand

    held = pq.read_table(path)
    place = held.schema.get_field_index("geometry")
    spoilt = held.set_column(place, held.schema.field(place), [[held.column(place)[0].as_py(), b"\x01\x02"]])
    pq.write_table(spoilt.replace_schema_metadata(held.schema.metadata), path)
    table = read_table(path)
    assert table.frame["code"].tolist() == ["01"]
    assert [(reject.row, reject.field) for reject in table.rejects] == [(2, "geometry")]
    assert np.array_equal(table.rows, [1])
