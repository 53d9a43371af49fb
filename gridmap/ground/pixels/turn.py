"""Left, right or on the line: the one question that all exactness comes from, compiled."""

from __future__ import annotations

import numba as nb
import numpy as np

#: Shewchuk's bound for a determinant of differences, as a part of the sum of its products
_DOUBT = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
_SPLIT = 134217729.0
#: a function that is compiled as a part of those that call it; these have no types of their own to give
helper = nb.njit(error_model="numpy")


@helper
def _product(a, b):
    """The product of two numbers as a rounded part and what was rounded off, exactly (Dekker)."""
    high = a * b
    c = _SPLIT * a
    a1 = c - (c - a)
    c = _SPLIT * b
    b1 = c - (c - b)
    a2, b2 = a - a1, b - b1
    return high, a2 * b2 - (((high - a1 * b1) - a2 * b1) - a1 * b2)


@helper
def _exact_turn(ax, ay, bx, by, px, py):
    """`turn` by the determinant's six products as an exact expansion (Shewchuk 1997, Grow-Expansion)."""
    factors = ((ax, by), (-ay, bx), (bx, py), (-by, px), (px, ay), (-py, ax))
    parts = np.zeros(12)
    n = 0
    for a, b in factors:
        for carry in _product(a, b):
            q = carry
            for i in range(n):
                total = q + parts[i]
                virtual = total - q
                parts[i] = (q - (total - virtual)) + (parts[i] - virtual)
                q = total
            parts[n] = q
            n += 1
    for i in range(11, -1, -1):
        if parts[i] != 0.0:
            return 1 if parts[i] > 0.0 else -1
    return 0


@helper
def turn(ax, ay, bx, by, px, py):
    """Where p is, seen from a to b: 1 left, -1 right, 0 on the line. Exact."""
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    area = left - right
    doubt = _DOUBT * (abs(left) + abs(right))
    if area > doubt:
        return 1
    if area < -doubt:
        return -1
    return _exact_turn(ax, ay, bx, by, px, py)
