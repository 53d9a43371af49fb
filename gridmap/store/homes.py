"""SQL of the household's file: consents, care notes, and the history of its visits and requests.

Who may see it is decided before (`store.scope`); the caller logs the reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gridmap.store import tables as t
from gridmap.store import versions
from gridmap.store.bulk import bulk_insert


def care_field(note_id: int) -> str:
    """The field in which a care note is sealed, under the household's subject."""
    return f"care:{note_id}"


def visit_field(visit_id: int) -> str:
    """The field in which a visit's note is sealed, under the household's subject."""
    return f"visit:{visit_id}"


def household(conn: Connection, household_id: int, *, lock: bool = False) -> dict[str, Any]:
    """A household's row with its cell, `lon`, `lat`, and the subject of its sealed fields. It is known to exist."""
    h, c = t.households.c, t.cells.c
    if lock:
        conn.execute(select(h.id).where(h.id == household_id).with_for_update())
    columns = (h.id, h.code, h.address, h.children, h.adults, h.elders, h.housing, h.subject_id, h.cell_id)
    query = (
        select(
            *columns, c.code.label("cell"), func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat")
        )
        .outerjoin(t.cells, c.id == h.cell_id)
        .where(h.id == household_id)
    )  # fmt: skip
    return dict(conn.execute(query).mappings().one())


def correct(conn: Connection, household_id: int, values: Mapping[str, Any]) -> None:
    """Change what the household's row says."""
    conn.execute(update(t.households).where(t.households.c.id == household_id).values(**values))
    versions.bump_rows(conn, "households", [household_id])


def set_subject(conn: Connection, household_id: int, subject_id: int | None) -> None:
    conn.execute(update(t.households).where(t.households.c.id == household_id).values(subject_id=subject_id))


def is_agent(conn: Connection, account_id: int) -> bool:
    """Whether an account belongs to a worker who is a petition agent."""
    a, w = t.accounts.c, t.workers.c
    return bool(conn.execute(select(w.agent).join(t.accounts, a.worker_id == w.id).where(a.id == account_id)).scalar())


# --- consents -------------------------------------------------------------------------------------------------------


def consents(conn: Connection, household_id: int) -> list[dict[str, Any]]:
    """All consents of a household, newest first."""
    c = t.consents.c
    query = select(c.id, c.purpose, c.how, c.given_at, c.until, c.withdrawn_at).where(c.household_id == household_id)
    return [dict(row) for row in conn.execute(query.order_by(c.id.desc())).mappings()]


def agreed(conn: Connection, household_id: int, today: date) -> set[str]:
    """The purposes to which a household agrees on a day."""
    c = t.consents.c
    query = select(c.purpose).where(
        c.household_id == household_id, c.withdrawn_at.is_(None), c.until.is_(None) | (c.until > today)
    )
    return set(conn.execute(query).scalars())


def add_consent(conn: Connection, row: Mapping[str, Any]) -> int:
    """Write a consent down; one given before for the same purpose ends with it."""
    withdraw(conn, row["household_id"], row["purpose"], row["given_at"])
    return int(conn.execute(insert(t.consents).values(**row).returning(t.consents.c.id)).scalar_one())


def bring_contacts(conn: Connection, agreed: Collection[int], others: Collection[int], now: datetime) -> None:
    """What an import says of consents to keep a contact: those agreed get a row where none holds, others' end."""
    c = t.consents
    holding = (c.c.purpose == "contact", c.c.withdrawn_at.is_(None))
    held = set(conn.execute(select(c.c.household_id).where(*holding)).scalars())
    fresh = [household_id for household_id in agreed if household_id not in held]
    if fresh:
        same = {"purpose": "contact", "how": "written", "given_at": now}
        bulk_insert(conn, c, {"household_id": fresh, **{name: [value] * len(fresh) for name, value in same.items()}})
    ended = sorted(held.intersection(others))
    for start in range(0, len(ended), 500):
        some = c.c.household_id.in_(ended[start : start + 500])
        conn.execute(update(c).where(*holding, some).values(withdrawn_at=now))


def withdraw(conn: Connection, household_id: int, purpose: str, now: datetime) -> int:
    """End what holds for a purpose; how many there were (0 or 1)."""
    c = t.consents
    held = (c.c.household_id == household_id, c.c.purpose == purpose, c.c.withdrawn_at.is_(None))
    return conn.execute(update(c).where(*held).values(withdrawn_at=now)).rowcount


def lapsed(conn: Connection, today: date) -> Sequence[tuple[int, str]]:
    """(household, purpose) of consents whose last day has passed and that nobody has ended yet."""
    c = t.consents.c
    query = select(c.household_id, c.purpose).where(c.withdrawn_at.is_(None), c.until <= today)
    return [(row[0], row[1]) for row in conn.execute(query)]


# --- care notes -----------------------------------------------------------------------------------------------------


def care_notes(conn: Connection, household_id: int, today: date, readers: Sequence[str]) -> list[dict[str, Any]]:
    """The notes that these readers may see on a day, without their texts."""
    n = t.care_notes.c
    query = select(n.id, n.purpose, n.readers, n.expires_on, n.created_at).where(
        n.household_id == household_id, n.expires_on > today, n.readers.in_(readers)
    )
    return [dict(row) for row in conn.execute(query.order_by(n.id)).mappings()]


def all_care(conn: Connection, household_id: int) -> list[int]:
    """The ids of all care notes of a household."""
    n = t.care_notes.c
    return list(conn.execute(select(n.id).where(n.household_id == household_id)).scalars())


def add_care(conn: Connection, row: Mapping[str, Any]) -> int:
    return int(conn.execute(insert(t.care_notes).values(**row).returning(t.care_notes.c.id)).scalar_one())


def remove_care(conn: Connection, household_id: int, note_ids: Sequence[int]) -> int:
    """Remove care notes of a household; how many. Their boxes are the caller's to reseal."""
    n = t.care_notes
    return conn.execute(delete(n).where(n.c.household_id == household_id, n.c.id.in_(note_ids))).rowcount


def expired_care(conn: Connection, today: date) -> dict[int, list[int]]:
    """Care notes whose day has come, by household."""
    n = t.care_notes.c
    found: dict[int, list[int]] = {}
    for household_id, note_id in conn.execute(select(n.household_id, n.id).where(n.expires_on <= today)):
        found.setdefault(household_id, []).append(note_id)
    return found


# --- history --------------------------------------------------------------------------------------------------------


def visits_of(conn: Connection, household_id: int, limit: int = 100) -> list[dict[str, Any]]:
    """A household's visits, newest first, without their notes."""
    v, w = t.visits.c, t.workers.c
    query = (
        select(
            v.id, v.household_id, v.visited_at, v.outcome, v.return_on, v.return_of_id, v.incident_id,
            w.name.label("worker"), w.name_en.label("worker_en"),
        )
        .join(t.workers, w.id == v.worker_id)
        .where(v.household_id == household_id)
        .order_by(v.visited_at.desc(), v.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def requests_of(conn: Connection, household_id: int, limit: int = 100) -> list[dict[str, Any]]:
    """What a household asked for: its incidents, newest first, without texts."""
    i, c = t.incidents.c, t.categories.c
    query = (
        select(
            i.id, i.number, i.status, i.received_at, i.due_at, i.closed_at,
            c.code.label("category"), c.name.label("category_name"), c.name_en.label("category_name_en"),
        )
        .join(t.categories, c.id == i.category_id)
        .where(i.household_id == household_id)
        .order_by(i.received_at.desc(), i.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def forget_visits(conn: Connection, before: datetime) -> dict[int, list[int]]:
    """Remove visits from before a moment, those that others point at unhooked; their ids by household."""
    v = t.visits
    old = conn.execute(select(v.c.id, v.c.household_id).where(v.c.visited_at < before)).all()
    found: dict[int, list[int]] = {}
    for visit_id, household_id in old:
        found.setdefault(household_id, []).append(visit_id)
    ids = [visit_id for visit_id, _ in old]
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        conn.execute(update(v).where(v.c.return_of_id.in_(some)).values(return_of_id=None))
        conn.execute(delete(v).where(v.c.id.in_(some)))
    return found


def worker_of(conn: Connection, account_id: int) -> int | None:
    """The worker an account belongs to."""
    return conn.execute(select(t.accounts.c.worker_id).where(t.accounts.c.id == account_id)).scalar_one_or_none()
