"""The pages' words in Chinese and English, and which of the two a request reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from fastapi import Request

from layers import LANGS, Lang

LANG_COOKIE: Final = "gridmap_lang"
#: the `lang` attribute of pages
TAGS: Final[Mapping[Lang, str]] = MappingProxyType({"zh": "zh-CN", "en": "en"})


@cache
def words(lang: Lang) -> Mapping[str, str]:
    """All texts of a language by key, from its files; a test holds both languages to the same keys."""
    said: dict[str, str] = {}
    for part in sorted((files("api.pages") / "i18n" / lang).iterdir(), key=lambda part: part.name):
        more = json.loads(part.read_text("utf-8"))
        if twice := said.keys() & more.keys():
            raise ValueError(f"{part.name} says again what another file of {lang} says: {', '.join(sorted(twice))}")
        said.update(more)
    return MappingProxyType(said)


def language(request: Request) -> Lang:
    """The language of a request: chosen by the switch, else the best of Accept-Language that there is, else Chinese."""
    chosen = request.cookies.get(LANG_COOKIE)
    if chosen in LANGS:
        return chosen
    wanted = sorted(_accepted(request.headers.get("accept-language", "")), key=lambda pair: -pair[1])
    return next((lang for tag, quality in wanted for lang in LANGS if tag.startswith(lang) and quality > 0), "zh")


def _accepted(header: str) -> list[tuple[str, float]]:
    """(tag, quality) pairs of an Accept-Language header; what cannot be read counts as not wanted."""
    pairs = []
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        pairs.append((tag.strip().lower(), quality))
    return pairs
