"""The programs we are measured against. They are in requirements-bench.lock, which only `./run bench` installs."""

from __future__ import annotations

import importlib.util

PEERS = ("datashader", "duckdb", "gerrychain", "maup", "sedonadb", "spopt", "tipg", "topojson")


def have(peer: str) -> bool:
    """Whether a peer is here. Where it is not, a small run of a benchmark goes without it."""
    assert peer in PEERS
    return importlib.util.find_spec(peer) is not None


def missing() -> list[str]:
    """The peers that are not here; a full run needs them all."""
    return [peer for peer in PEERS if not have(peer)]
