"""How near the border is and how sure the cell: `AssignmentIndex.place` against a sample drawn around each point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from gridmap.ground import AssignmentIndex, metric_crs
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.workload import cells, points

#: the cells of the workload are ten times as wide as a service grid's, so the radius is a phone's in a valley, 300 m
RADIUS_M = 300.0
SAMPLE = 1_000


def races(quick: bool) -> Iterator[Race]:
    """A batch of uncertain points."""
    drawn = cells(300, 33) if quick else cells(5_000, 64)
    lon, lat = np.ascontiguousarray(points(20_000)[:: 40 if quick else 4].T)
    index = AssignmentIndex(drawn)
    project = Transformer.from_crs("EPSG:4326", metric_crs(lon, lat), always_xy=True)

    def sampled() -> NDArray[np.float64]:
        """Points of equal mass around each place, every one of them located."""
        k = np.arange(SAMPLE)
        radius, angle = np.sqrt(-2.0 * np.log(1.0 - (k + 0.5) / SAMPLE)), k * np.pi * (3.0 - np.sqrt(5.0))
        spread = RADIUS_M / np.sqrt(-2.0 * np.log(0.32)) * np.array([radius * np.cos(angle), radius * np.sin(angle)])
        x, y = project.transform(lon, lat)
        around = ((np.asarray(v)[:, None] + offset).ravel() for v, offset in zip((x, y), spread, strict=True))
        found = index.locate(*project.transform(*around, direction="INVERSE")).reshape(len(lon), SAMPLE)
        return (found == index.locate(lon, lat)[:, None]).mean(axis=1)

    def integrated() -> NDArray[np.float64]:
        return index.place(lon, lat, RADIUS_M).confidence

    def agree(answers: Mapping[str, Any]) -> str:
        # the workload is 500 km wide, where the sample's projection is off by 8e-4: allow for that and for its noise
        worst = float(np.abs(answers["gridmap"] - answers["sample"]).max())
        assert worst < 0.02, f"confidence differs by {worst}"
        return f"Confidences differ by at most {worst:.4f}, the sample's noise."

    yield Race(
        title=f"Confidence of {len(lon):,} points among {len(drawn):,} cells",
        about=f"GPS radius {RADIUS_M:g} m. Ours integrates over the borders near by, the other locates {SAMPLE:,} "
        f"points around each. {shapely.get_num_coordinates(drawn.geometry.array).mean():.0f} vertices a cell.",
        ours=Contender("gridmap", integrated),
        others=[Contender("sample", sampled)],
        amount=len(lon),
        unit="points",
        agree=agree,
    )
