"""SQL of how residents come back: contacts by digest, links sent again, links of whom a case was filed for, and the
parts of photos on their way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gridmap.errors import Conflict
from gridmap.privacy import Vault
from gridmap.store import subjects
from gridmap.store import tables as t

#: a photo whose parts stopped coming is dropped
KEEP_CHUNKS = timedelta(days=2)


# --- contacts -------------------------------------------------------------------------------------------------------


def reach(conn: Connection, incident_id: int, digest: str) -> None:
    """Keep under which contact (a keyed digest) a case was reported."""
    conn.execute(insert(t.reached).values(incident_id=incident_id, digest=digest))


def unreach(conn: Connection, incident_ids: Collection[int], but: str = "") -> None:
    """Forget by whose contact cases were reported, and the links that were sent there; `but`: the hash of the token by
    which that is asked for."""
    conn.execute(delete(t.reached).where(t.reached.c.incident_id.in_(incident_ids)))
    a = t.tracks_again.c
    conn.execute(delete(t.tracks_again).where(a.incident_id.in_(incident_ids), a.token_hash != but))


def reached_by(conn: Connection, digest: str, most: int) -> list[int]:
    """The newest cases reported under a contact."""
    r = t.reached.c
    return list(
        conn.execute(select(r.incident_id).where(r.digest == digest).order_by(r.id.desc()).limit(most)).scalars()
    )


def reached_after(conn: Connection, after: int, limit: int) -> Sequence[Any]:
    """Rows with a higher id, in their order: id, and the subject under which the contact is sealed."""
    r, i = t.reached.c, t.incidents.c
    query = select(r.id, i.subject_id).join(t.incidents, i.id == r.incident_id).where(r.id > after).order_by(r.id)
    return conn.execute(query.limit(limit)).all()


def set_digest(conn: Connection, row_id: int, digest: str | None) -> None:
    """Another digest for a contact; None: there is no such contact any more."""
    r = t.reached
    if digest is None:
        conn.execute(delete(r).where(r.c.id == row_id))
    else:
        conn.execute(update(r).where(r.c.id == row_id).values(digest=digest))


# --- links ----------------------------------------------------------------------------------------------------------


def tell_again(conn: Connection, incident_id: int, kind: str, now: datetime) -> int:
    """Put a message to the reporter of a case into the outbox; its id."""
    row = insert(t.outbox).values(incident_id=incident_id, kind=kind, created_at=now)
    return int(conn.execute(row.returning(t.outbox.c.id)).scalar_one())


def track_again(conn: Connection, incident_id: int, token_hash: str, now: datetime) -> None:
    """One more link to a case."""
    conn.execute(insert(t.tracks_again).values(incident_id=incident_id, token_hash=token_hash, created_at=now))


def tracked_again(conn: Connection, token_hash: str) -> int | None:
    """The case of a link that was sent again."""
    a = t.tracks_again.c
    return conn.execute(select(a.incident_id).where(a.token_hash == token_hash)).scalar_one_or_none()


def add_behalf(conn: Connection, subject_id: int, token_hash: str) -> None:
    """The link of a resident for whom a case was filed."""
    conn.execute(insert(t.behalf_tracks).values(subject_id=subject_id, token_hash=token_hash))


def behalf_case(conn: Connection, vault: Vault, token_hash: str, now: datetime) -> int | None:
    """The case of such a link, while it lasts."""
    k, b = t.behalf_tracks.c, t.behalves.c
    query = select(k.subject_id).join(t.behalves, b.subject_id == k.subject_id)
    subject_id = conn.execute(query.where(k.token_hash == token_hash, b.ends_at > now)).scalar_one_or_none()
    case = subjects.open_fields(conn, vault, subject_id).get("case")
    return None if case is None else int(case)


# --- photos on their way --------------------------------------------------------------------------------------------


def arrived(conn: Connection, upload: str) -> int:
    """How many bytes of an upload are there."""
    c = t.chunks.c
    return int(conn.execute(select(func.coalesce(func.sum(c.size), 0)).where(c.upload == upload)).scalar_one())


def add_chunk(conn: Connection, vault: Vault, row: Mapping[str, Any], subject_id: int | None, data: bytes) -> int:
    """Keep a part of an upload, sealed; the subject. `row`: incident_id, upload, starts, created_at. Conflict where
    that part does not begin where the last one ends."""
    if arrived(conn, row["upload"]) != row["starts"]:
        raise Conflict("this part does not begin where the last one ended; ask how far it is", code="upload_offset")
    subject, key = subjects.key_of(conn, vault, subject_id, row["created_at"])
    if not data:
        return subject
    box = vault.seal_bytes(key, subject, f"chunk {row['upload']} {row['starts']}", data)
    conn.execute(insert(t.chunks).values(**row, subject_id=subject, size=len(data), box=box))
    return subject


def whole(conn: Connection, vault: Vault, upload: str) -> bytes:
    """All parts of an upload in their order; b"" where the key is gone."""
    c, s = t.chunks.c, t.subjects.c
    query = select(c.subject_id, c.starts, c.box, s.wrapped_key).join(t.subjects, s.id == c.subject_id)
    rows = conn.execute(query.where(c.upload == upload, s.wrapped_key.is_not(None)).order_by(c.starts))
    return b"".join(
        vault.open_bytes(vault.unwrap(row.wrapped_key), row.subject_id, f"chunk {upload} {row.starts}", row.box)
        for row in rows
    )


def drop_chunks(conn: Connection, upload: str) -> None:
    """Remove the parts of an upload that is whole, or will never be."""
    conn.execute(delete(t.chunks).where(t.chunks.c.upload == upload))


def drop_uploads(conn: Connection, incident_id: int, keep: int) -> None:
    """Remove the parts of a case's uploads, but for the `keep` of them that went on last."""
    c = t.chunks.c
    ages = select(c.upload).where(c.incident_id == incident_id).group_by(c.upload).order_by(func.max(c.id).desc())
    old = list(conn.execute(ages).scalars())[keep:]
    if old:
        conn.execute(delete(t.chunks).where(c.incident_id == incident_id, c.upload.in_(old)))


def forget_chunks(conn: Connection, now: datetime) -> int:
    """Remove parts of photos that never became whole; how many."""
    return conn.execute(delete(t.chunks).where(t.chunks.c.created_at < now - KEEP_CHUNKS)).rowcount
