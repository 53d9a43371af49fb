"""The change log beside the versions: what was touched since, or that this is not known; never a change less."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from gridmap.store import read, versions, write
from gridmap.store import tables as t
from gridmap.store.versions import bump, bump_rows, touched_since


def version(engine: Engine) -> int:
    with read(engine) as conn:
        return versions.read(conn).get("incidents", 0)


def touched(engine: Engine, since: int) -> list[int] | None:
    with read(engine) as conn:
        found = touched_since(conn, "incidents", since, versions.read(conn).get("incidents", 0))
    return None if found is None else found.tolist()


def test_rows_touched_since(engine: Engine) -> None:
    begin = version(engine)
    for ids in ([7], [3, 4, 5, 9], [4]):
        with write(engine) as conn:
            bump_rows(conn, "incidents", ids)
    with write(engine) as conn:
        bump(conn, "households")  # another layer's version is no gap in this one's
    assert version(engine) == begin + 3
    assert touched(engine, begin) == [3, 4, 5, 7, 9]
    assert touched(engine, begin + 2) == [4]
    assert touched(engine, begin + 3) == []


def test_a_version_without_rows_may_have_touched_all(engine: Engine) -> None:
    begin = version(engine)
    with write(engine) as conn:
        bump_rows(conn, "incidents", [1])
    with write(engine) as conn:
        bump(conn, "incidents")
    with write(engine) as conn:
        bump_rows(conn, "incidents", [2])
    assert touched(engine, begin) is None
    assert touched(engine, begin + 1) is None
    assert touched(engine, begin + 2) == [2]


def test_what_is_too_much_to_ask_for_is_not_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large import, rows far apart, versions long forgotten: all may have changed."""
    begin = version(engine)
    with write(engine) as conn:
        bump_rows(conn, "incidents", range(1, 1_000_001))
    with read(engine) as conn:
        assert conn.execute(select(func.count()).select_from(t.changes)).scalar_one() == 1
    assert touched(engine, begin) is None
    with write(engine) as conn:
        bump_rows(conn, "incidents", np.arange(0, 4_000, 2))
    assert touched(engine, begin + 1) is None
    monkeypatch.setattr(versions, "KEPT", 2)
    monkeypatch.setattr(versions, "SWEPT", 1)
    for identity in range(4):
        with write(engine) as conn:
            bump_rows(conn, "incidents", [identity])
    assert touched(engine, begin + 3) is None
    assert touched(engine, begin + 4) == [2, 3]


def test_what_was_taken_back_was_not_touched(engine: Engine) -> None:
    begin = version(engine)

    def fail() -> None:
        with write(engine) as conn:
            bump_rows(conn, "incidents", [5])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert touched(engine, begin) == []


def test_a_lower_id_that_is_committed_later_is_not_missed(engine: Engine) -> None:
    """Ids are drawn before the version is raised; two writers may commit the other way round."""
    if engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    begin = version(engine)
    with write(engine) as slow:
        slow.exec_driver_sql("SELECT nextval(pg_get_serial_sequence('incidents', 'id'))")
        with write(engine) as quick:
            bump_rows(quick, "incidents", [101])
        seen = version(engine)
        assert touched(engine, begin) == [101]
        bump_rows(slow, "incidents", [100])
        assert touched(engine, seen) == []
    assert touched(engine, seen) == [100]
