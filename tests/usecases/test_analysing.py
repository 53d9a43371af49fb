"""Analyses as jobs: computed once for a state of the data, in one area each, cancelled, taken over from the dead."""

import json
import threading
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gridmap.errors import Forbidden, InvalidInput, NotFound
from gridmap.jobs.lease import LENGTH
from gridmap.store import accounts, analyses, read, told, versions, write
from gridmap.store import tables as t
from gridmap.usecases import analysing
from gridmap.usecases.analysing import STUDIES
from gridmap.usecases.context import Context
from gridmap.usecases.imports import load
from gridmap.usecases.reading import view_for
from gridmap.usecases.studies import Question
from gridmap.view import View
from tests.county import SmallCounty
from tests.usecases.test_releasing import register

JUNE = Question("/", date(2026, 6, 1), date(2026, 6, 1))


def system(county: SmallCounty) -> View:
    return View.system(county.ctx.today())


def seen_by(county: SmallCounty, username: str) -> View:
    with read(county.ctx.engine) as conn:
        account = accounts.find(conn, username)
        assert account is not None
        return view_for(conn, account, county.ctx.today())


def last_of(county: SmallCounty) -> int:
    with read(county.ctx.engine) as conn:
        return told.last_incident(conn)


def stand_in(monkeypatch: pytest.MonkeyPatch, study: Any) -> None:
    monkeypatch.setattr(analysing, "STUDIES", {**STUDIES, "scan": study})


def test_the_same_question_is_computed_once(small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    stand_in(monkeypatch, lambda _ctx, asked, _step: calls.append(asked) or {"n": len(calls)})
    ctx, view = small_county.ctx, system(small_county)
    first = analysing.ask(ctx, view, "scan", JUNE)
    assert (first.status, first.result) == ("waiting", None)
    assert analysing.ask(ctx, view, "scan", JUNE).id == first.id
    assert analysing.work(ctx) == 1
    again = analysing.ask(ctx, view, "scan", JUNE)
    assert (again.id, again.status, again.result, again.progress) == (first.id, "done", {"n": 1}, 1.0)
    assert analysing.work(ctx) == 0
    assert calls == [JUNE]
    other = analysing.ask(ctx, view, "scan", replace(JUNE, seed=1))
    assert other.id != first.id


def test_new_data_is_computed_anew(small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, lambda *_: {})
    ctx, view = small_county.ctx, system(small_county)
    before = analysing.ask(ctx, view, "scan", JUNE)
    with write(ctx.engine) as conn:
        versions.bump(conn, "incidents")
    after = analysing.ask(ctx, view, "scan", JUNE)
    assert after.id != before.id
    assert after.data_version != before.data_version


def test_a_report_outside_the_months_read_leaves_the_answer_right(
    small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, lambda *_: {})
    ctx, view = small_county.ctx, system(small_county)
    asked = analysing.ask(ctx, view, "scan", JUNE)
    hot = analysing.ask(ctx, view, "hotspots", JUNE)
    load(ctx, "incidents", register("ABC", 60.0, "MAY-"))
    load(ctx, "incidents", register("ABC", 1.0, "JULY-"))
    assert analysing.ask(ctx, view, "scan", JUNE).id == asked.id
    # hot spots look back two years, so May is in them
    assert analysing.ask(ctx, view, "hotspots", JUNE).id != hot.id
    load(ctx, "incidents", register("ABC", 20.0, "JUNE-"))
    later = analysing.ask(ctx, view, "scan", JUNE)
    assert later.id != asked.id
    assert analysing.ask(ctx, view, "scan", JUNE).id == later.id


def test_only_new_reports_of_the_categories_asked_for_count_and_old_ones_always(
    small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, lambda *_: {})
    ctx, view = small_county.ctx, system(small_county)
    other = replace(JUNE, categories=("blasting",))
    before = last_of(small_county)
    load(ctx, "incidents", register("ABC", 20.0, "FIRST-"))
    assert last_of(small_county) > before
    asked = analysing.ask(ctx, view, "scan", other)
    load(ctx, "incidents", register("ABC", 20.0, "JUNE-"))
    assert analysing.ask(ctx, view, "scan", other).id == asked.id
    with write(ctx.engine) as conn:
        versions.bump_rows(conn, "incidents", [before + 1])
    assert analysing.ask(ctx, view, "scan", other).id != asked.id


def test_many_who_ask_at_once_are_answered_by_one(small_county: SmallCounty) -> None:
    ctx, view = small_county.ctx, system(small_county)
    ids: list[int] = []
    threads = [threading.Thread(target=lambda: ids.append(analysing.ask(ctx, view, "scan", JUNE).id)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_a_dead_one_is_taken_over_and_its_late_word_does_not_count(small_county: SmallCounty) -> None:
    ctx = small_county.ctx
    asked = analysing.ask(ctx, system(small_county), "scan", JUNE)
    now = ctx.clock()
    with write(ctx.engine) as conn:
        taken = analyses.take(conn, "dead", now + LENGTH, now)
        assert taken is not None
        assert analyses.take(conn, "other", now + LENGTH, now) is None
    small_county.clock.forward(seconds=2 * LENGTH.total_seconds())
    now = ctx.clock()
    with write(ctx.engine) as conn:
        again = analyses.take(conn, "living", now + LENGTH, now)
        assert again is not None
        assert (again.id, again.attempts) == (asked.id, 2)
        assert not analyses.beat(conn, asked.id, "dead", now + LENGTH)
        assert not analyses.settle(conn, asked.id, "dead", "done", now, result="{}")
        assert analyses.settle(conn, asked.id, "living", "done", now, result='{"a":1}')
    assert analysing.find(ctx, system(small_county), asked.id).result == {"a": 1}


def test_what_takes_its_process_down_again_and_again_is_given_up(small_county: SmallCounty) -> None:
    ctx = small_county.ctx
    asked = analysing.ask(ctx, system(small_county), "scan", JUNE)
    for _ in range(analyses.MOST_ATTEMPTS):
        with write(ctx.engine) as conn:
            assert analyses.take(conn, "dies", ctx.clock() + LENGTH, ctx.clock()) is not None
        small_county.clock.forward(seconds=2 * LENGTH.total_seconds())
    analysing.work(ctx)
    found = analysing.find(ctx, system(small_county), asked.id)
    assert found.status == "failed"
    assert found.error is not None
    assert found.error["code"] == "gave_up"


def test_cancelling_ends_a_running_one_at_its_next_step(
    small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, view = small_county.ctx, system(small_county)
    reached = []

    def study(_ctx: Any, _asked: Any, step: Any) -> dict[str, Any]:
        step(0.1)
        reached.append(analysing.cancel(ctx, view, asked.id).status)
        step(0.5)
        reached.append("beyond")
        return {}

    stand_in(monkeypatch, study)
    asked = analysing.ask(ctx, view, "scan", JUNE)
    analysing.work(ctx)
    assert reached == ["running"]
    assert analysing.find(ctx, view, asked.id).status == "cancelled"
    again = analysing.ask(ctx, view, "scan", JUNE)
    assert (again.id, again.status) == (asked.id, "waiting")
    assert analysing.cancel(ctx, view, asked.id).status == "cancelled"
    assert analysing.work(ctx) == 0


def test_two_workers_share_the_line(small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    stand_in(monkeypatch, lambda _ctx, asked, _step: calls.append(asked.seed) or {})
    ctx = small_county.ctx
    for seed in range(6):
        analysing.ask(ctx, system(small_county), "scan", replace(JUNE, seed=seed))
    threads = [threading.Thread(target=analysing.work, args=(ctx,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls) == list(range(6))


def test_too_few_cases_are_an_answer(small_county: SmallCounty) -> None:
    ctx, view = small_county.ctx, system(small_county)
    asked = analysing.ask(ctx, view, "hotspots", JUNE)
    analysing.work(ctx)
    found = analysing.find(ctx, view, asked.id)
    assert found.status == "failed"
    assert found.error is not None
    assert found.error["code"] == "too_few_incidents"


def test_only_closed_months_and_only_for_those_who_read_figures(small_county: SmallCounty) -> None:
    ctx = small_county.ctx
    with pytest.raises(InvalidInput, match="has not ended"):
        analysing.ask(ctx, system(small_county), "scan", replace(JUNE, last=date(2026, 7, 1)))
    with pytest.raises(Forbidden):
        analysing.ask(ctx, seen_by(small_county, "worker-a"), "scan", JUNE)
    whole = analysing.ask(ctx, system(small_county), "scan", JUNE)
    with pytest.raises(NotFound):
        analysing.find(ctx, seen_by(small_county, "official-2"), whole.id)


def test_enterprises_are_told_by_figures_alone(small_county: SmallCounty) -> None:
    ctx, view = small_county.ctx, system(small_county)
    question = replace(JUNE, first=date(2026, 1, 1))
    asked = analysing.ask(ctx, view, "sources", question)
    analysing.work(ctx)
    found = analysing.find(ctx, view, asked.id)
    assert found.result is not None, found.error
    assert found.result["sources"]
    for source in found.result["sources"]:
        assert sum(ring["observed"] for ring in source["rings"]) >= source["near"]["observed"]
        assert sum(source["observed_by_month"]) == source["near"]["observed"]
        assert sum(source["expected_by_month"]) == pytest.approx(source["near"]["expected"])
        assert set(source["said"]) == {"zh", "en"}
    with read(ctx.engine) as conn:
        text = conn.execute(select(t.analyses.c.result)).scalar_one()
    assert "subject" not in text
    assert "address" not in text
    json.loads(text)


def test_what_broke_is_logged_without_what_it_was_about(
    small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in an error's own words nor in the values of a query."""
    secret = "罗大山 13800000001"

    def broken(ctx: Context, _asked: Question, _step: Any) -> dict[str, Any]:
        with ctx.engine.connect() as conn, pytest.raises(DBAPIError) as caught:
            conn.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": secret})
        assert secret not in str(caught.value)
        raise ValueError(secret)

    stand_in(monkeypatch, broken)
    ctx, view = small_county.ctx, system(small_county)
    asked = analysing.ask(ctx, view, "scan", JUNE)
    assert analysing.work(ctx) == 1
    assert analysing.find(ctx, view, asked.id).error == {"code": "internal", "message": "ValueError"}
    assert f"the analysis scan {asked.id} failed" in caplog.text
    assert "in broken" in caplog.text
    assert secret not in caplog.text
