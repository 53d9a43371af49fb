"""`load`: one kind of canonical rows into the database, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from gridmap.errors import InvalidInput
from gridmap.files.table import Reject
from gridmap.store import versions, write
from gridmap.store.accounts import audit
from gridmap.store.upsert import Upserted
from gridmap.usecases.context import Context
from gridmap.usecases.imports import basemap, cells, incidents, places, reference
from gridmap.usecases.imports.batch import Batch, Progress
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
    "incidents": incidents.incidents,
    "roads": basemap.roads,
    "water": basemap.water,
    "places": basemap.places,
}
KINDS = tuple(LOADERS)


class _DryRun(Exception):
    """Carries the outcome out of a transaction that must not be kept."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded


def load(
    ctx: Context,
    kind: str,
    rows: pd.DataFrame,
    *,
    view: View | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Loaded:
    """Bring canonical rows of a kind in (see `files.canonical` for their columns).

    One transaction: a kill leaves the state before or after. Rows that refer to what is not there are returned as
    rejects, the others go in. With `dry_run` all is done and then taken back.
    """
    if kind not in LOADERS:
        raise InvalidInput(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}", field="kind")
    try:
        with write(ctx.engine) as conn:
            batch = Batch(ctx, conn, rows.reset_index(drop=True))
            if progress is not None:
                batch.progress = progress
            done = LOADERS[kind](batch)
            fresh, changed = int(done.fresh.sum()), int(done.changed.sum())
            loaded = Loaded(kind, fresh, changed, len(done.ids) - fresh - changed, tuple(batch.rejects))
            if dry_run:
                raise _DryRun(loaded)
            if fresh or changed:
                if kind == "incidents":
                    versions.bump_rows(conn, kind, done.ids[done.fresh | done.changed])
                else:
                    versions.bump(conn, kind)
                figures = {"inserted": fresh, "updated": changed, "rejected": len(batch.rejects)}
                account_id = view.actor.account_id if view and view.actor else None
                audit(conn, ctx.clock(), account_id, "import", kind, figures)
    except _DryRun as dry:
        return dry.loaded
    return loaded
