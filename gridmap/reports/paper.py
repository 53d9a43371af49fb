"""HTML from a template of this package, and its PDF. Both are closed: nothing is fetched while they are made."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

#: what a sheet may hold besides its own text: pictures written into it
INLINE: Final = ("data",)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("gridmap.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, **values: Any) -> str:
    """The HTML of `template` ("month.html") filled with `values`, every text in it escaped. A value that the template
    names and `values` lacks is an error, not a blank. Charts come as `markupsafe.Markup`.
    """
    return _templates().get_template(template).render(**values)


#: how small a sheet is made, step by step, until it is one
_SMALLER = (0.94, 0.88, 0.82, 0.76)


def pdf(html: str, *, one_sheet: bool = False) -> bytes:
    """The PDF of a page, A4 unless its CSS says otherwise. It opens no file and no address, only `data:` pictures.

    `one_sheet`: what does not fit on one A4 is laid out on a larger page and made smaller, down to three quarters.

    WeasyPrint costs about a second for a sheet; long tables belong in xlsx (3,000 rows take 16 s).
    """
    # imported here: it loads Pango, which a server without reports need not have
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=INLINE, fail_on_errors=True))
    scale, drawn = 1.0, document.render()
    for smaller in _SMALLER if one_sheet else ():
        if len(drawn.pages) == 1:
            break
        size = f"{210 / smaller:.2f}mm {297 / smaller:.2f}mm"
        scale, drawn = smaller, document.render(stylesheets=[CSS(string=f"@page {{ size: {size} !important }}")])
    made: bytes = drawn.write_pdf(zoom=scale)
    return made
