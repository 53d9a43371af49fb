"""Bring a county's data in: one transaction a file, good rows in, bad rows back with row, field and reason."""

from gridmap.usecases.imports.load import KINDS, Loaded, load

__all__ = ["KINDS", "Loaded", "load"]
