"""How large, compact and evenly loaded a county wants its cells: its own numbers, for the rules of `constraints`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gridmap.errors import InvalidInput

#: numbers beyond these are slips of the pen
MOST_HOUSEHOLDS, MOST_M2, MOST_DEVIATION = 100_000, 1e11, 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """All are inclusive; these are in force until a county sets its own."""

    households_least: int = 300
    households_most: int = 500
    #: square metres on the ground; None: as large as it likes
    area_least_m2: float = 0.0
    area_most_m2: float | None = None
    #: Polsby-Popper: 1 for a circle, near 0 for a strip
    compactness_least: float = 0.15
    #: share of the mean hours that one worker's may be off
    deviation_most: float = 0.25

    def checked(self) -> Limits:
        """These limits, if they make sense. Raises InvalidInput with the first field that does not."""
        for field, right, why in (
            ("households_least", 0 <= self.households_least <= MOST_HOUSEHOLDS, f"from 0 to {MOST_HOUSEHOLDS:,}"),
            ("households_most", self.households_least <= self.households_most <= MOST_HOUSEHOLDS,
             f"from households_least to {MOST_HOUSEHOLDS:,}"),
            ("area_least_m2", 0.0 <= self.area_least_m2 <= MOST_M2, f"from 0 to {MOST_M2:,.0f} m2"),
            ("area_most_m2", self.area_most_m2 is None or self.area_least_m2 < self.area_most_m2 <= MOST_M2,
             f"above area_least_m2 and up to {MOST_M2:,.0f} m2, or null for none"),
            ("compactness_least", 0.0 <= self.compactness_least <= 1.0, "from 0 to 1"),
            ("deviation_most", 0.0 < self.deviation_most <= MOST_DEVIATION, f"above 0, up to {MOST_DEVIATION:g}"),
        ):  # fmt: skip
            if not right:
                raise InvalidInput(f"{field} must be {why}, but is {getattr(self, field)}", field=field)
        return replace(self, area_least_m2=float(self.area_least_m2))

    @property
    def area_most(self) -> float:
        """The greatest area as a number: infinite where there is none."""
        return math.inf if self.area_most_m2 is None else self.area_most_m2
