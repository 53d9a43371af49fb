"""Lists of cases that an account saved under a name: filters, never a word that was searched in texts."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from gridmap.errors import InvalidInput, NotFound
from gridmap.store import desk, read, write
from gridmap.usecases.context import Context
from gridmap.view import View

#: the filters of the page of cases, as its address holds them
NAMES = (
    "light", "waiting", "status", "category", "body", "cell", "open", "q", "area", "channel", "counted", "month",
    "in_area", "at_area", "first_body", "of_category", "from", "through", "ended",
)  # fmt: skip
LONGEST_NAME, LONGEST_QUERY, MOST = 40, 500, 50


def saved(ctx: Context, view: View) -> list[dict[str, Any]]:
    """The account's own lists by name: id, name, query."""
    with read(ctx.engine) as conn:
        return [dict(row._mapping) for row in desk.saved(conn, _account(view))]


def save(ctx: Context, view: View, name: str, query: str) -> dict[str, Any]:
    """Keep filters under a name, in place of those that had it.

    Raises InvalidInput for an unknown filter, a name or query of the wrong length, and for more lists than `MOST`.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(f"name: 1 to {LONGEST_NAME} characters", field="name")
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=False)
    unknown = sorted({key for key, _ in pairs} - set(NAMES))
    if unknown or len(query) > LONGEST_QUERY:
        known = ", ".join(NAMES)
        raise InvalidInput(f"query: up to {LONGEST_QUERY} characters of filters among {known}", field="query")
    account_id, kept = _account(view), urlencode(pairs)
    with write(ctx.engine) as conn:
        known_names = {row.name for row in desk.saved(conn, account_id)}
        if name not in known_names and len(known_names) >= MOST:
            raise InvalidInput(f"there are {MOST} saved lists, the most there may be; remove one first", field="name")
        view_id = desk.save(conn, account_id, name, kept, ctx.clock())
    return {"id": view_id, "name": name, "query": kept}


def forget(ctx: Context, view: View, view_id: int) -> None:
    """Remove one of the account's lists; NotFound where it is none of its."""
    with write(ctx.engine) as conn:
        if not desk.forget(conn, _account(view), view_id):
            raise NotFound("there is no such list, or none of yours")


def _account(view: View) -> int:
    assert view.actor is not None
    return view.actor.account_id
