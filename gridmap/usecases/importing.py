"""A file into the database: read, matched with the kind's fields, parsed, loaded; what could not go in comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gridmap.files import KINDS, Canon, Reject, Source, combined, open_source, parse_map
from gridmap.store import read
from gridmap.usecases.context import Context
from gridmap.usecases.imports.batch import Progress
from gridmap.usecases.imports.load import STREAMS, Loaded, load
from gridmap.view import View

#: rows of a register that are in memory together
AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read; what is None is found out."""

    columns: Sequence[str] = ()
    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    dry_run: bool = False
    #: take places that look swapped or elsewhere as they stand
    assume_ok: bool = False
    #: features of one code are the parts of one cell
    merge_same_code: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: which column was taken for what, notes, counts and rejects by row."""

    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    loaded: Loaded
    rejects: tuple[Reject, ...]


def import_file(
    ctx: Context,
    kind: str,
    path: Path,
    options: Options,
    *,
    view: View | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Import one file of a kind. InvalidInput when the file as a whole cannot be used; bad rows are rejects."""
    with open_source(path, layer=options.layer, encoding=options.encoding) as source:
        columns = [str(name) for name in source.head.frame.columns]
        mapping = combined(kind, columns, parse_map(options.columns, kind, columns))
        canon = Canon(
            kind, source.head, mapping, options.crs, _extent(ctx),
            tz=ctx.settings.timezone, assume_ok=options.assume_ok, merge_same_code=options.merge_same_code,
        )  # fmt: skip
        if canon.unsettled:
            canon.settle(source.tables(AT_ONCE, canon.unsettled))
        rejects = list(source.head.rejects)
        loaded = load(
            ctx, kind, _frames(kind, source, canon, mapping, rejects),
            total=source.count, view=view, progress=progress, dry_run=options.dry_run,
        )  # fmt: skip
    rejects += loaded.rejects
    rejects.sort(key=lambda reject: reject.row)
    return Imported(mapping, (*source.head.warnings, *canon.notes()), loaded, tuple(rejects))


def _extent(ctx: Context) -> tuple[float, float, float, float] | None:
    with read(ctx.engine) as conn:
        return ctx.grounds.on(conn, ctx.today()).extent


def _frames(
    kind: str, source: Source, canon: Canon, mapping: Mapping[str, str], rejects: list[Reject]
) -> Iterator[pd.DataFrame]:
    """The file's canonical frames; the rejects of each are added to the list."""
    for table in source.tables(AT_ONCE if kind in STREAMS else None):
        frame, faults = canon.take(table)
        rejects += [*table.rejects, *faults]
        yield _told(kind, frame, mapping)


def _told(kind: str, frame: pd.DataFrame, mapping: Mapping[str, str]) -> pd.DataFrame:
    """The frame without the fields that the file says nothing of, so that they are not emptied in rows already there.

    What was worked out for a field that no column gives (an area's level from its code) stays.
    """
    silent = [
        one.name
        for one in KINDS[kind].fields
        if one.name not in mapping
        and not one.required
        and (one.default is not None or bool(frame[one.name].isna().all()))
    ]
    if "geometry" in frame and frame["geometry"].isna().all():
        silent.append("geometry")
    return frame.drop(columns=silent)
