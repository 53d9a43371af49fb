"""Heat tiles for fifty readers at once: both as routes of one small application, served by the same runner.

Each process holds the same incidents; ours its rasters, datashader its points in web mercator. The application answers
from no cache, so every request draws its tile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

import numpy as np
from fastapi import FastAPI, HTTPException, Response

from layers.tiles import Points, zoom_for
from tests.benchmarks import servers
from tests.benchmarks.bench_heat import KERNEL_M, LAT, busiest, datashaders, sigma_at, surface_of
from tests.benchmarks.client import Load, body_of, drive
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import points

READERS: Final = 50
ZOOMS: Final = (9, 11, 13)
#: how many times datashader's requests per second ours must reach
GOAL: Final = 5.0
ROWS, QUICK_ROWS = 1_000_000, 50_000
#: tells the server's processes how many incidents they are to hold
_ROWS_VARIABLE: Final = "GRIDMAP_BENCH_HEAT_ROWS"


def application() -> FastAPI:
    """Both ways to the busiest tile of each zoom; each tile is drawn once before the first answer."""
    lon, lat = np.ascontiguousarray(points(int(os.environ[_ROWS_VARIABLE])).T)
    at = zoom_for(KERNEL_M, LAT)
    surface = surface_of(Points.at(at, np.arange(len(lon)), lon, lat), lon, lat)
    tiles = {zoom: busiest(lon, lat, zoom) for zoom in ZOOMS}
    ways: dict[tuple[str, int], Callable[[], bytes]] = {
        ("gridmap", zoom): partial(surface.tile, zoom, x, y) for zoom, (x, y) in tiles.items()
    }
    if have("datashader"):
        ways |= {("datashader", zoom): datashaders(lon, lat, zoom, *tile)[0].run for zoom, tile in tiles.items()}
    for draw in ways.values():
        draw()
    app = FastAPI()

    @app.get("/healthz")
    def well() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/{side}/{zoom}.png")
    def tile(side: str, zoom: int) -> Response:
        if (side, zoom) not in ways:
            raise HTTPException(404)
        return Response(ways[side, zoom](), media_type="image/png")

    return app


def races(quick: bool) -> Iterator[Race]:
    """The busiest tiles of three zooms in turn."""
    rows, seconds = (QUICK_ROWS, 1.0) if quick else (ROWS, 5.0)
    with ExitStack() as stack:
        own = {_ROWS_VARIABLE: str(rows)}
        address = stack.enter_context(servers.served(f"{__name__}:application", own, factory=True))
        sides = ["gridmap", *(["datashader"] if have("datashader") else [])]
        yield race(address, sides, rows, seconds, goal=None if quick else GOAL)


def race(address: str, sides: list[str], rows: int, seconds: float, goal: float | None) -> Race:
    """Every side over as many connections; an answer that is no 200 ends the race."""
    urls = {side: [f"{address}/{side}/{zoom}.png" for zoom in ZOOMS] for side in sides}

    def contender(side: str) -> Contender:
        ask: Callable[[], Load] = partial(drive, urls[side], {}, seconds, READERS)
        return Contender(side, ask, took=lambda load: load.each)

    def agree(answers: Mapping[str, Any]) -> str:
        assert all(load.requests > 0 for load in answers.values()), "nobody was answered"
        assert all(body_of(url).startswith(b"\x89PNG") for listed in urls.values() for url in listed)
        return f"Every answer was a 200; all are PNG. Sigma {sigma_at(ZOOMS[0]):.1f} to {sigma_at(ZOOMS[-1]):.1f} px."

    return Race(
        title=f"Heat tiles for {READERS} readers at once, {rows:,} incidents",
        about=f"The busiest tiles of zooms {', '.join(map(str, ZOOMS))} in turn, {servers.WORKERS} processes, one "
        "application with a route for each; nothing is cached but what each holds in memory. Ours draws rates from "
        "two rasters, datashader counts, blurred by OpenCV.",
        ours=contender("gridmap"),
        others=[contender(side) for side in sides[1:]],
        amount=1,
        unit="requests",
        agree=agree,
        at_least={} if goal is None else dict.fromkeys(sides[1:], goal),
        most_rounds=3,
    )
