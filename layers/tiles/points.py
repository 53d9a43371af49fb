"""Which points stand in a raster and where, so that a report, a moved pin or one that left can be told as a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from layers.mercator import world
from layers.tiles.raster import Ints, Raster, parts


@dataclass(frozen=True, slots=True)
class Points:
    """Points by id, ascending; x and y in parts of a pixel at a raster's zoom (`raster.parts`)."""

    ids: Ints
    x: NDArray[np.int32]
    y: NDArray[np.int32]

    @classmethod
    def at(cls, zoom: int, ids: Ints, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Self:
        """Points at degrees (EPSG:4326, finite); each id once, in any order."""
        order = np.argsort(ids, kind="stable")
        # 2**30 at the deepest raster's zoom: half the memory of whole ones
        x, y = (part.astype(np.int32) for part in parts(*world(lon[order], lat[order]), zoom))
        return cls(ids[order], x, y)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes + self.x.nbytes + self.y.nbytes

    def raster(self, zoom: int) -> Raster:
        """The raster of these points alone."""
        return Raster(zoom).changed(self.places())

    def replaced(self, raster: Raster, ids: Ints, now: Self) -> tuple[Self, Raster]:
        """These points and their raster, with what had these ids taken out and the points `now` put in.

        `ids`: all that may have changed, also those that were not here or are not any more; `now`: the points among
        them that belong here, of the same zoom.
        """
        at = np.searchsorted(self.ids, ids)
        gone = at[np.append(self.ids, -1)[at] == ids]
        changed = raster.changed(now.places(), self.places(gone))
        return self._with(gone, now), changed

    def exchanged(self, ids: Ints, now: Self) -> Self:
        """As `replaced`, where no raster is kept."""
        at = np.searchsorted(self.ids, ids)
        return self._with(at[np.append(self.ids, -1)[at] == ids], now)

    def same(self, other: Self) -> bool:
        """Whether the same stand at the same places."""
        pairs = ((self.ids, other.ids), (self.x, other.x), (self.y, other.y))
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def _with(self, gone: Ints, now: Self) -> Self:
        """Without those at these positions, and with others, whose ids are not here."""
        kept = np.delete(self.ids, gone)
        into = np.searchsorted(kept, now.ids)
        x, y = (np.insert(np.delete(old, gone), into, new) for old, new in ((self.x, now.x), (self.y, now.y)))
        return type(self)(np.insert(kept, into, now.ids), x, y)

    def places(self, among: Ints | slice = slice(None)) -> tuple[Ints, Ints]:
        """x and y as `Raster.changed` takes them, of all or of those at these positions."""
        return self.x[among].astype(np.int64), self.y[among].astype(np.int64)
