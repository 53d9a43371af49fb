"""In which order a page lists rows, and from which indexes one of incidents is filled until it is full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, any_, false, func, literal, or_, select, union_all

from gridmap.case.clock import Light
from gridmap.case.terms import ENDED
from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.store.filters import Asked, Filters, held
from gridmap.store.scope import Part, clause, in_towns, parts
from gridmap.store.scorecards import categories_in
from gridmap.view import AllOf, Kind


def asks_open(given: Filters) -> bool:
    """Whether the filters ask for open incidents alone."""
    return bool(given.get("open")) or "light" in given


def _asks_ended(given: Filters) -> bool:
    """Whether the filters ask for ended incidents alone."""
    status = given.get("status", ())
    asked = {status} if isinstance(status, str) else set(status)
    return given.get("open") is False or (bool(asked) and asked <= ENDED)


#: since when an incident shows a light, as its column says
_SINCE: Mapping[Any, Any] = {
    Light.YELLOW: t.incidents.c.yellow_at,
    Light.RED: t.incidents.c.red_at,
    Light.VERY_LATE: t.incidents.c.very_late_at,
}


#: later than any moment that is kept
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a page: by `since`, the latest first, where it is given, then by the key."""

    key: ColumnElement[int]
    descending: bool
    since: ColumnElement[Any] | None

    def columns(self) -> list[ColumnElement[Any]]:
        key = self.key.desc() if self.descending else self.key.asc()
        return [key] if self.since is None else [self.since.desc(), key]

    def apart(self) -> list[ColumnElement[Any]]:
        """The same for a box: not by the bare key, or SQLite would walk the table in its order instead of asking the
        spatial index."""
        return [*self.columns()[:-1], -self.key if self.descending else self.key + 0]

    def beyond(self, after: int) -> ColumnElement[bool]:
        """The rows behind the one with this id; all of them where that one has its moment no more, as a case that was
        closed meanwhile: what comes twice is seen, what is left out is not."""
        behind = self.key < after if self.descending else self.key > after
        if self.since is None:
            return behind
        row = t.incidents.alias("last_of_page")
        last = select(row.c[str(self.since.key)]).where(row.c.id == after).scalar_subquery()
        then = func.coalesce(last, literal(_LATEST, self.since.type))
        return and_(self.since <= then, or_(self.since < then, behind))


def order_of(key: ColumnElement[int], given: Filters, *, descending: bool) -> Order:
    """The order of a layer's page by its key and filters."""
    since = _SINCE.get(given.get("light"))
    if since is None and given.keys() & {"from", "to"}:
        since = t.incidents.c.received_at
    return Order(key, descending, since)


def branches(conn: Connection, asked: Asked, given: Filters, order: Order) -> list[list[Part]]:
    """Parts of which an index finds each in order: those of the scope, and of a town or a wider one in each of the
    categories asked for, which hold no case twice. [] where there is nothing to tell apart: an OR would be tested on
    every case there is."""
    still_open, by, held = asks_open(given), order.since is not None, t.responsibilities
    mine = parts(asked.view, asked.now, held, still_open=still_open, ended=_asks_ended(given))
    each_category = "category" in given and not by and in_towns(asked.view)
    wide = partial(clause, asked.view, Kind.INCIDENT, now=asked.now, held=held, still_open=still_open)
    if by and isinstance(asked.view.scope.grant(Kind.INCIDENT), AllOf):
        # tested on each row of the walk: PostgreSQL would collect and sort all that is overdue
        mine = [Part(func.coalesce(wide(), false()))]
    elif not mine and (by or each_category):
        mine = [Part(wide())]
    if each_category:
        ids = categories_in(conn, str(given["category"]))
        return [[Part(and_(t.incidents.c.category_id == one, part.condition)) for one in ids] for part in mine if ids]
    if given == {} or (still_open and given.keys() == {"open"}):
        return [[one] for one in mine]
    return [[replace(one, ids=None)] for one in mine]


def first(
    conn: Connection,
    some: Sequence[Sequence[Part]],
    where: Sequence[ColumnElement[bool]],
    order: Order,
    after: int | None,
    most: int,
) -> ColumnElement[bool]:
    """The first incidents of some branches together: each is read from its own index, no further than it is needed."""
    i = t.incidents.c.id
    columns = [i.label("id")] if order.since is None else [i.label("id"), order.since.label("since")]
    rows = select(*columns).select_from(held()).where(*where).order_by(*order.columns()).limit(most)
    each = [
        _merged(
            [rows.where(one.condition) if one.ids is None else _held_ids(one.ids, after, most) for one in apart], most
        )
        for apart in some
    ]
    ids = select(_merged(each, most, distinct=True).subquery().c.id)
    # as an array they are looked up one by one; of an IN, PostgreSQL may think that walking the table is less
    return i.in_(ids) if is_sqlite(conn) else i == any_(func.array(ids.scalar_subquery()))


def _merged(some: Sequence[Select[Any]], most: int, *, distinct: bool = False) -> Select[Any]:
    """The first rows of some queries, each in order, that hold no row twice unless `distinct`."""
    if len(some) == 1:
        return some[0]
    merged = union_all(*(select(one.subquery()) for one in some)).subquery()
    query = select(*merged.c).distinct() if distinct else select(*merged.c)
    return query.order_by(*(one.desc() for one in reversed(merged.c))).limit(most)


def _held_ids(ids: Select[Any], after: int | None, most: int) -> Select[Any]:
    """The newest of the ids that a part gives, behind `after`."""
    one = ids.selected_columns[0]
    found = ids.with_only_columns(one.label("id")).order_by(one.desc()).limit(most)
    return found if after is None else found.where(one < after)
