"""The demo county: its generator and its planted truth."""

from gridmap.demo.county import SEED, UNTIL, County, make_county

__all__ = ["SEED", "UNTIL", "County", "make_county"]
