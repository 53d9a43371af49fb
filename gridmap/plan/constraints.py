"""What a drawing must keep to before it is published: functions in a list, each naming the cell and the reason.

A blocker stops publishing, a warning wants a look. Rules look at the cells they are given and at no others, so that an
edit is judged by the cells it touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import faces, inner_points
from gridmap.ground.codes import CodeScheme
from gridmap.ground.measure import Geometries, area_m2, length_m
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.limits import Limits

#: a barrier crosses a cell when it cuts off more than this share of it: borders drawn beside a river stray a little
CUT_OFF = 0.05


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about, by code of the cell; what is not given is not judged."""

    households: Mapping[str, int] | None = None
    #: hours of visits due a month
    hours: Mapping[str, float] | None = None
    #: who serves the cell; None or missing: nobody
    workers: Mapping[str, Any] | None = None
    #: codes of the communities there are
    communities: Collection[str] | None = None
    #: rivers and main roads, WGS84 lines
    barriers: Geometries = field(default_factory=lambda: np.zeros(0, dtype=object))


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a cell does not keep: why, in words and as numbers, and where (WGS84)."""

    rule: str
    cell: str
    blocker: bool
    why: str
    lon: float
    lat: float
    value: float | None = None
    limit: float | None = None


Constraint = Callable[[Drawing, Sequence[Cell], Facts], Iterable[Finding]]


def judge(
    drawing: Drawing, facts: Facts, rules: Sequence[Constraint] | None = None, cells: Iterable[str] | None = None
) -> list[Finding]:
    """What the rules (the `standard` ones when None) find, blockers first, then by cell.

    `cells`: codes to look at, all when None; those no longer there are passed over.
    """
    chosen = [drawing[code] for code in sorted(set(drawing if cells is None else cells) & set(drawing))]
    found = [one for rule in (standard() if rules is None else rules) for one in rule(drawing, chosen, facts)]
    return sorted(found, key=lambda one: (not one.blocker, one.cell, one.rule, one.lon, one.lat))


def standard(limits: Limits | None = None, scheme: CodeScheme | None = None) -> tuple[Constraint, ...]:
    """All rules, with a county's own limits (None: those that ship)."""
    wanted = limits or Limits()
    return (
        one_community,
        contiguous,
        no_holes,
        partial(households_between, low=wanted.households_least, high=wanted.households_most),
        partial(area_between, low=wanted.area_least_m2, high=wanted.area_most),
        partial(compact, least=wanted.compactness_least),
        no_barrier_crossed,
        partial(codes_follow, scheme=scheme or CodeScheme()),
        a_worker_each,
        partial(even_work, most=wanted.deviation_most),
    )


def one_community(_: Drawing, cells: Sequence[Cell], facts: Facts) -> Iterator[Finding]:
    """Every cell belongs to a community, and to one that exists."""
    for cell in cells:
        if not cell.community:
            yield _finding("one_community", cell, f"cell {cell.code} belongs to no community")
        elif facts.communities is not None and cell.community not in facts.communities:
            yield _finding(
                "one_community", cell, f"cell {cell.code} is in the community {cell.community}, which does not exist"
            )


def contiguous(_: Drawing, cells: Sequence[Cell], __: Facts) -> Iterator[Finding]:
    """A cell is in one piece: parts that only touch in a point are two. Points at the smallest."""
    for cell in cells:
        parts = shapely.get_parts(cell.shape)
        if len(parts) > 1:
            smallest = parts[int(np.argmin(shapely.area(parts)))]
            why = f"cell {cell.code} is in {len(parts)} pieces"
            yield _finding("contiguous", cell, why, value=len(parts), limit=1, at=smallest)


def no_holes(_: Drawing, cells: Sequence[Cell], __: Facts) -> Iterator[Finding]:
    """A cell does not go round another, or round land in no cell. Points into the hole."""
    for cell in cells:
        for ring in (ring for part in shapely.get_parts(cell.shape) for ring in part.interiors):
            yield _finding("no_holes", cell, f"cell {cell.code} has a hole", at=shapely.Polygon(ring))


def households_between(
    _: Drawing, cells: Sequence[Cell], facts: Facts, low: int = 300, high: int = 500, blocker: bool = False
) -> Iterator[Finding]:
    """Households of a cell, within limits (both inclusive)."""
    for cell in cells if facts.households is not None else ():
        yield from _between(
            "households", cell, (facts.households or {}).get(cell.code, 0), low, high, "households", blocker
        )


def area_between(
    _: Drawing, cells: Sequence[Cell], __: Facts, low: float = 0.0, high: float = np.inf, blocker: bool = False
) -> Iterator[Finding]:
    """Square metres of a cell, within limits (both inclusive)."""
    for cell, area in zip(cells, _areas(cells), strict=True):
        yield from _between("area", cell, area, low, high, "m2", blocker)


def compact(_: Drawing, cells: Sequence[Cell], __: Facts, least: float = 0.15) -> Iterator[Finding]:
    """Polsby-Popper, 4 pi area / perimeter squared on the ground: 1 for a circle, near 0 for a strip."""
    for cell, value in zip(cells, polsby_popper(np.array([c.shape for c in cells], dtype=object)), strict=True):
        if value < least:
            why = f"cell {cell.code} is not compact: {value:.2f}, at least {least:g} is wanted"
            yield _finding("compact", cell, why, blocker=False, value=float(value), limit=least)


def no_barrier_crossed(_: Drawing, cells: Sequence[Cell], facts: Facts, least: float = CUT_OFF) -> Iterator[Finding]:
    """No river or main road cuts off more than this share of a cell. Points into what is cut off."""
    if not len(facts.barriers) or not cells:
        return
    shapes = np.array([cell.shape for cell in cells], dtype=object)
    line, at = shapely.STRtree(shapes).query(facts.barriers, predicate="crosses")
    for number in np.unique(at):
        cell = cells[number]
        lines = shapely.intersection(facts.barriers[line[at == number]], cell.shape)
        for whole in shapely.get_parts(cell.shape):
            pieces = faces(np.array([whole.boundary, *lines], dtype=object))
            pieces = pieces[shapely.covers(whole, inner_points(pieces))]
            share = shapely.area(pieces) / cell.shape.area
            rest = np.argsort(-share)[1:]  # the largest piece is the cell, the others are cut off
            for i in rest[share[rest] > least]:
                why = f"a river or main road cuts off {share[i]:.0%} of cell {cell.code}"
                yield _finding("no_barrier_crossed", cell, why, False, float(share[i]), least, pieces[i])


def codes_follow(
    drawing: Drawing, cells: Sequence[Cell], __: Facts, scheme: CodeScheme | None = None
) -> Iterator[Finding]:
    """A code is a cell's by the scheme, begins with that of its community, and was no other cell's before."""
    scheme = scheme or CodeScheme()
    for cell in cells:
        try:
            scheme.validate(cell.code)
        except InvalidInput as error:
            yield _finding("codes_follow", cell, error.message)
            continue
        if not cell.code.startswith(cell.community):
            why = f"the code {cell.code} is not one of the community {cell.community}"
            yield _finding("codes_follow", cell, why)
        if cell.code in drawing.retired:
            yield _finding("codes_follow", cell, f"the code {cell.code} was another cell's before")


def a_worker_each(_: Drawing, cells: Sequence[Cell], facts: Facts) -> Iterator[Finding]:
    """Somebody serves each cell."""
    for cell in cells if facts.workers is not None else ():
        if (facts.workers or {}).get(cell.code) is None:
            yield _finding("a_worker_each", cell, f"nobody serves cell {cell.code}")


def even_work(drawing: Drawing, cells: Sequence[Cell], facts: Facts, most: float = 0.25) -> Iterator[Finding]:
    """Hours a month of each worker (of each cell, where workers are not known), within a share of the mean.

    A worker's finding names that worker's first cell among those looked at. The mean is over the whole drawing.
    """
    if facts.hours is None:
        return
    who = facts.workers if facts.workers is not None else {code: code for code in drawing}
    hours: dict[Any, float] = {}
    for code in drawing:
        worker = who.get(code)
        if worker is not None:
            hours[worker] = hours.get(worker, 0.0) + facts.hours.get(code, 0.0)
    mean = sum(hours.values()) / max(len(hours), 1)
    told = set()
    for cell in cells:
        worker = who.get(cell.code)
        if worker is None or worker in told or not mean:
            continue
        told.add(worker)
        off = hours[worker] / mean - 1.0
        if abs(off) > most:
            why = (
                f"the work in cell {cell.code} is {hours[worker]:.1f} h a month, {off:+.0%} of the mean of {mean:.1f} h"
            )
            yield _finding("even_work", cell, why, False, off, most)


def polsby_popper(shapes: Geometries) -> np.ndarray[Any, np.dtype[np.float64]]:
    """4 pi area / perimeter squared of WGS84 shapes, on the ellipsoid."""
    return 4.0 * np.pi * area_m2(shapes) / length_m(shapes) ** 2 if len(shapes) else np.zeros(0)


def _areas(cells: Sequence[Cell]) -> list[float]:
    return [] if not cells else area_m2(np.array([cell.shape for cell in cells], dtype=object)).tolist()


def _between(
    rule: str, cell: Cell, value: float, low: float, high: float, unit: str, blocker: bool
) -> Iterator[Finding]:
    if value < low:
        why = f"cell {cell.code} has {value:,.0f} {unit}, at least {low:,.0f} are wanted"
        yield _finding(rule, cell, why, blocker, float(value), float(low))
    elif value > high:
        why = f"cell {cell.code} has {value:,.0f} {unit}, at most {high:,.0f} are wanted"
        yield _finding(rule, cell, why, blocker, float(value), float(high))


def _finding(
    rule: str,
    cell: Cell,
    why: str,
    blocker: bool = True,
    value: float | None = None,
    limit: float | None = None,
    at: shapely.Geometry | None = None,
) -> Finding:
    place = (cell.shape if at is None else at).representative_point()
    return Finding(rule, cell.code, blocker, why, place.x, place.y, value, limit)
