"""The admin's rules, processes and calendars in a real browser: what is wrong is said where, in one's language."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from gridmap.store import cases, read
from gridmap.store import tables as t
from gridmap.usecases import ruling
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.test_pages import assert_fits
from tests.usecases.test_reporting import view

SIZES = pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESK)], ids=["zh-360", "en-1440"])
#: what two faults of a process are said to be
SAID = {
    "zh": ("时限应为正数，现为 -1 个工作日", "承办员从不能“督办”"),
    "en": ("A limit must be positive, but is -1 workdays", "The role handler may never supervise"),
}


@SIZES
def test_a_year_is_taken_from_a_form_and_a_file(
    visit: Visits, site: Site, tmp_path: Path, lang: str, size: tuple[int, int]
) -> None:
    year = 2027 if lang == "zh" else 2028
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    part = page.locator("#calendar")
    part.locator("details").first.locator("summary").click()
    form = part.locator("form").first
    form.locator("[name=year]").fill(str(year))
    form.locator("[name=source]").fill("国办发明电 7")
    file = tmp_path / "year.csv"
    file.write_text(f"\ufeffday,kind,name\n{year}-01-01,off,元旦\n{year}-01-02,of,元旦\n", encoding="utf-8")
    form.locator("input[type=file]").set_input_files(file)
    until(page, "document.querySelector('#calendar [name=days]').value.includes('元旦')")
    assert_fits(page)
    visit.expected.append("422")
    form.locator("button[type=submit]").click()
    form.get_by_role("alert").wait_for()
    assert "3" in form.get_by_role("alert").inner_text()  # the line
    assert_fits(page)
    form.locator("[name=days]").fill(
        f"{year}-01-01，off，元旦\n{year}-01-03,work,"
    )  # as one types it, without a heading
    form.locator("button[type=submit]").click()
    page.locator("#calendar tr", has_text=str(year)).filter(has_text="国办发明电 7").wait_for()
    with read(site.county.ctx.engine) as conn:
        calendar = cases.in_force(conn, site.county.ctx.zone)
    assert not calendar.provisional(year)
    assert {day: one.works for day, one in calendar.days.items() if day.year == year} == {
        date(year, 1, 1): False, date(year, 1, 3): True,
    }  # fmt: skip


@SIZES
def test_every_fault_of_a_process_is_said_with_its_step(
    visit: Visits, site: Site, lang: str, size: tuple[int, int]
) -> None:
    """In the page's own language, and nothing is kept."""
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    part = page.locator("#processes details:has(textarea)").first
    part.locator("summary").click()
    box = part.locator("textarea")
    edited = json.loads(box.input_value())
    step = edited["steps"][2]
    step["limit"] = {"workdays": -1}
    step["may"]["supervise"] = ["handler"]
    box.fill(json.dumps(edited, ensure_ascii=False))
    visit.expected.append("422")
    part.locator("button").click()
    part.locator("table").wait_for()
    said = part.locator("table").inner_text()
    assert all(one.lower() in said.lower() for one in SAID[lang]), said
    assert said.count(step["name"]) == 2
    assert part.locator("table [lang=en]").count() == 0 or lang == "en"
    assert_fits(page)
    with read(site.county.ctx.engine) as conn:
        assert cases.process(conn, edited["code"]).version == edited["version"]


@SIZES
def test_a_process_is_changed_in_a_form(visit: Visits, site: Site, lang: str, size: tuple[int, int]) -> None:
    """A limit, a right and a switch, and nothing else; what is wrong is said with its step, and not kept."""
    with read(site.county.ctx.engine) as conn:
        before = cases.process(conn, "service").to_json()
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    page.locator("#processes details.flow-edit", has=page.locator("[data-process=service]")).locator(
        "summary"
    ).first.click()
    form = page.locator("[data-process=service]")
    step = before["steps"][0]
    part = form.locator(f"[data-step='{step['name']}']")
    part.locator("input[type=number]").fill("0")
    visit.expected.append("422")
    form.locator("button[type=submit]").click()
    form.locator("[role=status] table").wait_for()
    assert step["name"] in form.locator("[role=status] table").inner_text()
    part.locator("input[type=number]").fill("7")
    part.locator("select").select_option("work_hours")
    part.locator("details summary").click()
    action = next(action for action, may in sorted(step["may"].items()) if len(may) > 1 and "worker" in may)
    part.locator(f"[data-action={action}]").get_by_label({"zh": "网格员", "en": "grid worker"}[lang]).uncheck()
    form.get_by_label({"zh": "办结后询问是否满意", "en": "The reporter is asked whether satisfied"}[lang]).set_checked(
        not before["satisfaction"]
    )
    assert_fits(page)
    form.locator("button[type=submit]").click()
    page.locator("#processes h2", has_text=str(before["version"] + 1)).first.wait_for()
    with read(site.county.ctx.engine) as conn:
        after = cases.process(conn, "service").to_json()
    step["limit"] = {"work_hours": 7}
    step["may"][action].remove("worker")
    assert after == {**before, "version": before["version"] + 1, "satisfaction": not before["satisfaction"]}


@SIZES
def test_rules_are_changed_in_a_form(visit: Visits, site: Site, lang: str, size: tuple[int, int]) -> None:
    """What is not touched stays; one is added, asked for by ticks and words, sent to a desk, and put first."""
    ctx, admin = site.county.ctx, view(site.county, "admin")
    an_enterprise = int(site.county.one(select(t.enterprises.c.id).limit(1)))
    full = {
        "categories": ["mining-blasting"], "areas": [area_path(site)], "enterprise_ids": [an_enterprise],
        "channels": ["phone"], "enterprise_kinds": ["quarry"], "words": ["waste water", "炮"], "weekdays": 0b11,
        "hours": [1320, 360],
    }  # fmt: skip
    kept = [
        {
            "name": "full",
            "when": full,
            "target": {"to": "body", "name": "B-ECO"},
            "process": "service",
            "straight": True,
        },
        {"name": "rest", "when": {}, "target": {"to": "category", "name": ""}, "process": None, "straight": False},
    ]
    version = int(ruling.keep(ctx, admin, {"rules": kept})["version"])
    ruling.replay(ctx, admin, version)
    ruling.publish(ctx, admin, version)
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    part = page.locator("#rules details.flow-edit")
    part.locator("summary").first.click()
    part.get_by_role("button", name={"zh": "添加规则", "en": "Add a rule"}[lang]).click()
    new = part.locator("li").last
    new.locator("[name=name]").fill("dust")
    new.locator("[data-asks=categories]").locator("input").nth(3).check()
    new.locator("[name=words]").fill("灰，粉")
    new.locator("[name=to]").select_option("desk")
    new.locator("[name=whom]").select_option("county")
    assert_fits(page)
    for n in (2, 1):
        part.locator("li").nth(n).locator("[name=up]").click()
    part.locator("button[type=submit]").click()
    page.locator("#rules table").nth(1).locator("tbody tr").filter(has_text=str(version + 1)).first.wait_for()
    stored = ruling.one(ctx, admin, version + 1)["rules"]
    assert stored[1:] == kept
    assert stored[0]["name"] == "dust"
    assert (stored[0]["when"]["words"], stored[0]["target"]) == (["灰", "粉"], {"to": "desk", "name": "county"})
    assert len(stored[0]["when"]["categories"]) == 1
    ruling.publish(ctx, admin, 1)


@SIZES
def test_rules_are_read_and_tried_in_words(visit: Visits, site: Site, lang: str, size: tuple[int, int]) -> None:
    """What a rule asks and who would get what, by name; bodies with as many cases as before stand apart."""
    ctx, admin = site.county.ctx, view(site.county, "admin")
    when = {
        "categories": ["mining-blasting"],
        "areas": [area_path(site)],
        "weekdays": 0b11,
        "hours": [510, 1080],
        "words": ["裂"],
    }
    rules = [
        {"name": "cracks", "when": when, "target": {"to": "body", "name": "B-ECO"}, "process": None, "straight": False},
        {"name": "rest", "when": {}, "target": {"to": "desk", "name": "town"}, "process": None, "straight": False},
    ]
    version = int(ruling.keep(ctx, admin, {"rules": rules})["version"])
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    newest = page.locator("#rules table").nth(1).locator("tbody tr").first
    newest.get_by_role("button").first.click()
    told = page.locator("#rules [role=status]").first
    told.locator("table").first.wait_for()
    said = told.inner_text()
    assert {"zh": "乡镇 调度", "en": "dispatcher of the town"}[lang] in said
    assert "desk:" not in said
    assert "B-LAND" not in said
    assert_fits(page)
    ruling.replay(ctx, admin, version)
    ruling.publish(ctx, admin, version)
    page.reload()
    first = page.locator("#rules table").first.locator("tbody tr").first
    first.wait_for()
    for words in {
        "zh": ("类别：", "周一、周二", "08:30–18:00", "“裂”"),
        "en": ("category: ", "Mon, Tue", "08:30–18:00", '"裂"'),
    }[lang]:
        assert words in first.inner_text()
    assert area_path(site) not in first.inner_text()
    assert "mining-blasting" not in first.inner_text()
    assert_fits(page)
    ruling.publish(ctx, admin, 1)


def area_path(site: Site) -> str:
    """Of the first town."""
    return str(site.county.one(select(t.areas.c.path).where(t.areas.c.level == "town").order_by(t.areas.c.id).limit(1)))
