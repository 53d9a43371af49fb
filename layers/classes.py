"""How heat is divided into classes: around the mean, or by breaks that mapclassify finds in the values of many maps."""

from __future__ import annotations

import warnings
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: classes at most: more shades of one ramp are not told apart
MOST: Final = 7
#: values that breaks are looked for in; of more these, evenly spaced in their order. The optimum takes n² steps
_VALUES: Final = 2001
#: breaks below this part of the largest part nothing from next to nothing: the rim of a kernel
_LEAST: Final = 0.01


class Classes(StrEnum):
    """Which breaks stand between the classes."""

    MEAN = "mean"
    QUANTILES = "quantiles"
    NATURAL = "natural"


def breaks_of(values: Floats, classes: Classes) -> tuple[float, ...]:
    """At most six breaks between at most seven classes; a value that equals a break belongs above it.

    Quantiles by `mapclassify.Quantiles`. Natural breaks by `mapclassify.FisherJenks`, the optimum of what Jenks asked
    for: `NaturalBreaks` goes there by k-means from random starts, and two processes would draw two maps. Breaks are
    written with two digits, or three; those that are then equal are one, and those near 0 none. So of few distinct
    values there are fewer classes, and of one value none is set apart: ().
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if len(ordered) > _VALUES:
        ordered = ordered[np.rint(np.linspace(0, len(ordered) - 1, _VALUES)).astype(np.int64)]
    upper = _upper(ordered, classes)[:-1]
    if not len(upper):
        return ()
    # theirs hold their upper bound, ours their lower: the same values fall together when a bound that is itself a value
    # moves half way to the next; and of several with no value between them one is enough
    place, first = np.unique(np.searchsorted(ordered, upper, side="right"), return_index=True)
    upper = upper[first]
    below, above = ordered[place - 1], ordered[np.minimum(place, len(ordered) - 1)]
    between = np.where(upper > below, upper, (below + above) / 2)
    return _written(between[between > _LEAST * between[-1]])


def _written(breaks: Floats) -> tuple[float, ...]:
    """Breaks as a legend has them: in two digits, or in three where two would make some the same."""
    two, three = (sorted({float(f"{one:.{digits}g}") for one in breaks.tolist()}) for digits in (2, 3))
    return tuple(two if len(two) == len(breaks) else three)


def _upper(ordered: Floats, classes: Classes) -> Floats:
    """The classes' upper bounds, the last of them the largest value; none of no values."""
    distinct = len(np.unique(ordered))
    if distinct < 2:
        return ordered[:distinct]
    # here, not above: it loads scikit-learn and compiles, 2 s that only those pay who ask for it
    import mapclassify

    warnings.filterwarnings("ignore", "Not enough unique values")
    if classes is Classes.NATURAL:
        found = mapclassify.FisherJenks(ordered, k=min(MOST, distinct))
    else:
        found = mapclassify.Quantiles(ordered, k=MOST)
    return np.asarray(found.bins, dtype=np.float64)
