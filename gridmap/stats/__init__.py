"""Statistics of where and when things happen: local statistics, scan, knox, sources, emerging.

Arrays in, values out: no database, no files. Randomness is a numpy Generator passed in.
"""

from gridmap.stats.diggle import Diggle, diggle
from gridmap.stats.emerging import Emerging, emerging, mann_kendall
from gridmap.stats.hotspots import Hotspots, hotspots
from gridmap.stats.knox import Knox, knox
from gridmap.stats.many import q_values
from gridmap.stats.moran import Moran, global_moran
from gridmap.stats.neighbours import Neighbours, contiguous, from_gal, gal_key, nearest, within
from gridmap.stats.rates import Rates, empirical_bayes
from gridmap.stats.regression import Coefficient, Regression, poisson_regression
from gridmap.stats.scan import Cluster, Scan, scan
from gridmap.stats.sources import LawsonWaller, Pair, Source, Stone, distances, near_sources, pairs, spacing

__all__ = [
    "Cluster",
    "Coefficient",
    "Diggle",
    "Emerging",
    "Hotspots",
    "Knox",
    "LawsonWaller",
    "Moran",
    "Neighbours",
    "Pair",
    "Rates",
    "Regression",
    "Scan",
    "Source",
    "Stone",
    "contiguous",
    "diggle",
    "distances",
    "emerging",
    "empirical_bayes",
    "from_gal",
    "gal_key",
    "global_moran",
    "hotspots",
    "knox",
    "mann_kendall",
    "near_sources",
    "nearest",
    "pairs",
    "poisson_regression",
    "q_values",
    "scan",
    "spacing",
    "within",
]
