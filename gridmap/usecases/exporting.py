"""A kind's rows out of the database into a file that `import` reads back: for those inside, by somebody's rights.

What holds no person is the operator's to export. Households and incidents, and sealed fields of any kind, go out by
the rights of an account that serves them, for a reason; whoever holds the machine has no such right by that alone. Each
page is written to the read log before it is written to the file, so no file appears whose reading was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import Forbidden, InvalidInput, NotFound
from gridmap.files import KINDS
from gridmap.files.outgoing import Language, Layout, layout_of
from gridmap.files.pages import ENDINGS, SPATIAL, write_pages
from gridmap.files.write import writable_format
from gridmap.store import accounts, exports, read, subjects, write
from gridmap.store.exports import DATED, KIND_OF, Wanted
from gridmap.store.ground import areas_by_code
from gridmap.store.tables.people import REPORTER
from gridmap.usecases.accounts import account_name
from gridmap.usecases.context import Context
from gridmap.usecases.reading import LONGEST_REASON, PERSONAL, SHORTEST_REASON, view_for
from gridmap.usecases.readlog import Reading
from gridmap.view import AllOf, Audience, InArea, Kind, Nothing, Scope, View

Progress = Callable[[int, int], None]

#: under which name each personal field is sealed
_SEALED: Mapping[str, Mapping[str, str]] = {
    "workers": {"phone": "contact_phone"},
    "households": {"contact_name": "contact_name", "contact_phone": "contact_phone"},
    "incidents": {name: name for name in ("text", *REPORTER)},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows, and how they are written.

    `area`: code of an area, for the rows in it and below it. `day`: cells and duties in force on it (None: today), or
    with `every_day` of all days. `first`, `end`: incidents received from one day up to, not including, the other.
    `personal`: with sealed fields.
    """

    area: str | None = None
    day: date | None = None
    every_day: bool = False
    first: date | None = None
    end: date | None = None
    personal: bool = False
    language: Language = "en"
    crs: str = "wgs84"


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into the file."""

    kind: str
    rows: int
    columns: tuple[str, ...]
    personal: bool
    notes: tuple[str, ...] = field(default=())


def export_file(
    ctx: Context,
    kind: str,
    path: Path,
    choice: Choice,
    *,
    username: str | None = None,
    reason: str | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write the rows of a kind; the format follows the name's ending (see `files.pages.write_pages`).

    Forbidden: personal rows without an account whose role serves them, or without a reason. NotFound: no such account
    or area. InvalidInput: a choice that this kind does not know, and what the format cannot hold.
    """
    spatial = writable_format(path, ENDINGS) in SPATIAL
    _check(kind, choice)
    view = _in_area(ctx, kind, _view(ctx, kind, choice, username, reason), choice.area)
    layout = layout_of(
        KINDS[kind], personal=choice.personal, language=choice.language, crs=choice.crs, spatial=spatial, zone=ctx.zone
    )
    wanted = _wanted(ctx, kind, choice)
    personal = KIND_OF[kind] in PERSONAL or choice.personal
    work = _Work(ctx, kind, view, wanted, layout, personal, choice.personal, progress)
    with read(ctx.engine) as conn:
        left_out = work.total(conn, Wanted()) - work.total(conn, wanted) if kind in DATED else 0
        rows = write_pages(work.pages(conn), path, layout, private=personal)
    notes = (f"{left_out:,} {kind} of other days are left out; --all takes them too.",) if left_out else ()
    return Exported(kind, rows, (*(one.heading for one in layout.columns), *layout.place), personal, notes)


# --- which rows -----------------------------------------------------------------------------------------------------


def _check(kind: str, choice: Choice) -> None:
    """InvalidInput for a choice that this kind does not know."""
    if kind not in KINDS:
        raise InvalidInput(f"{kind!r} cannot be exported; the kinds are {', '.join(KINDS)}.", code="unknown_kind")
    if choice.personal and kind not in _SEALED:
        raise InvalidInput(f"{kind} hold nothing personal: leave --with-personal out.", field="personal")
    if (choice.day is not None or choice.every_day) and kind not in DATED:
        raise InvalidInput(f"{kind} are not dated: only {' and '.join(sorted(DATED))} are those of a day.", field="day")
    if (choice.first is not None or choice.end is not None) and kind != "incidents":
        raise InvalidInput(f"{kind} were not received on a day: only incidents have a span of days.", field="first")
    if choice.first is not None and choice.end is not None and choice.first >= choice.end:
        raise InvalidInput("the first day must lie before the one that is no longer included", field="end")
    if choice.area is not None and KIND_OF[kind] is Kind.BASEMAP:
        raise InvalidInput(f"{kind} belong to no area: leave --area out.", field="area")


def _wanted(ctx: Context, kind: str, choice: Choice) -> Wanted:
    def begins(day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time(), ctx.zone)

    day = None if choice.every_day or kind not in DATED else choice.day or ctx.today()
    return Wanted(day, begins(choice.first), begins(choice.end))


def _view(ctx: Context, kind: str, choice: Choice, username: str | None, reason: str | None) -> View:
    """By whose rights: the account's, or for what holds no person the platform's."""
    personal = KIND_OF[kind] in PERSONAL or choice.personal
    why = (reason or "").strip()
    if personal and (username is None or not SHORTEST_REASON <= len(why) <= LONGEST_REASON):
        raise Forbidden(
            f"{kind if not choice.personal else 'sealed fields'} are about persons: say by whose rights and why, with "
            f"--as USERNAME and --reason ({SHORTEST_REASON} to {LONGEST_REASON} characters). Both go to the read log.",
            code="reason_required",
        )
    if username is None:
        return View.system(ctx.today())
    with read(ctx.engine) as conn:
        known = accounts.credentials(conn, account_name(username))
        if known is None:
            raise NotFound(f"there is no account {username} in use")
        view = view_for(conn, known[0], ctx.today(), why or None)
    if view.scope.grant(KIND_OF[kind]) == Nothing() or (personal and view.audience is not Audience.DUTY):
        raise Forbidden(f"the role {known[0].role} reads no {kind}" + (" in person" if personal else ""))
    return view


def _in_area(ctx: Context, kind: str, view: View, code: str | None) -> View:
    """The View narrowed to an area."""
    if code is None:
        return view
    with read(ctx.engine) as conn:
        found = areas_by_code(conn).get(code)
    if found is None:
        raise NotFound(f"there is no area with the code {code}")
    row = KIND_OF[kind]
    return replace(view, scope=Scope({row: AllOf((view.scope.grant(row), InArea(found.path)))}))


# --- reading them ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    """One export on its way."""

    ctx: Context
    kind: str
    view: View
    wanted: Wanted
    layout: Layout
    #: whether rows are about persons, and whether sealed fields are opened
    personal: bool
    opened: bool
    progress: Progress | None

    def total(self, conn: Connection, wanted: Wanted) -> int:
        return exports.count(conn, self.view, self.kind, wanted, self.ctx.clock())

    def pages(self, conn: Connection) -> Iterator[pd.DataFrame]:
        """The rows, sealed fields opened where they are wanted; each page is logged before it is handed on."""
        total, done = self.total(conn, self.wanted), 0
        for page in exports.pages(conn, self.view, self.kind, self.wanted, self.ctx.clock()):
            self._log(page)
            yield self._with_sealed(conn, page)
            done += len(page)
            if self.progress is not None:
                self.progress(done, total)
        self._audit(done)

    def _with_sealed(self, conn: Connection, page: pd.DataFrame) -> pd.DataFrame:
        if not self.opened:
            return page
        ids = [None if pd.isna(one) else int(one) for one in page["subject_id"].tolist()]
        boxes = subjects.open_many(conn, self.ctx.vault, [one for one in ids if one is not None])
        told = [boxes.get(one, {}) if one is not None else {} for one in ids]
        added: dict[str, Any] = {
            name: pd.Series([one.get(sealed) for one in told], index=page.index, dtype=object)
            for name, sealed in _SEALED[self.kind].items()
        }
        if self.kind == "households":  # a contact is kept only where there was consent
            added["contact_consent"] = pd.Series([int(bool(one)) for one in told], index=page.index, dtype="int64")
        return page.assign(**added)

    def _log(self, page: pd.DataFrame) -> None:
        actor = self.view.actor
        if not self.personal or actor is None or page.empty:
            return
        now, ids = self.ctx.clock(), page["id"].tolist()
        row = Reading(now, actor.account_id, f"gridmap export {self.kind}", KIND_OF[self.kind], ids, self.view.reason)
        with write(self.ctx.engine) as conn:
            accounts.add_readings(conn, [row.row()])

    def _audit(self, rows: int) -> None:
        account_id = self.view.actor.account_id if self.view.actor else None
        with write(self.ctx.engine) as conn:
            accounts.audit(
                conn, self.ctx.clock(), account_id, "export", self.kind, {"rows": rows, "sealed": int(self.opened)}
            )
