"""One area asked by many threads at once: GEOS ends the process where it is not kept to one at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

#: in a process of its own, which may die of it
ASKED = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np, shapely
from layers.mercator import TILE, world
from layers.tiles import Shape
area = shapely.Point(106.5, 27.0).buffer(0.4, quad_segs=2_500)
x, y = (int(float(part) * 2**11) for part in world(np.array(106.5), np.array(27.0)))
windows = [((x + a) * TILE, (y + b) * TILE) for a in range(-4, 5) for b in range(-4, 5)]
for _ in range(5):
    shape = Shape(area)
    ask = lambda _: [shape.covers(11, left, top, TILE, TILE) for left, top in windows]
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(ask, range(32)))
    assert all(one == told[0] for one in told)
print(*sorted(set(told[0])))
"""


def test_many_threads_ask_one_area() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["all", "none", "some"]), done.stderr[-2000:]
