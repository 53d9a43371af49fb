"""What the weekly digest says: counts, the offices with most that is late, a link. No case, no person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gridmap.delivery.texts import LANGUAGES, Text, filled, names

KINDS: Final = ("weekly_body", "weekly_watch")
FIELDS: Final = frozenset({"day", "very_late", "red", "yellow", "soon", "worst"})
_MOST: Final = {"zh": "超期最多：{0}。", "en": "Most late: {0}."}
_ONE: Final = {"zh": "{name} {n} 件", "en": "{name} {n}"}


@cache
def templates() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By kind and language: subject and text."""
    raw = files("gridmap.delivery").joinpath("digest_texts.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, Mapping[str, str]]] = json.loads(raw)
    return found


def write(kind: str, language: str, told: str, link: str | None = None) -> Text:
    """Subject and text, each one line. `told`: the outbox's; `worst` in it: (name, name_en, count)."""
    facts = json.loads(told)
    worst = [_ONE[language].format(name=names(zh, en)[language], n=n) for zh, en, n in facts["worst"]]
    most = _MOST[language].format(("、" if language == "zh" else ", ").join(worst)) if worst else ""
    values = {name: str(facts[name]) for name in FIELDS - {"worst"}} | {"worst": most}
    text = filled(templates()[kind][language], values, link)
    return Text(text.subject, text.text.strip())


def payload(kind: str, told: str, link: str | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    texts = {one: write(kind, one, told, link).text for one in LANGUAGES}
    return {"kind": kind, "link": link, **json.loads(told), **about, "text": texts}
