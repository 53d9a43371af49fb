"""`gridmap check`: whether the cells of a file cover their area once each."""
from __future__ import annotations


def check() -> None:
    """..."""
