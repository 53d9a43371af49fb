"""Analyses over HTTP: asked, waited for, cancelled, printed; by those who read figures, in their own area."""

from datetime import date
from typing import Any

import pytest

from gridmap.store import accounts, read
from gridmap.usecases import analysing, evidence
from gridmap.usecases.analysing import Answer
from gridmap.usecases.context import Context
from gridmap.usecases.reading import view_for
from gridmap.usecases.studies import Question
from tests.api.client import Api, problem

WINDOW = "from=2026-01&to=2026-06"
ROUTES = ("/hotspots", "/stats/scan", "/stats/sources", "/enterprises/1/evidence")


def done(api: Api, user: str, path: str) -> Any:
    first = api.get(user, path)
    assert first.status_code in {200, 202}, first.text
    analysing.work(api.county.ctx)
    return api.get(user, path)


def test_asked_computed_and_told(api: Api) -> None:
    first = api.get("official", f"/stats/sources?{WINDOW}")
    assert first.status_code == 202
    assert first.headers["retry-after"] == "1"
    assert first.json()["status"] == "waiting"
    found = done(api, "official", f"/stats/sources?{WINDOW}")
    assert (found.status_code, found.json()["status"]) == (200, "done")
    assert found.json()["id"] == first.json()["id"]
    one = found.json()["result"]["sources"][0]
    evidence = api.get("official", f"/enterprises/{one['id']}/evidence?{WINDOW}").json()
    assert evidence["result"]["source"] == one


def test_figures_of_one_area_are_not_those_of_another(api: Api) -> None:
    whole = done(api, "official", f"/stats/scan?{WINDOW}").json()
    part = done(api, "official-2", f"/stats/scan?{WINDOW}").json()
    assert whole["id"] != part["id"]
    problem(api.get("official-2", f"/stats/analyses/{whole['id']}"), 404, "not_found")
    problem(api.ask("official-2", "DELETE", f"/stats/analyses/{whole['id']}"), 404, "not_found")


@pytest.mark.parametrize("path", [*ROUTES, "/stats/release", "/enterprises/1/evidence.pdf"])
@pytest.mark.parametrize("user", ["worker-a", "handler-land", "admin"])
def test_roles_that_read_no_figures_get_none(api_shared: Api, user: str, path: str) -> None:
    assert api_shared.get(user, path).status_code == 403


@pytest.mark.parametrize("asked", ["to=2026-07", "from=2026-06&to=2026-01", "from=2026-13", "category=%20", "seed=-1"])
@pytest.mark.parametrize("path", ["/hotspots", "/stats/sources"])
def test_what_cannot_be_asked_is_named(api_shared: Api, path: str, asked: str) -> None:
    assert api_shared.get("official", f"{path}?{asked}").status_code == 422


def test_cancelled_and_asked_again(api: Api) -> None:
    asked = api.get("official", f"/hotspots?{WINDOW}").json()
    ended = api.ask("official", "DELETE", f"/stats/analyses/{asked['id']}").json()
    assert ended["status"] == "cancelled"
    assert api.get("official", f"/hotspots?{WINDOW}").json()["status"] == "waiting"


def asked_sources(api: Api) -> tuple[Context, Answer]:
    """The analysis of all enterprises as an official has it."""
    found = done(api, "official", f"/stats/sources?{WINDOW}").json()
    ctx = api.county.ctx
    with read(ctx.engine) as conn:
        account = accounts.find(conn, "official")
        assert account is not None
        view = view_for(conn, account, ctx.today())
    answer = analysing.ask(ctx, view, "sources", Question("/", date(2026, 1, 1), date(2026, 6, 1)))
    assert answer.id == found["id"]
    return ctx, answer


def test_the_card_for_the_table_tells_released_counts_alone(api: Api) -> None:
    ctx, answer = asked_sources(api)
    assert answer.result is not None
    source = answer.result["sources"][0]
    inside = evidence.card(ctx, answer, source["id"], "figures")
    table = evidence.card(ctx, answer, source["id"], "table")
    assert source["said"]["zh"] in inside
    assert source["said"]["zh"] not in table
    assert "By distance" in inside
    assert not {"By distance", "Month by month", "What about"} & {line.strip() for line in table.splitlines()}
    assert "By distance" not in table
    assert "open 未结" not in table
    printed = done(api, "official", f"/enterprises/{source['id']}/evidence.pdf?{WINDOW}&edition=table")
    assert printed.status_code == 200
    assert printed.content.startswith(b"%PDF")
    assert printed.content.count(b"/Type /Page\n") <= 1


def test_every_released_count_is_none_or_at_least_five(api: Api) -> None:
    told = api.get("official", "/stats/release?from=2026-05&to=2026-06").json()
    counts = [one["count"] for one in told["parts"]] + [one["count"] for one in told["categories"]]
    assert all(count == 0 or count >= 5 for count in counts)
    assert told["drawing"] == "then"
    same = api.get("official-2", "/stats/release?from=2026-05&to=2026-06").json()
    assert same == told
