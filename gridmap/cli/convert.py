"""`gridmap convert`: coordinates of a file from one reference system to another."""
from __future__ import annotations


def convert() -> None:
    """..."""
