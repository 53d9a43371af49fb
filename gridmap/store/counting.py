"""What cases count for on the scorecards, told by the database: from their columns, or from their events.

Cases of which either could not tell are left to `store.scores`, which folds them one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
)

from gridmap.case.scorecard import FLAGS
from gridmap.case.standing import FACTS
from gridmap.case.state import CHANGES
from gridmap.case.terms import Level
from gridmap.store import ledger as ledgers
from gridmap.store import tables as t
from gridmap.store.bulk import frame, inserted
from gridmap.store.ledger import KEYS
from gridmap.store.scope import IN_FORCE

#: a case with no other events is as its row says: it came, somebody may have taken it, it may have been closed
PLAIN = (
    "reported", "routed", "assigned", "accepted", "signed", "handling", "moved", "linked", "commented", "attached",
    "warned", "closed",
)  # fmt: skip
#: a case with no other events is told by SQL; those that were void or merged are few
TOLD = tuple(sorted(set(CHANGES) - {"voided", "merged"}))
#: events that may bring a case to another rung
_RUNGS = ("routed", "returned", "escalated")

# --- as their columns say -------------------------------------------------------------------------------------------

#: the facts of such cases that differ from row to row, and the flags that none of them has
_TOLD = ("received_at", "due_at", "closed_at", "by_community")
_SAME = {name: False for name in FLAGS if name not in _TOLD}


def add_plain(conn: Connection, start: int, end: int, zone: ZoneInfo) -> int:
    """Count the cases of these ids that are not counted yet and whose rows say all there is to say; how many."""
    query = _plain(start, end)
    told = {str(column.key): column for column in query.selected_columns}
    # what is the same for all, or the same as another column, is not read row by row
    cases = frame(conn, query.with_only_columns(*(told[name] for name in (*KEYS, *_TOLD)), maintain_column_froms=True))
    if cases.empty:
        return 0
    cases = cases.assign(**_SAME, disposed_at=cases["closed_at"], first_closed_at=cases["closed_at"])
    cases["first_dispatched_at"] = pd.Series(pd.NaT, index=cases.index, dtype=cases["closed_at"].dtype)
    names = ("incident_id", *KEYS, *FACTS)
    conn.execute(insert(t.score_cases).from_select(names, query))
    ledgers.append_all(conn, ledgers.summed(cases, zone))
    return len(cases)


def _plain(start: int, end: int) -> Select[Any]:
    """`incident_id`, `KEYS` and `FACTS` of such cases: they were closed once or not at all, and never sent on."""
    i, e, s = t.incidents, t.events.c, t.score_cases.c
    by_community = case((and_(i.c.closed_at.is_not(None), i.c.level == str(Level.COMMUNITY)), 1), else_=0)
    told: dict[str, Any] = {
        "received_at": i.c.received_at, "due_at": i.c.due_at, "disposed_at": i.c.closed_at,
        "first_closed_at": i.c.closed_at, "closed_at": i.c.closed_at, "first_dispatched_at": null(),
        "by_community": by_community,
    }  # fmt: skip
    facts = [type_coerce(told.get(name, literal(0)), t.score_cases.c[name].type).label(name) for name in FACTS]
    more = exists().where(e.incident_id == i.c.id, e.kind.not_in(PLAIN))
    ordered = or_(i.c.closed_at.is_(None), i.c.closed_at >= i.c.received_at)
    query = with_keys(i.c.id.label("incident_id"), *KEYS_NOW.values(), *facts)
    return query.where(i.c.id.between(start, end), s.incident_id.is_(None), ~more, ordered)


# --- as their events say --------------------------------------------------------------------------------------------


def add_lived(conn: Connection, start: int, end: int, zone: ZoneInfo) -> int:
    """Count the cases of these ids that are not counted yet and of whose events SQL can tell; how many."""
    cases = inserted(conn, t.score_cases, _lived(start, end), (*KEYS, *FACTS))
    if len(cases):
        ledgers.append_all(conn, ledgers.summed(cases, zone))
    return len(cases)


def _lived(start: int, end: int) -> Select[Any]:
    """`incident_id`, `KEYS` and `FACTS`, by the law of `case.standing.facts_of`."""
    told = _by_case(_placed(start, end)).subquery("told")
    i, c = t.incidents, told.c
    ends = case((c.resolved_at.is_(None), c.closed_at), (c.closed_at < c.resolved_at, c.closed_at), else_=c.resolved_at)
    community = and_(c.first_closed_at.is_not(None), i.c.level == str(Level.COMMUNITY))
    values: dict[str, Any] = {
        "due_at": i.c.due_at, "disposed_at": ends, "by_community": case((community, 1), else_=0), "dropped": literal(0),
    }  # fmt: skip
    facts = [type_coerce(values.get(name, c.get(name)), t.score_cases.c[name].type).label(name) for name in FACTS]
    query = with_keys(i.c.id.label("incident_id"), *KEYS_NOW.values(), *facts)
    return query.join(told, c.incident_id == i.c.id)


def _placed(start: int, end: int) -> FromClause:
    """The events of cases not counted yet, each with what stands around it in its case: the `latest` moment so far, and
    the numbers of the last reopening (`opened`), the last that undid a resolution, and the first closing."""
    e, s = t.events.c, t.score_cases.c
    undoes = e.kind.in_(("reopened", "sent_back"))
    placed = select(
        e.incident_id, e.seq, e.kind, e.at, e.data,
        func.max(e.at).over(partition_by=e.incident_id, order_by=e.seq).label("latest"),
        func.max(case((e.kind == "reopened", e.seq), else_=0)).over(partition_by=e.incident_id).label("opened"),
        func.max(case((undoes, e.seq), else_=0)).over(partition_by=e.incident_id).label("undone"),
        func.min(case((e.kind == "closed", e.seq))).over(partition_by=e.incident_id).label("first_closed"),
    )  # fmt: skip
    counted = exists().where(s.incident_id == e.incident_id)
    return placed.where(e.incident_id.between(start, end), ~counted).subquery("placed")


def _by_case(placed: FromClause) -> Select[Any]:
    """The facts of each case whose moments follow each other, which came to no other rung after its first closing, and
    which was rated once at most since it was last opened."""
    p = placed.c

    def flag(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.max(case((which, 1), else_=0))

    rated = and_(p.kind == "rated", p.seq > p.opened)
    strange = or_(
        p.at < p.latest, p.kind.not_in(TOLD), (p.kind == "reported") != (p.seq == 1),
        and_(p.kind.in_(_RUNGS), p.seq > p.first_closed),
    )  # fmt: skip
    query = select(
        p.incident_id,
        func.min(case((p.kind == "reported", p.at))).label("received_at"),
        func.min(case((p.kind == "closed", p.at))).label("first_closed_at"),
        func.max(case((and_(p.kind == "closed", p.seq > p.opened), p.at))).label("closed_at"),
        func.max(case((and_(p.kind == "resolved", p.seq > p.undone), p.at))).label("resolved_at"),
        func.min(case((p.kind == "dispatched", p.at))).label("first_dispatched_at"),
        flag(p.kind == "returned").label("returned"),
        flag(p.kind == "reopened").label("reopened"),
        flag(p.kind == "extension_granted").label("extended"),
        flag(rated).label("rated"),
        # its only other fields are numbers and codes
        flag(and_(rated, p.data.like('%"satisfied"%true%'))).label("satisfied"),
    )
    once = func.sum(case((rated, 1), else_=0)) <= 1
    return query.group_by(p.incident_id).having(flag(strange) == 0, once, func.min(p.seq) == 1)


# --- where, who, what and how ---------------------------------------------------------------------------------------

#: The place is that of the cell it lies in, or of whoever answers where it lies in none; the body the one that took
#: it first and stays responsible, before that the one that answers.
KEYS_NOW: Mapping[str, Any] = {
    "area_id": func.coalesce(t.cells.c.area_id, t.responsibilities.c.area_id).label("area_id"),
    "body_id": func.coalesce(t.incidents.c.first_body_id, t.responsibilities.c.body_id).label("body_id"),
    "category_id": t.incidents.c.category_id,
    "channel": t.incidents.c.channel,
}


def with_keys(*columns: Any) -> Select[Any]:
    """Cases with the cell in which they lie, who answers for them now, and what they are counted for so far."""
    i, c, r, s = t.incidents, t.cells, t.responsibilities, t.score_cases
    placed = i.outerjoin(c, c.c.id == i.c.cell_id)
    held = placed.outerjoin(r, IN_FORCE)
    return select(*columns).select_from(held.outerjoin(s, s.c.incident_id == i.c.id))
