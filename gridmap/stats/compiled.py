"""Loops that numpy has no words for, compiled by numba and kept on disk. Import this inside functions: it is slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """The function in machine code, which lets other threads run meanwhile."""
    return cast(_Function, numba.njit(cache=True, nogil=True)(function))


@compiled
def draw(uniform: NDArray[np.float64], n: int) -> NDArray[np.int32]:
    """Ordered samples without replacement from n things, one a row, from uniform numbers of the same shape.

    The first k of a row are a sample of size k (Fisher and Yates; the permutation is carried on from row to row, which
    leaves each row uniform).
    """
    rows, size = uniform.shape
    order = np.arange(n, dtype=np.int32)
    out = np.empty((rows, size), dtype=np.int32)
    for row in range(rows):
        for at in range(size):
            other = at + int(uniform[row, at] * (n - at))
            taken = order[other]
            order[other] = order[at]
            order[at] = taken
            out[row, at] = taken
    return out
