"""Which cell a place is in: skeleton, being filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.ground.arrays import Floats

if TYPE_CHECKING:
    import geopandas


@dataclass(frozen=True, slots=True)
class Placement:
    """Equal-length arrays, one entry a point."""

    cell: NDArray[np.int32]
    border_m: Floats
    confidence: Floats
    runner_up: NDArray[np.int32]
    nearest: NDArray[np.int32]
    nearest_m: Floats


class AssignmentIndex:
    def __init__(self, cells: geopandas.GeoDataFrame, code: str = "code") -> None:
        raise NotImplementedError

    @property
    def codes(self) -> NDArray[np.object_]:
        raise NotImplementedError

    @property
    def extent(self) -> tuple[float, float, float, float]:
        raise NotImplementedError

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        raise NotImplementedError

    def place(self, lon: ArrayLike, lat: ArrayLike, accuracy_m: ArrayLike | None = None) -> Placement:
        raise NotImplementedError
