"""The words of a PDF as a reader with a text editor, patience and zlib would get them: pages, drawings, metadata."""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def streams(paper: bytes) -> list[bytes]:
    """Every stream, decompressed where it is compressed; object streams and whole files laid in among them."""
    found = []
    for body in re.finditer(rb"stream\r?\n", paper):
        try:
            found.append(zlib.decompressobj().decompress(paper[body.end() :]))
        except zlib.error:
            found.append(paper[body.end() : paper.find(b"endstream", body.end())])
    return found


def text_of(paper: bytes) -> str:
    """What is written on the pages and in their drawings, one line to each run of letters."""
    objects = _objects(paper)
    everything = b"\n".join(objects.values())
    names = {name: int(number) for name, number in re.findall(rb"/([\w-]+) (\d+) 0 R", everything)}
    letters = {}
    for name, number in names.items():
        told = re.search(rb"/ToUnicode (\d+) 0 R", objects.get(number, b""))
        if told:
            letters[name] = _letters(_inflated(objects[int(told[1])]))
    lines = []
    for body in objects.values():
        content = _inflated(body)
        if b" Tf" in content:
            lines += _written(content, letters)
    return "\n".join(lines)


def _objects(paper: bytes) -> dict[int, bytes]:
    """All objects by number, those that stand together in a compressed stream too."""
    objects = {int(number): body for number, body in _OBJECT.findall(paper)}
    for body in list(objects.values()):
        first = re.search(rb"/First (\d+)", body)
        if b"/ObjStm" in body and first:
            content, at = _inflated(body), int(first[1])
            head = [int(one) for one in content[:at].split()]
            ends = [*head[3::2], len(content) - at]
            for number, begin, end in zip(head[::2], head[1::2], ends, strict=True):
                objects[number] = content[at + begin : at + end]
    return objects


def raw_of(paper: bytes) -> str:
    """All else that the file holds as text: its objects and streams as they are, UTF-16 strings told in hex read."""
    everything = b"\n".join([paper, *streams(paper)])
    strings = [_utf16(hex_) for hex_ in re.findall(rb"<([Ff][Ee][Ff][Ff][0-9A-Fa-f]+)>", everything)]
    return "\n".join([everything.decode("latin-1"), everything.decode("utf-8", "replace"), *strings])


def _inflated(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if not found:
        return b""
    try:
        return zlib.decompressobj().decompress(found[1])
    except zlib.error:
        return found[1]


def _letters(table: bytes) -> dict[int, str]:
    """A font's glyphs, by their number."""
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for glyph, told in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            found[int(glyph, 16)] = bytes.fromhex(told.decode()).decode("utf-16-be", "replace")
    return found


def _written(content: bytes, letters: dict[bytes, dict[int, str]]) -> list[str]:
    lines, font = [], b""
    for name, shown in re.findall(rb"/([\w-]+) [\d.-]+ Tf|(\[[^\]]*\]\s*TJ|<[0-9A-Fa-f]+>\s*Tj)", content):
        if name:
            font = name
            continue
        glyphs = b"".join(re.findall(rb"<([0-9A-Fa-f]+)>", shown)).decode()
        table = letters.get(font, {})
        lines.append("".join(table.get(int(glyphs[i : i + 4], 16), "\ufffd") for i in range(0, len(glyphs), 4)))
    return lines


def _utf16(hex_: bytes) -> str:
    return bytes.fromhex(hex_.decode()).decode("utf-16", "replace")
