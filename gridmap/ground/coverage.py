"""Whether cells are a coverage: skeleton, being filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CoverageReport:
    ok: bool

    def as_dict(self) -> dict[str, Any]:
        raise NotImplementedError


def check(cells: Any, code: str | None = None, within: Any = None, max_gap_m2: float = 10_000.0) -> CoverageReport:
    raise NotImplementedError
