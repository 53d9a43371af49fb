"""Who hears what an action means to them, and the reporter once: at the end of the whole, however many parts it had."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gridmap.case.flow import RESIDENT
from gridmap.errors import Conflict, InvalidInput
from gridmap.settings import Messaging
from gridmap.store import cases, incidents, read, write
from gridmap.store import tables as t
from gridmap.usecases import processes
from gridmap.usecases.casework import act, carry_out
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.reporting import report
from gridmap.usecases.watching import Watcher
from gridmap.view import View
from tests.county import SmallCounty
from tests.gateways import gateway
from tests.usecases.test_acting import body, done, remembered
from tests.usecases.test_reporting import draft, rows_of, view
from tests.usecases.test_ruling import in_force, rule

PHONE, OTHER = "138 0000 0001", "13911112222"


def reported(county: SmallCounty, **more: Any) -> int:
    return int(report(county.ctx, view(county, "worker-a"), draft("A", **more))["id"])


def heard(county: SmallCounty, case: int, *users: str) -> dict[str, list[str]]:
    """What has come into these mailboxes about a case, after delivering."""
    deliverer(county.ctx).run()
    m = t.messages.c
    told = {}
    for user in users:
        query = select(m.kind).where(m.account_id == county.account(user).id, m.incident_id == case).order_by(m.id)
        told[user] = [row.kind for row in county.run(query)]
    return told


def outbox(county: SmallCounty, case: int) -> list[str]:
    return [row.kind for row in rows_of(county, t.outbox, case)]


# --- whoever was asked, whoever asked, and those over them ------------------------------------------------------------


def test_a_supervision_opened_by_hand_is_a_letter_with_a_copy_and_a_limit(small_county: SmallCounty) -> None:
    """As the sweep's: to whoever has the case, to the centre over their body, answered within two workdays."""
    small_county.run(update(t.incidents).values(look_at=None))
    case = reported(small_county)
    done(small_county, "dispatcher-1", case, "dispatch", body_id=body(small_county, "B-ECO"))
    small_county.clock.forward(days=2)
    Watcher(small_county.ctx).run()  # red: the supervisor sees it now
    before = outbox(small_county, case)
    done(small_county, "supervisor", case, "supervise", reason="complaint", note="请说明")
    rows = rows_of(small_county, t.outbox, case)[len(before) :]
    assert [(row.kind, row.body_id) for row in rows] == [
        ("supervised", body(small_county, "B-ECO")), ("supervised_copy", body(small_county, "B-C")),
    ]  # fmt: skip
    with read(small_county.ctx.engine) as conn:
        asked = cases.load(conn, case, small_county.ctx.zone).state.supervisions[-1]
    # asked on a Sunday: Monday and Tuesday, until the office closes
    assert asked.reply_by == datetime(2026, 7, 7, 18, 0, tzinfo=small_county.ctx.zone)
    small_county.clock.forward(days=3)
    assert Watcher(small_county.ctx).run()["late_reply"] == 2  # the sweep's own, and this one
    remembered(small_county, case)


def test_a_supervision_leaves_time_to_answer(small_county: SmallCounty) -> None:
    case = reported(small_county)
    done(small_county, "worker-a", case, "accept")
    done(small_county, "worker-a", case, "extend_ask", more={"workdays": 1}, reason="complex", note="x")
    past = (small_county.clock() - timedelta(days=1)).isoformat()
    with pytest.raises(Conflict, match="reply_by lies in the past"):
        done(small_county, "supervisor", case, "supervise", reason="complaint", reply_by=past)


def test_who_must_decide_hears_and_who_asked_hears_the_answer(small_county: SmallCounty) -> None:
    case = reported(small_county)
    done(small_county, "worker-a", case, "accept")
    for answer, given in (("refuse", {"note": "不够"}), ("grant", {"more": {"workdays": 1}})):
        done(small_county, "worker-a", case, "extend_ask", more={"workdays": 1}, reason="complex", note="x")
        done(small_county, "supervisor", case, f"extend_{answer}", **given)
    asked = done(small_county, "worker-a", case, "ask_help", body_id=body(small_county, "B-ECO"), note="x")
    done(small_county, "handler-eco", case, "answer_help", ask_seq=asked["event"], note="x")
    done(small_county, "worker-a", case, "resolve", outcome="settled", note="x")
    done(small_county, "dispatcher-1", case, "verify", passed=False, note="没有修好")
    told = heard(small_county, case, "worker-a", "supervisor", "supervisor-2", "handler-eco")
    assert told == {
        "worker-a": ["assigned", "extension_refused", "extension_granted", "help_answered", "sent_back"],
        "supervisor": ["extension_asked"] * 2, "supervisor-2": [], "handler-eco": ["help_asked"],
    }  # fmt: skip


def test_an_appeal_comes_to_the_desk_and_the_supervisor(small_county: SmallCounty) -> None:
    case = closed(small_county, reported(small_county))
    appealed(small_county, case)
    told = heard(small_county, case, "dispatcher-1", "dispatcher-k3", "supervisor", "supervisor-2")
    assert {user: kinds.count("appealed") for user, kinds in told.items()} == {
        "dispatcher-1": 1, "dispatcher-k3": 0, "supervisor": 1, "supervisor-2": 0,
    }  # fmt: skip


def test_an_answered_supervision_comes_back_to_who_opened_it(small_county: SmallCounty) -> None:
    small_county.run(update(t.incidents).values(look_at=None))
    case = reported(small_county)
    small_county.clock.forward(days=1)
    Watcher(small_county.ctx).run()
    done(small_county, "worker-a", case, "supervise_reply", note="明天办")
    done(small_county, "supervisor", case, "supervise_end", note="好")
    told = heard(small_county, case, "worker-a", "supervisor")
    assert told["supervisor"][-1] == "supervision_answered"
    assert told["worker-a"][-1] == "supervision_ended"


def test_a_case_that_a_rule_made_an_emergency_is_urgent(small_county: SmallCounty) -> None:
    """What counts is the process that the case follows, not the one that its category names."""
    in_force(small_county, rule("blasts", "category", process="emergency"))
    case = reported(small_county)
    deliverer(small_county.ctx).run()
    urgent = small_county.run(select(t.messages.c.urgent).where(t.messages.c.incident_id == case))
    assert {row.urgent for row in urgent} == {1}


# --- parts ------------------------------------------------------------------------------------------------------------


def test_a_part_that_is_opened_again_holds_the_whole_open(small_county: SmallCounty) -> None:
    whole, part = reported(small_county), reported(small_county)
    done(small_county, "worker-a", whole, "accept")
    done(small_county, "worker-a", whole, "split", child_ids=[part])
    closed(small_county, part)
    done(small_county, "dispatcher-1", part, "reopen", reason="came_back", note="又裂了")
    done(small_county, "worker-a", whole, "resolve", outcome="settled", note="x")
    done(small_county, "dispatcher-1", whole, "verify", passed=True, note="x")
    with pytest.raises(Conflict, match="a parent ends after its children"):
        done(small_county, "dispatcher-1", whole, "close")
    closed(small_county, part)
    assert done(small_county, "dispatcher-1", whole, "close")["status"] == "closed"
    for case in (whole, part):
        remembered(small_county, case)


def test_no_case_is_a_part_of_itself(small_county: SmallCounty) -> None:
    """Else neither of them could ever be closed."""
    one, two, three = (reported(small_county) for _ in range(3))
    for case in (one, two, three):
        done(small_county, "worker-a", case, "accept")
    done(small_county, "worker-a", one, "split", child_ids=[two])
    done(small_county, "worker-a", two, "split", child_ids=[three])
    for case, whole in ((two, one), (three, one), (three, two)):
        with pytest.raises(InvalidInput, match=f"a part of {whole} itself"):
            done(small_county, "worker-a", case, "split", child_ids=[whole])


def test_two_who_split_at_once_do_not_both_get_the_part(small_county: SmallCounty) -> None:
    """The one who came second is refused: else the first one's case waits for ever."""
    wholes, part = [reported(small_county) for _ in range(4)], reported(small_county)
    for case in wholes:
        done(small_county, "worker-a", case, "accept")
    ready, seen = threading.Barrier(4), view(small_county, "worker-a")
    won: list[int] = []
    said: list[str] = []

    def split(case: int) -> None:
        ready.wait(30)
        try:
            act(small_county.ctx, seen, case, "split", {"child_ids": [part]})
            won.append(case)
        except InvalidInput as refused:
            said.append(refused.message)

    threads = [threading.Thread(target=split, args=(case,)) for case in wholes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert won == [small_county.one(select(t.incidents.c.parent_id).where(t.incidents.c.id == part))]
    assert ["has a parent already" in one for one in said] == [True] * 3


def test_a_corrected_category_keeps_the_version_that_the_case_began_with(small_county: SmallCounty) -> None:
    case, admin = reported(small_county), view(small_county, "admin")

    def named() -> tuple[str, int]:
        i = t.incidents.c
        [row] = small_county.run(select(i.process, i.process_version).where(i.id == case))
        return tuple(row)

    code, version = named()
    kept = processes.save(
        small_county.ctx, admin, code, {**processes.one(small_county.ctx, admin, code), "most_returns": 5}
    )
    assert kept["version"] == version + 1
    same = select(t.categories.c.code).where(t.categories.c.process == code, t.categories.c.code.like("mining-%"))
    other = next(row.code for row in small_county.run(same) if row.code != "mining-blasting")
    done(small_county, "dispatcher-1", case, "recategorise", category=other)
    assert named() == (code, version)
    remembered(small_county, case)


# --- the reporter -----------------------------------------------------------------------------------------------------


def closed(county: SmallCounty, case: int) -> int:
    with read(county.ctx.engine) as conn:
        status = cases.state_of(conn, case).status
    if status == "reopened":
        worker = county.one(select(t.workers.c.id).where(t.workers.c.code == "W-A"))
        done(county, "dispatcher-1", case, "hand_over", worker_id=worker, reason="other")
        done(county, "worker-a", case, "accept")
    if status != "resolved":
        done(county, "worker-a", case, "resolve", outcome="settled", note="x")
    done(county, "dispatcher-1", case, "verify", passed=True, note="x")
    done(county, "dispatcher-1", case, "close")
    return case


def appealed(county: SmallCounty, case: int) -> None:
    with write(county.ctx.engine) as conn:
        row = incidents.current(conn, case)
        seen = View.system(county.ctx.today())
        carry_out(county.ctx, seen, conn, row, RESIDENT, "appeal", {"note": "没有修好"}, county.clock())


def calling(county: SmallCounty, url: str = "http://127.0.0.1:9") -> SmallCounty:
    """The county with a gateway and an address of its own."""
    messaging = Messaging(per_hour=0, sms_url=url, public_url="https://grid.example")
    ctx = replace(county.ctx, settings=replace(county.ctx.settings, messaging=messaging))
    return replace(county, ctx=ctx)


def told(county: SmallCounty) -> Counter[tuple[int, str]]:
    o = t.outbox.c
    rows = county.run(select(o.incident_id, o.kind).where(o.kind.in_(("answered", "dropped"))))
    return Counter((row.incident_id, row.kind) for row in rows)


def test_the_reporter_hears_once_when_the_whole_is_closed(small_county: SmallCounty) -> None:
    """Five reports by two people become one case with parts and duplicates: each of them hears one time, at its end."""
    county = calling(small_county)
    whole, part, double = (reported(county, reporter_phone=PHONE) for _ in range(3))
    others, nobodys = [reported(county, reporter_phone=OTHER) for _ in range(2)], reported(county)
    done(county, "worker-a", whole, "accept")
    done(county, "worker-a", part, "accept")
    done(county, "worker-a", whole, "split", child_ids=[part, nobodys])
    done(county, "worker-a", part, "split", child_ids=[others[1]])
    done(county, "dispatcher-1", double, "merge", into_id=part)
    done(county, "dispatcher-1", others[0], "merge", into_id=whole)
    for case in (nobodys, others[1], part):
        closed(county, case)
        assert told(county) == {}
    closed(county, whole)
    assert told(county) == {(whole, "answered"): 1, (others[0], "answered"): 1}
    done(county, "dispatcher-1", whole, "reopen", reason="came_back", note="x")
    closed(county, whole)
    assert told(county) == {(whole, "answered"): 2, (others[0], "answered"): 2}


def test_what_the_reporter_is_sent_names_no_person_and_leads_to_the_case(small_county: SmallCounty) -> None:
    with gateway() as sms:
        county = calling(small_county, sms.url)
        case = closed(county, reported(county, reporter_phone=PHONE, reporter_name="罗大山"))
        deliverer(county.ctx).run()
        deliverer(county.ctx).run()
    [message] = [one for one in sms.bodies if one["to"] == PHONE]
    number = small_county.one(select(t.incidents.c.number).where(t.incidents.c.id == case))
    assert number in message["text"]
    assert "https://grid.example/track/" in message["text"]
    assert not any(secret in message["text"] for secret in ("罗大山", "早上放炮", "网格员", "格"))
    assert len(small_county.run(select(t.tracks_again))) == 1


def test_who_is_not_told(small_county: SmallCounty) -> None:
    """Whoever left no number, whoever withdrew, and all of them where nothing is sent."""
    county = calling(small_county)
    closed(county, reported(county))
    closed(small_county, reported(small_county, reporter_phone=PHONE))
    assert told(county) == {}
    voided = reported(county, reporter_phone=OTHER)
    done(county, "dispatcher-1", voided, "void", reason="not_a_case", note="x")
    assert told(county) == {(voided, "dropped"): 1}
