"""The pages that need no log-in: /report and /track/{token}. The token stays in the address, and goes nowhere else."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.pages.frame import county_of, page, page_data
from api.pages.words import language
from gridmap.usecases import residents
from gridmap.usecases.context import Context


def add_to(pages: APIRouter) -> None:
    """Add both pages."""
    pages.add_api_route("/report", report_page, methods=["GET"])
    for path in ("/track/{token}", "/track"):
        pages.add_api_route(path, track_page, methods=["GET"])


def report_page(request: Request) -> Response:
    """The form of a report."""
    asset = request.app.state.assets.url
    leaflet = {"script": asset("vendor/leaflet.js"), "style": asset("vendor/leaflet.css")}
    return _shown(request, "report", categories=residents.categories(request.app.state.ctx), leaflet=leaflet)


def track_page(request: Request) -> Response:
    """Where a report stands, by the token at the end of the address. Whether there is one is the API's to say."""
    return _shown(request, "track")


def _shown(request: Request, name: str, **more: Any) -> Response:
    ctx: Context = request.app.state.ctx
    county, lang = county_of(ctx), language(request)
    facts = {"csrf": "", "today": ctx.today().isoformat(), "now": ctx.clock().isoformat()}
    data = page_data(name, county, lang, None, timezone=ctx.settings.timezone, **facts, **more)
    answer = page(request, "resident.html", county=county, current=name, data=data)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
