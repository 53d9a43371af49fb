"""No mojibake is accepted: 200 generated files, each read as it was written or refused with a preview."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gridmap.errors import InvalidInput
from gridmap.files import read_table
from tests.encodings import case, dbf, outcome


def test_two_hundred_files(tmp_path: Path) -> None:
    """In this process; the trials read as many through the child (`tests/trials/test_hostile_files.py`)."""
    seen: Counter[str] = Counter()
    wrong = []
    for number in range(200):
        one = case(number)
        what, good = outcome(one, tmp_path)
        seen[what] += 1
        if not good:
            wrong.append(f"{one.name}: {what}")
    assert wrong == []
    assert seen["read"] > 100


def test_the_preview_shows_each_candidate(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("name,n\n縣鎮鄉鄰,1\n龍鳳說明書,2\n".encode("big5"))
    with pytest.raises(InvalidInput) as caught:
        read_table(path)
    assert "--encoding" in caught.value.message
    assert "as Big5: 縣鎮鄉鄰" in caught.value.message
    assert "as GB18030: " in caught.value.message
    assert read_table(path, encoding="Big5").frame["name"].tolist() == ["縣鎮鄉鄰", "龍鳳說明書"]


def test_a_guess_shows_what_it_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("名称,n\n永靖镇,1\n".encode("gbk"))
    assert "as GB18030: 名称 | 永靖镇" in read_table(path).warnings[0]


@pytest.mark.parametrize("text", ["女", "强,浅", "前强"])
def test_bytes_that_are_both_utf8_and_chinese_are_asked_about(tmp_path: Path, text: str) -> None:
    """女 in GBK is the letter Ů in UTF-8: nothing in the file tells which."""
    content = f"{','.join('abc'[: text.count(',') + 2])}\n{text},1\n".encode("gbk")
    content.decode("utf-8")
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        read_table(path)
    assert caught.value.code == "unknown_encoding"
    assert f"as GB18030: {text.split(',')[0]}" in caught.value.message
    assert text.split(",")[0] in str(read_table(path, encoding="GBK").frame.to_numpy())


def test_a_codec_that_is_none_for_text_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="not known"):
        read_table(path, encoding="rot13")


def test_a_chinese_heading_alone_tells_the_encoding() -> None:
    """Values in ASCII under headings in GBK: the headings count, too."""
    from gridmap.parsing.dbf import dbf_encoding

    table = dbf("名称".encode("gbk"), [b"A", b"B"], "C", "gbk")
    assert dbf_encoding("x.shp", table, None, None)[0] == "GB18030"


def test_a_character_cut_off_by_the_field_s_end_is_forgiven() -> None:
    from gridmap.parsing.dbf import dbf_encoding

    cut = ("永靖镇立碑村" * 6).encode("gbk")[:59]
    table = dbf("名称".encode("gbk"), [cut], "西山", "gbk")
    assert dbf_encoding("x.shp", table, None, None)[0] == "GB18030"
    assert dbf_encoding("x.shp", table, b"GBK", None) == ("GB18030", [])
