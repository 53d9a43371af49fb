"""What a drawing's first day costs: each row that changes is written once, by as many statements for many or few."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import event, func, select, text

from gridmap.plan.deltas import Merge
from gridmap.store import chain, read, write
from gridmap.store import tables as t
from gridmap.store.doctor import examine
from gridmap.store.spatial import is_geometry, wkb
from gridmap.usecases.imports import load
from gridmap.usecases.publishing import apply_due
from tests.county import CELL, SmallCounty, centre, frames
from tests.firstday import astray
from tests.redraw import approve, publish, submitted

#: what the first day writes but for the audit, the plan and the layers' versions, of which there is one row each
MOVED = (
    t.duties, t.households, t.enterprises, t.incidents, t.responsibilities, t.events, t.handovers, t.outbox, t.helpers,
    t.score_cases, t.scores, t.cells, t.drawings,
)  # fmt: skip


@dataclass
class Cost:
    statements: int
    written: Counter[str]
    changed: Counter[str]


def crowd(county: SmallCounty, count: int) -> None:
    """As many open cases and households more in each of the cells A and B."""
    made = frames()
    cases = made["incidents"][made["incidents"]["number"].isin(["R-A0", "R-A1", "R-B2"])]
    homes = made["households"].iloc[:1]
    for letter in "AB":
        east, north = centre(letter, 0.1, 0.15)
        place = {"lon": east, "lat": north, "x_in": east, "y_in": north}
        more = pd.concat([cases] * (count // 3), ignore_index=True).assign(**place)
        more["number"] = [f"R-{letter}-MORE-{number}" for number in range(len(more))]
        rows = pd.concat([homes] * count, ignore_index=True).assign(**place)
        rows["code"] = [f"H-{letter}-MORE-{number}" for number in range(count)]
        for kind, frame in (("incidents", more), ("households", rows)):
            loaded = load(county.ctx, kind, frame.assign(row=range(1, len(frame) + 1)))
            assert not loaded.rejects, loaded.rejects[:3]


def watched(county: SmallCounty) -> None:
    """Have the database itself note each row that is written from here on: COPY tells no driver how many it wrote."""
    sqlite = county.ctx.engine.dialect.name == "sqlite"
    with write(county.ctx.engine) as conn:
        conn.execute(text("CREATE TABLE written (name TEXT)"))
        if not sqlite:
            conn.execute(text(
                "CREATE FUNCTION note_written() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN INSERT INTO written VALUES (TG_TABLE_NAME); RETURN NULL; END'"
            ))  # fmt: skip
        for table in MOVED:
            for verb in ("INSERT", "UPDATE", "DELETE"):
                does = (
                    f"BEGIN INSERT INTO written VALUES ('{table.name}'); END"
                    if sqlite
                    else "EXECUTE FUNCTION note_written()"
                )
                conn.execute(text(
                    f"CREATE TRIGGER noted_{table.name}_{verb} AFTER {verb} ON {table.name} FOR EACH ROW {does}"
                ))  # fmt: skip


def rows_of(county: SmallCounty) -> dict[str, dict[Any, tuple[Any, ...]]]:
    """All rows of the tables by their key."""
    found = {}
    for table in MOVED:
        columns = [wkb(one).label(one.name) if is_geometry(one.type) else one for one in table.c]
        key = "id" if "id" in table.c else next(iter(table.primary_key.columns)).name
        found[table.name] = {row._mapping[key]: tuple(row) for row in county.run(select(*columns))}
    return found


def first_day(county: SmallCounty, count: int) -> Cost:
    """What it costs when B joins A, with so many cases and households more in each."""
    crowd(county, count)
    plan_id, version = submitted(county, [Merge((CELL["A"], CELL["B"]), CELL["A"])])
    approve(county, plan_id, version)
    publish(county, plan_id, county.ctx.today() + timedelta(days=2))
    county.clock.forward(days=2)
    watched(county)
    before, statements = rows_of(county), 0

    def counting(*_: Any) -> None:
        nonlocal statements
        statements += 1

    event.listen(county.ctx.engine, "before_cursor_execute", counting)
    assert apply_due(county.ctx) == 1
    event.remove(county.ctx.engine, "before_cursor_execute", counting)
    after = rows_of(county)
    changed = Counter({
        name: sum(before[name].get(key) != after[name].get(key) for key in before[name].keys() | after[name].keys())
        for name in before
    })  # fmt: skip
    written = Counter(county.run(text("SELECT name FROM written")))
    return Cost(statements, Counter({row[0]: n for row, n in written.items()}), +changed)


def test_each_row_that_changes_is_written_once_however_many_move(small_county: SmallCounty, twin: SmallCounty) -> None:
    few, many = first_day(small_county, 12), first_day(twin, 300)
    for cost in (few, many):
        assert cost.written == cost.changed
    assert few.statements == many.statements
    # of A and B: what was there before, and what came
    assert (few.changed["households"], many.changed["households"]) == (8 + 24, 8 + 600)
    moved = many.changed["events"]
    assert moved == few.changed["events"] + 2 * (300 - 12)
    assert many.changed["responsibilities"] == 2 * moved  # one ends, one begins
    # clocks go on, no case counts for another month, area or body, and the drawing itself was written before
    assert not {"incidents", "score_cases", "scores", "helpers", "cells", "drawings"} & set(many.changed)
    with read(twin.ctx.engine) as conn:
        assert chain.broken_chains(conn) == []
        assert [one.code for one in examine(conn, twin.ctx.today())] == []
    assert astray(twin) == []
    told = select(func.count()).where(t.outbox.c.kind == "handed_over")
    assert twin.one(told) - small_county.one(told) == 300 - 12
