"""What goes out comes in again: every kind, on both databases; by whose rights, and what is written down of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from sqlalchemy import select, update

from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound
from gridmap.files import KINDS, read_table
from gridmap.ground import check, convert
from gridmap.privacy import Vault
from gridmap.store import accounts as account_store
from gridmap.store import exports, features, read, subjects
from gridmap.store import tables as t
from gridmap.store.engine import open_engine
from gridmap.usecases import accounts
from gridmap.usecases.context import Context
from gridmap.usecases.exporting import Choice, Exported, export_file
from gridmap.usecases.importing import Options, import_file
from gridmap.usecases.imports import load
from gridmap.usecases.reading import view_for
from gridmap.usecases.setup import initialise
from gridmap.view import Role, View
from tests.awkward import AWKWARD_TEXT
from tests.county import CELL, COMMUNITY, COUNTY, LETTERS, NOW, PASSWORD, TEXT, TOWNS, ZONE, SmallCounty, centre, frames
from tests.pages.payloads import PAYLOADS

WHY = "moving to the new server"
#: who may read every row of a kind in person in this county
READER = {"households": "worker-all", "incidents": "official", "workers": "supervisor"}
#: kinds that are brought back where they came from; the others have no column of a type that these lack
KEPT = (
    "areas", "cells", "workers", "duties", "categories", "households", "enterprises", "incidents", "blasts", "permits",
)  # fmt: skip
#: kinds of which this county has no rows
NOT_HERE = ("leaves", "roads", "water", "places")
#: with every kind in another format, each format is written by some kind with and some without geometry
FORMATS = ("gpkg", "csv", "geojson", "parquet", "xlsx", "csv.gz")


@pytest.fixture
def county(small_county: SmallCounty) -> SmallCounty:
    """The small county with a worker on the roster of every cell, and rows that are hard to carry."""
    ctx = small_county.ctx
    everywhere = pd.DataFrame({"worker": "W-BACKUP", "cell": [CELL[letter] for letter in "CDEFGH"]}).assign(
        rank="backup", valid_from=date(2026, 1, 1), valid_to=None, weekdays=42, starts_min=510, ends_min=1440
    )
    load(ctx, "duties", everywhere.assign(row=0))
    accounts.add(
        ctx, small_county.passwords, accounts.NewAccount("worker-all", "甲", Role.WORKER, "W-BACKUP"), PASSWORD
    )
    texts = [text.strip() for text in (*AWKWARD_TEXT.values(), *PAYLOADS)]
    at = [centre("F", -0.4 + 0.01 * i, 0.37) for i in range(len(texts))]
    odd = pd.DataFrame(
        {
            "number": [f"007{i}" for i in range(len(texts))], "category": "mining-blasting", "channel": "online",
            "text": texts, "reporter_name": [text[:60] for text in texts], "reporter_phone": "+8613900000000",
            "received_at": [NOW - timedelta(hours=i, microseconds=i * 1_001) for i in range(len(texts))],
            "occurred_at": NOW - timedelta(days=100), "closed_at": [NOW if i % 2 else None for i in range(len(texts))],
            "accuracy_m": 12.5, "household": "H-F0", "enterprise": "E-QUARRY",
            "lon": [p[0] for p in at], "lat": [p[1] for p in at], "crs_in": "gcj02", "x_in": 1.0, "y_in": 2.0,
        }
    )  # fmt: skip
    midnight = datetime(2026, 6, 1, tzinfo=ZONE)
    odd.loc[3:4, "received_at"] = [midnight, midnight - timedelta(microseconds=1)]
    odd["x_in"], odd["y_in"] = convert(odd["lon"], odd["lat"], "wgs84", "gcj02")
    odd["lon"], odd["lat"] = convert(odd["x_in"], odd["y_in"], "gcj02", "wgs84")
    assert not load(ctx, "incidents", odd.assign(row=0)).rejects
    names = [text.strip()[:500] for text in (*AWKWARD_TEXT.values(), *PAYLOADS)]
    homes = frames()["enterprises"].iloc[[0] * len(names)].reset_index(drop=True)
    odd_sites = homes.assign(code=[f"00{i}.X" for i in range(len(names))], name=names, source=names[::-1])
    assert not load(ctx, "enterprises", odd_sites.assign(row=0)).rejects
    works = pd.DataFrame({"enterprise": "E-QUARRY", "row": range(5)})
    held = works.assign(
        number=["0071", "=1+2", "-5", "黔(GZ)爆证字〔2026〕07号", "C520000201101712010523"], kind="mining",
        valid_from=date(2026, 1, 1), valid_to=[None, date(2026, 12, 31), None, date(2026, 7, 1), None],
    )  # fmt: skip
    assert not load(ctx, "permits", held).rejects
    fired = works.iloc[:3].assign(
        code=["0071", "7.10", "B-3"], at=[NOW - timedelta(days=i, microseconds=i) for i in range(3)],
        charge_kg=[0.125, 12.0, 1 / 3], frequency_hz=[None, 15.5, 40.0], crs_in="wgs84",
        lon=[centre("F")[0]] * 3, lat=[centre("F")[1]] * 3, x_in=[centre("F")[0]] * 3, y_in=[centre("F")[1]] * 3,
    )  # fmt: skip
    assert not load(ctx, "blasts", fired).rejects
    # what was reported here has no number of another register
    small_county.run(update(t.incidents).where(t.incidents.c.source_ref == "R-A0").values(source_ref=None))
    return small_county


@pytest.fixture
def empty(county: SmallCounty, request: pytest.FixtureRequest) -> Iterator[Context]:
    """Another database of the same kind, with nothing in it but the categories, sealed by another key."""
    kind = request.node.callspec.params["small_county"]
    engine = open_engine(request.getfixturevalue(f"{kind}_url"))
    made = Context(engine, county.ctx.settings, Vault(b"another county's master key, 32B"), county.clock)
    initialise(made)
    yield made
    engine.dispose()


def out(county: SmallCounty, kind: str, path: Path, **choice: Any) -> Exported:
    """All rows of a kind with all that is sealed, by the account that may."""
    chosen = Choice(personal=kind in READER, every_day=kind in exports.DATED, **choice)
    return export_file(county.ctx, kind, path, chosen, username=READER.get(kind), reason=WHY)


def stored(ctx: Context, kind: str) -> dict[Any, dict[str, Any]]:
    """What a database holds of a kind, by its key, without ids; geometry as the shape it is, however it is drawn."""
    with read(ctx.engine) as conn:
        rows = pd.concat(exports.pages(conn, View.system(ctx.today()), kind, exports.Wanted(), ctx.clock()))
        held = rows.get("subject_id", pd.Series(dtype="Int64")).dropna().astype(int).tolist()
        opened = subjects.open_many(conn, ctx.vault, held)
    found = {}
    for row in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        row |= {"sealed": opened.get(row.pop("subject_id", None), {})}
        row.pop("id")
        if row.get("geom") is not None:
            row["geom"] = drawn(row["geom"])
        found[tuple(row[name] for name in KINDS[kind].key)] = row
    return found


def to_the_millisecond(rows: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """GDAL keeps no more; what is below is cut off, or the last moment of a month would be told of the next."""
    return {
        key: {name: one.floor("ms") if isinstance(one, pd.Timestamp) else one for name, one in row.items()}
        for key, row in rows.items()
    }


def drawn(shape: Any) -> str:
    alone = shape.geoms[0] if len(getattr(shape, "geoms", ())) == 1 else shape
    return str(shapely.to_wkt(shapely.normalize(alone), rounding_precision=-1))


def test_a_county_moves_to_another_database(county: SmallCounty, empty: Context, tmp_path: Path) -> None:
    """Each kind in a format of its own, another on each database; the same file changes nothing where it came from."""
    shift = 0 if county.ctx.engine.dialect.name == "sqlite" else 3
    for i, kind in enumerate(KINDS):
        path = tmp_path / f"{kind}.{FORMATS[(i + shift) % len(FORMATS)]}"
        written = out(county, kind, path, language="zh" if i % 2 else "en")
        if kind in KEPT:
            again = import_file(county.ctx, kind, path, Options())
            told = (again.loaded.inserted, again.loaded.updated, again.rejects)
            assert (*told, again.loaded.unchanged) == (0, 0, (), written.rows), kind
        arrived = import_file(empty, kind, path, Options())
        assert arrived.rejects == (), kind
        coarse = path.suffix in (".gpkg", ".geojson")
        assert stored(empty, kind) == (to_the_millisecond if coarse else dict)(stored(county.ctx, kind)), kind
        assert written.rows > 0 or kind in NOT_HERE, kind


def test_a_geopackage_opens_in_gdal_with_all_columns(county: SmallCounty, tmp_path: Path) -> None:
    """QGIS reads with it: no column is dropped, text stays text; and brought back it changes nothing."""
    for kind in KINDS:
        path = tmp_path / f"{kind}.gpkg"
        written = out(county, kind, path)
        [layer] = pyogrio.list_layers(path).tolist()
        known = pyogrio.read_info(path, layer=layer[0])
        assert set(written.columns) - {"geometry"} <= {*known["fields"], *known["fid_column"].split()}, kind
        assert (known["features"], layer[1] is not None) == (written.rows, "geometry" in written.columns), kind
        with sqlite3.connect(path) as base:
            types = {row[2].upper() for row in base.execute(f'PRAGMA table_info("{layer[0]}")')}
        assert not any(one.startswith(("VARCHAR", "JSON")) for one in types), (kind, types)
        if kind in KEPT:
            again = import_file(county.ctx, kind, path, Options()).loaded
            assert (again.inserted, again.updated, again.unchanged) == (0, 0, written.rows), kind


def test_the_second_file_is_the_first(county: SmallCounty, empty: Context, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    for kind in ("areas", "cells", "roads", "places"):
        out(county, kind, first / f"{kind}.csv")
        import_file(empty, kind, first / f"{kind}.csv", Options())
        export_file(empty, kind, second / f"{kind}.csv", Choice(every_day=kind in exports.DATED))
        assert (second / f"{kind}.csv").read_bytes() == (first / f"{kind}.csv").read_bytes()


# --- what is in it --------------------------------------------------------------------------------------------------


def table(county: SmallCounty, kind: str, path: Path, username: str | None = None, **choice: Any) -> pd.DataFrame:
    export_file(county.ctx, kind, path, Choice(**choice), username=username, reason=WHY if username else None)
    return read_table(path).frame


def test_cells_stay_a_coverage_in_every_format(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    whole = frames()["areas"].query("level == 'county'")["geometry"].iloc[0]
    for ending in ("gpkg", "geojson", "parquet", "csv", "xlsx"):
        path = tmp_path / f"cells.{ending}"
        export_file(spatialite_county.ctx, "cells", path, Choice())
        given = read_table(path).frame
        shapes = given["geometry"].to_numpy(object) if ending in ("gpkg", "geojson", "parquet") else None
        cells = gpd.GeoDataFrame(
            {"code": given["code"]},
            geometry=shapely.from_wkt(given["geometry"]) if shapes is None else shapes,
            crs="EPSG:4326",
        )
        report = check(cells, code="code", within=gpd.GeoSeries([whole], crs="EPSG:4326")).as_dict()
        assert report["ok"], (ending, report)


def test_cells_and_duties_of_a_day(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    county = spatialite_county
    old = t.cells.c.code == CELL["H"]
    county.run(update(t.cells).where(old).values(valid_to=NOW.date()))
    assert len(table(county, "cells", tmp_path / "now.csv")) == 7
    assert len(table(county, "cells", tmp_path / "then.csv", day=date(2026, 2, 1))) == 8
    assert len(table(county, "cells", tmp_path / "all.csv", every_day=True)) == 8
    assert len(table(county, "cells", tmp_path / "before.csv", day=date(2025, 12, 31))) == 0
    done = export_file(county.ctx, "duties", tmp_path / "duties.csv", Choice())
    assert (done.rows, done.notes) == (11, ("1 duties of other days are left out; --all takes them too.",))


def test_an_area_narrows_every_kind_that_lies_in_one(county: SmallCounty, tmp_path: Path) -> None:
    rows = {"areas": 3, "bodies": 3, "cells": 4, "workers": 4, "duties": 8, "leaves": 0, "enterprises": 1}
    for kind, expected in rows.items():
        assert export_file(county.ctx, kind, tmp_path / f"{kind}.csv", Choice(area=TOWNS[2])).rows == expected, kind
    found = table(county, "incidents", tmp_path / "incidents.csv", "official", area=COMMUNITY["G"])
    assert set(found["cell"]) == {CELL["G"], CELL["H"]}
    with pytest.raises(NotFound):
        table(county, "cells", tmp_path / "x.csv", area="nowhere")


def test_incidents_of_a_span_of_days_in_the_county_s_time(county: SmallCounty, tmp_path: Path) -> None:
    span = {"first": date(2026, 6, 1), "end": date(2026, 7, 1)}
    found = table(county, "incidents", tmp_path / "june.csv", "official", **span)
    assert "0073" in set(found["source_ref"])
    assert "0074" not in set(found["source_ref"])
    assert found["received_at"].str.startswith("2026-06").all()


def test_a_place_that_was_moved_is_believed(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    county = spatialite_county
    path = tmp_path / "incidents.geojson"
    export_file(county.ctx, "enterprises", path, Choice())
    held = json.loads(path.read_text("utf-8"))
    [mine] = [one for one in held["features"] if one["properties"]["code"] == "E-MINE"]
    mine["geometry"]["coordinates"] = list(centre("B"))
    path.write_text(json.dumps(held), encoding="utf-8")
    done = import_file(county.ctx, "enterprises", path, Options())
    assert (done.loaded.updated, done.loaded.unchanged) == (1, 2)
    assert any("moved" in note for note in done.notes)
    [row] = county.run(select(t.enterprises).where(t.enterprises.c.code == "E-MINE"))
    assert (row.x_in, row.y_in) == centre("B")


def test_coordinates_in_another_system_come_back(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    county = spatialite_county
    mine = accounts.NewAccount("worker-all", "甲", Role.WORKER, "W-BACKUP")
    accounts.add(county.ctx, county.passwords, mine, PASSWORD)
    before = stored(county.ctx, "households")
    for crs, name in (("gcj02", "homes.csv"), ("EPSG:4547", "homes.xlsx"), ("EPSG:4490", "homes.gpkg")):
        path = tmp_path / name
        out(county, "households", path, crs=crs)
        done = import_file(county.ctx, "households", path, Options(crs=None if name.endswith("gpkg") else crs))
        assert (done.loaded.unchanged, done.loaded.updated, done.rejects) == (8, 0, ()), crs
    assert stored(county.ctx, "households") == before
    with pytest.raises(InvalidInput, match="RFC 7946"):
        out(county, "cells", tmp_path / "cells.geojson", crs="gcj02")


def test_nothing_is_left_of_what_fails(county: SmallCounty, tmp_path: Path) -> None:
    """A fault while pages are fetched comes out as it is, from GDAL too, and the old file stays."""
    for name in ("x.gpkg", "x.csv", "x.parquet", "x.geojson", "x.xlsx"):
        path = tmp_path / "out" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"before")

        def stop(done: int, total: int) -> None:
            raise Conflict(f"stopped at {done} of {total}")

        with pytest.raises(Conflict):
            export_file(county.ctx, "cells", path, Choice(), progress=stop)
        assert path.read_bytes() == b"before"
    assert sorted(one.name for one in path.parent.iterdir()) == ["x.csv", "x.geojson", "x.gpkg", "x.parquet", "x.xlsx"]


# --- by whose rights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["households", "incidents"])
@pytest.mark.parametrize(("username", "reason"), [(None, None), (None, WHY), ("worker-a", None), ("worker-a", " a ")])
def test_persons_need_an_account_and_a_reason(
    spatialite_county: SmallCounty, tmp_path: Path, kind: str, username: str | None, reason: str | None
) -> None:
    with pytest.raises(Forbidden) as told:
        export_file(spatialite_county.ctx, kind, tmp_path / "x.csv", Choice(), username=username, reason=reason)
    assert told.value.code == "reason_required"
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize(
    ("kind", "username", "personal"),
    [
        ("incidents", "admin", False), ("incidents", "planner", False), ("incidents", "approver", False),
        ("households", "admin", False), ("households", "official", False), ("households", "dispatcher-1", False),
        ("workers", "admin", True), ("workers", "planner", True), ("workers", "handler-land", False),
        ("leaves", "official", False),
    ],
)  # fmt: skip
def test_roles_that_read_no_persons_export_none(
    spatialite_county: SmallCounty, tmp_path: Path, kind: str, username: str, personal: bool
) -> None:
    choice = Choice(personal=personal)
    with pytest.raises(Forbidden):
        export_file(spatialite_county.ctx, kind, tmp_path / "x.csv", choice, username=username, reason=WHY)
    assert spatialite_county.run(select(t.readings)) == []
    with pytest.raises(NotFound):
        export_file(spatialite_county.ctx, kind, tmp_path / "x.csv", choice, username="nobody", reason=WHY)


@pytest.mark.parametrize("username", ["worker-a", "dispatcher-k3", "handler-land", "supervisor-2", "official-2"])
def test_an_account_exports_what_it_sees_and_no_more(county: SmallCounty, tmp_path: Path, username: str) -> None:
    found = table(county, "incidents", tmp_path / "x.csv", username)
    with read(county.ctx.engine) as conn:
        view = view_for(conn, county.account(username), county.ctx.today(), WHY)
        seen = features.page(conn, view, "incidents", limit=1000, now=county.clock()).rows
    assert 0 < len(found) < len(stored(county.ctx, "incidents"))
    assert set(found["number"]) == set(seen["number"])


def test_sealed_fields_stay_behind_unless_asked_for(county: SmallCounty, tmp_path: Path) -> None:
    for name in ("x.csv", "x.gpkg", "x.geojson", "x.parquet", "x.xlsx"):
        path = tmp_path / name
        done = export_file(county.ctx, "incidents", path, Choice(), username="worker-a", reason=WHY)
        assert not {"text", "reporter_name", "reporter_phone"} & set(done.columns)
        assert TEXT.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert "phone" not in table(county, "workers", tmp_path / "w.csv")
    found = table(county, "incidents", tmp_path / "p.csv", "worker-a", personal=True)
    assert TEXT in set(found["text"])


def refuse(*_: Any) -> None:
    raise Conflict("no log")


def test_every_row_about_a_person_is_logged_before_the_file_is_there(
    county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "homes.csv"
    found = table(county, "households", path, " Worker-A ")
    [line] = county.run(select(t.readings))
    assert (line.account_id, line.kind) == (county.account("worker-a").id, "household")
    assert (line.route, line.reason) == ("gridmap export households", WHY)
    ids = {row.code: row.id for row in county.run(select(t.households.c.code, t.households.c.id))}
    assert sorted(json.loads(line.ids)) == sorted(ids[code] for code in found["code"])
    [audited] = county.run(select(t.audit).where(t.audit.c.action == "export"))
    assert (audited.ref, json.loads(audited.data)) == ("households", {"rows": len(found), "sealed": 0})
    path.unlink()
    monkeypatch.setattr(account_store, "add_readings", refuse)
    with pytest.raises(Conflict, match="no log"):
        table(county, "households", path, "worker-a")
    assert not path.exists()


def test_what_holds_no_person_is_the_operator_s(county: SmallCounty, tmp_path: Path) -> None:
    assert len(table(county, "cells", tmp_path / "cells.csv")) == len(LETTERS)
    assert county.run(select(t.readings)) == []
    [audited] = county.run(select(t.audit).where(t.audit.c.action == "export"))
    assert (audited.account_id, audited.ref) == (None, "cells")


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("cells", Choice(personal=True)), ("workers", Choice(day=NOW.date())), ("areas", Choice(every_day=True)),
        ("cells", Choice(first=NOW.date())), ("roads", Choice(area=COUNTY)), ("people", Choice()),
        ("incidents", Choice(first=NOW.date(), end=NOW.date())),
    ],
)  # fmt: skip
def test_a_choice_that_a_kind_does_not_know_is_refused(
    spatialite_county: SmallCounty, tmp_path: Path, kind: str, choice: Choice
) -> None:
    with pytest.raises(InvalidInput):
        export_file(spatialite_county.ctx, kind, tmp_path / "x.csv", choice, username="official", reason=WHY)


def test_pages_of_any_size_are_the_same_rows(small_county: SmallCounty) -> None:
    view = View.system(NOW.date())
    with read(small_county.ctx.engine) as conn:
        for size in (1, 7, 49, 50, 1000):
            parts = list(exports.pages(conn, view, "incidents", exports.Wanted(), NOW, size))
            assert max(map(len, parts)) <= size
            numbers = pd.concat(parts)["source_ref"].tolist()
            assert len(numbers) == len(set(numbers)) == 49


def test_a_case_goes_out_with_the_light_that_lists_show(county: SmallCounty, tmp_path: Path) -> None:
    """Late, close to it, paused, in time: beside each number the light of the list; none for what has ended."""
    ctx, i = county.ctx, t.incidents.c
    with read(ctx.engine) as conn:
        ids = [int(one) for one in conn.execute(select(i.id).where(i.closed_at.is_(None)).order_by(i.id)).scalars()]
    day = timedelta(days=1)
    for id_, (yellow, red, late, paused) in zip(
        ids, ((-9, -8, -1, None), (-9, -1, 9, None), (-1, 1, 9, None), (5, 6, 9, 2), (5, 6, 9, None)), strict=False
    ):
        at = {"yellow_at": yellow, "red_at": red, "very_late_at": late, "paused_until": paused}
        moments = {name: None if days is None else ctx.clock() + days * day for name, days in at.items()}
        county.run(update(t.incidents).where(i.id == id_).values(**moments))
    path = tmp_path / "cases.csv"
    export_file(ctx, "incidents", path, Choice(), username=READER["incidents"], reason=WHY)
    written = pd.read_csv(path, dtype=str, keep_default_na=False).set_index("number")["light"].to_dict()
    with read(ctx.engine) as conn:
        listed = features.page(conn, View.system(ctx.today()), "incidents", now=ctx.clock(), limit=1_000).rows
    said = {number: light or "" for number, light in zip(listed["number"], listed["light"], strict=True)}
    assert written == said
    assert set(written.values()) >= {"very_late", "red", "yellow", "paused", "green", ""}
