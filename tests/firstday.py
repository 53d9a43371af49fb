"""A drawing's first day in other processes: children that publish or apply, killed or not, and what must hold after."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Table, event, func, select, text

from gridmap.errors import GridmapError
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.doctor import examine
from gridmap.store.scope import is_open
from gridmap.store.spatial import is_geometry, wkb
from gridmap.usecases import publishing
from tests.county import SmallCounty, open_county
from tests.redraw import publish

#: children begin as copies of a process that has imported all this and done nothing else: at once, and without threads
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.firstday"])
#: of which there is one sheet
PAIR = (t.handovers.c.plan_id, t.handovers.c.from_worker_id, t.handovers.c.to_worker_id)
#: all that publishing and the first day write, and what they must leave alone beside it
WRITTEN = (
    t.cells, t.drawings, t.plans, t.duties, t.households, t.enterprises, t.incidents, t.responsibilities, t.events,
    t.handovers, t.outbox, t.audit, t.versions,
)  # fmt: skip
#: these two are written by publishing alone, all others wait for the first day
DRAWN = ("cells", "drawings")
#: rows by table, see `contents`
Contents = dict[str, list[str]]
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|WITH\b.*?\bINSERT)", re.DOTALL)


def url_of(county: SmallCounty) -> str:
    return str(county.ctx.engine.url.render_as_string(hide_password=False))


@dataclass(frozen=True)
class Steps:
    """A child's steps, counted where its parent still sees them once it is dead.

    A step is a statement that writes, or the COMMIT of a transaction that did. `counts`: the steps begun in all, the
    writes begun since the last COMMIT, the COMMITs begun, and the step that was the first COMMIT. At step `at` (from 1;
    0: none) it calls `reached`, and with `halt` it goes no further.
    """

    counts: Any = field(default_factory=lambda: CHILDREN.Array("q", 4, lock=False))
    reached: Any = field(default_factory=lambda: CHILDREN.Semaphore(0))
    at: int = 0
    halt: bool = False

    def watch(self, county: SmallCounty) -> None:
        event.listen(county.ctx.engine, "before_cursor_execute", self._statement)
        event.listen(county.ctx.engine, "commit", self._commit)

    def leave(self, county: SmallCounty) -> None:
        event.remove(county.ctx.engine, "before_cursor_execute", self._statement)
        event.remove(county.ctx.engine, "commit", self._commit)

    def _statement(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if _WRITES.match(statement):
            self.counts[1] += 1
            self._step()

    def _commit(self, _conn: Any) -> None:
        if self.counts[1]:
            self.counts[1] = 0
            self.counts[2] += 1
            self.counts[3] = self.counts[3] or self.counts[0] + 1
            self._step()

    def _step(self) -> None:
        self.counts[0] += 1
        if self.at and self.counts[0] == self.at:
            self.reached.release()
            if self.halt:
                time.sleep(120)

    def place(self) -> str:
        """Where a child that publishes and applies is, or was when it died."""
        _, writes, commits, _ = self.counts
        if writes:
            return f"between the writes of {('publishing', 'the first day')[commits]}"
        return ("before the first write", "at the commit of publishing", "at the commit of the first day")[commits]


def child(work: str, url: str, now: Any, plan_id: int, steps: Steps, ready: Any, go: Any, told: Any) -> None:
    """What a child does: "publish" the plan from today on, or "apply" what is due; its outcome goes to the queue."""
    county = open_county(url)
    county.clock.now = now
    steps.watch(county)
    ready.release()
    go.wait(60)
    try:
        if work == "publish":
            publish(county, plan_id, county.ctx.today())
            told.put("done")
        else:
            told.put(publishing.apply_due(county.ctx))
    except GridmapError as fault:
        told.put(fault.code)


def start(
    county: SmallCounty, work: str, plan_ids: list[int], steps: Steps | None = None
) -> tuple[list[BaseProcess], Callable[[], None], Any]:
    """A child for each plan, all ready; a function that lets them begin together; the queue of what they say."""
    ready, go, told = CHILDREN.Semaphore(0), CHILDREN.Event(), CHILDREN.Queue()
    url, now, steps = url_of(county), county.clock(), steps or Steps()
    children = [CHILDREN.Process(target=child, args=(work, url, now, one, steps, ready, go, told)) for one in plan_ids]
    for one in children:
        one.start()
    for _ in children:
        assert ready.acquire(timeout=120)
    return children, go.set, told


def run(county: SmallCounty, work: str, plan_ids: list[int]) -> list[Any]:
    """What children say that do this at the same time."""
    children, begin, told = start(county, work, plan_ids)
    begin()
    said = [told.get(timeout=120) for _ in children]
    for one in children:
        one.join(60)
    return said


def counted(county: SmallCounty, plan_id: int) -> tuple[int, int, float]:
    """Publish a plan from today on, here: the steps of that, all of those with its first day, and the seconds from one
    to the next."""
    steps = Steps()
    steps.watch(county)
    since = time.perf_counter()
    publish(county, plan_id, county.ctx.today())
    apart_s = (time.perf_counter() - since) / steps.counts[0]
    steps.leave(county)
    return steps.counts[3], steps.counts[0], apart_s


def killed(county: SmallCounty, plan_id: int, at: int, after_s: float | None = None) -> str:
    """Where a child was that publishes and applies when it was killed: so long after its step `at` began, going on
    meanwhile; None: standing still before it. Returns once the database has seen it go."""
    steps = Steps(at=at, halt=after_s is None)
    (one,), begin, _ = start(county, "publish", [plan_id], steps)
    begin()
    while not steps.reached.acquire(timeout=0.05) and one.is_alive():
        pass
    time.sleep(after_s or 0)
    with suppress(ProcessLookupError):  # it may be done already: then the kill came after all
        os.kill(one.pid or 0, signal.SIGKILL)
    one.join()
    _alone(county)
    return steps.place()


def _alone(county: SmallCounty) -> None:
    """Wait until PostgreSQL has ended what the killed child had begun: a COMMIT under way is carried out."""
    if county.ctx.engine.dialect.name != "postgresql":
        return
    county.ctx.engine.dispose()
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 60
    while county.one(others) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.002)


# --- what must hold -------------------------------------------------------------------------------------------------


def contents(county: SmallCounty) -> Contents:
    """All rows of all tables that publishing and the first day write, as texts in order, without the ids that the
    database draws itself: a cell is named by its code and first day. So two counties can be compared."""
    c = t.cells.c
    cells = {row.id: f"{row.code}@{row.valid_from}" for row in county.run(select(c.id, c.code, c.valid_from))}
    return {table.name: sorted(_told(row, table, cells) for row in county.run(_whole(table))) for table in WRITTEN}


def _whole(table: Table) -> Any:
    """A query of a table's rows. Hashes hold ids, too; that chains are whole is for `doctor` to say."""
    lasting = {t.plans, t.households, t.enterprises, t.incidents}
    left_out = {"hash", "prev_hash"} | (set() if table in lasting else {"id"})
    columns = [column for column in table.c if column.name not in left_out]
    return select(*(wkb(one).label(one.name) if is_geometry(one.type) else one for one in columns))


def _told(row: Any, table: Table, cells: dict[int, str]) -> str:
    values = dict(row._mapping)
    of_cells = [one.name for one in table.c if any(key.column is t.cells.c.id for key in one.foreign_keys)]
    for name in of_cells:
        values[name] = cells.get(values[name])
    if table is t.events:
        data = json.loads(values["data"])
        values["data"] = data | {"cell_id": cells.get(data.get("cell_id"))}
    return repr(values)


def differing(one: Contents, other: Contents, names: Iterable[str] | None = None) -> list[str]:
    """Names of the tables that differ."""
    return [name for name in names or one if one[name] != other[name]]


def left_between(county: SmallCounty, status: str, before: Contents, after: Contents) -> list[str]:
    """Names of the tables that are neither as before nor as after, for a plan of this status; [] when all is whole."""
    now = contents(county)
    if status == "published":  # its drawing is written, and all that the first day writes is not
        waiting = set(now) - {*DRAWN, "plans", "audit", "versions"}
        return [*differing(now, after, DRAWN), *differing(now, before, sorted(waiting))]
    return differing(now, {"approved": before, "applied": after}[status])


def astray(county: SmallCounty) -> list[str]:
    """What is not as the drawing of today says, in words; [] once its first day is applied whole, and only once."""
    day = county.ctx.today()
    i, r = t.incidents.c, t.responsibilities.c
    with read(county.ctx.engine) as conn:
        ground = county.ctx.grounds.on(conn, day)
        homes = frame(conn, select(t.households.c.cell_id, t.households.c.geom))
        held = select(r.cell_id, i.geom).join(t.responsibilities, (r.incident_id == i.id) & r.valid_to.is_(None))
        cases = frame(conn, held.where(is_open(), i.status != "unplaced"))
        found = [one.code for one in examine(conn, day)]
        sheets = conn.execute(select(func.count()).select_from(t.handovers).group_by(*PAIR)).scalars().all()
        open_drawings = conn.execute(select(func.count()).where(t.drawings.c.valid_to.is_(None))).scalar_one()
    for name, rows in (("households", homes), ("cases", cases)):
        geom = rows["geom"].to_numpy(dtype=object)
        at = ground.cell_ids(shapely.get_x(geom), shapely.get_y(geom))
        own = rows["cell_id"].to_numpy(dtype=np.float64)
        # a case that was handed over by hand stays with its cell, as long as there is one
        wrong = at != own if name == "households" else ~np.isin(own, ground.ids)
        found += [f"{name} in another cell"] * bool(wrong.any())
    found += ["a sheet twice"] * bool(max(sheets, default=1) > 1)
    return found + ["two drawings in force"] * bool(open_drawings > 1)
