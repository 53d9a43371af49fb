"""The regular broom: what has had its day goes, what a new day brings is placed. Safe to run twice, also at once."""

from __future__ import annotations

from datetime import timedelta

from gridmap.store import accounts, analyses, desk, expiry, ledger, links, messages, residents, sweeps, write
from gridmap.usecases import homes
from gridmap.usecases.analysing import KEEP as KEEP_ANALYSES
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.helping import ask_on
from gridmap.usecases.placing import place_again
from gridmap.usecases.publishing import apply_due
from gridmap.usecases.reminding import remind
from gridmap.usecases.watching import Watcher
from gridmap.usecases.weekly import tell_week

#: a phone may hold a report back for a season in the hills; its key must still be known when it comes again
KEEP_REQUESTS = timedelta(days=180)
#: the marks of what was done; the events hold it for good
KEEP_DUTIES = timedelta(days=400)
#: reporters' names and numbers that are removed in one transaction: others write between two of them
REPORTERS_AT_ONCE = 500
#: of what a sweep counts, that which it removes
REMOVED = frozenset({
    "analyses", "behalves", "challenges", "duties", "homes", "messages", "parts", "readings", "reporters", "requests",
    "sessions",
})  # fmt: skip
#: what watching over cases comes to
WATCHED = ("warned", "supervised", "escalated", "resumed", "late_reply", "handed_over", "recounted", "failed")


def sweep(ctx: Context) -> dict[str, int]:
    """Remove what has expired, give what stands on the ground the cells of today where a drawing came into force, watch
    over the cases (`watching`), pass help calls on, add the scorecards' lines together,
    deliver what is due. How many of each.
    """
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
            "challenges": residents.forget(conn, now, ctx.today()),
            "analyses": analyses.forget(conn, now - KEEP_ANALYSES),
            "homes": homes.expire(ctx, conn, now, old),
            "duties": sweeps.forget(conn, now - KEEP_DUTIES),
            "behalves": desk.end_behalves(conn, now),
            "parts": links.forget_chunks(conn, now),
            "lines": ledger.compact(conn),
        }
    swept["reporters"] = _forget_reporters(ctx)
    called = ask_on(ctx)
    watched = dict.fromkeys(WATCHED, 0) | dict(Watcher(ctx).run())
    reminded = remind(ctx) + tell_week(ctx)
    done = messenger.run()
    sent = {"sent": done["sent"], "later": done["later"], "given up": done["dead"]}
    return swept | watched | {"help calls": called, "reminders": reminded} | sent


def _forget_reporters(ctx: Context) -> int:
    """Of how many cases it is no longer kept who reported them."""
    before = ctx.clock() - timedelta(days=ctx.settings.reporter_days)
    removed = 0
    while True:
        with write(ctx.engine) as conn:
            some = expiry.forget_reporters(conn, before, REPORTERS_AT_ONCE)
        if not some:
            return removed
        removed += some
