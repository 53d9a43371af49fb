"""Who asks is looked up together; lists answer at once, and refuse as every route does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update

from api import entrance as entrance_module
from api.app import create_app
from api.entrance import Entrance
from gridmap.errors import EnvironmentFault
from gridmap.store import tables as t
from gridmap.store import versions, write
from gridmap.store.line import Line, LineDown
from gridmap.store.worded import Worded
from gridmap.usecases import reading
from gridmap.usecases.reading import Entered, Knock
from tests.api.client import Api, problem
from tests.county import CELL, SEATS, SmallCounty


def in_a_loop(coroutine: Any) -> Any:
    """Run it in a thread of its own: a browser's event loop may hold this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def cut_all(county: SmallCounty) -> None:
    """End all connections to the county's database, as a restart does."""
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(county.ctx.settings.database_url, autocommit=True) as outside:
        assert outside.execute(others).rowcount > 0


def test_all_who_wait_are_looked_up_in_one_query(small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets their own answer: the right person, None for a token that opens nothing."""
    tokens = {user: small_county.token(user) for user in SEATS}
    asked: list[int] = []
    original, first = reading.enter, threading.Event()

    def counted(ctx: Any, knocks: Sequence[Knock]) -> list[Entered | None]:
        asked.append(len(knocks))
        first.wait(5)  # the others come meanwhile
        return original(ctx, knocks)

    monkeypatch.setattr(reading, "enter", counted)

    async def all_at_once() -> list[Entered | None]:
        entrance = Entrance(small_county.ctx)
        waiting = [asyncio.ensure_future(entrance.enter(token, None)) for token in [*tokens.values(), "made up"]]
        await asyncio.sleep(0.05)
        waiting += [asyncio.ensure_future(entrance.enter(token, "why")) for token in tokens.values()]
        first.set()
        return await asyncio.gather(*waiting)

    found = in_a_loop(all_at_once())
    assert asked == [len(SEATS) + 1, len(SEATS)]
    assert found[len(SEATS)] is None
    people = [one for one in found if one is not None]
    assert [one.account.username for one in people] == [*SEATS, *SEATS]
    for one in people:
        with write(small_county.ctx.engine) as conn:
            alone = reading.view_for(conn, one.account, small_county.ctx.today(), one.view.reason)
        assert one.view == alone
    assert {one.view.reason for one in people[len(SEATS) :]} == {"why"}


def test_a_look_that_fails_is_told_to_each_and_the_next_one_succeeds(
    spatialite_county: SmallCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = spatialite_county.token("planner")
    original = reading.enter

    def failing(ctx: Any, knocks: Sequence[Knock]) -> list[Entered | None]:
        monkeypatch.setattr(reading, "enter", original)
        raise EnvironmentFault("away")

    monkeypatch.setattr(reading, "enter", failing)

    async def ask() -> list[Any]:
        entrance = Entrance(spatialite_county.ctx)
        both = await asyncio.gather(*(entrance.enter(token, None) for _ in range(2)), return_exceptions=True)
        return [*both, await entrance.enter(token, None)]

    *failed, later = in_a_loop(ask())
    assert all(isinstance(one, EnvironmentFault) for one in failed)
    assert later is not None


def test_a_line_answers_as_a_thread_does_until_it_breaks_and_is_opened_again(
    postgis_county: SmallCounty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes the line away under it: whoever asks next is answered all the same."""
    monkeypatch.setattr(entrance_module, "LINE_PAUSE_S", 0.05)
    ctx, tokens = postgis_county.ctx, [postgis_county.token(user) for user in SEATS]
    by_thread: list[int] = []
    original = reading.enter
    monkeypatch.setattr(reading, "enter", lambda ctx, knocks: by_thread.append(len(knocks)) or original(ctx, knocks))

    async def ask() -> None:
        entrance = Entrance(ctx)
        entrance.open()
        try:
            for broken in range(3):
                await opened(entrance)
                found = await asyncio.gather(*(entrance.enter(one, "why") for one in [*tokens, "made up"]))
                assert found == original(ctx, [(one, "why") for one in [*tokens, "made up"]])
                assert len(by_thread) == broken
                cut_all(postgis_county)
                assert await entrance.enter(tokens[0], None) is not None
                assert len(by_thread) == broken + 1
        finally:
            entrance.close()

    async def opened(entrance: Entrance) -> None:
        for _ in range(100):
            await asyncio.sleep(0.05)
            if entrance.has_line:
                return
        raise AssertionError("no line was opened")

    in_a_loop(ask())


def test_a_line_whose_asker_is_gone_gives_nobody_else_the_answer(postgis_county: SmallCounty) -> None:
    ctx, token = postgis_county.ctx, postgis_county.token("planner")

    async def ask() -> bool:
        line = await asyncio.to_thread(Line.connect, ctx.engine)
        line.watch(asyncio.get_running_loop())
        first = asyncio.ensure_future(reading.enter_by(line, ctx, [(token, None)]))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        with pytest.raises(LineDown):
            await reading.enter_by(line, ctx, [("made up", None)])
        return line.is_open

    assert in_a_loop(ask()) is False


def test_a_list_at_hand_asks_the_database_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the pool or over the line."""
    statements: list[str] = []
    by_line = Line.ask

    async def ask(line: Line, worded: Worded, values: Mapping[str, Any]) -> list[Any]:
        statements.append(worded.text)
        return await by_line(line, worded, values)

    monkeypatch.setattr(Line, "ask", ask)
    for user, path in (("planner", "/cells?format=geojson"), ("worker-a", "/households"), ("planner", "/enterprises")):
        first = api.get(user, path)
        statements.clear()
        listen = lambda _conn, _cursor, statement, *_more: statements.append(statement)  # noqa: E731
        event.listen(api.county.ctx.engine, "before_cursor_execute", listen)
        again = api.get(user, path)
        event.remove(api.county.ctx.engine, "before_cursor_execute", listen)
        assert again.content == first.content
        # the readings are written down by a thread of its own, which draws ids for them whenever it comes to it
        drawn = ("SELECT seq FROM sqlite_sequence", "SELECT string_agg(nextval")
        asked = [one for one in statements if one.startswith("SELECT") and not one.startswith(drawn)]
        assert len(asked) == 1, asked
        assert "sessions" in asked[0]


def test_a_change_and_a_withdrawn_right_are_in_the_next_answer(api: Api) -> None:
    """Also where the answer before came from memory."""
    homes = {row["code"] for row in api.rows("worker-a", "/households")}
    assert homes == {f"H-A{i}" for i in range(4)}
    with write(api.county.ctx.engine) as conn:
        there = select(t.cells.c.id).where(t.cells.c.code == CELL["B"]).scalar_subquery()
        conn.execute(update(t.households).where(t.households.c.code == "H-A0").values(cell_id=there))
        versions.bump(conn, "households")
    assert {row["code"] for row in api.rows("worker-a", "/households")} == homes - {"H-A0"}
    assert "H-A0" in {row["code"] for row in api.rows("worker-b", "/households")}
    yesterday = api.county.ctx.today()
    api.county.run(update(t.duties).where(t.duties.c.worker_id == 1).values(valid_to=yesterday))
    assert api.rows("worker-a", "/households") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?limit=0", "invalid_input"), ("?limit=1&limit=2", "invalid_input"), ("?colour=red", "unknown_parameter"),
        ("?bbox=1,2,3", "invalid_input"), ("?cursor=zz", "bad_cursor"),
    ],
)  # fmt: skip
def test_lists_refuse_in_the_usual_words(api_shared: Api, query: str, code: str) -> None:
    problem(api_shared.get("planner", f"/cells{query}"), 422, code)


def test_lists_need_a_session(api_shared: Api) -> None:
    problem(api_shared.get(None, "/cells?limit=1"), 401, "unauthenticated")
    made_up = {"Authorization": "Bearer made-up"}
    problem(api_shared.get(None, "/cells?limit=1", headers=made_up), 401, "session_ended")


def test_a_restarted_database_fails_nobody_s_request(postgis_county: SmallCounty) -> None:
    """All connections die while they lie in the pool, used a moment ago; who asks next notices nothing."""
    with TestClient(create_app(postgis_county.ctx, postgis_county.passwords), base_url="http://testserver") as client:
        api = Api(postgis_county, client)
        api.rows("worker-a", "/incidents")
        for path in ("/cells", "/incidents", "/me", "/layers/households"):
            cut_all(postgis_county)
            assert api.get("worker-a", path).status_code == 200, path
