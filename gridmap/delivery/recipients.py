"""Who hears of something, and through which channels: by what is configured and which contact is there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from gridmap.delivery.configured import IN_APP

#: news older than this goes to mailboxes only: nobody is rung up about last week when a gateway is first set up
STALE = timedelta(days=3)


#: kinds that are for supervisors alone
TO_SUPERVISORS = frozenset(
    {"watch", "digest_watch", "late_reply_watch", "extension_asked", "supervision_answered", "appealed"}
)
#: of these, what a dispatcher may decide as well
TO_DESK = frozenset({"appealed"})
#: kinds that are for the resident who reported, at the contact given, and for nobody else
TO_REPORTER = frozenset({"link_again", "answered", "dropped"})
#: how many areas stand in the path of one on a rung; what has gone up to the city lies on the county's desk
_DEPTH = {"community": 3, "town": 2, "county": 1, "city": 1}


class Addressee(NamedTuple):
    """A channel, who is at its end ("worker:3", "body:4", "account:5"; "resident:6": who reported the case 6), and the
    account of a mailbox."""

    channel: str
    recipient: str
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An account that is told of cases, with what its role is tied to; `path` is that of its area."""

    account_id: int
    role: str
    worker_id: int | None = None
    body_id: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """One row of the outbox. `desk`: nobody on the roster has the case, so the nearest dispatchers of `path` do;
    `over`: it is for the nearest supervisors of `path`."""

    worker_id: int | None
    body_id: int | None
    created_at: datetime
    desk: bool = False
    path: str | None = None
    over: bool = False
    #: who leads it, and a household that is invited
    account_id: int | None = None
    household_id: int | None = None


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is configured, and whose contact is there."""

    channels: Collection[str]
    phones: Collection[int]
    emails: Collection[int]
    #: households that agreed to be called
    homes: Collection[int] = frozenset()


def addressees(news: News, boxes: Sequence[Mailbox], contacts: Contacts, now: datetime) -> list[Addressee]:
    """Who hears of it, each once. The webhook hears of what concerns a body; an enterprise never hears of anything."""
    found = [Addressee(IN_APP, f"account:{box.account_id}", box.account_id) for box in _mailboxes(news, boxes)]
    if now - news.created_at > STALE:
        return found
    if "sms" in contacts.channels and news.worker_id in contacts.phones:
        found.append(Addressee("sms", f"worker:{news.worker_id}"))
    if "sms" in contacts.channels and news.household_id in contacts.homes:
        found.append(Addressee("sms", f"household:{news.household_id}"))
    if "email" in contacts.channels and news.body_id in contacts.emails:
        found.append(Addressee("email", f"body:{news.body_id}"))
    if "webhook" in contacts.channels and news.body_id is not None:
        found.append(Addressee("webhook", f"body:{news.body_id}"))
    return found


def reporter(incident_id: int, channels: Collection[str]) -> list[Addressee]:
    """Who reported a case, where short messages are sent at all."""
    return [Addressee("sms", f"resident:{incident_id}")] if "sms" in channels else []


def _mailboxes(news: News, boxes: Sequence[Mailbox]) -> list[Mailbox]:
    of_worker = [box for box in boxes if box.role == "worker" and box.worker_id == news.worker_id is not None]
    of_body = [box for box in boxes if box.role == "handler" and box.body_id == news.body_id is not None]
    desk = _nearest("dispatcher", news.path, boxes) if news.desk else []
    over = _nearest("supervisor", news.path, boxes) if news.over else []
    found = of_worker + of_body + desk + over
    leads = [box for box in boxes if box.account_id == news.account_id is not None and box not in found]
    return found + leads


def on_rung(path: str | None, level: str) -> str | None:
    """The path of an area ("/1/5/23/") up to the one that stands on a rung of the ladder."""
    if path is None:
        return None
    parts = path.strip("/").split("/")[: _DEPTH[level]]
    return "/" + "".join(f"{part}/" for part in parts)


def _nearest(role: str, path: str | None, boxes: Sequence[Mailbox]) -> list[Mailbox]:
    """Those of a role in the smallest area around a place that has any."""
    over = [box for box in boxes if box.role == role and box.path and (path or "").startswith(box.path)]
    nearest = max((len(box.path or "") for box in over), default=0)
    return [box for box in over if len(box.path or "") == nearest]
