"""A small runner for races: ours against others, interleaved on one machine, told as ratios.

The machines are shared and their clocks vary, so seconds mean little by themselves. Each round runs every contender
once, in turn; a ratio is taken within a round, and the median over the rounds is what counts. A race that does not
agree on the answer has no winner: `agree` is called first, and raises.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One way to do it. `run` does all the work once and returns the answer; what is prepared is prepared before.

    `took` tells from the answer what `amount` things took, in seconds, where the run lasts a fixed time instead: a
    server is asked for so many seconds, and what counts is how often it answered. `share`: of `amount` things a run
    works through only this share, where all would take too long; its seconds are told for all.
    """

    name: str
    run: Callable[..., Any]
    took: Callable[[Any], float] | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Race:
    """Ours and the others on the same input."""

    title: str
    #: what is done, on what, and what was prepared beforehand
    about: str
    ours: Contender
    others: Sequence[Contender]
    #: how many things one run works through, and what they are
    amount: int
    unit: str
    #: takes each contender's answer by name; says what was compared, raises AssertionError where they differ
    agree: Callable[[Mapping[str, Any]], str]
    #: other's name -> how many times faster we must be
    at_least: Mapping[str, float] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None
    #: what `run` is called with, one after another, where single calls are the matter; else it is called once
    each: Sequence[Any] | None = None
    #: with `each`: the time of a round is that of the call which this share of calls do not exceed
    quantile: float = 0.5
    #: for work of minutes: rounds beyond these are not run
    most_rounds: int | None = None
    #: for work of many minutes that nothing has to warm up: the run that compares the answers is the one round
    once: bool = False


@dataclass(frozen=True)
class Timing:
    """Seconds of each round, by the clock and of the processor."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """A finished race."""

    race: Race
    agreed: str
    timings: Mapping[str, Timing]

    def ratio(self, other: str, clock: str = "wall") -> float:
        """How many times longer `other` took than ours: the median over the rounds."""
        ours, theirs = (getattr(self.timings[name], clock) for name in (self.race.ours.name, other))
        return statistics.median(b / max(a, 1e-9) for a, b in zip(ours, theirs, strict=True))

    def shortfalls(self) -> list[str]:
        """Where we are not as much faster as we must be, in words."""
        return [
            f"{self.race.title}: {self.ratio(name):.1f} times {name}, must be {goal:g}"
            for name, goal in self.race.at_least.items()
            if self.ratio(name) < goal
        ]


def measure(race: Race, rounds: int) -> Result:
    """Run the race: once to compare the answers (which also warms everything up), then `rounds` times with a clock."""
    contenders = (race.ours, *race.others)
    if race.once:
        runs = {one.name: timed(one) for one in contenders}
        timings = {name: Timing((wall_s,), (cpu_s,)) for name, (_, wall_s, cpu_s) in runs.items()}
        return Result(race, race.agree({name: told for name, (told, _, _) in runs.items()}), timings)
    agreed = race.agree({one.name: answer(race, one) for one in contenders})
    wall: dict[str, list[float]] = {one.name: [] for one in contenders}
    cpu: dict[str, list[float]] = {one.name: [] for one in contenders}
    for number in range(min(rounds, race.most_rounds or rounds)):
        # each round starts with another contender, so that none always runs on a cold or a warm machine
        turn = number % len(contenders)
        for one in (*contenders[turn:], *contenders[:turn]):
            gc.collect()
            wall_seconds, cpu_seconds = timed(one)[1:] if race.each is None else calls(one, race.each, race.quantile)
            wall[one.name].append(wall_seconds)
            cpu[one.name].append(cpu_seconds)
    return Result(race, agreed, {name: Timing(tuple(wall[name]), tuple(cpu[name])) for name in wall})


def answer(race: Race, one: Contender) -> Any:
    """What a contender answers: once, or to each call."""
    return one.run() if race.each is None else [one.run(given) for given in race.each]


def timed(one: Contender) -> tuple[Any, float, float]:
    """What one run answers, and its seconds, by the clock and of the processor."""
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    answer = one.run()
    elapsed, cpu = time.perf_counter() - wall_start, time.process_time() - cpu_start
    return answer, (elapsed if one.took is None else one.took(answer)) / one.share, cpu / one.share


def calls(one: Contender, each: Sequence[Any], quantile: float) -> tuple[float, float]:
    """Seconds of the call at this quantile by the clock, and of the processor for a call on average."""
    run, clock, nanoseconds = one.run, time.perf_counter_ns, []
    cpu_start = time.process_time()
    for given in each:
        start = clock()
        run(given)
        nanoseconds.append(clock() - start)
    cpu = (time.process_time() - cpu_start) / len(each)
    return sorted(nanoseconds)[min(int(quantile * len(each)), len(each) - 1)] / 1e9, cpu
