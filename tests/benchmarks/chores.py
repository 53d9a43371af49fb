"""What an operator runs, over a county of real size: how long each takes, and how much memory at most.

    python -m tests.benchmarks.chores DATABASE_URL

for a county that `tests.benchmarks.large` has made. Each is a process of its own, as at the prompt. The events of
copied cases break their chains, and some commands say so by their exit status.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gridmap.case.scorecard import shifted
from tests.benchmarks import large

#: cases that are compared with their events by `doctor`
SAMPLE = 1_000
PROGRAM = "from gridmap.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Run:
    """One command that ended. `cpu_s`: its own, without the database server's; `peak_mib`: resident at most."""

    command: str
    status: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    said: str


def chores(folder: Path, month: str) -> list[list[str]]:
    """The commands. The sweep comes twice: the second finds nothing due any more."""
    reports = [["report", "--month", month, "-o", str(folder / f"month.{ending}")] for ending in ("pdf", "xlsx")]
    return [
        *reports, ["report", "--month", month, "--by", "body", "-o", str(folder / "body.pdf")],
        ["doctor", "--sample", str(SAMPLE)], ["recount"], ["sweep"], ["sweep"],
    ]  # fmt: skip


def measured(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out:
        told = out.fileno()
        child = os.posix_spawn(
            sys.executable, [sys.executable, "-c", PROGRAM, *command], dict(environment),
            file_actions=[(os.POSIX_SPAWN_DUP2, told, 1), (os.POSIX_SPAWN_DUP2, told, 2)],
        )  # fmt: skip
        _, status, used = os.wait4(child, 0)
        out.seek(0)
        lines = out.read().decode(errors="replace").splitlines()
    return Run(
        " ".join(command), os.waitstatus_to_exitcode(status), time.monotonic() - started,
        used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, lines[-1] if lines else "",
    )  # fmt: skip


def table(url: str) -> Iterator[str]:
    """As Markdown, a line as soon as it is known."""
    environment = {**os.environ, "GRIDMAP_DATABASE_URL": url, "GRIDMAP_SECRET_KEY": b64encode(large.MASTER).decode()}
    month = shifted(f"{datetime.now(UTC):%Y-%m}", -1)
    yield "| command | s | CPU s | MiB at most | exit | last words |"
    yield "|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for command in chores(Path(folder), month):
            one = measured(command, environment)
            said = one.said.replace(folder, "").replace("|", "/")[:90]
            named = one.command.replace(folder + "/", "")
            figures = f"{one.wall_s:,.1f} | {one.cpu_s:,.1f} | {one.peak_mib:,.0f} | {one.status}"
            yield f"| `gridmap {named}` | {figures} | {said} |"


def main(arguments: Sequence[str]) -> None:
    for line in table(arguments[0]):
        print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
