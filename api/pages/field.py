"""The worker's page `/field`: a static shell that a phone keeps, so nothing in it is about a person or a session.

The page is the same for everybody; who looks, and the day's work, come from the API by script. Its scripts and styles
are two files under the version of all of them together; a service worker keeps both languages of the page with them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api.pages.bundle import bundle
from api.pages.frame import County, county_of, page_data, templates, tiles_of
from api.pages.words import LANG_COOKIE, TAGS, language, words
from api.static import FOREVER, Assets
from gridmap.errors import NotFound
from layers import LANGS, Lang
from layers.map import VENDOR, Composed, Tiles, compose, county_map

MODULES: Final = (
    "dom", "glyphs", "http", "idb", "sealing", "pack", "held", "keeper", "drafts", "parts", "queue", "sync",
    "writing", "worker-update", "map", "pick", "changes", "shrink", "case-ties", "split", "act", "rule-words", "case",
    "waiting", "places", "whereabouts", "report-category", "report-extras", "report", "walk", "help-circle",
    "losses", "again", "today", "paper", "step", "own-map", "home-card", "sheet", "field",
)  # fmt: skip
STYLES: Final = (
    "vendor/leaflet.css", "css/tokens.css", "css/app.css", "css/map.css", "css/case.css", "css/field.css",
    "css/work.css", "css/phone.css",
)  # fmt: skip
ICONS: Final = ("icon.svg", "icon-180.png", "icon-192.png", "icon-512.png")
#: what the page's scripts say: the first parts of the keys of words
SPOKEN: Final = frozenset(
    {
        "act", "answer", "ask", "case", "channel", "clock", "code", "enterprise", "event", "field", "household",
        "housing", "light", "list", "loss", "mailbox", "map", "outcome", "phone", "pick", "problem", "reason",
        "reason_short", "report", "role", "rule", "split", "state", "status", "unit", "waiting",
    }
)  # fmt: skip
#: no inline script and no nonce: the page is kept, and a kept nonce protects nobody
POLICY: Final = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)  # fmt: skip
_YEAR_S: Final = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shell:
    """All that a phone keeps of the page. `files`: name -> (content, media type), asked for under the version."""

    version: str
    pages: Mapping[Lang, str]
    files: Mapping[str, tuple[bytes, str]]
    worker: str

    def address(self, name: str) -> str:
        return f"/field/{self.version}/{name}"


@lru_cache(maxsize=4)
def shell(county: County, tiles: Tiles | None, static: Path) -> Shell:
    """The shell of a county; `static`: the folder of the pages' files."""
    made = compose(county_map(county.bounds, tiles=tiles))
    files = _files(made, static)
    texts = {lang: _page(county, lang, tiles, made, "{version}") for lang in LANGS}
    source = (static / "js" / "field-sw.js").read_text("utf-8")
    digest = hashlib.sha256("".join([source, *texts.values()]).encode())
    for content, _ in files.values():
        digest.update(content)
    version = digest.hexdigest()[:12]
    pages = {lang: _page(county, lang, tiles, made, version) for lang in LANGS}
    # the shell's pages are asked for by their language, whatever the cookie says
    kept = [*(f"/field?lang={lang}" for lang in LANGS), *(f"/field/{version}/{name}" for name in files)]
    kept += ["/field.webmanifest", "/static/icon.svg"]
    head = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(kept)};\n"
    return Shell(version, pages, files, head + source)


def _files(made: Composed, static: Path) -> dict[str, tuple[bytes, str]]:
    """The page's scripts and styles; the map's scripts apart, so that the list is there before them."""
    vendored = [(static / "vendor" / url.removeprefix(VENDOR)).read_text("utf-8") for url in made.scripts]
    styles = "\n".join((static / name).read_text("utf-8") for name in STYLES)
    old = (static / "js" / "old.js").read_text("utf-8")
    return {
        "app.js": (bundle(static / "js", MODULES).encode(), "text/javascript"),
        "map.js": ("\n;\n".join([old, *vendored, made.script]).encode(), "text/javascript"),
        "app.css": (without_files(styles).encode(), "text/css"),
    }


def without_files(styles: str) -> str:
    """Style sheets without fonts and pictures: a phone takes its own fonts, and the page draws its signs itself."""
    bare = re.sub(r"@font-face\s*\{[^}]*\}", "", styles)
    return re.sub(r"[^;{}]*url\((?!#|['\"]?data:)[^)]*\)[^;}]*;?", "", bare)


def _page(county: County, lang: Lang, tiles: Tiles | None, made: Composed, version: str) -> str:
    data = page_data("field", county, lang, tiles, version=version)
    data["words"] = {key: text for key, text in data["words"].items() if key.partition(".")[0] in SPOKEN}
    base = f"/field/{version}/"
    return templates().get_template("field.html").render(
        t=words(lang), lang=lang, tag=TAGS[lang], county=county, map=made, data=data, base=base,
    )  # fmt: skip


def _shell_of(request: Request) -> Shell:
    ctx = request.app.state.ctx
    assets: Assets = request.app.state.assets
    return shell(county_of(ctx), tiles_of(ctx), Path(str(assets.directory)))


@router.get("/field")
def field_page(
    request: Request, lang: Annotated[Literal["zh", "en"] | None, Query(description="and from now on")] = None
) -> Response:
    """The page: the same for everybody, in the language that is asked for."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
    spoken = lang or language(request)
    answer = Response(
        _shell_of(request).pages[spoken],
        media_type="text/html",
        headers={**headers, "Content-Language": TAGS[spoken]},
    )
    if lang is not None and request.headers.get("sec-fetch-dest") == "document":
        secure = request.app.state.ctx.settings.secure_cookies
        answer.set_cookie(LANG_COOKIE, lang, max_age=_YEAR_S, samesite="lax", secure=secure, httponly=True)
    return answer


@router.get("/field/{version}/{name}")
def field_file(request: Request, version: str, name: str) -> Response:
    """A script or style sheet of the page. NotFound for another version: its page is loaded anew instead."""
    known = _shell_of(request)
    if version != known.version or name not in known.files:
        raise NotFound(f"there is no file {name} of this version: load the page again")
    content, kind = known.files[name]
    return Response(content, media_type=kind, headers={"Cache-Control": FOREVER})


@router.get("/field-sw.js")
def service_worker(request: Request) -> Response:
    """The service worker, which names its version and its files; a browser asks again whether it changed."""
    return Response(
        _shell_of(request).worker,
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'; connect-src 'self'"},
    )


@router.get("/field.webmanifest")
def manifest(request: Request) -> Response:
    """What a phone's home screen says of the page; without a language of its own, like the icon."""
    county = county_of(request.app.state.ctx)
    icons: list[dict[str, Any]] = [{"src": "/static/icon.svg", "type": "image/svg+xml", "sizes": "any"}]
    icons += [
        {"src": f"/static/icon-{size}.png", "type": "image/png", "sizes": f"{size}x{size}", "purpose": purpose}
        for size, purpose in ((192, "any"), (512, "any"), (512, "maskable"))
    ]
    content = {
        "id": "/field", "start_url": "/field", "scope": "/field", "display": "standalone", "orientation": "portrait",
        "name": county.title("zh") or words("zh")["page.product"], "short_name": words("zh")["page.nav.field"],
        "theme_color": "#FFFFFF", "background_color": "#FFFFFF", "lang": TAGS["zh"], "icons": icons,
    }  # fmt: skip
    headers = {"Cache-Control": "no-cache"}
    return Response(json.dumps(content, ensure_ascii=False), media_type="application/manifest+json", headers=headers)
