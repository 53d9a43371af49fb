"""Text that a spreadsheet would run as a formula, made inert in CSV and read back unchanged.

A text that begins with = + - @, a tab or a carriage return (after any apostrophes), and is no plain number, gets one
more apostrophe in front; reading takes exactly that one away again. So `-87.66` stays a number, `'-5` what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"'*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z")
_FIRST = frozenset("'=+-@\t\r")


def inert(text: str) -> str:
    """The text as it is written to CSV."""
    return "'" + text if _escapes(text) else text


def original(text: str) -> str:
    """The text that `inert` was given; text of other origin is unchanged unless it looks escaped."""
    return text[1:] if text[:1] == "'" and _escapes(text) else text


def originals(texts: Iterable[str]) -> list[str]:
    """`original` of each."""
    return [original(text) if text[:1] == "'" else text for text in texts]


def _escapes(text: str) -> bool:
    return text[:1] in _FIRST and bool(_DANGEROUS.match(text)) and not _NUMBER.match(text)
