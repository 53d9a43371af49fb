"""A sheet escapes what it is given, misses nothing silently, and fetches nothing."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from weasyprint.urls import FatalURLFetchingError

from gridmap.reports import page, pdf


def test_a_sheet_escapes_what_it_is_given() -> None:
    html = page("sheet.html", lang="zh", title="<script>alert(1)</script>", foot="青溪县")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        page("sheet.html", lang="zh", title="x")


def test_a_sheet_becomes_a_pdf_with_chinese_text() -> None:
    assert pdf(page("sheet.html", lang="zh", title="月报", foot="青溪县")).startswith(b"%PDF-")


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://127.0.0.1:9/x.png"])
def test_a_sheet_reads_no_file_and_no_address(address: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        pdf(f'<p>before<img src="{address}">after</p>')
