"""Photos from anywhere: refused by their first bytes where that is enough, then re-encoded in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gridmap
from gridmap.errors import InvalidInput
from gridmap.parsing.photo import LIMITS

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo made anew: JPEG bytes without any metadata, and its size in pixels."""

    width: int
    height: int
    full: bytes
    thumb: bytes


def form_of(data: bytes) -> str:
    """Pillow's name of a photo's format, by its first bytes. Raises InvalidInput before anything is decoded."""
    if len(data) > LIMITS.input_bytes:
        raise InvalidInput(f"the photo is larger than {LIMITS.input_bytes >> 20} MiB", code="photo_too_large")
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise InvalidInput("this is no photo in JPEG, PNG or WebP", code="photo_format")


def make_photo(data: bytes) -> Photo:
    """Re-encode a photo. InvalidInput says why one is refused; its decoder can break nothing but its own process."""
    form = form_of(data)
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    package = str(Path(gridmap.__file__).resolve().parent.parent)
    try:
        done = subprocess.run(  # noqa: S603 (no user text)
            [sys.executable, "-P", "-s", "-m", "gridmap.parsing.photo", form], input=data, capture_output=True,
            timeout=LIMITS.seconds, check=False, env={**kept, "PYTHONPATH": package}, cwd="/", start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InvalidInput("the photo took too long to read", code="photo_unreadable") from None
    head, _, rest = done.stdout.partition(b"\n")
    try:
        told = json.loads(head)
    except ValueError:
        raise InvalidInput("the photo broke its reader; take or save it again", code="photo_unreadable") from None
    if not told["ok"]:
        raise InvalidInput(told["message"], code=told["code"])
    size = told["sizes"][0]
    return Photo(told["width"], told["height"], rest[:size], rest[size:])
