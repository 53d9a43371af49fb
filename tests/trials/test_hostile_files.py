"""5,000 files of awkward geometry and 200 of doubtful encoding, through the real child."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gridmap.errors import InvalidInput
from gridmap.files import read_table
from tests import encodings
from tests.hostile import MEMORY_MIB, SECONDS, outcome, write

GEOMETRIES, ENCODINGS = 5_000, 200


@pytest.mark.trial
@pytest.mark.timeout(0)
def test_awkward_geometry(tmp_path: Path, trial: Callable[..., Any]) -> None:
    """No crash, at most 2 processor seconds and 512 MiB each, the message names the feature."""
    ledger, remaining = trial("awkward geometry", map(str, range(GEOMETRIES)))
    # in a process of its own: what children took at most is counted over all that a process ever had
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as reader:
        for case in remaining:
            name, path = write(int(case), tmp_path)
            found = reader.submit(outcome, path).result()
            path.unlink()
            cheap = found.cpu_s <= SECONDS and found.child_mib <= MEMORY_MIB
            good = found.good and cheap
            ledger.record(case, found.what if good else f"{name}: {found}", good)
    assert ledger.bad == []


@pytest.mark.trial
@pytest.mark.timeout(0)
def test_encodings_through_the_child(tmp_path: Path, trial: Callable[..., Any], monkeypatch: Any) -> None:
    """The texts as they were written, or a refusal with a preview."""

    def through_the_child(path: Path) -> list[str]:
        return read_table(path).frame.iloc[:, 0].tolist()

    monkeypatch.setattr(encodings, "read_csv", through_the_child)
    ledger, remaining = trial("doubtful encodings", map(str, range(ENCODINGS)))
    for case in remaining:
        try:
            ledger.record(case, *encodings.outcome(encodings.case(int(case)), tmp_path))
        except InvalidInput as error:
            ledger.record(case, error.message, good=False)
    assert ledger.bad == []
