"""The regular broom: what has had its day goes, what a new day brings is placed. Safe to run twice, also at once."""

from __future__ import annotations

from datetime import timedelta

from gridmap.store import accounts, expiry, messages, write
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.placing import place_again
from gridmap.usecases.publishing import apply_due

#: a phone may hold a report back for a season in the hills; its key must still be known when it comes again
KEEP_REQUESTS = timedelta(days=180)
#: of what a sweep counts, that which it removes
REMOVED = frozenset({"readings", "requests", "sessions", "messages"})


def sweep(ctx: Context) -> dict[str, int]:
    """Remove expired read logs and messages, answers of old requests and ended sessions; apply the
    drawings whose first day has come, and give what stands on the ground the cells of today; deliver the messages that
    are due. How many of each."""
    messenger = deliverer(ctx)
    drawn = apply_due(ctx)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        old = now - timedelta(days=ctx.settings.read_log_days)
        swept = {
            "drawings": drawn,
            "placed": place_again(ctx, conn),
            "readings": accounts.forget_readings(conn, old),
            "requests": expiry.forget_requests(conn, now - KEEP_REQUESTS),
            "sessions": expiry.forget_sessions(conn, now),
            "messages": messages.forget(conn, old),
        }
    done = messenger.run()
    return swept | {"sent": done["sent"], "later": done["later"], "given up": done["dead"]}
