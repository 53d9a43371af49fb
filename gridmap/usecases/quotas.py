"""Quotas of visits, set by whoever runs the platform: by area, or for one worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridmap.errors import InvalidInput, NotFound
from gridmap.people.visits import Quota
from gridmap.store import accounts, read, visits, write
from gridmap.store import tables as t
from gridmap.usecases.context import Context


def put(ctx: Context, quota: Quota, *, area: str | None = None, worker: str | None = None) -> None:
    """Give an area or a worker (by code) this quota in place of its old one. Raises InvalidInput, NotFound."""
    if quota.last_day < quota.first_day:
        raise InvalidInput(f"the last day, {quota.last_day}, comes before the first, {quota.first_day}", field="last")
    _change(ctx, area, worker, quota)


def drop(ctx: Context, *, area: str | None = None, worker: str | None = None) -> None:
    """Take a quota away; again has no effect. Raises InvalidInput, NotFound for an unknown code."""
    _change(ctx, area, worker, None)


def listed(ctx: Context) -> Sequence[Any]:
    """All quotas: area or worker (codes), first_day, last_day, least."""
    with read(ctx.engine) as conn:
        return visits.listed_quotas(conn)


def _change(ctx: Context, area: str | None, worker: str | None, quota: Quota | None) -> None:
    if (area is None) == (worker is None):
        raise InvalidInput("name either an area or a worker", field="area")
    table, code = (t.areas, area) if area is not None else (t.workers, worker)
    with write(ctx.engine) as conn:
        row_id = visits.id_by_code(conn, table, str(code))
        if row_id is None:
            raise NotFound(f"there is no {'area' if area is not None else 'worker'} {code!r}")
        visits.set_quota(conn, "area_id" if area is not None else "worker_id", row_id, quota)
        told = None if quota is None else [quota.least, quota.first_day, quota.last_day]
        accounts.audit(conn, ctx.clock(), None, "quota", f"{table.name}:{row_id}", {"quota": told})
