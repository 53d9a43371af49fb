"""Who may see a row, as SQL. The rules are `gridmap.people.roles`; here a `Grant` is compiled for a list, and in `ties`
one row is read as the `Thing` that `roles.admits` judges. A property test holds the two together on both databases.

What a row is tied to, by kind:

| kind | cells | area | body | worker |
|---|---|---|---|---|
| incident | of the responsibility in force | of the responsibility in force | of the same | of the same |
| household, enterprise | its own | its cell's | its cell's | - |
| cell | itself | its own | its own | - |
| worker | of the duties in force on the day | its own | its own | itself |
| duty | its own | its cell's | its cell's | its own |
| area, body | - | itself, its own | - / itself | - |
| account | - | its own | its own | its own |
| meeting | - | its own | - | - |
| base map | - | - | - | - |

An open incident in no cell is tied to the account that entered it besides; any incident to the body that took it
first, to those whose help was asked while it is open, and to its area's supervisors while it waits for one; a meeting
to the bodies that sit at its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    false,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from gridmap.case.terms import ENDED, Status
from gridmap.store import tables as t
from gridmap.view import (
    AllOf,
    AnyOf,
    AtTable,
    Everything,
    FirstOfBody,
    Grant,
    HelpOf,
    InArea,
    InCells,
    Kind,
    Nothing,
    OfBody,
    OfWorker,
    Overdue,
    Raised,
    UnplacedBy,
    View,
)

#: the table that each kind's rows stand in; the base map has three, and no ties
TABLES: dict[Kind, Table] = {
    Kind.AREA: t.areas,
    Kind.BODY: t.bodies,
    Kind.CELL: t.cells,
    Kind.WORKER: t.workers,
    Kind.DUTY: t.duties,
    Kind.HOUSEHOLD: t.households,
    Kind.ENTERPRISE: t.enterprises,
    Kind.INCIDENT: t.incidents,
    Kind.ACCOUNT: t.accounts,
    Kind.MEETING: t.meetings,
}


def clause(
    view: View,
    kind: Kind,
    *,
    now: datetime | None = None,
    held: FromClause | None = None,
    still_open: bool = False,
) -> ColumnElement[bool]:
    """The rows of a kind that the View's scope admits, as a condition on the kind's table (see `TABLES`).

    `now` (aware; default: this moment) is what `Overdue` compares with. Rosters are read for the View's day. `held`:
    the responsibilities in force, where the query holds them beside the incidents: tested there, an area costs a list
    no more than the rows it walks, while PostgreSQL looks through all responsibilities for a condition of its own.
    `still_open`: the query asks for open incidents alone, so that what somebody held and has ended need not be read;
    the condition does not replace `is_open`.
    """
    return _Compiler(kind, view.as_of, now or datetime.now(UTC), held, still_open).of(view.scope.grant(kind))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a grant: its condition, as `clause` gives it beside `held`; and where who answers now decides alone,
    the ids of its incidents as the first column of a query of the responsibilities alone."""

    condition: ColumnElement[bool]
    ids: Select[Any] | None = None


def parts(view: View, now: datetime, held: FromClause, *, still_open: bool = False, ended: bool = False) -> list[Part]:
    """The parts of the View's grant for incidents, where each is of one person, cell, body, community or town, or of a
    supervisor, so that an index finds its cases; [] where one of them is wider. `still_open`: see `clause`; the ids
    are then of open ones. `ended`: the query asks for ended ones alone, none of which is overdue.
    """
    those = [one for one in _alternatives(view) if not (ended and isinstance(one, AllOf) and Overdue() in one.grants)]
    if not all(_is_town(one) or isinstance(one, AllOf) or _few(one) is not None for one in those):
        return []
    compiler = _Compiler(Kind.INCIDENT, view.as_of, now, held, still_open)
    return [Part(compiler.of(one), _holding(one, still_open) if _is_held(one) else None) for one in those]


def in_towns(view: View) -> bool:
    """Whether the View's grant for incidents is of a town, or wider."""
    return any(_is_town(one) or _few(one) is None for one in _alternatives(view))


def _alternatives(view: View) -> Sequence[Grant]:
    """Grants that together are the View's for incidents: a supervisor's what is overdue in the area, and what waits."""
    match view.scope.grant(Kind.INCIDENT):
        case AnyOf(grants):
            return grants
        case AllOf((InArea() as area, AnyOf(grants))):
            return [AllOf((area, one)) for one in grants]
        case grant:
            return (grant,)


def on_day(table: Table, day: date) -> ColumnElement[bool]:
    """Rows of a dated table (`valid_from`, `valid_to`) in force on a day."""
    return and_(table.c.valid_from <= day, or_(table.c.valid_to.is_(None), table.c.valid_to > day))


def is_open() -> ColumnElement[bool]:
    """Incidents for which something is still due. Written out, so that partial indexes are recognised."""
    return t.incidents.c.status.not_in([literal_column(f"'{status}'") for status in Status if status in ENDED])


def in_hand(r: Any) -> ColumnElement[bool]:
    """Responsibilities in force for what is open. Written out, so that partial indexes are recognised."""
    return and_(r.valid_to.is_(None), r.open == literal_column("1"))


def overdue(now: datetime) -> ColumnElement[bool]:
    """Open incidents whose whole time is used up."""
    return and_(is_open(), t.incidents.c.overdue_at < now)


def raised() -> ColumnElement[bool]:
    """Incidents that wait for a supervisor."""
    i = t.incidents.c
    return or_(i.extension_asked_at.is_not(None), i.appeal_at.is_not(None), i.supervised_at.is_not(None))


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Grants of one kind as conditions. With `held`, which only incidents have, each tests the row at hand."""

    kind: Kind
    day: date
    now: datetime
    held: FromClause | None
    still_open: bool

    def of(self, grant: Grant) -> ColumnElement[bool]:
        if self.held is not None and (beside := _of_held(grant, self.held.c)) is not None:
            return and_(beside, in_hand(self.held.c)) if self.still_open and _is_held(grant) else beside
        match grant:
            case Everything():
                return true()
            case AnyOf(grants):
                ids = self._each_few(grants) if self.kind is Kind.INCIDENT and self.held is None else None
                if ids is not None:
                    return t.incidents.c.id.in_(ids)
                return or_(false(), *map(self.of, grants))
            case AllOf(grants):
                return and_(true(), *map(self.of, grants))
            case InArea() | InCells() | OfBody() | OfWorker() if self.kind is Kind.INCIDENT:
                few = _few(grant, self.still_open)
                return t.incidents.c.id.in_(few) if few is not None else self._held(grant)
            case InArea(path):
                return _area(self.kind, path)
            case InCells(cell_ids):
                return _cells(self.kind, sorted(cell_ids), self.day) if cell_ids else false()
            case OfBody(body_id):
                return _body(self.kind, body_id)
            case OfWorker(worker_id):
                return _worker_is(self.kind, worker_id)
            case AtTable(body_id):
                s = t.seats.c
                seated = t.meetings.c.id.in_(select(s.meeting_id).where(s.body_id == body_id))
                return seated if self.kind is Kind.MEETING else false()
            case _:
                return self._of_cases(grant) if self.kind is Kind.INCIDENT else false()

    def _of_cases(self, grant: Grant) -> ColumnElement[bool]:
        """Grants that only incidents know; of any other, and of `Nothing`, none."""
        i, h = t.incidents.c, t.helpers.c
        match grant:
            case UnplacedBy(account_id):
                return _unplaced_by(i, account_id)
            case Overdue():
                return overdue(self.now)
            case FirstOfBody(body_id):
                return i.first_body_id == body_id
            case HelpOf(body_id):
                return i.id.in_(select(h.incident_id).where(h.body_id == body_id))
            case Raised():
                return raised()
            case _:
                return false()

    def _each_few(self, grants: Sequence[Grant]) -> Any:
        """The ids that some grants admit together; None where one of them is wide, or there are none."""
        named = [_few(one, self.still_open) for one in grants]
        return union_all(*named) if named and None not in named else None  # type: ignore[arg-type]

    def _held(self, grant: Grant) -> ColumnElement[bool]:
        """Incidents whose responsibility in force passes a grant that many pass: looked up case by case, so that a list
        of the newest ends where it is full. `_few` is for the others."""
        held = _holding(grant, self.still_open).where(_RESPONSIBLE.c.incident_id == t.incidents.c.id)
        return held.correlate(t.incidents).exists()


def _unplaced_by(i: Any, account_id: int) -> ColumnElement[bool]:
    """Written out, so that a partial index is recognised."""
    return and_(i.status == literal_column("'unplaced'"), i.account_id == account_id)


def _of_held(grant: Grant, r: Any) -> ColumnElement[bool] | None:
    """A grant as a test of the responsibility in force beside the incident; None for those that are none."""
    match grant:
        case InArea(path) if _is_town(grant):
            # the town stays in a case that nobody answers for any more
            town = select(t.areas.c.id).where(t.areas.c.path == path).scalar_subquery()
            return and_(t.incidents.c.town_id == town, r.incident_id.is_not(None))
        case InArea(path):
            return cast(ColumnElement[bool], r.area_id.in_(_inside(path)))
        case InCells(cell_ids):
            return cast(ColumnElement[bool], r.cell_id.in_(sorted(cell_ids)))
        case OfBody(body_id):
            return cast(ColumnElement[bool], r.body_id == body_id)
        case OfWorker(worker_id):
            return cast(ColumnElement[bool], r.worker_id == worker_id)
        case _:
            return None


#: made once: an alias of a wide table costs more than asking it
_RESPONSIBLE, _FEW = t.responsibilities.alias("held"), t.incidents.alias("few")

#: joins an incident with the responsibility for it that is in force
IN_FORCE = and_(t.responsibilities.c.incident_id == t.incidents.c.id, t.responsibilities.c.valid_to.is_(None))


def _holding(grant: Grant, still_open: bool) -> Select[Any]:
    """The ids of the incidents whose responsibility in force passes a grant that `_of_held` knows."""
    r = _RESPONSIBLE.c
    test = _of_held(grant, r)
    assert test is not None, grant
    return select(r.incident_id).where(in_hand(r) if still_open else r.valid_to.is_(None), test)


def _few(grant: Grant, still_open: bool = False) -> Select[Any] | None:
    """The ids of the incidents that a grant of one person's or body's admits, each read from an index; None for grants
    that are wider. An OR of such conditions would be tested on every case there is. `still_open`: see `clause`."""
    i = _FEW
    match grant:
        case Nothing():
            return select(i.c.id).where(false())
        case _ if _is_held(grant):
            return _holding(grant, still_open)
        case FirstOfBody(body_id):
            return select(i.c.id).where(i.c.first_body_id == body_id)
        case HelpOf(body_id):
            return select(t.helpers.c.incident_id).where(t.helpers.c.body_id == body_id)
        case UnplacedBy(account_id):
            return select(i.c.id).where(_unplaced_by(i.c, account_id))
        case _:
            return None


def _is_town(grant: Grant) -> bool:
    return isinstance(grant, InArea) and grant.depth == 2


def _is_held(grant: Grant) -> bool:
    """Whether who answers now decides alone, and each answers for few: one person, body or community, or some cells."""
    return isinstance(grant, InCells | OfBody | OfWorker) or (isinstance(grant, InArea) and grant.depth > 2)


def _of_cells(column: ColumnElement[Any], test: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows whose cell passes the test."""
    return column.in_(select(t.cells.c.id).where(test))


def _inside(path: str) -> Select[Any]:
    """The ids of an area and of those below it."""
    return select(t.areas.c.id).where(t.areas.c.path.startswith(path, autoescape=True))


def _area(kind: Kind, path: str) -> ColumnElement[bool]:
    inside = _inside(path)
    match kind:
        case Kind.HOUSEHOLD | Kind.ENTERPRISE | Kind.DUTY:
            return _of_cells(TABLES[kind].c.cell_id, t.cells.c.area_id.in_(inside))
        case Kind.AREA:
            return t.areas.c.id.in_(inside)
        case Kind.BASEMAP:
            return false()
        case _:
            return TABLES[kind].c.area_id.in_(inside)


def _cells(kind: Kind, cell_ids: list[int], day: date) -> ColumnElement[bool]:
    match kind:
        case Kind.HOUSEHOLD | Kind.ENTERPRISE | Kind.DUTY:
            return TABLES[kind].c.cell_id.in_(cell_ids)
        case Kind.CELL:
            return t.cells.c.id.in_(cell_ids)
        case Kind.WORKER:
            d = t.duties.c
            return t.workers.c.id.in_(select(d.worker_id).where(d.cell_id.in_(cell_ids), on_day(t.duties, day)))
        case _:
            return false()


def _body(kind: Kind, body_id: int) -> ColumnElement[bool]:
    match kind:
        case Kind.HOUSEHOLD | Kind.ENTERPRISE | Kind.DUTY:
            return _of_cells(TABLES[kind].c.cell_id, t.cells.c.body_id == body_id)
        case Kind.BODY:
            return t.bodies.c.id == body_id
        case Kind.CELL | Kind.WORKER | Kind.ACCOUNT:
            return TABLES[kind].c.body_id == body_id
        case _:
            return false()


def _worker_is(kind: Kind, worker_id: int) -> ColumnElement[bool]:
    match kind:
        case Kind.WORKER:
            return t.workers.c.id == worker_id
        case Kind.DUTY | Kind.ACCOUNT:
            return TABLES[kind].c.worker_id == worker_id
        case _:
            return false()
