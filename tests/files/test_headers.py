# ruff: noqa: E501 - tables of texts
"""Which column is which field, and which columns are never read."""

from __future__ import annotations

import pytest

from gridmap.errors import InvalidInput
from gridmap.files import KINDS, combined, forbidden, guess, parse_map, place_columns
from gridmap.files.headers import normal
from gridmap.files.kinds import Type


def test_headings_are_compared_by_letters_and_digits() -> None:
    assert normal(" Ｎame－(English) ") == "nameenglish"
    assert normal("网格 编码：") == "网格编码"


@pytest.mark.parametrize(
    ("kind", "columns", "expected"),
    [
        ("cells", ["geometry", "网格编码", "网格名称", "所属社区编码"], {"geometry": "geometry", "code": "网格编码", "name": "网格名称", "area": "所属社区编码"}),
        ("workers", ["工号", "姓名", "社区编码", "手机号码", "信访代办员"], {"code": "工号", "name": "姓名", "area": "社区编码", "phone": "手机号码", "agent": "信访代办员"}),
        ("households", ["户号", "门牌地址", "经度", "纬度", "户主姓名", "联系电话"], {"x": "经度", "y": "纬度", "code": "户号", "address": "门牌地址", "contact_name": "户主姓名", "contact_phone": "联系电话"}),
        ("incidents", ["Service_Request_Number", "Type_of_Service_Request", "Creation_Date", "Completion_Date", "Latitude", "Longitude"],
         {"x": "Longitude", "y": "Latitude", "number": "Service_Request_Number", "category": "Type_of_Service_Request", "received_at": "Creation_Date", "closed_at": "Completion_Date"}),
        ("incidents", ["编号", "类别", "受理时间", "坐标", "电话"], {"coordinates": "坐标", "number": "编号", "category": "类别", "received_at": "受理时间", "reporter_phone": "电话"}),
        ("households", ["编码", "地址", "经度(GCJ02)", "纬度（GCJ02）"], {"x": "经度(GCJ02)", "y": "纬度（GCJ02）", "code": "编码", "address": "地址"}),
        ("cells", ["WKT", "grid_code"], {"geometry": "WKT", "code": "grid_code"}),
        ("duties", ["网格员编号", "网格编码", "岗位"], {"worker": "网格员编号", "cell": "网格编码", "rank": "岗位"}),
        ("leaves", ["工号", "开始日期", "返岗日期"], {"worker": "工号", "starts_on": "开始日期", "ends_on": "返岗日期"}),
    ],
)  # fmt: skip
def test_usual_headings_are_guessed(kind: str, columns: list[str], expected: dict[str, str]) -> None:
    assert guess(kind, columns) == expected


def test_a_field_s_own_name_is_always_guessed() -> None:
    """So that whatever we export comes in again."""
    for kind in KINDS.values():
        names = [field.name for field in kind.fields]
        assert {name: name for name in names}.items() <= guess(kind.name, names).items()


def test_every_choice_is_among_its_own_words() -> None:
    for kind in KINDS.values():
        for field in kind.fields:
            if field.type is Type.CHOICE:
                assert {value: field.choices[value] for value in field.choices.values()} == {
                    value: value for value in field.choices.values()
                }
                assert all(normal(word) == word for word in field.choices), f"{kind.name}.{field.name}"


def test_each_column_serves_one_field() -> None:
    mapping = guess("duties", ["网格员", "网格"])
    assert sorted(mapping.values()) == ["网格", "网格员"]


def test_two_columns_of_numbers_win_over_one_text() -> None:
    assert place_columns(["coordinates", "lat", "lng"]) == {"x": "lng", "y": "lat"}
    assert place_columns(["coordinates", "lat"]) == {"coordinates": "coordinates"}
    assert place_columns(["name"]) == {}


@pytest.mark.parametrize(
    "column",
    ["身份证号", "民族", "宗教信仰", "政治面貌", "是否党员", "前科", "精神病史", "上访记录", "ID card no.", "Id Number", "Ethnicity", "Religion", "criminal record", "Psychiatric history"],
)  # fmt: skip
def test_what_no_register_may_hold_is_never_read(column: str) -> None:
    assert forbidden([column, "name"]) == {column: forbidden([column])[column]}
    assert column not in guess("workers", [column, "编号", "姓名"]).values()
    with pytest.raises(InvalidInput) as caught:
        parse_map([f"name={column}"], "workers", [column])
    assert caught.value.code == "forbidden_field"


@pytest.mark.parametrize("column", ["plant-id", "request id number", "信访编号", "民生", "residence", "诉求人", "类别"])
def test_harmless_columns_are_not_taken_for_forbidden(column: str) -> None:
    assert forbidden([column]) == {}


def test_told_columns_win_and_free_what_they_took() -> None:
    columns = ["编号", "名称", "经度", "纬度", "x2", "y2"]
    told = parse_map(["code=名称", "lon=x2", "lat=y2", "address=:unknown"], "households", columns)
    assert combined("households", columns, told) == {"code": "名称", "x": "x2", "y": "y2", "address": ":unknown"}


def test_a_field_may_be_left_out_though_a_heading_fits() -> None:
    columns = ["编号", "名称", "电话"]
    assert "phone" not in combined("workers", columns, parse_map(["phone="], "workers", columns))


@pytest.mark.parametrize(
    ("option", "says"),
    [("code", "field=column"), ("colour=编号", "no field 'colour'"), ("code=nothing", "no column 'nothing'")],
)
def test_options_that_fit_nothing_are_named(option: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        parse_map([option], "cells", ["编号"])


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="households"):
        guess("people", [])
