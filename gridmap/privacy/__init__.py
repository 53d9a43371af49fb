"""What protects persons: sealing their fields, destroying them, and the gate for all that leaves. Knows nobody."""

from gridmap.privacy.numbers import without_numbers
from gridmap.privacy.release import (
    Released,
    ReleasedKinds,
    in_steps,
    joined,
    may_redraw,
    release_counts,
    release_kinds,
)
from gridmap.privacy.vault import Vault, new_master_key, parse_master_key

__all__ = [
    "Released",
    "ReleasedKinds",
    "Vault",
    "in_steps",
    "joined",
    "may_redraw",
    "new_master_key",
    "parse_master_key",
    "release_counts",
    "release_kinds",
    "without_numbers",
]
