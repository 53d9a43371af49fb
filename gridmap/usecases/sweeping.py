"""The regular broom: what has had its day goes, what a new day brings is placed. Safe to run twice, also at once."""

from __future__ import annotations

from datetime import timedelta

from gridmap.store import accounts, expiry, write
from gridmap.usecases.context import Context
from gridmap.usecases.placing import place_again

#: a phone may hold a report back for a season in the hills; its key must still be known when it comes again
KEEP_REQUESTS = timedelta(days=180)


def sweep(ctx: Context) -> dict[str, int]:
    """Remove expired read logs, answers of old requests and ended sessions; give what stands on the ground the cells
    of today, where a drawing came into force. How many of each."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        return {
            "placed": place_again(ctx, conn),
            "readings": accounts.forget_readings(conn, now - timedelta(days=ctx.settings.read_log_days)),
            "requests": expiry.forget_requests(conn, now - KEEP_REQUESTS),
            "sessions": expiry.forget_sessions(conn, now),
        }
