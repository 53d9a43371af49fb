"""Which encoding a file's text is in: UTF-8 where it is, GB18030 where that reads as Chinese, else a question.

GB18030 accepts nearly any bytes, so a guess is believed only when what comes out is everyday Chinese; a file that mixes
encodings is refused, since either reading turns part of it into nonsense.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable

from gridmap.errors import InvalidInput

#: a field ends at one of these; none of them is the second byte of a GB18030 character
_FIELD_ENDS = re.compile(rb'[,;\t\r\n"|\x00]+')
#: share of GB18030 characters that must lie in GB 2312, the set of everyday Chinese, before the guess is believed
_EVERYDAY = 0.9


def same_encoding(name: str) -> str:
    """Python's name of an encoding (gbk, cp936 and gb2312 as their superset gb18030); InvalidInput when unknown."""
    try:
        known = codecs.lookup(name.strip()).name
    except LookupError:
        raise InvalidInput(
            f"The encoding {name!r} is not known. Usual ones: UTF-8, GB18030, GBK, Big5, Windows-1252.",
            code="unknown_encoding",
        ) from None
    return "gb18030" if known in {"gbk", "gb2312", "cp936"} else known


def is_utf8(blocks: Iterable[bytes]) -> bool:
    """Whether the blocks, one after another, are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def guess_not_utf8(lines: Iterable[bytes], name: str) -> str:
    """The encoding of text that is known not to be UTF-8: "gb18030", or InvalidInput saying what to do.

    `lines` are the text's lines or fields as bytes; `name` is the file's, for the message.
    """
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if line.isascii():
            continue
        for piece in _FIELD_ENDS.split(line):
            if piece.isascii():
                continue
            if _is_chinese_utf8(piece):
                raise InvalidInput(
                    f"{name}: line {number} is UTF-8 and other lines are not, so the file mixes encodings. "
                    "Save it again in one encoding, UTF-8 by preference.",
                    code="mixed_encodings", file=name, line=number,
                )  # fmt: skip
            try:
                seen.update(piece.decode("gb18030"))
            except UnicodeDecodeError:
                raise _unsure(name, number) from None
    foreign = {letter: n for letter, n in seen.items() if not letter.isascii()}
    everyday = sum(n for letter, n in foreign.items() if _in_gb2312(letter))
    if not foreign or everyday < _EVERYDAY * sum(foreign.values()):
        raise _unsure(name, None)
    return "gb18030"


def _unsure(name: str, line: int | None) -> InvalidInput:
    place = f" (line {line})" if line else ""
    return InvalidInput(
        f"{name}: its text is neither UTF-8 nor everyday Chinese in GB18030{place}. "
        "Say which encoding it has with --encoding, or save it again as UTF-8.",
        code="unknown_encoding", file=name,
    )  # fmt: skip


def _is_chinese_utf8(piece: bytes) -> bool:
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _in_gb2312(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
