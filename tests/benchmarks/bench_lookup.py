"""Which cell one point is in, as a report comes in: the usual call and the slow one in a hundred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from gridmap.ground import AssignmentIndex
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.workload import cells, points

STRTREE = "STRtree"


def races(quick: bool) -> Iterator[Race]:
    """The same look-ups twice, at the median and at the 99th percentile."""
    drawn = cells(300, 33) if quick else cells(5_000, 64)
    places = points(1_000_000)[:: 5_000 if quick else 50]
    index = AssignmentIndex(drawn)
    index.make_ready()
    tree = shapely.STRtree(drawn.geometry.array)
    pairs = [(float(lon), float(lat)) for lon, lat in places]

    def ours(pair: tuple[float, float]) -> int:
        return index.locate(*pair)[0]

    def theirs(pair: tuple[float, float]) -> int:
        hits = tree.query(shapely.Point(*pair), predicate="intersects")
        return hits.min() if len(hits) else -1

    def agree(answers: Mapping[str, Any]) -> str:
        assert np.array_equal(answers["gridmap"], answers[STRTREE])
        return f"Equal at all {len(pairs):,} points."

    for name, quantile in (("median", 0.5), ("99th percentile", 0.99)):
        yield Race(
            title=f"One look-up among {len(drawn):,} cells, {name}",
            about=f"{len(pairs):,} points, one call each, both with the index ready.",
            ours=Contender("gridmap", ours),
            others=[Contender(STRTREE, theirs)],
            amount=1,
            unit="look-ups",
            agree=agree,
            at_least={} if quick else {STRTREE: 10.0},
            each=pairs,
            quantile=quantile,
        )
