"""What messages say, in two languages: a number, names of category and cell, a moment, a link; never a complainant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("zh", "en")
#: the template of kinds that have none of their own
FALLBACK = "changed"
FIELDS = frozenset({"number", "category", "cell", "due"})
_NOWHERE = {"zh": "网格外", "en": "outside all cells"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a message may tell of a case. Names by language; `cell` is None outside all cells."""

    number: str
    category: Mapping[str, str]
    cell: Mapping[str, str] | None
    due_at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    text: str


@cache
def templates() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By kind and language: subject and text with {number}, {category}, {cell}, {due}."""
    raw = files("gridmap.delivery").joinpath("texts.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, Mapping[str, str]]] = json.loads(raw)
    return found


def template_kind(kind: str) -> str:
    """The kind whose template a message of this kind takes."""
    return kind if kind in templates() else FALLBACK


def write(kind: str, language: str, facts: Facts, zone: ZoneInfo) -> Text:
    """Subject and text of a message, each one line. The link stands at the text's end."""
    chosen = templates()[template_kind(kind)][language]
    place = facts.cell[language] if facts.cell is not None else _NOWHERE[language]
    due = facts.due_at.astimezone(zone)
    values = {
        "number": facts.number,
        "category": facts.category[language],
        "cell": place,
        "due": moment(due, language),
    }
    return filled(chosen, values, facts.link)


def filled(chosen: Mapping[str, str], values: Mapping[str, str], link: str | None) -> Text:
    """A template's subject and text with these values in it, each one line, the link at the end."""
    told = {name: _CONTROL.sub(" ", value) for name, value in values.items()}
    end = f" {link}" if link else ""
    return Text(chosen["subject"].format(**told), chosen["text"].format(**told) + end)


def moment(local: datetime, language: str) -> str:
    """A moment as people say it, in a language."""
    day = f"{local.month}月{local.day}日" if language == "zh" else f"{local:%Y-%m-%d}"
    return f"{day} {local:%H:%M}"


def names(zh: str, en: str | None) -> dict[str, str]:
    """A thing's names by language; the Chinese one where there is no English."""
    return {"zh": zh, "en": en or zh}


def payload(kind: str, facts: Facts, about: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The same for programs: codes and moments, and both texts. `about`: what else is told, such as the body's code."""
    texts = {language: write(kind, language, facts, zone).text for language in LANGUAGES}
    told = {"kind": kind, "due_at": facts.due_at.isoformat(), "link": facts.link, **about, "text": texts}
    return told if template_kind(kind) == "border" else {**told, "number": facts.number}
