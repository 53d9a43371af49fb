"""What messages say of joint meetings and promises: number, enterprise, moment, venue; never a case, never a house."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from gridmap.delivery.texts import LANGUAGES, Text, filled, moment

FIELDS = frozenset({"number", "enterprise", "when", "venue", "owner", "due"})


@dataclass(frozen=True, slots=True)
class TableFacts:
    """All that a message may tell. What does not apply is None; names by language."""

    enterprise: Mapping[str, str]
    number: str | None = None
    meets_at: datetime | None = None
    venue: str | None = None
    owner: Mapping[str, str] | None = None
    due_at: datetime | None = None
    link: str | None = None


@cache
def templates() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By kind and language: subject and text."""
    raw = files("gridmap.delivery").joinpath("meeting_texts.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, Mapping[str, str]]] = json.loads(raw)
    return found


def write(kind: str, language: str, facts: TableFacts, zone: ZoneInfo) -> Text:
    """Subject and text of a message, each one line. The link stands at the text's end."""

    def when(value: datetime | None) -> str:
        return "" if value is None else moment(value.astimezone(zone), language)

    values = {
        "number": facts.number or "", "enterprise": facts.enterprise[language], "when": when(facts.meets_at),
        "venue": facts.venue or "", "owner": facts.owner[language] if facts.owner else "", "due": when(facts.due_at),
    }  # fmt: skip
    return filled(templates()[kind][language], values, facts.link)


def payload(kind: str, facts: TableFacts, about: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The same for programs."""
    told = {
        "kind": kind, "number": facts.number, "link": facts.link,
        "meets_at": facts.meets_at.isoformat() if facts.meets_at else None,
        "due_at": facts.due_at.isoformat() if facts.due_at else None,
    }  # fmt: skip
    return {**told, **about, "text": {one: write(kind, one, facts, zone).text for one in LANGUAGES}}
