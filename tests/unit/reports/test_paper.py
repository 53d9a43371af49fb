"""A sheet escapes what it is given, misses nothing silently, and fetches nothing."""

from __future__ import annotations

import contextlib
import re
import zlib

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


@pytest.mark.parametrize(("lines", "pages"), [(10, 1), (64, 1), (200, None)])
def test_what_is_a_little_too_long_is_made_to_fit_one_a4(lines: int, pages: int | None) -> None:
    html = "<style>@page { size: A4; margin: 10mm } p { font-size: 10pt; line-height: 4.6mm; margin: 0 }</style>"
    boxes = sheets(pdf(html + "<p>one line</p>" * lines, one_sheet=True))
    assert len(boxes) == pages if pages else len(boxes) > 1
    assert boxes[0] == pytest.approx((595.3, 841.9), abs=0.5)


def sheets(made: bytes) -> list[tuple[float, float]]:
    """The size of each page in points."""
    found = [made]
    for start in re.finditer(rb"stream\r?\n", made):
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(made[start.end() :]))
    boxes = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)", b"\n".join(found))
    return [(float(width), float(height)) for width, height in boxes]
