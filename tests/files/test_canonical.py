"""From a table to the canonical frame: good rows parsed, bad rows named with row, field and reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.files import Parsed, Table, canonical
from gridmap.ground import convert
from tests.awkward import INVALID_SHAPES

EXTENT = (106.5, 26.9, 107.0, 27.4)
HOME = ("106.74", "27.09")


def table(columns: Sequence[str], *rows: Sequence[Any]) -> Table:
    return Table.of(pd.DataFrame([list(row) for row in rows], columns=list(columns), dtype=object))


def faults(parsed: Parsed) -> list[tuple[int, str]]:
    return [(reject.row, reject.field) for reject in parsed.rejects]


def reasons(parsed: Parsed) -> str:
    return "\n".join(reject.reason for reject in parsed.rejects)


# --- points ---------------------------------------------------------------------------------------------------------

HOUSE = ("户号", "地址", "经度", "纬度")


def test_good_rows_go_in_and_bad_rows_come_back() -> None:
    parsed = canonical(
        "households",
        table(
            HOUSE,
            ("H1", "一组 1 号", *HOME),
            ("H2", "", *HOME),
            ("", "一组 3 号", *HOME),
            ("H4", "一组 4 号", "", ""),
            ("H5", "一组 5 号", "N/A", HOME[1]),
            ("H6", "一组 6 号", "east", HOME[1]),
            ("H7", "一组 7 号", *HOME),
        ),
    )
    assert parsed.frame["row"].tolist() == [1, 7]
    assert parsed.frame["code"].tolist() == ["H1", "H7"]
    assert faults(parsed) == [(2, "address"), (3, "code"), (4, "place"), (5, "place"), (6, "place")]
    assert parsed.rejects[-1].value == "east, 27.09"
    assert "'经度' is not accepted: it is no number" in parsed.rejects[-1].reason


def test_a_row_with_several_faults_tells_them_all() -> None:
    parsed = canonical("households", table((*HOUSE, "儿童数"), ("", "", "x", "y", "-3")))
    assert {field for _, field in faults(parsed)} == {"code", "address", "place", "children"}


def test_what_came_in_is_kept_beside_the_wgs84() -> None:
    lon, lat = 106.745, 27.088
    parsed = canonical("households", table(HOUSE, ("H1", "一组", str(lon), str(lat))), crs="gcj02")
    row = parsed.frame.iloc[0]
    assert (row["crs_in"], row["x_in"], row["y_in"]) == ("gcj02", lon, lat)
    expected = convert([lon], [lat], "gcj02", "wgs84")
    assert (row["lon"], row["lat"]) == (expected[0][0], expected[1][0])
    assert abs(row["lon"] - lon) > 1e-3


def test_projected_coordinates_need_their_name() -> None:
    x, y = convert([106.74], [27.09], "wgs84", "EPSG:4545")
    told = table(HOUSE, ("H1", "一组", str(x[0]), str(y[0])))
    found = canonical("households", told, crs="EPSG:4545").frame.iloc[0]
    assert (found["lon"], found["lat"]) == pytest.approx((106.74, 27.09), abs=1e-9)
    assert found["crs_in"] == "EPSG:4545"
    assert "Are these projected coordinates?" in reasons(canonical("households", told))


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ((HOME[1], HOME[0]), "are the two swapped?"),
        (("-87.63", "41.88"), "more than 100 km from the county"),
        (("466.74", "27.09"), "no place on earth"),
    ],
)
def test_places_that_look_wrong_are_asked_about(place: tuple[str, str], says: str) -> None:
    rows = table(HOUSE, ("H1", "一组", *HOME), ("H2", "二组", *place))
    parsed = canonical("households", rows, extent=EXTENT)
    assert faults(parsed) == [(2, "place")]
    assert says in reasons(parsed)


def test_a_question_may_be_answered_beforehand_but_never_by_moving_the_point() -> None:
    rows = table(HOUSE, ("H1", "一组", "-87.63", "41.88"), ("H2", "二组", HOME[1], "89.0"), ("H3", "三组", "999", "0"))
    parsed = canonical("households", rows, extent=EXTENT, assume_ok=True)
    assert parsed.frame[["lon", "lat"]].to_numpy().tolist() == [[-87.63, 41.88], [27.09, 89.0]]
    assert faults(parsed) == [(3, "place")]


def test_swapped_is_seen_without_an_extent_where_it_is_certain() -> None:
    assert "swapped" in reasons(canonical("households", table(HOUSE, ("H1", "一组", "27.09", "106.74"))))


def test_an_extent_of_nothing_asks_nothing() -> None:
    nothing = (float("nan"),) * 4
    assert len(canonical("households", table(HOUSE, ("H1", "一组", *HOME)), extent=nothing).frame) == 1


@pytest.mark.parametrize(
    ("heading", "texts", "expected"),
    [
        ("coordinates", ["34.012090, 61.564895", "36.27, 117.63"], [(61.564895, 34.01209), (117.63, 36.27)]),
        ("coordinates", ["34.0, 61.5"], [(61.5, 34.0)]),
        ("坐标", ["106.74,27.09"], [(106.74, 27.09)]),
        ("经纬度", ["61.5，34.0"], [(61.5, 34.0)]),
        ("location", ["(41.88, -87.63)"], [(-87.63, 41.88)]),
        ("location", ["POINT (61.5 34.0)"], [(61.5, 34.0)]),
    ],
)
def test_both_coordinates_in_one_text(heading: str, texts: list[str], expected: list[tuple[float, float]]) -> None:
    rows = table(("code", "name", "class", heading), *[(str(n), "x", "village", text) for n, text in enumerate(texts)])
    parsed = canonical("places", rows)
    assert list(zip(parsed.frame["lon"], parsed.frame["lat"], strict=True)) == expected
    assert any("is read as" in note for note in parsed.notes)


def test_a_column_that_mixes_the_order_is_refused() -> None:
    rows = table(("code", "name", "class", "坐标"), ("1", "x", "村", "106.7, 27.0"), ("2", "x", "村", "27.0, 106.7"))
    with pytest.raises(InvalidInput, match="in some rows"):
        canonical("places", rows)


def test_texts_that_are_no_coordinates_come_back() -> None:
    rows = table(
        ("code", "name", "class", "坐标"),
        ("1", "x", "村", "106.7, 27.0"),
        ("2", "x", "村", "1.2.3, 4"),
        ("3", "x", "村", "村口"),
        ("4", "x", "村", None),
    )
    assert faults(canonical("places", rows)) == [(2, "place"), (3, "place"), (4, "place")]


# --- polygons -------------------------------------------------------------------------------------------------------


def spatial(shapes: Sequence[Any], **columns: Sequence[Any]) -> Table:
    frame = pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})
    frame["geometry"] = pd.Series(list(shapes), dtype=object)
    return Table.of(frame, crs="EPSG:4326")


def box(west: float) -> shapely.Polygon:
    return shapely.box(west, 27.0, west + 0.01, 27.01)


def test_polygons_become_multipolygons_in_wgs84() -> None:
    parsed = canonical("cells", spatial([box(106.70), shapely.MultiPolygon([box(106.72)])], code=["1", "2"]))
    assert [shape.geom_type for shape in parsed.frame["geometry"]] == ["MultiPolygon", "MultiPolygon"]
    assert parsed.frame["name"].tolist() == ["1", "2"], "a cell without a name is called by its code"
    assert parsed.frame["area"].tolist() == [None, None]


def test_heights_are_dropped_and_said() -> None:
    high = shapely.force_3d(box(106.7), 900.0)
    parsed = canonical("cells", spatial([high], code=["1"]))
    assert not parsed.frame["geometry"].iloc[0].has_z
    assert any("Heights" in note for note in parsed.notes)


@pytest.mark.parametrize("name", [name for name, shape in INVALID_SHAPES.items() if shape is not None])
def test_invalid_shapes_are_named_and_never_mended(name: str) -> None:
    parsed = canonical("cells", spatial([box(106.7), INVALID_SHAPES[name]], code=["1", "2"]))
    assert parsed.frame["code"].tolist() == ["1"]
    assert (2, "geometry") in faults(parsed)


def test_cells_without_geometry_come_back_and_areas_may_do_without() -> None:
    assert faults(canonical("cells", spatial([None], code=["1"]))) == [(1, "geometry")]
    parsed = canonical("areas", spatial([None], code=["520122"], name=["息烽县"]))
    assert parsed.frame["geometry"].tolist() == [None]


@pytest.mark.parametrize("shape", [shapely.Point(106.7, 27.0), shapely.LineString([(106.7, 27.0), (106.8, 27.1)])])
def test_other_geometry_than_the_kind_s_is_refused(shape: Any) -> None:
    parsed = canonical("cells", spatial([shape], code=["1"]))
    assert f"is a {shape.geom_type}; it must be Polygon or MultiPolygon" in reasons(parsed)


def test_cells_of_one_code_are_merged_only_when_asked() -> None:
    rows = spatial([box(106.70), box(106.75), box(106.71)], code=["1", "2", "1"], name=[None, "b", None])
    parsed = canonical("cells", rows)
    assert parsed.frame["code"].tolist() == ["2"]
    assert faults(parsed) == [(1, "code"), (3, "code")]
    assert "the same code as row 3" in parsed.rejects[0].reason
    merged = canonical("cells", rows, merge_same_code=True)
    assert merged.frame["code"].tolist() == ["1", "2"]
    assert merged.frame["row"].tolist() == [1, 2]
    assert merged.frame["geometry"].iloc[0].equals(shapely.box(106.70, 27.0, 106.72, 27.01))
    assert merged.frame["geometry"].iloc[0].geom_type == "MultiPolygon"
    assert any("rows 1 and 3" in note for note in merged.notes)


def test_shapes_in_gcj02_are_moved() -> None:
    parsed = canonical("cells", spatial([box(106.70)], code=["1"]), crs="gcj02")
    moved = parsed.frame["geometry"].iloc[0].centroid.distance(box(106.70).centroid) * 111_000
    assert 100 < moved < 900


def test_wkt_in_a_column_is_geometry() -> None:
    rows = table(("code", "WKT"), ("1", box(106.7).wkt), ("2", "POLYGON ((1 1"), ("3", None))
    parsed = canonical("cells", rows)
    assert parsed.frame["code"].tolist() == ["1"]
    assert faults(parsed) == [(2, "geometry"), (3, "geometry")]


def test_an_enterprise_is_a_point_or_an_area_with_a_point_inside() -> None:
    ring = shapely.Polygon(box(106.70).exterior, [shapely.box(106.702, 27.002, 106.709, 27.009).exterior.coords])
    shapes = [shapely.Point(106.7, 27.0), ring, shapely.LineString([(106.7, 27.0), (106.8, 27.1)])]
    parsed = canonical(
        "enterprises", spatial(shapes, code=["1", "2", "3"], name=["a", "b", "c"], kind=["矿山", "厂", "厂"])
    )
    assert parsed.frame["kind"].tolist() == ["mine", "factory"]
    assert faults(parsed) == [(3, "geometry")]
    inside = shapely.Point(parsed.frame["x_in"].iloc[1], parsed.frame["y_in"].iloc[1])
    assert ring.contains(inside)


def test_lines_and_water() -> None:
    line = shapely.LineString([(106.7, 27.0), (106.8, 27.1)])
    roads = canonical("roads", spatial([line, box(106.7)], code=["1", "2"], fclass=["primary", "track"]))
    assert roads.frame["class"].tolist() == ["main"]
    assert roads.frame["geometry"].iloc[0].geom_type == "MultiLineString"
    assert roads.frame["name"].tolist() == [None]
    water = canonical("water", spatial([line, box(106.7)], code=["1", "2"], 类型=["河流", "水库"]))
    assert [shape.geom_type for shape in water.frame["geometry"]] == ["MultiLineString", "MultiPolygon"]
    assert water.frame["width"].tolist() == [1, 1]


# --- single kinds ---------------------------------------------------------------------------------------------------


def test_levels_and_parents_follow_from_codes() -> None:
    rows = table(
        ("编码", "名称"),
        ("520122", "息烽县"),
        ("520122100", "永靖镇"),
        ("520122100001", "某社区"),
        ("52012210000100", "?"),
        ("520122100001001", "一格"),
    )
    parsed = canonical("areas", rows)
    assert parsed.frame["level"].tolist() == ["county", "town", "community"]
    assert parsed.frame["parent"].tolist() == [None, "520122", "520122100"]
    assert faults(parsed) == [(4, "level"), (5, "level")]


def test_levels_may_be_words_and_codes_anything() -> None:
    rows = table(
        ("编码", "名称", "级别", "上级编码"),
        ("X", "某县", "县", ""),
        ("X-1", "某镇", "乡镇", "X"),
        ("X-1-1", "某村", "行政村", "X-1"),
    )
    parsed = canonical("areas", rows)
    assert parsed.frame["level"].tolist() == ["county", "town", "community"]
    assert parsed.frame["parent"].tolist() == [None, "X", "X-1"]


def test_contacts_without_consent_are_dropped_not_their_households() -> None:
    rows = table(
        (*HOUSE, "联系人", "联系电话", "同意"),
        ("H1", "一组", *HOME, "张三", "13800001234.0", "是"),
        ("H2", "二组", *HOME, "李四", "0851-8772123", "否"),
        ("H3", "三组", *HOME, "王五", "0851-8772124", ""),
    )
    parsed = canonical("households", rows)
    assert parsed.frame["contact_name"].tolist() == ["张三", None, None]
    assert parsed.frame["contact_phone"].tolist() == ["13800001234", None, None]
    assert parsed.frame["contact_consent"].tolist() == [True, False, False]
    assert any(note.startswith("2 contacts are dropped") for note in parsed.notes)


def test_rosters() -> None:
    parsed = canonical(
        "duties",
        table(
            ("工号", "网格编码", "岗位", "上岗日期", "离岗日期", "值班日", "上班时间", "下班时间"),
            ("W1", "C1", "主责", "2024年1月1日", "", "周一至周五", "08:30", "17:30"),
            ("W1", "C2", "", "2024-01-01", "", "", "", ""),
            ("W2", "C1", "备岗", "2024-02-01", "2024-01-01", "", "", ""),
            ("W3", "C1", "备岗", "2024-02-01", "", "", "08:00", ""),
            ("W1", "C2", "备岗", "2024-01-01", "", "", "", ""),
        ),
    )
    assert parsed.frame["rank"].tolist() == ["primary", "primary"]
    assert parsed.frame["valid_from"].tolist() == [date(2024, 1, 1)] * 2
    assert parsed.frame["weekdays"].tolist() == [31, 127]
    assert parsed.frame["starts_min"].iloc[0] == 510
    assert np.isnan(parsed.frame["starts_min"].iloc[1])
    assert faults(parsed) == [(3, "valid_to"), (4, "ends_min"), (5, "worker")]


def test_incidents() -> None:
    parsed = canonical(
        "incidents",
        table(
            ("编号", "类别", "受理时间", "办结时间", "经度", "纬度", "诉求内容"),
            ("1", "矿山", "2024-03-05 14:30", "2024-03-06", *HOME, "放炮震裂墙"),
            ("2", "矿山", "2024-03-05", "2024-03-04", *HOME, ""),
            ("3", "", "2024-03-05", "", *HOME, ""),
            ("4", "矿山", "3/5/2024", "", *HOME, ""),
            ("1", "矿山", "2024-03-05", "", *HOME, ""),
        ),
        tz="Asia/Shanghai",
    )
    row = parsed.frame.iloc[0]
    assert row["received_at"] == datetime(2024, 3, 5, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert (row["channel"], row["text"], row["household"]) == ("import", "放炮震裂墙", None)
    assert np.isnan(row["accuracy_m"])
    assert faults(parsed) == [(2, "closed_at"), (3, "category"), (4, "received_at"), (5, "number")]
    assert "row 1, which is kept" in parsed.rejects[-1].reason


def test_a_faulty_first_row_does_not_shut_out_its_repeat() -> None:
    rows = table(HOUSE, ("H1", "", *HOME), ("H1", "一组", *HOME))
    parsed = canonical("households", rows)
    assert parsed.frame["row"].tolist() == [2]
    assert faults(parsed) == [(1, "address")]


def test_constants_serve_all_rows() -> None:
    rows = table(("名称", "经度", "纬度"), ("某矿", *HOME), ("另矿", *HOME))
    mapping = {"name": "名称", "x": "经度", "y": "纬度", "kind": ":mine", "source": ":Global Energy Monitor"}
    parsed = canonical("enterprises", rows, mapping)
    assert parsed.frame["kind"].tolist() == ["mine", "mine"]
    assert parsed.frame["source"].tolist() == ["Global Energy Monitor"] * 2
    assert parsed.frame["code"].nunique() == 2
    again = canonical("enterprises", rows, mapping)
    assert again.frame["code"].tolist() == parsed.frame["code"].tolist()


def test_marks_of_nothing_are_said() -> None:
    rows = table(
        (*HOUSE, "老人数"), ("H1", "一组", *HOME, ">0"), ("H2", "二组", *HOME, "N/A"), ("H3", "三组", *HOME, "2")
    )
    parsed = canonical("households", rows)
    assert np.array_equal(parsed.frame["elders"], [np.nan, np.nan, 2.0], equal_nan=True)
    assert any(note.startswith("elders: 2 values") for note in parsed.notes)


def test_forbidden_columns_are_not_read_and_said() -> None:
    rows = table(
        ("工号", "姓名", "社区编码", "身份证号", "民族"), ("W1", "张三", "520122100001", "520122199001011234", "汉")
    )
    parsed = canonical("workers", rows)
    assert "520122199001011234" not in parsed.frame.to_csv()
    assert sum("is not read" in note for note in parsed.notes) == 2
    with pytest.raises(InvalidInput, match="never reads"):
        canonical("workers", rows, {"code": "身份证号", "name": "姓名", "area": "社区编码"})


@pytest.mark.parametrize(
    ("kind", "columns", "says"),
    [
        ("enterprises", ("名称", "经度", "纬度"), r"kind \(one of mine, quarry, factory, other\)"),
        ("households", ("户号", "地址"), "x and y"),
        ("cells", ("网格编码",), "geometry"),
        ("incidents", ("经度", "纬度", "受理时间"), "number; category"),
    ],
)
def test_a_file_that_lacks_a_field_says_which(kind: str, columns: Sequence[str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        canonical(kind, table(columns))
    assert "--map" in caught.value.message


def test_an_empty_file_gives_an_empty_frame() -> None:
    parsed = canonical("households", table(HOUSE))
    assert len(parsed.frame) == 0
    assert parsed.rejects == []


def test_sixty_thousand_households_at_once() -> None:
    count = 60_000
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({
        "户号": [f"520122{n:09d}" for n in range(count)],
        "地址": [f"某村{n % 30}组{n}号" for n in range(count)],
        "经度": [f"{value:.7f}" for value in rng.uniform(106.5, 107.0, count)],
        "纬度": [f"{value:.7f}" for value in rng.uniform(26.9, 27.4, count)],
        "老人数": [str(n % 4) for n in range(count)],
        "房屋结构": ["砖混"] * count,
    }, dtype=object)  # fmt: skip
    parsed = canonical("households", Table.of(frame), extent=EXTENT, crs="gcj02")
    assert len(parsed.frame) == count
