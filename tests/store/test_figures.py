"""Exact counts: equal to counting by hand, whatever they are counted by, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import Engine

from gridmap.errors import InvalidInput
from gridmap.store import read, write
from gridmap.store.figures import DIMENSIONS, counts, household_points, incident_points
from gridmap.view import Audience, Drawing, InArea, Kind, Scope, View
from tests.store.county import NOW, TODAY, add_households, add_incidents, build, spot

FIGURES = View.system(TODAY).for_use(Audience.FIGURES)
SHANGHAI = ZoneInfo("Asia/Shanghai")

CATEGORY = {1: "mining", 2: "mining.dust", 3: "land"}
TOP = {1: "mining", 2: "mining", 3: "land"}
COMMUNITY = {"A": "520001001", "B": "520001001", "C": "520001002", "D": "520002001", "E": "520002001", None: None}


def drawn_rows(count: int = 200) -> list[dict[str, Any]]:
    rng = np.random.default_rng(11)
    start = datetime(2025, 11, 15, 12, tzinfo=UTC)
    rows = []
    for _ in range(count):
        at = start + timedelta(hours=float(rng.uniform(0, 24 * 200)))
        closed = at + timedelta(hours=float(rng.uniform(1, 400)))
        cell = [*"ABCDE", None][rng.integers(0, 6)]
        rows.append({
            "cell": cell, "now_cell": "D" if cell == "E" else cell, "category": int(rng.integers(1, 4)),
            "received_at": at, "closed_at": closed if rng.random() < 0.7 else None,
        })  # fmt: skip
    return rows


@pytest.fixture
def filled(engine: Engine) -> tuple[Engine, list[dict[str, Any]]]:
    rows = drawn_rows()
    with write(engine) as conn:
        build(conn)
        add_households(conn, "AB")
        add_incidents(conn, rows)
    return engine, rows


def counted(engine: Engine, by: Any, view: View = FIGURES, **asked: Any) -> dict[Any, int]:
    with read(engine) as conn:
        out = counts(conn, view, by, now=NOW, **asked)
    keys = [by] if isinstance(by, str) else list(by)
    found = [tuple(row) if len(keys) > 1 else row[0] for row in out[keys].to_numpy().tolist()]
    return dict(zip(found, out["count"].tolist(), strict=True))


def key_of(row: dict[str, Any], dimension: str, cell: str, zone: Any) -> Any:
    match dimension:
        case "category":
            return CATEGORY[row["category"]]
        case "top_category":
            return TOP[row["category"]]
        case "town":
            return COMMUNITY[row[cell]] and COMMUNITY[row[cell]][:6]
        case "community":
            return COMMUNITY[row[cell]]
        case "cell":
            return row[cell]
        case _:
            return f"{row['received_at'].astimezone(zone):%Y-%m}"


@pytest.mark.parametrize("drawing", list(Drawing))
@pytest.mark.parametrize("zone", [UTC, SHANGHAI, ZoneInfo("America/New_York")], ids=str)
def test_counts_are_those_counted_by_hand(
    filled: tuple[Engine, list[dict[str, Any]]], drawing: Drawing, zone: Any
) -> None:
    engine, rows = filled
    view = replace(FIGURES, drawing=drawing)
    cell = "now_cell" if drawing is Drawing.NOW else "cell"
    for by in DIMENSIONS:
        expected = Counter(key_of(row, by, cell, zone) for row in rows)
        assert counted(engine, by, view, zone=zone) == dict(expected), by
    both = Counter((key_of(row, "top_category", cell, zone), key_of(row, "month", cell, zone)) for row in rows)
    assert counted(engine, ("top_category", "month"), view, zone=zone) == dict(both)


def test_open_overdue_and_closed_add_up(filled: tuple[Engine, list[dict[str, Any]]]) -> None:
    engine, rows = filled
    with read(engine) as conn:
        out = counts(conn, FIGURES, "town", now=NOW)
    assert out[["count", "open", "overdue", "closed"]].dtypes.astype(str).tolist() == ["int64"] * 4
    still_open = [row for row in rows if row["closed_at"] is None]
    assert out["open"].sum() == len(still_open)
    assert out["closed"].sum() == len(rows) - len(still_open)
    assert out["overdue"].sum() == sum(row["received_at"] + timedelta(hours=72) < NOW for row in still_open)
    assert (out["open"] + out["closed"] == out["count"]).all()


def test_names_stand_beside_the_codes(filled: tuple[Engine, list[dict[str, Any]]]) -> None:
    engine, _ = filled
    with read(engine) as conn:
        out = counts(conn, FIGURES, ("town", "month"), now=NOW, zone=SHANGHAI)
    assert list(out.columns) == [
        "town", "town_name", "town_name_en", "month", "count", "open", "overdue", "closed",
    ]  # fmt: skip
    named = out.dropna(subset="town").drop_duplicates("town").set_index("town")["town_name_en"].to_dict()
    assert named == {"520001": "Area 520001", "520002": "Area 520002"}
    outside = out[out["town"].isna()]
    assert set(outside["town"]) == set(outside["town_name"]) == {None}
    assert out["month"].min() == "2025-11"


def test_counts_end_at_the_area_and_follow_filters(filled: tuple[Engine, list[dict[str, Any]]]) -> None:
    engine, rows = filled
    town = View(actor=None, scope=Scope({Kind.INCIDENT: InArea("/1/5/")}), as_of=TODAY, audience=Audience.FIGURES)
    in_town = [row for row in rows if row["now_cell"] == "D"]
    assert counted(engine, "category", town) == dict(Counter(CATEGORY[row["category"]] for row in in_town))
    days = {"from": date(2026, 1, 1), "to": date(2026, 2, 1), "category": "mining"}
    begin, end = datetime(2026, 1, 1, tzinfo=SHANGHAI), datetime(2026, 2, 1, tzinfo=SHANGHAI)
    meant = [row for row in rows if begin <= row["received_at"] < end and row["category"] in {1, 2}]
    assert counted(engine, "month", zone=SHANGHAI, filters=days) == {"2026-01": len(meant)}
    nobody = View(actor=None, scope=Scope(), as_of=TODAY)
    assert counted(engine, "month", nobody) == {}
    assert counted(engine, ("cell", "month"), nobody) == {}


def test_points_are_those_admitted(filled: tuple[Engine, list[dict[str, Any]]]) -> None:
    engine, rows = filled
    town = View(actor=None, scope=Scope({Kind.INCIDENT: InArea("/1/5/")}), as_of=TODAY)
    with read(engine) as conn:
        lon, lat = incident_points(conn, town, {"category": "land"})
        home_lon, home_lat = household_points(conn)
        none = incident_points(conn, View(actor=None, scope=Scope(), as_of=TODAY))
    assert len(lon) == len(lat) == sum(row["now_cell"] == "D" and row["category"] == 3 for row in rows) > 0
    assert (lon.dtype, lat.dtype) == (np.float64, np.float64)
    assert set(lon.tolist()) == {spot("D").x}
    assert (home_lon.tolist(), home_lat.tolist()) == ([spot("A").x, spot("B").x], [spot("A").y, spot("B").y])
    assert [len(part) for part in none] == [0, 0]


def test_an_unknown_dimension_is_named(engine: Engine) -> None:
    with read(engine) as conn:
        for by in ("worker", (), ("cell", "reporter")):
            with pytest.raises(InvalidInput, match="count by some of"):
                counts(conn, FIGURES, by)
        assert counts(conn, FIGURES, "month").empty
