"""Rotating the master key: each subject's key is wrapped anew, in small transactions; boxes stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gridmap.errors import InvalidInput
from gridmap.store import incidents, subjects, write
from gridmap.store.keyfile import draw_new_key, old_key_file, open_vault
from gridmap.usecases.context import Context
from gridmap.usecases.returning import rotate_contacts

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many subjects' keys were wrapped anew now, and how many were already."""

    rewrapped: int
    already: int


def rotate(ctx: Context, progress: Callable[[int], None] = lambda _: None) -> Rotated:
    """Bring all subjects under the newest master key. After a kill, running it again completes it.

    With a key file a new key is drawn, and the old one is removed at the end. With GRIDMAP_SECRET_KEY the old key is
    given as GRIDMAP_OLD_SECRET_KEY. Servers should know both keys while it runs. Raises InvalidInput without an old
    key, EnvironmentFault for a subject that neither opens.
    """
    settings = ctx.settings
    by_file = settings.secret_key is None
    if by_file:
        draw_new_key(settings)
    elif settings.old_secret_key is None:
        raise InvalidInput(
            "give the key before as GRIDMAP_OLD_SECRET_KEY and the new one as GRIDMAP_SECRET_KEY "
            "(`gridmap doctor --new-key` prints one), restart the servers with both, then rotate"
        )
    vault, began = open_vault(settings), ctx.clock()
    after = rewrapped = already = 0
    while True:
        with write(ctx.engine) as conn:
            some = subjects.wrapped_after(conn, after, BATCH)
            fresh = {key: again for key, wrapped in some if (again := vault.rewrap(wrapped)) is not None}
            subjects.set_wrapped(conn, fresh)
        if not some:
            break
        after, rewrapped, already = some[-1][0], rewrapped + len(fresh), already + len(some) - len(fresh)
        progress(after)
    with write(ctx.engine) as conn:
        incidents.rotate_requests(conn, began)
    rotate_contacts(replace(ctx, vault=vault))
    if by_file:
        old_key_file(settings).unlink(missing_ok=True)
    return Rotated(rewrapped, already)
