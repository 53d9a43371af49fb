"""The file that opens offline: what leaves, to whom, and that it holds no address of another host."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.app import static_folder
from api.pages import gather
from api.pages.bundle import bundle
from api.pages.offline import offline_page
from gridmap.cli import main
from gridmap.errors import EnvironmentFault, Forbidden, NotFound
from gridmap.store import tables as t
from gridmap.usecases import accounts
from gridmap.view import Audience
from tests.county import CELL, CONTACT, PHONE, REPORTER, TEXT, SmallCounty, county_file, spatialite_county
from tests.redraw import without_b

__all__ = ["county_file", "spatialite_county"]


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_the_released_file_holds_nothing_of_a_person(spatialite_county: SmallCounty) -> None:
    given = gather.released(spatialite_county.ctx, 6)
    text = offline_page(given, static_folder())
    layers = data_of(text)["layers"]
    assert set(layers) == {"areas", "water", "roads", "places", "enterprises", "land", "released"}
    assert given.audience is Audience.RELEASE
    for secret in (CONTACT, PHONE, REPORTER, TEXT, "H-A0", "W-A", "网格员 A", "A 组 1 号"):
        assert secret not in text, secret
    counts = [one["properties"]["count"] for one in layers["released"]["features"]]
    assert all(count == 0 or count >= 5 for count in counts)
    # four households stand far apart in each cell: no settlement has the eight that a shape must stand for
    assert layers["land"]["features"] == []


def test_the_file_asks_nobody(spatialite_county: SmallCounty) -> None:
    text = offline_page(gather.released(spatialite_county.ctx, 6), static_folder(), "en")
    head = text.split("<script")[0]
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', head)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*\s(?:src|href)=", text)
    assert "url(" not in "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL)).replace("url(#default#VML)", "")
    assert '<html lang="en">' in text


def test_both_languages_are_in_one_file(spatialite_county: SmallCounty) -> None:
    data = data_of(offline_page(gather.released(spatialite_county.ctx, 6), static_folder()))
    assert set(data["languages"]) == {"zh", "en"}
    mine = data["layers"]["enterprises"]["features"][0]
    assert mine["properties"]["name"] == "测试铁矿"
    assert mine["en"] == {"name": "Test Mine"}
    assert data["layers"]["released"]["legend"]["en"][0]["label"] == "Cases per 100 households"


@pytest.mark.parametrize("username", ["planner", "approver", "admin"])
def test_roles_without_cases_get_no_exact_file(spatialite_county: SmallCounty, username: str) -> None:
    with pytest.raises(Forbidden, match="reads no single cases"):
        gather.exact(spatialite_county.ctx, username)


def test_an_official_has_to_say_why(spatialite_county: SmallCounty) -> None:
    with pytest.raises(Forbidden) as raised:
        gather.exact(spatialite_county.ctx, "official")
    assert raised.value.code == "reason_required"
    given = gather.exact(spatialite_county.ctx, "official", "a hearing on dust")
    assert {layer.name for layer, _ in given.layers} >= {"incidents"}
    assert {layer.name for layer, _ in given.layers}.isdisjoint({"households"})


def test_nobody_and_the_disabled_get_nothing(spatialite_county: SmallCounty) -> None:
    accounts.disable(spatialite_county.ctx, "worker-b")
    for username in ("worker-b", "nobody", ""):
        with pytest.raises(NotFound):
            gather.exact(spatialite_county.ctx, username)


def test_an_exact_file_draws_the_cells_of_the_day_asked_for(spatialite_county: SmallCounty) -> None:
    without_b(spatialite_county, spatialite_county.ctx.today())

    def drawn(as_of: date | None) -> set[str]:
        given = gather.exact(spatialite_county.ctx, "dispatcher-1", "a hearing on dust", as_of)
        return set(next(frame for layer, frame in given.layers if layer.name == "cells")["code"])

    assert CELL["B"] not in drawn(None)
    assert drawn(date(2026, 6, 1)) == drawn(None) | {CELL["B"]}


def test_an_exact_file_holds_ones_own_and_is_written_down(spatialite_county: SmallCounty) -> None:
    given = gather.exact(spatialite_county.ctx, "worker-a")
    frames = {layer.name: frame for layer, frame in given.layers}
    assert set(frames["households"]["cell_name"]) == {"A 格"}
    assert set(frames["incidents"]["cell_name"]) == {"A 格"}
    read = spatialite_county.run(select(t.readings.c.kind, t.readings.c.route, t.readings.c.ids))
    assert {(kind, route) for kind, route, _ in read} == {
        ("household", "gridmap map --exact"),
        ("incident", "gridmap map --exact"),
    }
    assert {len(json.loads(ids)) for _, _, ids in read} == {4, len(frames["incidents"])}
    text = offline_page(given, static_folder())
    assert TEXT not in text
    assert given.exact_for in text


def test_the_command_line(
    spatialite_county: SmallCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", spatialite_county.ctx.settings.database_url)
    monkeypatch.setenv("GRIDMAP_KEY_FILE", str(tmp_path / "secret.key"))
    out = tmp_path / "map.html"

    def run(*args: str) -> int:
        monkeypatch.setattr(sys, "argv", ["gridmap", "map", "-o", str(out), *args])
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())
        return int(ended.value.code or 0)

    assert run("--exact") == 1
    assert "--as USERNAME" in capsys.readouterr().err
    assert run("--as", "worker-a") == 1
    assert run("--lang", "fr") == 1
    assert run("--exact", "--as", "planner") == 1
    assert not out.exists()
    assert run("--months", "3", "--lang", "en") == 0
    assert "opens offline" in capsys.readouterr().out
    assert data_of(out.read_text("utf-8"))["lang"] == "en"


# --- the bundle -------------------------------------------------------------------------------------------------------


def test_modules_are_bundled_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('export const one = 1;\nexport function two() { return "import { x } from"; }\n')
    (tmp_path / "b.js").write_text('import { one as first, two } from "./a.js";\nwindow.sum = first + two().length;\n')
    text = bundle(tmp_path, ("a", "b"))
    assert "const { one: first, two } = module_a;" in text
    assert "return { one, two };" in text
    with pytest.raises(EnvironmentFault, match="comes after"):
        bundle(tmp_path, ("b", "a"))


@pytest.mark.parametrize(
    "line",
    ["export default 1;", 'import x from "./a.js";', 'import "./a.js";', "export { x };", 'export * from "./a.js";'],
)
def test_forms_that_it_does_not_know_are_errors(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.js").write_text("export const x = 1;\n")
    (tmp_path / "b.js").write_text(line + "\n")
    with pytest.raises(EnvironmentFault, match="cannot be bundled"):
        bundle(tmp_path, ("a", "b"))
