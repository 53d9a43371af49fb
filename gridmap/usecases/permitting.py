"""A file of permits, sent by somebody who leads joint meetings: good rows in, bad rows back."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, Final

from gridmap.errors import Forbidden, InvalidInput
from gridmap.people.roles import can
from gridmap.usecases.context import Context
from gridmap.usecases.importing import Options, import_file
from gridmap.view import View

ENDINGS: Final = (".csv", ".xlsx")
#: rows turned away that an answer lists; it counts them all
MOST_REJECTS: Final = 200


def bring(ctx: Context, view: View, name: str, content: bytes, *, dry_run: bool = False) -> dict[str, Any]:
    """Import a file of permits (see docs/import.md): {inserted, updated, unchanged, turned_away, rejects}.

    A permit is known by its enterprise and number; the same file again changes nothing. With `dry_run` all is done and
    then taken back. Raises Forbidden, and InvalidInput where the file as a whole cannot be used.
    """
    if view.actor is not None:
        decision = can(view.actor, view.scope, "meeting.lead")
        if not decision:
            raise Forbidden(decision.reason)
    ending = PurePosixPath(name).suffix.lower()
    if ending not in ENDINGS:
        raise InvalidInput(f"name: a file of permits ends in {' or '.join(ENDINGS)}", field="name")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"permits{ending}"
        path.write_bytes(content)
        done = import_file(ctx, "permits", path, Options(dry_run=dry_run), view=view)
    return {
        "inserted": done.loaded.inserted, "updated": done.loaded.updated, "unchanged": done.loaded.unchanged,
        "turned_away": len({one.row for one in done.rejects}),
        "rejects": [asdict(one) for one in done.rejects[:MOST_REJECTS]],
    }  # fmt: skip
