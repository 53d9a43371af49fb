"""Dividing a graph of settlements into connected parts: towns, communities, cells."""

from __future__ import annotations

import heapq

import numpy as np
from scipy.sparse import csr_array

from gridmap.demo.mesh import Floats, Ints


def grow(graph: csr_array, seeds: Ints, pace: Floats) -> Ints:
    """Label every node with the seed that reaches it first, seed i walking at `pace[i]`.

    Each part is connected: a node takes its label from a neighbour that has it. -1 where no seed arrives.
    """
    pointers, neighbours, lengths = graph.indptr.tolist(), graph.indices.tolist(), graph.data.tolist()
    label = [-1] * graph.shape[0]
    slowness = (1.0 / pace).tolist()
    queue = [(0.0, int(node), i) for i, node in enumerate(seeds)]
    heapq.heapify(queue)
    while queue:
        at, node, part = heapq.heappop(queue)
        if label[node] >= 0:
            continue
        label[node] = part
        for k in range(pointers[node], pointers[node + 1]):
            if label[neighbours[k]] < 0:
                heapq.heappush(queue, (at + lengths[k] * slowness[part], neighbours[k], part))
    return np.array(label, dtype=np.int64)


def divide(
    graph: csr_array,
    xy: Floats,
    weight: Floats,
    k: int,
    rng: np.random.Generator,
    *,
    rounds: int = 14,
    first: int | None = None,
) -> tuple[Ints, Ints]:
    """Divide into `k` connected parts of about equal weight; returns (label per node, seed node per part).

    Seeds move to the middle of their part each round, and parts that are too heavy walk more slowly; the most even
    round is kept. `first` is a node that stays the seed of part 0.
    """
    seeds = _spread(xy, weight, k, rng, first)
    pace = np.ones(k)
    best: tuple[float, Ints, Ints] | None = None
    target = weight.sum() / k
    for _ in range(rounds):
        label = grow(graph, seeds, pace)
        load = np.bincount(label, weight, k)
        unevenness = float(np.abs(load - target).sum())
        if best is None or unevenness < best[0]:
            best = unevenness, label, seeds
        pace = np.clip(pace * (target / np.maximum(load, 1e-9)) ** 0.25, 0.45, 2.2)
        seeds = _middles(xy, weight, label, k, first)
    assert best is not None
    return best[1], best[2]


def _spread(xy: Floats, weight: Floats, k: int, rng: np.random.Generator, first: int | None) -> Ints:
    """k-means++ seeding: heavy nodes far from the seeds so far."""
    seeds = [int(rng.choice(len(xy), p=weight / weight.sum())) if first is None else first]
    while len(seeds) < k:
        gap = ((xy[:, None, :] - xy[None, seeds, :]) ** 2).sum(axis=2).min(axis=1)
        odds = gap * weight
        seeds.append(int(rng.choice(len(xy), p=odds / odds.sum())))
    return np.array(seeds, dtype=np.int64)


def _middles(xy: Floats, weight: Floats, label: Ints, k: int, first: int | None) -> Ints:
    load = np.bincount(label, weight, k)
    centre = np.column_stack([np.bincount(label, weight * xy[:, axis], k) / load for axis in (0, 1)])
    away = np.hypot(*(xy - centre[label]).T)
    order = np.lexsort((away, label))
    middle = order[np.searchsorted(label[order], np.arange(k))]
    if first is not None:
        middle[0] = first
    return np.asarray(middle, dtype=np.int64)
