"""Workbooks as offices keep them: titles, headings of two lines, merged cells, days and telephones as numbers."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from gridmap.errors import InvalidInput
from gridmap.files import canonical, read_table
from gridmap.parsing.merges import FillDown, Merge


def book(path: Path, rows: list[list[Any]], merged: list[str] | None = None) -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for span in merged or []:
        made.active.merge_cells(span)
    made.save(path)
    return path


def register(path: Path) -> Path:
    """A register of households as a community fills it in."""
    return book(
        path,
        [
            ["息烽县永靖镇住户登记表"],
            ["填报单位：东门社区", None, None, None, "填报日期：2026-07-01"],
            ["户编号", "家庭住址", "家庭人口", None, None, "户主", None, "网格员", None, "经纬度", None, "同意联系"],
            [None, None, "儿童", "成人", "老人", "姓名", "电话", "姓名", "电话", "经度", "纬度", None],
            ["H-001", "东门巷1号", 1, 2, 0, "张三", 13800013123.0, "李四", "0851-8772", 106.74, 27.09, "是"],
            ["H-002", "东门巷2号", 0, 2, 1, "王五", 1.3900013124e10, "李四", None, 106.741, 27.091, "是"],
        ],
        ["A1:L1", "A2:D2", "E2:L2", "A3:A4", "B3:B4", "C3:E3", "F3:G3", "H3:I3", "J3:K3", "L3:L4"],
    )


def test_a_heading_of_two_lines_under_titles(tmp_path: Path) -> None:
    table = read_table(register(tmp_path / "x.xlsx"))
    assert table.frame.columns.tolist() == [
        "户编号", "家庭住址", "儿童", "成人", "老人", "户主 姓名", "户主 电话", "网格员 姓名", "网格员 电话",
        "经度", "纬度", "同意联系",
    ]  # fmt: skip
    assert table.rows.tolist() == [5, 6]
    assert any("rows 3 to 4 are taken as the heading" in warning for warning in table.warnings)
    mapping = {"contact_name": "户主 姓名", "contact_phone": "户主 电话", "code": "户编号", "address": "家庭住址",
               "adults": "成人", "x": "经度", "y": "纬度", "contact_consent": "同意联系"}  # fmt: skip
    frame = canonical("households", table, mapping).frame
    assert frame["contact_phone"].tolist() == ["13800013123", "13900013124"]
    assert frame["adults"].tolist() == [2, 2]


def test_a_note_of_two_cells_is_no_heading(tmp_path: Path) -> None:
    heading = ["编号", "姓名", "电话", "地址"]
    rows: list[list[Any]] = [["单位：东门社区", None, None, "日期：7月"], heading, ["W1", "张", "110", "东门"]]
    table = read_table(book(tmp_path / "x.xlsx", rows, ["A1:C1"]))
    assert table.frame.columns.tolist() == ["编号", "姓名", "电话", "地址"]
    assert table.rows.tolist() == [3]


def test_groups_without_cells_merged_downwards_leave_the_line_below(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[None, None, "人口", None], ["编号", "地址", "儿童", "老人"], ["H1", "东门", 1, 2]]
    table = read_table(book(tmp_path / "x.xlsx", rows, ["C1:D1"]))
    assert table.frame.columns.tolist() == ["编号", "地址", "儿童", "老人"]


def test_a_cell_merged_over_rows_speaks_for_each(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["社区", "编号", "姓名"], ["东门", "1", "甲"], [None, "2", "乙"], [None, "3", "丙"]]
    rows.append(["西门", "4", "丁"])
    table = read_table(book(tmp_path / "x.xlsx", rows, ["A2:A4"]))
    assert table.frame["社区"].tolist() == ["东门", "东门", "东门", "西门"]


def test_only_merged_cells_are_filled() -> None:
    down = FillDown([Merge(2, 0, 3, 0), Merge(2, 1, 2, 2), Merge(9, 5, 12, 5)])
    rows: dict[int, list[str | None]] = {2: ["a", "b", None], 3: [None, None, None], 4: [None, None, None], 11: ["x"]}
    for row, record in rows.items():
        down.fill(row, record)
    assert rows == {2: ["a", "b", None], 3: ["a", None, None], 4: [None, None, None], 11: ["x"]}


def test_days_as_numbers_and_as_days(tmp_path: Path) -> None:
    """A day that lost its format is the number 46206; 20260703 was typed without dashes."""
    noon = datetime.fromisoformat("2026-07-03 12:00")
    days: list[Any] = [
        46206,
        date(2026, 7, 3),
        20260703,
        noon,
        "2026年7月3日",
        46206.0,
        "3/7/2026",
    ]
    rows = [["网格员编号", "网格编码", "开始日期"], *([f"W{n}", "C", day] for n, day in enumerate(days))]
    parsed = canonical("duties", read_table(book(tmp_path / "x.xlsx", rows)))
    assert set(parsed.frame["valid_from"]) == {date(2026, 7, 3)}
    assert len(parsed.frame) == 6
    assert [(reject.row, reject.field) for reject in parsed.rejects] == [(8, "valid_from")]


def test_a_code_of_eighteen_digits_kept_as_a_number_comes_back(tmp_path: Path) -> None:
    """A spreadsheet's numbers have 15 digits: what it shows of the others is not what was typed."""
    rows: list[list[Any]] = [["编号", "姓名", "社区编码"]]
    rows += [["W1", "甲", 520122101001001], ["W2", "乙", 520122101001001002], ["W3", "丙", 5.20122101001001e17]]
    parsed = canonical("workers", read_table(book(tmp_path / "x.xlsx", rows)))
    assert parsed.frame["area"].tolist() == ["520122101001001"]
    assert {(reject.row, reject.field) for reject in parsed.rejects} == {(3, "area"), (4, "area")}
    assert all("digits are lost" in reject.reason for reject in parsed.rejects)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.3800013123E+10", "13800013123"), ("1.38000131230E+10", "13800013123"), ("1.3800013E+10", None),
        ("1.38000131234E+10", None), ("1.38E+10", None), ("13800013123.0", "13800013123"),
        ("5.20122101001001E+17", None),
    ],
)  # fmt: skip
def test_a_telephone_kept_as_a_number_is_given_back_only_whole(tmp_path: Path, written: str, read: str | None) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"工号,姓名,社区,电话\nW1,张三,1,{written}\n", encoding="utf-8")
    parsed = canonical("workers", read_table(path))
    assert parsed.frame["phone"].tolist() == ([read] if read else [])
    assert [(reject.row, reject.field, reject.value) for reject in parsed.rejects] == (
        [] if read else [(2, "phone", written)]
    )


def changed(source: Path, target: Path, member: str, old: bytes, new: bytes) -> Path:
    """A copy of an archive in which one member's bytes are changed."""
    with zipfile.ZipFile(source) as there, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as here:
        for one in there.namelist():
            content = there.read(one)
            here.writestr(one, content.replace(old, new, 1) if one == member else content)
    return target


@pytest.mark.parametrize("behind", [0, 1 << 17])
def test_a_workbook_that_names_another_file_does_not_get_it(tmp_path: Path, behind: int) -> None:
    """Refused by its document type; behind a long comment, where nobody looks, the parser does not follow it."""
    (tmp_path / "secret.txt").write_text("SECRET", encoding="utf-8")
    plain = book(tmp_path / "a.xlsx", [["a", "b"], ["one", "two"]])
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>'
    with zipfile.ZipFile(plain) as there:
        member = next(name for name in there.namelist() if b">one<" in there.read(name))
        strings = there.read(member)
    spoilt = strings.replace(b">one<", b">&e;<")
    begin = re.search(rb"<\w", spoilt).start()  # type: ignore[union-attr]
    spoilt = b"<!--" + b" " * behind + b"-->" + entity.encode() + spoilt[begin:]
    path = changed(plain, tmp_path / "x.xlsx", member, strings, spoilt)
    if behind == 0:
        with pytest.raises(InvalidInput) as caught:
            read_table(path)
        assert caught.value.code == "xml_entities"
    else:
        with pytest.raises(InvalidInput) as caught:
            raise InvalidInput(str(read_table(path).frame.to_numpy()))
    assert "SECRET" not in caught.value.message


def test_a_row_beyond_the_last_is_not_waited_for(tmp_path: Path) -> None:
    plain = book(tmp_path / "a.xlsx", [["a", "b"], ["one", "two"], ["three", "four"]])
    path = changed(plain, tmp_path / "x.xlsx", "xl/worksheets/sheet1.xml", b'<row r="3"', b'<row r="4000000000"')
    with pytest.raises(InvalidInput, match="rows that no spreadsheet has"):
        read_table(path)


def test_the_rows_are_those_the_spreadsheet_shows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a", "b"], ["1", "2"], [], [], ["3", "4"]]
    assert read_table(book(tmp_path / "x.xlsx", rows)).rows.tolist() == [2, 5]


def test_parquet_with_dictionaries_days_and_an_index(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"工号": ["1", "2"], "姓名": pd.Categorical(["张", "李"]), "区域编码": [520122, 520123],
         "电话": [13800013123.0, None]},
        index=["x", "y"],
    )  # fmt: skip
    frame.to_parquet(tmp_path / "x.parquet")
    parsed = canonical(
        "workers",
        read_table(tmp_path / "x.parquet"),
        {"code": "工号", "name": "姓名", "area": "区域编码", "phone": "电话"},
    )
    assert parsed.frame["area"].tolist() == ["520122", "520123"]
    assert parsed.frame["phone"].tolist() == ["13800013123", None]
    assert parsed.frame["name"].tolist() == ["张", "李"]
