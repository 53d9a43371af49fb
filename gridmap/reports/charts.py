"""Small charts as SVG, drawn by hand so that they print sharp, grey and without a script: bars, two lines, a ring.

Sizes are in CSS pixels. Every text is escaped; the answers are `Markup` and go into a template as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

#: this year's ink, last year's, hairlines and small print (see docs: every colour means something)
INK: Final = "#0B4F9E"
BEFORE: Final = "#9AA6B1"
HAIR: Final = "#DCE1E5"
TEXT: Final = "#45525E"
#: said in the drawing too, since a PDF draws it without the page's style
FONT: Final = "Noto Sans CJK SC, Noto Sans SC, sans-serif"
#: what a number beside a bar takes
ROOM: Final = 44.0
#: the longest name before a bar, in halves of a Chinese character
NAME: Final = 38
RING: Final = ("#0B4F9E", "#5C8FC7", "#A9C4E2", "#5C6873", "#9AA6B1", "#DCE1E5")


def _text(x: float, y: float, said: object, anchor: str = "start", fill: str = TEXT) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="11" fill="{fill}">{escape(str(said))}</text>'
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> Markup:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="{FONT}"'
    )
    return Markup(f'{head} role="img"><title>{escape(title)}</title>{"".join(parts)}</svg>')  # noqa: S704 (escaped above)


def _top(values: Sequence[float]) -> float:
    """The next round number above all: 1, 2, 5 and their tens."""
    most = max([1.0, *values])
    size = 10.0 ** math.floor(math.log10(most))
    return next(step * size for step in (1, 2, 5, 10) if step * size >= most)


def _width(name: str) -> int:
    """In halves of a Chinese character."""
    return sum(2 if one > "\u2e7f" else 1 for one in name)


def _cut(name: str) -> str:
    """A name that fits the room before the bars."""
    if _width(name) <= NAME:
        return name
    return next(name[:end] for end in range(len(name), 0, -1) if _width(name[:end]) < NAME - 1) + "…"


def _room(names: Sequence[str]) -> float:
    """The room before the bars, by the longest name."""
    return 24.0 + 6.0 * max([12, *(min(_width(name), NAME) for name in names)])


def bars(title: str, rows: Sequence[tuple[str, float, float | None]], *, width: int = 660) -> Markup:
    """A bar a row (name, value, value of the year before as a thin mark); the number stands at its end."""
    left, right = _room([name for name, _, _ in rows]), 60.0
    most = _top([value for _, now, before in rows for value in (now, before or 0.0)])
    scale = (width - left - right) / most
    parts = []
    for place, (name, now, before) in enumerate(rows):
        y = 6.0 + place * 22
        parts.append(_text(left - 8, y + 12, _cut(name), "end"))
        parts.append(f'<rect x="{left}" y="{y}" width="{now * scale:.1f}" height="14" fill="{INK}"/>')
        if before is not None:
            x = left + before * scale
            parts.append(f'<path d="M{x:.1f} {y - 2}v18" stroke="#fff" stroke-width="4"/>')
            parts.append(f'<path d="M{x:.1f} {y - 2}v18" stroke="{TEXT}" stroke-width="2"/>')
        end, mark = left + now * scale, left + (before or 0.0) * scale
        if end - 4 < mark < end + ROOM:  # the number stands beside its bar, and never under the mark
            end = mark
        parts.append(_text(end + 6, y + 12, f"{now:,.0f}", fill="#15202B"))
    return _svg(width, 12 + 22 * len(rows), title, parts)


def lines(title: str, months: Sequence[str], now: Sequence[float], before: Sequence[float], width: int = 660) -> Markup:
    """Two lines over months: this year's, and the same months of the year before in grey; both begin at nothing."""
    left, top, height = 46.0, 10.0, 150.0
    most = _top([*now, *before])
    step = (width - left - 14) / max(1, len(months) - 1)
    parts = []
    for part in (0.0, 0.5, 1.0):
        y = top + height * (1 - part)
        parts.append(
            f'<path d="M{left} {y}H{width - 14}" stroke="{HAIR}"/>'
            + _text(left - 6, y + 4, f"{most * part:,.0f}", "end")
        )
    for values, ink, thick in ((before, BEFORE, 2), (now, INK, 2.5)):
        at = [(left + step * i, top + height * (1 - value / most)) for i, value in enumerate(values)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        dash = ' stroke-dasharray="5 3"' if ink == BEFORE else ""
        parts.append(f'<path d="{path}" fill="none" stroke="{ink}" stroke-width="{thick}"{dash}/>')
        if ink == INK:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{ink}"/>' for x, y in at]
    parts += [
        _text(left + step * i, top + height + 18, month[5:].lstrip("0"), "middle") for i, month in enumerate(months)
    ]
    return _svg(width, int(top + height + 26), title, parts)


def ring(title: str, rows: Sequence[tuple[str, int]], *, width: int = 660) -> Markup:
    """Parts of a whole as a ring, with a legend that tells number and share."""
    total, radius, centre = sum(count for _, count in rows), 50.0, 66.0
    round_, turned, parts = 2 * math.pi * radius, 0.0, []
    for place, (name, count) in enumerate(rows):
        share, ink = (count / total if total else 0.0), RING[place % len(RING)]
        parts.append(
            f'<circle cx="{centre}" cy="{centre}" r="{radius}" fill="none" stroke="{ink}" stroke-width="22" '
            f'stroke-dasharray="{share * round_:.2f} {round_:.2f}" stroke-dashoffset="{-turned * round_:.2f}" '
            f'transform="rotate(-90 {centre} {centre})"/>'
        )
        y = 26.0 + place * 20
        parts.append(
            f'<rect x="160" y="{y - 10}" width="12" height="12" fill="{ink}" stroke="{TEXT}" stroke-width=".5"/>'
        )
        parts.append(_text(180, y, name) + _text(330, y, f"{count:,}", "end") + _text(390, y, f"{share:.0%}", "end"))
        turned += share
    parts.append(_text(centre, centre + 4, f"{total:,}", "middle", "#15202B"))
    return _svg(width, max(132, 20 * len(rows) + 26), title, parts)
