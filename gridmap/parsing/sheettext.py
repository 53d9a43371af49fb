"""Text as an xlsx sheet holds it: control characters as `_xHHHH_` (ISO/IEC 29500, ST_Xstring), and back."""

from __future__ import annotations

import re

#: what XML cannot hold, and the carriage return, which XML readers turn into a line feed
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def escaped(text: str) -> str:
    """The text for a sheet; `plain` gives it back."""
    return _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _LOOKS_ESCAPED.sub("_x005F_", text))


def plain(text: str) -> str:
    """The text that a sheet's text stands for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
