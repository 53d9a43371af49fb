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


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in a month of the chart: `kind` blast or meeting, `at` months after its beginning."""

    kind: str
    at: float


def rings(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Observed / expected of each ring on a log scale, with its 95 % interval; filled where that lies above 1."""
    height, width = 22 * len(rows) + 22, 250
    parts = []
    for value in (0.5, 1, 2, 4):
        x = _across(value, width)
        parts.append(_line(x, 16, x, height, LINE if value != 1 else INK, 1))
        parts.append(_text(x, 11, {0.5: "½"}.get(value, f"{value:g}"), anchor="middle", size=10))
    for i, row in enumerate(rows):
        y = 22 * i + 32
        if row["ratio"] is None:
            parts.append(_text(width / 2, y + 4, "–", anchor="middle"))
            continue
        above = row["low"] > 1
        colour = INK if above else QUIET
        parts.append(_line(_across(row["low"], width), y, _across(row["high"], width), y, colour, 2))
        x = _across(row["ratio"], width)
        shape = (
            f'<rect x="{x - 5:.1f}" y="{y - 5}" width="10" height="10" fill="{INK}"/>'
            if above
            else f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="#FFF" stroke="{QUIET}" stroke-width="2"/>'
        )
        parts.append(shape)
    return _svg(width, height, parts)


def months(
    names: Sequence[str], observed: Sequence[int], expected: Sequence[float], marks: Sequence[Mark] = ()
) -> Markup:
    """A bar a month with the expected number across it; dark where it lies above the 95 % interval of chance.

    `marks`: blasts as ticks and meetings as diamonds below, where such are known.
    """
    from scipy.stats import poisson

    width, top = 660, 68
    step = width / max(len(names), 1)
    most = max([*observed, *expected, 5])
    parts = [_line(0, top, width, top, INK, 1)]
    for i, (name, seen, hoped) in enumerate(zip(names, observed, expected, strict=True)):
        x, tall = i * step + step * 0.2, 48 * seen / most
        above = hoped > 0 and seen > poisson.ppf(0.975, hoped)
        parts.append(
            f'<rect x="{x:.1f}" y="{top - tall:.1f}" width="{step * 0.6:.1f}" height="{tall:.1f}" '
            f'fill="{INK if above else "#9AA5AE"}"/>'
        )
        level = top - 48 * hoped / most
        parts.append(_line(i * step + step * 0.1, level, (i + 1) * step - step * 0.1, level, ACCENT, 2.5))
        parts.append(_text(i * step + step / 2, top - tall - 4, f"{seen}", anchor="middle", bold=True))
        parts.append(_text(i * step + step / 2, top + 14, name, anchor="middle", size=10))
    for mark in marks:
        x = mark.at * step
        parts.append(
            _line(x, top + 20, x, top + 28, INK, 1.5)
            if mark.kind == "blast"
            else f'<path d="M{x:.1f} {top + 30}l5 5-5 5-5-5z" fill="{INK}"/>'
        )
    return _svg(width, top + (44 if marks else 20), parts)


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
    near_m: float, reach_m: float, square_m: float = 200.0,
) -> Markup:  # fmt: skip
    """The ground around a place in a plane of metres: borders of communities, squares where people live, rings.

    `homes`: middles of squares of `square_m`; no single house is drawn.
    """
    middle = place.centroid
    size = 340.0
    scale = size / (2 * reach_m)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - middle.x + reach_m) * scale, (middle.y + reach_m - y) * scale

    parts = [f'<rect x="0" y="0" width="{size}" height="{size}" fill="#F6F4EE"/>']
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
    for radius in (500, 1000, 1500, 2000, 3000, 4000):
        ring = shapely.buffer(place, radius).exterior
        parts.append(_path(ring, at, INK, 2.2 if radius == near_m else 0.7))
        x, y = at(middle.x, shapely.bounds(ring)[3])
        if y > 8:
            parts.append(_text(x, y + 4, f"{radius / 1000:g}", anchor="middle", size=10, bold=radius == near_m))
    body = place if place.geom_type in ("Polygon", "MultiPolygon") else shapely.buffer(place, 70)
    parts.extend(_path(line, at, INK, 1, fill=INK) for line in _lines(shapely.boundary(body)))
    parts.append(_line(12, size - 12, 12 + 1000 * scale, size - 12, INK, 2))
    parts.append(_text(12, size - 17, "1 km", size=10))
    return _svg(size, size, parts)


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
