"""Identity numbers in texts: hidden however they are written, and nothing else is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.privacy import without_numbers
from gridmap.privacy.numbers import HIDDEN

FULL = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@pytest.mark.parametrize(
    "number",
    ["520122199001011234", "52012219900101123X", "52012219900101123x", "520122 19900101 1234", "520122-19900101-123X",
     "520122198002291234", "520122199001011234".translate(FULL), "52012219900101123X".translate(FULL)],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "我叫张三，身份证{}，住三组", "ID:{}.", "{} {}", "（{}）"])
def test_a_number_is_hidden(number: str, around: str) -> None:
    hidden = without_numbers(around.replace("{}", number))
    assert hidden == around.replace("{}", HIDDEN)
    assert without_numbers(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    ["13900000017", "529901001001001", "20260703100000123", "520122199013011234", "520122199002301234",
     "520122300001011234", "5201221990010112345", "a520122199001011234", "520122199001011234Z", "", "六户",
     "6222020200112233445",
     "0" * 64, "520122199001011234" * 3],
)  # fmt: skip
def test_other_numbers_stand(text: str) -> None:
    assert without_numbers(text) == text


@given(
    region=st.integers(110000, 659999), born=st.dates(date(1900, 1, 1), date(2026, 12, 31)), serial=st.integers(0, 999),
    check=st.sampled_from("0123456789Xx"), before=st.text(st.characters(blacklist_categories=("L", "N", "Cs"))),
)  # fmt: skip
def test_no_number_of_anybody_born_gets_through(region: int, born: date, serial: int, check: str, before: str) -> None:
    number = f"{region}{born:%Y%m%d}{serial:03}{check}"
    assert number not in without_numbers(f"{before}{number}")
