"""Repair of dirty coverages beside maup.smart_repair, on the same cells in metres: defects left, land moved, time.

The peer gets what it needs (a projected CRS, valid rings), fills gaps by its own rule (a tenth of the largest cell
beside them) and runs in a process of its own, which is stopped after `PATIENCE_S`: where it fails or is slow, that
is told, and it takes no part in the rounds.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmap.files import read_table
from gridmap.files.cells import raw_cells
from gridmap.ground import area_m2, check, repair
from gridmap.ground.measure import transform
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import ROOT, cells

DATA = ROOT.parent / "shared" / "data"
PEER = "maup.smart_repair"
#: seconds of the processor's time, so that a busy machine is nobody's fault; and by the clock, for whoever sleeps
PATIENCE_S = 60
_WAIT_S = 900.0
#: a peer that takes longer than this runs once, not in every round
_RACE_S = 10.0
LIMIT_M2 = 10_000.0


def races(quick: bool) -> Iterator[Race]:
    """One real file that is dirty as it came, and real and made ones that were spoilt the way people do."""
    yield race("281 tracts of New York as they came", tracts())
    demo = file("boundaries/cells.geojson", ROOT / "data")
    if quick:
        yield race("Cells of the demo county, simplified one by one", simplified(demo.iloc[:60], 20.0))
        return
    yield race("Police beats of Chicago, simplified one by one", simplified(file("chicago/police_beats.zip"), 20.0))
    yield race("Postcodes of Pittsburgh, simplified one by one",
               simplified(file("pittsburgh_smell/zipcodes_allegheny.geojson"), 20.0))  # fmt: skip
    yield race("Cells of the demo county, simplified one by one", simplified(demo, 20.0))
    yield race("Cells of the demo county, each digitised by itself", digitised(demo, 2.0))
    made = metric(cells(5_000, 64))
    yield race("Cells of the workload, 1 in 20 digitised again", digitised(made, 2.0, every=20))
    yield race("Cells of the workload, each digitised by itself", digitised(made, 2.0))


# --- what is repaired -----------------------------------------------------------------------------------------------


def tracts() -> gpd.GeoDataFrame:
    """In UTM, five rings cross themselves: mended here, since the peer takes none such."""
    table = read_table(DATA / "bench" / "ny_leukemia" / "NY8_polygons.wkt.csv.gz")
    drawn, _ = raw_cells(table, None, "EPSG:32618")
    valid = shapely.make_valid(drawn.geometry.to_numpy(), method="structure", keep_collapsed=False)
    return gpd.GeoDataFrame(geometry=valid, crs=drawn.crs)


def file(name: str, folder: Path = DATA) -> gpd.GeoDataFrame:
    drawn, _ = raw_cells(read_table(folder / name), None, None)
    return metric(drawn)


def metric(drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """In the UTM zone it lies in, geometry alone."""
    return gpd.GeoDataFrame(geometry=drawn.geometry.to_crs(drawn.estimate_utm_crs()))


def simplified(drawn: gpd.GeoDataFrame, tolerance_m: float) -> gpd.GeoDataFrame:
    """Each polygon without regard to its neighbours."""
    return drawn.set_geometry(drawn.geometry.simplify(tolerance_m))


def digitised(drawn: gpd.GeoDataFrame, error_m: float, every: int = 1) -> gpd.GeoDataFrame:
    """Each polygon (or one of so many) drawn again with an error of its own at each vertex; those that then cross
    themselves stay as they were."""
    rng = np.random.default_rng(5)
    again = drawn.geometry.to_numpy(dtype=object).copy()
    for i in range(0, len(again), every):
        places, back = np.unique(shapely.get_coordinates(again[i]), axis=0, return_inverse=True)
        moved = (places + rng.normal(0.0, error_m, places.shape))[back.ravel()]
        shape = shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(again[i])), moved)
        again[i] = shape if shape.is_valid else again[i]
    return drawn.set_geometry(gpd.GeoSeries(again, crs=drawn.crs))


# --- who repairs ----------------------------------------------------------------------------------------------------


def ours(drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return repair(drawn, max_gap_m2=LIMIT_M2)[0]


def _maup(drawn: gpd.GeoDataFrame, answer: Connection) -> None:
    """In the child: the shapes, or the last line of what went wrong."""
    import maup

    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE_S, PATIENCE_S))
    for stream in (1, 2):  # it talks at length
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        done = maup.smart_repair(drawn.reset_index(drop=True))
        answer.send(shapely.to_wkb(done.geometry.to_numpy()))
    except Exception:
        answer.send(traceback.format_exc().strip().splitlines()[-1])


def theirs(drawn: gpd.GeoDataFrame) -> gpd.GeoDataFrame | str:
    """The peer's answer; words where it failed or was given up."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_maup, args=(drawn, there))
    child.start()
    there.close()
    try:
        answer = here.recv() if here.poll(_WAIT_S) else f"given up after {_WAIT_S:.0f} s"
    except EOFError:
        answer = f"given up after {PATIENCE_S} s of processor time"
    child.kill()
    child.join()
    if isinstance(answer, str):
        return answer
    return gpd.GeoDataFrame(geometry=shapely.from_wkb(answer), crs=drawn.crs)


# --- what came of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """Defects by our check, and land in m2 that is in another cell than before, though one cell alone claimed it."""

    defects: int
    lost: int
    moved_m2: float
    words: str


def outcome(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> Outcome:
    found = check(after, max_gap_m2=LIMIT_M2)
    old, new = before.geometry.to_numpy(dtype=object), after.geometry.to_numpy(dtype=object)
    empty = int((shapely.is_missing(new) | shapely.is_empty(new)).sum())
    moved = _taken(old, new, before.crs)
    defects = len(found.overlaps) + len(found.gaps) + len(found.invalid)
    total = area_m2(transform(new, after.crs, "EPSG:4326"))
    words = (f"{len(found.overlaps):,} overlaps, {len(found.gaps):,} gaps and {len(found.invalid):,} invalid left, "
             f"{len(found.holes)} holes, {empty} empty cells, {moved:,.1f} m2 taken from cells that alone claimed it, "
             f"{np.nansum(total) / 1e6:,.4f} km2 in all")  # fmt: skip
    return Outcome(defects, empty, moved, words)


def _taken(old: np.ndarray, new: np.ndarray, crs: Any) -> float:
    """m2 of each cell that no other one covered and that it has not any more."""
    gone = shapely.make_valid(shapely.difference(old, shapely.make_valid(new)))
    tree = shapely.STRtree(old)
    total = 0.0
    for i in np.flatnonzero(shapely.area(gone) > 0.0):
        near = tree.query(gone[i], predicate="intersects")
        others = shapely.union_all(old[near[near != i]])
        total += float(area_m2(transform(shapely.difference(gone[i], others), crs, "EPSG:4326"))[0])
    return total


def _alone(drawn: gpd.GeoDataFrame) -> str:
    """What the peer did when it fails or is too slow to run in every round, beside ours by the clock; else nothing."""
    start = time.perf_counter()
    answer = theirs(drawn)
    took = time.perf_counter() - start
    if not isinstance(answer, str) and took <= _RACE_S:
        return ""
    start = time.perf_counter()
    ours(drawn)
    ratio = took / (time.perf_counter() - start)
    what = answer if isinstance(answer, str) else outcome(drawn, answer).words
    return f" {PEER}, run once: {what}; {took:.0f} s, {ratio:.0f} times ours."


def race(title: str, drawn: gpd.GeoDataFrame) -> Race:
    """Both on one drawing. Ours must leave nothing and lose nobody; the peer's figures are told as they are."""
    before = check(drawn, max_gap_m2=LIMIT_M2)

    def agree(answers: Mapping[str, Any]) -> str:
        told = []
        for name, answer in answers.items():
            if isinstance(answer, str):
                told.append(f"{name}: {answer}.")
                continue
            came = outcome(drawn, answer)
            told.append(f"{name}: {came.words}.")
            if name == "gridmap":
                assert (came.defects, came.lost) == (0, 0), came.words
        return " ".join(told)

    alone = _alone(drawn) if have("maup") else f" {PEER}: not installed."
    return Race(
        title=title,
        about=f"{len(drawn):,} cells, {shapely.get_num_coordinates(drawn.geometry.array).sum():,} vertices, with "
        f"{len(before.overlaps):,} overlaps, {len(before.gaps):,} gaps up to 10,000 m2 and {len(before.holes)} holes. "
        f"smart_repair runs in a process of its own, whose CPU time is not counted.{alone}",
        ours=Contender("gridmap", lambda: ours(drawn)),
        others=[] if alone else [Contender(PEER, lambda: theirs(drawn))],
        amount=len(drawn),
        unit="cells",
        agree=agree,
    )
