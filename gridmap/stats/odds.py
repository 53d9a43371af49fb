"""Diggle's conditional model near a source, of people known by square: reports are cases, households controls."""

from __future__ import annotations

import numpy as np

from gridmap.stats.diggle import FEWEST, Diggle, diggle
from gridmap.stats.neighbours import Floats

#: controls drawn for each case, and at least; more say hardly more
_FOR_EACH, _LEAST = 4, 200


def odds_near(cases: Floats, households: Floats, apart: Floats, rng: np.random.Generator) -> Diggle:
    """The model for squares of so many cases and households, `apart` metres from the source (arrays of n).

    Controls are households drawn without replacement, so the odds of being a case rise near the source only where
    reports are more than its households let expect. `p` alone, by chi squared; it is cautious.
    """
    reports = np.round(cases).astype(np.int64)
    homes = np.round(households).astype(np.int64)
    wanted = min(int(homes.sum()), max(_LEAST, _FOR_EACH * int(reports.sum())))
    if reports.sum() >= FEWEST:
        homes = rng.multivariate_hypergeometric(homes, wanted, method="marginals")
    flags = np.repeat([1.0, 0.0], [reports.sum(), homes.sum()])
    if not len(flags):
        return Diggle(None, None, None, None, 2, None, None, False, f"too few cases: 0, and fewer than {FEWEST}")
    return diggle(flags, np.concatenate([np.repeat(apart, reports), np.repeat(apart, homes)]), rng, permutations=0)
