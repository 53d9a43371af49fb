"""Pages of layers: what is in a row, how filters narrow, how pages follow each other, and who sees what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from gridmap.case import clock
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import bulk_insert, open_engine, read, write
from gridmap.store import tables as t
from gridmap.store.behind import Figure
from gridmap.store.features import cell_loads, lights, one, page
from gridmap.store.filters import FILTERS, light_is
from gridmap.view import Audience, Drawing, InArea, InCells, Kind, OfBody, Scope, View
from tests.grids import LAT, LON, SIZE_DEG
from tests.store.county import NOW, TODAY, add_households, add_incidents, build, place_columns, spot

SYSTEM = View.system(TODAY)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LAYERS = ("areas", "bodies", "cells", "workers", "households", "enterprises", "incidents", "roads", "water", "places")

#: the square of A, shrunk so that it touches no neighbour
IN_A = (LON + 0.1 * SIZE_DEG, LAT + 1.1 * SIZE_DEG, LON + 0.9 * SIZE_DEG, LAT + 1.9 * SIZE_DEG)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with write(engine) as conn:
        build(conn)
        add_households(conn, "AABCDD-")
        hour = timedelta(hours=1)
        add_incidents(
            conn,
            [
                {"cell": "A", "worker_id": 1, "body_id": 1, "category": 2},  # N0000 green
                {"cell": "A", "received_at": NOW - 9 * hour, "hours": 12.0, "category": 2},  # N0001 just yellow
                {"cell": "B", "received_at": NOW - 12 * hour, "hours": 12.0, "category": 1},  # N0002 due now: yellow
                {"cell": "C", "received_at": NOW - 36 * hour, "hours": 12.0, "category": 3},  # N0003 still red
                {"cell": "D", "received_at": NOW - 37 * hour, "hours": 12.0, "category": 3},  # N0004 very late
                {"cell": "D", "received_at": NOW - 99 * hour, "closed_at": NOW, "category": 3},  # N0005 closed
                {"cell": None, "body_id": 2},  # N0006 outside
                {"cell": "E", "now_cell": "D", "received_at": NOW - timedelta(days=700), "hours": 1.0},  # N0007 redrawn
            ],
        )
    return engine


def numbers(engine: Engine, view: View = SYSTEM, **asked: Any) -> list[str]:
    with read(engine) as conn:
        return page(conn, view, "incidents", now=NOW, **asked).rows["number"].tolist()


def test_every_layer_reads_with_every_filter(filled: Engine) -> None:
    with write(filled) as conn:
        line, point = "SRID=4326;MULTILINESTRING((106.5 27,106.6 27.1))", "SRID=4326;POINT(106 27)"
        came = {"crs_in": "wgs84", "x_in": 106.0, "y_in": 27.0, "geom": point}
        conn.execute(insert(t.enterprises).values(**{"code": "q", "name": "采石场", "kind": "quarry", **came}))
        conn.execute(insert(t.roads).values(**{"code": "r", "class": "main", "geom": line}))
        conn.execute(insert(t.water).values(**{"code": "w", "class": "river", "width": 3, "geom": line}))
        conn.execute(insert(t.places).values(**{"code": "p", "name": "县城", "class": "county", "geom": point}))
    values = {"light": "red", "from": TODAY, "to": TODAY, "open": True, "waiting": "appeal", "ids": [1], "part_of": 1,
              "figure": Figure("2026-06", "due", "c", "c", "-", "c")}  # fmt: skip
    with read(filled) as conn:
        for layer in LAYERS:
            whole = page(conn, SYSTEM, layer)
            assert whole.next is None
            assert len(whole.rows) > 0, layer
            spatial = layer not in {"bodies", "workers"}
            assert ("geom" in whole.rows) is spatial
            if spatial:
                page(conn, SYSTEM, layer, bbox=IN_A)
            for name in FILTERS[layer]:
                page(conn, SYSTEM, layer, filters={name: values.get(name, "A")})
            leaked = {"crs_in", "x_in", "y_in", "subject_id", "account_id", "phone", "text"} & set(whole.rows.columns)
            assert leaked == set()


def test_incidents_come_newest_first_with_codes_names_and_lights(filled: Engine) -> None:
    with read(filled) as conn:
        rows = page(conn, SYSTEM, "incidents", now=NOW).rows
    assert rows["number"].tolist() == [f"N000{n}" for n in range(7, -1, -1)]
    by_number = rows.set_index("number")
    assert by_number["light"].to_dict() == {
        "N0000": "green", "N0001": "yellow", "N0002": "yellow", "N0003": "red", "N0004": "very_late", "N0005": None,
        "N0006": "green", "N0007": "very_late",
    }  # fmt: skip
    first = by_number.loc["N0000"]
    assert (first["category"], first["category_name"], first["category_name_en"]) == ("mining.dust", "粉尘", "Dust")
    assert (first["cell"], first["cell_name_en"], first["worker_id"], first["worker"]) == ("A", "Ay", 1, "王一")
    assert (first["body"], first["status"], first["responsible_reason"]) == ("B1", "assigned", "primary")
    assert by_number.loc["N0006", "cell"] is None
    assert by_number.loc["N0007", "cell"] == "D"


def test_as_drawn_then_names_the_cell_it_was_reported_in(filled: Engine) -> None:
    then = replace(SYSTEM, drawing=Drawing.THEN)
    with read(filled) as conn:
        rows = page(conn, then, "incidents", now=NOW).rows.set_index("number")
    assert rows.loc["N0007", "cell"] == "E"
    assert numbers(filled, then, filters={"cell": "E"}) == ["N0007"]
    assert numbers(filled, SYSTEM, filters={"cell": "E"}) == []
    assert numbers(filled, SYSTEM, filters={"cell": "D"}) == ["N0007", "N0005", "N0004"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"category": "mining"}, "76210"),  # a top category holds those below it
        ({"category": "mining.dust"}, "10"),
        ({"category": "no-such"}, ""),
        ({"status": "closed"}, "5"),
        ({"status": ["closed", "unplaced"]}, "65"),
        ({"open": True, "category": "land"}, "43"),
        ({"open": False}, "5"),
        ({"light": "green"}, "60"),
        ({"light": "yellow"}, "12"),  # the latest that came to it first
        ({"light": "red"}, "3"),
        ({"light": "very_late"}, "47"),
        ({"light": "very_late", "cell": "D", "category": "land"}, "4"),
        ({"light": None, "cell": "C"}, "3"),
    ],
    ids=str,
)
def test_filters(filled: Engine, filters: dict[str, Any], expected: str) -> None:
    assert numbers(filled, filters=filters) == [f"N000{n}" for n in expected]


def test_days_begin_at_midnight_of_the_county(filled: Engine) -> None:
    # NOW is 12:00 on 3 July in Shanghai: N0002 came at 00:00, N0001 at 03:00, N0003 at 00:00 the day before
    assert numbers(filled, zone=SHANGHAI, filters={"from": TODAY}) == ["N0006", "N0000", "N0001", "N0002"]
    yesterday = {"from": date(2026, 7, 2), "to": TODAY}
    assert numbers(filled, zone=SHANGHAI, filters=yesterday) == ["N0003"]
    assert numbers(filled, filters={"from": NOW - timedelta(hours=9), "to": NOW}) == ["N0006", "N0000", "N0001"]


def test_pages_follow_each_other_without_gap_or_repeat(filled: Engine) -> None:
    lists = [(layer, box) for layer in ("incidents", "households") for box in (None, IN_A)]
    for layer, box in [*lists, ("cells", None)]:
        with read(filled) as conn:
            whole = page(conn, SYSTEM, layer, bbox=box).rows["id"].tolist()
            assert len(whole) >= 2
            seen: list[int] = []
            after: int | None = None
            while True:
                step = page(conn, SYSTEM, layer, bbox=box, after=after, limit=2)
                seen += step.rows["id"].tolist()
                if step.next is None:
                    break
                after = step.next
        assert seen == whole, (layer, box)


def test_a_box_holds_what_lies_in_it(filled: Engine) -> None:
    assert numbers(filled, bbox=IN_A) == ["N0006", "N0001", "N0000"]
    with read(filled) as conn:
        assert page(conn, SYSTEM, "cells", bbox=IN_A).rows["code"].tolist() == ["A"]
        assert page(conn, SYSTEM, "households", bbox=IN_A).rows["code"].tolist() == ["H000", "H001", "H006"]


def test_cells_are_those_of_the_views_day(filled: Engine) -> None:
    with read(filled) as conn:
        drawings = {TODAY: "ABCD", date(2025, 1, 1): "ABCD", date(2024, 12, 31): "ABCE", date(2020, 1, 1): ""}
        for day, codes in drawings.items():
            found = page(conn, replace(SYSTEM, as_of=day), "cells").rows["code"].tolist()
            assert sorted(found) == list(codes), day
        a = page(conn, SYSTEM, "cells", filters={"code": "A"}).rows.iloc[0]
        assert (a["area"], a["area_name_en"], a["body"], a["valid_to"]) == ("520001001", "Area 520001001", "B1", None)
        assert a["geom"].geom_type == "MultiPolygon"
        town = page(conn, SYSTEM, "cells", filters={"area": "520001"}).rows["code"].tolist()
    assert town == ["A", "B", "C"]


def test_the_scope_holds_for_every_page(filled: Engine) -> None:
    def view(kind: Kind, grant: Any) -> View:
        return View(actor=None, scope=Scope({kind: grant}), as_of=TODAY)

    with read(filled) as conn:
        homes = page(conn, view(Kind.HOUSEHOLD, InCells(frozenset({1, 4}))), "households").rows
        assert homes["cell"].tolist() == ["A", "A", "D", "D"]
        assert page(conn, view(Kind.HOUSEHOLD, InCells(frozenset({1}))), "incidents").rows.empty
    assert numbers(filled, view(Kind.INCIDENT, OfBody(2))) == ["N0006"]
    assert numbers(filled, view(Kind.INCIDENT, InArea("/1/5/"))) == ["N0007", "N0005", "N0004"]
    assert numbers(filled, view(Kind.INCIDENT, InArea("/1/5/")), bbox=IN_A) == []


@pytest.mark.parametrize("audience", [Audience.FIGURES, Audience.RELEASE])
def test_single_rows_of_persons_are_for_those_who_serve(filled: Engine, audience: Audience) -> None:
    view = SYSTEM.for_use(audience)
    with read(filled) as conn:
        assert page(conn, view, "households").rows.empty
        assert page(conn, view, "incidents").rows.empty
        assert len(page(conn, view, "cells").rows) == 4


def test_what_cannot_be_asked_is_named(filled: Engine) -> None:
    with read(filled) as conn:
        for asked, words in (
            ({"layer": "subjects"}, "subjects"),
            ({"layer": "incidents", "filters": {"reporter": "x"}}, "reporter"),
            ({"layer": "incidents", "filters": {"light": "blue"}}, "light"),
            ({"layer": "cells", "limit": 0}, "limit"),
            ({"layer": "cells", "limit": 10_001}, "limit"),
            ({"layer": "cells", "bbox": (1, 2, 0, 3)}, "bbox"),
        ):
            with pytest.raises(InvalidInput, match=words):
                page(conn, SYSTEM, **asked)


def test_awkward_filter_values_find_nothing_and_break_nothing(filled: Engine) -> None:
    for value in ("' OR 1=1 --", "%", "_", "", "A\\", "中文", "x" * 10_000, "A;DROP TABLE cells"):
        for name in ("cell", "category", "status"):
            assert numbers(filled, filters={name: value}) == []


def test_one_row_by_id_or_code(filled: Engine) -> None:
    with read(filled) as conn:
        by_code, by_id = one(conn, SYSTEM, "incidents", "N0004", now=NOW), one(conn, SYSTEM, "incidents", 5, now=NOW)
        assert by_code["id"] == by_id["id"] == 5
        assert by_code["light"] == "very_late"
        assert one(conn, SYSTEM, "households", "H000")["address"] == "A 街 0 号"
        nobody = View(actor=None, scope=Scope({Kind.INCIDENT: InCells(frozenset({2}))}), as_of=TODAY)
        for missing in ("N9999", 10**6):
            with pytest.raises(NotFound):
                one(conn, SYSTEM, "incidents", missing)
        with pytest.raises(NotFound):
            one(conn, nobody, "incidents", "N0004")


def drawn_moments(rng: np.random.Generator, count: int) -> dict[str, list[datetime | None]]:
    """Moments around NOW, in minutes so that many coincide with it and with each other; some are missing."""
    names = ("yellow_at", "red_at", "very_late_at", "paused_until")
    drawn = {name: (rng.integers(-3, 4, count).tolist(), (rng.random(count) < 0.2).tolist()) for name in names}
    return {
        name: [None if gone else NOW + timedelta(minutes=m) for m, gone in zip(*values, strict=True)]
        for name, values in drawn.items()
    }


def test_one_light_in_python_in_numpy_and_in_sql(spatialite_url: str, postgis_url: str) -> None:
    """A random 100,000 on each database: every row is found under the light that the clock gives it, and no other."""
    count = 100_000
    moments = drawn_moments(np.random.default_rng(11), count)
    ended = (np.random.default_rng(12).random(count) < 0.3).tolist()
    said = [
        None if over else str(clock.Thresholds(yellow, red, late).light(NOW, paused))
        for over, yellow, red, late, paused in zip(ended, *moments.values(), strict=True)
    ]
    assert set(said) == {None, *map(str, clock.Light)}
    columns = {name: pd.to_datetime(pd.Series(values), utc=True) for name, values in moments.items()}
    closed = pd.to_datetime(pd.Series([NOW if over else None for over in ended]), utc=True)
    assert lights(pd.DataFrame({**columns, "closed_at": closed}), NOW).tolist() == said
    for url in (spatialite_url, postgis_url):
        engine = open_engine(url)
        with write(engine) as conn:
            build(conn)
            fill_lights(conn, moments, ended)
        with read(engine) as conn:
            for light in clock.Light:
                found = conn.execute(select(t.incidents.c.number).where(light_is(light, NOW))).scalars()
                assert sorted(map(int, found)) == [n for n, one in enumerate(said) if one == light], light
        engine.dispose()


def fill_lights(conn: Connection, moments: dict[str, list[datetime | None]], ended: list[bool]) -> None:
    count = len(ended)
    bulk_insert(
        conn, t.incidents,
        {
            "number": [str(n) for n in range(count)], "category_id": [1] * count, "channel": ["worker"] * count,
            "status": ["closed" if over else "assigned" for over in ended], "received_at": [NOW] * count,
            "due_at": [NOW] * count, "closed_at": [NOW if over else None for over in ended],
            "place_reason": ["outside"] * count, **place_columns([spot("A")] * count), **moments,
        },
    )  # fmt: skip


def test_the_databases_light_is_the_clocks_too(engine: Engine) -> None:
    """Every incident is found under the light that the clock gives it, at and just beside each limit."""
    second = timedelta(seconds=1)
    used = [timedelta(hours=h) + d * second for h in (0, 9, 12, 36) for d in (-1, 0, 1) if h or d >= 0]
    with write(engine) as conn:
        build(conn)
        add_incidents(conn, [{"received_at": NOW - u, "hours": 12.0} for u in used])
    expected: dict[str, set[str]] = {}
    for n, u in enumerate(used):
        yellow, red, late = (NOW - u + timedelta(hours=h) for h in (9, 12, 36))
        expected.setdefault(str(clock.Thresholds(yellow, red, late).light(NOW)), set()).add(f"N{n:04}")
    assert set(expected) == {"green", "yellow", "red", "very_late"}
    for light, found in expected.items():
        assert set(numbers(engine, filters={"light": light})) == found, light


def test_loads_of_cells(filled: Engine) -> None:
    with write(filled) as conn:
        conn.execute(update(t.duties).where(t.duties.c.cell_id == 2).values(rank="primary"))
        bulk_insert(conn, t.duties, {"worker_id": [1], "cell_id": [1], "rank": ["primary"],
                                     "valid_from": [TODAY + timedelta(days=1)]})  # fmt: skip
    with read(filled) as conn:
        loads = cell_loads(conn, SYSTEM, now=NOW).set_index("code")
    assert loads.index.tolist() == ["A", "B", "C", "D"]
    assert loads["households"].tolist() == [2, 1, 1, 2]
    assert loads["open_incidents"].tolist() == [2, 1, 1, 2]
    assert loads["overdue"].tolist() == [0, 0, 1, 2]
    assert loads["workers"].tolist() == [1, 2, 0, 1]
    assert loads["worker_names"].tolist() == ["王一", "李二、王一", "", "张三"]
    assert loads.loc["B", "worker_names_en"] in {"Li, Wang", "Wang, Li"}
    assert loads["households"].dtype == np.int64
    none = View(actor=None, scope=Scope(), as_of=TODAY)
    with read(filled) as conn:
        assert cell_loads(conn, none).empty


def test_an_empty_database_answers_with_empty_pages(engine: Engine) -> None:
    with read(engine) as conn:
        for layer in LAYERS:
            assert page(conn, SYSTEM, layer).rows.empty
        assert cell_loads(conn, SYSTEM).empty


def test_a_moment_without_zone_is_refused(filled: Engine) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        numbers(filled, filters={"from": datetime(2026, 7, 3)})  # noqa: DTZ001
