"""Many rows at once: what goes in comes out, in order, typed, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, insert, select

from gridmap.errors import Conflict, InvalidInput
from gridmap.store import bulk, bulk_insert, bulk_update, frame, read, write
from gridmap.store import tables as t
from gridmap.store.bulk import numbers
from gridmap.store.figures import lon_lat
from gridmap.store.upsert import known_among
from tests.store.county import NOW, build, place_columns, spot


def homes(count: int, prefix: str = "H") -> dict[str, object]:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(106.0, 107.0, count), rng.uniform(26.0, 27.0, count)
    return {
        "code": [f"{prefix}{n}" for n in range(count)], "address": np.array(["街"] * count, dtype=object),
        "crs_in": ["gcj02"] * count, "x_in": lon + 0.003, "y_in": lat, "geom": shapely.points(lon, lat),
    }  # fmt: skip


def test_sixty_thousand_points_go_in_at_once_and_come_out_equal(engine: Engine) -> None:
    columns = homes(60_000)
    with write(engine) as conn:
        ids = bulk_insert(conn, t.households, columns)
    assert ids.dtype == np.int64
    assert len(set(ids.tolist())) == 60_000
    with read(engine) as conn:
        out = frame(conn, select(t.households).order_by(t.households.c.id))
    assert isinstance(out, gpd.GeoDataFrame)
    assert out.crs.to_epsg() == 4326
    assert np.array_equal(out["id"].to_numpy(), ids)
    assert shapely.equals_exact(out["geom"].to_numpy(), columns["geom"]).all()
    assert np.array_equal(out["x_in"].to_numpy(), columns["x_in"])
    assert out["code"].tolist() == columns["code"]


def test_the_spatial_index_is_kept(engine: Engine) -> None:
    with write(engine) as conn:
        bulk_insert(conn, t.households, homes(50))
    with read(engine) as conn:
        if engine.dialect.name == "sqlite":
            assert conn.exec_driver_sql("SELECT CheckSpatialIndex('households', 'geom')").scalar() == 1
            assert conn.exec_driver_sql("SELECT count(*) FROM idx_households_geom").scalar() == 50


def test_every_kind_of_value_survives(engine: Engine) -> None:
    tokyo = datetime(2026, 7, 3, 8, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with write(engine) as conn:
        build(conn)
        bulk_insert(conn, t.incidents, {
            "number": ["1", "2", "3"], "category_id": np.array([1, 2, 1]), "channel": ["worker"] * 3,
            "status": ["assigned"] * 3, "received_at": [NOW, tokyo, NOW], "due_at": [NOW] * 3,
            "occurred_at": pd.Series([NOW, None, datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)]),
            "accuracy_m": np.array([12.5, np.nan, 0.0]),
            "enterprise_id": np.array([np.nan] * 3), "runner_up_id": [None, 1.0, 2],
            "cell_id": pd.array([1, None, 2], dtype="Int64"),
            "place_reason": ["inside", "outside", "border"], "source_ref": ["=1+1", None, "中文 'x\"; \\ \t\n%s ?"],
            **place_columns([spot("A"), spot("B"), spot("C")]),
        })  # fmt: skip
        conn.execute(insert(t.leaves).values(worker_id=1, starts_on=date(2024, 2, 29), ends_on=date(2024, 3, 1)))
    with read(engine) as conn:
        out = frame(conn, select(t.incidents).order_by(t.incidents.c.id))
        leave = frame(conn, select(t.leaves))
    assert out["received_at"].tolist() == [pd.Timestamp(NOW), pd.Timestamp(tokyo), pd.Timestamp(NOW)]
    assert str(out["received_at"].dtype) == "datetime64[us, UTC]"
    assert out["occurred_at"].isna().tolist() == [False, True, False]
    assert out["occurred_at"][2] == datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
    assert out["accuracy_m"].isna().tolist() == [False, True, False]
    assert out["cell_id"].tolist() == [1, pd.NA, 2]
    assert out["source_ref"].tolist() == ["=1+1", None, "中文 'x\"; \\ \t\n%s ?"]
    assert leave["starts_on"].tolist() == [date(2024, 2, 29)]
    assert out["id"].dtype == np.int64


def test_an_empty_answer_has_the_same_types(engine: Engine) -> None:
    columns = (t.incidents.c.id, t.incidents.c.number, t.incidents.c.received_at, t.incidents.c.border_m)
    with read(engine) as conn:
        plain, spatial = frame(conn, select(*columns)), frame(conn, select(t.incidents.c.geom, *columns))
    assert [str(kind) for kind in plain.dtypes] == ["int64", "object", "datetime64[us, UTC]", "float64"]
    assert isinstance(spatial, gpd.GeoDataFrame)
    assert len(spatial) == 0


def test_numbers_come_in_parts_as_they_stand(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coordinates to the last bit, missing ones as NaN, in order, whatever a part holds; nothing has its columns."""
    monkeypatch.setattr(bulk, "_PART", 3)
    columns, h = homes(10), t.households
    query = select(h.c.id, h.c.cell_id, *lon_lat(h)).order_by(h.c.id)
    with write(engine) as conn:
        assert numbers(conn, query).shape == (0, 4)
        ids = bulk_insert(conn, h, columns)
    with read(engine) as conn:
        found = numbers(conn, query)
    assert found[:, 0].tolist() == ids.tolist()
    assert np.isnan(found[:, 1]).all()
    assert np.array_equal(found[:, 2:], shapely.get_coordinates(columns["geom"]))


def test_nothing_to_insert_is_nothing(engine: Engine) -> None:
    with write(engine) as conn:
        assert bulk_insert(conn, t.households, {}).shape == (0,)
        assert bulk_insert(conn, t.households, homes(0)).shape == (0,)
        assert bulk_update(conn, t.households, [], {"address": []}) == 0


def test_a_bad_row_takes_all_with_it(engine: Engine) -> None:
    columns = homes(100)
    columns["code"][57] = "H3"  # type: ignore[index]
    with pytest.raises(Conflict) as caught, write(engine) as conn:
        bulk_insert(conn, t.households, columns)
    assert caught.value.details["table"] == "households"
    with read(engine) as conn:
        assert conn.execute(select(t.households.c.id)).all() == []


def test_what_a_column_cannot_hold_is_named(engine: Engine) -> None:
    for change, words in (
        ({"x_in": [1.0, "east"]}, "x_in"),
        ({"children": [1.0, 2.5]}, "children"),
        ({"children": [1, "2"]}, "children"),
        ({"code": ["only one"]}, "different length"),
    ):
        with pytest.raises(InvalidInput, match=words), write(engine) as conn:
            bulk_insert(conn, t.households, {**homes(2), **change})
    naive = {"username": ["a"], "name": ["a"], "password_hash": ["x"], "role": ["admin"]}
    with pytest.raises(InvalidInput, match="created_at"), write(engine) as conn:
        bulk_insert(conn, t.accounts, {**naive, "created_at": [datetime(2026, 7, 3)]})  # noqa: DTZ001


def test_ids_follow_on_mixed_with_single_inserts(engine: Engine) -> None:
    with write(engine) as conn:
        first = bulk_insert(conn, t.households, homes(3, "a"))
        values = {name: column[0] for name, column in homes(1, "b").items() if name != "geom"}  # type: ignore[index]
        point = "SRID=4326;POINT(106 27)"
        key = conn.execute(insert(t.households).values(**values, geom=point)).inserted_primary_key
        last = bulk_insert(conn, t.households, homes(2, "c"))
    assert key is not None
    assert [*first.tolist(), key[0], *last.tolist()] == list(range(int(first[0]), int(first[0]) + 6))


def test_updates_reach_their_rows(engine: Engine) -> None:
    with write(engine) as conn:
        ids = bulk_insert(conn, t.households, homes(500))
        moved = shapely.points(np.linspace(105, 106, 250), 25.0)
        changed = bulk_update(conn, t.households, ids[::2], {"geom": moved, "address": [f"n{n}" for n in range(250)]})
        assert changed == 250
        assert bulk_update(conn, t.households, [10**6], {"address": ["nobody"]}) == 0
        with pytest.raises(InvalidInput):
            bulk_update(conn, t.households, ids, {"address": ["one"]})
    with read(engine) as conn:
        out = frame(conn, select(t.households).order_by(t.households.c.id))
    assert shapely.equals_exact(out["geom"].to_numpy()[::2], moved).all()
    assert out["address"].tolist()[:4] == ["n0", "街", "n1", "街"]


def test_keys_are_found_among_many(engine: Engine) -> None:
    """Also odd ones; None and what is not there are left out."""
    odd = ["a'b", 'c"d', "e\\f", "息烽", "g,h", "𠮷", " ", "0"]
    with write(engine) as conn:
        ids = bulk_insert(
            conn, t.places, {"code": odd, "name": odd, "class": ["village"] * 8, "geom": [shapely.Point(0, 0)] * 8}
        )
        found = known_among(conn, t.places, "code", [*odd, None, "none", *map(str, range(1, 25_000))])
    assert found == dict(zip(odd, ids.tolist(), strict=True))
