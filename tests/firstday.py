"""A drawing's first day in other processes: children that publish or apply, killed or not, and what must hold after."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import shapely
from sqlalchemy import event, func, select

from gridmap.errors import GridmapError
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.doctor import examine
from gridmap.store.scope import is_open
from gridmap.usecases import publishing
from tests.county import SmallCounty, open_county
from tests.redraw import publish

#: children begin as copies of a process that has imported all this and done nothing else: at once, and without threads
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.firstday"])
#: of which there is one sheet
PAIR = (t.handovers.c.plan_id, t.handovers.c.from_worker_id, t.handovers.c.to_worker_id)
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY)")


def url_of(county: SmallCounty) -> str:
    return str(county.ctx.engine.url.render_as_string(hide_password=False))


def die_at(county: SmallCounty, at: int) -> None:
    """This process is killed before its `at`-th statement that writes; 0: never."""
    seen = 0

    def watch(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        seen += bool(_WRITES.match(statement))
        if at and seen >= at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(county.ctx.engine, "before_cursor_execute", watch)


def child(work: str, url: str, now: Any, plan_id: int, at: int, ready: Any, go: Any, told: Any) -> None:
    """What a child does: "publish" the plan from today on, or "apply" what is due; its outcome goes to the queue."""
    county = open_county(url)
    county.clock.now = now
    die_at(county, at)
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
    county: SmallCounty, work: str, plan_ids: list[int], at: int = 0
) -> tuple[list[BaseProcess], Callable[[], None], Any]:
    """A child for each plan, all ready; a function that lets them begin together; the queue of what they say."""
    ready, go, told = CHILDREN.Semaphore(0), CHILDREN.Event(), CHILDREN.Queue()
    url, now = url_of(county), county.clock()
    children = [CHILDREN.Process(target=child, args=(work, url, now, one, at, ready, go, told)) for one in plan_ids]
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


def state(county: SmallCounty) -> tuple[Any, ...]:
    """All that publishing and its first day write."""
    counted = (t.cells, t.drawings, t.duties, t.responsibilities, t.handovers, t.events, t.outbox, t.audit)
    counts = tuple(county.one(select(func.count()).select_from(table)) for table in counted)
    homes = county.run(select(t.households.c.id, t.households.c.cell_id).order_by(t.households.c.id))
    ends = county.run(select(t.cells.c.id, t.cells.c.valid_to).order_by(t.cells.c.id))
    plans = county.run(select(t.plans.c.id, t.plans.c.status, t.plans.c.version).order_by(t.plans.c.id))
    return (*counts, *(tuple(map(tuple, rows)) for rows in (homes, ends, plans)))


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
