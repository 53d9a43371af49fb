"""What protects persons: sealing their fields, destroying them, and the gate for all that leaves. Knows nobody."""

from gridmap.privacy.release import Released, release_counts
from gridmap.privacy.vault import Vault, new_master_key, parse_master_key

__all__ = ["Released", "Vault", "new_master_key", "parse_master_key", "release_counts"]
