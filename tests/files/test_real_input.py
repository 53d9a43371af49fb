"""Real files with real defects: Chicago's beats and complaints, Guiyang's counties, Global Energy Monitor's lists."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.files import Parsed, Table, canonical, combined, parse_map, read_table, write_table
from gridmap.ground import distance_m

CHICAGO_EXTENT = (-87.95, 41.6, -87.5, 42.05)


@pytest.fixture(scope="module")
def beats(shared_data: Path) -> Table:
    return read_table(shared_data / "chicago" / "police_beats.zip")


@pytest.fixture(scope="module")
def complaints(shared_data: Path) -> Table:
    return read_table(shared_data / "chicago" / "sanitation_complaints_before_2013.csv.gz")


def told(kind: str, table: Table, *options: str) -> dict[str, str]:
    columns = list(table.frame.columns)
    return combined(kind, columns, parse_map(options, kind, columns))


# --- Chicago --------------------------------------------------------------------------------------------------------


def test_277_beat_polygons_are_275_cells(beats: Table) -> None:
    assert len(beats) == 277
    mapping = told("cells", beats, "code=BEAT_NUM")
    apart = canonical("cells", beats, mapping)
    assert len(apart.frame) == 274
    assert Counter(reject.value for reject in apart.rejects) == {"3100": 3}
    assert all("--merge-same-code" in reject.reason for reject in apart.rejects)
    merged = canonical("cells", beats, mapping, merge_same_code=True)
    assert len(merged.frame) == 275
    assert merged.rejects == []
    assert merged.frame["code"].is_unique
    assert {shape.geom_type for shape in merged.frame["geometry"]} == {"MultiPolygon"}
    before = sum(shape.area for shape in beats.frame["geometry"])
    assert sum(shape.area for shape in merged.frame["geometry"]) == pytest.approx(before, rel=1e-12)


def test_districts_and_feet(shared_data: Path) -> None:
    """Community areas come in US survey feet and land where the beats are."""
    table = read_table(shared_data / "chicago" / "community_areas.zip")
    assert table.crs == "EPSG:3435"
    parsed = canonical("cells", table, told("cells", table, "code=AREA_NUMBE", "name=COMMUNITY"))
    assert len(parsed.frame) + len({reject.row for reject in parsed.rejects}) == 77
    west, south, east, north = shapely.total_bounds(parsed.frame["geometry"].to_numpy())
    assert (west, south, east, north) == pytest.approx(CHICAGO_EXTENT, abs=0.05)


@pytest.fixture(scope="module")
def parsed_complaints(complaints: Table) -> Parsed:
    return canonical("incidents", complaints, tz="America/Chicago", extent=CHICAGO_EXTENT)


def test_complaints_come_in_and_their_defects_are_named(complaints: Table, parsed_complaints: Parsed) -> None:
    assert len(complaints) == 37_230
    assert len(parsed_complaints.frame) == 37_224
    named = [(reject.row, reject.field) for reject in parsed_complaints.rejects]
    lines = numbered_lines(complaints.path)
    blank = [row for row, record in lines.items() if not record["Latitude"]]
    assert named == sorted([(row, "place") for row in blank] + [(27852, "number"), (27858, "number")])
    again = [reject for reject in parsed_complaints.rejects if reject.field == "number"]
    assert [(reject.value, reject.reason) for reject in again] == [
        ("12-01209013", "the same number as row 27851, which is kept"),
        ("12-01209172", "the same number as row 27857, which is kept"),
    ]
    for reject in again:
        assert lines[reject.row]["Service_Request_Number"] == lines[reject.row - 1]["Service_Request_Number"]


def numbered_lines(path: Path) -> dict[int, dict[str, str]]:
    """The records under the row a spreadsheet shows, read by the standard library."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as held:
        return dict(enumerate(csv.DictReader(held), start=2))


def test_every_complaint_is_what_its_row_says(complaints: Table, parsed_complaints: Parsed) -> None:
    lines = numbered_lines(complaints.path)
    chicago = ZoneInfo("America/Chicago")
    for row in parsed_complaints.frame.sample(500, random_state=7).to_dict("records"):
        line = lines[row["row"]]
        assert row["number"] == line["Service_Request_Number"]
        assert row["category"] == line["Type_of_Service_Request"]
        assert row["text"] == (line["What_is_the_Nature_of_this_Code_Violation"] or None)
        assert row["received_at"] == datetime.fromisoformat(line["Creation_Date"]).replace(tzinfo=chicago)
        closed = line["Completion_Date"]
        assert row["closed_at"] == (datetime.fromisoformat(closed).replace(tzinfo=chicago) if closed else None)
        assert (row["lon"], row["lat"]) == (float(line["Longitude"]), float(line["Latitude"]))
    assert sum(closed is None for closed in parsed_complaints.frame["closed_at"]) == 31


# --- Guiyang --------------------------------------------------------------------------------------------------------


def test_guiyang_s_counties_move_by_hundreds_of_metres(shared_data: Path) -> None:
    table = read_table(shared_data / "guiyang" / "520100_counties_gcj02.json")
    parsed = canonical("areas", table, crs="gcj02")
    assert parsed.rejects == []
    assert parsed.frame["code"].tolist() == [str(code) for code in table.frame["adcode"]]
    assert "520122" in set(parsed.frame["code"])
    assert set(parsed.frame["level"]) == {"county"}
    before = shapely.get_coordinates(table.frame["geometry"].to_numpy())
    after = shapely.get_coordinates(parsed.frame["geometry"].to_numpy())
    moved = distance_m(before[:, 0], before[:, 1], after[:, 0], after[:, 1])
    assert 300 < moved.min() <= moved.max() < 800


def test_a_byte_order_mark_is_no_hindrance(shared_data: Path) -> None:
    table = read_table(shared_data / "guiyang" / "520100_counties_2010_bom.json")
    parsed = canonical("areas", table)
    assert len(parsed.frame) == 10
    assert parsed.rejects == []
    assert {"520113", "520114"} <= set(parsed.frame["code"])
    assert "白云区" in set(parsed.frame["name"])


def test_json_without_a_type_says_what_is_missing(shared_data: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_table(shared_data / "guiyang" / "520122_not_geojson.json")
    assert caught.value.code == "not_geojson"
    assert '"type" is missing: it holds coordinates, center, code, name' in caught.value.message
    assert '"type": "MultiPolygon"' in caught.value.message


def test_codes_of_the_whole_country_are_areas(shared_data: Path) -> None:
    table = read_table(shared_data / "division_codes" / "streets_four_cities.csv")
    parsed = canonical("areas", table)
    assert len(parsed.frame) == 448
    assert set(parsed.frame["level"]) == {"town"}
    assert parsed.frame["parent"].tolist() == [code[:6] for code in parsed.frame["code"]]


# --- Global Energy Monitor ------------------------------------------------------------------------------------------


def test_iron_ore_mines_come_in_with_their_odd_columns(shared_data: Path) -> None:
    table = read_table(shared_data / "enterprises" / "gem_iron_ore_mines_2024-11-25.csv")
    mapping = told("enterprises", table, "kind=:mine", "source=:Global Energy Monitor", "coordinates=coordinates")
    assert "x" not in mapping
    parsed = canonical("enterprises", table, mapping)
    assert len(parsed.frame) == 890
    assert parsed.rejects == []
    assert parsed.frame["code"].is_unique
    assert "'coordinates' is read as latitude, longitude." in parsed.notes
    for place, (lon, lat) in zip(
        parsed.frame["geometry"], table.frame[["lng", "lat"]].astype(float).to_numpy(), strict=True
    ):
        assert (place.x, place.y) == pytest.approx((lon, lat), abs=1e-6)
    assert Counter(parsed.frame["status"])["active"] == 668
    assert Counter(parsed.frame["status"])["planned"] == 134
    chinese = parsed.frame[parsed.frame["name_en"] == "Abagong Iron Mine"].iloc[0]
    assert (chinese["name"], chinese["opened_on"]) == ("阿巴宫铁矿", date(2010, 1, 1))
    assert sum(day is None for day in parsed.frame["opened_on"]) == 304, "303 are unknown, one is blank"
    assert any("unknown" in note and "303" in note for note in parsed.notes)


def test_steel_plants_come_in(shared_data: Path) -> None:
    table = read_table(shared_data / "enterprises" / "gem_iron_steel_plants_2025-03-25.csv.gz")
    parsed = canonical("enterprises", table, told("enterprises", table, "kind=:factory"))
    assert len(parsed.frame) == 1204
    assert parsed.frame["code"].tolist() == table.frame["plant-id"].tolist()
    assert Counter(parsed.frame["status"]) == {"active": 917, "planned": 153, "closed": 102, "suspended": 32}
    assert not parsed.frame["name"].isna().any()
    first = parsed.frame.iloc[0]
    assert (first["x_in"], first["y_in"]) == (54.467987, 24.322033)


def test_without_a_kind_the_choices_are_named(shared_data: Path) -> None:
    table = read_table(shared_data / "enterprises" / "gem_iron_ore_mines_2024-11-25.csv")
    with pytest.raises(InvalidInput, match="kind \\(one of mine, quarry, factory, other\\)"):
        canonical("enterprises", table)


# --- other makers ---------------------------------------------------------------------------------------------------


def test_a_shapefile_without_prj_asks_for_its_system(shared_data: Path) -> None:
    table = read_table(shared_data / "bench" / "nc_sids" / "sids2.shp")
    assert len(table) == 100
    assert table.crs is None
    with pytest.raises(InvalidInput, match="--crs"):
        canonical("cells", table, told("cells", table, "code=FIPS"))
    assert len(canonical("cells", table, told("cells", table, "code=FIPS"), crs="EPSG:4267").frame) == 100


def test_free_text_with_commas_and_quotes_is_kept(shared_data: Path) -> None:
    path = shared_data / "pittsburgh_smell" / "smell_raw_v1.csv"
    with path.open(encoding="utf-8", newline="") as held:
        expected = list(csv.reader(held))
    table = read_table(path)
    assert table.frame.columns.tolist() == expected[0]
    assert table.frame.to_numpy().tolist() == expected[1:]


def test_complaints_survive_xlsx_and_gb18030(complaints: Table, tmp_path: Path) -> None:
    """A thousand real rows through a workbook, and through a CSV as an old Chinese spreadsheet writes it."""
    part = complaints.frame.head(1000).assign(备注="垃圾堆放")
    write_table(part, tmp_path / "x.xlsx")
    assert openpyxl.load_workbook(tmp_path / "x.xlsx").active.max_row == 1001
    workbook = read_table(tmp_path / "x.xlsx").frame
    assert workbook.fillna("").to_numpy().tolist() == part.to_numpy().tolist()
    (tmp_path / "x.csv").write_bytes(part.to_csv(index=False).encode("gb18030"))
    old = read_table(tmp_path / "x.csv")
    assert old.encoding == "GB18030"
    assert np.array_equal(old.frame.to_numpy(), part.to_numpy())
