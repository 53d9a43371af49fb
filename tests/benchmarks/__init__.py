"""Races against other ways to do the same, run by `./run bench`, written to docs/benchmarks.md."""
