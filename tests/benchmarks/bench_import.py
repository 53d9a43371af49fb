"""A register of incidents from CSV: the whole of `gridmap import` beside a plain load of the same rows.

The plain load takes the CSV's rows as they are into a table without any index or rule: a COPY of the file on PostGIS,
an `executemany` of the records on SpatiaLite. Ours reads the file in a child, checks each row, places it, chooses who
answers, seals what is personal and writes incidents, subjects, sealed fields, responsibilities and chained events, nine
rows for each of the file's: it cannot be as fast, and the ratio says what all this costs. Everything is rolled back.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from gridmap.store import read, write
from gridmap.store import tables as t
from gridmap.usecases.importing import Options, import_file
from tests import register
from tests.benchmarks.bench_rows import databases, title
from tests.benchmarks.harness import Contender, Race
from tests.county import SmallCounty, build, open_county

#: the second race is ten times the first, to show how it grows
ROWS, QUICK_ROWS = 100_000, 300


class _TakenBack(Exception):
    """Ends a transaction whose work was only to be timed."""


def races(quick: bool) -> Iterator[Race]:
    """A tenth and the whole, on both databases; the whole is run once, as it takes minutes."""
    rows = QUICK_ROWS if quick else ROWS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tenth = register.write(folder / "tenth.csv", rows)
        whole = register.write(folder / "whole.csv", 10 * rows)
        for engine in databases(stack):
            url = engine.url.render_as_string(hide_password=False)
            build(url)
            county = open_county(url)
            stack.callback(county.ctx.engine.dispose)
            yield race(county, tenth, rows)
            yield race(county, whole, 10 * rows, tenth=(tenth, rows))


def race(county: SmallCounty, path: Path, rows: int, tenth: tuple[Path, int] | None = None) -> Race:
    """One file; with `tenth`, a file of a tenth of its rows beside it."""
    engine = county.ctx.engine
    others = [Contender(_plain_name(engine), lambda: plain(engine, path))]
    if tenth is not None:
        others.append(Contender("gridmap, a tenth of the rows", lambda: ours(county, tenth[0])))

    def agree(answers: Mapping[str, Any]) -> str:
        for name, count in answers.items():
            assert count == (tenth[1] if tenth is not None and "tenth" in name else rows), f"{name}: {count} rows"
        return "Each counted all of its rows."

    return Race(
        title=f"Import of {rows:,} incidents from CSV, {title(engine)}",
        about="Ours checks, places, assigns, seals and chains each row; the other only stores the file's fields. "
        "Both are rolled back.",
        ours=Contender("gridmap import", lambda: ours(county, path)),
        others=others,
        amount=rows,
        unit="rows",
        agree=agree,
        most_rounds=1 if tenth is not None and rows > ROWS else None,
    )


def ours(county: SmallCounty, path: Path) -> int:
    """All of the import but its commit."""
    done = import_file(county.ctx, "incidents", path, Options(dry_run=True))
    assert not done.rejects
    with read(county.ctx.engine) as conn:
        assert conn.execute(select(func.count()).where(t.incidents.c.source_ref.like("GD%"))).scalar_one() == 0
    return done.loaded.inserted


def _plain_name(engine: Engine) -> str:
    return "executemany into a bare table" if engine.dialect.name == "sqlite" else "COPY into a bare table"


def plain(engine: Engine, path: Path) -> int:
    """The file's fields into a table of text."""
    load: Callable[[Connection, Path], None] = _executemany if engine.dialect.name == "sqlite" else _copy
    columns = ", ".join(f"c{number} TEXT" for number in range(len(register.HEADING)))
    try:
        with write(engine) as conn:
            conn.exec_driver_sql(f"CREATE TABLE bare ({columns})")
            load(conn, path)
            count = int(conn.exec_driver_sql("SELECT count(*) FROM bare").scalar_one())
            raise _TakenBack
    except _TakenBack:
        return count


def _executemany(conn: Connection, path: Path) -> None:
    marks = ", ".join("?" for _ in register.HEADING)
    driver: Any = conn.connection.driver_connection
    with path.open(encoding="utf-8", newline="") as file:
        records = csv.reader(file)
        next(records)
        driver.executemany(f"INSERT INTO bare VALUES ({marks})", records)


def _copy(conn: Connection, path: Path) -> None:
    driver: Any = conn.connection.driver_connection
    with (
        path.open("rb") as file,
        driver.cursor() as cursor,
        cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy,
    ):
        while block := file.read(1 << 20):
            copy.write(block)
