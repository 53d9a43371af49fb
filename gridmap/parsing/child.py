"""The process that parses one file: `python -m gridmap.parsing.child`, started by `gridmap.files.read` only.

It reads its job as JSON on stdin, limits itself before it imports a parser, writes the rows as Arrow into the file
descriptor it was given, and answers with one JSON document on stdout. What a hostile file can break is this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from gridmap.errors import GridmapError, InvalidInput
from gridmap.parsing.limits import Limits

_OPEN_FILES = 128
#: Linux: a process without a user's rights of its own may leave the network behind if it first leaves its users
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000


def main() -> None:
    """Do the one job; answer `{"ok": true, ...}` or `{"ok": false, "kind", "code", "message", "details"}`."""
    job = json.load(sys.stdin)
    limits = Limits(**job["limits"])
    answer: dict[str, Any]
    try:
        leave_the_network()
        limit(limits)
        answer = {"ok": True, **_parse(job, limits)}
    except GridmapError as error:
        answer = _told(error)
    except MemoryError:
        answer = {"ok": False, "kind": "InvalidInput", "code": "too_large", "details": {},
                  "message": f"{Path(job['path']).name} takes more memory than one file may."}  # fmt: skip
    _leave(answer)


def _told(error: GridmapError) -> dict[str, Any]:
    return {
        "ok": False,
        "kind": type(error).__name__,
        "code": error.code,
        "message": error.message,
        "details": error.details,
    }


def _leave(answer: dict[str, Any]) -> None:
    """Answer and be gone: GDAL and Arrow tear down threads at exit, and nothing is left to save."""
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def limit(limits: Limits) -> None:
    """Hold this process to the limits; where the system knows none (Windows), the parent's time-out is what is left."""
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(limits.seconds)
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def leave_the_network() -> None:
    """Go where there is no network, not even loopback, on systems that allow it; the guards do not depend on it."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        if libc.unshare(_NEW_NETWORK) != 0:
            libc.unshare(_NEW_USERS | _NEW_NETWORK)


def _parse(job: dict[str, Any], limits: Limits) -> dict[str, Any]:
    from gridmap.parsing.archive import look_into
    from gridmap.parsing.formats import check_bytes, ending_of, format_of

    path = Path(job["path"])
    kind = format_of(path)
    try:
        size = path.stat().st_size
        if size > limits.input_bytes:
            raise InvalidInput(
                f"{path.name} is larger than {limits.input_bytes >> 20} MiB.", code="too_large", file=path.name
            )
        with path.open("rb") as file:
            check_bytes(path, file.read(1024))
        if ending_of(path) in {".xlsx", ".zip"}:
            look_into(path, limits)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", code="unreadable", file=path.name) from None
    from gridmap.parsing.sink import Sink  # only now: Arrow is large

    with os.fdopen(job["out"], "wb") as stream:
        sink = Sink(stream, limits, lambda number: _leave(_told(_too_slow(path, number))))
        told = _read(kind, path, sink, job, limits)
        sink.close()
    return {"format": kind, "rows": sink.rows, **told}


def _too_slow(path: Path, number: int) -> InvalidInput:
    return InvalidInput(
        f"{path.name}: feature {number}: its geometry takes too long to check; simplify it or cut it up.",
        code="too_slow", file=path.name, feature=number,
    )  # fmt: skip


def _read(kind: str, path: Path, sink: Any, job: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Read the file by its format; that format's parsers are imported only now, under the limits."""
    if kind == "csv":
        from gridmap.parsing import delimited

        return delimited.read(path, sink, job["encoding"], limits)
    if kind == "xlsx":
        from gridmap.parsing import sheet

        return sheet.read(path, sink, job["layer"], limits)
    if kind == "parquet":
        from gridmap.parsing import columnar

        return columnar.read(path, sink, limits)
    from gridmap.parsing import vector

    return vector.read(path, kind, sink, job["layer"], job["encoding"], limits)


if __name__ == "__main__":
    main()
