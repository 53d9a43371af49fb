"""Shapes of what blasting does to houses: counts about a place."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridmap.enterprise import Building, Rock

Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class BlastingQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=365, ge=1, le=731, description="how far back the log is looked at")


class RockIn(BaseModel):
    """What lies between the charge and the houses."""

    model_config = ConfigDict(extra="forbid")

    rock: Rock
    k: Positive | None = Field(default=None, description="as measured there; with alpha")
    alpha: Positive | None = None


class BuildingOut(BaseModel):
    building: Building
    houses: int = Field(description="within 3 km")
    over: int = Field(description="predicted to have gone over the limit at least once")
    limit_cm_s: float = Field(description="at the lowest frequencies")
    worst_cm_s: float | None
    safe_radius_m: float | None = Field(description="around the largest charge")


class BlastingOut(BaseModel):
    rock: Rock | None
    k: float
    alpha: float
    site_source: Literal["measured", "standard", "assumed"]
    blasts: int
    largest_kg: float | None
    last_at: datetime | None
    buildings: list[BuildingOut]
