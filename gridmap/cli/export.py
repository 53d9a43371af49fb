"""`gridmap export`: rows of the database as a file that `gridmap import` reads back."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gridmap.cli import output
from gridmap.cli.database import Kinds, open_here
from gridmap.cli.options import Json, Out

if TYPE_CHECKING:
    from gridmap.usecases.exporting import Choice, Exported


def export(
    kind: Annotated[Kinds, typer.Argument(help="What the rows are.")],
    out: Out,
    area: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only rows in this area, or in one below it.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Cells and duties in force on this day, not today."),
    ] = None,
    every_day: Annotated[bool, typer.Option("--all", help="Cells and duties of all days, past and to come.")] = False,
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="Incidents received in this month.")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="Incidents from this day on."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Incidents before this day."),
    ] = None,
    with_personal: Annotated[
        bool, typer.Option("--with-personal", help="With sealed fields: contacts, reporters, what was reported.")
    ] = False,
    as_user: Annotated[
        str | None, typer.Option("--as", metavar="USERNAME", help="By whose rights; it goes to the read log.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why persons' rows are needed; it goes to the read log.")] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the headings.")] = "en",
    crs: Annotated[str, typer.Option(help="Write coordinates in gcj02, bd09 or EPSG:n.")] = "wgs84",
    as_json: Json = False,
) -> None:
    """Write all rows of KIND to a file for those inside; `gridmap import KIND` reads it back as it is.

    Cells and duties are those in force today. Households and incidents are about persons: they need --as USERNAME, an
    account whose role serves them, and --reason; each row is written to the read log, and only the file's owner may
    read it. Sealed fields stay behind without --with-personal. Figures for the outside are another matter: they go
    through the release gate (`gridmap map`), never through an export.

    \b
    Example:
      gridmap export cells -o cells.gpkg --as-of 2026-01-01
      gridmap export workers -o workers.xlsx --area 520122100 --lang zh
      gridmap export incidents -o july.csv --month 2026-07 --as li.na --reason "mediation meeting of 3 August"
    """
    from gridmap.usecases.exporting import Choice, export_file

    if (as_of is not None) + every_day > 1:
        raise typer.BadParameter("give --as-of or --all, not both")
    if month is not None and (first is not None or end is not None):
        raise typer.BadParameter("give --month, or --from and --to, not both")
    if month is not None:
        first, end = month, month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    choice = Choice(area, _day(as_of), every_day, _day(first), _day(end), with_personal, lang, crs)
    _check_people(kind, choice, as_user, reason)
    with output.progress(f"exporting {kind}", json=as_json) as advance:
        done = export_file(open_here(), kind, out, choice, username=as_user, reason=reason, progress=advance)
    if as_json:
        output.print_json({**_as_dict(done), "out": str(out)})
    else:
        _tell(done, out)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _check_people(kind: str, choice: Choice, as_user: str | None, reason: str | None) -> None:
    """Wrong usage before any database is opened: persons' rows without --as and --reason."""
    about_persons = kind in {"households", "incidents"} or choice.personal
    if about_persons and (as_user is None or reason is None):
        raise typer.BadParameter(f"{kind} hold persons' data: say by whose rights and why, --as USERNAME --reason TEXT")


def _as_dict(done: Exported) -> dict[str, object]:
    return {
        "kind": done.kind, "rows": done.rows, "columns": list(done.columns), "personal": done.personal,
        "notes": list(done.notes),
    }  # fmt: skip


def _tell(done: Exported, out: Path) -> None:
    for note in done.notes:
        output.note(f"note: {note}")
    output.say(f"{done.kind}: {done.rows:,} rows written to {out}")
    if done.personal:
        output.note("note: the file holds persons' data; keep it as carefully, and delete it when it has served")
