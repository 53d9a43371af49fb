"""What is late just now by body and town: for the head of the page of figures, and for the weekly digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridmap.store import alarm, read
from gridmap.usecases.context import Context
from gridmap.usecases.counting import figures_view, reads_figures
from gridmap.usecases.scorelines import lines
from gridmap.view import Role, View

#: roles that open single cases by a reason alone: they are told the figures of their area
_FIGURES = frozenset({Role.OFFICIAL})
COUNTS = (*(str(light) for light in alarm.LATE), "soon")


@dataclass(frozen=True, slots=True)
class Late:
    """Rows of `code`, `name`, `name_en` (None: none) and `COUNTS`, the most urgent first; and all together."""

    bodies: Sequence[Mapping[str, Any]]
    towns: Sequence[Mapping[str, Any]]
    total: Mapping[str, int]


def late_now(ctx: Context, view: View) -> Late:
    """Open cases by light, of those that the caller may open; for officials of their area. By who answers now."""
    with read(ctx.engine) as conn:
        figures = view.actor is not None and view.actor.role in _FIGURES and reads_figures(view)
        rows = alarm.late(conn, figures_view(conn, view) if figures else view, ctx.clock())
        bodies, towns = (lines(conn, by, None) for by in ("body", "town"))
    by_body = _summed(rows, rows["body_id"].map(bodies.of), bodies.labels)
    by_town = _summed(rows, rows["area_id"].map(towns.of), towns.labels)
    return Late(by_body, by_town, {name: int(rows[name].sum()) for name in COUNTS})


def _summed(rows: pd.DataFrame, group: pd.Series, labels: Mapping[Any, Any]) -> list[dict[str, Any]]:
    summed = rows.groupby(group.rename("group"), dropna=False)[list(COUNTS)].sum()
    order = list(COUNTS)
    found = []
    for one, counts in summed.sort_values(order, ascending=False, kind="stable").iterrows():
        label = labels.get(one)
        named = {"code": None, "name": None, "name_en": None} if label is None else {
            "code": label.code, "name": label.name, "name_en": label.name_en,
        }  # fmt: skip
        found.append({**named, **{name: int(counts[name]) for name in order}})
    return found
