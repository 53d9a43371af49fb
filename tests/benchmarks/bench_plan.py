"""A redraw: topology beside topojson and shapely's coverage functions; a boundary changed under millions of points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import Conflict, InvalidInput
from gridmap.ground import AssignmentIndex
from gridmap.ground.topology import Topology, topology
from gridmap.plan import OUTSIDE, Cell, Delta, Drawing, Labelled, Merge, MoveNode, Redraw, Reshape, Split, apply, moved
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import cells, points

#: what a boundary change must be faster than placing every point anew, see `../shared/speed.md`
_FASTER = 100.0


def races(quick: bool) -> Iterator[Race]:
    drawn = cells(200, 24) if quick else cells(5_000, 64)
    yield topology_race(drawn)
    yield change_race(drawn, 50_000 if quick else 10_000_000, None if quick else _FASTER)


# --- topology -------------------------------------------------------------------------------------------------------


def topology_race(drawn: gpd.GeoDataFrame) -> Race:
    """Everything from polygons to nodes, borders with both sides, rings; ours beside who does some or all of it."""
    shapes = drawn.geometry.to_numpy()
    others = [
        Contender("shapely.coverage_is_valid and union of all", lambda: _coverage(shapes)),
        Contender("shapely, borders noded by union_all", lambda: shapely.union_all(shapely.boundary(shapes))),
    ]
    if have("topojson"):
        others.insert(0, Contender("topojson", lambda: _topojson(drawn)))

    def agree(answers: Mapping[str, Any]) -> str:
        ours: Topology = answers["gridmap"]
        back = ours.polygons()
        assert (shapely.to_wkb(back) == shapely.to_wkb(shapes)).all()
        noded = shapely.line_merge(answers["shapely, borders noded by union_all"])
        assert len(shapely.get_parts(noded)) == ours.borders
        assert answers["shapely.coverage_is_valid and union of all"][0]
        told = "polygons come back bit for bit, and GEOS's noding, merged, gives as many borders"
        if "topojson" in answers:
            told += f"; topojson has {len(answers['topojson']['arcs']):,} arcs"
        return f"{ours.borders:,} borders, {len(ours.nodes):,} nodes; {told}."

    return Race(
        title="Topology of a coverage",
        about=f"{len(drawn):,} cells, {shapely.get_num_coordinates(shapes).sum():,} vertices. Ours and topojson's "
        "answer is a topology; shapely's functions check the coverage and unite it, or node its borders without "
        "telling whose they are. topojson runs without quantising or simplifying, shared by coordinates.",
        ours=Contender("gridmap", lambda: topology(shapes)),
        others=others,
        amount=len(drawn),
        unit="cells",
        agree=agree,
        most_rounds=3,
    )


def _coverage(shapes: np.ndarray) -> tuple[bool, shapely.Geometry]:
    return bool(shapely.coverage_is_valid(shapes)), shapely.coverage_union_all(shapes)


def _topojson(drawn: gpd.GeoDataFrame) -> dict[str, Any]:
    import topojson

    found: dict[str, Any] = topojson.Topology(drawn[["geometry"]], prequantize=False, shared_coords=True).output
    return found


# --- a boundary change ----------------------------------------------------------------------------------------------


def change_race(drawn: gpd.GeoDataFrame, count: int, faster: float | None) -> Race:
    """From a delta to the new drawing with every point in its cell."""
    base = Drawing.of(map(Cell, drawn["code"], drawn["code"].str[:12], drawn.geometry))
    lon, lat = np.ascontiguousarray(points(count).T)
    labelled = Labelled.of(base, lon, lat)
    deltas = edits(base, topology(drawn.geometry.to_numpy()))

    def ours(delta: Delta) -> tuple[Drawing, Redraw, Labelled]:
        after, back = apply(base, delta)
        return after, back, moved(labelled, base, after, [c.code for c in back.put], [c.code for c in back.take])

    def anew(delta: Delta) -> tuple[Drawing, np.ndarray]:
        after, _ = apply(base, delta)
        index = AssignmentIndex(after.to_frame())
        index.make_ready()
        return after, index.locate(lon, lat)

    def agree(answers: Mapping[str, Any]) -> str:
        wrong = went = 0
        for (after, _, got), (_, labels) in zip(answers["gridmap"], answers["all placed anew"], strict=True):
            found = got.labels(after)
            wrong += int((found != labels).sum())
            went += sum(len(group.row) for group in got.values()) - len(lon)
            assert len(got[OUTSIDE].row) == int((labels < 0).sum())
        assert (wrong, went) == (0, 0)
        return (
            f"{len(deltas)} edits, after each every point in the same cell: 0 mismatches in {len(deltas) * len(lon):,}."
        )

    return Race(
        title=f"A boundary change under {count:,} points",
        about=f"{len(drawn):,} cells. From a delta to a checked drawing and every point in its cell, for "
        f"{len(deltas)} edits: borders reshaped, nodes moved, cells split and merged; the median edit counts. Anew: "
        "the same edit, a new pixel grid and all points through it.",
        ours=Contender("gridmap", ours),
        others=[Contender("all placed anew", anew)],
        amount=1,
        unit="edits",
        agree=agree,
        at_least={} if faster is None else {"all placed anew": faster},
        each=deltas,
        most_rounds=3,
    )


def edits(base: Drawing, graph: Topology) -> list[Delta]:
    """Two of each kind, at random but not refused."""
    rng = np.random.default_rng(11)
    codes = list(base)
    inner = np.flatnonzero((graph.left >= 0) & (graph.right >= 0))
    found: list[Delta] = []
    for kind in (_reshape, _node, _split, _merge):
        made = 0
        while made < 2:
            delta = kind(base, graph, codes, int(rng.choice(inner)))
            try:
                apply(base, delta)
            except (InvalidInput, Conflict):
                continue
            found.append(delta)
            made += 1
    return found


def _reshape(_: Drawing, graph: Topology, __: list[str], border: int) -> Delta:
    way = [(float(x), float(y)) for x, y in graph.border(border)]
    middle = len(way) // 2
    x, y = way[middle]
    return Reshape(tuple(way), (*way[:middle], (x + 0.002, y + 0.001), *way[middle + 1 :]))


def _node(_: Drawing, graph: Topology, __: list[str], border: int) -> Delta:
    x, y = graph.border(border)[0].tolist()
    return MoveNode((x, y), (x + 0.001, y + 0.001))


def _split(base: Drawing, graph: Topology, codes: list[str], border: int) -> Delta:
    code = codes[graph.left[border]]
    middle = base[code].shape.centroid
    return Split(code, ((middle.x - 1, middle.y - 0.5), (middle.x + 1, middle.y + 0.5)), (code, f"{code}-2"))


def _merge(_: Drawing, graph: Topology, codes: list[str], border: int) -> Delta:
    one, other = codes[graph.left[border]], codes[graph.right[border]]
    return Merge((one, other), one, one[:12])
