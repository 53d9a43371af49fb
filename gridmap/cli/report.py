"""`gridmap report`: a month's scorecard on paper; `gridmap recount`: its sums counted again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here
from gridmap.cli.options import Json

if TYPE_CHECKING:
    from gridmap.usecases.context import Context


def report(
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month, such as 2026-06.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file: .pdf, .xlsx or .html.")] = None,
    area: Annotated[str | None, typer.Option(metavar="CODE", help="Only this area, such as a town.")] = None,
    category: Annotated[str | None, typer.Option(metavar="CODE", help="Only this category and those below it.")] = None,
    by: Annotated[
        Literal["area", "town", "community", "body", "category", "channel", "month"],
        typer.Option(help="What stands in the lines; area: those right below."),
    ] = "area",
    lang: Annotated[Literal["zh", "en"], typer.Option(help="Language of the report.")] = "zh",
    as_json: Json = False,
) -> None:
    """Write a month's report for those inside: exact counts of places and bodies, no persons.

    Every ratio stands beside both its counts; open and overdue cases count wherever time is spoken of.

    Example: gridmap report --month 2026-06 -o june.pdf --lang en
    """
    from gridmap.errors import InvalidInput
    from gridmap.usecases.reports import FORMATS, card_of, render

    if out is None and not as_json:
        raise InvalidInput("say where to write with -o FILE, or ask for --json")
    if out is not None and out.suffix.lower() not in FORMATS:
        raise InvalidInput(f"a report is written as {', '.join(FORMATS)}, not as {out.suffix or out.name!r}")
    card = card_of(_ready(), month, by, area, category)
    if out is not None:
        out.write_bytes(render(card, out.suffix.lower(), lang))
    if as_json:
        output.print_json(card)
    else:
        output.say(f"{out}: {card['total']['counts']['accepted']} cases came in in {month}")


def recount() -> None:
    """Count the scorecards' sums again from every event, and say whether they were right. Writes wait meanwhile.

    Example: gridmap recount
    """
    from gridmap.usecases.reports import recount as run

    cases, wrong = run(_ready())
    output.say(
        f"{cases} cases counted again; {wrong} lines of the sums were wrong" if wrong else f"{cases} cases: right"
    )


def _ready() -> Context:
    return open_here()
