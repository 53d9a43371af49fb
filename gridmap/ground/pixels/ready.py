"""A pixel grid of cells: the one that is kept, or a new one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmap.ground.measure import Geometries
from gridmap.ground.pixels.grid import PixelGrid, grid_of
from gridmap.ground.pixels.kept import load, save
from gridmap.ground.pixels.rings import digest, rings_of


def ready(
    cells: Geometries, codes: NDArray[np.object_], ranks: NDArray[np.int32], kept: Path | None
) -> tuple[PixelGrid | str, str]:
    """The grid, or why there can be none; and why it could not be written, or "".

    `ranks`: each cell's place in the order of codes. `kept`: the folder to look in, and to write a new one to.
    """
    rings = rings_of(cells)
    if kept is None:
        return grid_of(cells, rings, ranks), ""
    name = digest(rings, codes)
    found: PixelGrid | str | None = load(kept, name, ranks)
    if found is not None:
        return found, ""
    found = grid_of(cells, rings, ranks)
    if isinstance(found, str):
        return found, ""
    try:
        save(found, kept, name)
    except OSError as error:
        return found, f"the index of the cells cannot be kept in {kept}: {error}"
    # the file is shared with other processes, this process's own memory is not
    return load(kept, name, ranks) or found, ""
