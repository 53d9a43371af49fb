"""The command line: the one composition root, which may import everything."""

from gridmap.cli.app import app, main

__all__ = ["app", "main"]
