"""The verbs over the database, as a newcomer types them."""

import csv
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import func, insert, select

from gridmap.cli import database
from gridmap.cli.app import run
from gridmap.store import open_engine, read, write
from gridmap.store import tables as t
from gridmap.usecases import imports
from tests.grids import grid

Said = Any


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, with a database that does not exist yet."""
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path / 'county.sqlite'}")
    monkeypatch.setenv("GRIDMAP_KEY_FILE", str(tmp_path / "secret.key"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "areas.csv").write_text("编码,名称,级别\n529901,测试县,县\n", encoding="utf-8")
    grid("AB").to_file(tmp_path / "cells.geojson", driver="GeoJSON")
    (tmp_path / "homes.csv").write_text(
        "户号,地址,经度,纬度\nH1,一组 1 号,106.5011,27.0011\nH2,一组 2 号,,\n", encoding="utf-8"
    )
    return tmp_path


def test_a_county_comes_in_by_its_files(here: Path, capsys: Said) -> None:
    assert run(["init"]) == 0
    assert run(["import", "areas", "areas.csv"]) == 0
    assert run(["import", "cells", "cells.geojson"]) == 0
    capsys.readouterr()
    assert run(["import", "households", "homes.csv", "--rejects", "rejects.csv", "--json"]) == 1
    out, _ = capsys.readouterr()
    told = json.loads(out)
    assert (told["inserted"], told["columns"]["code"]) == (1, "户号")
    assert [(reject["row"], reject["field"]) for reject in told["rejects"]] == [(3, "place")]
    with (here / "rejects.csv").open(encoding="utf-8-sig") as file:
        assert [row["row"] for row in csv.DictReader(file)] == ["3"]
    engine = open_engine(f"sqlite:///{here / 'county.sqlite'}")
    with read(engine) as conn:
        code = select(t.cells.c.code).join(t.households, t.households.c.cell_id == t.cells.c.id)
        assert conn.execute(code).scalars().all() == ["A"]


def test_a_second_import_and_a_dry_run_change_nothing(here: Path, capsys: Said) -> None:
    run(["init"])
    assert run(["import", "areas", "areas.csv", "--dry-run"]) == 0
    assert "dry run" in capsys.readouterr().out
    run(["import", "areas", "areas.csv"])
    capsys.readouterr()
    assert run(["import", "areas", "areas.csv"]) == 0
    assert "0 new, 0 changed, 1 as before" in capsys.readouterr().out


def test_an_empty_database_says_what_to_do(here: Path, capsys: Said) -> None:
    assert run(["import", "areas", "areas.csv"]) == 3
    assert "gridmap init" in capsys.readouterr().err
    assert run(["doctor"]) == 3
    assert "gridmap init" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["import", "people", "areas.csv"], 2, "households"),
        (["import", "areas", "nowhere.csv"], 1, "nowhere.csv"),
        (["import", "areas", "areas.csv", "--map", "colour=名称"], 1, "no field 'colour'"),
        (["import", "areas"], 2, "Missing argument"),
        (["import", "cells", "cells.geojson"], 1, "import the areas first"),
    ],
)
def test_what_is_wrong_is_said(here: Path, capsys: Said, args: list[str], status: int, said: str) -> None:
    run(["init"])
    capsys.readouterr()
    assert run(args) == status
    assert said in capsys.readouterr().err


def test_doctor_finds_a_forged_history(here: Path, capsys: Said) -> None:
    for args in (["init"], ["import", "areas", "areas.csv"], ["import", "cells", "cells.geojson"]):
        run(args)
    capsys.readouterr()
    assert run(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    register = "编号,类别,受理时间,经度,纬度,内容\nR1,traffic,2026-01-05 10:00,106.5011,27.0011,堵车\n"
    (here / "register.csv").write_text(register, encoding="utf-8")
    assert run(["import", "incidents", "register.csv"]) == 0
    engine = open_engine(f"sqlite:///{here / 'county.sqlite'}")
    with write(engine) as conn:
        conn.exec_driver_sql("PRAGMA writable_schema=ON")
        for name in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars().all():
            if "events" in name:
                conn.exec_driver_sql(f"DROP TRIGGER {name}")
        conn.exec_driver_sql("UPDATE events SET data = '{}' WHERE seq = 1")
    capsys.readouterr()
    assert run(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "FAULT" in said
    assert "all 1 compared with their events" in said


def test_sweep_and_a_new_key(here: Path, capsys: Said) -> None:
    run(["init"])
    engine = open_engine(f"sqlite:///{here / 'county.sqlite'}")
    with write(engine) as conn:
        assert conn.execute(select(func.count()).select_from(t.readings)).scalar_one() == 0
        conn.execute(insert(t.meta).values(key="note", value="kept"))
    assert run(["sweep"]) == 0
    capsys.readouterr()
    assert run(["doctor", "--new-key"]) == 0
    first = capsys.readouterr().out.strip()
    run(["doctor", "--new-key"])
    assert len(first) == 44
    assert capsys.readouterr().out.strip() != first


def test_the_kinds_offered_are_those_that_can_be_imported() -> None:
    assert set(get_args(database.Kinds)) == set(imports.KINDS)
