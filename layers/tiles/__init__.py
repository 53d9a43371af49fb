"""Heat as PNG tiles: points counted in a sparse raster, kernel sums read from it for any tile, classes, colours.

`raster` holds the counts and their levels, `points` what stands in one, so that it can be changed by what was reported
since; `kernel` reads exact Gaussian sums, `surface` puts two rasters together into classes, `shape` cuts them off at
the area's border, `png` writes them.
"""

from layers.tiles.kernel import zoom_for
from layers.tiles.points import Points
from layers.tiles.raster import Raster
from layers.tiles.shape import Shape
from layers.tiles.surface import NOTHING, Measure, Surface

__all__ = ["NOTHING", "Measure", "Points", "Raster", "Shape", "Surface", "zoom_for"]
