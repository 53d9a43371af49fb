"""The lines of a scorecard: in which of them a case counts, how they are called, which filters list it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from gridmap.store import accounts, read, scorecards
from gridmap.store.behind import NONE
from gridmap.usecases.context import Context
from gridmap.view import View

#: what a card is told apart by, and the key that the ledger has for it; months are no key
BY: Mapping[str, str] = {
    "area": "area_id", "town": "area_id", "community": "area_id", "body": "body_id", "category": "category_id",
    "channel": "channel",
}  # fmt: skip
#: how a list of cases narrows itself to a line
_FILTERS: Mapping[str, str] = {"body_id": "first_body", "category_id": "of_category", "channel": "channel"}


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a line, and the filters that list exactly its cases."""

    code: str | None
    name: str | None
    name_en: str | None
    filters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lines:
    """`of`: the line by the value of `key`; `labels`: what each is called. Other values belong to no line."""

    key: str
    of: Mapping[Any, Any]
    labels: Mapping[Any, Label]

    @property
    def rest(self) -> Label:
        """What belongs to no line."""
        name = "at_area" if self.key == "area_id" else _FILTERS[self.key]
        return Label(None, None, None, {name: NONE})


def lines(conn: Connection, by: str, top: Mapping[str, Any] | None) -> Lines:
    """The lines of a card by one of `BY`. `top`: the area of the card, for those right below it."""
    key = BY[by]
    if key == "channel":
        codes = scorecards.channels(conn)
        return Lines(key, {one: one for one in codes}, {one: Label(one, None, None, {"channel": one}) for one in codes})
    labels = scorecards.labels(conn, key)
    if key == "area_id":
        return _of_areas(labels, "/" if top is None else str(top["path"]), by)
    named = {int(one): _label(labels.loc[at], {_FILTERS[key]: labels.loc[at, "code"]}) for at, one in _ids(labels)}
    return Lines(key, {one: one for one in named}, named)


def _of_areas(labels: pd.DataFrame, start: str, by: str) -> Lines:
    """Areas by the one above them that is a line; where there is none, what lies right in an area is a line itself."""
    paths = {str(path): int(one) for one, path in zip(labels["id"], labels["path"], strict=True)}
    depth = {"area": start.count("/") + 1, "town": 3, "community": 4}[by]
    of = {one: paths.get(_up_to(path, depth), one) for path, one in paths.items()}
    named = {}
    for at, one in _ids(labels):
        whole = str(labels.loc[at, "path"]).count("/") >= depth
        named[one] = _label(labels.loc[at], {"in_area" if whole else "at_area": labels.loc[at, "code"]})
    return Lines("area_id", of, named)


def _up_to(path: str, depth: int) -> str:
    """The part of a path with so many strokes: /1/2/3/ up to 3 gives /1/2/."""
    return "/".join(path.split("/")[:depth]) + "/"


def _ids(labels: pd.DataFrame) -> list[tuple[Any, int]]:
    return [(at, int(one)) for at, one in labels["id"].items()]


def _label(row: Any, filters: Mapping[str, Any]) -> Label:
    return Label(row["code"], row["name"], row["name_en"], {name: str(code) for name, code in filters.items()})


def choices(ctx: Context, view: View) -> dict[str, list[Mapping[str, Any]]]:
    """What a card may be narrowed to: the `towns` within the caller's area, and all `categories`, in order of code."""
    own = None
    with read(ctx.engine) as conn:
        if view.actor is not None and view.actor.area_id is not None:
            own = accounts.area_path(conn, view.actor.area_id)
        areas, kinds = scorecards.labels(conn, "area_id"), scorecards.labels(conn, "category_id")
    towns = areas[(areas["path"].str.count("/") == 3) & areas["path"].str.startswith(own or "/")]
    return {name: _told(rows) for name, rows in (("towns", towns), ("categories", kinds))}


def _told(rows: pd.DataFrame) -> list[Mapping[str, Any]]:
    listed: Any = rows.sort_values("code")[["code", "name", "name_en"]].to_dict("records")
    return list(listed)
