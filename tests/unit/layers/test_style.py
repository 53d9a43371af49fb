"""The look's numbers: one home in Python, the same in the style sheet, readable on white."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from layers import style

ROOT = Path(__file__).resolve().parents[3]
TOKENS = (ROOT / "api/pages/static/css/tokens.css").read_text("utf-8")


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab (D65) of linear sRGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: what deutan and protan eyes see, on linear sRGB (Machado et al. 2009, severity 1.0)
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])


@pytest.mark.parametrize(
    ("token", "colour"),
    [
        ("ink", style.INK), ("ink-2", style.INK_2), ("ink-3", style.INK_3), ("control", style.CONTROL),
        ("hairline", style.HAIRLINE), ("canvas", style.CANVAS), ("accent", style.ACCENT),
        ("accent-soft", style.ACCENT_SOFT), ("outside", style.OUTSIDE), ("land", style.LAND),
        ("red", style.LIGHTS["red"][0]), ("yellow", style.LIGHTS["yellow"][0]), ("green", style.LIGHTS["green"][0]),
        ("very-late", style.LIGHTS["very_late"][0]), ("paused", style.LIGHTS["paused"][0]),
        ("red-text", style.LIGHTS["red"][2]), ("yellow-text", style.LIGHTS["yellow"][2]),
        ("green-text", style.LIGHTS["green"][2]),
    ],
)  # fmt: skip
def test_the_style_sheet_has_the_same_tokens(token: str, colour: str) -> None:
    found = re.findall(rf"--{token}: (#[0-9A-F]{{6}});", TOKENS)
    assert found == [colour]


def test_text_can_be_read() -> None:
    for colour, least in ((style.INK, 16.5), (style.INK_2, 8.0), (style.INK_3, 5.7), (style.ACCENT, 8.0)):
        assert contrast(colour, style.WHITE) == pytest.approx(least, abs=0.06)
    for light, (fill, ink, text) in style.LIGHTS.items():
        assert contrast(fill, ink) >= 4.5, light
        if light != "paused":
            assert contrast(text, style.WHITE) >= 7, light
    for ending, (fill, ink, _text) in style.ENDINGS.items():
        assert contrast(fill, ink) >= 5, ending


@pytest.mark.parametrize("eye", [np.eye(3), DEUTAN, PROTAN])
def test_neighbouring_heat_classes_can_be_told_apart(eye: np.ndarray) -> None:
    seen = [lab(np.clip(eye @ linear(colour), 0, 1)) for colour in style.HEAT_RAMP]
    steps = [float(np.linalg.norm(b - a)) for a, b in pairwise(seen)]
    assert min(steps) >= 10.5, steps
    assert [one[0] for one in seen] == sorted((one[0] for one in seen), reverse=True)


def test_shapes_tell_what_colours_tell() -> None:
    assert len(set(style.ENTERPRISE_GLYPHS.values())) == len(style.ENTERPRISE_GLYPHS)
    assert len(style.HEAT_RAMP) == len(style.HEAT_BREAKS) + 1
    assert style.LINES["selection"].as_dict() == {
        "colour": style.ACCENT, "width": 3.0, "casing": style.WHITE, "casing_width": 6.0, "dash": "",
    }  # fmt: skip
