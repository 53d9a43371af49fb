"""The pixel grid finds what the tree finds, wherever cells are no true coverage too; and grids kept in files."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import AssignmentIndex
from gridmap.ground.pixels.grid import PixelGrid
from tests.grids import LAT, LON, SIZE_DEG, grid
from tests.hard import by_loop, hard_points

DRAWING = "AABBC/DAEBC/DD.EC/FFGGG/FHHGI"


def ready(cells: gpd.GeoDataFrame, kept: Path | None = None) -> AssignmentIndex:
    index = AssignmentIndex(cells)
    assert index.make_ready(kept) == ""
    return index


def cells_of(*shapes: shapely.Geometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [f"{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs="EPSG:4326")


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """In squares of the grid."""
    return shapely.box(LON + west * SIZE_DEG, LAT + south * SIZE_DEG, LON + east * SIZE_DEG, LAT + north * SIZE_DEG)


def agrees(cells: gpd.GeoDataFrame, index: AssignmentIndex, seed: int = 3) -> None:
    lon, lat = hard_points(cells, seed)
    want = by_loop(cells, lon, lat)
    assert np.array_equal(index.locate(lon, lat), want)
    one_by_one = [int(index.locate(float(x), float(y))[0]) for x, y in zip(lon[::7], lat[::7], strict=True)]
    assert one_by_one == want[::7].tolist()


def test_a_coverage_is_found_by_pixels_alone() -> None:
    index = ready(grid(DRAWING, bend=0.35))
    assert index.method == ("pixels", "")
    agrees(grid(DRAWING, bend=0.35), index)


@pytest.mark.parametrize("slices", [3, 5, 12, 40])
def test_a_pixel_where_many_edges_meet(slices: int) -> None:
    """Slices of a cake: a spot's record has room for four edges, those beyond stand in a list of their own."""
    turns = np.linspace(0, 2 * np.pi, slices, endpoint=False)
    middle = np.array([LON, LAT])
    rim = middle + 3 * SIZE_DEG * np.column_stack([np.cos(turns), np.sin(turns)])
    cells = cells_of(*(shapely.Polygon([middle, rim[i], rim[(i + 1) % slices]]) for i in range(slices)))
    index = ready(cells)
    assert index.method == ("pixels", "")
    agrees(cells, index)
    near = middle + np.random.default_rng(5).normal(0, SIZE_DEG / 400, (4_000, 2))
    assert np.array_equal(index.locate(*near.T), by_loop(cells, *near.T))
    assert index.locate(LON, LAT).tolist() == [0]


BOWTIE = shapely.Polygon(shapely.get_coordinates(box(1.2, 1.2, 2.8, 2.8))[[0, 2, 1, 3, 0]])

UNTRUE = {
    "the same cell twice": (cells_of(box(0, 0, 2, 2), box(0, 0, 2, 2), box(2, 0, 3, 2)), "cells overlap"),
    "a cell in a cell": (cells_of(box(1, 1, 2, 2), box(0, 0, 3, 3)), "cells overlap"),
    "crossing cells": (cells_of(box(1, 0, 2, 3), box(0, 1, 3, 2), box(3, 1, 4, 2)), "cells overlap"),
    "a sliver of overlap": (cells_of(box(0, 0, 2 + 1e-9, 2), box(2, 0, 3, 1), box(2, 1, 3, 2)), "cells overlap"),
    "a bow tie on others": (
        cells_of(box(0, 0, 2, 3), box(2, 0, 4, 3), BOWTIE),
        "1 cells are no valid polygons",
    ),
    "vertices on a neighbour's edge": (cells_of(box(0, 0, 2, 3), box(2, 0, 3, 1.7), box(2, 1.7, 3, 3)), ""),
    "gaps": (cells_of(box(0, 0, 1, 1), box(1 + 1e-9, 0, 2, 1), None, shapely.Polygon()), ""),
}


@pytest.mark.parametrize("name", UNTRUE)
def test_what_is_no_coverage_is_found_exactly_and_said(name: str) -> None:
    cells, why = UNTRUE[name]
    index = ready(cells)
    assert index.method == ("pixels", why)
    agrees(cells, index)
    agrees(cells.iloc[::-1].reset_index(drop=True), ready(cells.iloc[::-1].reset_index(drop=True)))


@pytest.mark.parametrize(("cells", "why"), [
    (cells_of(), "no cells"), (cells_of(None, shapely.Polygon()), "no cells"), (cells_of(BOWTIE), "no cell is a valid"),
    (cells_of(shapely.box(0.0, 0.0, 1e-300, 1.0)), "too large or too small"),
    (cells_of(shapely.box(1.0, 1.0, 1.0 + 1e-12, 2.0)), "too small for their coordinates"),
])  # fmt: skip
def test_where_no_grid_can_be_the_tree_answers(cells: gpd.GeoDataFrame, why: str) -> None:
    index = ready(cells)
    assert index.method.name == "tree"
    assert why in index.method.why_tree
    lon, lat = [LON, 0.0, 1.0], [LAT, 0.5, 1.5]
    assert np.array_equal(index.locate(lon, lat), AssignmentIndex(cells).locate(lon, lat))


def test_many_small_cells_in_one_pixel_are_left_to_the_tree() -> None:
    """A town in the corner of a wide area: more edges in a pixel than are worth going through."""
    corners = np.linspace(0.0, 0.01, 31)
    squares = itertools.product(itertools.pairwise(corners), repeat=2)
    small = [box(west, south, east, north) for (west, east), (south, north) in squares]
    cells = cells_of(*small, box(300, 300, 301, 301))
    agrees(cells, ready(cells))


def test_large_numbers_without_a_reference_system() -> None:
    shape = shapely.transform(grid("AB", bend=0.3).geometry.values, lambda c: (c - [LON, LAT]) * 1e8 - 3e5)
    cells = gpd.GeoDataFrame({"code": ["1", "2"]}, geometry=shape)
    agrees(cells, ready(cells))


def test_points_of_a_series() -> None:
    cells = grid(DRAWING, bend=0.35)
    index = ready(cells)
    lon, lat = hard_points(cells, 5)
    points = gpd.GeoSeries([*gpd.points_from_xy(lon, lat), None, shapely.Point()], crs="EPSG:4326")
    assert index.locate_points(points).tolist() == [*index.locate(lon, lat), -1, -1]
    around = gpd.GeoSeries(gpd.points_from_xy(LON + np.arange(50) / 3e3, LAT + np.arange(50) / 3e3), crs="EPSG:4326")
    assert np.array_equal(index.locate_points(around.to_crs("EPSG:4545")), index.locate_points(around))
    assert len(index.locate_points(around.iloc[:0])) == 0
    with pytest.raises(InvalidInput, match="MultiPoint 2 is no point"):
        index.locate_points(gpd.GeoSeries([shapely.Point(1, 1), shapely.MultiPoint([(1, 1)])]))


def test_strided_and_read_only_arrays_are_taken_as_they_are() -> None:
    cells = grid(DRAWING, bend=0.35)
    index = ready(cells)
    places = np.column_stack(hard_points(cells, 5))
    places.setflags(write=False)
    want = by_loop(cells, *places.T)
    assert np.array_equal(index.locate(places[:, 0], places[:, 1]), want)
    assert np.array_equal(index.locate(places[::-1, 0], places[::-1, 1]), want[::-1])
    assert np.array_equal(index.locate(np.float64(places[0, 0]), np.float64(places[0, 1])), want[:1])


def test_many_points_are_divided_among_threads_and_threads_may_ask_at_once() -> None:
    cells = grid(DRAWING, bend=0.35)
    index = ready(cells)
    rng = np.random.default_rng(8)
    lon, lat = LON + rng.uniform(-0.5, 5.5, 150_000) * SIZE_DEG, LAT + rng.uniform(-0.5, 5.5, 150_000) * SIZE_DEG
    want = by_loop(cells, lon, lat)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: index.locate(lon, lat), range(8)):
            assert np.array_equal(got, want)


def test_a_grid_is_made_once_the_work_is_worth_it() -> None:
    index = AssignmentIndex(grid("AB"))
    rng = np.random.default_rng(8)
    lon, lat = LON + rng.uniform(-1, 3, 300_000) * SIZE_DEG, LAT + rng.uniform(-1, 2, 300_000) * SIZE_DEG
    first = index.locate(lon, lat)
    again = index.locate(lon, lat)
    assert index.method.name == "pixels"
    assert np.array_equal(first, again)


def test_a_small_run_does_without_numba(tmp_path: Path) -> None:
    grid("AB/CD").to_file(tmp_path / "cells.gpkg")
    points = "\n".join(f"{LON + i / 4e5},{LAT + i / 4e5}" for i in range(1_000))
    (tmp_path / "points.csv").write_text(f"lon,lat\n{points}\n")
    script = (
        "import sys; from gridmap.cli import main; "
        "sys.argv = ['gridmap', 'locate', 'points.csv', '--cells', 'cells.gpkg', '--code', 'code', '-o', 'out.csv']\n"
        "try: main()\n"
        "finally: print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("False\n"), done
    assert "1,000 in one of 4 cells" in done.stdout


def spoilt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


SPOIL: dict[str, Callable[[Path], object]] = {
    "one bit": spoilt,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
    "head only": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "another format": lambda path: path.write_bytes(b"gridmap pixels 0" + path.read_bytes()[16:]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def test_a_kept_grid_is_mapped_and_the_same(tmp_path: Path) -> None:
    cells, folder = grid(DRAWING, bend=0.35), tmp_path / "index"
    first = ready(cells, folder)
    (file,) = folder.iterdir()
    written = file.stat().st_ino
    second = ready(cells, folder)
    assert file.stat().st_ino == written
    for index in (first, second):
        agrees(cells, index)
    assert mapped_files(tmp_path) == {str(file)}


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_of_a_grid_outlives_it(copied: Callable[[PixelGrid], PixelGrid], mapped: bool, tmp_path: Path) -> None:
    cells = grid(DRAWING, bend=0.35)
    index = ready(cells, tmp_path if mapped else None)
    lon, lat = hard_points(cells, 6)
    want = [int(index.locate(float(x), float(y))[0]) for x, y in zip(lon, lat, strict=True)]
    other = copied(index._grid)  # type: ignore[arg-type]
    del index
    gc.collect()
    assert [other.find_one(float(x), float(y)) for x, y in zip(lon, lat, strict=True)] == want


def test_threads_may_ask_for_single_points_at_once() -> None:
    cells = grid(DRAWING, bend=0.35)
    index = ready(cells)
    pairs = list(zip(*(axis.tolist() for axis in hard_points(cells, 7)), strict=True))
    want = by_loop(cells, *np.array(pairs).T).tolist()
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: [index.locate(lon, lat) for lon, lat in pairs], range(4)):
            assert {(one.dtype.str, one.shape, one.flags.writeable) for one in got} == {("<i4", (1,), True)}
            assert [int(one[0]) for one in got] == want


def mapped_files(folder: Path) -> set[str]:
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if str(folder) in line}


def test_other_shapes_and_other_codes_get_a_grid_of_their_own(tmp_path: Path) -> None:
    cells = grid(DRAWING, bend=0.35)
    ready(cells, tmp_path)
    for other in (grid(DRAWING, bend=0.34), cells.assign(code=cells["code"].to_numpy()[::-1])):
        agrees(other, ready(other, tmp_path))
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_of_another_coverage_under_this_name_is_not_taken(tmp_path: Path) -> None:
    cells, other = grid(DRAWING, bend=0.35), grid(DRAWING, bend=0.2)
    ready(cells, tmp_path / "a")
    ready(other, tmp_path / "b")
    (mine,), (theirs,) = (tmp_path / "a").iterdir(), (tmp_path / "b").iterdir()
    mine.write_bytes(theirs.read_bytes())
    agrees(cells, ready(cells, tmp_path / "a"))


@pytest.mark.parametrize("name", SPOIL)
def test_a_spoilt_file_is_never_trusted(name: str, tmp_path: Path) -> None:
    cells = grid(DRAWING, bend=0.35)
    ready(cells, tmp_path)
    (file,) = tmp_path.iterdir()
    SPOIL[name](file)
    index = AssignmentIndex(cells)
    trouble = index.make_ready(tmp_path)
    agrees(cells, index)
    if name == "a folder":
        assert "cannot be kept" in trouble
    else:
        assert trouble == ""
        agrees(cells, ready(cells, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_folder_that_cannot_be_written_fails_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = AssignmentIndex(grid("AB"))
    assert "cannot be kept in" in index.make_ready(tmp_path / "file" / "index")
    assert index.method.name == "pixels"


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    for bend in range(12):
        ready(grid("AB/CD", bend=bend / 40.0), tmp_path)
    assert len(list(tmp_path.iterdir())) == 8


def test_processes_that_start_together_share_one_file(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.grids import grid\n"
        "from gridmap.ground import AssignmentIndex\n"
        f"index = AssignmentIndex(grid({DRAWING!r}, bend=0.35)); print(repr(index.make_ready(Path(sys.argv[1]))))\n"
        "print([line.split()[-1] for line in open('/proc/self/maps') if '.pixels' in line])\n"
        "print(index.locate(106.501, 27.001)[0])"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate()[0] for process in running]
    (file,) = tmp_path.iterdir()
    want = f"''\n{[str(file)]}\n{ready(grid(DRAWING, bend=0.35)).locate(106.501, 27.001)[0]}\n"
    # whoever finished first has the file of the moment mapped, which the next may have replaced by an equal one
    assert {answer.replace(" (deleted)", "") for answer in answers} <= {want, want.replace(str(file), "(deleted)")}


def test_without_a_folder_for_numbas_cache_it_works_in_memory(tmp_path: Path) -> None:
    script = (
        "import numba.core.caching as c\n"
        "def none(*_): raise RuntimeError('no locator available')\n"
        "c.CacheImpl.__init__ = none\n"
        "from gridmap.ground.pixels.compiled import compiled, F64\n"
        "@compiled(F64)\n"
        "def twice(x): return 2.0 * x\n"
        "print(twice(4.0), len(twice.signatures))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "8.0 1\n", done
