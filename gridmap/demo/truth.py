"""What was planted, written down so that statistics can be judged."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from gridmap.demo.incidents import OUTSIDE, PROCESS, Homes, excess_expected
from gridmap.demo.works import NEAR_M, Works

FORM = "rate of disputes per household = base * (1 + sum over raised enterprises of alpha * exp(-d / beta_m))"


def make_truth(
    homes: Homes,
    works: Works,
    rate: float,
    drawn: dict[int, int],
    *,
    seed: int,
    scale: float,
    until: date,
    incidents: int,
) -> dict[str, Any]:
    """The truth as one JSON document.

    `base_disputes_per_household` is over the whole three years; `expected_background_1500m` is what the households
    within 1,500 m report of disputes without any excess, `expected_excess` what the excess adds at any distance.
    """
    excess = excess_expected(homes, works, rate)
    rows = []
    for i, (record, part) in enumerate(zip(works.frame.to_dict("records"), works.parts, strict=True)):
        near = np.hypot(*(homes.xy - works.xy[i]).T) <= NEAR_M
        added = excess[i]
        rows.append({
            "code": record["code"], "name": record["name"], "name_en": record["name_en"], "kind": record["kind"],
            "lon": record["x_in"], "lat": record["y_in"], "role": part.role if part is not None else "background",
            "alpha": part.alpha if part is not None else 0.0, "beta_m": part.beta_m if part is not None else None,
            "categories": dict(part.categories) if part is not None else {},
            "households_1500m": int(near.sum()), "expected_background_1500m": round(float(rate * near.sum()), 2),
            "expected_excess": round(float(added.sum()), 2) if added is not None else 0.0,
            "expected_excess_1500m": round(float(added[near].sum()), 2) if added is not None else 0.0,
            "drawn_excess": drawn.get(i, 0),
        })  # fmt: skip
    return {
        "note": "Planted truth of the invented demo county. Disputes are incidents whose category has the process "
        "dispute. Their background does not depend on the distance to any enterprise; only what they are about does. "
        "Within 1,500 m of the quiet enterprise no home reports about mining.",
        "form": FORM, "seed": seed, "scale": scale, "until": until.isoformat(), "years": 3, "near_m": NEAR_M,
        "households": len(homes.xy), "incidents": incidents, "base_disputes_per_household": rate,
        "background_shares": dict(PROCESS), "outside_county": max(3, round(OUTSIDE * incidents / 25_000)),
        "not_separable": [["云岭水泥厂", "宏远砖厂"]], "enterprises": rows,
    }  # fmt: skip
