"""Geometry whose check would take for ever: noticed by the processor time that one feature costs.

GEOS compares each segment of a polygon with all whose boxes overlap it, so a few thousand long ones, zigzagging, take
minutes; a call into it cannot be broken off. A second thread watches, names the feature, and ends the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LOOK_EVERY_S = 0.05


class Watch:
    """`check` returns in time, or `late` is called from another thread with the feature and must end the process."""

    def __init__(self, seconds: float, late: Callable[[int], None]) -> None:
        self._seconds, self._late = seconds, late
        self._now: tuple[int, float] | None = None
        clock_of = getattr(time, "pthread_getcpuclockid", None)  # Linux has it
        self._clock: int | None = clock_of(threading.get_ident()) if clock_of else None
        self._thread: threading.Thread | None = None

    def check(self, number: int, wkb: bytes) -> None:
        """Ask of one feature's geometry whether it is valid; what matters here is that there is an answer."""
        import shapely  # here: most files have no geometry that is worth a watch

        if self._thread is None:
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        self._now = (number, self._spent())
        shapely.is_valid(shapely.from_wkb(wkb, on_invalid="ignore"))
        self._now = None

    def _spent(self) -> float:
        return time.clock_gettime(self._clock) if self._clock is not None else time.monotonic()

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY_S)
            now = self._now
            if now is not None and self._spent() - now[1] > self._seconds:
                self._late(now[0])
