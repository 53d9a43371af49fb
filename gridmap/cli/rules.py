"""`gridmap rules check`: is a file of routing rules right for this county?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

rules = typer.Typer(name="rules", help="The rules by which cases find their body.", no_args_is_help=True)


@rules.callback()
def _rules() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


@rules.command("check")
def check(
    file: Annotated[Path, typer.Argument(help='JSON with "rules", as GET /api/v1/rules/{version} gives it')],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Look a file of rules over: names that do not exist here, rules that never get their turn. Nothing is kept.

    Example: gridmap rules check rules.json
    """
    from gridmap.errors import InvalidInput
    from gridmap.usecases.ruling import faults

    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise InvalidInput(f"{file} cannot be read as JSON: {wrong}", field="file") from wrong
    if not isinstance(data, dict):
        raise InvalidInput(f'{file} holds no object with "rules"', field="rules")
    found = faults(open_here(), data)
    if as_json:
        output.print_json({"ok": not found, "faults": found})
    else:
        for one in found:
            output.say(f"{one['rule']}.{one['field']}: {one['message']}")
        output.say(f"{len(data['rules']):,} rules, {len(found):,} faults")
    if found:
        raise typer.Exit(1)
