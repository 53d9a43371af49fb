"""Kulldorff's scan statistic: `gridmap.stats.scan` against the same in plain numpy, one replication after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.stats import Scan, scan
from gridmap.stats.scan import _Study
from tests.benchmarks.harness import Contender, Race

Floats = NDArray[np.float64]


def races(quick: bool) -> Iterator[Race]:
    """Cells at random places, one planted cluster. With 5,000 cells the naive one would take a quarter of an hour."""
    if quick:
        yield race(60, 99, 99)
        yield race(61, 99, 9)
    else:
        yield race(1_000, 999, 999)
        yield race(5_000, 999, 49)


def race(n: int, replications: int, naively: int) -> Race:
    """n cells, half of the population at most; the naive one does the first `naively` of the replications."""
    rng = np.random.default_rng(1)
    x, y = rng.random((2, n))
    people = np.round(rng.lognormal(4.0, 1.0, n)) + 1.0
    risk = people * np.where((x - 0.3) ** 2 + (y - 0.3) ** 2 < 0.01, 2.0, 1.0)
    cases = rng.multinomial(5 * n, risk / risk.sum())
    plain = Plain.of(x, y, cases, people)
    dealt = plain.study.draw(np.random.default_rng(2), replications, replications)[:, 0, :naively]

    def ours() -> Scan:
        return scan(x, y, cases, people, np.random.default_rng(2), replications=replications)

    def naive() -> tuple[float, NDArray[np.int64], Floats]:
        return plain.scan(cases, dealt)

    def agree(answers: Mapping[str, Any]) -> str:
        first, (ratio, members, largest) = answers["gridmap"].clusters[0], answers["numpy"]
        assert (first.members == members).all(), "another cluster"
        assert abs(first.llr / ratio - 1.0) < 1e-12
        assert len(largest) == naively
        worst = float(np.abs(answers["gridmap"].replications[:naively] / largest - 1.0).max())
        assert worst < 1e-12
        which = "all" if naively == replications else f"the first {naively}"
        return f"The same cluster of {len(members):,} cells; its and {which} log ratios equal to {worst:.0e}."

    some = "" if naively == replications else f" It does {naively} replications; its seconds are told for all of them."
    return Race(
        title=f"Scan of {n:,} cells, {replications} replications",
        about="Circles with at most half of the population; the naive one takes all logarithms, for all circles of "
        f"all centres at once, one replication after another, with the order of the cells and the draws ready.{some}",
        ours=Contender("gridmap", ours),
        # the data themselves are one pass more
        others=[Contender("numpy", naive, share=(naively + 1) / (replications + 1))],
        amount=replications,
        unit="replications",
        agree=agree,
        at_least={"numpy": 30.0} if n >= 1_000 else {},
    )


@dataclass(frozen=True)
class Plain:
    """The scan in plain numpy, (centre, circle) at once. What is the same in all replications is made beforehand."""

    study: _Study
    order: NDArray[np.int64]
    expected: Floats
    allowed: NDArray[np.bool_]

    @classmethod
    def of(cls, x: Floats, y: Floats, cases: NDArray[np.int64], people: Floats) -> Plain:
        study = _Study.of(x, y, cases, people, "poisson", 0.5)
        order = np.argsort((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2, axis=1)
        expected = np.cumsum(study.expected[:, 0][order], axis=1)
        return cls(study, order, expected, np.cumsum(people[order], axis=1) <= study.circles.limit)

    def scan(self, cases: NDArray[np.int64], dealt: NDArray[np.int32]) -> tuple[float, NDArray[np.int64], Floats]:
        """The largest log ratio, its cells, and the largest of each replication."""
        largest = np.array([self.ratios(dealt[:, lane]).max() for lane in range(dealt.shape[1])])
        observed = self.ratios(cases)
        centre, size = np.unravel_index(int(observed.argmax()), observed.shape)
        return float(observed.max()), np.sort(self.order[centre, : size + 1]), largest

    def ratios(self, counts: NDArray[Any]) -> Floats:
        """The log ratio of each circle, 0 for those that are too large or without an excess."""
        total = self.study.total
        inside = np.cumsum(counts[self.order], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = inside * np.log(inside / self.expected) + (total - inside) * np.log(
                (total - inside) / (total - self.expected)
            )
        return np.where(self.allowed & (inside > self.expected), found, 0.0)
