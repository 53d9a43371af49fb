"""The encoding of a Shapefile's attribute table: what its .cpg says, if the bytes agree, else what the bytes say."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gridmap.errors import InvalidInput
from gridmap.parsing.encodings import guess_not_utf8, same_encoding


def dbf_encoding(name: str, table: bytes | None, cpg: bytes | None, asked: str | None) -> tuple[str, list[str]]:
    """The encoding to decode the table with, and a warning where it was guessed.

    `asked` wins; then the .cpg, if every text decodes with it (a wrong .cpg is common); then UTF-8 or GB18030 by the
    bytes. InvalidInput when nothing fits.
    """
    if asked:
        return _for_gdal(same_encoding(asked)), []
    fields = [field for field in texts(table or b"") if not field.isascii()]
    if not fields:
        return "UTF-8", []
    says = _of_cpg(cpg)
    if says and all(_decodes(field, says) for field in fields):
        return _for_gdal(says), []
    wrong = f" (its .cpg says {says}, which does not fit)" if says else " (it has no .cpg)"
    if all(_decodes(field, "utf-8") for field in fields):
        return "UTF-8", [f"{name}: the attributes were read as UTF-8{wrong}."] if says else []
    guessed = guess_not_utf8(fields, name)
    return _for_gdal(guessed), [
        f"{name}: the attributes were read as GB18030{wrong}. Check the Chinese text, or give --encoding."
    ]


def texts(table: bytes) -> Iterator[bytes]:
    """Every character field's bytes, blanks stripped, of a dBASE table (header: 32 bytes, 32 a field, then records)."""
    if len(table) < 33:
        return
    count, head, length = struct.unpack_from("<IHH", table, 4)
    columns: list[tuple[int, int]] = []
    at, place = 32, 1  # a record begins with its deletion mark
    while at + 32 <= min(head, len(table)) and table[at] != 0x0D:
        width = table[at + 16]
        if table[at + 11 : at + 12] == b"C":
            columns.append((place, place + width))
        place += width
        at += 32
    for start in range(head, min(head + count * length, len(table)), max(length, 1)):
        for first, last in columns:
            yield table[start + first : start + last].rstrip(b" \x00")


def _of_cpg(cpg: bytes | None) -> str | None:
    says = (cpg or b"").decode("ascii", "ignore").strip()
    if not says:
        return None
    try:
        return same_encoding(f"cp{says}" if says.isdigit() else says)
    except InvalidInput:
        return None


def _decodes(field: bytes, encoding: str) -> bool:
    """Whether the field decodes; a character cut off by the field's end is forgiven."""
    try:
        field.decode(encoding)
    except UnicodeDecodeError as error:
        return error.end == len(field) and "unexpected end" in error.reason
    return True


def _for_gdal(encoding: str) -> str:
    return {"gb18030": "GB18030", "utf-8": "UTF-8", "latin-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1"}.get(
        encoding, encoding.upper()
    )
