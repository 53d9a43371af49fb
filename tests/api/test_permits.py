"""A file of permits comes in by the command and over HTTP: good rows in, bad rows back, on both databases."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases.exporting import Choice, export_file
from gridmap.usecases.importing import Options, import_file
from tests.api.client import Api, problem

FILE = (
    "许可证号,企业编码,许可类型,发证日期,有效期至\n"
    "B-1,E-QUARRY,爆破作业单位许可证,2025-01-01,2026-12-31\n"
    "M-1,E-MINE,采矿许可证,2020年3月1日,长期\n"
    "M-1,E-QUARRY,采矿,2024/5/6,\n"
    "B-2,E-NOWHERE,爆破,2025-01-01,2026-12-31\n"
    "B-3,E-QUARRY,占卜,2025-01-01,2026-12-31\n"
    "B-4,E-QUARRY,爆破,2025-01-01,2024-12-31\n"
    "B-1,E-QUARRY,爆破,2025-01-01,2027-12-31\n"
    ",E-QUARRY,爆破,2025-01-01,2027-12-31\n"
)
BAD = [(5, "enterprise"), (6, "kind"), (7, "valid_to"), (8, "enterprise"), (9, "number")]
KEPT = {
    ("E-QUARRY", "B-1", "blasting", date(2025, 1, 1), date(2027, 1, 1)),
    ("E-MINE", "M-1", "mining", date(2020, 3, 1), None),
    ("E-QUARRY", "M-1", "mining", date(2024, 5, 6), None),
}


def kept(api: Api) -> set[tuple[object, ...]]:
    p, e = t.permits.c, t.enterprises.c
    query = select(e.code, p.number, p.kind, p.valid_from, p.valid_to).join(t.enterprises, e.id == p.enterprise_id)
    return {tuple(row) for row in api.county.run(query)}


def sent(api: Api, content: bytes, user: str = "official", **params: str) -> dict[str, object]:
    asked = {"name": "permits.csv", **params}
    headers = {"Content-Type": "application/octet-stream"}
    answer = api.ask(user, "POST", "/permits/import", params=asked, content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def counts(found: dict[str, object]) -> tuple[object, ...]:
    return tuple(found[name] for name in ("inserted", "updated", "unchanged", "turned_away"))


def test_a_file_comes_in_once_and_its_bad_rows_come_back(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "permits.csv"
    path.write_text(FILE, encoding="utf-8")
    done = import_file(api.county.ctx, "permits", path, Options())
    assert (done.loaded.inserted, sorted((one.row, one.field) for one in done.rejects)) == (3, BAD)
    assert kept(api) == KEPT
    again = import_file(api.county.ctx, "permits", path, Options()).loaded
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)


def test_over_http_it_is_looked_through_first_then_kept(api: Api) -> None:
    content = FILE.encode("gb18030")
    looked = sent(api, content, dry_run="true")
    assert counts(looked) == (3, 0, 0, 5)
    assert kept(api) == set()
    done = sent(api, content)
    assert done == looked
    rejects = done["rejects"]
    assert isinstance(rejects, list)
    assert sorted((one["row"], one["field"]) for one in rejects) == BAD
    assert all(one["reason"] for one in rejects)
    assert kept(api) == KEPT
    longer = FILE.splitlines()[0] + "\nB-1,E-QUARRY,爆破,2025-01-01,2028-12-31\n"
    assert counts(sent(api, longer.encode())) == (0, 1, 0, 0)
    quarry = api.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-QUARRY"))
    agreed = api.get("official", f"/enterprises/{quarry}/agreed").json()["permits"]
    assert {one["number"]: one["valid_to"] for one in agreed} == {"B-1": "2029-01-01", "M-1": None}
    told = select(t.audit.c.account_id).where(t.audit.c.action == "import", t.audit.c.ref == "permits")
    assert [row.account_id for row in api.county.run(told)] == [api.county.account("official").id] * 2


def test_a_workbook_is_read_alike(api: Api) -> None:
    book = BytesIO()
    rows = [line.split(",") for line in FILE.splitlines()]
    pd.DataFrame(rows[1:], columns=rows[0]).to_excel(book, index=False)
    assert counts(sent(api, book.getvalue(), name="许可.XLSX")) == (3, 0, 0, 5)
    assert kept(api) == KEPT


def test_the_two_ways_to_tell_the_end_must_agree(api: Api) -> None:
    head = "number,enterprise,kind,valid_from,valid_to,last_day\n"
    rows = "A,E-MINE,land,2025-01-01,2026-01-01,2025-12-31\nB,E-MINE,land,2025-01-01,2026-01-01,2026-01-01\n"
    found = sent(api, (head + rows).encode())
    assert counts(found) == (1, 0, 0, 1)
    assert kept(api) == {("E-MINE", "A", "land", date(2025, 1, 1), date(2026, 1, 1))}


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_what_is_exported_comes_in_again_unchanged(api: Api, tmp_path: Path, ending: str) -> None:
    sent(api, FILE.encode())
    path = tmp_path / f"permits.{ending}"
    for language in ("zh", "en"):
        written = export_file(api.county.ctx, "permits", path, Choice(language=language))  # type: ignore[arg-type]
        assert (written.rows, written.personal) == (3, False)
        again = import_file(api.county.ctx, "permits", path, Options())
        assert (again.loaded.unchanged, again.rejects) == (3, ())


def test_who_may_and_what_no_file_is(api: Api) -> None:
    asked = {"name": "permits.csv"}
    headers = {"Content-Type": "application/octet-stream"}
    for user in ("worker-a", "planner", "handler-land"):
        answer = api.ask(user, "POST", "/permits/import", params=asked, content=FILE.encode(), headers=headers)
        problem(answer, 403, "forbidden")
    for name, content in (("permits.exe", b"MZ"), ("permits", b""), ("../../permits.gpkg", b"x")):
        answer = api.ask("official", "POST", "/permits/import", params={"name": name}, content=content, headers=headers)
        problem(answer, 422, "invalid_input")
    for name, content in (
        ("a.csv", b""),
        ("a.csv", "姓名\n甲\n".encode()),
        ("a.xlsx", b"PK no workbook"),
        ("a.csv", b"\x00\xff" * 50),
    ):
        answer = api.ask("official", "POST", "/permits/import", params={"name": name}, content=content, headers=headers)
        assert answer.status_code == 422, (name, content, answer.text)
        assert "/tmp/" not in answer.text
    assert kept(api) == set()
