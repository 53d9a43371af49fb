"""How hard the ground shakes at a house when a quarry blasts, and how far away a charge is safe (GB 6722-2014, 13.2).

Sadovsky's law as the standard writes it: V = K (Q^(1/3) / R)^alpha, with V the particle velocity in cm/s, Q the charge
that goes off at once in kg (the largest delay), R the distance in metres, and K and alpha by the rock between. It
predicts a typical peak, not a bound: single readings scatter about it by a factor of two and more. So a house over its
limit is a reason to measure there, and one under it no proof that its cracks came from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput

Floats = NDArray[np.float64]

#: nearer than this the law says nothing; a house inside the pit's fence is taken to stand here
NEAREST_M: Final = 1.0
#: pairs of blasts and houses that are looked at together: keeps memory at some 30 MB
_PAIRS: Final = 1_000_000


class Rock(StrEnum):
    """What lies between the charge and the house; the standard gives ranges of K and alpha for each."""

    HARD = "hard"
    MEDIUM = "medium"
    SOFT = "soft"


class Building(StrEnum):
    """Whose limit holds: adobe and rubble houses, ordinary houses, industrial and commercial buildings."""

    FRAGILE = "fragile"
    ORDINARY = "ordinary"
    INDUSTRIAL = "industrial"


class Side(StrEnum):
    """Which end of a range of the standard is taken: `cautious` protects the house."""

    CAUTIOUS = "cautious"
    LENIENT = "lenient"


@dataclass(frozen=True, slots=True)
class Site:
    """K and alpha of a place: from the standard's table, or better from readings taken there (`fit`)."""

    k: float
    alpha: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.k) and np.isfinite(self.alpha) and self.k > 0 and self.alpha > 0):
            raise InvalidInput(f"K and alpha must be positive numbers, not {self.k} and {self.alpha}.", code="bad_site")


#: (least K, largest K, least alpha, largest alpha)
_RANGES: Final[Mapping[Rock, tuple[float, float, float, float]]] = MappingProxyType(
    {
        Rock.HARD: (50.0, 150.0, 1.3, 1.5),
        Rock.MEDIUM: (150.0, 250.0, 1.5, 1.8),
        Rock.SOFT: (250.0, 350.0, 1.8, 2.0),
    }
)
#: ends of the bands of the main frequency in Hz: up to 10, up to 50, above
_BANDS_HZ: Final = (10.0, 50.0)
#: allowed velocity in cm/s, (least, largest) in each band
_LIMITS: Final[Mapping[Building, tuple[tuple[float, float], ...]]] = MappingProxyType(
    {
        Building.FRAGILE: ((0.15, 0.45), (0.45, 0.9), (0.9, 1.5)),
        Building.ORDINARY: ((1.5, 2.0), (2.0, 2.5), (2.5, 3.0)),
        Building.INDUSTRIAL: ((2.5, 3.5), (3.5, 4.5), (4.2, 5.0)),
    }
)
#: households' housing as it is stored. Nobody knows what "other" is, so it is protected like the weakest
BUILDING_OF: Final[Mapping[str, Building]] = MappingProxyType(
    {
        "adobe": Building.FRAGILE,
        "rubble": Building.FRAGILE,
        "brick": Building.ORDINARY,
        "frame": Building.ORDINARY,
        "other": Building.FRAGILE,
    }
)


def site_of(rock: Rock, side: Side = Side.CAUTIOUS) -> Site:
    """K and alpha of the standard's table. Cautious is the pair that shakes most beyond a scaled distance of one."""
    low_k, high_k, low_alpha, high_alpha = _RANGES[rock]
    return Site(high_k, low_alpha) if side is Side.CAUTIOUS else Site(low_k, high_alpha)


def limit_cm_s(building: Building, frequency_hz: float | None = None, side: Side = Side.CAUTIOUS) -> float:
    """The allowed particle velocity in cm/s. An unknown frequency counts as the lowest: its limit is the strictest."""
    band = 0 if frequency_hz is None else int(np.searchsorted(_BANDS_HZ, frequency_hz))
    return _LIMITS[building][band][0 if side is Side.CAUTIOUS else 1]


def velocity_cm_s(charge_kg: ArrayLike, distance_m: ArrayLike, site: Site) -> Floats:
    """Predicted particle velocity in cm/s; arrays are broadcast. Distances below 1 m count as 1 m."""
    charge, distance = _positive(charge_kg, "charge"), np.asarray(distance_m, dtype=np.float64)
    return np.asarray(site.k * (np.cbrt(charge) / np.maximum(distance, NEAREST_M)) ** site.alpha)


def safe_radius_m(charge_kg: ArrayLike, limit: ArrayLike, site: Site) -> Floats:
    """The distance in metres at which the velocity falls to `limit` (cm/s): R = (K / V)^(1/alpha) Q^(1/3)."""
    charge, allowed = _positive(charge_kg, "charge"), _positive(limit, "limit")
    return np.asarray((site.k / allowed) ** (1 / site.alpha) * np.cbrt(charge))


def safe_charge_kg(distance_m: ArrayLike, limit: ArrayLike, site: Site) -> Floats:
    """The largest charge in kg that keeps to `limit` (cm/s) at a distance in metres: `safe_radius_m` turned round."""
    distance, allowed = _positive(distance_m, "distance"), _positive(limit, "limit")
    return np.asarray((distance / (site.k / allowed) ** (1 / site.alpha)) ** 3)


@dataclass(frozen=True, slots=True, eq=False)
class Shaking:
    """What n houses were exposed to.

    `blast`: the one that came nearest to the house's limit or furthest over it (limits differ by frequency), -1 where
    there was none; `worst_cm_s` and `limit_cm_s`: its predicted velocity and its limit; `times_over`: how many blasts
    went over theirs.
    """

    worst_cm_s: Floats
    blast: NDArray[np.int64]
    limit_cm_s: Floats
    times_over: NDArray[np.int64]

    @property
    def over(self) -> NDArray[np.bool_]:
        """Houses over their limit at least once."""
        return self.times_over > 0


def shaking(
    houses: ArrayLike,
    buildings: list[Building],
    charges: ArrayLike,
    places: ArrayLike,
    site: Site,
    frequencies: ArrayLike | None = None,
) -> Shaking:
    """What each house was exposed to by each blast of a log.

    `houses`: n shapely points and `places`: m shapely geometries (points, or the polygon of the pit, whose edge then
    counts), both in metres, in one projected CRS. `charges`: m in kg; `frequencies`: m in Hz, NaN where unknown.
    Unknown or missing charges are refused: a blast without one belongs among the rejects of the log.
    """
    points, shots = np.atleast_1d(np.asarray(houses)), np.atleast_1d(np.asarray(places))
    charge = np.atleast_1d(_positive(charges, "charge"))
    hertz = np.full(len(shots), np.nan) if frequencies is None else np.asarray(frequencies, dtype=np.float64)
    _same_length(points, buildings, "houses", "buildings")
    _same_length(shots, charge, "places", "charges")
    _same_length(shots, hertz, "places", "frequencies")
    worst, blast = np.zeros(len(points)), np.full(len(points), -1)
    limits, times = np.array([limit_cm_s(b) for b in buildings]), np.zeros(len(points), dtype=np.int64)
    if not len(shots):
        return Shaking(worst, blast, limits, times)
    allowed = np.array([[limit_cm_s(b, None if np.isnan(f) else float(f)) for f in hertz] for b in Building])
    row = np.array([list(Building).index(b) for b in buildings], dtype=np.int64)
    step = max(1, _PAIRS // len(shots))
    for start in range(0, len(points), step):
        part = slice(start, start + step)
        found = velocity_cm_s(charge[None, :], shapely.distance(points[part, None], shots[None, :]), site)
        over = found > allowed[row[part]]
        # the blast that went furthest over its own limit, which at another frequency need not be the strongest
        first = (found / allowed[row[part]]).argmax(axis=1)
        at = np.arange(len(found))
        worst[part], blast[part], limits[part] = found[at, first], first, allowed[row[part], first]
        times[part] = over.sum(axis=1)
    return Shaking(worst, blast, limits, times)


def fit(charge_kg: ArrayLike, distance_m: ArrayLike, measured_cm_s: ArrayLike) -> Site:
    """K and alpha of a place from readings: least squares of log V on the logarithm of Q^(1/3) / R.

    Refuses fewer than five readings or all at one scaled distance, from which no slope can be told, and readings that
    do not fall with distance.
    """
    charge, distance = _positive(charge_kg, "charge"), _positive(distance_m, "distance")
    measured = _positive(measured_cm_s, "measured velocity")
    scaled = np.log(np.cbrt(charge) / distance)
    if len(scaled) < 5 or np.ptp(scaled) < 1e-9:
        raise InvalidInput(
            f"K and alpha need at least five readings at different scaled distances; {len(scaled)} came.",
            code="too_few_readings",
        )
    alpha, log_k = np.polyfit(scaled, np.log(measured), 1)
    if alpha <= 0:
        raise InvalidInput("The readings do not fall with distance, so they give no K and alpha.", code="bad_readings")
    return Site(float(np.exp(log_k)), float(alpha))


def _positive(values: ArrayLike, what: str) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers > 0)))
    if len(wrong):
        raise InvalidInput(
            f"The {what} must be a number above 0; number {wrong[0] + 1} is {numbers.flat[wrong[0]]}.",
            code="not_positive", row=int(wrong[0]), field=what,
        )  # fmt: skip
    return numbers


def _same_length(one: Sized, other: Sized, name: str, other_name: str) -> None:
    if len(one) != len(other):
        raise InvalidInput(f"{len(one)} {name}, but {len(other)} {other_name}.", code="lengths_differ")
