"""The command line: one `typer` app, a line for each verb, and what an exit status means.

A verb is a function in its own module that imports nothing heavy at its top, so that `gridmap --help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from gridmap.cli import check, convert, locate
from gridmap.cli.output import DATA_FAULT, DONE, ENVIRONMENT_FAULT, debugging, note, status_of
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
app.command("convert")(convert.convert)


def run(args: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. Errors become messages, never tracebacks (unless GRIDMAP_DEBUG is set)."""
    command: Any = typer.main.get_command(app)
    try:
        status = command.main(args=None if args is None else list(args), prog_name="gridmap", standalone_mode=False)
    except GridmapError as error:
        if debugging():
            raise
        note(f"gridmap: {error.message}")
        return status_of(error)
    except typer.Abort:
        return DATA_FAULT
    except BrokenPipeError:
        return DONE  # whoever read our lines has enough
    except (OSError, MemoryError) as error:
        if debugging():
            raise
        note(f"gridmap: {type(error).__name__}: {error}")
        return ENVIRONMENT_FAULT
    except Exception as error:
        return _unforeseen(error)
    return int(status or DONE)


def _unforeseen(error: Exception) -> int:
    """Wrong usage is shown as typer shows it; anything else is a fault of ours and says how to see more."""
    show, status = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(status, int):
        show()
        return status
    if debugging():
        raise error
    note(f"gridmap: a fault in gridmap itself ({type(error).__name__}: {error}). GRIDMAP_DEBUG=1 shows where.")
    return ENVIRONMENT_FAULT


def main() -> NoReturn:
    """The program `gridmap`."""
    sys.exit(run())
