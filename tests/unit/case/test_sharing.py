"""What many cases count for at once is what each of them counts for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gridmap.case.scorecard import COUNTS, FLAGS, MOMENTS
from gridmap.case.sharing import shared
from gridmap.case.standing import Facts, month_in, shares

ZONE = ZoneInfo("Asia/Shanghai")
#: some of them on the hour at which a month of the zone begins
MOMENT = st.integers(0, 24 * 800).map(lambda hours: datetime(2024, 12, 31, 16, tzinfo=UTC) + timedelta(hours=hours))
FACTS = st.fixed_dictionaries(
    {
        name: MOMENT if name in ("received_at", "due_at") else st.one_of(st.none(), MOMENT) for name in MOMENTS
    } | {name: st.booleans() for name in FLAGS}
)  # fmt: skip


@given(st.lists(FACTS, max_size=12))
def test_columns_and_cases_count_alike(cases: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(cases, columns=[*MOMENTS, *FLAGS])
    frame = frame.astype(dict.fromkeys(MOMENTS, "datetime64[us, UTC]") | dict.fromkeys(FLAGS, bool))
    found: Counter[tuple[int, int, int, str]] = Counter()
    for line in shared(frame, ZONE).to_dict("records"):
        for name in COUNTS:
            found[line["row"], line["month"], line["standing"], name] += line[name]
    wanted: Counter[tuple[int, int, int, str]] = Counter()
    for row, told in enumerate(cases):
        for month, standing, names in shares(Facts(**told), month_in(ZONE)):
            wanted.update((row, month, standing, name) for name in names)
    assert +found == wanted
