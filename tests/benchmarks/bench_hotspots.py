"""Gi* with local Moran and conditional permutations: `gridmap.stats` against esda, and against brute force."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.stats import Neighbours, within
from gridmap.stats.hotspots import getis_ord, local_moran
from gridmap.stats.permuting import _tables, extremes
from tests.benchmarks.harness import Contender, Race

Floats = NDArray[np.float64]
PERMUTATIONS = 999
#: cells that brute force counts again in a large race
CHECKED = 200


def races(quick: bool) -> Iterator[Race]:
    """Squares with eight neighbours each; a small run goes without esda, which compiles for a minute."""
    if quick:
        yield race(20, [])
        return
    for side in (71, 224):
        yield race(side, ["esda"])


def race(side: int, peers: list[str]) -> Race:
    """side x side cells of Poisson counts."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    graph = within(x.ravel(), y.ravel(), 1.5)
    values = np.random.default_rng(1).poisson(4.0, side * side).astype(float)

    def ours() -> dict[str, Floats]:
        found = extremes(values, graph, np.random.default_rng(1), PERMUTATIONS)
        return {
            "z": getis_ord(values, graph), "local": local_moran(values, graph), "p": found.p,
            "above": found.above, "below": found.below,
        }  # fmt: skip

    def brute_force() -> dict[str, Floats]:
        return counted(values, graph, np.arange(len(values)))

    def agree(answers: Mapping[str, Any]) -> str:
        mine = answers["gridmap"]
        step = max(1, len(values) // CHECKED)
        again = counted(values, graph, np.arange(0, len(values), step))
        for name in ("above", "below"):
            assert (mine[name][::step] == again[name]).all(), "counts differ from brute force"
        said = f"Counts of {len(again['above']):,} cells equal to brute force on the same permutations."
        if "esda" not in answers:
            return said
        theirs = answers["esda"]
        for name in ("z", "local"):
            assert np.allclose(mine[name], theirs[name]), f"{name} differs from esda"
        p = np.minimum(1.0, 2.0 * theirs["p"])
        worst = float((np.abs(mine["p"] - p) / np.sqrt(p * (2 - p) / PERMUTATIONS)).max())
        assert worst < 12, f"p differs from esda's by {worst} standard errors"
        return said + " z and local Moran equal to esda's, p within Monte Carlo error."

    others = [Contender("esda", lambda: esda(values, graph))] if peers else [Contender("brute force", brute_force)]
    return Race(
        title=f"Gi* with local Moran, {len(values):,} cells, {PERMUTATIONS} permutations",
        about="Squares with eight neighbours, Poisson counts, one thread; esda's G_Local (star) and Moran_Local with "
        "n_jobs=1 and their compilation done.",
        ours=Contender("gridmap", ours),
        others=others,
        amount=len(values),
        unit="cells",
        agree=agree,
        at_least={"esda": 200.0 if side < 100 else 500.0} if peers else {},
    )


def counted(values: Floats, graph: Neighbours, cells: NDArray[np.int64]) -> dict[str, Floats]:
    """Above and below for some cells, each with its own samples from the shared table."""
    longest = int(graph.counts.max()) + 1
    table = np.vstack(list(_tables(np.random.default_rng(1), len(values), PERMUTATIONS, longest)))
    above, below = [], []
    for cell in cells:
        k = graph.counts[cell]
        others = np.array([row[row != cell][:k] for row in table])
        sums, own = values[others].sum(axis=1), values[graph.to[graph.start[cell] : graph.start[cell + 1]]].sum()
        above.append((sums >= own).sum())
        below.append((sums <= own).sum())
    return {"above": np.array(above), "below": np.array(below)}


def esda(values: Floats, graph: Neighbours) -> dict[str, Floats]:
    """Both of esda's statistics."""
    import libpysal
    from esda import G_Local, Moran_Local

    neighbours = {i: graph.to[graph.start[i] : graph.start[i + 1]].tolist() for i in range(len(graph))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = libpysal.weights.W(neighbours, silence_warnings=True)
        options = {"permutations": PERMUTATIONS, "n_jobs": 1, "seed": 1, "keep_simulations": False}
        star = G_Local(values, weights, transform="B", star=True, **options)
        local = Moran_Local(values, weights, **options)
    return {"z": star.Zs, "local": local.Is, "p": star.p_sim}
