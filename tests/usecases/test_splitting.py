"""One report of several matters is split into cases, each with number, clock and body; the reporter hears once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select, update

from gridmap.errors import Conflict, Forbidden, InvalidInput, KeyReused, NotFound
from gridmap.store import subjects, write
from gridmap.store import tables as t
from gridmap.usecases.casework import act
from tests.county import SmallCounty
from tests.usecases.test_acting import body, done, remembered
from tests.usecases.test_notices import PHONE, calling, closed, reported, told
from tests.usecases.test_reporting import rows_of, view

DUST, WAGES = "粉尘落满院子", "两个月工资没有发"


def taken(county: SmallCounty, **more: Any) -> int:
    case = reported(county, **more)
    done(county, "worker-a", case, "accept")
    return case


def parts(county: SmallCounty, **of_wages: Any) -> list[dict[str, Any]]:
    return [{"category": "mining-dust", "text": DUST}, {"category": "neighbour", "text": WAGES, **of_wages}]


def row_of(county: SmallCounty, case: int) -> Any:
    [row] = county.run(select(t.incidents).where(t.incidents.c.id == case))
    return row


def count(county: SmallCounty) -> int:
    return int(county.one(select(func.count()).select_from(t.incidents)))


def test_each_part_is_a_case_of_its_own(small_county: SmallCounty) -> None:
    whole = taken(small_county, reporter_phone=PHONE)
    enterprise = small_county.one(select(func.min(t.enterprises.c.id)))
    small_county.run(
        update(t.incidents).where(t.incidents.c.id == whole).values(channel="phone", enterprise_id=enterprise)
    )
    small_county.clock.forward(hours=30)
    told_ = done(small_county, "worker-a", whole, "split", parts=parts(small_county), note="两件事")
    dust, wages = (row_of(small_county, part["id"]) for part in told_["parts"])
    above = row_of(small_county, whole)
    assert [part["number"] for part in told_["parts"]] == [dust.number, wages.number]
    assert len({above.number, dust.number, wages.number}) == 3
    for part in (dust, wages):
        assert (part.parent_id, part.channel, part.enterprise_id, part.cell_id) == (
            whole, "phone", enterprise, above.cell_id,
        )  # fmt: skip
        assert part.received_at == small_county.clock()
        alike = reported(small_county, category="mining-dust" if part is dust else "neighbour")
        assert part.due_at == row_of(small_county, alike).due_at  # its own clock
        assert [event.kind for event in rows_of(small_county, t.events, part.id)] == ["reported", "routed", "assigned"]
        assert [news.kind for news in rows_of(small_county, t.outbox, part.id)] == ["assigned"]
        remembered(small_county, part.id)
    remembered(small_county, whole)
    assert told_["parts"][0]["body"]["code"] == "B-ECO"  # by the rules, from its category
    last = rows_of(small_county, t.events, whole)[-1]
    assert (last.kind, json.loads(last.data)["child_ids"]) == ("split", [dust.id, wages.id])
    with write(small_county.ctx.engine) as conn:
        opened = subjects.open_many(conn, small_county.ctx.vault, [dust.subject_id, wages.subject_id])
    # what was said of each, and of the reporter nothing
    assert [opened[one.subject_id] for one in (dust, wages)] == [{"text": DUST}, {"text": WAGES}]
    said = "".join(row.data for row in small_county.run(select(t.events.c.data)))
    assert not any(words in said for words in (DUST, WAGES, "两件事"))


def test_the_whole_closes_after_its_parts_and_the_reporter_hears_once(small_county: SmallCounty) -> None:
    county = calling(small_county)
    whole = taken(county, reporter_phone=PHONE)
    made = done(county, "worker-a", whole, "split", parts=parts(county))["parts"]
    done(county, "worker-a", whole, "resolve", outcome="settled", note="x")
    done(county, "dispatcher-1", whole, "verify", passed=True, note="x")
    for part in made:
        with pytest.raises(Conflict, match="a parent ends after its children"):
            done(county, "dispatcher-1", whole, "close")
        closed(county, part["id"])
        assert told(county) == Counter()
    done(county, "dispatcher-1", whole, "close")
    assert told(county) == {(whole, "answered"): 1}


def test_a_part_goes_to_the_body_that_was_named(small_county: SmallCounty) -> None:
    whole = taken(small_county)
    eco = body(small_county, "B-ECO")
    made = done(small_county, "worker-a", whole, "split", parts=parts(small_county, body_id=eco))["parts"]
    assert [part["status"] for part in made] == ["assigned", "dispatched"]
    assert made[1]["body"]["code"] == "B-ECO"
    wages = made[1]["id"]
    sent = rows_of(small_county, t.events, wages)[-1]
    assert (sent.kind, sent.account_id) == ("dispatched", small_county.account("worker-a").id)
    assert [news.kind for news in rows_of(small_county, t.outbox, wages)] == ["assigned", "dispatched"]
    remembered(small_county, wages)
    done(small_county, "handler-eco", wages, "sign")


def test_a_handler_splits_what_the_body_has_and_leaves_the_way_to_the_rules(small_county: SmallCounty) -> None:
    whole = reported(small_county)
    done(small_county, "dispatcher-1", whole, "dispatch", body_id=body(small_county, "B-LAND"))
    with pytest.raises((NotFound, Forbidden)):
        done(small_county, "handler-eco", whole, "split", parts=parts(small_county))
    done(small_county, "handler-land", whole, "sign")
    before = count(small_county)
    with pytest.raises(Forbidden, match="part 2: the role handler may never dispatch"):
        done(
            small_county, "handler-land", whole, "split", parts=parts(small_county, body_id=body(small_county, "B-ECO"))
        )
    assert count(small_county) == before  # all or nothing
    assert len(done(small_county, "handler-land", whole, "split", parts=parts(small_county))["parts"]) == 2


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"category": "no-such"}, InvalidInput, "part 2: there is no category"),
        ({"body_id": 999_999}, InvalidInput, "part 2: body_id"),
        ({"text": " "}, InvalidInput, "part 2: text"),
    ],
)
def test_one_wrong_part_makes_none(small_county: SmallCounty, wrong: Any, error: Any, said: str) -> None:
    whole = taken(small_county)
    before = count(small_county)
    with pytest.raises(error, match=said):
        done(small_county, "worker-a", whole, "split", parts=parts(small_county, **wrong))
    assert count(small_county) == before
    assert rows_of(small_county, t.events, whole)[-1].kind == "accepted"


def test_who_may_not_split_makes_no_part(small_county: SmallCounty) -> None:
    whole = taken(small_county)
    before = count(small_county)
    for user in ("worker-b", "supervisor", "official", "admin", "planner"):
        with pytest.raises((Forbidden, NotFound)):
            done(small_county, user, whole, "split", parts=parts(small_county))
    closed(small_county, whole)
    with pytest.raises(Conflict):
        done(small_county, "worker-a", whole, "split", parts=parts(small_county))
    assert count(small_county) == before


def test_the_same_key_splits_once(small_county: SmallCounty) -> None:
    whole, seen = taken(small_county), view(small_county, "worker-a")
    given = {"parts": parts(small_county)}
    first = act(small_county.ctx, seen, whole, "split", given, key="k")
    before = count(small_county)
    assert act(small_county.ctx, seen, whole, "split", given, key="k") == first
    assert count(small_county) == before
    with pytest.raises(KeyReused):
        act(small_county.ctx, seen, whole, "split", {"parts": given["parts"][:1]}, key="k")


def test_new_parts_and_cases_that_stand_become_parts_together(small_county: SmallCounty) -> None:
    whole, standing = taken(small_county), reported(small_county)
    made = done(small_county, "worker-a", whole, "split", parts=parts(small_county)[:1], child_ids=[standing])["parts"]
    children = json.loads(rows_of(small_county, t.events, whole)[-1].data)["child_ids"]
    assert children == sorted([standing, made[0]["id"]])
    assert {row_of(small_county, child).parent_id for child in children} == {whole}
