"""The demo county: its generator and its planted truth."""

from gridmap.demo.boundaries import BOUNDARY_SEED, Boundaries, draw
from gridmap.demo.county import SEED, UNTIL, County, make_county
from gridmap.demo.handout import write
from gridmap.demo.kept import ground, keep, load

__all__ = [
    "BOUNDARY_SEED",
    "SEED",
    "UNTIL",
    "Boundaries",
    "County",
    "draw",
    "ground",
    "keep",
    "load",
    "make_county",
    "write",
]
