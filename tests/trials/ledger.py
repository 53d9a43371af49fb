"""What a trial has seen so far, kept in var/trials/ so that it can be stopped and taken up again.

One line of JSON a case, appended and flushed as soon as the case is over. A ledger begins anew when the trial's own
file has changed; cases seen with an older state of the product are kept and told apart by their commit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Ledger:
    """The cases of one trial. `source` is the file that says what is tried, `commit` the product's state now."""

    path: Path
    source: Path
    commit: str
    seen: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, source: Path, commit: str) -> Ledger:
        """Read what is there; lines of another version of the trial, and one cut short by a kill, are left out."""
        ledger = cls(path, source, commit)
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                case = json.loads(line)
            except ValueError:
                continue
            if case.get("trial") == ledger.version:
                ledger.seen.append(case)
        return ledger

    @property
    def version(self) -> str:
        """A fingerprint of the trial's own file."""
        return hashlib.sha256(self.source.read_bytes()).hexdigest()[:12]

    def remaining(self, cases: Iterable[str]) -> Iterator[str]:
        """The cases that have not been seen."""
        done = {case["case"] for case in self.seen}
        return (case for case in cases if case not in done)

    def record(self, case: str, outcome: str, good: bool) -> None:
        """Write down that `case` is over: what came of it in a word or two, and whether that may be."""
        entry: dict[str, object] = {
            "trial": self.version,
            "commit": self.commit,
            "case": case,
            "outcome": outcome,
            "good": good,
        }
        self.seen.append(entry)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            # A line cut short by a kill must not swallow the next one.
            if file.tell() and not self.path.read_bytes().endswith(b"\n"):
                file.write("\n")
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @property
    def bad(self) -> list[str]:
        """The cases that must not be, with what came of them."""
        return [f"{case['case']}: {case['outcome']}" for case in self.seen if not case["good"]]

    def row(self, title: str, wanted: int) -> str:
        """The trial as a row of docs/trials.md."""
        outcomes = Counter(str(case["outcome"]) for case in self.seen)
        told = ", ".join(f"{outcome} {count}" for outcome, count in sorted(outcomes.items()))
        commits = sorted({str(case["commit"]) for case in self.seen})
        return f"| {title} | {len(self.seen)} of {wanted} | {told} | {len(self.bad)} | {', '.join(commits)} |"
