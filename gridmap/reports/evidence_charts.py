"""The evidence card's drawings as SVG: rings with intervals, months, the ground around. Grey printing keeps them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from markupsafe import Markup, escape

INK, QUIET, LINE, ACCENT = "#15202B", "#5C6873", "#DCE1E5", "#0B4F9E"
#: observed / expected from and to which the ring chart reaches
_LEAST, _MOST = 0.25, 8.0
_RING_WIDE = 215.0
#: room for words to the right of the months
_LEGEND = 150.0
#: the ground's side, and its colour, on which words stand out
_SIDE, _LAND = 340.0, "#F6F4EE"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in a month of the chart: `kind` blast or meeting, `at` months after its beginning."""

    kind: str
    at: float


def ring_scale() -> Markup:
    """The head of the column of `ring`: what its lines stand for."""
    parts = [
        _text(_across(value, _RING_WIDE), 11, {0.5: "½"}.get(value, f"{value:g}"), anchor="middle", size=10)
        for value in (0.5, 1, 2, 4)
    ]
    return _svg(_RING_WIDE, 13, parts)


def ring(row: Mapping[str, Any]) -> Markup:
    """Observed / expected of a ring on a log scale, with its 95 % interval; filled where that lies above 1.

    A drawing to each row, so that no row can slip beside another's.
    """
    height = 18
    parts = []
    for value in (0.5, 1, 2, 4):
        x = _across(value, _RING_WIDE)
        parts.append(_line(x, 0, x, height, LINE if value != 1 else INK, 1))
    if row["ratio"] is None:
        return _svg(_RING_WIDE, height, [*parts, _text(_RING_WIDE / 2, 13, "–", anchor="middle")])
    above, y = row["low"] > 1, height / 2
    colour = INK if above else QUIET
    parts.append(_line(_across(row["low"], _RING_WIDE), y, _across(row["high"], _RING_WIDE), y, colour, 2))
    x = _across(row["ratio"], _RING_WIDE)
    parts.append(
        f'<rect x="{x - 5:.1f}" y="{y - 5}" width="10" height="10" fill="{INK}"/>'
        if above
        else f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="#FFF" stroke="{QUIET}" stroke-width="2"/>'
    )
    return _svg(_RING_WIDE, height, parts)


def months(
    names: Sequence[str], observed: Sequence[int], expected: Sequence[float], window: int, marks: Sequence[Mark] = ()
) -> Markup:
    """A bar a month with the expected number across it; dark where it lies above the 95 % interval of chance. The last
    `window` months, which the card is about, stand on a shade.

    `marks`: blasts as ticks and meetings as diamonds below, where such are known.
    """
    from scipy.stats import poisson

    width, top = 560, 68
    step = width / max(len(names), 1)
    most = max([*observed, *expected, 5])
    parts = [f'<rect x="{width - window * step:.1f}" y="0" width="{window * step:.1f}" height="{top}" fill="#EEF1F3"/>']
    parts.append(_line(0, top, width, top, INK, 1))
    for i, (name, seen, hoped) in enumerate(zip(names, observed, expected, strict=True)):
        x, tall = i * step + step * 0.25, 48 * seen / most
        above = hoped > 0 and seen > poisson.ppf(0.975, hoped)
        parts.append(
            f'<rect x="{x:.1f}" y="{top - tall:.1f}" width="{step * 0.5:.1f}" height="{tall:.1f}" '
            f'fill="{INK if above else "#9AA5AE"}"/>'
        )
        level = top - 48 * hoped / most
        parts.append(_line(i * step + step * 0.1, level, (i + 1) * step - step * 0.1, level, ACCENT, 2.5))
        # a number that the line of what was expected would strike through stands above it
        struck = top - tall - 14 < level < top - tall
        y = (level if struck else top - tall) - 4
        parts.append(_text(i * step + step / 2, y, f"{seen}", anchor="middle", bold=True))
        parts.append(_text(i * step + step / 2, top + 14, name, anchor="middle", size=10))
    parts.extend(_legend(width + 14))
    below, lowest = _marked(marks, step, top + 20, width + 14)
    return _svg(width + _LEGEND, lowest, [*parts, *below])


def _legend(x: float) -> list[str]:
    """What the bars say, to the right of them."""
    words = (("above chance 偏高", INK), ("within chance 正常", "#9AA5AE"))
    parts = []
    for i, (word, colour) in enumerate(words):
        parts.append(f'<rect x="{x}" y="{8 + 18 * i}" width="9" height="9" fill="{colour}"/>')
        parts.append(_text(x + 15, 17 + 18 * i, word, size=10))
    return [*parts, _line(x - 2, 49, x + 11, 49, ACCENT, 2.5), _text(x + 15, 53, "expected 应有", size=10)]


def _marked(marks: Sequence[Mark], step: float, top: float, words_x: float) -> tuple[list[str], float]:
    """Rows of blasts and of meetings, each with its name at the end, and how far down they reach."""
    parts: list[str] = []
    for kind, words in (("blast", "Blasts 爆破"), ("meeting", "Joint meetings 联席会议")):
        some = [mark.at * step for mark in marks if mark.kind == kind]
        if kind == "blast":
            parts.extend(_line(x, top + 2, x, top + 12, INK, 1.3) for x in some)
        else:
            parts.extend(f'<path d="M{x:.1f} {top + 2}l5 5-5 5-5-5z" fill="{INK}"/>' for x in some)
        if some:
            parts.append(_text(words_x, top + 11, words, size=10))
            top += 16
    return parts, top


def trend(row: Mapping[str, Any]) -> Markup:
    """A long row of months: bars, what was expected or the row without its season as a line, changes dashed."""
    seen, names = row["observed"], row["months"]
    line = row["expected"] or row["adjusted"] or []
    width, top = 660, 36
    step, most = width / max(len(seen), 1), max([*seen, *line, 5])
    parts = [
        f'<rect x="{i * step + 0.15 * step:.1f}" y="{top - 33 * one / most:.1f}" width="{0.7 * step:.1f}" '
        f'height="{33 * one / most:.1f}" fill="#9AA5AE"/>'
        for i, one in enumerate(seen)
    ]
    points = " ".join(f"{(i + 0.5) * step:.1f},{top - 33 * max(one, 0) / most:.1f}" for i, one in enumerate(line))
    parts.append(f'<polyline points="{points}" fill="none" stroke="{ACCENT}" stroke-width="1.6"/>')
    for one in row["changes"]:
        x = names.index(one["month"]) * step
        parts.append(f'<path d="M{x:.1f} 0V{top}" stroke="{INK}" stroke-width="1.6" stroke-dasharray="4 3"/>')
    parts.append(_line(0, top, width, top, INK, 1))
    for i, name in enumerate(names):
        if name.endswith("-01") or (i == 0 and "01" not in {one[-2:] for one in names[1:4]}):
            parts.append(_text(i * step, top + 11, name if i == 0 else name[:4], size=9))
    return _svg(width, top + 14, parts)


def bars(rows: Sequence[tuple[int, float]]) -> list[Markup]:
    """A bar a category: observed dark, expected as a stroke; all on one scale."""
    most = max([value for row in rows for value in row], default=1) or 1
    return [
        _svg(120, 12, [
            f'<rect x="0" y="2" width="{120 * seen / most:.1f}" height="8" fill="#45525E"/>',
            _line(120 * hoped / most, 0, 120 * hoped / most, 12, ACCENT, 2),
        ])
        for seen, hoped in rows
    ]  # fmt: skip


def ground(
    place: shapely.Geometry, borders: Iterable[shapely.Geometry], homes: Iterable[tuple[float, float]],
    near_m: float, reach_m: float, square_m: float = 200.0, names: Sequence[tuple[float, float, str]] = (),
) -> Markup:  # fmt: skip
    """The ground around a place in a plane of metres: borders of communities, squares where people live, rings.

    `homes`: middles of squares of `square_m`; no single house is drawn. `names`: of communities, where each is written
    unless it would cover another.
    """
    middle = place.centroid
    size = _SIDE
    scale = size / (2 * reach_m)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - middle.x + reach_m) * scale, (middle.y + reach_m - y) * scale

    parts = [f'<rect x="0" y="0" width="{size}" height="{size}" fill="{_LAND}"/>']
    side = square_m * scale
    for x, y in homes:
        a, b = at(x, y)
        if 0 <= a <= size and 0 <= b <= size:
            parts.append(
                f'<rect x="{a - side / 2:.1f}" y="{b - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}" '
                'fill="#D9D2C1"/>'
            )
    window = shapely.box(middle.x - reach_m, middle.y - reach_m, middle.x + reach_m, middle.y + reach_m)
    for border in borders:
        cut = shapely.intersection(shapely.boundary(border), window)
        parts.extend(_path(line, at, QUIET, 0.8) for line in _lines(cut))
    taken = [(*at(middle.x, middle.y), 30.0)]
    for radius in (500, 1000, 1500, 2000, 3000, 4000):
        ring = shapely.buffer(place, radius).exterior
        parts.append(_path(ring, at, INK, 2.2 if radius == near_m else 0.7))
        x, y = at(middle.x, shapely.bounds(ring)[3])
        if y > 8:
            taken.append((x, y, 24.0))
            parts.append(_on_land(x, y + 4, f"{radius / 1000:g}", 11, bold=radius == near_m))
    body = place if place.geom_type in ("Polygon", "MultiPolygon") else shapely.buffer(place, 70)
    parts.extend(_path(line, at, INK, 1, fill=INK) for line in _lines(shapely.boundary(body)))
    parts.extend(_named([(*at(x, y), words) for x, y, words in names], [*taken, (40.0, size - 18, 90.0)]))
    parts.append(_line(12, size - 12, 12 + 1000 * scale, size - 12, INK, 2))
    parts.append(_text(12, size - 17, "1 km", size=11))
    return _svg(size, size, parts)


def _named(names: Sequence[tuple[float, float, str]], taken: list[tuple[float, float, float]]) -> list[str]:
    """Names on the drawing, those nearest to its middle first; none covers what is `taken` (x, y, width)."""
    parts = []
    for x, y, words in sorted(names, key=lambda one: math.hypot(one[0] - _SIDE / 2, one[1] - _SIDE / 2)):
        wide = 11.0 * len(words)
        inside = wide / 2 + 4 <= x <= _SIDE - wide / 2 - 4 and 12 <= y <= _SIDE - 8
        if inside and all(abs(x - a) > (wide + w) / 2 + 4 or abs(y - b) > 16 for a, b, w in taken):
            taken.append((x, y, wide))
            parts.append(_on_land(x, y + 4, words, 11, wide=wide))
    return parts


def _on_land(x: float, y: float, words: str, size: int, *, bold: bool = False, wide: float | None = None) -> str:
    """Words in the middle of a patch of land, so that no line runs through them."""
    wide = 6.5 * len(words) + 3 if wide is None else wide + 2
    patch = f'<rect x="{x - wide / 2:.1f}" y="{y - 10:.1f}" width="{wide:.1f}" height="13" fill="{_LAND}"/>'
    return patch + _text(x, y, words, anchor="middle", size=size, bold=bold)


def _lines(shape: shapely.Geometry) -> list[Any]:
    return [part for part in shapely.get_parts(shape).tolist() if part.geom_type in ("LineString", "LinearRing")]


def _path(line: Any, at: Any, colour: str, width: float, fill: str = "none") -> str:
    points = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in line.simplify(8).coords)
    return f'<polyline points="{points}" fill="{fill}" stroke="{colour}" stroke-width="{width}"/>'


def _across(ratio: float, width: float) -> float:
    inside = min(max(ratio, _LEAST), _MOST)
    return 6 + (width - 12) * math.log(inside / _LEAST) / math.log(_MOST / _LEAST)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" stroke-width="{width}" fill="none"/>'


def _text(x: float, y: float, words: str, anchor: str = "start", size: int = 11, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}"{weight}>'
        f"{escape(words)}</text>"
    )


def _svg(width: float, height: float, parts: Iterable[str]) -> Markup:
    return Markup(  # noqa: S704 - made of numbers and escaped words
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img">{"".join(parts)}</svg>'
    )
