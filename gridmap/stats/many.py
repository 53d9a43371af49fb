"""Many tests at once: which of their p values still mean something."""

from __future__ import annotations

import numpy as np

from gridmap.stats.neighbours import Floats


def q_values(p: Floats) -> Floats:
    """For each p the smallest share of false discoveries at which it would be among the discoveries; NaN stays NaN.

    Benjamini and Hochberg 1995, Controlling the false discovery rate, Journal of the Royal Statistical Society B 57,
    289-300. NaN are tests that were not made, and do not count.
    """
    q = np.full(len(p), np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    share = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(share[::-1])[::-1], 1.0)
    return q
