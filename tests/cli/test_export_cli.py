"""`gridmap export` as a newcomer types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from gridmap.cli.app import run
from tests.cli.test_database_cli import here

__all__ = ["here"]

Said = Any


@pytest.fixture
def county(here: Path, capsys: Said) -> Path:
    """A database with an area, two cells and a worker."""
    for args in (["init"], ["import", "areas", "areas.csv"], ["import", "cells", "cells.geojson"]):
        assert run(args) == 0
    (here / "workers.csv").write_text("工号,姓名,社区,电话\nW1,=1+1,529901,13900000000\n", encoding="utf-8")
    assert run(["import", "workers", "workers.csv"]) == 0
    capsys.readouterr()
    return here


def test_what_goes_out_is_said_and_comes_in_again(county: Path, capsys: Said) -> None:
    assert run(["export", "cells", "-o", "out.geojson", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["kind"], told["personal"]) == (2, "cells", False)
    assert told["columns"] == ["code", "name", "name_en", "area", "body", "valid_from", "valid_to", "geometry"]
    assert run(["export", "workers", "-o", "out.csv", "--lang", "zh"]) == 0
    assert "workers: 1 rows written to out.csv" in capsys.readouterr().out
    with (county / "out.csv").open(encoding="utf-8-sig") as file:
        [row] = csv.DictReader(file)
    assert (row["网格员编号"], row["网格员姓名"]) == ("W1", "'=1+1")
    assert "电话" not in row
    for kind, name in (("cells", "out.geojson"), ("workers", "out.csv")):
        assert run(["import", kind, name]) == 0
        assert "0 new, 0 changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["people", "-o", "x.csv"], 2, "households"),
        (["cells"], 2, "--out"),
        (["cells", "-o", "x.shp"], 1, ".gpkg"),
        (["cells", "-o", "nowhere/x.csv"], 3, "nowhere"),
        (["cells", "-o", "x.csv", "--as-of", "2026-01-01", "--all"], 2, "not both"),
        (["cells", "-o", "x.csv", "--as-of", "1.1.2026"], 2, "--as-of"),
        (["cells", "-o", "x.csv", "--month", "2026-07"], 1, "only incidents"),
        (["cells", "-o", "x.csv", "--with-personal", "--as", "a", "--reason", "why"], 1, "nothing personal"),
        (["incidents", "-o", "x.csv"], 2, "--as USERNAME"),
        (["workers", "-o", "x.csv", "--with-personal"], 2, "--reason"),
        (["households", "-o", "x.csv", "--as", "nobody", "--reason", "a move"], 1, "no account"),
        (["incidents", "-o", "x.csv", "--month", "2026-07", "--from", "2026-07-01"], 2, "not both"),
    ],
)
def test_what_is_wrong_is_said(county: Path, capsys: Said, args: list[str], status: int, said: str) -> None:
    assert run(["export", *args]) == status
    assert said in capsys.readouterr().err
    assert not list(county.glob("x.*"))


def test_a_month_is_one_month_also_in_december(county: Path, capsys: Said) -> None:
    register = "编号,类别,受理时间,经度,纬度\n" + "".join(
        f"R{day},traffic,{day} 12:00,106.5011,27.0011\n"
        for day in ("2025-11-30", "2025-12-01", "2025-12-31", "2026-01-01")
    )
    (county / "register.csv").write_text(register, encoding="utf-8")
    assert run(["import", "incidents", "register.csv"]) == 0
    assert run(["user", "add", "official", "--role", "official", "--name", "李", "--of", "529901"]) == 0
    who = ["--as", "official", "--reason", "the yearly meeting"]
    assert run(["export", "incidents", "-o", "d.csv", "--month", "2025-12", *who]) == 0
    with (county / "d.csv").open(encoding="utf-8") as file:
        assert [row["source_ref"] for row in csv.DictReader(file)] == ["R2025-12-01", "R2025-12-31"]
    assert "persons' data" in capsys.readouterr().err
    assert run(["import", "incidents", "d.csv"]) == 0
    assert "0 new, 0 changed, 2 as before" in capsys.readouterr().out
