"""`gridmap map`: the county's map as one file that opens offline."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here


def map_(
    out: Annotated[Path, typer.Option("-o", "--out", help="the file to write, such as map.html")],
    months: Annotated[int, typer.Option(help="closed months before this one", min=1, max=120)] = 12,
    exact: Annotated[bool, typer.Option("--exact", help="single rows instead of released counts; needs --as")] = False,
    as_user: Annotated[str | None, typer.Option("--as", help="the account by whose rights rows are read")] = None,
    reason: Annotated[str | None, typer.Option(help="why, where the role must say; it goes to the read log")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="the cells of this day, not today's; needs --exact"),
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en; the file holds both")] = "zh",
) -> None:
    """Write one file that opens offline: released counts by communities, enterprises and the base map.

    Every count in it is 0 or at least 5, also when two are subtracted. With --exact it holds what the account may see:
    it is personal data then, and stays with that person.

    Example: gridmap map -o map.html --months 6
    """
    from api.app import static_folder
    from api.pages import gather
    from api.pages.offline import offline_page
    from gridmap.errors import InvalidInput

    if lang not in ("zh", "en"):
        raise InvalidInput(f"--lang must be zh or en, but is {lang[:20]!r}")
    if exact != (as_user is not None):
        raise InvalidInput("--exact and --as USERNAME go together: single rows are read by somebody's rights")
    if as_of is not None and not exact:
        raise InvalidInput("--as-of goes with --exact: what is released has no cells, and its drawing is fixed")
    spoken: Literal["zh", "en"] = "en" if lang == "en" else "zh"
    ctx = open_here()
    given = (
        gather.exact(ctx, as_user, reason, as_of and as_of.date())
        if as_user is not None
        else gather.released(ctx, months)
    )
    text = offline_page(given, static_folder(), spoken)
    out.write_text(text, "utf-8")
    output.say(f"{out}: {len(text.encode()) / 1e6:.1f} MB, opens offline")
