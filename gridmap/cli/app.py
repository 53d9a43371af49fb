"""The command line: one `typer` app, a line for each verb, and what becomes of an error.

A verb is a function in its own module that imports nothing heavy at its top, so that `gridmap --help` stays quick.
Verbs raise the errors of `gridmap.errors`; `run` turns them into a message and an exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from gridmap.cli import (
    check,
    convert,
    database,
    demo,
    doctor,
    emerging,
    export,
    help_button,
    hotspots,
    keys,
    knox,
    limits,
    locate,
    messages,
    quota,
    repair,
    report,
    rules,
    scan,
    serve,
    sources,
    users,
)
from gridmap.cli import map as map_verb
from gridmap.cli.output import DATA_FAULT, DONE, ENVIRONMENT_FAULT, debugging, note, print_error
from gridmap.errors import GridmapError

app = typer.Typer(
    name="gridmap",
    help="Grid management for a county: cells, the people who serve them, and what residents report.\n\n"
    "Exit status: 0 done, 1 the data is at fault, 2 wrong usage, 3 the environment is at fault.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

# over files, with no database
app.command("locate")(locate.locate)
app.command("check")(check.check)
app.command("repair")(repair.repair)
app.command("convert")(convert.convert)
app.command("hotspots")(hotspots.hotspots)
app.command("emerging")(emerging.emerging)
app.command("scan")(scan.scan)
app.command("sources")(sources.sources)
app.command("knox")(knox.knox)

# over the database of GRIDMAP_DATABASE_URL
app.command("init")(database.init)
app.command("import")(database.import_)
app.command("export")(export.export)
app.command("map")(map_verb.map_)
app.command("report")(report.report)
app.command("recount")(report.recount)
app.command("sweep")(database.sweep)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(users.users)
app.add_typer(messages.messages)
app.add_typer(keys.keys)
app.add_typer(help_button.help_button)
app.add_typer(quota.quota)
app.add_typer(rules.rules)
app.add_typer(limits.limits)


def run(args: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. Errors become messages, tracebacks only where GRIDMAP_DEBUG is set."""
    given = list(sys.argv[1:] if args is None else args)
    command: Any = typer.main.get_command(app)
    try:
        return int(command.main(args=given, prog_name="gridmap", standalone_mode=False) or DONE)
    except GridmapError as error:
        if debugging():
            raise
        return print_error(error, json="--json" in given)
    except typer.Abort:
        return DATA_FAULT
    except BrokenPipeError:
        return DONE  # whoever read our lines has enough
    except Exception as error:
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    """Wrong usage is shown as typer shows it; a full disk or memory is the environment; the rest is our own fault."""
    show, status = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(status, int):
        show()
        return status
    if debugging():
        raise error
    if isinstance(error, OSError | MemoryError):
        note(f"gridmap: {type(error).__name__}: {error}")
    else:
        note(f"gridmap: a fault in gridmap itself ({type(error).__name__}: {error}). GRIDMAP_DEBUG=1 shows where.")
    return ENVIRONMENT_FAULT


def main() -> NoReturn:
    """The program `gridmap`."""
    sys.exit(run())
