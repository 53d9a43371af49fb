"""Rules as an admin changes them: kept as a version, tried on last month's cases, and only then put in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gridmap.case import routing
from gridmap.case.routing import NOWHERE_ELSE, RuleSet, Target, To
from gridmap.errors import Conflict, Forbidden, InvalidInput
from gridmap.store import accounts, read, rules, subjects, write
from gridmap.store import ground as ground_store
from gridmap.usecases.assigning import Targets
from gridmap.usecases.context import Context
from gridmap.usecases.readlog import Reading
from gridmap.usecases.routing import asks_for_words
from gridmap.view import Kind, Role, View

#: changed cases that a trial names one by one
NAMED = 200
DAYS = 30


def allow(view: View) -> None:
    """Forbidden for whoever is no admin; the platform may."""
    if view.actor is not None and view.actor.role is not Role.ADMIN:
        raise Forbidden(f"rules, processes and calendars are for the admin, not for the role {view.actor.role}")


def account_id(view: View) -> int | None:
    return view.actor.account_id if view.actor else None


def listed(ctx: Context, view: View) -> list[dict[str, Any]]:
    """Every version of the rules, newest first."""
    allow(view)
    with read(ctx.engine) as conn:
        return rules.listed(conn)


def one(ctx: Context, view: View, version: int) -> dict[str, Any]:
    """A version of the rules as JSON. Raises NotFound."""
    allow(view)
    with read(ctx.engine) as conn:
        return rules.one(conn, version).to_json()


def faults(ctx: Context, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with a rule set, each with its rule and field; [] when it may be kept. Raises InvalidInput."""
    with read(ctx.engine) as conn:
        return _faults(conn, _read(data))


def _read(data: Mapping[str, Any]) -> RuleSet:
    return RuleSet.from_json({**data, "version": "0"})


def _faults(conn: Connection, given: RuleSet) -> list[dict[str, Any]]:
    found = routing.check(given, rules.known(conn))
    return [
        {"rule": one.rule, "field": one.field, "message": one.message, "why": one.said.why, "given": one.said.given}
        for one in found
    ]


def keep(ctx: Context, view: View, data: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a rule set as the next version, not in force yet. Raises InvalidInput with every fault in `errors`."""
    allow(view)
    given = _read(data)
    with write(ctx.engine) as conn:
        found = _faults(conn, given)
        if found:
            told = "; ".join(f"{one['rule']}.{one['field']}: {one['message']}" for one in found[:5])
            raise InvalidInput(told, field="rules", errors=found)
        now = ctx.clock()
        kept = rules.add(conn, given, now, account_id(view))
        accounts.audit(conn, now, account_id(view), "rules.keep", f"rules:{kept.version}", {"rules": len(kept.rules)})
    return kept.to_json()


def publish(ctx: Context, view: View, version: int) -> dict[str, Any]:
    """Put a version in force, once it was tried. Raises NotFound, Conflict where it was not tried or names what
    is gone.

    Putting in force the one that is has no effect. Cases that stand stay where they are.
    """
    allow(view)
    with write(ctx.engine) as conn:
        given, live = rules.one(conn, version), rules.live(conn)
        if live.version != str(version):
            found = _faults(conn, given)
            if found:
                raise Conflict(f"the rules {version} name what is not there any more", code="rules_wrong", errors=found)
            if version != rules.SHIPPED and not accounts.audited(conn, "rules.replay", f"rules:{version}"):
                raise Conflict(f"try the rules {version} on last month's cases first", code="rules_untried")
            now = ctx.clock()
            rules.publish(conn, version, now)
            told = {"before": live.version}
            accounts.audit(conn, now, account_id(view), "rules.publish", f"rules:{version}", told)
    return {"version": version, "live": True, "before": live.version}


def replay(ctx: Context, view: View, version: int, days: int = DAYS) -> dict[str, Any]:
    """Who would get what: the cases of the last days by the live rules and by these. Nothing is changed.

    Texts are looked at where a rule asks for words, and shown to nobody; the trial is written to the audit, and the
    cases it names to the read log then, since a rule's words tell what was said in them.
    """
    allow(view)
    now = ctx.clock()
    start = now - timedelta(days=days)
    with read(ctx.engine) as conn:
        live, new = rules.live(conn), rules.one(conn, version)
        words = asks_for_words(live) or asks_for_words(new)
        cases = _cases(ctx, conn, start, now, words=words)
        told, named = _compared(conn, live, new, cases)
    with write(ctx.engine) as conn:
        said = {"cases": len(cases), "changed": told["changed"], "days": days}
        accounts.audit(conn, now, account_id(view), "rules.replay", f"rules:{version}", said)
        if words and named and view.actor is not None:
            why = f"rules:{version}"
            line = Reading(now, view.actor.account_id, "/api/v1/rules/{version}/replay", Kind.INCIDENT, named, why)
            accounts.add_readings(conn, [line.row()])
    return {"version": version, "live": int(live.version), "days": days, "cases": len(cases), **told}


def _cases(ctx: Context, conn: Connection, start: datetime, end: datetime, *, words: bool) -> pd.DataFrame:
    """The cases of a time as rules see them (`routing.COLUMNS`), with id, number, department and body_id."""
    cases = rules.cases_between(conn, start, end)
    local = pd.DatetimeIndex(pd.to_datetime(cases["received_at"], utc=True)).tz_convert(ctx.zone)
    texts: dict[int, str] = {}
    if words:
        ids = [int(one) for one in cases["subject_id"].dropna()]
        texts = {key: one.get("text", "") for key, one in subjects.open_many(conn, ctx.vault, ids).items()}
    return cases.assign(
        area_path=cases["area_path"].fillna(""), minute=local.hour * 60 + local.minute, weekday=local.day_of_week,
        text=cases["subject_id"].map(lambda one: texts.get(int(one), "") if pd.notna(one) else ""),
    )  # fmt: skip


def _compared(conn: Connection, live: RuleSet, new: RuleSet, cases: pd.DataFrame) -> tuple[dict[str, Any], list[int]]:
    """What the trial tells, and the ids of the cases that it names."""
    compared = routing.compare(live, new, cases)
    where = _Where(conn)
    before, after = (
        [where.of(target, row) for target, row in zip(compared[name], cases.itertuples(), strict=True)]
        for name in ("target_old", "target_new")
    )
    other = [
        changed or was != now for changed, was, now in zip(compared["changed"].tolist(), before, after, strict=True)
    ]
    moved = Counter((was, now) for was, now in zip(before, after, strict=True) if was != now)
    rows = zip(cases["number"], cases["category"], before, after, compared["rule_new"], other, strict=True)
    named = [
        {"number": number, "category": category, "before": was, "after": now, "rule": rule}
        for number, category, was, now, rule, changed in rows
        if changed
    ]
    counts = Counter(before), Counter(after)
    told = {
        "changed": sum(other),
        "by_body": [
            {"body": body, "before": counts[0][body], "after": counts[1][body]}
            for body in sorted({*before, *after}, key=lambda body: (-counts[1][body], body))
        ],
        "by_rule": [
            {"rule": rule, "cases": count} for rule, count in Counter(compared["rule_new"].fillna("")).most_common()
        ],
        "moved": [{"before": was, "after": now, "cases": count} for (was, now), count in moved.most_common()],
        "named": named[:NAMED],
    }
    return told, cases["id"][np.array(other, dtype=bool)].tolist()[:NAMED]


class _Where:
    """The name of where a case goes: a body's code, or the desk of a rung ("desk:town")."""

    def __init__(self, conn: Connection) -> None:
        self._targets = Targets(conn, ground_store.bodies(conn))
        self._codes = {key: code for code, key in rules.body_ids(conn).items()}
        county = ground_store.county(conn)
        self._county = county.path if county else ""

    def of(self, target: str, row: Any) -> str:
        to, _, name = target.partition(":")
        if To(to) is To.DESK:
            return target
        department = row.department if isinstance(row.department, str) else None
        own = None if pd.isna(row.body_id) else int(row.body_id)
        body = self._targets.body(Target(To(to), name), row.area_path or self._county, department, own)
        return str(NOWHERE_ELSE) if body is None else self._codes[body]
