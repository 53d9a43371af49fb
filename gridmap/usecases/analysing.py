"""Long analyses: asked, computed once for a state of the data, told how far they are, cancelled.

Whoever asks gets the analysis as it stands. A thread beside the server takes those that wait, under a lease that it
renews while it computes; when the process dies, the lease ends and another begins anew. Results hold figures only.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gridmap.errors import GridmapError, InvalidInput, NotFound
from gridmap.jobs.lease import LENGTH, new_owner
from gridmap.store import accounts, analyses, read, told, versions, write
from gridmap.store.analyses import Analysis
from gridmap.usecases.closing import next_month
from gridmap.usecases.context import Context
from gridmap.usecases.counting import figures_within
from gridmap.usecases.studies import LOOK_BACK, Question, Step, run_hotspots, run_scan, run_sources
from gridmap.usecases.trending import TREND_MONTHS, months_back
from gridmap.view import Drawing, View

logger = logging.getLogger(__name__)

#: raised when the same question would be answered otherwise than before
METHOD = 5
STUDIES: Mapping[str, Callable[[Context, Question, Step], dict[str, Any]]] = {
    "hotspots": run_hotspots,
    "scan": run_scan,
    "sources": run_sources,
}
#: layers whose change makes an answer old; of incidents only what lies in the months that a study reads
DEPENDS = ("areas", "categories", "cells", "enterprises", "households", "incidents")
#: months up to the last one that a study reads, however short its window
BACK: Mapping[str, int] = {"hotspots": LOOK_BACK, "scan": 0, "sources": TREND_MONTHS}
#: how often a running analysis says that it lives
_BEAT_S = 20.0
#: answers are kept so long
KEEP = timedelta(days=60)


class Cancelled(Exception):
    """Nobody wants the answer any more, or another computes it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An analysis as its asker sees it; `result` when it is done, `error` a code and words when it failed."""

    id: int
    kind: str
    status: str
    progress: float
    question: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, str] | None
    data_version: str

    @property
    def settled(self) -> bool:
        """Whether it stays as it is."""
        return self.status not in ("waiting", "running")


def ask(ctx: Context, view: View, kind: str, asked: Question) -> Answer:
    """The analysis of this question for the caller's area, as far as it is; put in the line where nobody asked before.

    `asked.path` is set here, from the View. Forbidden for roles that read no figures; InvalidInput for months that have
    not ended.
    """
    months = asked.months()
    if (months[-1].year, months[-1].month) >= (ctx.today().year, ctx.today().month):
        raise InvalidInput(f"{months[-1]:%Y-%m} has not ended; take closed months", code="month_open", parameter="to")
    with read(ctx.engine) as conn:
        scoped = replace(asked, path=_path(conn, view))
        last = told.last_incident(conn)
        version = _version(versions.read(conn), last)
        text = _text(scoped)
        earlier = _still_right(ctx, conn, kind, scoped, version)
        if earlier is not None:
            return _answer(earlier)
        day = ctx.today().isoformat() if scoped.drawing is Drawing.NOW else ""
        key = hashlib.sha256(f"{kind}|{text}|{version}|{day}".encode()).hexdigest()
        known = analyses.by_key(conn, key)
    if known is None or known.status == "cancelled":
        with write(ctx.engine) as conn:
            analyses.ask(conn, key, kind, text, version, ctx.clock())
            known = analyses.by_key(conn, key)
    assert known is not None
    return _answer(known)


def find(ctx: Context, view: View, analysis_id: int) -> Answer:
    """An analysis by id; NotFound for one of another area."""
    with read(ctx.engine) as conn:
        known = analyses.by_id(conn, analysis_id)
        path = _path(conn, view)
    if known is None or _question(known.parameters).path != path:
        raise NotFound("there is no such analysis, or none of yours")
    return _answer(known)


def cancel(ctx: Context, view: View, analysis_id: int) -> Answer:
    """Ask for an analysis to be given up. What is done already stays."""
    find(ctx, view, analysis_id)
    with write(ctx.engine) as conn:
        analyses.cancel(conn, analysis_id, ctx.clock())
    return find(ctx, view, analysis_id)


def work(ctx: Context, stop: threading.Event | None = None) -> int:
    """Compute what waits, one after the other, until nothing does; how many were settled here."""
    owner, settled = new_owner(), 0
    while stop is None or not stop.is_set():
        with write(ctx.engine) as conn:
            now = ctx.clock()
            taken = analyses.take(conn, owner, now + LENGTH, now)
        if taken is None:
            break
        settled += _compute(ctx, taken, owner)
    return settled


def _compute(ctx: Context, taken: Analysis, owner: str) -> bool:
    """Compute one and write down how it ended; False where another's word counts."""
    if taken.attempts > analyses.MOST_ATTEMPTS:
        return _settle(ctx, taken, owner, "failed", error=_fault("gave_up", "it took its process down again and again"))
    try:
        with _alive(ctx, taken, owner) as step:
            result = STUDIES[taken.kind](ctx, _question(taken.parameters), step)
            step(0.99)
        body = json.dumps(result, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return _settle(ctx, taken, owner, "done", result=body)
    except Cancelled:
        return _settle(ctx, taken, owner, "cancelled")
    except InvalidInput as fault:
        return _settle(ctx, taken, owner, "failed", error=_fault(fault.code, fault.message))
    except GridmapError:
        raise
    except Exception as error:
        # its text may hold what it was computed from: the log gets its kind and its place
        bare = RuntimeError(f"{type(error).__name__} (text withheld)").with_traceback(error.__traceback__)
        logger.error("the analysis %s %s failed", taken.kind, taken.id, exc_info=bare)
        return _settle(ctx, taken, owner, "failed", error=_fault("internal", type(error).__name__))


@contextmanager
def _alive(ctx: Context, taken: Analysis, owner: str) -> Iterator[Step]:
    """Hold the lease while the block computes: a thread renews it; the step given says how far it is.

    The step raises Cancelled when nobody wants the answer, or the lease went to another.
    """
    ended, lost = threading.Event(), threading.Event()

    def beat(progress: float | None = None) -> None:
        with write(ctx.engine) as conn:
            if not analyses.beat(conn, taken.id, owner, ctx.clock() + LENGTH, progress):
                lost.set()

    def renew() -> None:
        while not ended.wait(_BEAT_S):
            try:
                beat()
            except GridmapError as fault:  # tried again in a while; the lease is six times as long
                logger.warning("an analysis could not say that it lives: %s", fault.message)

    told = -1.0

    def step(share: float) -> None:
        nonlocal told
        if share - told >= 0.02:
            beat(min(share, 1.0))
            told = share
        if lost.is_set():
            raise Cancelled

    thread = threading.Thread(target=renew, name=f"analysis-{taken.id}", daemon=True)
    thread.start()
    try:
        yield step
    finally:
        ended.set()
        thread.join()


def _settle(ctx: Context, taken: Analysis, owner: str, status: str, **ending: str) -> bool:
    with write(ctx.engine) as conn:
        return analyses.settle(conn, taken.id, owner, status, ctx.clock(), **ending)


def _path(conn: Any, view: View) -> str:
    """The path of the area whose figures the caller reads; Forbidden for roles that read none."""
    figures_within(view, None)
    path = "/" if view.actor is None else accounts.area_path(conn, view.actor.area_id)
    if path is None:
        raise NotFound("your account has no area, so there are no figures of it")
    return path


def _still_right(ctx: Context, conn: Connection, kind: str, asked: Question, version: str) -> Analysis | None:
    """The newest analysis of this question, where nothing that it read has changed since; else None."""
    newest = analyses.newest(conn, kind, _text(asked))
    if newest is None or newest.status == "cancelled":
        return None
    day = newest.created_at.astimezone(ctx.zone).date()
    if asked.drawing is Drawing.NOW and day != ctx.today():
        return None
    then, now = _parts(newest.data_version), _parts(version)
    if any(then.get(name) != now[name] for name in now if name not in ("incidents", "last_incident")):
        return None
    first = min(asked.first, months_back(asked.last, BACK[kind])) if BACK[kind] else asked.first
    start, end = (datetime.combine(at, datetime.min.time(), ctx.zone) for at in (first, next_month(asked.last)))
    span = (then["incidents"], now["incidents"])
    touched = analyses.touched_between(conn, span, then["last_incident"], (start, end), asked.categories)
    return None if touched else newest


def _parts(version: str) -> dict[str, int]:
    return {name: int(number) for name, number in (one.split("=") for one in version.split(","))}


def _version(known: Mapping[str, int], last_incident: int) -> str:
    """The state of the data as text; the last report tells those that came later from those that were changed."""
    return ",".join(
        [*(f"{layer}={known.get(layer, 0)}" for layer in DEPENDS), f"method={METHOD}", f"last_incident={last_incident}"]
    )


def _text(asked: Question) -> str:
    """The question as canonical JSON."""
    plain = asdict(asked) | {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
    if asked.as_of is None:
        del plain["as_of"]  # so that a question without it is the one that was asked before there was such a thing
    else:
        plain["as_of"] = asked.as_of.isoformat()
    plain["categories"] = sorted(asked.categories)
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)


def _question(text: str) -> Question:
    plain = json.loads(text)
    first, last = (date.fromisoformat(plain.pop(name)) for name in ("first", "last"))
    categories, drawing = tuple(plain.pop("categories")), Drawing(plain.pop("drawing"))
    as_of = date.fromisoformat(plain.pop("as_of")) if "as_of" in plain else None
    return Question(first=first, last=last, categories=categories, drawing=drawing, as_of=as_of, **plain)


def _fault(code: str, words: str) -> str:
    return json.dumps({"code": code, "message": words}, ensure_ascii=False)


def _answer(known: Analysis) -> Answer:
    question = json.loads(known.parameters)
    question.pop("path")
    return Answer(
        known.id, known.kind, known.status, known.progress, question,
        None if known.result is None else json.loads(known.result),
        None if known.error is None else json.loads(known.error), known.data_version,
    )  # fmt: skip
