"""Opening, reading and writing, on both databases, and what is said when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, text

from gridmap.errors import Conflict, EnvironmentFault
from gridmap.store import open_engine, read, savepoint, write
from gridmap.store import tables as t


def put(engine: Engine, key: str, value: str = "x") -> None:
    with write(engine) as conn:
        conn.execute(insert(t.meta).values(key=key, value=value))


def keys(engine: Engine) -> list[str]:
    with read(engine) as conn:
        return list(conn.execute(select(t.meta.c.key).order_by(t.meta.c.key)).scalars())


def _fail_half_way(engine: Engine) -> None:
    with write(engine) as conn:
        conn.execute(insert(t.meta).values(key="b", value="x"))
        raise RuntimeError("in the middle")


def test_a_write_is_kept_and_a_failed_one_leaves_nothing(engine: Engine) -> None:
    put(engine, "a")
    with pytest.raises(RuntimeError, match="in the middle"):
        _fail_half_way(engine)
    assert keys(engine) == ["a"]


def test_a_read_cannot_write(engine: Engine) -> None:
    with pytest.raises(EnvironmentFault) as caught, read(engine) as conn:
        conn.execute(insert(t.meta).values(key="a", value="x"))
    assert caught.value.code == "read_only"
    put(engine, "b")  # and the connection, back in the pool, writes again
    assert keys(engine) == ["b"]


def test_a_savepoint_is_undone_alone(engine: Engine) -> None:
    with write(engine) as conn:
        conn.execute(insert(t.meta).values(key="a", value="x"))
        with pytest.raises(Conflict), savepoint(conn):
            conn.execute(insert(t.meta), [{"key": "b", "value": "x"}, {"key": "a", "value": "y"}])
        conn.execute(insert(t.meta).values(key="c", value="x"))
    assert keys(engine) == ["a", "c"]


def test_sixteen_writers_at_once_lose_nothing_and_never_meet_a_lock(engine: Engine) -> None:
    failures: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            for number in range(50):
                with write(engine) as conn:
                    total = conn.execute(select(func.count()).select_from(t.meta)).scalar_one()
                    conn.execute(insert(t.meta).values(key=f"{writer}/{number}", value=str(total)))
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(keys(engine)) == 800


def test_a_writer_does_not_wait_for_ever(spatialite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.store.engine.BUSY_TIMEOUT_S", 0.2)
    engine, other = open_engine(spatialite_url), open_engine(spatialite_url)
    with write(engine):
        for waiting in (engine, other):  # a thread of this process; another process, as it were
            with pytest.raises(EnvironmentFault) as caught:
                put(waiting, "a")
            assert caught.value.code == "busy"
    put(other, "b")
    assert keys(engine) == ["b"]
    engine.dispose()
    other.dispose()


def test_a_read_on_postgis_ends_by_its_limit_and_a_write_may_take_longer(
    postgis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridmap.store.engine.READ_TIMEOUT_S", 1)
    engine = open_engine(postgis_url)
    with pytest.raises(EnvironmentFault) as caught, read(engine) as conn:
        conn.execute(text("SELECT pg_sleep(30)"))
    assert caught.value.code == "timeout"
    with write(engine) as conn:
        conn.execute(text("SELECT pg_sleep(1.2)"))
    engine.dispose()


def test_two_processes_write_the_same_sqlite_file(spatialite_url: str) -> None:
    script = """
import sys
from sqlalchemy import insert
from gridmap.store import open_engine, write, tables as t
engine = open_engine(sys.argv[1])
for n in range(100):
    with write(engine) as conn:
        conn.execute(insert(t.meta).values(key=f"{sys.argv[2]}/{n}", value="x"))
"""
    started = [
        subprocess.Popen([sys.executable, "-c", script, spatialite_url, name], stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    engine = open_engine(spatialite_url)
    assert len(keys(engine)) == 200
    engine.dispose()


def test_what_was_acknowledged_survives_a_kill(spatialite_url: str) -> None:
    script = """
import os, sys
from sqlalchemy import insert
from gridmap.store import open_engine, write, tables as t
engine = open_engine(sys.argv[1])
with write(engine) as conn:
    conn.execute(insert(t.meta).values(key="acknowledged", value="x"))
with write(engine) as conn:
    conn.execute(insert(t.meta).values(key="not", value="x"))
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script, spatialite_url], check=False)
    assert done.returncode == -9
    engine = open_engine(spatialite_url)
    assert keys(engine) == ["acknowledged"]
    engine.dispose()


def test_spatialite_after_the_wheels_does_not_crash(tmp_path: Path) -> None:
    # what crashed when mod_spatialite came first: GEOS and GDAL of the wheels used after its functions
    script = """
import sys
from gridmap.store import open_engine, read
engine = open_engine(sys.argv[1])
with read(engine) as conn:
    for _ in range(200):
        conn.exec_driver_sql("SELECT AsBinary(Buffer(MakePoint(106.5, 27, 4326), 0.01))").scalar()
import geopandas as gpd, pyogrio, pyproj, shapely
frame = gpd.GeoDataFrame(geometry=shapely.buffer(shapely.points([[106.5, 27.0]] * 200), 0.01), crs=4326)
frame.to_crs(4490).to_file(sys.argv[2], driver="GPKG")
assert len(gpd.read_file(sys.argv[2])) == 200
assert pyproj.Transformer.from_crs(4326, 4490, always_xy=True).transform(106.5, 27.0)
engine.dispose()
print("whole")
"""
    done = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'a.sqlite'}", str(tmp_path / "a.gpkg")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "whole"), done.stderr


def test_a_missing_spatialite_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPATIALITE_LIBRARY_PATH", str(tmp_path / "no_such_library"))
    with pytest.raises(EnvironmentFault, match="libsqlite3-mod-spatialite"):
        open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")


def test_the_folder_is_made_and_the_pragmas_hold_in_every_connection(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.sqlite'}")
    with read(engine) as one, read(engine) as two:
        for conn in (one, two):
            found = {
                name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "recursive_triggers", "synchronous", "busy_timeout")
            }
            assert found == {
                "journal_mode": "wal", "foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2,
                "busy_timeout": 60_000,
            }  # fmt: skip
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://root@localhost/x", "not supported"),
        ("county.sqlite", "cannot be read"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be reached"),
    ],
)
def test_a_wrong_or_dead_address_is_explained(url: str, words: str) -> None:
    with pytest.raises(EnvironmentFault, match=words):
        open_engine(url)


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"PK\x03\x04" + b"a spreadsheet, say" * 200)
    with pytest.raises(EnvironmentFault, match="not a SQLite database"):
        open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")


def test_a_password_never_stands_in_an_error() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        open_engine("postgresql://nobody:hush-hush@127.0.0.1:1/x")
    assert "hush" not in caught.value.message + str(caught.value.details)


def test_a_connection_cut_by_the_server_is_replaced(postgis_url: str) -> None:
    engine = open_engine(postgis_url)
    put(engine, "before")
    with read(engine) as conn:
        mine = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    killer = open_engine(postgis_url)
    with write(killer) as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    killer.dispose()
    put(engine, "after")
    with pytest.raises(EnvironmentFault) as caught, write(engine) as conn:
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert caught.value.code == "database_down"
    assert keys(engine) == ["after", "before"]
    engine.dispose()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such rights there")
def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Its journal likewise: addresses of households stand in it, which are not sealed. One that was opened stays so."""
    path = tmp_path / "new.sqlite"
    before = os.umask(0o022)
    try:
        engine = open_engine(f"sqlite:///{path}")
        with write(engine) as conn:
            conn.execute(text("CREATE TABLE one (x)"))
        kept = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
        engine.dispose()
        path.chmod(0o640)
        other = open_engine(f"sqlite:///{path}")
        with read(other) as conn:
            assert conn.execute(text("SELECT count(*) FROM one")).scalar_one() == 0
        other.dispose()
    finally:
        os.umask(before)
    assert set(kept.values()) == {0o600}, kept
    assert "new.sqlite-wal" in kept
    assert path.stat().st_mode & 0o777 == 0o640
