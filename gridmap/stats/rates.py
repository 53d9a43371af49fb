"""Rates of small populations: how far each stands out, once chance is allowed for (empirical Bayes)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmap.stats.neighbours import Floats


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of n cells as they stand (`raw`), drawn towards the mean by their uncertainty, and standardised."""

    raw: Floats
    smoothed: Floats
    deviates: Floats


def empirical_bayes(events: Floats, population: Floats) -> Rates:
    """Rates with empirical Bayes estimates of their mean and spread by the method of moments.

    `events`, `population`: n numbers, population above 0. `smoothed` (Marshall 1991, Mapping disease and mortality
    rates using empirical Bayes estimators, Applied Statistics 40, 283-294) draws a rate towards the mean the more, the
    fewer people stand behind it; where the rates differ no more than chance makes them, all are the mean. `deviates`
    (Assunção and Reis 1999, A new proposal to adjust Moran's I for population density, Statistics in Medicine 18,
    2147-2162) are distances from the mean in units of each rate's own spread: alike in all cells when nothing is
    raised, so that they, and not the rates, may be permuted.
    """
    raw = events / population
    mean = events.sum() / population.sum()
    spread = (population * (raw - mean) ** 2).sum() / population.sum()
    between = max(0.0, spread - mean / population.mean())
    by_chance = mean / population
    smoothed = mean + between / (between + by_chance) * (raw - mean)
    return Rates(raw, smoothed, (raw - mean) / np.sqrt(between + by_chance))
