"""Even cells from building blocks: `gridmap.plan.balance` beside GerryChain and spopt, on the same blocks.

What is compared is the drawing as well as the time. GerryChain's ReCom is built for even loads; spopt's regions group
areas that are alike: its max-p is told the load as a floor, its AZP starts from the drawing in force.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.files import read_table
from gridmap.files.cells import raw_cells
from gridmap.plan.balance import Blocks, balance, blocks_of, judge
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import ROOT

CHICAGO = ROOT.parent / "shared" / "data" / "chicago"
Labels = NDArray[np.int64]


def races(quick: bool) -> Iterator[Race]:
    """A chequered field with uneven loads, and the complaints of Chicago's beats, which are to make even districts."""
    if quick:
        yield race("64 squares in 4 cells", squares(8, 4))
        return
    yield race("900 squares in 12 cells", squares(30, 12))
    yield race("277 beats of Chicago in 22 districts", beats())


def squares(side: int, cells: int) -> Blocks:
    """Squares of 100 m with lognormal loads, in stripes."""
    load = np.random.default_rng(3).lognormal(3.0, 0.8, side * side).round() + 1.0
    y, x = np.divmod(np.arange(side * side), side)
    shapes = shapely.box(x * 100.0, y * 100.0, x * 100.0 + 100.0, y * 100.0 + 100.0)
    columns = max(2, int(cells**0.5))
    cell = x * columns // side + columns * (y * (cells // columns) // side)
    return blocks_of(shapes, cell, load, load)


def beats() -> Blocks:
    """Police beats in the districts they mostly lie in, with the complaints since 2000 as their load."""
    areas = {
        name: raw_cells(read_table(CHICAGO / f"police_{name}.zip"), None, None)[0] for name in ("beats", "districts")
    }
    metric = {name: frame.to_crs("EPSG:26916").geometry.to_numpy() for name, frame in areas.items()}
    told = read_table(CHICAGO / "sanitation_complaints_before_2013.csv.gz").frame
    places = told.loc[told["Longitude"] != "", ["Longitude", "Latitude"]].to_numpy(float)
    points = gpd.GeoSeries(shapely.points(places), crs="EPSG:4326").to_crs("EPSG:26916").to_numpy()
    beat = shapely.STRtree(metric["beats"]).query(points, predicate="intersects")[1]
    load = np.bincount(beat, minlength=len(metric["beats"])).astype(float)
    shared = shapely.area(shapely.intersection(metric["beats"][:, None], metric["districts"][None, :]))
    cell = np.unique(shared.argmax(axis=1), return_inverse=True)[1]
    return blocks_of(metric["beats"], cell, load, load)


def race(title: str, blocks: Blocks) -> Race:
    """All start from the drawing in force. Ours is timed with all its proposals, as a planner gets them."""
    k = int(blocks.cell.max()) + 1

    def ours() -> list[Labels]:
        return [one.cell for one in balance(blocks, seconds=600.0)]

    def agree(answers: Mapping[str, Any]) -> str:
        others = dict(answers)
        mine = [judged(blocks, labels) for labels in others.pop("gridmap")]
        found = {name: judged(blocks, labels) for name, labels in others.items()}
        beaten = [name for name, other in found.items() if any(_beats(one, other) for one in mine)]
        for name, other in found.items():
            assert not all(_beats(other, one) for one in mine), f"{name} beats every drawing of ours"
        before = judge(blocks, blocks.cell)
        told = [("in force", before), *(("gridmap", one) for one in mine), *found.items()]
        said = "; ".join(map(figures(blocks), told))
        return (
            f"Largest deviation, compactness, share of the load moved: {said}. A drawing of ours is evener and at "
            f"least as round than that of {', '.join(beaten) or 'none of the others'}."
        )

    others = [Contender(name, functools.partial(run, blocks, k)) for name, run in peers().items()]
    return Race(
        title=f"Even loads: {title}",
        about="Ours draws one proposal for each of its four aims, each other one drawing, all with the same number of "
        "cells but for max-p. GerryChain draws 300 times by ReCom in "
        "short bursts, from a random drawing that is even within 5 % (or the next tolerance at which it finds "
        "any), since its chain cannot start from one that is not.",
        ours=Contender("gridmap", ours),
        others=others,
        amount=len(blocks),
        unit="blocks",
        agree=agree,
        most_rounds=3,
    )


def _beats(one: Any, other: Any) -> bool:
    """Whether a drawing is evener than another, and at least as round."""
    return bool(one.deviation < other.deviation and one.compactness >= other.compactness)


def judged(blocks: Blocks, labels: Labels) -> Any:
    """A drawing's figures by its own number of cells; what moved is not theirs to be asked."""
    numbered = np.unique(labels, return_inverse=True)[1]
    same = numbered.max() == blocks.cell.max()
    return judge(blocks if same else dataclasses.replace(blocks, cell=numbered), numbered)


def figures(blocks: Blocks) -> Callable[[tuple[str, Any]], str]:
    return lambda pair: (
        f"{pair[0]} {pair[1].deviation:.1%}, {pair[1].compactness:.2f}, {pair[1].moved / blocks.households.sum():.0%}"
    )


# --- who draws ------------------------------------------------------------------------------------------------------


def peers() -> dict[str, Callable[[Blocks, int], Labels]]:
    """Those that are here."""
    found: dict[str, Callable[[Blocks, int], Labels]] = {}
    if have("gerrychain"):
        found["GerryChain ReCom"] = gerrychain
    if have("spopt"):
        found |= {"spopt SKATER": skater, "spopt max-p": maxp, "spopt AZP": azp}
    return found


def gerrychain(blocks: Blocks, k: int) -> Labels:
    import networkx
    from gerrychain import Graph, Partition, constraints, updaters
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import recom
    from gerrychain.tree import recursive_tree_part

    drawn = networkx.Graph()
    drawn.add_nodes_from((i, {"pop": float(load)}) for i, load in enumerate(blocks.load))
    drawn.add_edges_from(blocks.pair.tolist())
    graph, ideal = Graph.from_networkx(drawn), blocks.load.sum() / k
    random.seed(1)  # it draws from there
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slack, begin = first_within(lambda slack: recursive_tree_part(graph, range(k), ideal, "pop", slack))
        tally = {"population": updaters.Tally("pop", alias="population"), "cut_edges": updaters.cut_edges}
        chain = SingleMetricOptimizer(
            functools.partial(recom, pop_col="pop", pop_target=ideal, epsilon=slack, node_repeats=2),
            [constraints.contiguous],
            Partition(graph, assignment=begin, updaters=tally),
            lambda partition: max(abs(load / ideal - 1.0) for load in partition["population"].values()),
            maximize=False,
        )
        for _ in chain.short_bursts(10, 30):
            pass
    return np.array([chain.best_part.assignment[i] for i in range(len(blocks))])


def first_within(draw: Callable[[float], Any]) -> tuple[float, Any]:
    """The strictest tolerance at which it finds any drawing to begin with."""
    for slack in (0.05, 0.1, 0.2, 0.4, 0.8):
        try:
            return slack, draw(slack)
        except RuntimeError:  # no cut after 100,000 tries
            continue
    raise AssertionError("GerryChain finds no drawing at all")


def skater(blocks: Blocks, k: int) -> Labels:
    from spopt.region import Skater

    frame, weights = _spatial(blocks)
    model = Skater(frame, weights, ["load"], n_clusters=k)
    model.solve()
    return np.asarray(model.labels_)


def maxp(blocks: Blocks, k: int) -> Labels:
    from spopt.region import MaxPHeuristic

    frame, weights = _spatial(blocks)
    np.random.seed(1)  # noqa: NPY002 (it takes no generator)
    model = MaxPHeuristic(frame, weights, ["load"], "load", 0.9 * blocks.load.sum() / k, top_n=2)
    model.solve()
    return np.asarray(model.labels_)


def azp(blocks: Blocks, k: int) -> Labels:
    from spopt.region import AZP

    frame, weights = _spatial(blocks)
    model = AZP(frame, weights, ["load"], n_clusters=k, random_state=1, initial_labels=blocks.cell.astype(int))
    model.solve()
    return np.asarray(model.labels_)


def _spatial(blocks: Blocks) -> tuple[gpd.GeoDataFrame, Any]:
    from libpysal.weights import Rook

    frame = gpd.GeoDataFrame({"load": blocks.load}, geometry=list(blocks.shapes), crs="EPSG:32648")
    return frame, Rook.from_dataframe(frame, use_index=False)
