"""`gridmap limits`: how large, compact and evenly loaded the county wants its cells."""

from __future__ import annotations

from typing import Annotated

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

limits = typer.Typer(name="limits", help="The county's limits for cells: show, set.", no_args_is_help=True)


@limits.command("show")
def show(as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False) -> None:
    """The limits in force.

    Example: gridmap limits show
    """
    from gridmap.usecases.limiting import current
    from gridmap.view import View

    ctx = open_here()
    found = current(ctx, View.system(ctx.today()))["limits"]
    if as_json:
        output.print_json(found)
        return
    for name, value in found.items():
        output.say(f"{name}: {'no limit' if value is None else value}")


@limits.command("set")
def set_(
    households_least: Annotated[int | None, typer.Option(help="households of a cell, at least")] = None,
    households_most: Annotated[int | None, typer.Option(help="households of a cell, at most")] = None,
    area_least_m2: Annotated[float | None, typer.Option(help="square metres, at least")] = None,
    area_most_m2: Annotated[float | None, typer.Option(help="square metres, at most; 0: no limit")] = None,
    compactness_least: Annotated[float | None, typer.Option(help="Polsby-Popper, from 0 to 1")] = None,
    deviation_most: Annotated[float | None, typer.Option(help="share of the mean hours, such as 0.25")] = None,
) -> None:
    """Change some of the limits; the others stay. Plans are judged by them at once, and the audit has it.

    Example: gridmap limits set --households-least 250 --households-most 450
    """
    from gridmap.plan import Limits
    from gridmap.usecases.limiting import current, put
    from gridmap.view import View

    ctx = open_here()
    view = View.system(ctx.today())
    given = {
        "households_least": households_least, "households_most": households_most, "area_least_m2": area_least_m2,
        "area_most_m2": area_most_m2, "compactness_least": compactness_least, "deviation_most": deviation_most,
    }  # fmt: skip
    wanted = current(ctx, view)["limits"] | {name: value for name, value in given.items() if value is not None}
    if wanted["area_most_m2"] == 0:
        wanted["area_most_m2"] = None
    put(ctx, view, Limits(**wanted))
    output.say("set: " + ", ".join(f"{name} {value}" for name, value in wanted.items()))
