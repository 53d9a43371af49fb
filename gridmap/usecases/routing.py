"""Routing in use: the live rules say where a case goes; moved or of another category, it is routed again, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case import routing as rules_of
from gridmap.case.process import Process
from gridmap.case.routing import Routed, RuleSet, To
from gridmap.case.terms import AT_DESK, Level, Status
from gridmap.people.rosters import Reason
from gridmap.store import cases, incidents, rules, subjects
from gridmap.store.cases import Case
from gridmap.store.incidents import Category
from gridmap.usecases.assigning import Response, Where, redirect
from gridmap.usecases.context import Context

#: nobody has said yes: a case that is routed again then changes hands
WAITS = frozenset({Status.UNPLACED, Status.ASSIGNED})


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a case goes by which version of the rules."""

    version: str
    routed: Routed

    @property
    def target(self) -> rules_of.Target:
        return self.routed.target

    def process(self, category: Category) -> str:
        return self.routed.process or category.process

    def straight(self, process: Process, body_id: int | None) -> bool:
        """Whether the case goes to its body at once, past the desks."""
        return self.routed.straight and process.straight and body_id is not None

    def waiting(self) -> Routing:
        """The same way, but past no desk."""
        return replace(self, routed=replace(self.routed, straight=False))

    def data(self, process: Process, body_id: int | None) -> dict[str, Any]:
        """What the event `routed` says. A desk names its rung: the nearest that the process's ladder has."""
        told: dict[str, Any] = {"rules": self.version, "rule": self.routed.rule, "body_id": body_id, "by": "system"}
        if self.target.to is To.DESK:
            told["level"] = str(rung(process, Level(self.target.name)))
        return told


def rung(process: Process, wanted: Level) -> Level:
    """The rung of a process's ladder that answers for one that it may not have: the next above, else its top."""
    return next((level for level in process.ladder if level.rank >= wanted.rank), process.ladder[-1])


def facts(
    ctx: Context, category: Category, area_path: str | None, moment: datetime, channel: str, *, text: str = "",
    enterprise_id: int | None = None, enterprise_kind: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What a case is routed by (`case.routing.COLUMNS`). The text is looked at and kept nowhere."""
    local = moment.astimezone(ctx.zone)
    return {
        "category": category.code, "parent": category.parent or "", "area_path": area_path or "",
        "enterprise_id": enterprise_id, "enterprise_kind": enterprise_kind, "channel": channel, "text": text,
        "minute": local.hour * 60 + local.minute, "weekday": local.weekday(),
    }  # fmt: skip


def route(live: RuleSet, case: Mapping[str, Any]) -> Routing:
    """Where a case goes by these rules."""
    return Routing(live.version, rules_of.route(live, case))


def of_row(ctx: Context, conn: Connection, incident_id: int, category: Category, area_path: str | None) -> Routing:
    """As `route`, for a case that stands: by when and how it came, and what was said, opened only if a rule asks."""
    row, live = incidents.routed_by(conn, incident_id), rules.live(conn)
    text = ""
    if row.subject_id is not None and asks_for_words(live):
        opened = subjects.open_many(conn, ctx.vault, [row.subject_id])
        text = opened.get(row.subject_id, {}).get("text", "")
    case = facts(
        ctx, category, area_path, row.received_at, row.channel, text=text, enterprise_id=row.enterprise_id,
        enterprise_kind=row.enterprise_kind,
    )  # fmt: skip
    return route(live, case)


def asks_for_words(rule_set: RuleSet) -> bool:
    return any(rule.when.words for rule in rule_set.rules)


def again(ctx: Context, conn: Connection, case: Case, row: Any, now: datetime, account_id: int | None) -> None:
    """Route a case whose category was corrected. Nothing happens where it would go where it went, by the same rule.

    Nobody has taken it yet: it changes hands, with an event and a message, also straight to a body. Else its holder
    keeps it and hands it over or back; the record then says where it would go.
    """
    assert case.state.category is not None
    category = incidents.category(conn, case.state.category)
    cell_id = row.responsible_cell_id
    where = None if cell_id is None else Where(*rules.cell_of(conn, cell_id))
    routing = of_row(ctx, conn, row.id, category, where.area_path if where else None)
    holder = case.state.holder
    kept = Response(holder.worker_id, holder.body_id, holder.area_id, row.reason)
    to = redirect(conn, where, category.department, kept, routing.target)
    if routing.routed.rule == case.state.rule and to[:3] == kept[:3]:
        return
    case.write(conn, "routed", now, account_id, routing.data(case.process, to.body_id))
    straight = routing.straight(case.process, to.body_id) and sent_on(conn, case, to.body_id)
    if straight:
        to = to._replace(worker_id=None, reason=Reason.DISPATCHED)
    if straight or (case.state.status in WAITS and to[:3] != kept[:3]):
        hand_on(conn, case, row, to, now, account_id)
    if straight:
        case.write(conn, "dispatched", now, None, {"body_id": to.body_id, "by": "system"})


def sent_on(conn: Connection, case: Case, body_id: int | None) -> bool:
    """Whether the rules may send a case straight to this body: nobody has said yes yet, at a desk or at another body
    that the rules had sent it to."""
    if case.state.status is not Status.DISPATCHED:
        return case.state.status in AT_DESK
    last = next(event for event in reversed(cases.events(conn, case.id)) if event.kind == "dispatched")
    return last.data.get("by") == "system" and body_id != case.state.holder.body_id


def hand_on(conn: Connection, case: Case, row: Any, to: Response, now: datetime, account_id: int | None) -> None:
    """Let somebody else answer for a case where it lies: `row` as `incidents.current` gave it. The caller lets the case
    be remembered."""
    values = {**to._asdict(), "cell_id": row.responsible_cell_id, "reason": str(to.reason)}
    if row.responsibility_id is not None:
        incidents.end_responsibility(conn, row.responsibility_id, now)
    incidents.respond_once(conn, {"incident_id": case.id, "valid_from": now, **values})
    case.write(conn, "assigned", now, account_id, values)
    incidents.tell(conn, case.id, "assigned", now, worker_id=to.worker_id, body_id=to.body_id)


def why(conn: Connection, case: Case) -> dict[str, Any] | None:
    """Why a case went where it went: the version of the rules, the rule and what it asks; None before there were any.

    `rule` None: none fitted, so it went to the town's dispatcher.
    """
    state = case.state
    if state.rules is None:
        return None
    known = {rule.name: rule for rule in rules.one(conn, int(state.rules)).rules}
    rule = known.get(state.rule or "")
    told = RuleSet(state.rules, (rule,)).to_json()["rules"][0] if rule else None
    target = rule.target if rule else rules_of.NOWHERE_ELSE
    return {
        "rules": int(state.rules), "rule": state.rule, "when": told["when"] if told else {},
        "to": str(target.to), "name": target.name or None, "straight": bool(rule and rule.straight),
    }  # fmt: skip
