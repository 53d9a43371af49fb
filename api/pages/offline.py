"""One file that opens offline: the folium map, our scripts, styles and all rows inside it, and a policy that lets
nothing else in. Rows stand as JSON in a script element that is never run; they reach the page by `textContent` alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from api.pages.bundle import bundle
from api.pages.frame import County, page_data, templates
from api.pages.words import TAGS, words
from gridmap.view import Audience
from layers import LANGS, Lang, Layer
from layers.map import VENDOR, compose, county_map

MODULES: Final = ("dom", "glyphs", "map", "table", "offline")
STYLES: Final = ("vendor/leaflet.css", "css/tokens.css", "css/app.css", "css/map.css", "css/desk.css")


@dataclass(frozen=True, slots=True)
class OfflineMap:
    """What goes into the file. `layers`: a layer with its frame; `exact_for`: whose rights single rows were read by."""

    county: County
    layers: Sequence[tuple[Layer, pd.DataFrame]]
    audience: Audience
    made_on: date
    first: str | None = None
    last: str | None = None
    withheld: bool = False
    exact_for: str | None = None
    timezone: str = "Asia/Shanghai"
    more: Mapping[str, Any] = field(default_factory=dict)


def offline_page(given: OfflineMap, static: Path, lang: Lang = "zh") -> str:
    """The file's text: HTML that asks nobody for anything. static: the folder of the pages' static files."""
    made = compose(county_map(given.county.bounds))
    vendored = [(static / "vendor" / url.removeprefix(VENDOR)).read_text("utf-8") for url in made.scripts]
    scripts = [*vendored, made.script, bundle(static / "js", MODULES)]
    styles = [_without_urls((static / name).read_text("utf-8")) for name in STYLES]
    data = _data(given, lang)
    policy = "; ".join(
        [
            "default-src 'none'", "img-src data:", "base-uri 'none'", "form-action 'none'",
            "script-src " + " ".join(_hash(script) for script in scripts),
            "style-src " + " ".join(_hash(style) for style in styles),
        ]
    )  # fmt: skip
    return templates().get_template("offline.html").render(
        t=words(lang), lang=lang, tag=TAGS[lang], county=given.county, policy=policy, map=made, data=data,
        # our own files and folium's, nothing of a user's
        scripts=[_closed(script) for script in scripts], styles=[_closed(style) for style in styles],
    )  # fmt: skip


def _data(given: OfflineMap, lang: Lang) -> dict[str, Any]:
    data = page_data(
        "offline", given.county, lang, None,
        now=given.made_on.isoformat(), today=given.made_on.isoformat(), timezone=given.timezone,
        months=[given.first, given.last], withheld=given.withheld, exact_for=given.exact_for, **given.more,
    )  # fmt: skip
    data["languages"] = {
        each: {
            "lang": each,
            "tag": TAGS[each],
            "words": {key: text for key, text in words(each).items() if not key.startswith("problem")},
            "county": {**data["county"], "name": given.county.title(each)},
        }
        for each in LANGS
    }
    data["layers"] = {layer.name: _both(layer, frame, given.audience) for layer, frame in given.layers}
    del data["words"]
    return data


def _both(layer: Layer, frame: pd.DataFrame, audience: Audience) -> dict[str, Any]:
    """A layer's collection in Chinese, each feature with what differs in English beside it, and both legends."""
    chinese, english = (layer.features(frame, lang, audience) for lang in LANGS)
    for ours, theirs in zip(chinese["features"], english["features"], strict=True):
        pairs = theirs["properties"].items()
        ours["en"] = {name: value for name, value in pairs if value != ours["properties"][name]}
    return {**chinese, "legend": {"zh": chinese["legend"], "en": english["legend"]}}


def _without_urls(style: str) -> str:
    """A style sheet without the files it points at: fonts and images that only a server has."""
    lines = style.splitlines()
    return "\n".join(line for line in lines if "url(" not in line or "url(#" in line or "data:" in line)


def _closed(text: str) -> str:
    """Text for a script or style element: nothing in it may end the element."""
    return text.replace("</script", "<\\/script").replace("</style", "<\\/style")


def _hash(text: str) -> str:
    digest = hashlib.sha256(_closed(text).encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
