"""What is different between two drawings: cells gone, new and changed, and which land went from whom to whom.

Two drawings of one base share their borders bit for bit, and every difference is meant. Drawings that were digitised
apart differ everywhere by the error of digitising; a piece of land that is nowhere wider than that error says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.coverage import NOISE_M2
from gridmap.ground.measure import Geometries, area_m2, metric_crs, project
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.rings import normal

#: places on an outline are this far apart when two outlines are compared, in metres
_STEP_M = 200.0
#: this share of the distances between two outlines is taken for error
_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Moved:
    """Land of `source` in the old drawing that is of `to` in the new one; "" where it is in no cell.

    `reliable_m2`: what of it lies in pieces wider than the error of digitising; lon, lat: in the largest piece.
    """

    source: str
    to: str
    area_m2: float
    reliable_m2: float
    lon: float
    lat: float

    @property
    def reliable(self) -> bool:
        return self.reliable_m2 > 0.0


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs. `reshaped` and `community` speak of codes in both drawings; `recoded` pairs have one shape.

    A cell that only got a vertex on a straight border is not reshaped. `moved`: land between different codes, recoded
    ones aside, the reliable and then the largest first.
    """

    gone: tuple[str, ...]
    new: tuple[str, ...]
    recoded: tuple[tuple[str, str], ...]
    reshaped: tuple[str, ...]
    community: tuple[tuple[str, str, str], ...]
    moved: tuple[Moved, ...]
    #: what two borders that are meant to be one may be apart, in metres
    error_m: float

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.recoded or self.reshaped or self.community)

    def reliable(self) -> tuple[Moved, ...]:
        """Land that moved by more than the error of digitising."""
        return tuple(one for one in self.moved if one.reliable)

    def unreliable(self) -> tuple[Moved, ...]:
        """Land that may not have moved at all: the borders were digitised otherwise."""
        return tuple(one for one in self.moved if not one.reliable)

    def lines(self, names: Mapping[str, str] | None = None, lang: Literal["en", "zh"] = "en") -> list[str]:
        """The diff in words, a line for each matter. `names`: of codes, for people."""
        return _lines(self, names or {}, _WORDS[lang])


def diff(old: Drawing, new: Drawing, error_m: float = 0.0) -> Diff:
    """The difference between two drawings.

    `error_m`: the error of digitising, for drawings whose borders were not taken from one another; see
    `outline_error_m`. With 0 all is reliable.
    """
    differing = _differing(old, new)
    before = [old[code] for code in sorted(differing & set(old))]
    after = [new[code] for code in sorted(differing & set(new))]
    gone = tuple(cell.code for cell in before if cell.code not in new)
    fresh = tuple(cell.code for cell in after if cell.code not in old)
    both = [code for code in sorted(differing) if code in old and code in new]
    recoded = _recoded([old[code] for code in gone], [new[code] for code in fresh])
    same = {old_code for old_code, _ in recoded} | {new_code for _, new_code in recoded}
    moved = _moved([c for c in before if c.code not in same], [c for c in after if c.code not in same], error_m)
    ends = {code for one in moved for code in (one.source, one.to)}
    areas = ((code, old[code].community, new[code].community) for code in both)
    return Diff(
        gone=tuple(code for code in gone if code not in same),
        new=tuple(code for code in fresh if code not in same),
        recoded=recoded,
        reshaped=tuple(code for code in both if code in ends),
        community=tuple(one for one in areas if one[1] != one[2]),
        moved=moved,
        error_m=error_m,
    )


def outline_error_m(old: Drawing, new: Drawing) -> float:
    """How far, in metres, borders that are meant to be one are apart, judged by the outlines of the two areas.

    The outline of an area is not what a redraw inside it moves, so where two drawings of it disagree about that, they
    were digitised differently: 95 % of the outline is nearer to the other one than this. 0 where they agree.
    """
    outlines = [shapely.union_all([cell.shape for cell in drawing.values()]) for drawing in (old, new)]
    crs = metric_crs(*shapely.get_coordinates(outlines).T)
    one, other = (shapely.segmentize(line.boundary, _STEP_M) for line in project(outlines, crs))
    apart = [
        shapely.distance(shapely.points(shapely.get_coordinates(line)), to) for line, to in ((one, other), (other, one))
    ]
    found = float(np.quantile(np.concatenate(apart), _SHARE))
    return found if found > 1e-3 else 0.0


def _differing(old: Drawing, new: Drawing) -> set[str]:
    """Codes of cells that are not the same in both; only touched ones are looked at where both have one base."""
    codes = old.touched | new.touched if old.base is new.base else set(old) | set(new)
    return {code for code in codes if old.get(code) != new.get(code)}


def _recoded(gone: list[Cell], fresh: list[Cell]) -> tuple[tuple[str, str], ...]:
    by_shape = {shapely.to_wkb(normal(cell.shape)): cell.code for cell in gone}
    found = ((by_shape.get(shapely.to_wkb(normal(cell.shape))), cell.code) for cell in fresh)
    return tuple((old, new) for old, new in found if old is not None)


def _moved(before: list[Cell], after: list[Cell], error_m: float) -> tuple[Moved, ...]:
    """Pieces of land by old and new cell, where the two are not the same."""
    old, new = (np.array([cell.shape for cell in cells], dtype=object) for cells in (before, after))
    pieces, source, to = _pieces(old, new)
    names = [[*(cell.code for cell in cells), ""] for cells in (before, after)]  # -1 is nobody
    area = area_m2(pieces) if len(pieces) else np.zeros(0)
    other = np.array([names[0][s] != names[1][t] for s, t in zip(source, to, strict=True)], dtype=bool)
    there = np.flatnonzero((area >= NOISE_M2) & other)
    if not len(there):
        return ()
    pieces, source, to, area = pieces[there], source[there], to[there], area[there]
    reliable = area * (_half_width_m(pieces) > error_m if error_m > 0.0 else 1.0)
    at = shapely.get_coordinates(shapely.point_on_surface(pieces))
    pair = source * (len(after) + 1) + to  # each counts from -1
    _, number = np.unique(pair, return_inverse=True)
    all_m2, sure_m2 = np.bincount(number, weights=area), np.bincount(number, weights=reliable)
    rising = np.argsort(area, kind="stable")
    largest = np.empty(len(all_m2), dtype=np.int64)
    largest[number[rising]] = rising  # of those of one pair the last, largest, stays
    found = [
        Moved(
            names[0][source[i]], names[1][to[i]], float(all_m2[k]), float(sure_m2[k]), float(at[i, 0]), float(at[i, 1])
        )
        for k, i in enumerate(largest.tolist())
    ]
    return tuple(sorted(found, key=lambda one: (-one.reliable_m2, -one.area_m2, one.source, one.to)))


def _pieces(old: Geometries, new: Geometries) -> tuple[Geometries, NDArray[np.int64], NDArray[np.int64]]:
    """Polygons that old and new shapes have in common, and what only one side has; -1 for nobody."""
    at_new, at_old = shapely.STRtree(old).query(new, predicate="intersects") if len(old) and len(new) else ([], [])
    at_old, at_new = np.asarray(at_old, dtype=np.int64), np.asarray(at_new, dtype=np.int64)
    nobody = np.full(1, -1)
    only_old = shapely.difference(shapely.union_all(old), shapely.union_all(new)) if len(old) else shapely.Polygon()
    only_new = shapely.difference(shapely.union_all(new), shapely.union_all(old)) if len(new) else shapely.Polygon()
    lost, gained = shapely.intersection(old, only_old), shapely.intersection(new, only_new)
    shapes = np.concatenate([shapely.intersection(old[at_old], new[at_new]), lost, gained])
    source = np.concatenate([at_old, np.arange(len(old)), np.repeat(nobody, len(new))])
    to = np.concatenate([at_new, np.repeat(nobody, len(old)), np.arange(len(new))])
    parts, owner = shapely.get_parts(shapes, return_index=True)
    parts, owner = shapely.get_parts(parts), owner
    areal = shapely.get_dimensions(parts) == 2
    return np.asarray(parts[areal], dtype=object), source[owner[areal]], to[owner[areal]]


def _half_width_m(pieces: Geometries) -> Floats:
    """The radius of the largest circle in each piece, in metres."""
    flat = project(pieces, metric_crs(*shapely.get_coordinates(pieces).T))
    circles = shapely.maximum_inscribed_circle(flat, tolerance=1.0)
    return np.asarray(shapely.length(circles), dtype=np.float64)


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "nobody": "no cell", "named": "{name} ({code})", "gone": "gone: {a}", "new": "new: {a}",
        "recoded": "another code: {a} is {b} now", "community": "another community: {a}, {b} before, {c} now",
        "moved": "{a} -> {b}: {km2:,.3f} km2",
        "unreliable": "unreliable: {n} pairs, {km2:,.3f} km2 in all, narrower than twice the error of {m:,.0f} m",
    },
    "zh": {
        "nobody": "无网格", "named": "{name}（{code}）", "gone": "撤销：{a}", "new": "新设：{a}",
        "recoded": "换编码：{a} 现为 {b}", "community": "换村社：{a}，原属 {b}，现属 {c}",
        "moved": "{a} → {b}：{km2:,.3f} 平方千米",
        "unreliable": "不可靠：{n} 处，共 {km2:,.3f} 平方千米，宽度不到数字化误差 {m:,.0f} 米的两倍",
    },
}  # fmt: skip


def _lines(found: Diff, names: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    def name(code: str) -> str:
        return words["named"].format(name=names[code], code=code) if code in names else code or words["nobody"]

    def moved(one: Moved) -> str:
        return words["moved"].format(a=name(one.source), b=name(one.to), km2=one.area_m2 / 1e6)

    lines = [words["gone"].format(a=name(code)) for code in found.gone]
    lines += [words["new"].format(a=name(code)) for code in found.new]
    lines += [words["recoded"].format(a=name(old), b=name(new)) for old, new in found.recoded]
    lines += [words["community"].format(a=name(code), b=name(old), c=name(new)) for code, old, new in found.community]
    lines += map(moved, found.reliable())
    doubtful = found.unreliable()
    if doubtful:
        total = sum(one.area_m2 for one in doubtful) / 1e6
        lines.append(words["unreliable"].format(n=len(doubtful), km2=total, m=found.error_m))
        lines += [f"  {moved(one)}" for one in doubtful]
    return lines
