"""The fixture `trial`: a ledger to go on with, and docs/trials.md written when the session ends."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.county import county_file, county_template, postgis_county, small_county, spatialite_county, twin
from tests.trials.ledger import Ledger

__all__ = ["county_file", "county_template", "postgis_county", "small_county", "spatialite_county", "twin"]

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "trials.md"

HEAD = """# Trials

Written by `./run trials`, which goes on where it was stopped; do not edit. `tests/trials/` says what each one does.

| trial | cases | what came of them | must not be | commits |
|---|---|---|---|---|
"""


@pytest.fixture(scope="session")
def trial_rows() -> Iterator[dict[str, str]]:
    """Rows of docs/trials.md by trial; those of trials that did not run now stay as they stand in the file."""
    rows: dict[str, str] = {}
    yield rows
    if not rows:
        return
    standing = DOCUMENT.read_text(encoding="utf-8").splitlines() if DOCUMENT.exists() else []
    kept = {line.split("|")[1].strip(): line for line in standing if line.startswith("| ") and "| cases |" not in line}
    DOCUMENT.write_text(
        HEAD + "\n".join(value for _, value in sorted({**kept, **rows}.items())) + "\n", encoding="utf-8"
    )


@pytest.fixture
def trial(
    request: pytest.FixtureRequest, trial_rows: dict[str, str]
) -> Iterator[Callable[[str, Iterable[str]], tuple[Ledger, Iterator[str]]]]:
    """Called with a title and all cases, gives the ledger and the cases that remain; the row is written at the end."""
    begun: list[tuple[str, Ledger, int]] = []

    def begin(title: str, cases: Iterable[str]) -> tuple[Ledger, Iterator[str]]:
        everything = list(cases)
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        ledger = Ledger.open(ROOT / "var" / "trials" / f"{name}.jsonl", request.path, commit())
        begun.append((title, ledger, len(everything)))
        return ledger, ledger.remaining(everything)

    yield begin
    for title, ledger, wanted in begun:
        trial_rows[title] = ledger.row(title, wanted)


def commit() -> str:
    """The product's commit in short, with a + when the tree differs from it; "unknown" outside of git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
