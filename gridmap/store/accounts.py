"""SQL for accounts, sessions, failed log-ins, the read log and the standing of a role. No rule is decided here."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from gridmap.people.roles import Standing
from gridmap.store import tables as t
from gridmap.store import versions
from gridmap.store.bulk import bulk_insert
from gridmap.store.line import DIALECT, Line
from gridmap.store.scope import on_day
from gridmap.store.worded import Worded, word
from gridmap.view import Actor, Role


@dataclass(frozen=True, slots=True)
class Account:
    """One account without its password."""

    id: int
    username: str
    name: str
    role: Role
    worker_id: int | None
    body_id: int | None
    area_id: int | None

    def actor(self) -> Actor:
        return Actor(
            account_id=self.id,
            name=self.name,
            role=self.role,
            worker_id=self.worker_id,
            body_id=self.body_id,
            area_id=self.area_id,
        )


_ACCOUNT = (
    t.accounts.c.id,
    t.accounts.c.username,
    t.accounts.c.name,
    t.accounts.c.role,
    t.accounts.c.worker_id,
    t.accounts.c.body_id,
    t.accounts.c.area_id,
)


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(row.id, row.username, row.name, Role(row.role), row.worker_id, row.body_id, row.area_id)


# --- accounts ---------------------------------------------------------------------------------------------------


def add(conn: Connection, values: Mapping[str, Any]) -> int:
    """Insert an account; the store's error translation turns a taken user name into Conflict."""
    return int(conn.execute(insert(t.accounts).values(**values).returning(t.accounts.c.id)).scalar_one())


def find(conn: Connection, username: str) -> Account | None:
    """The account of this user name, disabled or not."""
    row = conn.execute(select(*_ACCOUNT).where(t.accounts.c.username == username)).one_or_none()
    return None if row is None else _account(row)


def writer(conn: Connection, worker_id: int, at: datetime) -> Account | None:
    """The account by which a worker could write at a moment: one that was there, and not disabled before."""
    a = t.accounts.c
    kept = or_(a.disabled_at.is_(None), a.disabled_at > at)
    query = select(*_ACCOUNT).where(a.worker_id == worker_id, a.role == str(Role.WORKER), a.created_at <= at, kept)
    row = conn.execute(query.order_by(a.id).limit(1)).one_or_none()
    return None if row is None else _account(row)


def credentials(conn: Connection, username: str) -> tuple[Account, str] | None:
    """The account that may log in under this name, and its password's hash; None when none may."""
    query = select(*_ACCOUNT, t.accounts.c.password_hash).where(
        t.accounts.c.username == username, t.accounts.c.disabled_at.is_(None)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else (_account(row), str(row.password_hash))


def set_password(conn: Connection, account_id: int, password_hash: str) -> None:
    conn.execute(update(t.accounts).where(t.accounts.c.id == account_id).values(password_hash=password_hash))


def disable(conn: Connection, account_id: int, now: datetime) -> None:
    """Disable once: the moment of the first time stays."""
    where = and_(t.accounts.c.id == account_id, t.accounts.c.disabled_at.is_(None))
    conn.execute(update(t.accounts).where(where).values(disabled_at=now))


def id_of(conn: Connection, kind: str, code: str) -> int | None:
    """The id of a worker, body or area by its code."""
    table = {"worker": t.workers, "body": t.bodies, "area": t.areas}[kind]
    found = conn.execute(select(table.c.id).where(table.c.code == code)).scalar_one_or_none()
    return None if found is None else int(found)


# --- sessions ---------------------------------------------------------------------------------------------------


def open_session(conn: Connection, token_hash: str, account_id: int, now: datetime, expires_at: datetime) -> None:
    conn.execute(
        insert(t.sessions).values(token_hash=token_hash, account_id=account_id, created_at=now, expires_at=expires_at)
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """Whose session a token opens, what the account's role is tied to that day, and how new the data is."""

    account: Account
    standing: Standing
    #: the account's own area, whatever its role: "/1/5/23/"
    area_path: str | None
    versions: Mapping[str, int]


def enter(conn: Connection, token_hashes: Collection[str], now: datetime, day: date) -> dict[str, Entry]:
    """All that requests ask first, of any number of sessions in one statement, so that it is of one moment.

    By token hash; sessions that are unknown, past, revoked, or whose account is disabled are left out.
    """
    hashes = _padded(token_hashes)
    return _entries(_entering(conn.dialect, len(hashes)).ask(conn, _entering_values(hashes, now, day)))


async def enter_by(line: Line, token_hashes: Collection[str], now: datetime, day: date) -> dict[str, Entry]:
    """As `enter`, over a line that the event loop watches. Raises LineDown."""
    hashes = _padded(token_hashes)
    return _entries(await line.ask(_entering(DIALECT, len(hashes)), _entering_values(hashes, now, day)))


def _entering_values(hashes: Sequence[str], now: datetime, day: date) -> dict[str, Any]:
    return {**dict(zip(_hash_names(len(hashes)), hashes, strict=True)), "now": now, "day": day}


def _entries(rows: Sequence[Any]) -> dict[str, Entry]:
    seen = versions.from_text(rows[0].versions) if rows else {}
    return {row.token_hash: _entry(row, seen) for row in rows}


def _entry(row: Any, seen: Mapping[str, int]) -> Entry:
    account = _account(row)
    return Entry(account, _standing(account, _cell_ids(row.cells), row.area_path), row.area_path, seen)


@lru_cache(1_000)
def _cell_ids(written: str | None) -> frozenset[int]:
    """A roster as the query writes it; most stay as they are from one request to the next."""
    return frozenset(map(int, written.split(","))) if written else frozenset()


def _padded(hashes: Collection[str]) -> list[str]:
    """Filled up to a power of two, so that the database meets few different statements, and remembers their plans."""
    listed = list(hashes)
    return listed + listed[:1] * ((1 << (len(listed) - 1).bit_length()) - len(listed))


def _hash_names(count: int) -> list[str]:
    return [f"hash_{number}" for number in range(count)]


@lru_cache(64)
def _entering(dialect: Dialect, count: int) -> Worded:
    """The statement of `enter` for so many hashes, made once: every request runs it."""
    s, a = t.sessions.c, t.accounts.c
    now, day = bindparam("now", None, type_=s.expires_at.type), bindparam("day", None, type_=t.duties.c.valid_from.type)
    cells = select(func.aggregate_strings(cast(t.duties.c.cell_id, Text), ","))
    known = s.token_hash.in_([bindparam(name, None, type_=s.token_hash.type) for name in _hash_names(count)])
    return word(
        dialect,
        select(
            *_ACCOUNT,
            s.token_hash,
            select(t.areas.c.path).where(t.areas.c.id == a.area_id).scalar_subquery().label("area_path"),
            cells.where(_on_roster(a.worker_id, day)).scalar_subquery().label("cells"),
            versions.as_text().label("versions"),
        )
        .join(t.sessions, s.account_id == a.id)
        .where(known, s.revoked_at.is_(None), s.expires_at > now, a.disabled_at.is_(None)),
    )


def revoke_session(conn: Connection, token_hash: str, now: datetime) -> None:
    where = and_(t.sessions.c.token_hash == token_hash, t.sessions.c.revoked_at.is_(None))
    conn.execute(update(t.sessions).where(where).values(revoked_at=now))


def revoke_all(conn: Connection, account_id: int, now: datetime) -> None:
    where = and_(t.sessions.c.account_id == account_id, t.sessions.c.revoked_at.is_(None))
    conn.execute(update(t.sessions).where(where).values(revoked_at=now))


# --- failed log-ins ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failures:
    """How many attempts failed (or are under way) since a moment, and when the last one was made."""

    count: int
    last: datetime | None


def note_attempt(conn: Connection, name_hash: str, client_hash: str, now: datetime, forget_before: datetime) -> int:
    """Write an attempt down as failed until it is known to have succeeded; forget those that no longer count."""
    conn.execute(delete(t.login_failures).where(t.login_failures.c.at < forget_before))
    values = {"name_hash": name_hash, "client_hash": client_hash, "at": now}
    return int(conn.execute(insert(t.login_failures).values(**values).returning(t.login_failures.c.id)).scalar_one())


def drop_attempt(conn: Connection, attempt_id: int) -> None:
    conn.execute(delete(t.login_failures).where(t.login_failures.c.id == attempt_id))


def forget_failures(conn: Connection, name_hash: str) -> None:
    conn.execute(delete(t.login_failures).where(t.login_failures.c.name_hash == name_hash))


def failures_of_name(conn: Connection, name_hash: str, since: datetime, but: int | None = None) -> Failures:
    """The failures of one user name, leaving out the attempt `but`."""
    return _failures(conn, _counted(since, but).where(t.login_failures.c.name_hash == name_hash))


def failures_of_client(conn: Connection, client_hash: str, since: datetime, but: int | None = None) -> Failures:
    """The failures of one client under any user name, leaving out the attempt `but`."""
    return _failures(conn, _counted(since, but).where(t.login_failures.c.client_hash == client_hash))


def _counted(since: datetime, but: int | None) -> Select[*tuple[Any, ...]]:
    query = select(func.count().label("count"), func.max(t.login_failures.c.at).label("last"))
    query = query.where(t.login_failures.c.at >= since)
    return query if but is None else query.where(t.login_failures.c.id != but)


def _failures(conn: Connection, query: Select[*tuple[Any, ...]]) -> Failures:
    row = conn.execute(query).one()
    return Failures(row[0], row[1])


# --- what a role is tied to -------------------------------------------------------------------------------------


def standing(conn: Connection, account: Account, day: date) -> Standing:
    """What the account's role is tied to on this day, in one query; nothing where the tie is missing."""
    if account.role is Role.WORKER:
        rows = conn.execute(select(t.duties.c.cell_id).where(_on_roster(account.worker_id, day)).distinct())
        return _standing(account, frozenset(rows.scalars()), None)
    return _standing(account, frozenset(), area_path(conn, account.area_id))


def _standing(account: Account, cell_ids: frozenset[int], path: str | None) -> Standing:
    """A worker is tied to the cells of the roster, everybody else to an area or a body."""
    if account.role is Role.WORKER:
        return Standing(cell_ids, worker_id=account.worker_id, account_id=account.id)
    return Standing(area_path=path, body_id=account.body_id, worker_id=account.worker_id, account_id=account.id)


def area_path(conn: Connection, area_id: int | None) -> str | None:
    """The path of an area, such as "/1/5/23/"."""
    if area_id is None:
        return None
    return conn.execute(select(t.areas.c.path).where(t.areas.c.id == area_id)).scalar_one_or_none()


def _on_roster(worker_id: Any, day: Any) -> Any:
    """The duties of a worker who is not on leave; the leave is looked up once, not for each duty."""
    gone = t.leaves.c
    away = (
        exists()
        .where(gone.worker_id == worker_id, gone.starts_on <= day, gone.ends_on > day)
        .correlate_except(t.leaves)
    )
    return and_(
        t.duties.c.worker_id == worker_id,
        on_day(t.duties, day),
        ~away,
    )


def duty_cells(conn: Connection, account: Account, day: date) -> list[dict[str, Any]]:
    """The cells in force on this day that the account's worker is on the roster of: id, code, name, name_en, rank."""
    query = (
        select(t.cells.c.id, t.cells.c.code, t.cells.c.name, t.cells.c.name_en, func.max(t.duties.c.rank).label("rank"))
        .join(t.duties, t.duties.c.cell_id == t.cells.c.id)
        .where(_on_roster(account.worker_id, day), on_day(t.cells, day))
        .group_by(t.cells.c.id, t.cells.c.code, t.cells.c.name, t.cells.c.name_en)
        .order_by(t.cells.c.code)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def ties(conn: Connection, account: Account) -> dict[str, dict[str, Any] | None]:
    """The worker, body and area that the account is tied to, each {id, code, name, name_en} or None."""
    pairs = {
        "worker": (t.workers, account.worker_id),
        "body": (t.bodies, account.body_id),
        "area": (t.areas, account.area_id),
    }
    found: dict[str, dict[str, Any] | None] = {}
    for kind, (table, identity) in pairs.items():
        columns = select(table.c.id, table.c.code, table.c.name, table.c.name_en)
        row = None if identity is None else conn.execute(columns.where(table.c.id == identity)).mappings().one()
        found[kind] = None if row is None else dict(row)
    return found


# --- logs -------------------------------------------------------------------------------------------------------


def audit(
    conn: Connection, at: datetime, account_id: int | None, action: str, ref: str, data: Mapping[str, Any]
) -> None:
    """One line of the audit: ids and codes only."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    conn.execute(insert(t.audit).values(at=at, account_id=account_id, action=action, ref=ref, data=text))


def audited(conn: Connection, action: str, ref: str) -> bool:
    """Whether the audit knows of this."""
    a = t.audit.c
    return conn.execute(select(a.id).where(a.action == action, a.ref == ref).limit(1)).first() is not None


def add_readings(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Lines of the read log: at, account_id, route, kind, ids (a JSON list), reason."""
    if rows:
        bulk_insert(conn, t.readings, {name: [row[name] for row in rows] for name in rows[0]})


def forget_readings(conn: Connection, before: datetime) -> int:
    """Remove the readings made before a moment; how many there were."""
    return conn.execute(delete(t.readings).where(t.readings.c.at < before)).rowcount
