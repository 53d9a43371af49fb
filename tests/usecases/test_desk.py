"""What belongs to one account alone, bulk actions, search in sealed texts, and duplicates: on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from gridmap.errors import Forbidden, InvalidInput, NotFound
from gridmap.store import read, subjects, write
from gridmap.store import tables as t
from gridmap.usecases import behalf, bulk, lists, searching
from gridmap.usecases.behalf import Resident
from gridmap.usecases.casework import act
from gridmap.usecases.reporting import report
from gridmap.usecases.sweeping import sweep
from tests.county import REPORTER, SmallCounty
from tests.usecases.test_reporting import draft, rows_of, view

NAME, CALL = "刘代理户", "13811112222"


def filed(county: SmallCounty, letter: str = "A", user: str = "worker-a", **more: Any) -> int:
    return int(report(county.ctx, view(county, user), replace(draft(letter), **more))["id"])


def search(county: SmallCounty, user: str, words: str, **more: Any) -> searching.Found:
    with read(county.ctx.engine) as conn:
        asked = {"after": None, "limit": 50, "now": county.clock(), **more}
        return searching.look(county.ctx, view(county, user), conn, words, **asked)


def test_texts_notes_and_reporters_are_found_in_scope_alone(small_county: SmallCounty) -> None:
    case = filed(small_county, text="早上放炮后ＡＢ墙裂了")
    act(small_county.ctx, view(small_county, "worker-a"), case, "comment", {"note": "邻居 Wang 在场"})
    for words in ("墙裂", "ab墙", "放炮 wang", "在场"):
        assert list(search(small_county, "worker-a", words).places) == [case], words
    assert search(small_county, "worker-a", "在场").places == {case: ["note"]}
    assert search(small_county, "worker-a", "墙倒").places == {}
    assert search(small_county, "worker-b", "墙裂").places == {}
    assert set(search(small_county, "dispatcher-1", REPORTER).places) > set()


def test_a_search_goes_on_where_it_stopped(small_county: SmallCounty) -> None:
    """Page by page as at once, and in the order of a list; every case is looked at once."""
    whole = search(small_county, "dispatcher-1", REPORTER, limit=100)
    assert whole.next is None
    assert whole.looked == whole.total
    met: list[int] = []
    looked, after = 0, None
    while True:
        part = search(small_county, "dispatcher-1", REPORTER, after=after, limit=3)
        met += part.places
        looked, after = looked + part.looked, part.next
        if after is None:
            break
    assert (met, looked) == (list(whole.places), whole.total)
    assert met == sorted(met, reverse=True)
    assert whole.rows["id"].tolist() == met


def test_what_was_erased_is_found_no_more(small_county: SmallCounty) -> None:
    case = filed(small_county, text="墙裂了")
    [row] = small_county.run(select(t.incidents.c.subject_id).where(t.incidents.c.id == case))
    with write(small_county.ctx.engine) as conn:
        subjects.erase(conn, row.subject_id, small_county.clock())
    assert search(small_county, "worker-a", "墙裂").places == {}


def test_a_duplicate_is_near_of_the_same_category_and_of_the_same_weeks(small_county: SmallCounty) -> None:
    case, twin = filed(small_county), filed(small_county)
    other = filed(small_county, category="neighbour")
    here = draft("A")
    near, far = filed(small_county, lat=here.lat + 49 / 110_850), filed(small_county, lat=here.lat + 52 / 110_850)
    small_county.clock.forward(minutes=85 * 24 * 60)
    late = filed(small_county)

    def similar(of: int, user: str = "dispatcher-1") -> list[int]:
        with read(small_county.ctx.engine) as conn:
            now = small_county.clock()
            rows = searching.similar(small_county.ctx, view(small_county, user), conn, of, now)
        return [int(one) for one in rows["id"]]

    found = similar(case)
    assert found[:2] == [twin, near]
    assert not {other, far, late, case} & set(found)
    assert similar(late) == []
    with pytest.raises(NotFound):
        similar(case, "worker-b")


def test_many_go_on_past_the_refused_and_once_only(small_county: SmallCounty) -> None:
    mine, closed, foreign = filed(small_county), filed(small_county), filed(small_county, "E")
    dispatcher = view(small_county, "dispatcher-1")
    act(small_county.ctx, dispatcher, closed, "void", {"reason": "test", "note": "x"})
    given = {"priority": "urgent"}
    ids = [closed, foreign, mine, mine, 999_999]

    def go(key: str = "k-1") -> list[dict[str, Any]]:
        return bulk.act_on_many(small_county.ctx, dispatcher, ids, "prioritise", given, key=key)

    first = go()
    told = [(one["id"], one["done"], one["code"]) for one in first]
    assert told == [
        (closed, False, "action_status"), (foreign, False, "not_found"), (mine, True, None),
        (999_999, False, "not_found"),
    ]  # fmt: skip
    assert "only while it is" in first[0]["reason"]
    assert go() == first
    assert [row.kind for row in rows_of(small_county, t.events, mine)].count("prioritised") == 1
    with pytest.raises(InvalidInput, match="case by case"):
        bulk.act_on_many(small_county.ctx, dispatcher, [mine], "close", {}, key="k-2")


def test_saved_lists_are_ones_own(small_county: SmallCounty) -> None:
    ctx, mine, other = small_county.ctx, view(small_county, "supervisor"), view(small_county, "dispatcher-1")
    kept = lists.save(ctx, mine, " 红灯 ", "?light=red")
    again = lists.save(ctx, mine, "红灯", "light=very_late&waiting=appeal")
    assert again["id"] == kept["id"]
    assert lists.saved(ctx, mine) == [again]
    assert lists.saved(ctx, other) == []
    with pytest.raises(NotFound):
        lists.forget(ctx, other, kept["id"])
    with pytest.raises(InvalidInput, match="filters among"):
        lists.save(ctx, mine, "x", "words=张三")
    lists.forget(ctx, mine, kept["id"])
    assert lists.saved(ctx, mine) == []


def mine(county: SmallCounty, user: str) -> list[dict[str, Any]]:
    with read(county.ctx.engine) as conn:
        return behalf.mine(county.ctx, conn, view(county, user), county.clock())


def test_only_who_filed_it_sees_for_whom_and_not_for_ever(small_county: SmallCounty) -> None:
    case = filed(small_county, behalf=Resident(NAME, CALL))
    [told] = mine(small_county, "worker-a")
    assert (told["id"], told["resident_name"], told["resident_phone"]) == (case, NAME, CALL)
    for user in ("worker-b", "dispatcher-1", "handler-land", "supervisor", "official"):
        assert mine(small_county, user) == []
    [link] = small_county.run(select(t.behalves))
    sealed = select(t.sealed.c.box).where(t.sealed.c.subject_id == link.subject_id)
    assert len(small_county.run(sealed)) == 4  # case, name, telephone, and the link that the resident is given
    small_county.clock.forward(minutes=366 * 24 * 60)
    assert mine(small_county, "worker-a") == []
    assert sweep(small_county.ctx)["behalves"] == 1
    assert small_county.run(select(t.behalves)) == small_county.run(sealed) == []
    wrapped = select(t.subjects.c.wrapped_key).where(t.subjects.c.id == link.subject_id)
    assert small_county.one(wrapped) is None


def test_in_every_row_it_is_like_any_case_of_hers(small_county: SmallCounty) -> None:
    """Column by column and event by event, apart from what is drawn anew for each."""
    plain, filed_for = filed(small_county), filed(small_county, behalf=Resident(NAME))
    own = {"id", "number", "subject_id"}
    rows = small_county.run(select(t.incidents).where(t.incidents.c.id.in_([plain, filed_for])))
    first, second = ({k: v for k, v in row._mapping.items() if k not in own and k != "geom"} for row in rows)
    assert first == second
    events = [[(row.kind, row.data) for row in rows_of(small_county, t.events, one)] for one in (plain, filed_for)]
    assert events[0] == events[1]
    fields = [
        {row.field for row in small_county.run(select(t.sealed.c.field).where(t.sealed.c.subject_id == one.subject_id))}
        for one in rows
    ]
    assert fields[0] == fields[1]
    for user in ("dispatcher-1", "handler-land", "worker-a"):
        assert search(small_county, user, NAME).places == {}


def test_only_workers_file_for_others_and_are_the_contact(small_county: SmallCounty) -> None:
    with pytest.raises(Forbidden):
        filed(small_county, user="dispatcher-1", behalf=Resident(NAME))
    with pytest.raises(InvalidInput, match="is the contact"):
        filed(small_county, behalf=Resident(NAME), reporter_name=NAME)
