"""Shapes of the county's limits for cells."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gridmap.plan.limits import Limits

_SHIPS = Limits()


class LimitsIn(BaseModel):
    """Both ends are allowed. What is left out is as it ships."""

    model_config = ConfigDict(extra="forbid")

    households_least: int = Field(
        default=_SHIPS.households_least, description="households of a cell, at least", examples=[300]
    )
    households_most: int = Field(
        default=_SHIPS.households_most, description="households of a cell, at most", examples=[500]
    )
    area_least_m2: float = Field(
        default=_SHIPS.area_least_m2, allow_inf_nan=False, description="square metres of a cell, at least"
    )
    area_most_m2: float | None = Field(
        default=_SHIPS.area_most_m2, allow_inf_nan=False, description="at most; null: no limit"
    )
    compactness_least: float = Field(
        default=_SHIPS.compactness_least,
        allow_inf_nan=False,
        description="Polsby-Popper: 1 for a circle, near 0 for a strip",
    )
    deviation_most: float = Field(
        default=_SHIPS.deviation_most,
        allow_inf_nan=False,
        description="by what share of the mean a worker's hours may be off",
    )


class LimitsOut(LimitsIn):
    model_config = ConfigDict(extra="ignore")


class LimitsSet(LimitsOut):
    said_at: datetime
    by: str | None = Field(description="who set them; null: whoever runs the platform")


class LimitsNow(BaseModel):
    limits: LimitsOut
    history: list[LimitsSet] = Field(description="what was set, newest first")
