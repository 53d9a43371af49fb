"""`docs/import.md` says of each kind what the code knows; `python -m tests.files.test_import_doc` writes it anew."""

from __future__ import annotations

from pathlib import Path

from gridmap.files import KINDS
from gridmap.files.kinds import Field, Kind, Shape, Type

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "import.md"
BEGINNING = "<!-- the kinds: written by tests/files/test_import_doc.py -->\n"

WORDS = {
    Type.TEXT: "text",
    Type.CODE: "code",
    Type.PHONE: "telephone",
    Type.EMAIL: "mail address",
    Type.COUNT: "whole number",
    Type.NUMBER: "number",
    Type.DATE: "day",
    Type.MOMENT: "moment",
    Type.FLAG: "yes or no",
    Type.MINUTES: "time of day",
    Type.WEEKDAYS: "days of the week",
}
SHAPES = {
    Shape.NONE: "",
    Shape.POINT: "A point: `x` and `y`, or `coordinates`, or `geometry`. ",
    Shape.AREA: "`geometry`: polygons. ",
    Shape.SITE: "A point: `x` and `y`, or `coordinates`, or `geometry`; or polygons as `geometry`. ",
    Shape.LINE: "`geometry`: lines. ",
    Shape.WATER: "`geometry`: lines or polygons. ",
}


def tables() -> str:
    return "\n".join(section(kind) for kind in KINDS.values())


def section(kind: Kind) -> str:
    place = SHAPES[kind.shape] if kind.shape_required else SHAPES[kind.shape].replace(". ", ", or none. ")
    key = " and ".join(f"`{name}`" for name in kind.key)
    rows = [f"| `{one.name}` | {meaning(one)} | {', '.join(one.aliases[:5])} |" for one in kind.fields]
    return "\n".join([
        f"### {kind.name}\n\n{place}One row for each {key}.\n",
        "| field | what it is | headings that are guessed, among others |\n|---|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def meaning(field: Field) -> str:
    said = "one of " + ", ".join(dict.fromkeys(field.choices.values())) if field.choices else WORDS[field.type]
    if field.default is not None:
        return f"{said}; {field.default} where the file says nothing"
    if field.required:
        return f"{said}; required" + (f", or {' or '.join(field.instead)} in its place" if field.instead else "")
    return said


def test_the_document_knows_every_field() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").split(BEGINNING)[1] == "\n" + tables()


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8").split(BEGINNING)[0]
    DOCUMENT.write_text(f"{text}{BEGINNING}\n{tables()}", encoding="utf-8")
