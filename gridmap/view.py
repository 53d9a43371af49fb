"""View: who looks, how far, at which day, in which drawing of the cells, for what use.

Every query, layer, tile, job and cache key takes one. So "as it was drawn then", "only my cells" and
"for publication" are one mechanism, not three. A `Scope` holds one `Grant` for each kind of row; a grant is a value
that `people.roles.admits` evaluates for one thing and `store.scope` compiles to SQL for a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Self


class Role(StrEnum):
    """What an account may be; see `people.roles` for what each may do."""

    WORKER = "worker"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    PLANNER = "planner"
    APPROVER = "approver"
    OFFICIAL = "official"
    ADMIN = "admin"


class Kind(StrEnum):
    """Kinds of rows that a scope speaks of."""

    AREA = "area"
    BODY = "body"
    CELL = "cell"
    WORKER = "worker"
    DUTY = "duty"
    HOUSEHOLD = "household"
    ENTERPRISE = "enterprise"
    INCIDENT = "incident"
    BASEMAP = "basemap"
    ACCOUNT = "account"
    MEETING = "meeting"


class Audience(StrEnum):
    """For what use: exact rows for those who serve, exact counts inside, audited counts for all that leaves."""

    DUTY = "duty"
    FIGURES = "figures"
    RELEASE = "release"


class Drawing(StrEnum):
    """In which drawing of the cells a figure is read."""

    NOW = "now"
    THEN = "then"


@dataclass(frozen=True, slots=True)
class Nothing:
    """No row."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every row of the kind."""


@dataclass(frozen=True, slots=True)
class InArea:
    """Rows in the area with this path or below it; a path is "/1/5/23/" (area ids from the county down)."""

    path: str

    @property
    def depth(self) -> int:
        """1 for a county, 2 for a town, 3 for a community; 0 for all."""
        return max(self.path.count("/") - 1, 0)


@dataclass(frozen=True, slots=True)
class InCells:
    """Rows for which one of these cells is responsible."""

    cell_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class OfBody:
    """Rows for which this body is responsible."""

    body_id: int


@dataclass(frozen=True, slots=True)
class OfWorker:
    """Rows for which this worker is responsible."""

    worker_id: int


@dataclass(frozen=True, slots=True)
class UnplacedBy:
    """Open incidents outside all cells that this account entered: whoever set the pin can mend it."""

    account_id: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """Open rows past their due time."""


@dataclass(frozen=True, slots=True)
class FirstOfBody:
    """Cases that this body was the first to take: it stays responsible until the end."""

    body_id: int


@dataclass(frozen=True, slots=True)
class HelpOf:
    """Open cases for which this body was asked for help."""

    body_id: int


@dataclass(frozen=True, slots=True)
class Raised:
    """Cases that wait for a supervisor: more time was asked for, there is an appeal, or a supervision is open."""


@dataclass(frozen=True, slots=True)
class AtTable:
    """Joint meetings at which this body has a seat."""

    body_id: int


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Rows that at least one of the grants admits."""

    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Rows that each of the grants admits."""

    grants: tuple[Grant, ...]


Grant = (
    Nothing
    | Everything
    | InArea
    | InCells
    | OfBody
    | OfWorker
    | UnplacedBy
    | Overdue
    | FirstOfBody
    | HelpOf
    | Raised
    | AtTable
    | AnyOf
    | AllOf
)


@dataclass(frozen=True, slots=True)
class Actor:
    """The account that looks, with what its role is tied to."""

    account_id: int
    name: str
    role: Role
    worker_id: int | None = None
    body_id: int | None = None
    area_id: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """How far somebody sees: one grant for each kind; a kind not named is Nothing."""

    grants: Mapping[Kind, Grant] = field(default_factory=dict)

    def grant(self, kind: Kind) -> Grant:
        return self.grants.get(kind, Nothing())


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, how far, at which day, in which drawing, for what use."""

    actor: Actor | None
    scope: Scope
    as_of: date
    drawing: Drawing = Drawing.NOW
    audience: Audience = Audience.DUTY
    #: why personal data is read, where a reason is asked for; it is written to the read log
    reason: str | None = None

    def for_use(self, audience: Audience) -> Self:
        """The same looker, for another use."""
        return replace(self, audience=audience)

    @classmethod
    def system(cls, as_of: date) -> Self:
        """The platform itself: assignment, imports, jobs. Never given to a request."""
        return cls(actor=None, scope=Scope({kind: Everything() for kind in Kind}), as_of=as_of)
