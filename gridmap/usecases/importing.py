"""A file into the database: read, matched with the kind's fields, parsed, loaded; what could not go in comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gridmap.files import KINDS, Reject, canonical, combined, parse_map, read_table
from gridmap.store import read
from gridmap.usecases.context import Context
from gridmap.usecases.imports.batch import Progress
from gridmap.usecases.imports.load import Loaded, load
from gridmap.view import View


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
    table = read_table(path, layer=options.layer, encoding=options.encoding)
    columns = [str(name) for name in table.frame.columns]
    mapping = combined(kind, columns, parse_map(options.columns, kind, columns))
    with read(ctx.engine) as conn:
        extent = ctx.grounds.on(conn, ctx.today()).extent
    parsed = canonical(
        kind,
        table,
        mapping,
        options.crs,
        extent,
        tz=ctx.settings.timezone,
        assume_ok=options.assume_ok,
        merge_same_code=options.merge_same_code,
    )
    loaded = load(ctx, kind, _told(kind, parsed.frame, mapping), view=view, progress=progress, dry_run=options.dry_run)
    rejects = sorted((*parsed.rejects, *loaded.rejects), key=lambda reject: reject.row)
    return Imported(mapping, (*table.warnings, *parsed.notes), loaded, tuple(rejects))


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
