"""Who is whose neighbour: drawn coverages, published lists, brute force."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.spatial.distance import cdist

from gridmap.errors import InvalidInput
from gridmap.stats import Neighbours, contiguous, from_gal, nearest, within
from tests.grids import grid


def listed(graph: Neighbours) -> list[list[int]]:
    return [graph.to[a:b].tolist() for a, b in zip(graph.start, graph.start[1:], strict=False)]


def test_queens_meet_in_corners_rooks_along_borders() -> None:
    shapes = grid("AB/CD").geometry.array
    assert listed(contiguous(shapes, "queen")) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert listed(contiguous(shapes, "rook")) == [[1, 2], [0, 3], [0, 3], [1, 2]]


def test_a_cell_apart_is_an_island() -> None:
    graph = contiguous(grid("AB.C").geometry.array)
    assert graph.islands.tolist() == [2]
    assert graph.counts.tolist() == [1, 1, 0]


def test_a_ring_that_crosses_itself_has_neighbours_and_is_kept() -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    shapes = np.array([bow_tie, shapely.box(2, 0, 3, 2), None], dtype=object)
    assert listed(contiguous(shapes, "rook")) == [[1], [0], []]
    assert shapes[0] is bow_tie


def test_a_subset_is_renumbered() -> None:
    graph = contiguous(grid("ABC").geometry.array).among(np.array([True, False, True]))
    assert listed(graph) == [[], []]
    assert listed(contiguous(grid("ABC").geometry.array).among(np.array([False, True, True]))) == [[1], [0]]


def test_the_lists_of_published_studies_are_our_contiguity(shared_data: Path) -> None:
    """St Louis's and North Carolina's lists are rook contiguity of the polygons beside them."""
    for folder, name in (("local_statistics", "stl_hom"), ("nc_sids", "sids2")):
        shapes = gpd.read_file(shared_data / "bench" / folder / f"{name}.shp")
        text = next((shared_data / "bench" / folder).glob("*.gal")).read_text()
        graph = from_gal(text, *([shapes["FIPSNO"].astype(int).astype(str)] if name == "sids2" else []))
        assert (graph.matrix != contiguous(shapes.geometry.array, "rook").matrix).nnz == 0


def test_nearest_and_within_are_brute_force() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.random((2, 60))
    apart = cdist(np.column_stack([x, y]), np.column_stack([x, y]))
    near = nearest(x, y, 4)
    assert listed(near) == [sorted(np.argsort(row)[1:5].tolist()) for row in apart]
    limit = apart[3, 17]
    assert listed(within(x, y, limit)) == [
        [j for j in np.flatnonzero(row <= limit).tolist() if j != i] for i, row in enumerate(apart)
    ]


def test_nearest_of_cells_at_one_place_never_has_the_cell_itself() -> None:
    graph = nearest(np.zeros(9), np.zeros(9), 3)
    assert graph.counts.tolist() == [3] * 9
    assert all(i not in row for i, row in enumerate(listed(graph)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not begin"),
        ("2\n1 1\n2\n", "announces 2 cells and lists 1"),
        ("2\n1 2\n2\n2 1\n1\n", "lists 1 neighbours, not 2"),
        ("2\na 1\nb\nb 1\na\n", "by an id ('a' and others)"),
    ],
)
def test_a_faulty_list_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_gal(text)
    assert words in caught.value.message


def test_bad_sizes_are_refused() -> None:
    for call in (lambda: nearest([0.0, 1.0], [0.0, 1.0], 2), lambda: within([0.0], [0.0], 0.0)):
        with pytest.raises(InvalidInput):
            call()
