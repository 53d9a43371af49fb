"""Colours, classes, widths and glyphs of the map, as numbers and names. The one home of the look's tokens in Python.

Pages receive them as JSON and as CSS custom properties (a test holds the style sheet to this module). Colours are sRGB
hex; widths are CSS pixels. Nothing here reads data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Light = Literal["green", "yellow", "red", "very_late", "paused"]

INK: Final = "#15202B"
INK_2: Final = "#45525E"
INK_3: Final = "#5C6873"
CONTROL: Final = "#7F8B96"
HAIRLINE: Final = "#DCE1E5"
CANVAS: Final = "#F3F5F6"
ACCENT: Final = "#0B4F9E"
ACCENT_SOFT: Final = "#E6EFF9"
WHITE: Final = "#FFFFFF"

OUTSIDE: Final = "#E8E9E6"
LAND: Final = "#F6F4EE"
BUILT_UP: Final = "#ECE7DA"
WATER: Final = "#B4D2E3"
ROAD: Final = "#FFFFFF"
ROAD_CASING: Final = "#BDB5A4"
BORDER: Final = "#5B5F58"
COUNTY: Final = "#3A3F45"
HOUSEHOLD: Final = "#6B6355"

#: seven classes, lightest first
HEAT_RAMP: Final = ("#FBF5E6", "#F6E6C4", "#EFD09A", "#E2AE64", "#C98334", "#9C5518", "#5F2A0B")


def heat_ramp(classes: int) -> tuple[str, ...]:
    """The ramp for so many classes, one to seven: of fewer the outermost shades and what lies evenly between."""
    last = len(HEAT_RAMP) - 1
    return tuple(HEAT_RAMP[round(last * place / max(classes - 1, 1))] for place in range(classes))


#: per 100 households; the county's mean belongs in the third class (4 to 5)
HEAT_BREAKS: Final = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
#: no colour: too few households to speak of a rate
TOO_FEW: Final = "#F4F4F2"

#: the planner's load, five classes: the lower part of the heat ramp, so that lines and labels stay readable on it
LOAD_RAMP: Final = ("#FBF5E6", "#F6E6C4", "#EFD09A", "#E2AE64", "#C98334")

#: light -> (fill, ink on it, as text on white)
LIGHTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "very_late": ("#6E0B1C", WHITE, "#6E0B1C"),
    "red": ("#C2182B", WHITE, "#A01020"),
    "yellow": ("#F5B301", INK, "#6B4700"),
    "green": ("#1A7F48", WHITE, "#0F6136"),
    "paused": ("#5C6873", WHITE, "#5C6873"),
}

#: what stands in a light's place once a case has ended, drawn hollow: whether it was disposed of in time, or neither
ENDINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    "done_in_time": (WHITE, "#0F6136", "#0F6136"),
    "done_late": (WHITE, "#A01020", "#A01020"),
    "ended": (WHITE, INK_3, INK_3),
}

#: the glyph that tells enterprises apart without colour
ENTERPRISE_GLYPHS: Final[Mapping[str, str]] = {
    "mine": "diamond",
    "quarry": "square",
    "factory": "gable",
    "other": "circle",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the map: colour, width in CSS px, the casing under it, dashes ("" for none)."""

    colour: str
    width: float
    casing: str = ""
    casing_width: float = 0.0
    dash: str = ""

    def as_dict(self) -> dict[str, str | float]:
        return {
            "colour": self.colour,
            "width": self.width,
            "casing": self.casing,
            "casing_width": self.casing_width,
            "dash": self.dash,
        }


LINES: Final[Mapping[str, Line]] = {
    "cell": Line(BORDER, 0.8),
    "cell_close": Line(BORDER, 1.2, dash="5 4"),
    "community": Line("#8A8470", 1.4),
    "town": Line(COUNTY, 2.0, casing=WHITE, casing_width=5.0),
    "county": Line(COUNTY, 2.2),
    "selection": Line(ACCENT, 3.0, casing=WHITE, casing_width=6.0),
    "road_main": Line(ROAD, 3.0, casing=ROAD_CASING, casing_width=4.4),
    "road_minor": Line(ROAD, 1.8, casing=ROAD_CASING, casing_width=2.8),
    "road_track": Line(ROAD_CASING, 0.8),
}
