"""Where the rules send the rows of a register: all of a chunk at once, by the rules that are live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from gridmap.case.routing import COLUMNS, NOWHERE_ELSE, RuleSet, Target, To, replay
from gridmap.case.terms import Level
from gridmap.store import cases, rules
from gridmap.store.incidents import Category
from gridmap.usecases.assigning import Places
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.routing import rung


class Routed(NamedTuple):
    """Where one row goes, by which rule (None: none fitted); `level`: the rung of the desk that it goes to."""

    rule: str | None
    target: Target
    level: str | None


def routes(
    batch: Batch, live: RuleSet, chosen: Sequence[Category], places: Places
) -> tuple[list[Routed], list[Category]]:
    """Where each row goes, and its category with the process that it follows there. Nothing goes straight to a body: a
    register tells of what has been, and its open cases lie with who is on duty today."""
    frame = _frame(batch, chosen, places)
    found = replay(live, frame)
    targets = {rule.name: rule.target for rule in live.rules}
    known = rules.known_processes(batch.conn)
    told, categories = [], []
    for category, rule, process in zip(chosen, found["rule"], found["process"], strict=True):
        name = rule if isinstance(rule, str) else None
        code = process if isinstance(process, str) and process in known else category.process
        target = targets[name] if name is not None else NOWHERE_ELSE
        level = None
        if target.to is To.DESK:
            level = str(rung(cases.process(batch.conn, code), Level(target.name)))
        told.append(Routed(name, target, level))
        categories.append(category if code == category.process else replace(category, process=code))
    return told, categories


def _frame(batch: Batch, chosen: Sequence[Category], places: Places) -> pd.DataFrame:
    """The rows as rules see them (`case.routing.COLUMNS`)."""
    received = pd.DatetimeIndex(batch.column("received_at")).tz_convert(batch.ctx.zone)
    ids = pd.Series(batch.column("enterprise_id"), dtype=object)
    kinds = rules.enterprise_kinds(batch.conn) if ids.notna().any() else {}
    columns = {
        "category": [one.code for one in chosen],
        "parent": [one.parent or "" for one in chosen],
        "area_path": [path or "" for path in places.area_path],
        "enterprise_id": ids,
        "enterprise_kind": ids.map(kinds),
        "minute": received.hour * 60 + received.minute,
        "weekday": received.day_of_week,
        "channel": [channel or "import" for channel in batch.column("channel")],
        "text": [text or "" for text in batch.column("text")],
    }
    return pd.DataFrame(columns)[list(COLUMNS)]
