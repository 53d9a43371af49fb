"""Sealed personal fields: a subject, its wrapped key, and one box for each field.

An identity number in a text is hidden before it is sealed: see `privacy.numbers`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Table, delete, select, update

from gridmap.errors import NotFound
from gridmap.privacy import Vault, without_numbers
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert, bulk_update
from gridmap.store.rows import insert_rows

#: up to so many rows are named one by one; more are picked out of the whole table
_FEW = 500


def _told(fields: Mapping[str, str | None]) -> dict[str, str]:
    """What is sealed of some fields: those that hold a text, without identity numbers."""
    return {name: without_numbers(text) for name, text in fields.items() if text}


def seal_new(
    conn: Connection, vault: Vault, fields: Sequence[Mapping[str, str | None]], now: datetime
) -> list[int | None]:
    """A new subject for each mapping that holds any text; None for the others. Two inserts, however many."""
    texts = [_told(one) for one in fields]
    filled = [i for i, one in enumerate(texts) if one]
    if not filled:
        return [None] * len(fields)
    keys = [vault.new_subject() for _ in filled]
    ids = bulk_insert(
        conn, t.subjects, {"wrapped_key": [wrapped for _, wrapped in keys], "created_at": [now] * len(keys)}
    )
    _insert_boxes(conn, vault, ids, [key for key, _ in keys], [texts[i] for i in filled])
    subjects: list[int | None] = [None] * len(fields)
    for i, subject_id in zip(filled, ids.tolist(), strict=True):
        subjects[i] = subject_id
    return subjects


def seal_as(
    conn: Connection, vault: Vault, subject_id: int, fields: Mapping[str, str | None], now: datetime
) -> int | None:
    """As `seal_new` for one mapping, under an id drawn for it (`rows.next_ids`); None where it holds no text."""
    texts = _told(fields)
    if not texts:
        return None
    key, wrapped = vault.new_subject()
    insert_rows(conn, t.subjects, [{"id": subject_id, "wrapped_key": wrapped, "created_at": now}])
    boxes = vault.seal_all(key, subject_id, texts)
    insert_rows(conn, t.sealed, [{"subject_id": subject_id, "field": name, "box": box} for name, box in boxes.items()])
    return subject_id


def _insert_boxes(
    conn: Connection,
    vault: Vault,
    ids: npt.NDArray[np.int64],
    keys: Sequence[bytes],
    texts: Sequence[Mapping[str, str]],
) -> None:
    rows = [
        (subject_id, name, box)
        for subject_id, key, one in zip(ids.tolist(), keys, texts, strict=True)
        for name, box in vault.seal_all(key, subject_id, one).items()
    ]
    subject_ids, names, boxes = zip(*rows, strict=True)
    bulk_insert(conn, t.sealed, {"subject_id": subject_ids, "field": names, "box": boxes})


def reseal(
    conn: Connection,
    vault: Vault,
    table: Table,
    row_ids: npt.NDArray[np.int64],
    fields: Sequence[Mapping[str, str | None] | None],
    now: datetime,
) -> npt.NDArray[np.bool_]:
    """Give each row of a table these sealed fields; the mask of rows for which they differ from what was sealed.

    Fields not named keep what they hold; None as a whole empties them all. A row that changes gets a new subject, and
    the key of its old one is destroyed.
    """
    all_rows = select(table.c.id, table.c.subject_id)
    few = len(row_ids) <= _FEW
    held = dict(conn.execute(all_rows.where(table.c.id.in_(row_ids.tolist())) if few else all_rows).all())
    subject_ids = [held.get(row_id) for row_id in row_ids.tolist()]
    mine = {subject_id for subject_id in subject_ids if subject_id is not None}
    opened = _open_all(conn, vault, mine)
    wanted = [
        _told({**opened.get(s, {}), **one}) if one is not None else {}
        for s, one in zip(subject_ids, fields, strict=True)
    ]
    changed = np.array([opened.get(s, {}) != one for s, one in zip(subject_ids, wanted, strict=True)], dtype=bool)
    places = np.flatnonzero(changed).tolist()
    if places:
        fresh = seal_new(conn, vault, [wanted[i] for i in places], now)
        bulk_update(conn, table, row_ids[changed], {"subject_id": fresh})
        for old in (subject_ids[i] for i in places):
            if old is not None:
                erase(conn, old, now)
    return changed


def _open_all(conn: Connection, vault: Vault, subject_ids: Collection[int]) -> dict[int | None, dict[str, str]]:
    """The opened fields of many subjects, in two queries."""
    if len(subject_ids) <= _FEW:
        return dict(open_many(conn, vault, subject_ids).items())
    b, s = t.sealed.c, t.subjects.c
    wrapped = dict(conn.execute(select(s.id, s.wrapped_key).where(s.wrapped_key.is_not(None))).all())
    keys = {i: vault.unwrap(wrapped[i]) for i in subject_ids if i in wrapped}
    opened: dict[int | None, dict[str, str]] = {}
    for subject_id, name, box in conn.execute(select(b.subject_id, b.field, b.box)):
        if subject_id in keys:
            opened.setdefault(subject_id, {})[name] = vault.open(keys[subject_id], subject_id, name, box)
    return opened


def note_field(seq: int) -> str:
    """The field in which the words of an incident's event are sealed, under the incident's own subject."""
    return f"note:{seq}"


def seal_more(
    conn: Connection, vault: Vault, subject_id: int | None, field: str, text: str, now: datetime
) -> tuple[int, int]:
    """Seal one more field of a subject; (the subject, the id of the box). A new subject where none is left."""
    s, b = t.subjects.c, t.sealed.c
    wrapped = conn.execute(select(s.wrapped_key).where(s.id == subject_id)).scalar() if subject_id else None
    if subject_id is None or wrapped is None:
        made = seal_new(conn, vault, [{field: text}], now)[0]
        assert made is not None
        subject_id = made
    else:
        box = vault.seal(vault.unwrap(wrapped), subject_id, field, without_numbers(text))
        bulk_insert(conn, t.sealed, {"subject_id": [subject_id], "field": [field], "box": [box]})
    key = conn.execute(select(b.id).where(b.subject_id == subject_id, b.field == field)).scalar_one()
    return subject_id, int(key)


def key_of(conn: Connection, vault: Vault, subject_id: int | None, now: datetime) -> tuple[int, bytes]:
    """(subject, its key), for sealing what is no field; a new subject where there is none, or it was erased."""
    wrapped = conn.execute(select(t.subjects.c.wrapped_key).where(t.subjects.c.id == subject_id)).scalar()
    if subject_id is not None and wrapped is not None:
        return subject_id, vault.unwrap(wrapped)
    key, wrapped = vault.new_subject()
    made = bulk_insert(conn, t.subjects, {"wrapped_key": [wrapped], "created_at": [now]})
    return int(made[0]), key


def open_fields(conn: Connection, vault: Vault, subject_id: int | None) -> dict[str, str]:
    """The opened fields of a subject; empty for None and for one that was erased. The caller logs the reading."""
    if subject_id is None:
        return {}
    wrapped = conn.execute(select(t.subjects.c.wrapped_key).where(t.subjects.c.id == subject_id)).scalar()
    if wrapped is None:
        return {}
    key = vault.unwrap(wrapped)
    s = t.sealed.c
    boxes = conn.execute(select(s.field, s.box).where(s.subject_id == subject_id))
    return {name: vault.open(key, subject_id, name, box) for name, box in boxes}


def open_many(conn: Connection, vault: Vault, subject_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The opened fields of some thousand subjects; those that were erased are left out. The caller logs the reading."""
    wanted = sorted(set(subject_ids))
    s, b = t.subjects.c, t.sealed.c
    live = conn.execute(select(s.id, s.wrapped_key).where(s.id.in_(wanted), s.wrapped_key.is_not(None)))
    keys = {subject_id: vault.unwrap(wrapped) for subject_id, wrapped in live}
    opened: dict[int, dict[str, str]] = {}
    for subject_id, name, box in conn.execute(select(b.subject_id, b.field, b.box).where(b.subject_id.in_(wanted))):
        if subject_id in keys:
            opened.setdefault(subject_id, {})[name] = vault.open(keys[subject_id], subject_id, name, box)
    return opened


def erase(conn: Connection, subject_id: int, now: datetime) -> None:
    """Destroy a subject's key, and drop its boxes; what backups still hold opens with nothing."""
    done = conn.execute(update(t.subjects).where(t.subjects.c.id == subject_id).values(wrapped_key=None, erased_at=now))
    if done.rowcount == 0:
        raise NotFound("there is no such subject")
    conn.execute(delete(t.sealed).where(t.sealed.c.subject_id == subject_id))
    conn.execute(update(t.photos).where(t.photos.c.subject_id == subject_id).values(box=None, thumb=None))
    conn.execute(delete(t.chunks).where(t.chunks.c.subject_id == subject_id))
    cases = select(t.incidents.c.id).where(t.incidents.c.subject_id == subject_id)
    conn.execute(delete(t.reached).where(t.reached.c.incident_id.in_(cases)))


def has_field(conn: Connection, subject_id: int | None, fields: Collection[str]) -> bool:
    """Whether any of these fields is sealed under a subject; nothing is opened."""
    b = t.sealed.c
    query = select(b.id).where(b.subject_id == subject_id, b.field.in_(fields)).limit(1)
    return conn.execute(query).first() is not None


def drop_fields(conn: Connection, subject_ids: Collection[int | None], fields: Collection[str]) -> None:
    """Drop some boxes of subjects whose keys go on; backups made before still hold them."""
    b = t.sealed.c
    conn.execute(delete(t.sealed).where(b.subject_id.in_(subject_ids), b.field.in_(fields)))


def wrapped_after(conn: Connection, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
    """(id, wrapped key) of living subjects with a higher id, in their order; locked where the database can."""
    s = t.subjects.c
    query = select(s.id, s.wrapped_key).where(s.id > after, s.wrapped_key.is_not(None)).order_by(s.id).limit(limit)
    return [(row[0], row[1]) for row in conn.execute(query.with_for_update())]


def set_wrapped(conn: Connection, wrapped: Mapping[int, bytes]) -> None:
    """Give subjects their keys wrapped anew; the boxes stay as they are."""
    if wrapped:
        bulk_update(conn, t.subjects, np.array(list(wrapped), np.int64), {"wrapped_key": list(wrapped.values())})
