"""What the command line says, where, and with which exit status.

stdout holds the result: lines for people, or with `--json` exactly one JSON document. Everything else (notes, progress,
faults in words) goes to stderr. Exit status: 0 done, 1 the data is at fault, 2 wrong usage, 3 the environment is at fault.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import typer

from gridmap.errors import EnvironmentFault, GridmapError

if TYPE_CHECKING:
    from gridmap.files.table import Reject

DONE, DATA_FAULT, USAGE, ENVIRONMENT_FAULT = 0, 1, 2, 3

#: faults told one by one on a terminal; the rest are counted
_SHOWN = 20
#: seconds between two lines of progress where there is no terminal
_EVERY = 5.0


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """A line about the work, on stderr."""
    typer.echo(text, err=True)


def say_json(document: Mapping[str, Any]) -> None:
    """The result as the one JSON document on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False, default=str))


def status_of(error: GridmapError) -> int:
    """3 when the environment is at fault, else 1."""
    return ENVIRONMENT_FAULT if isinstance(error, EnvironmentFault) else DATA_FAULT


def fail_with(error: GridmapError, *, as_json: bool = False) -> NoReturn:
    """Print the error and end with its status; with `as_json` stdout gets it as its one document, too."""
    note(f"gridmap: {error.message}")
    if as_json:
        say_json({"error": {"code": error.code, "message": error.message, "details": error.details}})
    raise typer.Exit(status_of(error)) from error


@contextmanager
def reporting(*, as_json: bool = False) -> Iterator[None]:
    """Errors raised on purpose inside become a message and an exit status; GRIDMAP_DEBUG lets them through."""
    try:
        yield
    except GridmapError as error:
        if debugging():
            raise
        fail_with(error, as_json=as_json)


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get("GRIDMAP_DEBUG"))


def tell_faults(rejects: Sequence[Reject], word: str = "row", *, hint: str = "") -> None:
    """Faults of rows in words, the first ones one by one, then how many more."""
    for reject in rejects[:_SHOWN]:
        place = f"{word} {reject.row}" + (f", {reject.field}" if reject.field else "")
        value = f" [{reject.value}]" if reject.value.strip(" ,") else ""
        note(f"{place}: {reject.reason}{value}")
    if len(rejects) > _SHOWN:
        note(f"... and {len(rejects) - _SHOWN:,} more{hint}")


def faults_as_json(rejects: Sequence[Reject]) -> list[dict[str, Any]]:
    """Faults as a document holds them."""
    return [{"row": one.row, "field": one.field, "reason": one.reason, "value": one.value} for one in rejects]


class Progress:
    """How far a long work is: a bar on a terminal, a plain line every few seconds elsewhere, with the rate.

    `with Progress("households") as progress:` then `progress(done, total)`, or `progress.advance()`. On stderr.
    """

    def __init__(self, label: str, total: int | None = None) -> None:
        self._label, self._total = label, total
        self._done = 0
        self._started = self._told = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        self._started = self._told = time.monotonic()
        if sys.stderr.isatty():
            self._bar, self._task = _bar(self._label, self._total)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif kind is None and self._done:
            self._line()

    def __call__(self, done: int, total: int | None = None) -> None:
        """`done` of `total` is done."""
        self._done, self._total = done, total if total is not None else self._total
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self._total)
        elif time.monotonic() - self._told >= _EVERY:
            self._line()

    def advance(self, by: int = 1) -> None:
        """`by` more are done."""
        self(self._done + by)

    def _line(self) -> None:
        self._told = time.monotonic()
        rate = self._done / max(self._told - self._started, 1e-3)
        of = f" of {self._total:,}" if self._total else ""
        note(f"{self._label}: {self._done:,}{of} ({rate:,.0f}/s)")


def _bar(label: str, total: int | None) -> tuple[Any, Any]:
    from rich import progress as rich  # here: 0.1 s that `--help` need not pay
    from rich.console import Console

    bar = rich.Progress(
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.speed:,.0f}/s" if False else ""),
        rich.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    return bar, bar.add_task(label, total=total)
