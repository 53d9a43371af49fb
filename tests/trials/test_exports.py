"""Every kind in every format: what was exported changes nothing where it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridmap.files import KINDS
from gridmap.usecases.importing import Options, import_file
from tests.county import SmallCounty
from tests.usecases.test_exporting import FORMATS, county, out

__all__ = ["county"]


@pytest.mark.trial
def test_every_kind_in_every_format(county: SmallCounty, trial: Callable[..., Any], tmp_path: Path) -> None:
    """90 files on each database."""
    cases = [f"{ending} {kind}" for kind in KINDS for ending in FORMATS]
    ledger, remaining = trial(f"exports brought back, {county.ctx.engine.dialect.name}", cases)
    for case in remaining:
        ending, kind = case.split()
        path = tmp_path / f"{kind}.{ending}"
        written = out(county, kind, path)
        again = import_file(county.ctx, kind, path, Options())
        told = (again.loaded.inserted, again.loaded.updated, len(again.rejects), again.loaded.unchanged)
        same = told == (0, 0, 0, written.rows)
        ledger.record(case, "unchanged" if same else f"{kind}: {told}", same)
    assert ledger.bad == []
