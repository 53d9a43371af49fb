"""The page /figures: scorecards to read, print and follow down to the cases; and what /cases says of a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, Field, ValidationError

from api import auth
from api.deps import Caller, Signed
from api.pages.frame import PAGES, county_of, page, page_data
from api.pages.words import language
from api.schemas.common import Code
from api.schemas.queries import IncidentQuery
from api.schemas.scorecards import CardQuery
from gridmap.case.ratios import SMALL
from gridmap.case.scorecard import PARTS, shifted
from gridmap.errors import Forbidden, GridmapError
from gridmap.reports import month as monthly
from gridmap.usecases import scoring
from gridmap.usecases.alarm import late_now
from gridmap.usecases.reports import render
from gridmap.usecases.scoredocs import document
from gridmap.usecases.scorelines import choices
from gridmap.view import Role

router = APIRouter(include_in_schema=False)

#: months to choose from
MONTHS: Final = 24
#: lights of what is late, the worst first
LATE: Final = ("very_late", "red", "yellow")
#: rows of what is late that are shown at once
LATE_SHOWN: Final = 8
#: counts of a line, in the order of the table
COLUMNS: Final = ("accepted", "due", "disposed", "on_time", "open_overdue", "closed", "satisfied")
#: ratios beside these counts
SHARES: Final = {"disposed": "disposal", "on_time": "on_time", "satisfied": "satisfaction"}
_TYPES: Final = {
    "pdf": "application/pdf", "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
_PRIVATE: Final = {"Cache-Control": "private, no-store"}


def _chosen_or_none(value: Any) -> Any:
    return value or None


#: what an empty choice of the form leaves out
Chosen = BeforeValidator(_chosen_or_none)


class PageQuery(CardQuery):
    """Which card: the current month where none is named. The form sends what is not chosen as nothing."""

    month: Annotated[str | None, Chosen, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = None  # type: ignore[assignment]
    area: Annotated[Code | None, Chosen] = None
    category: Annotated[Code | None, Chosen] = None


class ReportQuery(PageQuery):
    """The same as a file."""

    format: Literal["pdf", "xlsx", "html"] = "pdf"


@router.get("/figures")
def figures(request: Request, caller: Signed, query: Annotated[PageQuery, Query()]) -> Response:
    """The scorecard of a month; every count is a link to the cases behind it, for those who have the page of cases."""
    role, ctx = caller.account.role, caller.ctx
    told, lang = _card(caller, query), language(request)
    links = _Links(told, "cases" in PAGES[role], query)
    asked = {"month": told["month"], "by": query.by, "area": query.area, "category": query.category}
    given = {name: value for name, value in asked.items() if value is not None}
    late: dict[str, Any] = {
        "late": late_now(ctx, caller.view), "late_shown": LATE_SHOWN, "soon": role is not Role.SUPERVISOR,
        "lights": LATE[:2] if role is Role.SUPERVISOR else LATE,  # a supervisor opens what is late, and no more
    }  # fmt: skip
    shown: dict[str, Any] = {
        "card": told, "charts": monthly.drawings(told, lang), "said": monthly.words(lang), "links": links,
        "sentences": monthly.sentences(told, lang), "parts": PARTS, "columns": COLUMNS, "shares": SHARES,
        "small": SMALL, "history": list(told["history"].items())[-scoring.MONTHS:][::-1], "shifted": shifted,
        "name": lambda thing: monthly.name_of(thing, lang), "hours": lambda n: monthly.lasting(n, lang),
    }  # fmt: skip
    form: dict[str, Any] = {
        "asked": asked, "choices": choices(ctx, caller.view),
        "months": [shifted(_now(caller), -back) for back in range(MONTHS)],
        "reports": {one: f"/figures/report?{urlencode({**given, 'format': one})}" for one in _TYPES},
    }  # fmt: skip
    county = county_of(ctx)
    data = page_data("figures", county, lang, None, csrf=auth.csrf_token(request), timezone=ctx.settings.timezone)
    frame: dict[str, Any] = {
        "county": county, "me": caller.account, "pages": PAGES[role], "current": "figures", "data": data
    }  # fmt: skip
    return page(request, "figures.html", **frame, **form, **shown, **late)


@router.get("/figures/report")
def report(request: Request, caller: Signed, query: Annotated[ReportQuery, Query()]) -> Response:
    """The same card as the monthly report."""
    told = _card(caller, query)
    made = render(told, f".{query.format}", language(request))
    name = f"{told['month']}-{told['by']}.{query.format}"
    # HTML is a file with its own styles, which our policy for pages would not let it have
    shown = "attachment" if query.format == "html" else "inline"
    headers = {**_PRIVATE, "Content-Disposition": f'{shown}; filename="{name}"'}
    return Response(made, media_type=_TYPES[query.format], headers=headers)


def figure_asked(request: Request, caller: Caller) -> dict[str, Any] | None:
    """What the page of cases says of the figure that its address names: how many cases it counts; None without one."""
    given = {name: value for name, value in request.query_params.items() if name in IncidentQuery.model_fields}
    try:
        query = IncidentQuery.model_validate(given)
        figure = query.figure()
        if figure is None:
            return None
        return {"count": scoring.count_of(caller.ctx, caller.view, figure, query.filters())}
    except (ValidationError, GridmapError):
        return None  # the list says what is wrong with it


def _card(caller: Caller, query: PageQuery) -> dict[str, Any]:
    role = caller.account.role
    if "figures" not in PAGES[role]:
        said = f"the page /figures is not for the role {role}; yours is /{PAGES[role][0]}"
        raise Forbidden(said, code="page_of_another_role")
    month = query.month or _now(caller)
    return document(scoring.card(caller.ctx, caller.view, month, query.by, area=query.area, category=query.category))


def _now(caller: Caller) -> str:
    return caller.ctx.clock().astimezone(caller.ctx.zone).strftime("%Y-%m")


class _Links:
    """Addresses of the lists behind figures."""

    def __init__(self, card: Mapping[str, Any], there: bool, query: PageQuery) -> None:
        self._there = there
        self._base: dict[str, str] = {}
        if card["area"] is not None and (card["body"] is None or query.area is not None):
            self._base["in_area"] = card["area"]["code"]
        if card["body"] is not None:
            self._base["first_body"] = card["body"]["code"]
        if query.category is not None:
            self._base["category"] = query.category

    def behind(self, line: Mapping[str, Any], counted: str, count: int, month: str | None = None) -> str | None:
        """The cases that a count of a line counts; None for no case, and for who has no page of cases."""
        if not count or not self._there:
            return None
        return "/cases?" + urlencode(
            {"counted": counted, "month": month or line["month"], **self._base, **line["filters"]}
        )

    def late(self, light: str, count: int, **where: str | None) -> str | None:
        """The open cases that show a light, of a body or a town."""
        if not count or not self._there or None in where.values():
            return None
        return "/cases?" + urlencode({"light": light, **where})
