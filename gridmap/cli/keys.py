"""`gridmap keys rotate`: a new master key for the sealed fields."""

from __future__ import annotations

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

keys = typer.Typer(name="keys", help="The master key of sealed personal fields: rotate it.", no_args_is_help=True)


@keys.callback()
def _keys() -> None:
    """The master key of sealed personal fields."""


@keys.command("rotate")
def rotate() -> None:
    """Wrap every household's and reporter's key with a new master key. After a kill, run it again.

    With the key file: stop the servers, run it, start them. With GRIDMAP_SECRET_KEY: set the new key there and the
    one before as GRIDMAP_OLD_SECRET_KEY, restart the servers, run it, then take the old one away.

    Example: gridmap keys rotate
    """
    from gridmap.usecases.rotating import rotate as run

    done = run(open_here())
    output.say(f"{done.rewrapped:,} keys wrapped anew, {done.already:,} were already; the old master key opens nothing")
