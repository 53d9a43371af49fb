"""The monthly report for whoever runs the platform, and its sums counted again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gridmap.reports import month as monthly
from gridmap.reports import pdf
from gridmap.reports.month import Lang
from gridmap.store import scores, write
from gridmap.usecases.context import Context
from gridmap.usecases.scoredocs import document
from gridmap.usecases.scoring import card
from gridmap.view import View

FORMATS: Mapping[str, Callable[[Mapping[str, Any], Lang], bytes]] = {
    ".pdf": lambda told, lang: pdf(monthly.html(told, lang)),
    ".html": lambda told, lang: monthly.html(told, lang).encode(),
    ".xlsx": monthly.xlsx,
}


def card_of(ctx: Context, month: str, by: str, area: str | None, category: str | None = None) -> dict[str, Any]:
    """The card of the whole county or of an area, of all categories or of one, as a document."""
    return document(card(ctx, View.system(ctx.today()), month, by, area=area, category=category))


def render(told: Mapping[str, Any], ending: str, lang: Lang) -> bytes:
    """The report as a file of this ending, one of `FORMATS`."""
    return FORMATS[ending](told, lang)


def recount(ctx: Context) -> tuple[int, int]:
    """Count every case again; how many cases, and how many cases and lines had been wrong."""
    with write(ctx.engine) as conn:
        return scores.recount(conn, ctx.zone)
