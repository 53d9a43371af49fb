"""Writing incidents: the row, who answers for it, its events and its messages, and requests that repeat."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, bindparam, func, select, update

from gridmap.errors import InvalidInput, KeyReused, NotFound
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert
from gridmap.store.engine import is_sqlite
from gridmap.store.rows import insert_missing, insert_rows
from gridmap.store.scope import IN_FORCE
from gridmap.store.upsert import known_among

#: stands for fingerprints that were made with a key before: the first answer is given again, whatever is asked
ROTATED = "rotated"


def rotate_requests(conn: Connection, before: datetime) -> None:
    """Mark the requests answered before a moment, whose fingerprints no key makes any more."""
    r = t.requests
    conn.execute(update(r).where(r.c.created_at < before, r.c.response != "").values(fingerprint=ROTATED))


def claim_request(conn: Connection, sender: str, key: str, fingerprint: str, now: datetime) -> dict[str, Any] | None:
    """Take this sender's key for this transaction; the stored answer when it was answered before.

    The second of two parallel requests waits here until the first has committed. Raises KeyReused for another body.
    """
    row = {"sender": sender, "key": key, "fingerprint": fingerprint, "response": "", "created_at": now}
    if insert_missing(conn, t.requests, row):
        return None
    r = t.requests.c
    known = conn.execute(select(r.fingerprint, r.response).where(r.sender == sender, r.key == key)).one()
    if known.fingerprint not in (fingerprint, ROTATED):
        raise KeyReused("this Idempotency-Key was used for another request; make a new key for a new report", key=key)
    answer: dict[str, Any] = json.loads(known.response)
    return answer


def answer_request(conn: Connection, sender: str, key: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer beside the claimed key, to be given again."""
    mark = "?" if is_sqlite(conn) else "%s"
    statement = f"UPDATE requests SET response = {mark} WHERE sender = {mark} AND key = {mark}"  # noqa: S608 (marks)
    conn.exec_driver_sql(statement, (json.dumps(answer, ensure_ascii=False), sender, key))


def answer_of(conn: Connection, sender: str, key: str) -> dict[str, Any] | None:
    """What was answered to this sender under this key; None where nothing was yet."""
    r = t.requests.c
    told = conn.execute(select(r.response).where(r.sender == sender, r.key == key)).scalar_one_or_none()
    return json.loads(told) if told else None


@dataclass(frozen=True, slots=True)
class Category:
    """What the flow needs of a category."""

    id: int
    code: str
    department: str | None
    limit_hours: float
    process: str
    parent: str | None


def category(conn: Connection, code: str) -> Category:
    """One category; InvalidInput names the code."""
    row = conn.execute(_categories().where(t.categories.c.code == code)).first()
    if row is None:
        raise InvalidInput(f"there is no category {code!r}; GET /api/v1/categories lists them", field="category")
    return Category(*row[:6])


def _categories() -> Select[Any]:
    """The columns of `Category`, then both names."""
    c, above = t.categories, t.categories.alias("above")
    own = (c.c.id, c.c.code, c.c.department, c.c.limit_hours, c.c.process, above.c.code.label("parent"))
    return select(*own, c.c.name, c.c.name_en).outerjoin(above, above.c.id == c.c.parent_id)


def categories(conn: Connection) -> dict[str, Category]:
    """All categories by code and by both names, in lower case; a code wins over a name."""
    rows = conn.execute(_categories()).all()
    found: dict[str, Category] = {}
    for names in ("name_en", "name", "code"):
        found.update({getattr(row, names).casefold(): Category(*row[:6]) for row in rows if getattr(row, names)})
    return found


#: without look-alikes, so that a number can be read out over the phone
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def drawn_number(local: datetime) -> str:
    """A public number such as 260703-7K3QMX: the day, and six drawn characters that tell nothing of the count."""
    return f"{local:%y%m%d}-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def drawn_numbers(conn: Connection, days: Sequence[str]) -> npt.NDArray[np.str_]:
    """`drawn_number` for many rows at once, each another number than all that are there; `days` as YYMMDD, local."""
    drawn = _drawn(np.asarray(days))
    while True:
        _, first = np.unique(drawn, return_index=True)
        again = np.ones(len(drawn), dtype=bool)
        again[first] = False
        again |= np.isin(drawn, list(known_among(conn, t.incidents, "number", drawn.tolist())))
        if not again.any():
            return drawn
        drawn[again] = _drawn(np.asarray(days)[again])


def _drawn(days: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """One draw for each day: eight random bytes for six characters, so that all are equally likely (to 1e-10)."""
    rest = np.frombuffer(secrets.token_bytes(8 * len(days)), dtype=np.uint64)
    letters = np.empty((len(days), 6), dtype="U1")
    for place in range(6):
        rest, letter = np.divmod(rest, len(_ALPHABET))
        letters[:, place] = np.array(list(_ALPHABET))[letter]
    ends = np.ascontiguousarray(letters).view("U6").ravel()
    return np.char.add(np.char.add(days, "-"), ends)


def id_of(conn: Connection, table: Any, value: int | None, field: str) -> int | None:
    """The id given, checked to exist; InvalidInput names the field."""
    if value is not None and conn.execute(select(table.c.id).where(table.c.id == value)).first() is None:
        raise InvalidInput(f"{field}: there is none with the id {value}", field=field)
    return value


def insert_incidents(conn: Connection, columns: Mapping[str, Sequence[Any]]) -> npt.NDArray[np.int64]:
    """Insert rows of `incidents`, columns as in the table; the ids in order."""
    return bulk_insert(conn, t.incidents, columns)


def respond(conn: Connection, columns: Mapping[str, Any]) -> None:
    """Insert rows of `responsibilities`."""
    bulk_insert(conn, t.responsibilities, columns)


def respond_once(conn: Connection, row: Mapping[str, Any]) -> None:
    """Insert one row of `responsibilities`."""
    insert_rows(conn, t.responsibilities, [row])


def tell(
    conn: Connection, incident_id: int, kind: str, now: datetime, *, worker_id: int | None, body_id: int | None
) -> None:
    """Put a message into the outbox; it is sent after the transaction."""
    row = {"incident_id": incident_id, "kind": kind, "worker_id": worker_id, "body_id": body_id, "created_at": now}
    insert_rows(conn, t.outbox, [row])


def current(conn: Connection, incident_id: int) -> Any:
    """A row: an incident with the responsibility in force, as the use cases need it; locked where the database can."""
    # first the lock, then the look: PostgreSQL reads a joined row as it was before it waited
    if not is_sqlite(conn):
        conn.execute(_locking(), {"incident": incident_id})
    row = conn.execute(_current(), {"incident": incident_id}).first()
    if row is None:
        raise NotFound("there is no such incident")
    return row


# made once: SQLAlchemy takes as long to word these as the database to answer


@lru_cache(1)
def _locking() -> Select[Any]:
    i = t.incidents.c
    return select(i.id).where(i.id == bindparam("incident")).with_for_update()


@lru_cache(1)
def _current() -> Select[Any]:
    i, r = t.incidents.c, t.responsibilities.c
    return (
        select(
            i.id, i.number, i.status, i.received_at, i.due_at, i.closed_at, i.cell_id, i.x_in, i.y_in, i.crs_in,
            i.accuracy_m, i.geom.ST_X().label("lon"), i.geom.ST_Y().label("lat"),
            t.categories.c.department, func.coalesce(i.process, t.categories.c.process).label("process"),
            r.id.label("responsibility_id"), r.worker_id, r.body_id, r.area_id,
            r.cell_id.label("responsible_cell_id"), r.valid_from.label("since"), r.reason, i.subject_id,
        )
        .join(t.categories, i.category_id == t.categories.c.id)
        .outerjoin(t.responsibilities, IN_FORCE)
        .where(i.id == bindparam("incident"))
    )  # fmt: skip


def relocate(conn: Connection, incident_id: int, point: Any, values: Mapping[str, Any]) -> None:
    """Correct an incident's place: its point (shapely, WGS84) and the columns that follow from it, together."""
    geom = f"SRID=4326;{point.wkt}"
    conn.execute(update(t.incidents).where(t.incidents.c.id == incident_id).values(geom=geom, **values))


def after(row: Any, now: datetime) -> datetime:
    """Now, or the next moment after the responsibility in force began: history never runs backwards."""
    since = row.since
    return now if since is None or now > since else since + timedelta(microseconds=1)


def unplaced(conn: Connection) -> Sequence[Any]:
    """The open incidents without a cell: id, lon, lat, accuracy_m, department, responsibility_id, since."""
    i, r = t.incidents.c, t.responsibilities.c
    query = (
        select(
            i.id, i.geom.ST_X().label("lon"), i.geom.ST_Y().label("lat"), i.accuracy_m, t.categories.c.department,
            r.id.label("responsibility_id"), r.valid_from.label("since"),
        )
        .join(t.categories, i.category_id == t.categories.c.id)
        .join(t.responsibilities, IN_FORCE)
        .where(i.status == "unplaced")
        .order_by(i.id)
    )  # fmt: skip
    return conn.execute(query).all()


def routed_by(conn: Connection, incident_id: int) -> Any:
    """What a case is routed by besides its category and place: received_at, channel, subject_id, its enterprise."""
    i, e = t.incidents.c, t.enterprises
    query = (
        select(i.received_at, i.channel, i.subject_id, i.enterprise_id, e.c.kind.label("enterprise_kind"))
        .outerjoin(e, e.c.id == i.enterprise_id)
        .where(i.id == incident_id)
    )
    return conn.execute(query).one()


def came(conn: Connection, incident_id: int) -> Any:
    """How a case came and what it hangs on: channel, occurred_at, household_id, enterprise_id."""
    i = t.incidents.c
    query = select(i.channel, i.occurred_at, i.household_id, i.enterprise_id).where(i.id == incident_id)
    return conn.execute(query).one()


def area_path_of(conn: Connection, incident_id: int) -> str | None:
    """The path of the area whose cell answers for a case; None outside all cells."""
    r, c = t.responsibilities.c, t.cells
    query = (
        select(t.areas.c.path)
        .join(c, c.c.area_id == t.areas.c.id)
        .join(t.responsibilities, r.cell_id == c.c.id)
        .where(r.incident_id == incident_id, r.valid_to.is_(None))
    )
    return conn.execute(query).scalar_one_or_none()


def parent_of(conn: Connection, incident_id: int) -> int | None:
    """The case that this one is a part of."""
    i = t.incidents.c
    return conn.execute(select(i.parent_id).where(i.id == incident_id)).scalar_one_or_none()


def parents_of(conn: Connection, incident_id: int) -> list[int]:
    """The case that this one is a part of, the one that that one is a part of, and so on."""
    found: list[int] = []
    above = parent_of(conn, incident_id)
    while above is not None and above not in found:
        found.append(above)
        above = parent_of(conn, above)
    return found


def set_values(conn: Connection, incident_id: int, **values: Any) -> None:
    conn.execute(update(t.incidents).where(t.incidents.c.id == incident_id).values(**values))


def end_responsibility(conn: Connection, responsibility_id: int, now: datetime) -> None:
    r = t.responsibilities
    conn.execute(update(r).where(r.c.id == responsibility_id).values(valid_to=now))


def worker_named(conn: Connection, worker_id: int) -> dict[str, Any]:
    """{id, name, name_en} of a worker."""
    w = t.workers.c
    return dict(conn.execute(select(w.id, w.name, w.name_en).where(w.id == worker_id)).mappings().one())


def names(conn: Connection, *, cell_id: int | None, worker_id: int | None, body_id: int | None) -> dict[str, Any]:
    """{cell: {code, name}, worker: {id, name}, body: {code, name}} for an answer; None where there is none."""

    def one(table: Any, key: int | None, *columns: str) -> dict[str, Any] | None:
        if key is None:
            return None
        row = conn.execute(select(*(table.c[name] for name in columns)).where(table.c.id == key)).one()
        return dict(row._mapping)

    return {
        "cell": one(t.cells, cell_id, "code", "name", "name_en"),
        "worker": one(t.workers, worker_id, "id", "name", "name_en"),
        "body": one(t.bodies, body_id, "code", "name", "name_en"),
    }
