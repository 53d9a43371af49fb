"""The day's pack: what a worker on duty needs on a phone without a network, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from gridmap.errors import Forbidden
from gridmap.ground.measure import box_around
from gridmap.store import accounts, phones, read
from gridmap.store.spatial import Bbox
from gridmap.usecases import handing, mailbox
from gridmap.usecases.reading import Reader
from gridmap.usecases.visiting import MonthPlan, actor_worker, plan_of
from gridmap.view import Role

#: neighbours' outlines are there this far around one's own cells
AROUND_M = 300.0


@dataclass(frozen=True, slots=True)
class Day:
    """What the lists do not hold. `box`: around the worker's own cells, None where there are none."""

    worker_id: int
    made_at: datetime
    lease_until: datetime
    cells: list[dict[str, Any]]
    unit: dict[str, Any]
    visits: MonthPlan
    handovers: list[dict[str, Any]]
    unread: int
    box: Bbox | None
    #: ids of the cells in force, by code
    cell_ids: dict[str, int]


def day(reader: Reader, account: accounts.Account) -> Day:
    """The worker's day. Raises Forbidden for other roles. No reading is logged: see `api.routes.pack`."""
    if account.role is not Role.WORKER:
        raise Forbidden("the day's pack is for workers", code="no_pack")
    ctx, now = reader.ctx, reader.ctx.clock()
    with read(ctx.engine) as conn:
        cells = accounts.duty_cells(conn, account, ctx.today())
        worker_id = actor_worker(reader.view, conn)
        unit = phones.unit(conn, worker_id)
        visits = plan_of(ctx, conn, reader.view, ctx.today().replace(day=1))
        ground = ctx.grounds.on(conn, ctx.today())
    own = np.isin(ground.ids, [cell["id"] for cell in cells])
    box = box_around(ground.cells.geometry[own].to_numpy(), AROUND_M) if own.any() else None
    return Day(
        worker_id, now, now + timedelta(days=ctx.settings.lease_days), cells, unit, visits,
        handing.listed(ctx, reader.view, unsigned=True), mailbox.unread(ctx, reader.view), box,
        dict(zip(ground.cells["code"].tolist(), ground.id_list, strict=True)),
    )  # fmt: skip
