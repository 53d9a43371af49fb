"""What every page stands in: the template environment, the page's words and facts, and the folium map made for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from api import auth
from api.pages.words import TAGS, language, words
from gridmap.store import meta, read
from gridmap.store.ground import county_names
from gridmap.usecases.context import Context
from gridmap.view import Role
from layers import Lang, style
from layers.map import MAP_ID, VENDOR, Bounds, Composed, Tiles, compose, county_map

#: the page that "/" opens, and the ones in the bar, in order
PAGES: Final[Mapping[Role, tuple[str, ...]]] = MappingProxyType(
    {
        Role.WORKER: ("field", "mailbox"),
        Role.DISPATCHER: ("cases", "meetings", "figures", "insight", "visits", "mailbox"),
        Role.HANDLER: ("cases", "meetings", "figures", "mailbox"),
        Role.SUPERVISOR: ("cases", "meetings", "figures", "insight", "visits", "mailbox"),
        Role.PLANNER: ("plan", "insight", "visits"),
        Role.APPROVER: ("plan", "insight"),
        Role.OFFICIAL: ("insight", "figures", "meetings", "mailbox"),
        Role.ADMIN: ("admin", "flow"),
    }
)

#: what `style.LIGHTS` says of each light
_LIGHT: Final = ("fill", "ink", "text")
#: China, for a map of a county whose cells are not there yet
NOWHERE: Final[Bounds] = (73.5, 18.0, 135.1, 53.6)


@cache
def templates() -> Environment:
    """The pages' templates: everything is escaped, and a name that is not given is an error."""
    env = Environment(
        loader=PackageLoader("api.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}
    return env


@dataclass(frozen=True, slots=True)
class County:
    """What the pages say of the county: names in both languages, whether it is the demo, and where it lies."""

    name: str
    name_en: str
    is_demo: bool
    bounds: Bounds

    def title(self, lang: Lang) -> str:
        return (self.name_en or self.name) if lang == "en" else self.name


def county_of(ctx: Context) -> County:
    """The county's facts as they stand now."""
    with read(ctx.engine) as conn:
        facts = meta.facts(conn)
        name, name_en = county_names(conn)
        extent = ctx.grounds.on(conn, ctx.today()).extent
    return County(
        name=facts.get("county_name", name),
        name_en=facts.get("county_name_en", name_en),
        is_demo=facts.get("is_demo") == "1",
        bounds=extent or NOWHERE,
    )


def tiles_of(ctx: Context) -> Tiles | None:
    """The tile source of one's own, where the settings name one."""
    if ctx.settings.tile_url is None:
        return None
    return Tiles(crs=ctx.settings.tile_crs, attribution=ctx.settings.tile_attribution)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template. Every template gets `t` (words by key), `lang`, `asset`, `nonce`, `csrf` and `path`."""
    lang = language(request)
    assets = request.app.state.assets
    text = (
        templates()
        .get_template(template)
        .render(
            t=words(lang),
            lang=lang,
            tag=TAGS[lang],
            asset=assets.url,
            nonce=request.state.csp_nonce,
            csrf=auth.csrf_token(request),
            path=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            **values,
        )
    )
    headers = {"Vary": "Cookie, Accept-Language", "Content-Language": TAGS[lang]}
    return HTMLResponse(text, status, headers)


def composed(request: Request, county: County, tiles: Tiles | None) -> Composed:
    """The page's folium map, its assets under this build's lasting addresses."""
    assets = request.app.state.assets
    made = compose(county_map(county.bounds, tiles=tiles))

    def lasting(urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(assets.url("vendor/" + url.removeprefix(VENDOR)) for url in urls)

    return Composed(lasting(made.scripts), lasting(made.styles), made.html, made.script)


def page_data(name: str, county: County, lang: Lang, tiles: Tiles | None, **more: Any) -> dict[str, Any]:
    """What the page's scripts get as JSON: words, the look's numbers, the county; never a row of a person's."""
    return {
        "page": name,
        "lang": lang,
        "words": _client_words(lang),
        "map": MAP_ID,
        "county": {"name": county.title(lang), "bounds": county.bounds, "demo": county.is_demo},
        "look": {
            "lines": {key: line.as_dict() for key, line in style.LINES.items()},
            "lights": {
                name: dict(zip(_LIGHT, colours, strict=True))
                for name, colours in (*style.LIGHTS.items(), *style.ENDINGS.items())
            },
            "heat": list(style.HEAT_RAMP),
            "load": list(style.LOAD_RAMP),
            "glyphs": dict(style.ENTERPRISE_GLYPHS),
            "colours": {
                "land": style.LAND, "built_up": style.BUILT_UP, "water": style.WATER, "household": style.HOUSEHOLD,
                "accent": style.ACCENT, "ink": style.INK, "outside": style.OUTSIDE, "too_few": style.TOO_FEW,
            },
        },
        "tiles": None if tiles is None else {"crs": tiles.crs, "attribution": tiles.attribution},
        **more,
    }  # fmt: skip


def _client_words(lang: Lang) -> dict[str, str]:
    """The words that scripts use: all but those of templates alone ("page.")."""
    return {key: text for key, text in words(lang).items() if not re.match(r"page\.|problem_page\.", key)}
