"""Identity numbers that somebody wrote into a text: hidden before it is kept, since no register here holds any."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

#: what stands in place of one
HIDDEN: Final = "*" * 18
# six digits of a region, a day of birth, three digits and a check (GB 11643); in one or in its three groups. A wrong
# check hides nothing: it is still somebody's number, mistyped
_NUMBER = re.compile(
    r"(?<![\dA-Za-z])\d{6}[ \-\u3000]?(\d{4})(\d{2})(\d{2})[ \-\u3000]?\d{3}[\dXx\uff38\uff58](?![\dA-Za-z])"
)


def without_numbers(text: str) -> str:
    """The text with `HIDDEN` in place of each 18-digit identity number; also of one in full-width digits."""
    return _NUMBER.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    year, month, day = (int(part) for part in found.groups())
    try:
        born = date(year, month, day)
    except ValueError:
        return found[0]  # some other number
    return HIDDEN if 1880 <= born.year <= 2100 else found[0]
