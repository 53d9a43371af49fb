"""The encoding of a Shapefile's attribute table: what its .cpg says, if the bytes agree, else what the bytes say."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator

from gridmap.errors import InvalidInput
from gridmap.parsing.encodings import (
    chinese_share,
    could_be_chinese,
    guess_not_utf8,
    preview,
    same_encoding,
    unsure,
)

#: encodings in which any bytes are text, so that bytes which fit prove nothing
_ONE_BYTE = ("iso8859", "latin", "cp125", "mac", "koi8", "cp437", "cp850")
#: from this share of everyday characters on, bytes are Chinese whatever a .cpg says
_CHINESE = 0.9
#: below this share a .cpg that says Chinese is wrong: in a table of many characters, in one of few
_MOSTLY, _HALF, _MANY = 0.8, 0.5, 20


def dbf_encoding(name: str, table: bytes | None, cpg: bytes | None, asked: str | None) -> tuple[str, list[str]]:
    """The encoding to decode the table with, and a warning with a preview where it was guessed.

    `asked` wins; then the .cpg, unless the bytes speak against it (a wrong .cpg is common); then UTF-8 or GB18030 by
    the bytes. InvalidInput with a preview when nothing fits, or more than one thing does.
    """
    if asked:
        return _for_gdal(same_encoding(asked)), []
    fields = [_whole(field) for field in texts(table or b"") if not field.isascii()]
    if not fields:
        return "UTF-8", []
    says = _of_cpg(cpg)
    if says and _agrees(fields, says):
        return _for_gdal(says), []
    wrong = f" (its .cpg says {says}, which does not fit)" if says else " (it has no .cpg)"
    if all(_decodes(field, "utf-8") for field in fields):
        doubtful = could_be_chinese(fields)
        if doubtful:
            raise unsure(name, None, doubtful)
        return "UTF-8", [f"{name}: the attributes were read as UTF-8{wrong}."] if says else []
    guessed, shown = guess_not_utf8(fields, name)
    return _for_gdal(guessed), [
        f"{name}: the attributes were read as GB18030{wrong}. Check the Chinese text, or give --encoding."
        + preview(shown)
    ]


def texts(table: bytes) -> Iterator[bytes]:
    """The name of every field, then every character field's bytes, blanks stripped, of a dBASE table (header: 32 bytes,
    32 a field, then records)."""
    if len(table) < 33:
        return
    count, head, length = struct.unpack_from("<IHH", table, 4)
    columns: list[tuple[int, int]] = []
    at, place = 32, 1  # a record begins with its deletion mark
    while at + 32 <= min(head, len(table)) and table[at] != 0x0D:
        yield table[at : at + 11].split(b"\x00")[0]
        width = table[at + 16]
        if table[at + 11 : at + 12] == b"C":
            columns.append((place, place + width))
        place += width
        at += 32
    for start in range(head, min(head + count * length, len(table)), max(length, 1)):
        for first, last in columns:
            yield table[start + first : start + last].rstrip(b" \x00")


def _agrees(fields: list[bytes], says: str) -> bool:
    """Whether the bytes may be what the .cpg says: they decode, and nothing else explains them better."""
    if not all(_decodes(field, says) for field in fields):
        return False
    if says == "utf-8":
        return True
    if all(_decodes(field, "utf-8") for field in fields):
        return False  # text of several bytes a letter does not become UTF-8 by chance
    everyday, count = chinese_share(fields)
    if says.startswith(_ONE_BYTE):
        return everyday < _CHINESE
    # a few names may well hold rare characters; a whole table does not
    return says != "gb18030" or everyday >= (_MOSTLY if count >= _MANY else _HALF)


def _of_cpg(cpg: bytes | None) -> str | None:
    says = (cpg or b"").decode("ascii", "ignore").strip()
    if not says:
        return None
    try:
        return same_encoding(f"cp{says}" if says.isdigit() else says)
    except InvalidInput:
        return None


def _decodes(field: bytes, encoding: str) -> bool:
    try:
        field.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _whole(field: bytes) -> bytes:
    """The field without a character that its end cut off, whichever encoding it is in: UTF-8, else GB18030."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            decoder.decode(field)
        except UnicodeDecodeError:
            continue
        cut = decoder.getstate()[0]
        return field[: len(field) - len(cut)] if isinstance(cut, bytes) and cut else field
    return field


def _for_gdal(encoding: str) -> str:
    return {"gb18030": "GB18030", "utf-8": "UTF-8", "latin-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1"}.get(
        encoding, encoding.upper()
    )
