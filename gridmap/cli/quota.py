"""`gridmap quota`: how many households are to be visited in a month, and on which days."""

from __future__ import annotations

from typing import Annotated

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

quota = typer.Typer(name="quota", help="Quotas of visits: set, list, drop.", no_args_is_help=True)

Area = Annotated[str | None, typer.Option(help="code of an area; it holds below, too, but for nearer ones")]
Worker = Annotated[str | None, typer.Option(help="code of a worker, for whom it comes before any area's")]


@quota.command("set")
def set_(
    least: Annotated[int, typer.Argument(help="households a month", min=0, max=10_000)],
    first: Annotated[int, typer.Option(help="first day of the month", min=1, max=31)] = 1,
    last: Annotated[int, typer.Option(help="last day of the month", min=1, max=31)] = 5,
    area: Area = None,
    worker: Worker = None,
) -> None:
    """Give an area or a worker a quota in place of its old one.

    Example: gridmap quota set 8 --first 1 --last 10 --area 520123001
    """
    from gridmap.people.visits import Quota
    from gridmap.usecases.quotas import put

    put(open_here(), Quota(first, last, least), area=area, worker=worker)
    output.say(f"{area or worker}: at least {least} a month, days {first} to {last}")


@quota.command("drop")
def drop(area: Area = None, worker: Worker = None) -> None:
    """Take a quota away; the one of the area above holds again, or the default.

    Example: gridmap quota drop --worker W-0012
    """
    from gridmap.usecases.quotas import drop as run

    run(open_here(), area=area, worker=worker)
    output.say(f"{area or worker}: no quota of its own")


@quota.command("list")
def list_() -> None:
    """All quotas that were set; where there is none, the default holds: 5 on days 1 to 5.

    Example: gridmap quota list
    """
    from gridmap.usecases.quotas import listed

    for row in listed(open_here()):
        output.say(f"{row.area or row.worker}: at least {row.least} a month, days {row.first_day} to {row.last_day}")
