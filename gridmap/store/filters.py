"""What lists and figures may be narrowed by: one meaning of each filter for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, or_, select

from gridmap.case.clock import Light
from gridmap.errors import InvalidInput
from gridmap.store import tables as t
from gridmap.store.behind import Figure, behind
from gridmap.store.scope import IN_FORCE, is_open, on_day
from gridmap.view import Drawing, View

Filters = Mapping[str, Any]


#: years that every database and time zone can reckon with
YEARS = (1900, 2200)


@dataclass(frozen=True, slots=True)
class Asked:
    """By whom, when and in which time zone a filter is asked: days begin at its midnight."""

    view: View
    now: datetime
    zone: tzinfo = UTC

    def moment(self, value: date | datetime) -> datetime:
        """A moment as it is, a day as its first moment. Raises InvalidInput outside of `YEARS`."""
        if not YEARS[0] <= value.year < YEARS[1]:
            raise InvalidInput(f"the year {value.year} is none of a case: give one from {YEARS[0]} to {YEARS[1] - 1}")
        if isinstance(value, datetime):
            return value
        return datetime.combine(value, time(), self.zone)


Filter = Callable[[Any, Asked], ColumnElement[bool]]


def conditions(layer: str, filters: Filters, asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions of a layer's filters; None values are left out. Raises InvalidInput for a filter it has not."""
    known = FILTERS.get(layer, {})
    unknown = sorted(set(filters) - set(known))
    if unknown:
        raise InvalidInput(
            f"{layer} cannot be filtered by {', '.join(unknown)}; known: {', '.join(sorted(known)) or 'nothing'}",
            fields=unknown,
        )
    return [known[name](value, asked) for name, value in filters.items() if value is not None]


def light_is(light: Light, now: datetime) -> ColumnElement[bool]:
    """Open incidents that show this light, as `case.clock.Thresholds.light` says."""
    i = t.incidents.c

    def not_past(moment: ColumnElement[datetime | None]) -> ColumnElement[bool]:
        return or_(moment.is_(None), moment >= now)

    running = or_(i.paused_until.is_(None), i.paused_until <= now)
    on_time = (not_past(i.red_at), not_past(i.very_late_at))
    shown: Mapping[Light, tuple[ColumnElement[bool], ...]] = {
        Light.VERY_LATE: (i.very_late_at < now,),
        Light.RED: (i.red_at < now, not_past(i.very_late_at)),
        Light.PAUSED: (i.paused_until > now, *on_time),
        Light.YELLOW: (i.yellow_at <= now, running, *on_time),
        Light.GREEN: (or_(i.yellow_at.is_(None), i.yellow_at > now), running, *on_time),
    }
    return and_(is_open(), *shown[light])


def of_category(code: str) -> ColumnElement[bool]:
    """Incidents of a category or of one below it."""
    c = t.categories
    named = select(c.c.id).where(c.c.code == code).scalar_subquery()
    return t.incidents.c.category_id.in_(select(c.c.id).where(or_(c.c.code == code, c.c.parent_id == named)))


def held() -> FromClause:
    """Incidents beside the responsibility in force."""
    return t.incidents.outerjoin(t.responsibilities, IN_FORCE)


def incident_cell(view: View) -> ColumnElement[int | None]:
    """The cell an incident counts for: as drawn now that of who is responsible, as drawn then the one it came from.

    The query must hold `responsibilities` beside `incidents`, as `held` does.
    """
    return t.responsibilities.c.cell_id if view.drawing is Drawing.NOW else t.incidents.c.cell_id


def _cells_named(code: str) -> Any:
    """All drawings of a code."""
    return select(t.cells.c.id).where(t.cells.c.code == code)


def _in_cell(table: Table) -> Filter:
    return lambda code, _asked: table.c.cell_id.in_(_cells_named(code))


def _light(value: Any, asked: Asked) -> ColumnElement[bool]:
    try:
        return light_is(Light(value), asked.now)
    except ValueError:
        raise InvalidInput(f"light must be one of {', '.join(Light)}", field="light") from None


def _among(table: Table, column: str) -> Filter:
    """One value, or one of several."""

    def test(value: Any, _asked: Asked) -> ColumnElement[bool]:
        return table.c[column].in_([value] if isinstance(value, str) else list(value))

    return test


#: what waits for a supervisor, by the column that says since when
WAITING: Mapping[str, str] = {
    "extension": "extension_asked_at",
    "appeal": "appeal_at",
    "supervision": "supervised_at",
}


def _waiting(value: Any, _asked: Asked) -> ColumnElement[bool]:
    column = WAITING.get(str(value))
    if column is None:
        raise InvalidInput(f"waiting must be one of {', '.join(WAITING)}", field="waiting")
    return t.incidents.c[column].is_not(None)


def _in_area(code: str, _asked: Asked) -> ColumnElement[bool]:
    """Cells of an area or of one below it."""
    a, above = t.areas, t.areas.alias("above")
    below = select(a.c.id).join(above, a.c.path.startswith(above.c.path)).where(above.c.code == code)
    return t.cells.c.area_id.in_(below)


def _case_in_area(code: str, asked: Asked) -> ColumnElement[bool]:
    """Incidents of the cells of an area or of one below it."""
    return incident_cell(asked.view).in_(select(t.cells.c.id).where(_in_area(code, asked)))


def _behind(figure: Figure, asked: Asked) -> ColumnElement[bool]:
    return behind(figure, asked.now, asked.zone)


def _on_duty_in(code: str, asked: Asked) -> ColumnElement[bool]:
    """Workers on the roster of a cell on the View's day."""
    d = t.duties.c
    there = select(d.worker_id).where(d.cell_id.in_(_cells_named(code)), on_day(t.duties, asked.view.as_of))
    return t.workers.c.id.in_(there)


_INCIDENTS: Mapping[str, Filter] = {
    "category": lambda code, _asked: of_category(code),
    "channel": _among(t.incidents, "channel"),
    "area": _case_in_area,
    "figure": _behind,
    "status": _among(t.incidents, "status"),
    "light": _light,
    "cell": lambda code, asked: incident_cell(asked.view).in_(_cells_named(code)),
    "from": lambda day, asked: t.incidents.c.received_at >= asked.moment(day),
    "to": lambda day, asked: t.incidents.c.received_at < asked.moment(day),
    "number": _among(t.incidents, "number"),
    "ids": _among(t.incidents, "id"),
    "part_of": lambda whole_id, _asked: t.incidents.c.parent_id == whole_id,
    "waiting": _waiting,
    "open": lambda wanted, _asked: is_open() if wanted else ~is_open(),
}

#: by layer and name; "to" is the first day no longer included
FILTERS: Mapping[str, Mapping[str, Filter]] = {
    "areas": {"code": _among(t.areas, "code"), "level": _among(t.areas, "level")},
    "bodies": {"code": _among(t.bodies, "code"), "kind": _among(t.bodies, "kind"), "level": _among(t.bodies, "level")},
    "cells": {"code": _among(t.cells, "code"), "area": _in_area},
    "workers": {"code": _among(t.workers, "code"), "cell": _on_duty_in},
    "households": {"code": _among(t.households, "code"), "cell": _in_cell(t.households)},
    "enterprises": {
        "code": _among(t.enterprises, "code"),
        "kind": _among(t.enterprises, "kind"),
        "status": _among(t.enterprises, "status"),
        "cell": _in_cell(t.enterprises),
    },
    "incidents": _INCIDENTS,
    "roads": {"class": _among(t.roads, "class")},
    "water": {"class": _among(t.water, "class")},
    "places": {"class": _among(t.places, "class")},
}
