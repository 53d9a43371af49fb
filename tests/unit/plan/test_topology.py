"""Topology of drawn, awkward and real coverages, and what is no topology."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import repair
from gridmap.ground.topology import faults, refuse_faults, topology
from gridmap.plan import stitched
from tests.grids import SIZE_DEG, grid

AWKWARD = {
    # drawing: (borders, nodes) counted by hand
    "A": (1, 0),
    "AB": (3, 2),
    "AAA/ABA/AAA": (2, 0),
    "AAAAA/ABBBA/ABCBA/ABBBA/AAAAA": (3, 0),
    "AB/BA": (8, 5),
    "A.A/.B./A.A": (8, 4),
    "AAAA/A.BA/AB.A/AAAA": (9, 5),
}


@pytest.mark.parametrize("drawing", AWKWARD)
def test_borders_and_nodes_are_counted(drawing: str) -> None:
    shapes = grid(drawing).geometry.to_numpy()
    graph = topology(shapes)
    assert (graph.borders, len(graph.nodes)) == AWKWARD[drawing]
    assert (shapely.to_wkb(graph.polygons()) == shapely.to_wkb(shapes)).all()


def test_neighbours_share_a_border_and_not_only_a_point() -> None:
    graph = topology(grid("AB/CD").geometry.to_numpy())
    assert list(zip(*(side.tolist() for side in graph.neighbours()), strict=True)) == [(0, 1), (0, 2), (1, 3), (2, 3)]
    assert len(graph.borders_of(np.array([0]))) == 3


def test_starts_turns_and_kinds_of_rings_are_kept() -> None:
    shapes = grid("AAAA/ABCA/AAAA", bend=0.3).geometry.to_numpy().copy()
    turned = []
    for number, shape in enumerate(shapes):
        ring = shapely.get_coordinates(shape.exterior)[:-1]
        ring = np.roll(ring, number + 2, axis=0)[:: -1 if number % 2 else 1]
        polygon = shapely.Polygon(ring, [hole.coords[::-1] for hole in shape.interiors])
        turned.append(shapely.multipolygons([polygon]) if number == 1 else polygon)
    array = np.array(turned, dtype=object)
    assert (shapely.to_wkb(topology(array).polygons()) == shapely.to_wkb(array)).all()


def test_nothing_is_a_topology_too() -> None:
    graph = topology(np.zeros(0, dtype=object))
    assert (graph.borders, graph.faces, len(graph.polygons())) == (0, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda s: shapely.affinity.translate(s, SIZE_DEG / 3), "overlap"),
        (lambda s: shapely.LineString([(0, 0), (1, 1)]), "no polygon"),
        (lambda s: shapely.segmentize(s, SIZE_DEG * 0.6), "that C has not"),
    ],
)
def test_a_faulty_coverage_is_refused_by_name(spoil: Callable[[shapely.Geometry], shapely.Geometry], told: str) -> None:
    cells = grid("AB/CC")
    cells.loc[0, "geometry"] = spoil(cells.geometry[0])
    with pytest.raises(InvalidInput, match=told) as refused:
        refuse_faults(cells)
    assert any("A" in fault.cells for fault in refused.value.details["faults"])


def test_missing_vertices_are_stitched_and_nothing_else() -> None:
    cells = grid("AB/CC")
    cells.loc[0, "geometry"] = shapely.segmentize(cells.geometry[0], SIZE_DEG * 0.3)
    assert {fault.kind for fault in faults(cells)} == {"joint"}
    mended = stitched(cells)
    assert faults(mended) == []
    assert shapely.area(mended.geometry.array) == pytest.approx(shapely.area(cells.geometry.array), rel=1e-12)
    assert mended.geometry[0].wkb == cells.geometry[0].wkb


def test_the_builder_refuses_two_on_one_side() -> None:
    shapes = grid("AB").geometry.to_numpy()
    with pytest.raises(InvalidInput, match="shapes 0, 2 are on the same side"):
        topology(np.array([*shapes, shapes[0]], dtype=object))


@pytest.mark.parametrize("name", ["police_beats", "community_areas"])
def test_chicago(shared_data: Path, name: str) -> None:
    """Real cells: as they came they are no topology; repaired they are one."""
    cells = gpd.read_file(shared_data / "chicago" / f"{name}.zip").to_crs("EPSG:4326")[["geometry"]]
    cells["code"] = [f"{number:03}" for number in range(len(cells))]
    mended = stitched(repair(cells, "code")[0])
    assert faults(mended) == []
    shapes = mended.geometry.to_numpy()
    graph = topology(shapes)
    assert (shapely.to_wkb(graph.polygons()) == shapely.to_wkb(shapes)).all()
    one, other = graph.neighbours()
    along = shapely.length(shapely.intersection(shapes[one], shapes[other]))
    assert (along > 0).all()
