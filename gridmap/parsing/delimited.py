"""CSV and its kin, in the child: encoding, separator, records with their row numbers; every column is text."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gridmap.errors import InvalidInput
from gridmap.parsing.encodings import could_be_chinese, guess_not_utf8, is_utf8, pieces, preview, same_encoding, unsure
from gridmap.parsing.formulas import originals
from gridmap.parsing.limits import Limits
from gridmap.parsing.sink import Sink, unique_names

_BLOCK = 1 << 20
_BATCH = 20_000
_LONGEST_FIELD = 16 << 20
_NAMES = {"utf-8-sig": "UTF-8 (BOM)", "utf-8": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB18030"}


def read(path: Path, sink: Sink, encoding: str | None, limits: Limits) -> dict[str, Any]:
    """Read the file into the sink; returns encoding, warnings and faults ([row, field, reason, value])."""
    known, warnings = _encoding(path, encoding, limits)
    csv.field_size_limit(_LONGEST_FIELD)
    with _open(path, limits) as raw:
        text = io.TextIOWrapper(raw, encoding=known, errors="strict", newline="")
        try:
            found = _records(path, text, sink, limits)
        except UnicodeDecodeError:
            raise _not_what_was_said(path, known, limits) from None
    return {
        "encoding": _NAMES.get(known, known),
        "warnings": warnings + found["warnings"],
        "faults": found["faults"],
    }


class _Bounded(io.RawIOBase):
    """A stream that refuses to unpack more than the limits allow: a small archive can hold a terabyte."""

    def __init__(self, inner: gzip.GzipFile, packed: int, path: Path, limits: Limits) -> None:
        self._inner, self._path = inner, path
        # small files may pack very well by nature, so the ratio counts from one MiB on
        self._left = int(min(limits.unpacked_bytes, max(packed * limits.unpacked_ratio, _BLOCK)))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer))
        except (OSError, EOFError) as error:
            raise InvalidInput(f"{self._path.name}: the gzip archive is damaged ({error}).", code="damaged") from None
        self._left -= len(data)
        if self._left < 0:
            raise InvalidInput(
                f"{self._path.name}: it unpacks to far more than its size; unpack it yourself and look at it.",
                code="archive_too_large", file=self._path.name,
            )  # fmt: skip
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _open(path: Path, limits: Limits) -> BinaryIO:
    if not path.name.lower().endswith(".gz"):
        return path.open("rb")
    packed = path.stat().st_size
    return io.BufferedReader(_Bounded(gzip.open(path, "rb"), packed, path, limits), _BLOCK)


def _encoding(path: Path, asked: str | None, limits: Limits) -> tuple[str, list[str]]:
    """The encoding to read with (a BOM is always dropped), and a warning where it was guessed."""
    with _open(path, limits) as raw:
        head = raw.read(4)
        if head.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig", []
        if asked:
            return same_encoding(asked), []
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", []
    with _open(path, limits) as raw:
        utf8 = is_utf8(iter(lambda: raw.read(_BLOCK), b""))
    with _open(path, limits) as raw:
        if utf8:
            doubtful = could_be_chinese(raw)
            if doubtful:
                raise unsure(path.name, None, doubtful)
            return "utf-8", []
        guessed, shown = guess_not_utf8(raw, path.name)
    return guessed, [
        f"{path.name} is not UTF-8; it was read as {_NAMES[guessed]}. Check the Chinese text, or give --encoding."
        + preview(shown)
    ]


def _not_what_was_said(path: Path, known: str, limits: Limits) -> InvalidInput:
    """The error of a file that is not in the encoding which its first bytes or its user named."""
    shown: list[bytes] = []
    place = ""
    with _open(path, limits) as raw:
        for number, piece in pieces(raw):
            shown = [*shown[:2], piece]
            try:
                piece.decode(known)
            except UnicodeDecodeError:
                place = f" (line {number})"
                break
    return InvalidInput(
        f"{path.name}: its text is not {_NAMES.get(known, known)}{place}. Give another --encoding, or save it again in "
        f"one encoding, UTF-8 by preference.{preview(shown)}",
        code="unknown_encoding", file=path.name,
    )  # fmt: skip


def _separator(path: Path, line: str) -> str:
    if ".tsv" in path.name.lower():
        return "\t"
    # outside quotation marks: every second piece
    bare = "".join(line.split('"')[::2])
    return max(",;\t", key=bare.count)


def _records(path: Path, text: io.TextIOWrapper, sink: Sink, limits: Limits) -> dict[str, Any]:
    heading = ""
    skipped = 0
    for heading in text:
        if heading.strip(" \t\r\n,;"):
            break
        skipped += 1
    else:
        raise InvalidInput(f"{path.name} holds blank lines only.", code="no_heading", file=path.name)
    separator = _separator(path, heading)
    reader = csv.reader(_chain(heading, text), delimiter=separator, strict=True)
    numbered = _numbered(path, reader, skipped)
    first = next(numbered, None)
    if first is None or isinstance(first[1], str):
        raise InvalidInput(
            f"{path.name}: there is no heading row with column names.", code="no_heading", file=path.name
        )
    names, warnings = unique_names(first[1])
    faults: list[list[Any]] = []
    rows: list[int] = []
    records: list[list[str]] = []
    for row, record in numbered:
        if isinstance(record, str):
            faults.append([row, "", record, ""])
            continue
        if not record:
            continue
        fault = _fit(record, len(names))
        if fault:
            faults.append([row, "", fault, separator.join(record)[:200]])
        else:
            rows.append(row)
            records.append(record)
        if len(rows) == _BATCH:
            sink.text(names, rows, [originals(one) for one in records])
            rows, records = [], []
    sink.text(names, rows, [originals(one) for one in records])
    if len(faults) > limits.faults:
        raise InvalidInput(f"{path.name}: {len(faults):,} rows do not fit the heading; is the separator right?")
    return {"warnings": warnings, "faults": faults}


def _chain(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    yield first
    yield from rest


def _numbered(path: Path, reader: Any, skipped: int) -> Iterator[tuple[int, list[str] | str]]:
    """Records with their spreadsheet row, or, for one that cannot be split, the reason."""
    row = skipped
    while True:
        row += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise InvalidInput(
                    f"{path.name}: a quotation mark opened in row {row} is never closed. Close it or take it away.",
                    code="unclosed_quote", file=path.name, row=row,
                ) from None  # fmt: skip
            yield row, f"the row cannot be split into columns ({error}); check its quotation marks"
            continue
        yield row, record


def _fit(record: list[str], width: int) -> str | None:
    """Trim blank extra fields in place; the fault when the record is longer or shorter than the heading."""
    while len(record) > width and not record[-1].strip():
        record.pop()
    if len(record) == width:
        return None
    return f"the row has {len(record)} fields, the heading {width}; check separators and quotation marks"
