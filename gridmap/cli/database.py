"""`gridmap init`, `import` and `sweep`: the verbs that fill and keep the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gridmap.cli import output

if TYPE_CHECKING:
    from gridmap.usecases.context import Context
    from gridmap.usecases.importing import Imported


#: what can be imported; `usecases.imports.KINDS` without its imports, so that `--help` stays quick
Kinds = Literal[
    "areas", "bodies", "cells", "workers", "duties", "leaves", "categories", "households", "enterprises", "incidents",
    "blasts", "permits", "roads", "water", "places",
]  # fmt: skip


def open_here(*, ready: bool = True) -> Context:
    """The context of this process's environment; with `ready`, EnvironmentFault unless its schema is the newest."""
    from gridmap.errors import EnvironmentFault
    from gridmap.settings import Settings
    from gridmap.store import head, revision
    from gridmap.usecases.context import open_context

    ctx = open_context(Settings.from_env())
    if ready and revision(ctx.engine) != head():
        raise EnvironmentFault("the database is empty or of an older gridmap: `gridmap init` makes it ready, rows stay")
    return ctx


def init(
    serving_role: Annotated[
        str | None,
        typer.Option(help="PostGIS: the role that serves; it gets what it needs, and no more"),
    ] = None,
) -> None:
    """Create the database named by GRIDMAP_DATABASE_URL, or bring it to the newest schema; rows stay.

    Example: GRIDMAP_DATABASE_URL=sqlite:///county.sqlite gridmap init
    """
    from gridmap.store import revision
    from gridmap.store.roles import grant_serving_role
    from gridmap.usecases.setup import initialise

    ctx = open_here(ready=False)
    loaded = initialise(ctx)
    if serving_role is not None:
        grant_serving_role(ctx.engine, serving_role)
    output.say(f"ready at revision {revision(ctx.engine)}; {loaded.inserted} categories came in")


def import_(
    kind: Annotated[Kinds, typer.Argument(help="what the rows are")],
    file: Annotated[Path, typer.Argument(help="GeoPackage, GeoJSON, Shapefile (also zipped), xlsx, CSV or Parquet")],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="field=column, or field=:value for all rows")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="wgs84, gcj02, bd09 or EPSG:n, where the file does not say")] = None,
    layer: Annotated[str | None, typer.Option(help="layer or sheet, where there are several")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="encoding of the text, where the guess is wrong: GB18030, Big5 ...")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="write the rows that were turned away to this CSV")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="do all of it, then take it back")] = False,
    assume_ok: Annotated[bool, typer.Option("--assume-ok", help="take doubtful places as they stand")] = False,
    merge: Annotated[
        bool, typer.Option("--merge-same-code", help="features of one code are parts of one cell")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Bring a file into the database. Good rows go in, bad rows come back; running it again changes nothing.

    All of it is one transaction. With --dry-run see which columns were found, how its text was read and what would come
    back; where the encoding is in doubt, a few texts are shown as each one reads them.

    Example: gridmap import households homes.xlsx --map code=户号 --crs gcj02 --rejects rejects.csv
    """
    from gridmap.files import write_rejects
    from gridmap.usecases.importing import Options, import_file

    options = Options(tuple(columns or ()), crs, layer, encoding, dry_run, assume_ok, merge)
    with output.progress(f"importing {kind}", json=as_json) as advance:
        done = import_file(open_here(), kind, file, options, progress=advance)
    if rejects is not None:
        write_rejects(done.rejects, rejects)
    if as_json:
        output.print_json(_as_dict(done, dry_run))
    else:
        _tell(done, dry_run)
    if done.rejects:
        raise typer.Exit(1)


def _as_dict(done: Imported, dry_run: bool) -> dict[str, object]:
    from dataclasses import asdict

    loaded = done.loaded
    return {
        "kind": loaded.kind, "dry_run": dry_run, "columns": dict(done.mapping), "notes": list(done.notes),
        "inserted": loaded.inserted, "updated": loaded.updated, "unchanged": loaded.unchanged,
        "rejects": [asdict(reject) for reject in done.rejects],
    }  # fmt: skip


def _tell(done: Imported, dry_run: bool) -> None:
    output.say("columns: " + ", ".join(f"{field} = {column}" for field, column in done.mapping.items()))
    for note in done.notes:
        output.say(f"note: {note}")
    loaded = done.loaded
    output.say(
        f"{loaded.kind}: {loaded.inserted:,} new, {loaded.updated:,} changed, {loaded.unchanged:,} as before, "
        f"{len(done.rejects):,} turned away" + (" (dry run: nothing was kept)" if dry_run else "")
    )
    output.print_faults(done.rejects)


def sweep() -> None:
    """From cron, safe to run twice at once: remove what has had its day (read logs, messages, answers kept for repeated
    requests, ended sessions), place what stands where a drawing came into force, warn of what is due or late,
    resume, supervise and escalate, hand over for who is on leave, count again by a new calendar, and deliver messages.

    Example: gridmap sweep
    """
    from gridmap.usecases.sweeping import REMOVED
    from gridmap.usecases.sweeping import sweep as run

    for what, count in run(open_here()).items():
        output.say(f"{what}: {count:,}" + (" removed" if what in REMOVED else ""))
