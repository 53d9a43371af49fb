"""Removing what has had its day: answers kept for repeated requests, sessions that ended, who reported what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select, text

from gridmap.store import links, subjects, versions
from gridmap.store import tables as t
from gridmap.store.tables.people import REPORTER, REPORTERS_SQL


def forget_requests(conn: Connection, before: datetime) -> int:
    """Remove the answers kept for requests made before a moment; how many there were."""
    return conn.execute(delete(t.requests).where(t.requests.c.created_at < before)).rowcount


def forget_sessions(conn: Connection, before: datetime) -> int:
    """Remove the sessions that ended before a moment; how many there were."""
    return conn.execute(delete(t.sessions).where(t.sessions.c.expires_at < before)).rowcount


def forget_reporters(conn: Connection, closed_before: datetime, most: int) -> int:
    """Remove by whom cases were reported that were closed before a moment, name and number, and the links that were
    sent there; of how many cases, none when none is left. At most `most` boxes at once. What was reported stays, and
    whoever reported a case that went into one still open is kept until that one's time.

    As where a contact is withdrawn, words and photos live under the same key, so that backups from before hold the
    reporter until they are gone themselves.
    """
    i, b, main = t.incidents.c, t.sealed.c, t.incidents.alias("main")
    told_later = exists().where(
        main.c.id == i.merged_into_id, or_(main.c.closed_at.is_(None), main.c.closed_at >= closed_before)
    )
    query = select(i.id, i.subject_id).select_from(t.sealed).join(t.incidents, i.subject_id == b.subject_id)
    old = query.where(text(f"sealed.{REPORTERS_SQL}"), i.closed_at < closed_before, ~told_later)
    found = dict(conn.execute(old.limit(most)).all())
    if found:
        subjects.drop_fields(conn, found.values(), REPORTER)
        links.unreach(conn, found)
        versions.bump_rows(conn, "incidents", found)
    return len(found)
