"""Heat tiles from many incidents: `layers.tiles` against datashader, which reads the points for each tile.

Ours draws rates, so it reads two rasters a tile (households: every tenth point); datashader counts the incidents alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import cv2
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers import style
from layers.mercator import TILE, metres_a_pixel, width, world
from layers.tiles import Measure, Points, Shape, Surface, zoom_for
from layers.tiles.kernel import kernel_sums
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import HEIGHT, SOUTH, WEST, WIDTH, points

KERNEL_M: Final = 500.0
LAT: Final = SOUTH + HEIGHT / 2
#: as far in and out as a county is looked at
ZOOMS: Final = range(6, 18)
#: milliseconds of the processor that a tile may take
MOST_MS: Final = 5.0
#: pixels of each tile that are compared with the sum over all points
SAMPLED: Final = 40


def races(quick: bool) -> Iterator[Race]:
    """Tiles at three zooms, ten times the incidents, and one report more."""
    lon, lat = np.ascontiguousarray(points(200_000 if quick else 10_000_000).T)
    if quick:  # on a tenth of the width, so that few make a crowd
        lon, lat = WEST + WIDTH / 2 + (lon - WEST - WIDTH / 2) / 10, LAT + (lat - LAT) / 10
    zoom = zoom_for(KERNEL_M, LAT)
    held = Points.at(zoom, np.arange(len(lon)), lon, lat)
    surface = surface_of(held, lon, lat)
    for at in (11,) if quick else (9, 11, 14):
        yield against_datashader(surface, lon, lat, at)
    yield ten_times(surface, lon, lat)
    yield one_more(held, surface)


def surface_of(held: Points, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Surface:
    """Rates over a border of 10,000 vertices, in classes around the mean."""
    zoom = zoom_for(KERNEL_M, LAT)
    some = slice(None, None, 10)
    homes = Points.at(zoom, np.arange(len(lon[some])), lon[some], lat[some]).raster(zoom)
    county = shapely.Point(WEST + WIDTH / 2, LAT).buffer(0.48 * HEIGHT, quad_segs=2_500)
    breaks = tuple(1_000 * one / 4.5 for one in style.HEAT_BREAKS)
    return Surface(held.raster(zoom), homes, Shape(county), KERNEL_M, LAT, Measure.RATE, breaks)


def busiest(lon: NDArray[np.float64], lat: NDArray[np.float64], zoom: int) -> tuple[int, int]:
    """The tile of a zoom that holds most of the points well inside the border, by a sample."""
    lon, lat = lon[:: max(1, len(lon) // 200_000)], lat[:: max(1, len(lon) // 200_000)]
    inside = np.hypot(lon - WEST - WIDTH / 2, lat - LAT) < 0.44 * HEIGHT
    x, y = ((part[inside] * 2**zoom).astype(np.int64) for part in world(lon, lat))
    tiles, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    return int(tiles[counts.argmax()][0]), int(tiles[counts.argmax()][1])


def against_datashader(surface: Surface, lon: NDArray[np.float64], lat: NDArray[np.float64], zoom: int) -> Race:
    """One tile, from what each holds in memory to PNG."""
    x, y = busiest(lon, lat, zoom)

    def agree(_: Mapping[str, Any]) -> str:
        assert surface.classes(zoom, x * TILE, y * TILE, TILE, TILE).any()
        spent = {z: milliseconds(surface, z, *busiest(lon, lat, z)) for z in ZOOMS}
        worst = max(spent, key=lambda z: spent[z])
        # in the tests, where other work runs beside it, a time says nothing
        assert len(lon) <= 1_000_000 or spent[worst] <= MOST_MS, f"{spent[worst]:.1f} ms at zoom {worst}"
        return (
            f"Error at most {100 * error(surface, lon, lat, zoom, x, y):.2f} % of the tile's peak, against the sum "
            f"over all points at {SAMPLED} pixels (sigma {sigma_at(zoom):.1f} px). The busiest tiles of zooms "
            f"{ZOOMS[0]} to {ZOOMS[-1]} take {min(spent.values()):.1f} to {spent[worst]:.1f} ms CPU."
        )

    others = datashaders(lon, lat, zoom, x, y) if have("datashader") else []
    return Race(
        title=f"A heat tile at zoom {zoom} from {len(lon):,} incidents",
        about=f"Kernel {KERNEL_M:g} m, rasters made before. datashader counts the points into a canvas as large as the "
        "tile and its margin, blurs it with OpenCV or spreads it by its own circle, shades it and writes PNG.",
        ours=Contender("gridmap", lambda: surface.tile(zoom, x, y)),
        others=others,
        amount=1,
        unit="tiles",
        agree=agree,
        at_least={one.name: 10.0 for one in others} if len(lon) > 1_000_000 else {},
    )


def datashaders(lon: NDArray[np.float64], lat: NDArray[np.float64], zoom: int, x: int, y: int) -> list[Contender]:
    """datashader's ways to the same tile; it gets its points in web mercator, made beforehand."""
    import datashader as ds
    import datashader.transfer_functions as tf

    across, along = world(lon, lat)
    frame = pd.DataFrame({"x": across, "y": -along})
    sigma = sigma_at(zoom)
    margin = int(np.ceil(4 * sigma))
    edge, size = np.array([x, y]) * TILE - margin, TILE + 2 * margin
    low, high = edge / width(zoom), (edge + size) / width(zoom)
    canvas = ds.Canvas(size, size, x_range=(low[0], high[0]), y_range=(-high[1], -low[1]))
    inner = slice(margin, margin + TILE)

    def blurred() -> bytes:
        counts = canvas.points(frame, "x", "y", ds.count())
        counts.data = cv2.GaussianBlur(counts.data.astype(np.float32), (2 * margin + 1,) * 2, sigma)
        return png(tf.shade(counts[inner, inner], cmap=list(style.HEAT_RAMP), how="linear"))

    def spread() -> bytes:
        counts = tf.spread(canvas.points(frame, "x", "y", ds.count()), px=round(sigma))
        return png(tf.shade(counts[inner, inner], cmap=list(style.HEAT_RAMP), how="linear"))

    # its own circle takes time by its area: at deep zooms minutes
    ways = [Contender("datashader, blurred", blurred)]
    return [*ways, Contender("datashader, spread", spread)] if sigma < 10 else ways


def png(image: Any) -> bytes:
    """datashader's image by OpenCV, which is faster than the Pillow that it would take."""
    pixels = np.ascontiguousarray(image.data).view(np.uint8).reshape(*image.shape, 4)
    return cv2.imencode(".png", pixels)[1].tobytes()


def sigma_at(zoom: int) -> float:
    """Pixels to the kernel's standard deviation."""
    return KERNEL_M / metres_a_pixel(zoom, LAT)


def milliseconds(surface: Surface, zoom: int, x: int, y: int, runs: int = 15) -> float:
    """Of the processor, the median of some runs."""
    spent = []
    for _ in range(runs):
        start = time.process_time()
        surface.tile(zoom, x, y)
        spent.append(1_000 * (time.process_time() - start))
    return statistics.median(spent)


def error(surface: Surface, lon: NDArray[np.float64], lat: NDArray[np.float64], zoom: int, x: int, y: int) -> float:
    """The largest difference from the sum over all points, as a part of the tile's peak; at most 1 % is asserted."""
    sigma = sigma_at(zoom)
    sums = kernel_sums(surface.cases, zoom, x * TILE, y * TILE, TILE, TILE, sigma)
    places = np.array([part * width(zoom) for part in world(lon, lat)]) - np.array([[x], [y]]) * TILE
    near = places[:, ((places > -6 * sigma) & (places < TILE + 6 * sigma)).all(axis=0)]
    rng, worst = np.random.default_rng(1), 0.0
    peak = np.unravel_index(sums.argmax(), sums.shape)
    for row, column in [peak, *rng.integers(0, TILE, (SAMPLED - 1, 2)).tolist()]:
        squared = (near[0] - column - 0.5) ** 2 + (near[1] - row - 0.5) ** 2
        exact = float(np.exp(-0.5 * squared / sigma**2).sum())
        worst = max(worst, abs(exact - float(sums[row, column])))
    part = worst / float(sums.max())
    assert sigma < 1.5 or part <= 0.01, f"{100 * part:.2f} % at sigma {sigma:.2f} px"
    return part


def ten_times(surface: Surface, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Race:
    """The same tile from a tenth of the incidents: its cost does not grow with them."""
    zoom = zoom_for(KERNEL_M, LAT)
    part = lon[::10], lat[::10]
    fewer = surface_of(Points.at(zoom, np.arange(len(part[0])), *part), *part)
    x, y = busiest(*part, 11)

    def agree(answers: Mapping[str, Any]) -> str:
        assert all(answer.startswith(b"\x89PNG") for answer in answers.values())
        return "Both at zoom 11; rates differ, as each has its own households."

    return Race(
        title=f"A heat tile, {len(lon):,} incidents beside {len(part[0]):,}",
        about="Ten times the incidents, the same tile.",
        ours=Contender("ten times", lambda: surface.tile(11, x, y)),
        others=[Contender("a tenth", lambda: fewer.tile(11, x, y))],
        amount=1,
        unit="tiles",
        agree=agree,
    )


def one_more(held: Points, surface: Surface) -> Race:
    """A report more: the raster changed by it, against the raster made anew."""
    zoom = surface.cases.zoom
    ids = np.array([len(held)], dtype=np.int64)
    report = Points(ids, held.x[:1], held.y[:1])
    whole = Points(*(np.append(old, new) for old, new in ((held.ids, ids), (held.x, held.x[:1]), (held.y, held.y[:1]))))

    def agree(answers: Mapping[str, Any]) -> str:
        ours, anew = answers["changed"][1].levels, answers["made anew"].levels
        for one, other in zip(ours, anew, strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[key], other[key]) for key in one)
        return "Equal bit for bit, in all levels."

    return Race(
        title=f"One report more in a raster of {len(held):,}",
        about=f"{surface.cases.nbytes / 1e6:.0f} MB in blocks, {held.nbytes / 1e6:.0f} MB of places by id.",
        ours=Contender("changed", lambda: held.replaced(surface.cases, ids, report)),
        others=[Contender("made anew", lambda: whole.raster(zoom))],
        amount=1,
        unit="reports",
        agree=agree,
        at_least={"made anew": 5.0} if len(held) > 1_000_000 else {},
    )
