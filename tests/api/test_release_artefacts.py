"""The attacker of `test_release_attack` with the files themselves: what `gridmap map` wrote, the page of the release,
the card and the sheet for the table as PDF. Each is taken to pieces, and all that is in them is subtracted from
everything told."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select

from gridmap.cli import main
from gridmap.store import tables as t
from gridmap.store import write
from gridmap.usecases import analysing
from gridmap.usecases.happenings import _shaken
from gridmap.usecases.imports import load
from tests.api.client import Api
from tests.api.test_meetings import called, held, report
from tests.api.test_release_attack import KINDS, MONTHS, fill, windows
from tests.county import CONTACT, CONTACT_PHONE, NOW, PHONE, REPORTER, TEXT, _households
from tests.pdftext import raw_of, text_of
from tests.properties.test_release import subtracted
from tests.usecases.test_releasing import register

#: persons, houses and cases as they are named in the county
SECRETS = (TEXT, REPORTER, PHONE, CONTACT, CONTACT_PHONE, "H-A0", "W-A", "网格员 A", "A 组 1 号")
#: whoever reads no figures, and whoever has no account
OUTSIDE = (None, "worker-a", "handler-land", "admin")

Cells = frozenset[tuple[str, str, str]]


def small(known: dict[Cells, int]) -> list[int]:
    """What follows of the figures that no release may let follow."""
    return [count for count in subtracted(known).values() if 0 < count < 5 or count < 0]


def told(api: Api) -> tuple[dict[Cells, int], dict[tuple[str, str], dict[str, Any]]]:
    """All that the API tells, by the cells (community, month, kind) that it is a sum of; and each answer."""
    answers = {
        (first, last): api.get("official", f"/stats/release?from={first}&to={last}").json() for first, last in windows()
    }
    areas = [code for one in answers.values() for part in one["parts"] for code in part["codes"]]
    known: dict[Cells, int] = {}
    for (first, last), one in answers.items():
        months = MONTHS[MONTHS.index(first) : MONTHS.index(last) + 1]
        for part in one["parts"]:
            known[cells(part["codes"], months)] = part["count"]
        for kind in one["categories"]:
            known[frozenset((a, m, k) for a in areas for m in months for k in kind["codes"])] = kind["count"]
    return known, answers


def cells(codes: list[str], months: list[str]) -> Cells:
    return frozenset((code, month, kind) for code in codes for month in months for kind in KINDS)


def communities(api: Api) -> dict[str, str]:
    """Codes by name in both languages."""
    rows = api.county.run(select(t.areas.c.code, t.areas.c.name, t.areas.c.name_en))
    return {name: row.code for row in rows for name in (row.name, row.name_en)}


def silent(api: Api, text: str) -> None:
    """No person, house or case is named."""
    numbers = [row.number for row in api.county.run(select(t.incidents.c.number))]
    assert len(numbers) > 10
    found = [one for one in (*SECRETS, *numbers) if one in text]
    assert not found


# --- the offline file -----------------------------------------------------------------------------------------------


def offline(api: Api, months: int, folder: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> str:
    """What `gridmap map` writes, on the county's own day."""
    out = folder / f"map-{months}-{lang}.html"
    monkeypatch.setattr("gridmap.cli.map.open_here", lambda: api.county.ctx)
    monkeypatch.setattr(sys, "argv", ["gridmap", "map", "-o", str(out), "--months", str(months), "--lang", lang])
    with pytest.raises(SystemExit) as ended:
        sys.exit(main())
    assert not ended.value.code
    return out.read_text("utf-8")


def numbers_of(page: str) -> dict[str, Any]:
    """The data laid into the file."""
    (found,) = re.findall(r'<script type="application/json" id="page-data">(.*?)</script>', page, re.DOTALL)
    data: dict[str, Any] = json.loads(found)
    return data


@pytest.mark.parametrize("seed", [1, 2])
def test_offline_files_of_every_length_beside_all_that_is_told(
    api_lite: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    fill(api_lite, seed)
    known, answers = told(api_lite)
    codes, before = communities(api_lite), dict(known)
    for months in range(1, len(MONTHS) + 1):
        for lang in ("zh", "en"):
            page = offline(api_lite, months, tmp_path, monkeypatch, lang)
            silent(api_lite, page)
            data = numbers_of(page)
            assert data["months"] == [MONTHS[-months], MONTHS[-1]]
            released = data["layers"]["released"]["features"]
            assert released
            for one in released:
                row = one["properties"]
                assert set(row) == {"name", "communities", "households", "count", "rate", "class"}
                assert row["households"] % 5 == 0
                known[cells([codes[name] for name in row["name"].split("、")], MONTHS[-months:])] = row["count"]
            same = answers[MONTHS[-months], MONTHS[-1]]["parts"]
            assert sorted(one["properties"]["count"] for one in released) == sorted(one["count"] for one in same)
            assert not list(pictures(page)), "no picture of figures lies in the file"
    assert {cell: known[cell] for cell in before} == before
    assert not small(known)


def pictures(page: str) -> Iterator[bytes]:
    """Pictures laid into a page that are no icons: a tile of heat would be one."""
    for found in re.findall(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=]+)", page):
        picture = base64.b64decode(found)
        if picture.startswith(b"\x89PNG") and int.from_bytes(picture[16:20], "big") >= 128:
            yield picture


def test_a_household_that_moves_in_is_not_told_by_two_releases(api_lite: Api) -> None:
    fill(api_lite, 1)

    def homes() -> dict[tuple[str, ...], int]:
        parts = api_lite.get("official", "/stats/release?from=2026-06&to=2026-06").json()["parts"]
        return {tuple(part["codes"]): part["households"] for part in parts}

    seen = [homes()]
    for i in range(7):
        new = _households().head(1).assign(code=f"H-NEW{i}")
        load(api_lite.county.ctx, "households", new)
        seen.append(homes())
    told_of = [[one[part] for one in seen] for part in seen[0]]
    assert any(one[0] != one[-1] for one in told_of), "the new homes were counted"
    assert all(abs(a - b) % 5 == 0 for one in told_of for a, b in combinations(one, 2))


# --- tiles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", OUTSIDE)
def test_no_tile_of_heat_and_no_legend_of_it_goes_outside(api_lite: Api, user: str | None) -> None:
    """Tiles are exact to 1 % of the peak: of what leaves there are none, and the colours of the offline file are the
    classes of released counts."""
    for path in ("//tiles/heat.json", "//tiles/heat/12/3264/1724.png", "/layers/heat", "/layers/released"):
        for asked in ("", "?from=2026-03&to=2026-03", "?category=mining&near=mine&within=100&bandwidth=300"):
            answer = api_lite.get(user, path + asked)
            assert answer.status_code in {401, 403, 404, 422}, (user, path, answer.status_code)
            assert not answer.content.startswith(b"\x89PNG")


# --- the page, and the papers for the table -------------------------------------------------------------------------


def test_the_page_of_every_window_tells_what_the_api_tells(api_lite: Api) -> None:
    fill(api_lite, 2)
    codes = communities(api_lite)
    _, answers = told(api_lite)
    for (first, last), answer in answers.items():
        for drawing in ("then", "now"):
            page = api_lite.get("official", f"//insight/release?from={first}&to={last}&drawing={drawing}").text
            silent(api_lite, page)
            cell = r'<td class="number">([\d,]+)</td>'
            rows = re.findall(rf'<tr><th scope="row">([^<]+)</th>{cell}{cell}{cell}</tr>', page)
            shown = {
                frozenset(codes[name] for name in re.split("、|, ", names)): int(count.replace(",", ""))
                for names, _, _, count in rows
            }
            assert shown == {frozenset(part["codes"]): part["count"] for part in answer["parts"]}


def cards(api: Api) -> Iterator[tuple[str, str, int, bytes]]:
    """The card for the table of every window, of one enterprise after the other."""
    for turn, (first, last) in enumerate(windows()):
        asked = f"from={first}&to={last}"
        api.get("official", f"/stats/sources?{asked}")
        api.get("official", f"/stats/scan?{asked}")
        analysing.work(api.county.ctx)
        sources = api.get("official", f"/stats/sources?{asked}").json()["result"]["sources"]
        chosen = sources[turn % len(sources)]["id"]
        answer = api.get("official", f"/enterprises/{chosen}/evidence.pdf?{asked}&edition=table")
        assert answer.status_code == 200, answer.text
        yield first, last, chosen, answer.content


def test_the_cards_for_the_table_of_all_windows_hold_released_figures_alone(api_lite: Api) -> None:
    fill(api_lite, 3)
    known, answers = told(api_lite)
    codes, many = communities(api_lite), 0
    for first, last, _, paper in cards(api_lite):
        words, many = text_of(paper), many + 1
        silent(api_lite, words)
        silent(api_lite, raw_of(paper))
        assert "Too few" not in words, "a border at five cases, at any window asked for, is a count"
        months = MONTHS[MONTHS.index(first) : MONTHS.index(last) + 1]
        part = words[words.index("At the") : words.index("All incidents")]
        numbers = [int(one.replace(",", "")) for one in re.findall(r"^[\d,]+$", part, re.MULTILINE)]
        assert numbers
        rows = {(one["households"], one["count"]): one["codes"] for one in answers[first, last]["parts"]}
        assert len(numbers) % 3 == 0
        for homes, count, expected in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            known[cells(rows[homes, count], months)] = count
            whole = answers[first, last]
            rate = whole["total"] / sum(one["households"] for one in whole["parts"])
            assert expected == round(rate * homes)
        # nor any other number: days, distances and numbers of papers are no counts
        rest = words.replace(part, "")
        rest = re.sub(r"\d{4}-\d\d(-\d\d \d\d:\d\d)?|Data 数据 \w+|Analysis 研判 \d+|[\w-]*-\w+ ·|\d{15}", "", rest)
        assert set(re.findall(r"\d+", rest)) <= {"0", "1", "2", "3", "4", "5"}, rest
    assert many >= len(windows())
    assert set(codes.values()) >= {code for cell in known for code, _, _ in cell}
    assert not small(known)


@pytest.mark.parametrize("more", ["within=200", "within=1600", "category=mining", "seed=7", "drawing=then"])
@pytest.mark.parametrize("path", ["/enterprises/1/evidence.pdf", "//insight/evidence/1"])
def test_the_card_for_the_table_is_one_for_all_who_ask(api_lite: Api, path: str, more: str) -> None:
    asked = f"{path}?from=2026-05&to=2026-06&{more}"
    assert api_lite.get("official", f"{asked}&edition=table").status_code == 422
    assert api_lite.get("official", f"{asked}&edition=figures").status_code in {200, 202}


def test_the_state_of_the_data_on_a_card_is_no_count_in_disguise(api_lite: Api) -> None:
    """A plain digest of a few small numbers is found by trying them all."""
    fill(api_lite, 3)
    _, _, _, paper = next(cards(api_lite))
    (told_state,) = re.findall(r"Data 数据 (\w+)", text_of(paper))
    found = api_lite.get("official", "/stats/sources?from=2026-03&to=2026-03").json()["data_version"]
    assert "last_incident=" in found
    assert told_state != hashlib.sha256(found.encode()).hexdigest()[:8]
    assert told_state == api_lite.county.ctx.vault.digest(found)[:8]


def test_the_sheets_of_meetings_whose_agendas_grow_tell_no_single_case(api_lite: Api) -> None:
    """Agendas that hold one case more each time, beside what the release tells of the county."""
    cases = [report(api_lite) for _ in range(11)]
    seen: set[int] = set()
    for many in range(4, 12):
        meeting = called(api_lite, incident_ids=cases[:many])
        held(api_lite, meeting)
        answer = api_lite.get("dispatcher-1", f"/meetings/{meeting}/table")
        counts = {one["cases"] for one in answer.json()["cases"]}
        seen |= counts
        spoken = {"Accept-Language": ("zh", "en")[many % 2]}
        where = f"//meetings/{meeting}/table?format=pdf"
        paper = api_lite.get("dispatcher-1", where, headers=spoken).content
        words = text_of(paper)
        silent(api_lite, words)
        silent(api_lite, raw_of(paper))
        assert {int(one) for one in re.findall(r"^\d{1,3}$", words, re.MULTILINE)} <= counts
    assert seen == {5, 10}


@pytest.mark.parametrize("many", [0, 2, 5, 8])
def test_of_one_report_more_on_an_agenda_the_sheet_tells_neither_month_nor_kind(api_lite: Api, many: int) -> None:
    """Whose report came in early, or is of another kind, was one neighbour: two sheets without him and with him."""
    base = [report(api_lite) for _ in range(many)]
    earlier = {"mining-blasting": 600.0, "mining-dust": 400.0}
    for code, days in earlier.items():
        load(api_lite.county.ctx, "incidents", register("A", days, f"{code}-").assign(category=code))
    refs = [f"{code}-0" for code in earlier]
    rows = {row.source_ref: row.id for row in api_lite.county.run(select(t.incidents.c.source_ref, t.incidents.c.id))}
    months = [f"{NOW - timedelta(days=days):%Y-%m}" for days in earlier.values()]
    tables, papers = [], []
    for more in range(len(refs) + 1):
        meeting = called(api_lite, incident_ids=[*base, *(rows[ref] for ref in refs[:more])])
        assert len(api_lite.get("dispatcher-1", f"/meetings/{meeting}").json()["agenda"]) == many + more
        table = api_lite.get("dispatcher-1", f"/meetings/{meeting}/table").json()
        tables.append({name: value for name, value in table.items() if name not in ("id", "number")})
        sheet = api_lite.get("dispatcher-1", f"//meetings/{meeting}/table").text
        papers.append(re.sub(r'nonce="[^"]*"', "", sheet.replace(table["number"], "")))
        words = text_of(api_lite.get("dispatcher-1", f"//meetings/{meeting}/table?format=pdf").content)
        assert not [month for month in months if month in words + sheet + json.dumps(table)]
    assert [one["cases"] for one in tables[0]["cases"]] == ([5] if many >= 5 else [])
    assert tables[0] == tables[1] == tables[2]
    assert papers[0] == papers[1] == papers[2]


def test_petitions_on_an_agenda_are_not_on_the_table(api_lite: Api) -> None:
    with write(api_lite.county.ctx.engine) as conn:
        conn.execute(
            insert(t.categories).values(
                code="petition", name="信访", name_en="Petition", process="dispute", limit_hours=24.0
            )
        )
    meeting = called(api_lite, incident_ids=[report(api_lite, "petition") for _ in range(6)])
    answer = api_lite.get("dispatcher-1", f"/meetings/{meeting}/table").json()
    assert answer["cases"] == []


@pytest.mark.parametrize("seed", range(3))
def test_houses_over_their_limit_are_told_in_steps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(50):
        houses = int(rng.integers(0, 40))
        over = int(rng.integers(0, houses + 1))
        row = {"building": "fragile", "over": over, "houses": houses, "limit_cm_s": 0.15}
        body = str(_shaken({"buildings": [row], "blasts": 9, "site_source": "assumed"}, "table")["body"])
        numbers = [int(one) for one in re.findall(r"(?:&lt;|<b>|≥|共 )<?(\d+)", body)]
        assert all(a % 5 == 0 for a in numbers), body


def test_the_register_is_there_to_be_leaked(api_lite: Api) -> None:
    """The secrets looked for are in the county, and who may read them does."""
    fill(api_lite, 1)
    numbers = [row.number for row in api_lite.county.run(select(t.incidents.c.number))]
    mine = json.dumps(api_lite.rows("worker-a", "/incidents"), ensure_ascii=False)
    assert [one for one in numbers if one in mine]
