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


def pdf(html: str) -> bytes:
    """The PDF of a page, A4 unless its CSS says otherwise. It opens no file and no address, only `data:` pictures.

    WeasyPrint costs about a second for a sheet; long tables belong in xlsx (3,000 rows take 16 s).
    """
    # imported here: it loads Pango, which a server without reports need not have
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=INLINE, fail_on_errors=True))
    made: bytes = document.write_pdf()
    return made
