"""What the command line says, where, and with which exit status.

stdout holds the result: lines for people, or with `--json` exactly one JSON document. Everything else (notes, progress,
faults in words) goes to stderr. Exit status: 0 done, 1 the data is at fault, 2 wrong usage, 3 the environment is at
fault.
"""

from __future__ import annotations

import json as json_text
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from gridmap.errors import EnvironmentFault, GridmapError

if TYPE_CHECKING:
    from pathlib import Path

    from gridmap.files import Reject, Table

DONE, DATA_FAULT, USAGE_FAULT, ENVIRONMENT_FAULT = 0, 1, 2, 3

#: faults shown on a terminal; where nobody scrolls, all are
_SHOWN = 20
#: seconds between two lines of progress where there is no terminal
_EVERY = 5.0


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """A line about the work, on stderr."""
    typer.echo(text, err=True)


def print_json(document: Mapping[str, Any]) -> None:
    """The result as the one JSON document on stdout; what JSON does not know (days, paths) is written as text."""
    typer.echo(json_text.dumps(document, ensure_ascii=False, indent=2, allow_nan=False, default=str))


def print_error(error: GridmapError, *, json: bool = False) -> int:
    """Say what is wrong, on stdout too where one JSON document is promised there; returns the exit status."""
    note(f"gridmap: {error.message}")
    if json:
        print_json({"error": {"code": error.code, "message": error.message, "details": error.details}})
    return ENVIRONMENT_FAULT if isinstance(error, EnvironmentFault) else DATA_FAULT


def debugging() -> bool:
    """Whether tracebacks are wanted (GRIDMAP_DEBUG)."""
    return bool(os.environ.get("GRIDMAP_DEBUG"))


def print_faults(rejects: Sequence[Reject], word: str = "row") -> None:
    """Every fault with its row, field and reason, on stderr; on a terminal the first ones and how many more."""
    shown = rejects[:_SHOWN] if sys.stderr.isatty() else rejects
    for reject in shown:
        place = f"{word} {reject.row}" + (f", {reject.field}" if reject.field else "")
        value = f" [{reject.value}]" if reject.value.strip(" ,") else ""
        note(f"{place}: {reject.reason}{value}")
    if len(rejects) > len(shown):
        note(f"... and {len(rejects) - len(shown):,} more; --rejects FILE.csv or --json gives them all")


def faults_as_json(rejects: Sequence[Reject]) -> list[dict[str, Any]]:
    """Faults as a document holds them: row, field, reason, value."""
    return [asdict(reject) for reject in rejects]


@contextmanager
def progress(label: str, *, json: bool = False) -> Iterator[Callable[[int, int], None]]:
    """How far a long work is, on stderr, with its rate: a bar on a terminal, a plain line every few seconds elsewhere.

    `with progress("households") as advance:` then `advance(done, total)`. With `json` nothing is said.
    """
    if json:
        yield _silent
    elif sys.stderr.isatty():
        with _bar(label) as advance:
            yield advance
    else:
        lines = _Lines(label, time.monotonic(), time.monotonic())
        yield lines
        lines.last()


def _silent(_done: int, _total: int) -> None:
    """The progress of a document."""


@dataclass(slots=True)
class _Lines:
    """Progress as lines."""

    label: str
    started: float
    told: float
    done: int = 0
    total: int = 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if time.monotonic() - self.told >= _EVERY:
            self.line()

    def line(self) -> None:
        self.told = time.monotonic()
        rate = self.done / max(self.told - self.started, 1e-3)
        note(f"{self.label}: {self.done:,} of {self.total:,} ({rate:,.0f}/s)")

    def last(self) -> None:
        if self.done:
            self.line()


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    from rich import progress as rich  # here: 0.1 s that `--help` need not pay
    from rich.console import Console

    class Rate(rich.ProgressColumn):
        """Rows a second."""

        def render(self, task: rich.Task) -> str:
            return f"{task.speed:,.0f}/s" if task.speed else ""

    words = rich.TextColumn("{task.description}", markup=False)
    columns = (words, rich.BarColumn(), rich.MofNCompleteColumn(), Rate(), rich.TimeRemainingColumn())
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def write_findings(table: Table, columns: Mapping[str, list[Any]], out: Path, crs: str | None) -> None:
    """Write a table with more columns, in the reference system named for it or its own; say what was renamed."""
    from gridmap.files import write_table
    from gridmap.files.figures import with_columns
    from gridmap.files.locating import epsg_of

    frame, notes = with_columns(table.frame, columns)
    for text in notes:
        note(text)
    named = epsg_of(crs) if crs is not None else table.crs
    if table.spatial and named is None:
        note(f"{table.path.name} does not say its reference system, so {out.name} does not either: name it with --crs.")
    write_table(frame, out, named, bom=table.needs_bom)
