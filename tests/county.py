"""A tiny county for tests: 2 towns, 4 communities, 8 cells in two rows of four, and people of every role.

    A B | C D      town 1 (north): communities 1 (A B) and 2 (C D)
    ----+----
    E F | G H      town 2 (south): communities 3 (E F) and 4 (G H)

Each cell is a square of 1/256 degree with its primary worker (`W-A` ...), 4 households and 6 incidents; see `build`.
The clock stands at `NOW` until a test moves it. Fixtures: `small_county` (on both databases), `spatialite_county`
(SpatiaLite alone); import them, with `county_template`, into a conftest.py.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, select, update

from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import accounts as account_store
from gridmap.store import open_engine, write
from gridmap.store import tables as t
from gridmap.store.accounts import Account
from gridmap.usecases import accounts
from gridmap.usecases.context import Context
from gridmap.usecases.imports import load
from gridmap.usecases.setup import initialise
from gridmap.view import Role
from tests.grids import LAT, LON, SIZE_DEG, grid
from tests.postgis import drop

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 7, 3, 10, 0, tzinfo=ZONE)
DRAWING = "ABCD/EFGH"
LETTERS = "ABCDEFGH"
COUNTY = "529901"
TOWNS = {1: f"{COUNTY}001", 2: f"{COUNTY}002"}
COMMUNITY = {
    letter: f"{TOWNS[1 if letter in 'ABCD' else 2]}{1 + 'ABCDEFGH'.index(letter) // 2 % 2:03}" for letter in LETTERS
}
#: the 15-digit code of each cell by its letter in the drawing
CELL = {letter: f"{COMMUNITY[letter]}{1 + 'ABCDEFGH'.index(letter) % 2:03}" for letter in LETTERS}
PASSWORD = "a tiny county's password"
MASTER = b"tiny county's master key, 32 B.."
#: what no list and no event may hold
TEXT = "爆破后墙面出现裂缝，电话请打到家里"
REPORTER, PHONE = "赵测试", "13900000017"
CONTACT, CONTACT_PHONE = "钱测试", "13900000018"

#: user name -> (role, code of what it is tied to)
SEATS: dict[str, tuple[Role, str | None]] = {
    "worker-a": (Role.WORKER, "W-A"),
    "worker-b": (Role.WORKER, "W-B"),
    "worker-g": (Role.WORKER, "W-G"),
    "worker-away": (Role.WORKER, "W-AWAY"),
    "dispatcher-1": (Role.DISPATCHER, TOWNS[1]),
    "dispatcher-k3": (Role.DISPATCHER, COMMUNITY["E"]),
    "handler-land": (Role.HANDLER, "B-LAND"),
    "handler-eco": (Role.HANDLER, "B-ECO"),
    "supervisor": (Role.SUPERVISOR, COUNTY),
    "supervisor-2": (Role.SUPERVISOR, TOWNS[2]),
    "planner": (Role.PLANNER, COUNTY),
    "approver": (Role.APPROVER, COUNTY),
    "official": (Role.OFFICIAL, COUNTY),
    "official-2": (Role.OFFICIAL, TOWNS[2]),
    "admin": (Role.ADMIN, None),
}


def cheap_passwords() -> accounts.Passwords:
    """Argon2 at its cheapest: the same code path in a thousandth of the time."""
    return accounts.Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Clock:
    """The server's clock, standing still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class SmallCounty:
    """The county with its context. `token(username)` opens a session without the password's slow hash."""

    ctx: Context
    clock: Clock
    passwords: accounts.Passwords = field(default_factory=cheap_passwords)

    def account(self, username: str) -> Account:
        with write(self.ctx.engine) as conn:
            found = account_store.find(conn, username)
        assert found is not None, username
        return found

    def token(self, username: str) -> str:
        token, now = secrets.token_urlsafe(32), self.clock()
        with write(self.ctx.engine) as conn:
            account = account_store.find(conn, username)
            assert account is not None, username
            account_store.open_session(conn, accounts.token_hash(token), account.id, now, now + timedelta(hours=12))
        return token

    def run(self, statement: Any) -> Any:
        """Run one SQL statement; its rows, if it gives any."""
        with write(self.ctx.engine) as conn:
            result = conn.execute(statement)
            return result.all() if result.returns_rows else None

    def one(self, statement: Any) -> Any:
        """The single value of a query."""
        return self.run(statement)[0][0]


def centre(letter: str, east: float = 0.0, north: float = 0.0) -> tuple[float, float]:
    """A place in a cell: its centre, moved by these parts of its side (-0.5 to 0.5). Exact to 7 decimals."""
    column, row = "ABCDEFGH".index(letter) % 4, "ABCDEFGH".index(letter) // 4
    lon = LON + (column + 0.5 + east) * SIZE_DEG
    lat = LAT + (1 - row + 0.5 + north) * SIZE_DEG
    return round(lon, 7), round(lat, 7)


def open_county(url: str, clock: Clock | None = None, **settings: Any) -> SmallCounty:
    """The county at a database that `build` filled."""
    made = {"database_url": url, "secure_cookies": False, **settings}
    clock = clock or Clock()
    return SmallCounty(Context(open_engine(url), Settings(**made), Vault(MASTER), clock), clock)


def build(url: str) -> None:
    """Fill a migrated database."""
    county = open_county(url)
    try:
        initialise(county.ctx)
        for kind, rows in frames().items():
            frame = rows.assign(row=range(1, len(rows) + 1))
            loaded = load(county.ctx, kind, frame)
            assert not loaded.rejects, (kind, loaded.rejects[:3])
        with write(county.ctx.engine) as conn:
            hand_over(conn, "R-B0", "A")  # the moved cell
        passwords = cheap_passwords()
        for username, (role, tie) in SEATS.items():
            new = accounts.NewAccount(username, f"{username} 测试", role, tie)
            accounts.add(county.ctx, passwords, new, PASSWORD)
    finally:
        county.ctx.engine.dispose()


def hand_over(conn: Connection, number: str, letter: str, at: datetime = NOW - timedelta(hours=1)) -> None:
    """Make a cell and its primary worker responsible for an incident, as a redraw does; where it was reported stays."""
    cell = conn.execute(select(t.cells.c.id, t.cells.c.area_id).where(t.cells.c.code == CELL[letter])).one()
    worker = conn.execute(select(t.workers.c.id).where(t.workers.c.code == f"W-{letter}")).scalar_one()
    incident = conn.execute(select(t.incidents.c.id).where(t.incidents.c.source_ref == number)).scalar_one()
    current = (t.responsibilities.c.incident_id == incident) & t.responsibilities.c.valid_to.is_(None)
    old = conn.execute(select(t.responsibilities.c.body_id).where(current)).scalar_one()
    conn.execute(update(t.responsibilities).where(current).values(valid_to=at))
    row = {"incident_id": incident, "cell_id": cell.id, "worker_id": worker, "body_id": old, "area_id": cell.area_id}
    conn.execute(insert(t.responsibilities).values(**row, reason="primary", valid_from=at))


# --- canonical frames -------------------------------------------------------------------------------------------------


def frames() -> dict[str, pd.DataFrame]:
    """The county's canonical frames in the order in which they go in."""
    cells = grid(DRAWING).set_index("code").geometry
    return {
        "areas": _areas(cells),
        "bodies": _bodies(),
        "cells": _cells(cells),
        "workers": _workers(),
        "duties": _duties(),
        "leaves": pd.DataFrame({"worker": ["W-AWAY"], "starts_on": [date(2026, 7, 1)], "ends_on": [date(2026, 7, 10)]}),
        "households": _households(),
        "enterprises": _enterprises(),
        "roads": _lines("R", "main", (0.0, 0.9, 4.0, 1.1)),
        "water": _lines("S", "river", (1.9, 0.0, 2.1, 2.0)).assign(width=2),
        "places": pd.DataFrame(
            {"code": ["P-1"], "name": ["测试镇"], "name_en": ["Test Town"], "class": ["town"], **_points([centre("B")])}
        ),
        "incidents": _incidents(),
    }


def _multi(shape: Any) -> shapely.MultiPolygon:
    return shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])


def _areas(cells: gpd.GeoSeries) -> pd.DataFrame:
    def joined(letters: str) -> shapely.MultiPolygon:
        return _multi(shapely.coverage_union_all(cells.loc[list(letters)].to_numpy()))

    rows: list[tuple[Any, ...]] = [(COUNTY, "测试县", "Test County", "county", None, joined(LETTERS))]
    for number, letters in ((1, "ABCD"), (2, "EFGH")):
        rows.append((TOWNS[number], f"测试{number}镇", f"Town {number}", "town", COUNTY, joined(letters)))
        for pair in (letters[:2], letters[2:]):
            code = COMMUNITY[pair[0]]
            rows.append((code, f"社区 {pair}", f"Community {pair}", "community", TOWNS[number], joined(pair)))
    return pd.DataFrame(rows, columns=["code", "name", "name_en", "level", "parent", "geometry"])


def _bodies() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [
        ("B-LAND", "县自然资源局", "Natural Resources", "department", "county", COUNTY, "natural-resources"),
        ("B-ECO", "县生态环境局", "Ecology", "department", "county", COUNTY, "ecology"),
        ("B-LAB", "县人社局", "Labour", "department", "county", COUNTY, "labour"),
        ("B-C", "县综治中心", "County centre", "centre", "county", COUNTY, None),
    ]
    rows += [(f"B-T{n}", f"{n}镇综治中心", f"Centre {n}", "centre", "town", code, None) for n, code in TOWNS.items()]
    for letter in "ACEG":
        rows.append(
            (f"B-K{letter}", f"社区 {letter}", f"Committee {letter}", "committee", "community", COMMUNITY[letter], None)
        )
    return pd.DataFrame(rows, columns=["code", "name", "name_en", "kind", "level", "area", "department"])


def _cells(cells: gpd.GeoSeries) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": [CELL[letter] for letter in LETTERS],
            "name": [f"{letter} 格" for letter in LETTERS],
            "name_en": [f"Cell {letter}" for letter in LETTERS],
            "area": [COMMUNITY[letter] for letter in LETTERS],
            "body": None,
            "valid_from": date(2026, 1, 1),
            "valid_to": None,
            "geometry": [_multi(cells[letter]) for letter in LETTERS],
        }
    )


def _workers() -> pd.DataFrame:
    names = [*(f"W-{letter}" for letter in LETTERS), "W-BACKUP", "W-AWAY"]
    area = [*(COMMUNITY[letter] for letter in LETTERS), COMMUNITY["A"], COMMUNITY["A"]]
    return pd.DataFrame(
        {
            "code": names,
            "name": [f"网格员 {name[2:]}" for name in names],
            "name_en": [f"Worker {name[2:]}" for name in names],
            "area": area,
            "body": None,
            "agent": 0,
            "phone": "13900000019",
        }
    )


def _duties() -> pd.DataFrame:
    """Every cell has its worker; A and B a backup; W-AWAY is on leave; W-B had cell C until yesterday."""
    rows: list[tuple[Any, ...]] = [(f"W-{letter}", letter, "primary", None) for letter in LETTERS]
    rows += [("W-BACKUP", "A", "backup", None), ("W-BACKUP", "B", "backup", None), ("W-AWAY", "A", "backup", None)]
    rows += [("W-B", "C", "backup", date(2026, 7, 3))]
    frame = pd.DataFrame(rows, columns=["worker", "cell", "rank", "valid_to"])
    nothing = float("nan")
    return frame.assign(
        cell=frame["cell"].map(CELL), valid_from=date(2026, 1, 1), weekdays=127, starts_min=nothing, ends_min=nothing
    )


def _points(places: list[tuple[float, float]]) -> dict[str, Any]:
    lon, lat = [place[0] for place in places], [place[1] for place in places]
    return {"lon": lon, "lat": lat, "crs_in": "wgs84", "x_in": lon, "y_in": lat}


def _households() -> pd.DataFrame:
    at = [(letter, east, north) for letter in LETTERS for east in (-0.25, 0.25) for north in (-0.25, 0.25)]
    n = len(at)
    return pd.DataFrame(
        {
            "code": [f"H-{letter}{i % 4}" for i, (letter, _, _) in enumerate(at)],
            "address": [f"{letter} 组 {i % 4 + 1} 号" for i, (letter, _, _) in enumerate(at)],
            "children": 1.0, "adults": 2.0, "elders": 1.0,
            "housing": ["adobe", "brick", "frame", None] * (n // 4),
            "contact_name": CONTACT, "contact_phone": CONTACT_PHONE,
            "contact_consent": [True, True, True, False] * (n // 4),
            **_points([centre(*place) for place in at]),
        }
    )  # fmt: skip


def _enterprises() -> pd.DataFrame:
    quarry = shapely.box(*centre("G", -0.2, -0.2), *centre("G", 0.2, 0.2))
    at = [centre("A", 0.3, 0.3), centre("G"), centre("D", -0.3, 0.1)]
    return pd.DataFrame(
        {
            "code": ["E-MINE", "E-QUARRY", "E-PLANT"],
            "name": ["测试铁矿", "测试采石场", "测试水泥厂"],
            "name_en": ["Test Mine", "Test Quarry", None],
            "kind": ["mine", "quarry", "factory"],
            "status": ["active", "active", "unknown"],
            "opened_on": [date(2015, 5, 1), None, None],
            "source": None,
            "geometry": [shapely.Point(at[0]), quarry, shapely.Point(at[2])],
            **{name: value for name, value in _points(at).items() if name not in {"lon", "lat"}},
        }
    )


def _lines(code: str, kind: str, ends: tuple[float, float, float, float]) -> pd.DataFrame:
    west, south, east, north = ends
    line = [(LON + west * SIZE_DEG, LAT + south * SIZE_DEG), (LON + east * SIZE_DEG, LAT + north * SIZE_DEG)]
    shape = shapely.MultiLineString([line])
    return pd.DataFrame(
        {"code": [f"{code}-1"], "name": ["测试"], "name_en": ["Test"], "class": [kind], "geometry": [shape]}
    )


#: the incidents of each cell: category, days before NOW it was received, days until it was closed
PATTERN: tuple[tuple[str, float, float | None], ...] = (
    ("mining-blasting", 0.1, None),  # green
    ("mining-dust", 8.9, None),  # yellow: 6.7 of 7 workdays
    ("labour-wages", 8.0, None),  # overdue: 6 of 5 workdays
    ("mining-water", 60.0, None),  # very late: more than 30 of 10 workdays
    ("land-boundary", 90.0, 5.0),  # closed in time
    ("environment-air", 200.0, 30.0),  # closed late
)


def _incidents() -> pd.DataFrame:
    """`R-A0` ... `R-H5` in the cells, and `R-OUT` outside of all."""
    rows = []
    for letter in LETTERS:
        for i, (category, received, took) in enumerate(PATTERN):
            at = NOW - timedelta(days=received)
            closed = None if took is None else at + timedelta(days=took)
            place = centre(letter, -0.4 + 0.15 * i, 0.1 * (i % 3) - 0.1)
            rows.append((f"R-{letter}{i}", category, at, closed, *place))
    lon, lat = LON - 0.5 * SIZE_DEG, LAT + 0.5 * SIZE_DEG
    rows.append(("R-OUT", "mining-blasting", NOW - timedelta(days=1), None, lon, lat))
    frame = pd.DataFrame(rows, columns=["number", "category", "received_at", "closed_at", "lon", "lat"]).astype(
        {"received_at": object, "closed_at": object}
    )
    return frame.assign(
        closed_at=[None if value is None or value is pd.NaT else value for value in frame["closed_at"]],
        channel="phone", text=TEXT, reporter_name=REPORTER, reporter_phone=PHONE, occurred_at=None,
        accuracy_m=float("nan"), household=None, enterprise=None, crs_in="wgs84", x_in=frame["lon"], y_in=frame["lat"],
    )  # fmt: skip


# --- fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def county_file(migrated_spatialite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SpatiaLite file with the county in it, to be copied."""
    path = Path(shutil.copyfile(migrated_spatialite, tmp_path_factory.mktemp("county") / "county.sqlite"))
    build(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def county_template(migrated_postgis: str, empty_postgis: Callable[[str | None], str]) -> str:
    """The name of a PostGIS database with the county in it, to be copied."""
    url = empty_postgis(migrated_postgis)
    build(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def spatialite_county(county_file: Path, tmp_path: Path) -> Iterator[SmallCounty]:
    """The county in a fresh SpatiaLite file."""
    county = open_county(f"sqlite:///{shutil.copyfile(county_file, tmp_path / 'county.sqlite')}")
    yield county
    county.ctx.engine.dispose()


@pytest.fixture
def postgis_county(county_template: str, empty_postgis: Callable[[str | None], str]) -> Iterator[SmallCounty]:
    """The county in a fresh PostGIS database."""
    url = empty_postgis(county_template)
    county = open_county(url)
    yield county
    county.ctx.engine.dispose()
    drop(url)


@pytest.fixture
def twin(small_county: SmallCounty, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallCounty]:
    """A second county like `small_county`, in a fresh database of the same kind, with a clock of its own."""
    if small_county.ctx.engine.dialect.name == "postgresql":
        url = request.getfixturevalue("empty_postgis")(request.getfixturevalue("county_template"))
    else:
        url = f"sqlite:///{shutil.copyfile(request.getfixturevalue('county_file'), tmp_path / 'twin.sqlite')}"
    county = open_county(url)
    yield county
    county.ctx.engine.dispose()


@pytest.fixture(params=["spatialite", "postgis"])
def small_county(request: pytest.FixtureRequest) -> SmallCounty:
    """The county in a fresh database: the test runs once on each kind."""
    county: SmallCounty = request.getfixturevalue(f"{request.param}_county")
    return county
