"""Hot spots: cells that stand out together with their neighbours, beyond what chance does on a map of so many cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import floats
from gridmap.stats.many import q_values
from gridmap.stats.moran import Moran, global_moran
from gridmap.stats.neighbours import Floats, Neighbours, Rows
from gridmap.stats.permuting import Extremes, extremes
from gridmap.stats.rates import empirical_bayes

#: fewer incidents than these show chance and nothing else (as Esri's error 001570)
FEWEST = 30
#: q up to which a class of this certainty is given
LEVELS = ((0.01, "99"), (0.05, "95"), (0.10, "90"))
NONE = "none"


@dataclass(frozen=True, slots=True)
class Hotspots:
    """What was found in n cells; NaN and "none" where a cell could not be tested.

    `gi_star`: Gi* as a z value. `local_moran`: the local Moran. `p_sim`: two-sided, by conditional permutations, for
    both. `q_fdr`: p after Benjamini and Hochberg. `classes`: "hot99" ... "cold99", "none". `quadrants`: the cell and
    its neighbours, high or low: "HH", "LL", "HL", "LH", "" for neither. `permutations`: how many each cell's p comes
    from. `rates`: smoothed rates where there was a population, else None. `islands`: rows without neighbours;
    `left_out`: rows without population.
    """

    gi_star: Floats
    local_moran: Floats
    p_sim: Floats
    q_fdr: Floats
    classes: NDArray[np.str_]
    quadrants: NDArray[np.str_]
    permutations: Rows
    moran: Moran
    rates: Floats | None
    islands: Rows
    left_out: Rows


def hotspots(
    values: ArrayLike,
    neighbours: Neighbours,
    rng: np.random.Generator,
    population: ArrayLike | None = None,
    permutations: int | None = None,
) -> Hotspots:
    """Gi* and the local Moran of each cell, and the global Moran.

    Getis and Ord 1992, The analysis of spatial association by use of distance statistics, Geographical Analysis 24,
    189-206; Ord and Getis 1995, Local spatial autocorrelation statistics, 27, 286-306; Anselin 1995, 27, 93-115.
    Gi* counts the cell itself; both have weights of one. p is by conditional permutations, which keep the cell's own
    value: given that, Gi* and the local Moran are both steps of the sum over the neighbours, and so have one p.

    `values`: n numbers, or incidents where `population` (n numbers, 0 or more) is given; then the empirical Bayes
    deviates of the rates are what is tested. Cells without population have no rate and are left out. InvalidInput when
    something is no number or negative, with fewer than `FEWEST` incidents, or when all values are equal.
    """
    tested, kept, rates = tested_values(values, population, len(neighbours))
    graph = neighbours if kept.all() else neighbours.among(kept)
    moran = global_moran(tested, graph, rng, permutations)
    extreme = extremes(tested, graph, rng, permutations)
    gi_star, local = getis_ord(tested, graph), local_moran(tested, graph)
    q = q_values(extreme.p)
    drawn = np.zeros(len(kept), dtype=np.int64)
    drawn[kept] = extreme.drawn
    return Hotspots(
        gi_star=spread_out(gi_star, kept),
        local_moran=spread_out(local, kept),
        p_sim=spread_out(extreme.p, kept),
        q_fdr=spread_out(q, kept),
        classes=_named(classes(gi_star, q, extreme), kept, NONE),
        quadrants=_named(_quadrants(tested, graph), kept, ""),
        permutations=drawn,
        moran=moran,
        rates=rates,
        islands=np.flatnonzero(kept)[graph.islands],
        left_out=np.flatnonzero(~kept),
    )


def tested_values(
    values: ArrayLike, population: ArrayLike | None, n: int
) -> tuple[Floats, NDArray[np.bool_], Floats | None]:
    """What is tested in the cells that can be: values, or deviates of rates; which cells; smoothed rates of all n.

    Raises what `hotspots` says.
    """
    counts = _sound(values, "value", n)
    kept = np.ones(n, dtype=bool)
    rates, tested = None, counts
    if population is not None:
        people = _sound(population, "population", n)
        kept = _populated(counts, people)
        found = empirical_bayes(counts[kept], people[kept])
        rates, tested = spread_out(found.smoothed, kept), found.deviates
    _refuse_little(counts, tested, population is not None)
    return tested, kept, rates


def getis_ord(values: Floats, neighbours: Neighbours) -> Floats:
    """Gi* of each cell as a z value, with weights of one, the cell itself counted in (Ord and Getis 1995, formula 14).

    The values must not all be equal. NaN where a cell neighbours all others: its sum cannot differ.
    """
    n = len(values)
    size = neighbours.counts + 1.0
    sums = neighbours.matrix @ values + values
    deviation = np.sqrt(np.mean(np.square(values - values.mean())))
    spread = deviation * np.sqrt(size * (n - size) / (n - 1))
    z: Floats = np.divide(sums - size * values.mean(), spread, out=np.full(n, np.nan), where=size < n)
    return z


def local_moran(values: Floats, neighbours: Neighbours) -> Floats:
    """The local Moran of each cell, with row-standardised weights; they add up to n times the global one's.

    Scaled as in PySAL: (n - 1) z_i times the mean of the neighbours' z, over the sum of squares. NaN for islands.
    """
    z = values - values.mean()
    mean = _mean_of_neighbours(z, neighbours)
    return np.asarray((len(z) - 1) * z * mean / (z @ z))


def classes(gi_star: Floats, q: Floats, extreme: Extremes) -> NDArray[np.str_]:
    """ "hot99", "hot95", "hot90" where q is at most 0.01, 0.05, 0.10 and Gi* high; "cold99" ... where low; else "none".

    Where Gi* and the neighbours' sum do not point the same way, the cell is no spot: it differs from its neighbours.
    """
    hot = (gi_star > 0) & (extreme.above <= extreme.below)
    cold = (gi_star < 0) & (extreme.below <= extreme.above)
    found = np.full(len(q), NONE, dtype="<U6")
    for level, name in reversed(LEVELS):
        found[hot & (q <= level)] = f"hot{name}"
        found[cold & (q <= level)] = f"cold{name}"
    return found


def _sound(values: ArrayLike, name: str, n: int) -> Floats:
    """n finite numbers; InvalidInput naming the first rows that hold none, counted from 0."""
    array = floats(values, name)
    if len(array) != n:
        raise InvalidInput(f"there are {n} cells, but {len(array)} numbers of {name}", field=name)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise InvalidInput(
            f"{name} is missing or no number in {len(bad)} cells (the first: {bad[:10].tolist()}, counted from 0)",
            field=name, rows=bad.tolist(),
        )  # fmt: skip
    return array


def _populated(events: Floats, people: Floats) -> NDArray[np.bool_]:
    """Cells with population; InvalidInput for negative numbers, and for incidents where nobody is counted."""
    for name, array in (("value", events), ("population", people)):
        if (array < 0).any():
            raise InvalidInput(f"{name} is negative in row {np.flatnonzero(array < 0)[0]}, counted from 0", field=name)
    nobody = np.flatnonzero((people == 0) & (events > 0))
    if len(nobody):
        raise InvalidInput(
            f"{len(nobody)} cells have incidents but no population (the first: {nobody[:10].tolist()}, counted from 0)",
            code="no_population", rows=nobody.tolist(),
        )  # fmt: skip
    return np.asarray(people > 0)


def _refuse_little(counts: Floats, tested: Floats, rates: bool) -> None:
    whole = rates or bool((counts >= 0).all() and (counts == np.round(counts)).all())
    if whole and counts.sum() < FEWEST:
        raise InvalidInput(
            f"there are {counts.sum():g} incidents; with fewer than {FEWEST} a map of hot spots shows only chance. "
            "Take a longer time or more categories.",
            code="too_few_incidents", incidents=float(counts.sum()), fewest=FEWEST,
        )  # fmt: skip
    if len(tested) < 3 or np.ptp(tested) == 0.0:
        raise InvalidInput("all values are equal, so there is no pattern to look for", code="constant_values")


def _mean_of_neighbours(z: Floats, neighbours: Neighbours) -> Floats:
    counts = neighbours.counts
    mean: Floats = np.divide(neighbours.matrix @ z, counts, out=np.full(len(z), np.nan), where=counts > 0)
    return mean


def _quadrants(values: Floats, neighbours: Neighbours) -> NDArray[np.str_]:
    z = values - values.mean()
    around = _mean_of_neighbours(z, neighbours)
    first, second = np.where(z > 0, "H", "L"), np.where(around > 0, "H", "L")
    return np.where((z == 0) | (around == 0) | np.isnan(around), "", np.strings.add(first, second))


def spread_out(values: Floats, kept: NDArray[np.bool_]) -> Floats:
    """Values of the cells that were kept, NaN for the others."""
    out = np.full(len(kept), np.nan)
    out[kept] = values
    return out


def _named(names: NDArray[np.str_], kept: NDArray[np.bool_], other: str) -> NDArray[np.str_]:
    out = np.full(len(kept), other, dtype=names.dtype)
    out[kept] = names
    return out
