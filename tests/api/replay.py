"""A municipality's published year, replayed case by case: reported, accepted, resolved, closed, answered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import select

from gridmap.store import tables as t
from tests.api.client import Api
from tests.county import centre

#: January to October 2011, in percent as printed; satisfaction is of those closed
PUBLISHED = {"closure": 93.45, "by_community": 91.9, "satisfaction": 99.2}
#: by phone, text or internet; found by patrols; at the counter
CHANNELS = (("phone", 0.40), ("worker", 0.52), ("counter", 0.08))
MONTHS = 10
#: shorter than a session lasts
SESSION = timedelta(hours=11)


@dataclass(frozen=True)
class Replay:
    """How many cases of each kind; the whole by default."""

    accepted: int = 14_662
    closed: int = 13_702
    by_community: int = 12_592
    satisfied: int = 13_593
    days: int = 280  #: over which they come
    channels: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.channels:
            told = {name: round(self.accepted * share) for name, share in CHANNELS}
            told["worker"] += self.accepted - sum(told.values())
            self.channels.update(told)

    @classmethod
    def scaled(cls, divisor: int) -> Self:
        """Every count divided and rounded: their percentages are those of whole cases."""
        whole = cls()
        return cls(
            round(whole.accepted / divisor), round(whole.closed / divisor), round(whole.by_community / divisor),
            round(whole.satisfied / divisor),
        )  # fmt: skip

    def month(self, number: int) -> Replay:
        """Month 1 to 10 of these: even shares that add up to the whole, kind by kind and channel by channel."""

        def share(count: int) -> int:
            return count * number // MONTHS - count * (number - 1) // MONTHS

        return Replay(
            sum(map(share, self.channels.values())), share(self.closed), share(self.by_community),
            share(self.satisfied), self.days // MONTHS, {name: share(of) for name, of in self.channels.items()},
        )  # fmt: skip

    def came_as(self) -> list[str]:
        """The channel of each case, mixed evenly."""
        done: Counter[str] = Counter()
        listed = []
        for i in range(1, self.accepted + 1):
            name = max(self.channels, key=lambda one: self.channels[one] * i / self.accepted - done[one])
            done[name] += 1
            listed.append(name)
        return listed


def replay(api: Api, size: Replay) -> dict[str, Any]:
    """Play it over its days, a case after the other; the sums of these months: `ratios` and `channels`.

    They begin with a month that holds no such case yet, and are read off the scorecards once they are over.
    """
    first = api.county.clock() + timedelta(days=31)
    api.county.clock.now = first.replace(day=1, hour=9)
    step = timedelta(days=size.days) / size.accepted
    began = api.county.clock.now
    for i, channel in enumerate(size.came_as()):
        api.county.clock.now = max(api.county.clock.now, first.replace(day=1, hour=9) + i * step)
        if api.county.clock.now - began > SESSION:  # sessions end while the months go by
            api.tokens.clear()
            began = api.county.clock.now
        _case(api, channel, i, size)
    api.tokens.clear()
    months = _months(first, api.county.clock())
    api.county.clock.forward(days=60)
    cards = [api.get("official", "/stats/scorecard", params={"month": one, "by": "category"}) for one in months]
    return _joined([card.json() for card in cards])


def _months(first: datetime, last: datetime) -> list[str]:
    start, end = (day.year * 12 + day.month - 1 for day in (first, last))
    return [f"{i // 12:04d}-{i % 12 + 1:02d}" for i in range(start, end + 1)]


def _case(api: Api, channel: str, i: int, size: Replay) -> None:
    lon, lat = centre("A")
    said = {"category": "neighbour", "lon": lon, "lat": lat, "text": f"第{i}件"}
    who = "worker-a" if channel == "worker" else "dispatcher-1"
    case = _ok(api.post(who, "/incidents", {**said, "channel": channel}), 201)["id"]
    if i >= size.closed:
        return
    if i < size.by_community:
        _act(api, "worker-a", case, "accept")
        _act(api, "worker-a", case, "resolve", outcome="settled", note="x")
    else:  # beyond the community: up to the town, and to an office, which is not the one that judges
        _act(api, "worker-a", case, "escalate", reason="beyond_powers")
        _act(api, "dispatcher-1", case, "dispatch", body_id=_land(api))
        _act(api, "handler-land", case, "sign")
        _act(api, "handler-land", case, "resolve", outcome="settled", note="x")
    _act(api, "dispatcher-1", case, "verify", passed=True, note="x")
    _act(api, "dispatcher-1", case, "close")
    _act(api, "dispatcher-1", case, "rate", satisfied=i < size.satisfied)


def _land(api: Api) -> int:
    found: int = api.county.one(select(t.bodies.c.id).where(t.bodies.c.code == "B-LAND"))
    return found


def _act(api: Api, user: str, case: int, action: str, **given: Any) -> None:
    _ok(api.post(user, f"/incidents/{case}/actions/{action}", given), 200)


def _ok(answer: Any, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def _joined(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """The neighbours' cases of all months: those closed and those that came; every other category is another year's."""
    lines = [line for card in cards for line in card["lines"] if line["code"] == "neighbour"]
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(line["counts"])
    channels: Counter[str] = Counter()
    for card in cards:
        channels.update(card["channels"])
    pairs = {
        "closure": ("closed", "accepted"), "by_community": ("closed_by_community", "closed"),
        "satisfaction": ("satisfied", "rated"),
    }  # fmt: skip
    ratios = {
        name: {"numerator": counts[over], "denominator": counts[under], "value": counts[over] / counts[under]}
        for name, (over, under) in pairs.items()
    }
    return {"ratios": ratios, "channels": dict(channels)}
