"""A pixel grid in a file, which the processes of a server map into memory together.

A file is named for the shapes and codes it was made of, so that a changed drawing never finds an old one. It holds a
fingerprint of all that follows: a file that was cut short or spoilt is as good as none. Whoever writes one writes it
under another name first, so nobody sees half of it, and those who have an older one mapped keep it until they are done.

    magic, 16 bytes | SHA-256 of the rest | length of the head, 8 bytes | head, JSON | arrays, each on a multiple of 64
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmap.ground.pixels.grid import PixelGrid
from gridmap.ground.pixels.make import Arrays

#: raised with every change to what a grid's arrays mean
_MAGIC = b"gridmap pixels 2"
_PREFIX = len(_MAGIC) + 32 + 8
_ALIGNED = 64
#: files kept in a folder: the drawings of some days, and those that old processes still look for
_KEPT = 8
_ENDING = ".pixels"


def path_of(folder: Path, digest: str) -> Path:
    """Where the grid of these shapes and codes is kept."""
    return folder / f"{digest[:32]}{_ENDING}"


def save(grid: PixelGrid, folder: Path, digest: str) -> None:
    """Keep a grid for others, and let go of the oldest ones. Raises OSError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    head, offsets = _head(grid, digest)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".new-", suffix=_ENDING)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            file.write(_MAGIC + bytes(32) + len(head).to_bytes(8, "little") + head)
            for array, offset in zip(grid.arrays, offsets, strict=True):
                file.write(bytes(offset - file.tell()))
                file.write(np.ascontiguousarray(array).data)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
                fingerprint = _fingerprint(whole)
            file.seek(len(_MAGIC))
            file.write(fingerprint)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path_of(folder, digest))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _prune(folder)


def _head(grid: PixelGrid, digest: str) -> tuple[bytes, list[int]]:
    """The head, and where each array begins."""
    arrays = [{"type": array.dtype.str, "shape": array.shape} for array in grid.arrays]
    told: dict[str, Any] = {"digest": digest, "frame": grid.frame, "note": grid.note, "arrays": arrays}
    head = json.dumps(told).encode()
    return head, _offsets(len(head), [array.nbytes for array in grid.arrays])[:-1]


def _offsets(head: int, sizes: list[int]) -> list[int]:
    """Where arrays begin behind a head of this length, and where the file ends."""
    offsets = [_PREFIX + head]
    for size in sizes:
        offsets[-1] += -offsets[-1] % _ALIGNED
        offsets.append(offsets[-1] + size)
    return offsets


def _fingerprint(whole: mmap.mmap) -> bytes:
    with memoryview(whole) as view:
        return hashlib.sha256(view[len(_MAGIC) + 32 :]).digest()


def load(folder: Path, digest: str, ranks: NDArray[np.int32]) -> PixelGrid | None:
    """The grid that is kept for these shapes and codes, mapped; None where there is none to be trusted."""
    path = path_of(folder, digest)
    try:
        with path.open("rb") as file:
            whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # none there, not ours to read, or empty
        return None
    start = len(_MAGIC)
    if len(whole) < _PREFIX or whole[:start] != _MAGIC or whole[start : start + 32] != _fingerprint(whole):
        return None
    length = int.from_bytes(whole[start + 32 : _PREFIX], "little")
    head = json.loads(whole[_PREFIX : _PREFIX + length])
    if head["digest"] != digest:
        return None
    with contextlib.suppress(OSError):  # so that the oldest is the one unused longest
        os.utime(path)
    west, per_x, south, per_y, columns, rows = head["frame"]
    return PixelGrid((west, per_x, south, per_y, columns, rows), _mapped(whole, length, head), ranks, head["note"])


def _mapped(whole: mmap.mmap, length: int, head: dict[str, Any]) -> Arrays:
    types = [np.dtype(one["type"]) for one in head["arrays"]]
    counts = [int(np.prod(one["shape"], dtype=np.int64)) for one in head["arrays"]]
    offsets = _offsets(length, [kind.itemsize * count for kind, count in zip(types, counts, strict=True)])
    return Arrays(
        *(
            np.frombuffer(whole, kind, count, offset).reshape(one["shape"])
            for kind, count, offset, one in zip(types, counts, offsets[:-1], head["arrays"], strict=True)
        )
    )


def _prune(folder: Path) -> None:
    """Let go of all but the newest files; others may be at it too."""
    with contextlib.suppress(OSError):
        files = sorted(folder.glob(f"*{_ENDING}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_KEPT:]:
            path.unlink(missing_ok=True)
