"""Messages leave at least once, under one key each, through gateways that fail in every way, and from deliverers killed
in the middle."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from gridmap.delivery.backoff import MOST_ATTEMPTS
from gridmap.delivery.webhook import SIGNATURE, TIMESTAMP, verify
from gridmap.jobs.lease import LENGTH
from gridmap.settings import Messaging
from gridmap.store import messages, write
from gridmap.store import tables as t
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import Deliverer, dead_letters, deliverer, health, revive
from gridmap.usecases.reporting import report
from gridmap.usecases.sweeping import sweep
from tests.county import CONTACT, NOW, PHONE, REPORTER, TEXT, ZONE, Clock, SmallCounty, open_county
from tests.gateways import DROP, Gateway, free_port, gateway, smtp_server
from tests.usecases.test_reporting import draft, view

WORKERS_PHONE = "13900000019"


def with_messaging(county: SmallCounty, **messaging: Any) -> Context:
    """The county's context with channels."""
    given = {"per_hour": 0, **messaging}
    return replace(county.ctx, settings=replace(county.ctx.settings, messaging=Messaging(**given)))


def messenger(county: SmallCounty, **messaging: Any) -> Deliverer:
    return deliverer(with_messaging(county, **messaging))


def tell(county: SmallCounty, count: int, worker: str | None = "W-A", body: str | None = None) -> None:
    """Put news into the outbox, as an action on a case does."""
    worker_id = worker and county.one(select(t.workers.c.id).where(t.workers.c.code == worker))
    body_id = body and county.one(select(t.bodies.c.id).where(t.bodies.c.code == body))
    ids = [row.id for row in county.run(select(t.incidents.c.id).order_by(t.incidents.c.id))]
    rows = [
        {"incident_id": ids[i % len(ids)], "kind": "assigned", "worker_id": worker_id, "body_id": body_id,
         "created_at": county.clock()}
        for i in range(count)
    ]  # fmt: skip
    county.run(insert(t.outbox).values(rows))


def states(county: SmallCounty, channel: str = "sms") -> Counter[str]:
    query = select(t.messages.c.status).where(t.messages.c.channel == channel)
    return Counter(row.status for row in county.run(query))


def rows_of(county: SmallCounty, channel: str = "sms") -> list[Any]:
    found: list[Any] = county.run(select(t.messages).where(t.messages.c.channel == channel).order_by(t.messages.c.id))
    return found


def give_body_a_mailbox(county: SmallCounty, code: str = "B-LAND") -> None:
    county.run(update(t.bodies).where(t.bodies.c.code == code).values(email="office@land.example"))


# --- who hears what ---------------------------------------------------------------------------------------------------


def test_a_report_is_told_to_its_worker_and_body_through_every_channel(small_county: SmallCounty) -> None:
    give_body_a_mailbox(small_county)
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(reporter_name=REPORTER, text=TEXT))
    with gateway() as sms, gateway() as hook, smtp_server() as smtp:
        done = messenger(
            small_county, sms_url=sms.url, sms_secret="s3", smtp_url=smtp.url, mail_from="grid@county.example",
            webhook_url=hook.url, webhook_secret="shared", public_url="https://grid.example",
        ).run()  # fmt: skip
    assert (done["made"], done["sent"]) == (5, 3)  # two of them mailboxes: worker-a's and handler-land's
    boxes = {row.recipient for row in rows_of(small_county, "in_app")}
    assert boxes == {f"account:{small_county.account(name).id}" for name in ("worker-a", "handler-land")}
    assert sms.bodies[0]["to"] == WORKERS_PHONE
    assert sms.headers[0]["authorization"] == "Bearer s3"
    assert sms.headers[0]["idempotency-key"] == sms.bodies[0]["key"]
    assert answer["number"] in sms.bodies[0]["text"]
    assert "https://grid.example/field" in sms.bodies[0]["text"]
    assert verify("shared", hook.headers[0][TIMESTAMP.lower()], hook.raw[0], hook.headers[0][SIGNATURE.lower()],
                  float(hook.headers[0][TIMESTAMP.lower()]))  # fmt: skip
    assert (hook.bodies[0]["body"], hook.bodies[0]["number"]) == ("B-LAND", answer["number"])
    [mail] = smtp.mails
    assert smtp.to == ["office@land.example"]
    assert answer["number"] in str(mail["Subject"])
    said = repr((sms.bodies, hook.bodies)) + str(mail) + mail.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert not any(secret in said for secret in (TEXT, REPORTER, PHONE, CONTACT))
    stored = repr(
        [tuple(row) for channel in ("sms", "email", "webhook", "in_app") for row in rows_of(small_county, channel)]
    )
    assert not any(secret in stored for secret in (WORKERS_PHONE, "office@land", TEXT, REPORTER))


def test_where_nothing_is_configured_only_mailboxes_are_filled(small_county: SmallCounty) -> None:
    report(small_county.ctx, view(small_county, "worker-a"), draft())
    counts = sweep(small_county.ctx)
    assert counts["sent"] == 0
    found = small_county.run(select(t.messages.c.channel, t.messages.c.status))
    assert {tuple(row) for row in found} == {("in_app", "sent")}
    assert health(small_county.ctx).age_s == 0


def test_nobody_on_the_roster_the_nearest_dispatchers_hear(small_county: SmallCounty) -> None:
    seen = view(small_county, "worker-a")
    report(
        small_county.ctx, seen, draft("G", lon=draft("A").lon - 1, confirmed=True)
    )  # outside all cells: the county's
    e_worker = select(t.workers.c.id).where(t.workers.c.code == "W-E").scalar_subquery()
    small_county.run(t.duties.delete().where(t.duties.c.worker_id == e_worker))
    report(small_county.ctx, seen, draft("E", category="neighbour"))
    messenger(small_county).run()
    dispatchers = {small_county.account(name).id: name for name in ("dispatcher-1", "dispatcher-k3")}
    told = [dispatchers[row.account_id] for row in rows_of(small_county, "in_app") if row.account_id in dispatchers]
    assert told == ["dispatcher-k3"]  # the community's, not the other town's; outside no dispatcher has the county


def test_old_news_ring_nobody(small_county: SmallCounty) -> None:
    tell(small_county, 1)
    small_county.clock.forward(days=4)
    with gateway() as sms:
        messenger(small_county, sms_url=sms.url).run()
    assert sms.bodies == []
    assert states(small_county, "in_app") == {"sent": 1}


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_retryable_failure_comes_again_under_its_key_and_a_final_one_does_not(small_county: SmallCounty) -> None:
    tell(small_county, 3)
    script: dict[int, Any] = {0: 503, 1: 422, 2: (429, {"Retry-After": "3600"})}
    with gateway() as sms:
        sms.answer = lambda n, _: script.get(n, 200)
        one = messenger(small_county, sms_url=sms.url)
        first = one.run()
        assert first["later"] == 1  # 503 speaks for the gateway: the others are not tried against it
        assert [row.attempts for row in rows_of(small_county)] == [1, 0, 0]
        small_county.clock.forward(seconds=40)
        later = one.run()
        assert (later["dead"], later["later"], later["sent"]) == (1, 1, 1)
        assert [row.error for row in rows_of(small_county) if row.status == "dead"] == ["http_422"]
        small_county.clock.forward(minutes=50)
        assert one.run()["sent"] == 0  # an hour was asked for
        small_county.clock.forward(minutes=11)
        assert one.run()["sent"] == 1
    assert states(small_county) == {"sent": 2, "dead": 1}
    assert sorted(sms.keys.values()) == [1, 2, 2]
    [letter] = dead_letters(small_county.ctx)
    assert (letter["error"], letter["channel"], letter["attempts"]) == ("http_422", "sms", 1)


def test_back_off_ends_on_the_list_of_the_dead_from_which_it_can_be_revived(small_county: SmallCounty) -> None:
    tell(small_county, 1)
    with gateway() as sms:
        sms.answer = lambda *_: 500
        one = messenger(small_county, sms_url=sms.url, quiet_hours="off")
        waits = []
        for _ in range(MOST_ATTEMPTS + 5):
            one.run()
            [row] = rows_of(small_county)
            if row.status == "dead":
                break
            waits.append(row.next_at - small_county.clock())
            small_county.clock.now = row.next_at
        assert len(sms.bodies) == MOST_ATTEMPTS
        assert waits[0] < waits[1] < waits[2] < waits[3]
        assert max(waits) <= timedelta(hours=1)
        assert sum(waits, timedelta()) > timedelta(hours=12)
        assert health(small_county.ctx).dead == {"sms": 1}
        sms.answer = lambda *_: 200
        assert revive(small_county.ctx, None) == 1
        assert one.run()["sent"] == 1
    assert len(sms.keys) == 1
    assert health(small_county.ctx).dead == {}


def test_a_gateway_that_dies_in_the_middle_loses_nothing(small_county: SmallCounty) -> None:
    """It takes two and answers one, then it is gone; back on its port it gets the rest and the repeat."""
    tell(small_county, 6)
    port = free_port()
    one = messenger(small_county, sms_url=f"http://127.0.0.1:{port}/send", quiet_hours="off")
    with gateway(port) as before:
        before.answer = lambda n, _: 200 if n == 0 else DROP
        assert one.run()["sent"] == 1
    small_county.clock.forward(seconds=40)
    one.run()  # nobody is there
    assert states(small_county) == {"sent": 1, "waiting": 5}
    with gateway(port) as after:
        small_county.clock.forward(minutes=3)
        one.run()
        small_county.clock.forward(hours=1)
        one.run()
    assert states(small_county) == {"sent": 6}
    both = before.keys + after.keys
    assert len(both) == 6
    assert sorted(both.values()) == [1, 1, 1, 1, 1, 2]
    assert [row.key for row in rows_of(small_county) if row.key in before.keys and row.key in after.keys] != []


def test_a_mail_server_that_dies_in_the_middle_loses_nothing(small_county: SmallCounty) -> None:
    give_body_a_mailbox(small_county)
    tell(small_county, 4, worker=None, body="B-LAND")
    port = free_port()
    one = messenger(small_county, smtp_url=f"smtp://127.0.0.1:{port}", mail_from="grid@county.example")
    with smtp_server(port) as before:
        before.data = lambda n: 250 if n == 0 else None
        assert one.run()["sent"] == 1
    small_county.clock.forward(seconds=40)
    one.run()  # nobody is there
    with smtp_server(port) as after:
        for _ in range(3):
            small_county.clock.forward(minutes=10)
            one.run()
    assert states(small_county, "email") == {"sent": 4}
    both = before.keys + after.keys
    assert sorted(both.values()) == [1, 1, 1, 2]


def test_a_message_that_kills_whoever_sends_it_is_given_up(small_county: SmallCounty) -> None:
    """Attempts are counted when a message is taken, so that those which never came to an end count as well."""
    tell(small_county, 1)
    with gateway() as sms:
        one = messenger(small_county, sms_url=sms.url)
        one._spread(threading.Event())
        small_county.run(update(t.messages).where(t.messages.c.channel == "sms").values(attempts=MOST_ATTEMPTS))
        assert one.run()["dead"] == 1
    assert sms.bodies == []
    assert dead_letters(small_county.ctx)[0]["error"] == "never_settled"


def test_mail_that_is_taken_without_an_answer_comes_again_with_its_message_id(small_county: SmallCounty) -> None:
    give_body_a_mailbox(small_county)
    tell(small_county, 2, worker=None, body="B-LAND")
    with smtp_server() as smtp:
        smtp.data = lambda n: None if n == 0 else 250
        one = messenger(small_county, smtp_url=smtp.url, mail_from="grid@county.example")
        assert one.run()["later"] == 1
        small_county.clock.forward(minutes=2)
        assert one.run()["sent"] == 2
        assert sorted(smtp.keys.values()) == [1, 2]
        smtp.recipient = lambda _: 550
        tell(small_county, 1, worker=None, body="B-LAND")
        assert one.run()["dead"] == 1
        smtp.recipient = lambda _: 451
        tell(small_county, 1, worker=None, body="B-LAND")
        assert one.run()["later"] == 1
    assert {row.error for row in rows_of(small_county, "email")} == {None, "smtp_550", "smtp_451"}


# --- killed, and several at once --------------------------------------------------------------------------------------


def deliver_in_a_child(url: str, sms_url: str, now: datetime) -> None:
    """What the child does."""
    county = open_county(url, Clock(now), messaging=Messaging(sms_url=sms_url, per_hour=0))
    deliverer(county.ctx).run()


def killed_while_the_gateway_holds(county: SmallCounty, sms: Gateway, after: int) -> None:
    """Start a deliverer in a process of its own and kill -9 it while its message number `after` is unanswered."""

    def answer(n: int, _: Any) -> int:
        if n == after:
            sms.hold.set()
        return 200

    sms.answer = answer
    sms.came.clear()
    url = county.ctx.engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("spawn").Process(target=deliver_in_a_child, args=(url, sms.url, county.clock()))
    child.start()
    assert sms.came.wait(60)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    sms.hold.clear()


def test_a_deliverer_killed_in_the_middle_loses_nothing_and_repeats_under_the_same_key(
    small_county: SmallCounty,
) -> None:
    tell(small_county, 5)
    with gateway() as sms:
        killed_while_the_gateway_holds(small_county, sms, after=2)
        assert states(small_county) == {"sent": 2, "waiting": 3}
        one = messenger(small_county, sms_url=sms.url)
        assert one.run()["sent"] == 0  # the dead one's lease still holds
        small_county.clock.now += LENGTH + timedelta(seconds=1)
        sms.answer = lambda *_: 200
        assert one.run()["sent"] == 3
    assert states(small_county) == {"sent": 5}
    assert sorted(sms.keys.values()) == [1, 1, 1, 1, 2]
    assert sms.bodies[2] == sms.bodies[3]  # the same key, the same words


def test_two_sweeps_at_once_send_each_message_once(small_county: SmallCounty) -> None:
    small_county.run(update(t.incidents).values(look_at=None))  # nothing to be warned of
    tell(small_county, 30)
    url = small_county.ctx.engine.url.render_as_string(hide_password=False)
    with gateway() as sms:
        others = [
            open_county(url, small_county.clock, messaging=Messaging(sms_url=sms.url, per_hour=0)) for _ in range(3)
        ]
        ready, counts = threading.Barrier(3), []

        def run(county: SmallCounty) -> None:
            ready.wait(30)
            counts.append(sweep(county.ctx)["sent"])

        threads = [threading.Thread(target=run, args=(county,)) for county in others]  # engines of their own
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for county in others:
            county.ctx.engine.dispose()
    assert sum(counts) == 30
    assert set(sms.keys.values()) == {1}
    assert len(sms.keys) == 30
    assert states(small_county) == {"sent": 30}
    assert states(small_county, "in_app") == {"sent": 30}


def test_a_slow_deliverer_says_that_it_lives_and_leaves_what_was_taken_from_it(small_county: SmallCounty) -> None:
    tell(small_county, 4)
    with gateway() as sms:
        slow = messenger(small_county, sms_url=sms.url)
        other = messenger(small_county, sms_url=sms.url)
        taken: list[Any] = []

        def answer(n: int, _: Any) -> int:
            if n == 0:  # half the lease is gone: the next message must not go without a heartbeat
                small_county.clock.now += LENGTH * 0.6
            if n == 1:
                small_county.clock.now += LENGTH * 0.6  # beyond the first lease, within the renewed one
                taken.append(other.run()["sent"])
            if n == 2:
                small_county.clock.now += LENGTH * 2  # too slow after all
                taken.append(other.run()["sent"])
            return 200

        sms.answer = answer
        done = slow.run()
    assert taken == [0, 2]
    assert (done["sent"], done["lost"]) == (3, 1)
    assert sorted(sms.keys.values()) == [1, 1, 1, 2]
    assert states(small_county) == {"sent": 4}


def test_who_lost_the_lease_may_not_say_that_it_failed(small_county: SmallCounty) -> None:
    tell(small_county, 1)
    with gateway() as sms:
        messenger(small_county, sms_url=sms.url).run()
        [row] = rows_of(small_county)
        with write(small_county.ctx.engine) as conn:
            messages.settle_dead(conn, "somebody else", row.id, NOW, "late")
            messages.settle_later(conn, "somebody else", row.id, NOW, "late")
            assert messages.renew(conn, "somebody else", [row.id], NOW) == set()
    assert states(small_county) == {"sent": 1}


# --- quiet hours and limits -------------------------------------------------------------------------------------------


def test_at_night_only_emergencies_ring_and_mail_goes(small_county: SmallCounty) -> None:
    give_body_a_mailbox(small_county)
    small_county.clock.now = datetime(2026, 7, 3, 23, 30, tzinfo=ZONE)
    tell(small_county, 2, body="B-LAND")
    codes = select(t.categories.c.code).where(t.categories.c.process == "emergency").order_by(t.categories.c.code)
    urgent = small_county.run(codes)[0].code
    report(small_county.ctx, view(small_county, "worker-a"), draft(category=urgent))
    with gateway() as sms, smtp_server() as smtp:
        one = messenger(small_county, sms_url=sms.url, smtp_url=smtp.url, mail_from="grid@county.example")
        one.run()
        assert [body["to"] for body in sms.bodies] == [WORKERS_PHONE]
        assert len(smtp.mails) >= 2
        assert {row.next_at for row in rows_of(small_county) if not row.urgent} == {
            datetime(2026, 7, 4, 7, 0, tzinfo=ZONE)
        }
        assert health(small_county.ctx).age_s == 0  # held is not late
        small_county.clock.now = datetime(2026, 7, 4, 7, 0, tzinfo=ZONE)
        one.run()
    assert len(sms.bodies) == 3


def test_nobody_is_rung_more_often_than_the_limit(small_county: SmallCounty) -> None:
    tell(small_county, 7)
    tell(small_county, 1, worker="W-B")
    with gateway() as sms:
        one = messenger(small_county, sms_url=sms.url, per_hour=3)
        assert one.run()["sent"] == 4  # three of W-A, one of W-B
        small_county.clock.forward(minutes=59)
        assert one.run()["sent"] == 0
        small_county.clock.forward(minutes=1)
        assert one.run()["sent"] == 3
        small_county.clock.forward(minutes=60)
        assert one.run()["sent"] == 1
    assert set(sms.keys.values()) == {1}


# --- what the operator sees -------------------------------------------------------------------------------------------


def test_health_tells_the_queue_its_age_and_the_clocks(small_county: SmallCounty) -> None:
    assert health(small_county.ctx).last_at is None
    tell(small_county, 2)
    small_county.clock.forward(minutes=10)
    assert health(small_county.ctx).age_s == pytest.approx(600, abs=1)
    with gateway() as sms:
        sms.answer = lambda *_: 500
        messenger(small_county, sms_url=sms.url).run()
        small_county.clock.forward(minutes=5)
        found = health(small_county.ctx)
        assert found.age_s == pytest.approx(900, abs=1)  # failing does not make it young
        assert (found.waiting, found.unsent) == ({"sms": 2}, 0)
        assert found.last_at == small_county.clock() - timedelta(minutes=5)
        sms.answer = lambda *_: 200
        small_county.clock.forward(minutes=5)
        messenger(small_county, sms_url=sms.url).run()
    found = health(small_county.ctx)
    assert (found.age_s, found.waiting) == (0, {})
    # the county's clock stands in July 2026, the gateway's and the database's do not
    assert found.drift_s is not None
    assert found.drift_by == ("database" if small_county.ctx.engine.dialect.name == "postgresql" else "sms")
    real = (small_county.clock() - datetime.now(ZONE)).total_seconds()
    assert found.drift_s == pytest.approx(real, abs=120)
    small_county.clock.forward(hours=-2)
    assert health(small_county.ctx).behind_s > 3600


def test_old_messages_are_forgotten_with_the_read_log(small_county: SmallCounty) -> None:
    small_county.run(update(t.incidents).values(look_at=None))  # nothing to be warned of
    tell(small_county, 1)
    sweep(small_county.ctx)
    small_county.clock.forward(days=366)
    assert sweep(small_county.ctx)["messages"] == 1
    assert small_county.one(select(func.count()).select_from(t.messages)) == 0


def test_looks_at_the_queue_read_an_index(spatialite_county: SmallCounty) -> None:
    """A deliverer looks every two seconds: with 100,000 sent messages that must not mean reading them."""
    plans = {
        "messages WHERE messages.status = 'waiting' AND messages.next_at <= '2026'": "ix_messages_waiting",
        "messages WHERE messages.status = 'dead' ORDER BY settled_at DESC": "ix_messages_dead",
        "messages WHERE account_id = 1 AND id < 9 ORDER BY id DESC": "ix_messages_account_id_id",
        "messages WHERE recipient = 'worker:1' AND tried_at > '2026'": "ix_messages_recipient_tried_at",
        "outbox WHERE sent_at IS NULL ORDER BY id": "ix_outbox_unsent",
    }
    with write(spatialite_county.ctx.engine) as conn:
        for query, index in plans.items():
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN SELECT * FROM {query}").all()
            assert index in plan[0][3], plan
