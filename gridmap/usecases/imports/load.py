"""`load`: one kind of canonical rows into the database, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.files.table import Reject
from gridmap.store import versions, write
from gridmap.store.accounts import audit
from gridmap.store.upsert import Upserted
from gridmap.usecases.context import Context
from gridmap.usecases.imports import basemap, cells, incidents, places, reference
from gridmap.usecases.imports.batch import Batch, Counted, Progress, silent
from gridmap.view import View


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file's rows. Running the same file again gives inserted = updated = 0."""

    kind: str
    inserted: int
    updated: int
    unchanged: int
    rejects: tuple[Reject, ...]


Loader = Callable[[Batch], Upserted]
Stream = Callable[[Context, Connection, Iterable[pd.DataFrame], int, Progress], Counted]

#: kinds whose rows are few enough to be looked at together
LOADERS: Mapping[str, Loader] = {
    "areas": reference.areas,
    "bodies": reference.bodies,
    "cells": cells.cells,
    "workers": reference.workers,
    "duties": reference.duties,
    "leaves": reference.leaves,
    "categories": reference.categories,
    "households": places.households,
    "enterprises": places.enterprises,
    "blasts": places.blasts,
    "permits": places.permits,
    "roads": basemap.roads,
    "water": basemap.water,
    "places": basemap.places,
}
#: kinds of which there may be millions: chunk by chunk
STREAMS: Mapping[str, Stream] = {"incidents": incidents.incidents}
KINDS = (*LOADERS, *STREAMS)


class _DryRun(Exception):
    """Ends a transaction that must not be kept."""


def load(
    ctx: Context,
    kind: str,
    rows: pd.DataFrame | Iterable[pd.DataFrame],
    *,
    total: int | None = None,
    view: View | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Loaded:
    """Bring canonical rows of a kind in (see `files.canonical` for their columns).

    One transaction: a kill leaves the state before or after. Rows that refer to what is not there are returned as
    rejects, the others go in. With `dry_run` all is done and then taken back. Rows may come as frames one after
    another, `total` in all; those of `STREAMS` are not kept together in memory.
    """
    if kind not in KINDS:
        raise InvalidInput(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}", field="kind")
    frames: Iterable[pd.DataFrame] = [rows] if isinstance(rows, pd.DataFrame) else rows
    count = len(rows) if isinstance(rows, pd.DataFrame) else total or 0
    with suppress(_DryRun), write(ctx.engine) as conn:
        if kind in STREAMS:
            done = STREAMS[kind](ctx, conn, frames, count, progress or silent)
        else:
            done = _together(ctx, conn, kind, frames, progress or silent, view)
        if dry_run:
            raise _DryRun
        if done.inserted or done.updated:
            if done.touched is None:
                versions.bump(conn, kind)
            else:
                versions.bump_rows(conn, kind, done.touched)
            figures = {"inserted": done.inserted, "updated": done.updated, "rejected": len(done.rejects)}
            account_id = view.actor.account_id if view and view.actor else None
            audit(conn, ctx.clock(), account_id, "import", kind, figures)
    return Loaded(kind, done.inserted, done.updated, done.unchanged, tuple(done.rejects))


def _together(
    ctx: Context, conn: Connection, kind: str, frames: Iterable[pd.DataFrame], progress: Progress, view: View | None
) -> Counted:
    """All rows at once."""
    rows = pd.concat(list(frames), ignore_index=True)
    batch = Batch(ctx, conn, rows, progress, view=view)
    done = LOADERS[kind](batch)
    fresh, changed = int(done.fresh.sum()), int(done.changed.sum())
    progress(len(rows), len(rows))
    return Counted(fresh, changed, len(done.ids) - fresh - changed, batch.rejects)
