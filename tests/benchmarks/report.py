"""Results as Markdown, with the machine they come from."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import shapely

from tests.benchmarks.harness import Result
from tests.benchmarks.peers import PEERS, have

PACKAGES = ("fastapi", "geopandas", "numba", "numpy", "pandas", "shapely", "sqlalchemy", "sqlean.py")


def document(results: Sequence[Result], rounds: int, day: date, standing: str = "") -> str:
    """docs/benchmarks.md with these results, and with those that stand in it of races that were not run now."""
    sections = _sections(standing)
    for result in results:
        measured = f"Measured on {day.isoformat()}, {rounds} rounds with {versions()}."
        sections[result.race.title] = "\n".join([*section(result), "", measured])
    return "\n\n".join([*_HEAD, f"All on {machine()}.", *sections.values()]) + "\n"


_HEAD = (
    "# Benchmarks",
    "Written by `./run bench`; do not edit. Contenders run in turn in one process, on the same input, and\n"
    "agree on the answer before any clock starts. Machines are shared: trust the ratios, not the seconds.\n"
    "CPU time is this process's, not a database server's.",
)


def _sections(standing: str) -> dict[str, str]:
    """The sections of a document by their titles."""
    parts = f"\n{standing}".split("\n## ")[1:]
    return {part.split("\n", 1)[0]: f"## {part.rstrip()}" for part in parts}


def section(result: Result) -> Iterator[str]:
    """One race: a heading, a sentence, a table."""
    race = result.race
    yield f"## {race.title}"
    yield ""
    yield f"{race.about} {result.agreed}"
    yield ""
    yield f"| way | s, median (least–most) | CPU s | {race.unit}/s | ours is faster by, wall (CPU) | at least |"
    yield "|---|---|---|---|---|---|"
    for one in (race.ours, *race.others):
        timing = result.timings[one.name]
        median = statistics.median(timing.wall)
        ours = one is race.ours
        yield (
            "| "
            + " | ".join(
                [
                    f"**{one.name}**" if ours else one.name,
                    f"{median:.3g} ({min(timing.wall):.3g}–{max(timing.wall):.3g})",
                    f"{statistics.median(timing.cpu):.3g}",
                    f"{race.amount / median:,.0f}",
                    "1" if ours else f"{_times(result.ratio(one.name))} ({_times(result.ratio(one.name, 'cpu'))})",
                    f"{race.at_least[one.name]:g}" if one.name in race.at_least else "",
                ]
            )
            + " |"
        )


def _times(ratio: float) -> str:
    """A ratio; where we are the slower one, not rounded to nothing."""
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2g}"


def machine() -> str:
    """Processor, cores, memory and system, in words."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = named[0] if named else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def versions() -> str:
    """Python and the packages that do the work."""
    here = sorted([*PACKAGES, *filter(have, PEERS)])
    of_packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in here)
    return f"Python {platform.python_version()}, {of_packages}, GEOS {shapely.geos_version_string}"
