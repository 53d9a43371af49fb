"""What a mailbox gives to whom: a part of test_leaks."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases.delivering import deliverer
from gridmap.view import Kind
from tests.county import CONTACT, CONTACT_PHONE, PHONE, REPORTER, TEXT

NUMBERS = ("R-A0", "R-B0", "R-B1", "R-C2", "R-G3", "R-E4", "R-OUT")
SECRETS = (TEXT, REPORTER, PHONE, CONTACT, CONTACT_PHONE)


def tell_everybody(world: Any) -> None:
    """News of many cases to people of whom most serve other cells, and the neighbours' news."""
    county = world.api.county
    worker = dict(county.run(select(t.workers.c.code, t.workers.c.id)))
    body = dict(county.run(select(t.bodies.c.code, t.bodies.c.id)))
    told = [("assigned", "W-A", "B-LAND"), ("assigned", "W-G", "B-ECO"), ("border", "W-B", None)]
    rows = [
        {"incident_id": world.incident(number), "kind": kind, "worker_id": worker[who],
         "body_id": body.get(office or ""), "created_at": county.clock()}
        for number in NUMBERS for kind, who, office in told
    ]  # fmt: skip
    county.run(t.outbox.insert().values(rows))
    deliverer(county.ctx).run()


def letters_of(world: Any, user: str) -> tuple[set[int], set[int]]:
    """(all messages to the account, those that the rules admit): of its cases, and its worker's neighbours' news."""
    account = world.api.county.account(user)
    o, m = t.outbox, t.messages
    query = select(m.c.id, m.c.kind, m.c.incident_id, o.c.worker_id).join(o, o.c.id == m.c.outbox_id)
    rows = world.api.county.run(query.where(m.c.account_id == account.id))
    served = world.admitted(user, Kind.INCIDENT)
    near = {row.id for row in rows if row.kind == "border" and row.worker_id == account.worker_id is not None}
    return {row.id for row in rows}, {row.id for row in rows if row.incident_id in served} | near


def check_messages(world: Any) -> None:
    """A mailbox holds what its account was told of cases that are still its own; of a neighbour's case no number."""
    tell_everybody(world)
    hidden = shown = 0
    for user in world.each():
        told, admitted = letters_of(world, user)
        rows = world.api.rows(user, "/messages", limit=3)
        assert [row["id"] for row in rows] == sorted(admitted, reverse=True), user
        for row in rows:
            if row["incident_id"] not in world.admitted(user, Kind.INCIDENT):
                assert row["kind"] == "border"
                assert (row["incident_id"], row["number"], row["due_at"]) == (None, None, None)
        assert not any(secret in json.dumps(rows, ensure_ascii=False) for secret in SECRETS)
        hidden, shown = hidden + len(told - admitted), shown + len(admitted)
    assert hidden > 5
    assert shown > 5


def check_read(world: Any) -> None:
    """One's own message can be marked as read; another's, and one no longer one's own, is like a missing one."""
    everything = {user: letters_of(world, user) for user in world.each()}
    known = set().union(*(told for told, _ in everything.values()))
    for user, (_, admitted) in everything.items():
        for identity in [*sorted(known)[::3], 999_999]:
            answer = world.api.post(user, f"/messages/{identity}/read")
            assert answer.status_code == (204 if identity in admitted else 404), (user, identity, answer.text)
        unread = world.api.get(user, "/messages", params={"unread": True}).json()
        assert unread["unread"] == len(unread["items"]) == len(admitted - set(sorted(known)[::3])), user
