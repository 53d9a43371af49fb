"""A register comes in piece by piece, and nothing of what comes of it tells how it was cut."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases import importing
from gridmap.usecases.importing import Imported, Options, import_file
from gridmap.usecases.imports import incidents, turns
from tests.county import SmallCounty
from tests.register import HEADING, write
from tests.trials.test_killed_register import kill_once

ROOT = Path(__file__).resolve().parent.parent.parent


def spoilt(path: Path) -> Path:
    """A register of 600 rows with repeats near and far, an unknown category, a day that is none, a short row."""
    write(path, 600)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[400][0] = rows[3][0]
    rows[5][0] = rows[4][0]
    rows[10][1] = "nothing of the kind"
    rows[500][0] = rows[10][0]
    rows[20][6] = "3/5/2024"
    rows[30] = rows[30][:4]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def everything(county: SmallCounty) -> list[Any]:
    """What stands in the database of a register, by its own numbers."""
    i, r, e = t.incidents.c, t.responsibilities.c, t.events.c
    columns = (i.source_ref, i.status, i.cell_id, i.received_at, i.due_at, i.closed_at, i.place_reason, i.channel)
    query = (
        select(*columns, r.worker_id, r.body_id, r.area_id, r.reason, r.valid_from)
        .join(t.responsibilities, r.incident_id == i.id)
        .where(i.source_ref.like("GD%"))
        .order_by(i.source_ref)
    )
    said = (
        select(i.source_ref, e.seq, e.kind, e.at, e.data)
        .join(t.incidents, i.id == e.incident_id)
        .where(i.source_ref.like("GD%"))
        .order_by(i.source_ref, e.seq)
    )
    return [county.run(query), county.run(said)]


def cut(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", rows)
    monkeypatch.setattr(incidents, "CHUNK", rows)
    monkeypatch.setattr(turns, "CHUNK", rows)


def test_pieces_of_any_size_give_the_same(
    spatialite_county: SmallCounty, postgis_county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small pieces on one database, one piece on the other: the same rows, workers, events and rejects."""
    path = spoilt(tmp_path / "x.csv")
    whole = import_file(postgis_county.ctx, "incidents", path, Options())
    cut(monkeypatch, 7)
    pieces = import_file(spatialite_county.ctx, "incidents", path, Options())
    assert pieces.rejects == whole.rejects
    assert (pieces.loaded.inserted, pieces.notes) == (whole.loaded.inserted, whole.notes)
    assert everything(spatialite_county) == everything(postgis_county)


def test_what_comes_back_and_what_a_second_run_does(
    small_county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(monkeypatch, 100)
    path = spoilt(tmp_path / "x.csv")
    first = import_file(small_county.ctx, "incidents", path, Options())
    # rows as the spreadsheet shows them; row 11 had the number first, so row 501 does not get it though 11 came back
    assert [(reject.row, reject.field) for reject in first.rejects] == [
        (6, "number"), (11, "category"), (21, "received_at"), (31, ""), (401, "number"), (501, "number")
    ]  # fmt: skip
    assert "the same number as row 4, which is kept" in first.rejects[4].reason
    assert first.loaded.inserted == 600 - 6
    before = [small_county.run(select(table)) for table in (t.events, t.sealed, t.audit, t.versions)]
    again = import_file(small_county.ctx, "incidents", path, Options())
    assert again.rejects == first.rejects
    assert (again.loaded.inserted, again.loaded.updated, again.loaded.unchanged) == (0, 0, 600 - 6)
    assert [small_county.run(select(table)) for table in (t.events, t.sealed, t.audit, t.versions)] == before
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_progress_goes_up_to_the_last_row(spatialite_county: SmallCounty, tmp_path: Path, monkeypatch: Any) -> None:
    cut(monkeypatch, 50)
    told: list[tuple[int, int]] = []
    path = write(tmp_path / "x.csv", 400)
    import_file(spatialite_county.ctx, "incidents", path, Options(), progress=lambda *at: told.append(at))
    assert told == sorted(told)
    assert told[-1] == (400, 400)
    assert len(told) >= 16


def test_one_text_with_both_coordinates_is_settled_over_all_pieces(
    spatialite_county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the last row says that longitude comes first, under a heading that says the contrary."""
    cut(monkeypatch, 3)
    path = tmp_path / "x.csv"
    write(path, 10)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    small = [[*row[:8], "27.0,27.0"] for row in rows[1:-1]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*HEADING[:8], "latlon"], *small, [*rows[-1][:8], f"{rows[-1][8]},{rows[-1][9]}"]])
    done = import_file(spatialite_county.ctx, "incidents", path, Options())
    assert "'latlon' is read as longitude (or x), latitude (or y)." in done.notes
    assert done.loaded.inserted == 1


def test_a_broken_piece_takes_all_of_it_back(
    small_county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(monkeypatch, 50)
    before = small_county.one(select(func.count()).select_from(t.incidents))
    path = write(tmp_path / "x.csv", 300)

    def fails(done: int, total: int) -> None:
        if done > total // 3:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        import_file(small_county.ctx, "incidents", path, Options(), progress=fails)
    assert small_county.one(select(func.count()).select_from(t.incidents)) == before
    assert small_county.one(select(func.count()).select_from(t.subjects)) > 0
    done: Imported = import_file(small_county.ctx, "incidents", path, Options())
    assert done.loaded.inserted == 300


def test_a_kill_leaves_the_state_before_or_after(small_county: SmallCounty, tmp_path: Path) -> None:
    """One moment of the 200 that the trials try on each database."""
    outcome, good = kill_once(small_county, tmp_path, 0.9)
    assert good, outcome


def test_no_event_is_looked_for_among_all_of_them(postgis_county: SmallCounty, tmp_path: Path) -> None:
    """With statistics of a small table, as autovacuum leaves them, the trigger that keeps the order reads by index."""
    engine = postgis_county.ctx.engine

    def rows_read_through() -> int:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("SELECT pg_stat_force_next_flush()")
            query = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'events'"
            return int(conn.exec_driver_sql(query).scalar_one())

    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM ANALYZE")
        # the plans of this session are made while the table is small
        conn.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
    before = rows_read_through()
    import_file(postgis_county.ctx, "incidents", write(tmp_path / "x.csv", 1_000), Options())
    rows_read_through()  # the importing session tells its counts
    assert rows_read_through() - before < 10_000


PEAKS = """
import resource, sys
from pathlib import Path
from gridmap.usecases import importing
from tests.county import open_county
county = open_county(sys.argv[1])
importing.AT_ONCE = int(sys.argv[2])
for path in sys.argv[3:]:
    done = importing.import_file(county.ctx, "incidents", Path(path), importing.Options())
    assert not done.rejects, done.rejects[:3]
    print(done.loaded.inserted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peaks(county: SmallCounty, paths: list[Path], at_once: int = importing.AT_ONCE) -> list[tuple[int, float]]:
    """Import files one after another in a process of their own: rows, and MiB at its highest so far."""
    url = county.ctx.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, url, str(at_once), *map(str, paths)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [(int(rows), int(kib) / 1024) for rows, kib in map(str.split, done.stdout.splitlines())]


def test_ten_times_as_many_rows_need_little_more_memory(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    """One piece, then ten: what is kept of 18,000 rows more is 3 MiB, the rows themselves are 60. A million: trials."""
    paths = [write(tmp_path / "a.csv", 2_000, prefix="A"), write(tmp_path / "b.csv", 20_000, prefix="B")]
    (_, one), (rows, ten) = peaks(spatialite_county, paths, at_once=2_000)
    assert rows == 20_000
    assert ten - one < 20


def test_more_rows_ask_for_no_more_processes(spatialite_county: SmallCounty, tmp_path: Path) -> None:
    """What all rows of a chunk share is read once for it."""
    asked: list[int] = []
    for rows, prefix in ((20, "GA"), (200, "GB")):
        statements: list[str] = []
        listen = lambda _conn, _cursor, statement, *_more, to=statements: to.append(statement)  # noqa: E731
        event.listen(spatialite_county.ctx.engine, "before_cursor_execute", listen)
        import_file(spatialite_county.ctx, "incidents", write(tmp_path / f"{rows}.csv", rows, prefix=prefix), Options())
        event.remove(spatialite_county.ctx.engine, "before_cursor_execute", listen)
        asked.append(sum("FROM processes" in one for one in statements))
    assert asked[0] == asked[1] > 0
