"""The question to ask when a place looks wrong. A place is never shifted silently: a person answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, paired
from gridmap.ground.measure import distance_m

#: farther from the county than this is another place; a point nearer may be a neighbour's and is only "outside"
FAR_M = 100_000.0

NOT_FINITE = "not_finite"
OUT_OF_RANGE = "out_of_range"
SWAPPED = "swapped"
ELSEWHERE = "elsewhere"

_SENTENCES: Mapping[str, str] = MappingProxyType({
    NOT_FINITE: "The longitude or latitude is missing or not a finite number: give both, in degrees.",
    OUT_OF_RANGE: "This is no place on earth: a longitude is from -180 to 180 and a latitude from -90 to 90 degrees."
    " Are these projected coordinates? Then name their reference system.",
    SWAPPED: "As it stands this place is far from the county, but with longitude and latitude exchanged it is in it or"
    " near it: are the two swapped?",
    ELSEWHERE: "This place is more than 100 km from the county: is the point right, and the reference system?",
})  # fmt: skip


def question(lon: ArrayLike, lat: ArrayLike, extent: Sequence[float]) -> NDArray[np.object_]:
    """What to ask about each WGS84 point, given the county's extent (west, south, east, north) in degrees.

    Returns an object array as long as the points: None (nothing to ask), "not_finite", "out_of_range", "swapped"
    (far as it stands, in the county or within `FAR_M` of it when the axes are exchanged) or "elsewhere" (farther than
    `FAR_M`). `question_text` gives the sentence. Raises InvalidInput for an extent that is none.
    """
    x, y = paired(lon, lat)
    box = np.asarray(extent, dtype=np.float64)
    if box.shape != (4,) or not np.isfinite(box).all() or box[0] > box[2] or box[1] > box[3]:
        raise InvalidInput("an extent is four finite numbers: west, south, east, north in degrees")
    answer = np.full(len(x), None, dtype=object)
    finite = np.isfinite(x) & np.isfinite(y)
    answer[~finite] = NOT_FINITE
    far = np.flatnonzero(finite)
    far = far[_far(x[far], y[far], box)]
    answer[far] = np.where(_on_earth(x[far], y[far]), ELSEWHERE, OUT_OF_RANGE)
    answer[far[~_far(y[far], x[far], box)]] = SWAPPED
    return answer


def question_text(code: str) -> str:
    """The sentence for people of one code that `question` gives."""
    return _SENTENCES[code]


def _on_earth(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)


def _far(lon: Floats, lat: Floats, box: Floats) -> NDArray[np.bool_]:
    """Whether a point is farther than `FAR_M` from the box; what is no place on earth is far."""
    west, south, east, north = box
    near_x, near_y = np.clip(lon, west, east), np.clip(lat, south, north)
    far: NDArray[np.bool_] = (near_x != lon) | (near_y != lat)
    look = np.flatnonzero(far & _on_earth(lon, lat))
    far[look] = distance_m(lon[look], lat[look], near_x[look], near_y[look]) > FAR_M
    return far
