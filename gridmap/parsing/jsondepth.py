"""How deep JSON is nested, found before a parser follows it: by counting brackets, in blocks, without recursion."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import numpy as np

from gridmap.errors import InvalidInput
from gridmap.parsing.limits import MIB, Limits

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_STEP = np.zeros(256, dtype=np.int64)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1


def check_depth(path: Path, limits: Limits) -> None:
    """InvalidInput when the file is nested deeper than the limit."""
    if _deeper_at_a_glance(path, limits.json_depth) and _deeper(path, limits.json_depth):
        raise InvalidInput(
            f"{path.name} is nested more than {limits.json_depth} deep; GeoJSON needs about ten.",
            code="nested_too_deep", file=path.name,
        )  # fmt: skip


def _deeper_at_a_glance(path: Path, most: int) -> bool:
    """Whether it may be: brackets inside texts are counted, too."""
    depth = 0
    with path.open("rb") as file:
        while block := file.read(4 * MIB):
            here = depth + np.cumsum(_STEP[np.frombuffer(block, dtype=np.uint8)])
            # closing brackets in a text must not hide what opens after it: count from the lowest so far
            here -= np.minimum(np.minimum.accumulate(here), 0)
            if int(here.max()) > most:
                return True
            depth = int(here[-1])
    return False


def _deeper(path: Path, most: int) -> bool:
    """Whether it is: texts are skipped."""
    depth = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for token in _TOKEN.finditer(held):
            first = held[token.start()]
            depth += int(_STEP[first])
            if depth > most:
                return True
    return False
