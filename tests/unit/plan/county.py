"""A small drawing with codes of the scheme, and things in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gridmap.plan import Drawing, Matters
from tests.grids import SIZE_DEG, grid

NORTH, SOUTH = "520122001001", "520122001002"
A, B, C, D = NORTH + "001", NORTH + "002", SOUTH + "001", SOUTH + "002"


def county(text: str = "AAB/ACB/DDD", bend: float = 0.3) -> Drawing:
    """A and B are cells of the northern community, C and D of the southern one."""
    cells = grid(text, bend=bend)
    cells["code"] = cells["code"].map({"A": A, "B": B, "C": C, "D": D})
    return Drawing.from_frame(cells)


def matters(drawing: Drawing, count: int = 400, seed: int = 4) -> Matters:
    """Households, open cases, enterprises strewn over the drawing and a little beyond; three blasting zones."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds([cell.shape for cell in drawing.values()])

    def strewn(n: int) -> dict[str, np.ndarray]:
        margin = SIZE_DEG / 5
        return {
            "lon": rng.uniform(west - margin, east + margin, n),
            "lat": rng.uniform(south - margin, north + margin, n),
        }

    homes = pd.DataFrame({**strewn(count), "visits_due": rng.integers(1, 4, count), "visit_minutes": 20.0})
    cases = pd.DataFrame({**strewn(count // 4), "light": rng.choice(["green", "yellow", "red"], count // 4)})
    places = strewn(3)
    zones = shapely.buffer(shapely.points(places["lon"], places["lat"]), SIZE_DEG / 2)
    return Matters(homes, cases, pd.DataFrame(strewn(10)), np.asarray(zones, dtype=object))
