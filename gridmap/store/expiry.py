"""Removing what has had its day: answers kept for repeated requests, sessions that ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete

from gridmap.store import tables as t


def forget_requests(conn: Connection, before: datetime) -> int:
    """Remove the answers kept for requests made before a moment; how many there were."""
    return conn.execute(delete(t.requests).where(t.requests.c.created_at < before)).rowcount


def forget_sessions(conn: Connection, before: datetime) -> int:
    """Remove the sessions that ended before a moment; how many there were."""
    return conn.execute(delete(t.sessions).where(t.sessions.c.expires_at < before)).rowcount
