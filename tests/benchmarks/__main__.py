"""`./run bench [NAME ...] [--rounds N] [--quick]`: run the races of tests/benchmarks/bench_*.py.

Each race is written to docs/benchmarks.md as soon as it is over, in the place of its last run; without a NAME all are
run, and what no race tells any more is dropped in the end. `--quick` takes small inputs and writes nothing.
Exit status 1: somewhere we are not as much faster as we must be.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.harness import Result, measure
from tests.benchmarks.peers import missing
from tests.benchmarks.report import document, section

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "benchmarks.md"


def known() -> list[str]:
    """Names of the benchmarks: the part after `bench_` of each file here."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def run(name: str, rounds: int, quick: bool) -> list[Result]:
    """Run the races of one file, telling each as soon as it is over."""
    results = []
    for race in importlib.import_module(f"tests.benchmarks.bench_{name}").races(quick):
        print(f"{race.title} ...", file=sys.stderr)
        try:
            result = measure(race, rounds)
        finally:
            race.close()
        print("\n".join(section(result)), end="\n\n", flush=True)
        results.append(result)
        if not quick:
            standing = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
            write([result], rounds, standing)
    return results


def write(results: list[Result], rounds: int, standing: str = "") -> None:
    """Write the document: these results, and what stands of others."""
    DOCUMENT.write_text(document(results, rounds, datetime.now(UTC).date(), standing), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """The command line, see the module's words."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known())}")
    parser.add_argument("--rounds", type=int, default=7, help="how often each contender runs (7)")
    parser.add_argument("--quick", action="store_true", help="small inputs; write nothing")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(known()))
    if unknown or chosen.rounds < 1:
        parser.error(f"no such benchmark: {', '.join(unknown)}" if unknown else "--rounds must be 1 or more")
    if not chosen.quick and missing():
        parser.error(f"not installed: {', '.join(missing())}; start this as ./run bench")
    results = [result for name in chosen.names or known() for result in run(name, chosen.rounds, quick=chosen.quick)]
    if not chosen.quick:
        if not chosen.names:
            write(results, chosen.rounds)
        print(f"Written: docs/{DOCUMENT.name}", file=sys.stderr)
    shortfalls = [words for result in results for words in result.shortfalls()]
    print(*shortfalls, sep="\n", end="\n" if shortfalls else "", file=sys.stderr)
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
