"""A whole invented county from one seed, in the frames that the importers take.

`make_county` is pure: same seed, same frames. The ground (cells, areas, rivers, roads, settlements) is read from
`data/boundaries`, or drawn by `demo.boundaries` where that folder is absent; everything else is made here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

SEED = 20260703
UNTIL = date(2026, 7, 3)


@dataclass(frozen=True, slots=True)
class County:
    """The frames of one county, each as its importer takes it (a `row` column numbers them from 1), and the truth.

    Geometry is shapely in WGS84. `leaves` (worker, starts_on, ends_on) has no import kind of its own.
    `truth` says what was planted, see `demo.truth`.
    """

    name: str
    name_en: str
    code: str
    areas: pd.DataFrame
    bodies: pd.DataFrame
    cells: pd.DataFrame
    workers: pd.DataFrame
    duties: pd.DataFrame
    leaves: pd.DataFrame
    households: pd.DataFrame
    enterprises: pd.DataFrame
    incidents: pd.DataFrame
    roads: pd.DataFrame
    water: pd.DataFrame
    places: pd.DataFrame
    truth: dict[str, Any] = field(default_factory=dict)


def make_county(
    seed: int = SEED, *, scale: float = 1.0, until: date = UNTIL, boundaries: Path | None = None
) -> County:
    """Make the demo county.

    `scale` multiplies the numbers of households (60,000) and incidents (25,000); cells, workers and enterprises stay.
    Incidents fall into the three years that end with `until` (local days of Asia/Shanghai, that day included).
    `boundaries` is a folder like data/boundaries. Raises InvalidInput when scale is not in (0, 1].
    """
    raise NotImplementedError
