"""A month's refresh of all analyses: hot spots, emerging ones, the scan, every enterprise, all trends.

First over arrays, then as the server's thread does it, with the database in front. The tenth of the county stands
beside the whole: how each part grows is told. GRIDMAP_STORED_URLS names, between blanks, what `tests.benchmarks.stored`
filled already: the whole on PostGIS, the tenth on PostGIS and on SpatiaLite; else they are made, in some six minutes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import shapely

from gridmap.stats import contiguous, emerging, hotspots, scan
from gridmap.stats.focused import focus
from gridmap.stats.nearby import Ground, Nearby
from gridmap.stats.trends import change_points
from tests.benchmarks import stored
from tests.benchmarks.bench_scores import spatialite
from tests.benchmarks.harness import Contender, Race
from tests.postgis import cluster, create

WINDOW, PAST, CELL_M, NEAR_M = 4, 48, 1_000.0, 1_500.0
#: cells, households, enterprises, incidents over the years looked back at
WHOLE, TENTH, SMALL = (5_000, 400_000, 1_000, 1_000_000), (500, 40_000, 100, 100_000), (64, 2_000, 4, 6_000)


def races(quick: bool) -> Iterator[Race]:
    """The whole beside its tenth, over arrays and from databases."""
    sizes = (SMALL, SMALL) if quick else (WHOLE, TENTH)
    yield race(*sizes)
    with ExitStack() as stack:
        urls = [] if quick else os.environ.get("GRIDMAP_STORED_URLS", "").split()
        if not urls:
            server = stack.enter_context(cluster())
            urls = [
                *(create(server, f"stored_{name}") for name in ("whole", "tenth")),
                stack.enter_context(spatialite()),
            ]
            for url, size in zip(urls, (sizes[0], sizes[1], sizes[1]), strict=True):
                stored.fill(url, *size)
        yield from_databases(urls, *sizes)


def race(whole: tuple[int, int, int, int], tenth: tuple[int, int, int, int]) -> Race:
    """Both with all permutations and replications that the county asks for."""
    counties = [made(*size) for size in (whole, tenth)]

    def agree(answers: Mapping[str, Any]) -> str:
        parts = [answers["gridmap"], answers["a tenth of it"]]
        told = [f"{name} {parts[0][name]:.2f} s ({parts[1][name]:.2f} s)" for name in parts[0] if name != "MiB"]
        most = f"at most {parts[0]['MiB']:,.0f} MiB in the process"
        return f"Seconds of the processor, the whole (its tenth): {', '.join(told)}; {most}."

    cells, households, enterprises, incidents = whole
    return Race(
        title=f"A month's refresh of all analyses: {cells:,} cells, {enterprises:,} enterprises",
        about=f"{households:,} households, {incidents:,} incidents in {PAST} months, arrays in memory; beside it the "
        "same for a county of a tenth. No other package has all of it; the ratio is how it grows.",
        ours=Contender("gridmap", partial(refresh, *counties[0])),
        others=[Contender("a tenth of it", partial(refresh, *counties[1]))],
        amount=1,
        unit="months",
        agree=agree,
        most_rounds=1,
    )


def from_databases(urls: Sequence[str], whole: Sequence[int], tenth: Sequence[int]) -> Race:
    """The same as the server does it. Each in a process of its own: its memory is told."""
    names = ("gridmap", "a tenth of it", "a tenth of it, SpatiaLite")

    def agree(answers: Mapping[str, Any]) -> str:
        told = [f"{name}: {', '.join(_parts(answers[name]))}." for name in names]
        return f"Seconds of the processor. {' '.join(told)}"

    cells, households, enterprises, incidents = whole
    return Race(
        title=f"A month's refresh with the database in front: {incidents:,} incidents, {households:,} households",
        about=f"PostGIS; {cells:,} cells, {enterprises:,} enterprises, {stored.MONTHS} months; read and analysed as "
        f"the server's thread does it, in a new process. A tenth of it ({tenth[3]:,} incidents, {tenth[2]:,} "
        "enterprises) beside it on both databases. The column of CPU is of the process that waits; read the sums.",
        ours=Contender(names[0], partial(_in_a_process, urls[0])),
        others=[Contender(name, partial(_in_a_process, url)) for name, url in zip(names[1:], urls[1:], strict=True)],
        amount=1,
        unit="months",
        agree=agree,
        most_rounds=1,
    )


def _in_a_process(url: str) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.stored", url], check=True, capture_output=True, text=True
    )
    told: dict[str, float] = json.loads(run.stdout)
    return told


def _parts(told: Mapping[str, float]) -> list[str]:
    return [
        f"{name} {value:,.0f} MiB at most" if name == "MiB" else f"{name} {value:.1f} s" for name, value in told.items()
    ]


def made(cells: int, households: int, enterprises: int, incidents: int) -> tuple[Any, ...]:
    """Square cells with households in hamlets of 200 m squares; cases by household and month."""
    rng = np.random.default_rng(1)
    wide = int(np.ceil(np.sqrt(cells)))
    shapes = np.array([shapely.box(x, y, x + 1, y + 1) for y in range(wide) for x in range(wide)][:cells])
    shapes = shapely.transform(shapes, lambda xy: xy * CELL_M)
    hamlets = max(cells * 5, 1)
    at = rng.random((hamlets, 2)) * [wide, cells / wide] * CELL_M
    homes = rng.multinomial(households, rng.dirichlet(np.full(hamlets, 0.5))).astype(float)
    square = (at // CELL_M).astype(int) @ [1, wide]
    square = np.minimum(square, cells - 1)
    season = 1 + 0.3 * np.sin(np.arange(PAST) * 2 * np.pi / 12)
    cases = rng.poisson(homes[:, None] * season * incidents / households / PAST).astype(float)
    places = shapely.points(rng.random((enterprises, 2)) * [wide, cells / wide] * CELL_M)
    return shapes, at, homes, square, cases, places


def refresh(shapes: Any, at: Any, homes: Any, square: Any, cases: Any, places: Any) -> dict[str, float]:
    """All analyses of a window with what they look back at; the processor's seconds by part (the clock's would tell of
    who else computes), and the process's peak in MiB."""
    took: dict[str, float] = {}
    began = time.process_time()

    def lap(name: str) -> None:
        nonlocal began
        took[name], began = time.process_time() - began, time.process_time()

    by_cell = np.zeros((len(shapes), cases.shape[1]))
    np.add.at(by_cell, square, cases)
    people = np.bincount(square, weights=homes, minlength=len(shapes))
    by_cell[people == 0] = 0.0
    graph = contiguous(shapes)
    hotspots(by_cell[:, -WINDOW:].sum(axis=1), graph, np.random.default_rng(2), population=people)
    lap("hot spots")
    emerging(by_cell[:, -24:], graph, np.random.default_rng(3), population=people)
    lap("emerging")
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    scan(middle[:, 0], middle[:, 1], by_cell[:, -WINDOW:].sum(axis=1), people, np.random.default_rng(4))
    lap("scan")
    past = Ground(at[:, 0], at[:, 1], homes, cases, cases.sum(axis=0) / homes.sum())
    window = Ground(past.x, past.y, homes, cases[:, -WINDOW:], past.rate[-WINDOW:])
    focus(window, list(places), [0] * len(places), NEAR_M, np.random.default_rng(5))
    lap("enterprises")
    rng, nearby = np.random.default_rng(6), Nearby(past.x, past.y)
    for place in places:
        near = nearby.around(place, NEAR_M).rows
        change_points(cases[near].sum(axis=0), homes[near].sum() * past.rate, rng)
    lap("trends")
    took["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return took
