"""The process that opens one photo: `python -m gridmap.parsing.photo`, started by `gridmap.files.photos` only.

It reads the bytes on stdin, limits itself before it imports Pillow, and writes a line of JSON followed by two fresh
JPEG files (the photo, its thumbnail) to stdout. Nothing but the pixels goes over: no EXIF, no place, no comment, and
no bytes that another program might read as something else.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from typing import Any

from gridmap.errors import InvalidInput
from gridmap.parsing.child import leave_the_network, limit
from gridmap.parsing.limits import MIB, Limits

LIMITS = Limits(seconds=10, memory_bytes=1024 * MIB, output_bytes=8 * MIB, input_bytes=8 * MIB)
MOST_PIXELS = 40_000_000
#: of the longest side, in pixels
LONGEST, THUMB = 1600, 240
QUALITY = 82


def main() -> None:
    """Re-encode the one photo; answer `{"ok": true, "width", "height", "sizes"}` or `{"ok": false, ...}`."""
    data = sys.stdin.buffer.read(LIMITS.input_bytes + 1)
    parts: tuple[bytes, ...] = ()
    told: dict[str, Any]
    try:
        leave_the_network()
        limit(LIMITS)
        width, height, parts = reencode(data, sys.argv[1])
        told = {"ok": True, "width": width, "height": height, "sizes": [len(part) for part in parts]}
    except InvalidInput as error:
        told = {"ok": False, "code": error.code, "message": error.message}
    except Exception:  # whatever a decoder says of hostile bytes: the file is at fault
        told = {"ok": False, "code": "photo_unreadable", "message": "the photo cannot be read; take or save it again"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(parts))
    sys.stdout.flush()
    os._exit(0)


def reencode(data: bytes, form: str) -> tuple[int, int, tuple[bytes, bytes]]:
    """(width, height, (photo, thumbnail)) as fresh JPEG. `form`: Pillow's name of the only format tried.

    Raises InvalidInput for a picture that is too large or moves; whatever Pillow raises for a broken one.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error")
    with Image.open(io.BytesIO(data), formats=[form]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise InvalidInput(f"the photo has more than {MOST_PIXELS // 10**6} million pixels", code="photo_too_large")
        if getattr(image, "n_frames", 1) > 1:
            raise InvalidInput("the picture moves; send one photo that stands still", code="photo_animated")
        image.draft("RGB", (LONGEST, LONGEST))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST, LONGEST))
    small = upright.copy()
    small.thumbnail((THUMB, THUMB))
    return upright.width, upright.height, (_jpeg(upright), _jpeg(small))


def _jpeg(image: Any) -> bytes:
    from PIL import Image

    bare = Image.new("RGB", image.size)  # what hangs on the old one (EXIF, comments, a profile) stays behind
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
