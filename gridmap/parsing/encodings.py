"""Which encoding a file's text is in: UTF-8 where it is, GB18030 where that reads as Chinese, else a question.

GB18030 accepts nearly any bytes, so a guess is believed only when what comes out is everyday Chinese; a file that mixes
encodings is refused, since either reading turns part of it into nonsense. Whoever must decide sees a few texts as each
candidate reads them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from gridmap.errors import InvalidInput

#: a field ends at one of these; none of them is the second byte of a GB18030 character
_FIELD_ENDS = re.compile(rb'[,;\t\r\n"\x00]+')
_CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
#: share of GB18030 characters that must lie in GB 2312, the set of everyday Chinese, before the guess is believed
_EVERYDAY = 0.9
#: a single text of at least this many characters, less than half of them everyday, is in another encoding
_LONG, _HALF = 4, 0.5
#: after so many everyday characters it is the text that is odd, not the guess
_SETTLED = 20
#: what is shown to whoever must decide
_CANDIDATES = (("UTF-8", "utf-8"), ("GB18030", "gb18030"), ("Big5", "big5"), ("Windows-1252", "cp1252"))
_SHOWN, _SHOWN_LENGTH = 3, 40


def same_encoding(name: str) -> str:
    """Python's name of an encoding (gbk, cp936 and gb2312 as their superset gb18030); InvalidInput when unknown."""
    try:
        known = codecs.lookup(name.strip())
    except LookupError:
        known = None
    if known is None or not getattr(known, "_is_text_encoding", True):
        raise InvalidInput(
            f"The encoding {name!r} is not known. Usual ones: UTF-8, GB18030, GBK, Big5, Windows-1252.",
            code="unknown_encoding",
        )
    return "gb18030" if known.name in {"gbk", "gb2312", "cp936"} else known.name


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


def pieces(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The texts of lines or fields that are not ASCII alone, each with the number of its line, from 1."""
    for number, line in enumerate(lines, start=1):
        if not line.isascii():
            yield from ((number, piece) for piece in _FIELD_ENDS.split(line) if not piece.isascii())


def guess_not_utf8(lines: Iterable[bytes], name: str) -> tuple[str, list[bytes]]:
    """The encoding of text that is known not to be UTF-8: "gb18030" with a few of its texts.

    `lines` are the text's lines or fields as bytes; `name` is the file's, for the message. InvalidInput with a preview
    where it is another encoding, or more than one.
    """
    shown: list[bytes] = []
    everyday = foreign = 0
    for number, piece in pieces(lines):
        if piece not in shown:
            shown = [*shown[: _SHOWN - 1], piece]  # the last one shown is the one that decides
        if _is_wide_utf8(piece):
            raise _mixed(name, number, shown)
        good, count = _judge(piece)
        if count == 0:
            raise unsure(name, number, shown)
        if count >= _LONG and good < _HALF * count:
            settled = foreign >= _SETTLED and everyday >= _EVERYDAY * foreign
            raise _mixed(name, number, shown) if settled else unsure(name, number, shown)
        everyday, foreign = everyday + good, foreign + count
    if everyday < _EVERYDAY * max(foreign, 1):
        raise unsure(name, None, shown)
    return "gb18030", shown


def could_be_chinese(texts: Iterable[bytes]) -> list[bytes]:
    """Texts that are UTF-8, but as GB18030 are everyday Chinese too: [] when one of them settles that it is UTF-8.

    In UTF-8 such texts hold letters of two bytes only. Where one stands beside an ASCII letter (Café), it is a letter.
    """
    shown: list[bytes] = []
    for _, piece in pieces(texts):
        good, count = _judge(piece)
        if _is_wide_utf8(piece) or count == 0 or good < count or _beside_letter(piece):
            return []
        if len(shown) < _SHOWN and piece not in shown:
            shown.append(piece)
    return shown


def chinese_share(texts: Iterable[bytes]) -> tuple[float, int]:
    """The share of everyday Chinese among the characters that the texts hold as GB18030, and how many these are.

    0 when one text is no GB18030, or holds a character that nobody assigned.
    """
    everyday = foreign = 0
    for _, piece in pieces(texts):
        good, count = _judge(piece)
        if count == 0 or any("\ue000" <= letter <= "\uf8ff" for letter in piece.decode("gb18030")):
            return 0.0, 0
        everyday, foreign = everyday + good, foreign + count
    return everyday / max(foreign, 1), foreign


def preview(shown: Sequence[bytes]) -> str:
    """The texts as each candidate reads them, a line each; what it cannot read is shown as U+FFFD."""
    lines = []
    for label, encoding in _CANDIDATES:
        texts = [text.decode(encoding, "replace").strip()[:_SHOWN_LENGTH] for text in shown]
        readable = [text for text in texts if text.count("\ufffd") <= len(text) // 2]
        if readable:
            lines.append(f"\n  as {label}: {' | '.join(''.join(filter(str.isprintable, text)) for text in texts)}")
    return "".join(lines)


def unsure(name: str, line: int | None, shown: Sequence[bytes]) -> InvalidInput:
    """The question which encoding it is."""
    place = f" (line {line})" if line else ""
    return InvalidInput(
        f"{name}: its text is neither UTF-8 nor everyday Chinese in GB18030{place}. "
        f"Say which encoding it has with --encoding, or save it again as UTF-8.{preview(shown)}",
        code="unknown_encoding", file=name,
    )  # fmt: skip


def _mixed(name: str, line: int, shown: Sequence[bytes]) -> InvalidInput:
    return InvalidInput(
        f"{name}: line {line} is in another encoding than lines before it or after it, so the file mixes encodings. "
        f"Save it again in one encoding, UTF-8 by preference.{preview(shown)}",
        code="mixed_encodings", file=name, line=line,
    )  # fmt: skip


def _judge(piece: bytes) -> tuple[int, int]:
    """Of the piece's letters beyond ASCII as GB18030: how many are everyday, and how many there are; (0, 0) if none."""
    try:
        letters = [letter for letter in piece.decode("gb18030") if not letter.isascii()]
    except UnicodeDecodeError:
        return 0, 0
    return sum(map(_in_gb2312, letters)), len(letters)


def _is_wide_utf8(piece: bytes) -> bool:
    """Whether the piece is UTF-8 with Chinese letters or signs (three bytes each); in GB18030 that is very rare."""
    try:
        return bool(_CHINESE.search(piece.decode("utf-8")))
    except UnicodeDecodeError:
        return False


def _beside_letter(piece: bytes) -> bool:
    text = piece.decode("utf-8")
    return any(a.isascii() != b.isascii() and (a if a.isascii() else b).isalpha() for a, b in pairwise(text))


def _in_gb2312(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
