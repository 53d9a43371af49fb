"""The page /visits: a worker's plan of the month with the file of one household; for those above, counts of places."""

from __future__ import annotations

from fastapi import Request, Response

from api import auth
from api.deps import Signed
from api.pages.frame import PAGES, county_of, page, page_data
from api.pages.words import language
from gridmap.errors import Forbidden
from gridmap.usecases.helping import WATCHING
from gridmap.usecases.visiting import COUNTING
from gridmap.view import Role


def visits_page(request: Request, caller: Signed) -> Response:
    """The page /visits: there is no map in it, so it opens fast on a phone, too. Rows come from the API."""
    role, ctx = caller.account.role, caller.ctx
    if role is not Role.WORKER and role not in COUNTING:
        said = f"the page /visits is not for the role {role}; yours is /{PAGES[role][0]}"
        raise Forbidden(said, code="page_of_another_role")
    county = county_of(ctx)
    data = page_data(
        "visits", county, language(request), None,
        csrf=auth.csrf_token(request), today=ctx.today().isoformat(), now=ctx.clock().isoformat(),
        timezone=ctx.settings.timezone, watches=role in WATCHING,
    )  # fmt: skip
    name, pages = (
        ("visits.html", (*PAGES[role], "visits")) if role is Role.WORKER else ("visits-places.html", PAGES[role])
    )
    return page(request, name, county=county, me=caller.account, pages=pages, current="visits", data=data)
