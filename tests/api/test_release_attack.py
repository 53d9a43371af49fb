"""An attacker with everything that leaves the house: each window of the API, the page, the map's table and the card for
the meeting; all of it subtracted from all of it."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from gridmap.usecases import evidence
from gridmap.usecases.imports import load
from gridmap.usecases.releasing import released_map
from tests.api.client import Api
from tests.api.test_analyses import asked_sources
from tests.properties.test_release import subtracted
from tests.usecases.test_releasing import register

MONTHS = ["2026-03", "2026-04", "2026-05", "2026-06"]
KINDS = ["neighbour", "mining", "land"]


def fill(api: Api, seed: int) -> None:
    """Reports at random in four closed months, few and many."""
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(4):
        letters = "".join(rng.choice(list("ABCDEG"), rng.integers(3, 40)))
        frames.append(register(letters, 28.0 + 30.5 * i, f"M{i}-"))
    rows = pd.concat(frames, ignore_index=True).assign(row=lambda all_: range(1, len(all_) + 1))
    load(api.county.ctx, "incidents", rows)


def windows() -> list[tuple[str, str]]:
    ends = [(a, b - 1) for a, b in combinations(range(len(MONTHS) + 1), 2)]
    return [(MONTHS[a], MONTHS[b]) for a, b in ends]


@pytest.mark.parametrize("seed", [1, 2])
def test_all_windows_of_the_api_subtracted_tell_nothing_small(api_lite: Api, seed: int) -> None:
    fill(api_lite, seed)
    known: dict[frozenset[tuple[str, str, str]], int] = {}
    areas: set[str] = set()
    kinds: set[str] = set()
    answers = []
    for first, last in windows():
        told = api_lite.get("official", f"/stats/release?from={first}&to={last}").json()
        assert not told["withheld"]
        answers.append((first, last, told))
        areas |= {code for part in told["parts"] for code in part["codes"]}
        kinds |= {code for one in told["categories"] for code in one["codes"]}
    for first, last, told in answers:
        months = MONTHS[MONTHS.index(first) : MONTHS.index(last) + 1]
        for part in told["parts"]:
            known[frozenset((a, m, k) for a in part["codes"] for m in months for k in kinds)] = part["count"]
        for one in told["categories"]:
            known[frozenset((a, m, k) for a in areas for m in months for k in one["codes"])] = one["count"]
    assert len(known) > len(answers)
    assert not [count for count in subtracted(known).values() if 0 < count < 5 or count < 0]


def test_map_page_and_card_tell_what_the_api_tells_and_no_other_count(api_lite: Api) -> None:
    fill(api_lite, 3)
    ctx, answer = asked_sources(api_lite)
    told = api_lite.get("official", "/stats/release?from=2026-01&to=2026-06").json()
    counts = {part["count"] for part in told["parts"]}
    found = released_map(ctx, spans=[pd.Timestamp(f"2026-{m:02}-01").date() for m in range(1, 7)])
    assert sorted(found.parts["count"]) == sorted(part["count"] for part in told["parts"])
    page = api_lite.get("official", "//insight/release?from=2026-01&to=2026-06")
    shown = re.findall(r'<td class="number">([\d,]+)</td></tr>', page.text)
    by_category = [one["count"] for one in told["categories"]]
    assert sorted(int(one.replace(",", "")) for one in shown) == sorted(
        [*(p["count"] for p in told["parts"]), *by_category]
    )
    assert answer.result is not None
    for source in answer.result["sources"]:
        card = evidence.card(ctx, answer, source["id"], "table")
        assert {int(one.replace(",", "")) for one in re.findall(r"<b>([\d,]+)</b>", card)} <= counts
        assert not re.search(r"<text[^>]*>(?!0\.5|1\.5|1 km|[1-4]<)\d", card), "no count on the map"
