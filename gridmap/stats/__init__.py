"""Statistics of where and when things happen: local statistics, scan, knox, sources, emerging.

Arrays in, values out: no database, no files. Randomness is a numpy Generator passed in.
"""

from gridmap.stats.hotspots import Hotspots, hotspots
from gridmap.stats.many import q_values
from gridmap.stats.moran import Moran, global_moran
from gridmap.stats.neighbours import Neighbours, contiguous, from_gal, gal_key, nearest, within
from gridmap.stats.rates import Rates, empirical_bayes
from gridmap.stats.scan import Cluster, Scan, scan

__all__ = [
    "Cluster",
    "Hotspots",
    "Moran",
    "Neighbours",
    "Rates",
    "Scan",
    "contiguous",
    "empirical_bayes",
    "from_gal",
    "gal_key",
    "global_moran",
    "hotspots",
    "nearest",
    "q_values",
    "scan",
    "within",
]
