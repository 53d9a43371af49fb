"""`gridmap messages failed | retry`: what could not be delivered, and another try."""

from __future__ import annotations

from typing import Annotated

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

messages = typer.Typer(name="messages", help="Messages that were given up: list, send again.", no_args_is_help=True)


@messages.command("failed")
def failed(
    limit: Annotated[int, typer.Option(help="how many, latest first", min=1, max=10_000)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """List the messages that were given up, and why. No address and no text is shown.

    Example: gridmap messages failed --limit 20
    """
    from gridmap.usecases.delivering import dead_letters

    found = dead_letters(open_here(), limit)
    if as_json:
        output.print_json({"failed": [{**one, "settled_at": one["settled_at"].isoformat()} for one in found]})
        return
    for one in found:
        output.say(
            f"{one['id']:>8}  {one['settled_at']:%Y-%m-%d %H:%M}Z  {one['number']}  {one['kind']}  "
            f"{one['channel']} to {one['recipient']}  after {one['attempts']}: {one['error']}"
        )
    output.say(f"{len(found):,} given up")


@messages.command("retry")
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="ids as `failed` lists them")] = None,
    every: Annotated[bool, typer.Option("--all", help="all that were given up")] = False,
) -> None:
    """Put messages that were given up back into the queue, under their old keys.

    Example: gridmap messages retry 12 15
    """
    from gridmap.usecases.delivering import revive

    if bool(ids) == every:
        raise typer.BadParameter("give ids, or --all")
    output.say(f"{revive(open_here(), None if every else ids):,} messages will be sent again")
