"""The disk fills up during a write: a clear error, the state before, reads go on, and with space again it completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, func, select, text

from gridmap.errors import EnvironmentFault
from gridmap.store import read, write
from gridmap.store import tables as t
from gridmap.usecases.imports import load
from tests.conftest import migrate
from tests.county import SmallCounty, build, open_county
from tests.postgis import create, open_to_others, own_server, server_user
from tests.trials.test_killed_import import ROWS, frame, state

POINTS = 20
SIZE_MB = 96
#: an import of `frame()` writes about this much
NEEDED_KB = 4_000
pytestmark = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may mount a tmpfs")


@dataclass
class Disk:
    """A small disk with a county's database on it, and a file that takes the space up."""

    folder: Path
    county: SmallCounty

    def leave(self, kilobytes: int) -> None:
        """Fill the disk up to so much free space."""
        with (self.folder / "ballast").open("wb") as file:
            free = shutil.disk_usage(self.folder).free - kilobytes * 1024
            os.posix_fallocate(file.fileno(), 0, max(free, 1))

    def clear(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def damage(self) -> str:
        """What the database itself finds wrong with its files."""
        with read(self.county.ctx.engine) as conn:
            if conn.dialect.name == "sqlite":
                found = conn.execute(text("PRAGMA integrity_check")).scalars().all()
                return "" if found == ["ok"] else str(found[:3])
            return "" if conn.execute(text("SELECT count(*) FROM households WHERE geom IS NULL")).scalar() == 0 else "?"


@contextmanager
def tmpfs(folder: Path) -> Iterator[Path]:
    """A disk of `SIZE_MB`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=0755", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(params=["spatialite", "postgis"])
def disk(request: pytest.FixtureRequest, county_file: Path, tmp_path: Path) -> Iterator[Disk]:
    """A county on a small disk: the whole file, or the tables of a PostGIS whose log stands elsewhere."""
    with ExitStack() as stack:
        if request.param == "spatialite":
            folder = stack.enter_context(tmpfs(tmp_path / "disk"))
            county = open_county(f"sqlite:///{shutil.copyfile(county_file, folder / 'county.sqlite')}")
        else:
            server = stack.enter_context(own_server())
            folder = stack.enter_context(tmpfs(Path(open_to_others()) / f"gridmap-disk-{os.getpid()}"))
            county = open_county(on_small_disk(server.url, folder))
        stack.callback(county.ctx.engine.dispose)
        yield Disk(folder, county)


def on_small_disk(server: str, folder: Path) -> str:
    """A county's database whose tables lie in `folder`; its URL."""
    owner = server_user()
    place = folder / "tables"
    place.mkdir()
    if owner:
        os.chown(place, owner.pw_uid, owner.pw_gid)
    plain = create(server, "county")
    migrate(plain)
    build(plain)
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        connection.execute("ALTER DATABASE county SET TABLESPACE small")
    return plain


def fill_once(disk: Disk, left_kb: int) -> tuple[str, bool]:
    """One import with so little space left; what was said, what stood, and whether all went on afterwards."""
    county = disk.county
    disk.leave(left_kb)
    try:
        load(county.ctx, "households", frame())
        said = "after"
    except EnvironmentFault as error:
        said = f"before: {error.code}"
    reads = county_reads(county)
    left = read_state(county)
    good = reads and not disk.damage() and left == ((ROWS, ROWS) if said == "after" else (0, 0))
    good &= said in {"after", "before: disk_full"}
    disk.clear()
    load(county.ctx, "households", frame())
    good &= state(county) == (ROWS, ROWS)
    clean_up(county)
    return (said if good else f"{said}, {left}, reads {reads}, damage {disk.damage()!r}"), good


def county_reads(county: SmallCounty) -> bool:
    with read(county.ctx.engine) as conn:
        return bool(conn.execute(select(func.count()).select_from(t.incidents)).scalar())


def read_state(county: SmallCounty) -> tuple[int, int]:
    """`state` by reads alone: a full disk takes no write."""
    ours = t.households.c.code.startswith("K-")
    subjects = select(t.households.c.subject_id).where(ours)
    with read(county.ctx.engine) as conn:
        rows = conn.execute(select(func.count()).select_from(t.households).where(ours)).scalar_one()
        sealed = select(func.count()).select_from(t.sealed).where(t.sealed.c.subject_id.in_(subjects))
        return rows, conn.execute(sealed).scalar_one()


def clean_up(county: SmallCounty) -> None:
    """Take the households out and give the space back, so that the next import needs it again."""
    ours = t.households.c.code.startswith("K-")
    with write(county.ctx.engine) as conn:
        subjects = conn.execute(select(t.households.c.subject_id).where(ours)).scalars().all()
        conn.execute(delete(t.consents).where(t.consents.c.household_id.in_(select(t.households.c.id).where(ours))))
        conn.execute(delete(t.households).where(ours))
        for i in range(0, len(subjects), 500):
            conn.execute(delete(t.sealed).where(t.sealed.c.subject_id.in_(subjects[i : i + 500])))
    sqlite = county.ctx.engine.dialect.name == "sqlite"
    with county.ctx.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        if sqlite:
            conn.exec_driver_sql("ROLLBACK")
            conn.exec_driver_sql("PRAGMA query_only=0")
            conn.exec_driver_sql("VACUUM")
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            conn.exec_driver_sql("BEGIN")
        else:
            conn.exec_driver_sql("VACUUM FULL households, sealed, subjects, consents")


def test_a_full_disk(disk: Disk) -> None:
    said, good = fill_once(disk, 400)
    assert good, said
    assert said == "before: disk_full"


@pytest.mark.trial
def test_full_disks(disk: Disk, trial: Callable[..., Any]) -> None:
    """20 fill points on each database, from none to enough."""
    kind = disk.county.ctx.engine.dialect.name
    points = np.linspace(0, 1.25 * NEEDED_KB, POINTS).astype(int)
    ledger, remaining = trial(f"disk full during an import, {kind}", [f"{kb} KB left" for kb in points])
    for case in remaining:
        ledger.record(case, *fill_once(disk, int(case.split()[0])))
    assert ledger.bad == []
