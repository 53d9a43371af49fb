"""Kulldorff's scan statistic: `gridmap.stats.scan` against the same in plain numpy, one replication after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.stats import Scan, scan
from gridmap.stats.scan import _Study
from tests.benchmarks.harness import Contender, Race

Floats = NDArray[np.float64]


def races(quick: bool) -> Iterator[Race]:
    """Cells at random places, one planted cluster. With 5,000 cells the naive one would take a quarter of an hour."""
    yield race(60, 99) if quick else race(1_000, 999)


def race(n: int, replications: int) -> Race:
    """n cells, half of the population at most, all replications."""
    rng = np.random.default_rng(1)
    x, y = rng.random((2, n))
    people = np.round(rng.lognormal(4.0, 1.0, n)) + 1.0
    risk = people * np.where((x - 0.3) ** 2 + (y - 0.3) ** 2 < 0.01, 2.0, 1.0)
    cases = rng.multinomial(5 * n, risk / risk.sum())

    def ours() -> Scan:
        return scan(x, y, cases, people, np.random.default_rng(2), replications=replications)

    def naive() -> tuple[float, NDArray[np.int64], Floats]:
        return in_numpy(x, y, cases, people, replications)

    def agree(answers: Mapping[str, Any]) -> str:
        first, (ratio, members, largest) = answers["gridmap"].clusters[0], answers["numpy"]
        assert (first.members == members).all(), "another cluster"
        assert abs(first.llr / ratio - 1.0) < 1e-12
        worst = float(np.abs(answers["gridmap"].replications / largest - 1.0).max())
        assert worst < 1e-12
        return f"The same cluster of {len(members):,} cells; all log ratios equal to {worst:.0e}."

    return Race(
        title=f"Scan of {n:,} cells, {replications} replications",
        about="Circles with at most half of the population; the naive one takes all logarithms, for all circles of "
        "all centres at once, one replication after another, with the order of the cells made once.",
        ours=Contender("gridmap", ours),
        others=[Contender("numpy", naive)],
        amount=replications,
        unit="replications",
        agree=agree,
        at_least={"numpy": 30.0} if n >= 1_000 else {},
    )


def in_numpy(
    x: Floats, y: Floats, cases: NDArray[np.int64], people: Floats, replications: int
) -> tuple[float, NDArray[np.int64], Floats]:
    """The largest log ratio, its cells, and the largest of each replication, on the same draws."""
    study = _Study.of(x, y, cases, people, "poisson", 0.5)
    dealt = study.draw(np.random.default_rng(2), replications, replications)[:, 0, :]
    order = np.argsort((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2, axis=1)
    expected = np.cumsum(study.expected[:, 0][order], axis=1)
    allowed = np.cumsum(people[order], axis=1) <= study.circles.limit
    total = study.total

    def ratios(counts: NDArray[Any]) -> Floats:
        inside = np.cumsum(counts[order], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = inside * np.log(inside / expected) + (total - inside) * np.log(
                (total - inside) / (total - expected)
            )
        return np.where(allowed & (inside > expected), found, 0.0)

    largest = np.array([ratios(dealt[:, lane]).max() for lane in range(replications)])
    observed = ratios(cases)
    centre, size = np.unravel_index(int(observed.argmax()), observed.shape)
    return float(observed.max()), np.sort(order[centre, : size + 1]), largest
