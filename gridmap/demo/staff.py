"""Bodies and people who serve: departments, centres, committees; workers, their duties, their leave."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from gridmap.demo import layout
from gridmap.demo.names import Name, people

DEPARTMENTS = (
    ("natural-resources", "自然资源局", "Bureau of Natural Resources"),
    ("ecology", "生态环境局", "Bureau of Ecology and Environment"),
    ("labour", "人力资源和社会保障局", "Bureau of Labour and Social Security"),
    ("emergency-management", "应急管理局", "Bureau of Emergency Management"),
    ("housing", "住房和城乡建设局", "Bureau of Housing and Construction"),
    ("transport", "交通运输局", "Bureau of Transport"),
    ("agriculture", "农业农村局", "Bureau of Agriculture"),
    ("forestry", "林业局", "Bureau of Forestry"),
    ("health", "卫生健康局", "Bureau of Health"),
    ("civil-affairs", "民政局", "Bureau of Civil Affairs"),
    ("water", "水务局", "Bureau of Water"),
    ("justice", "司法局", "Bureau of Justice"),
    ("police", "公安局", "Police"),
)
#: workers whose names appear in the pictures of the product: cell name -> worker
NAMED_WORKERS = {
    "柳湾村 01 网格": Name("周敏", "Zhou Min"), "柳湾村 03 网格": Name("李春梅", "Li Chunmei"),
    "梨树坪村 01 网格": Name("杨志强", "Yang Zhiqiang"), "梨树坪村 02 网格": Name("陈秀英", "Chen Xiuying"),
    "梨树坪村 03 网格": Name("罗永贵", "Luo Yonggui"), "梨树坪村 04 网格": Name("吴晓燕", "Wu Xiaoyan"),
}  # fmt: skip
_DESERTED = 2  # cells with nobody on the roster
_WITHOUT_BACKUP = 0.06
_ON_LEAVE = 0.035
_CELLS_PER_BACKUP = 3


def make_bodies(areas: pd.DataFrame) -> pd.DataFrame:
    """County departments and centre, a centre in every town, a committee in every community."""
    county, short = layout.COUNTY_CODE, layout.COUNTY_NAME[:-1]
    rows: list[tuple[Any, ...]] = [
        (
            f"{county}-{tag}",
            f"{short}县{zh}",
            f"{layout.COUNTY_NAME_EN.split()[0]} {en}",
            "department",
            "county",
            county,
            tag,
        )
        for tag, zh, en in DEPARTMENTS
    ]
    rows.append(
        (f"{county}-centre", f"{short}县综治中心", "Yunling county governance centre", "centre", "county", county, None)
    )
    kinds = (
        ("town", "centre", "综治中心", "governance centre"),
        ("community", "committee", "调委会", "mediation committee"),
    )  # fmt: skip
    for level, kind, zh, en in kinds:
        some = areas[areas["level"] == level]
        rows.extend(
            (f"{code}-{kind}", f"{name}{zh}", f"{name_en} {en}", kind, level, code, None)
            for code, name, name_en in zip(some["code"], some["name"], some["name_en"], strict=True)
        )
    return pd.DataFrame(rows, columns=["code", "name", "name_en", "kind", "level", "area", "department"])


def make_workers(cells: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Workers and duties as of the day the cells were drawn.

    Every cell has its own primary, but for two that have nobody; backups are shared within a community, and some cells
    have none. One worker in each community is its petition agent.
    """
    deserted = rng.choice(np.flatnonzero(cells.groupby("area")["code"].transform("size") > 2), _DESERTED, replace=False)
    served = np.setdiff1d(np.arange(len(cells)), deserted)
    area = cells["area"].to_numpy()
    size = pd.Series(area).value_counts(sort=False)
    spare = np.maximum(1, np.round(size.to_numpy() / _CELLS_PER_BACKUP).astype(np.int64))
    posted = np.r_[area[served], np.repeat(size.index.to_numpy(), spare)]
    order = np.argsort(posted, kind="stable")
    names = people(len(posted), rng)
    for position, cell in enumerate(cells["name"].to_numpy()[served]):
        names[position] = NAMED_WORKERS.get(cell, names[position])
    code = np.empty(len(posted), dtype=object)
    code[order] = [f"YL{i:05d}" for i in range(1, len(posted) + 1)]
    workers = pd.DataFrame({
        "code": code, "name": [n.zh for n in names], "name_en": [n.en for n in names], "area": posted,
        "body": [f"{a}-committee" for a in posted], "agent": 0,
        "phone": [f"199-0000-{i:04d}" for i in rng.permutation(10_000)[: len(posted)]],
    })  # fmt: skip
    backups = workers.iloc[len(served) :]
    workers.loc[backups.index[~backups["area"].duplicated()], "agent"] = 1
    duties = _duties(cells.iloc[served], code[: len(served)], backups, rng)
    return workers.sort_values("code", ignore_index=True), duties.sort_values(["cell", "rank", "worker", "valid_from"])


def _duty(worker: Any, cell: Any, rank: str, start: Any, end: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"worker": worker, "cell": cell})
    return frame.assign(rank=rank, valid_from=start, valid_to=end, weekdays=127, starts_min=np.nan, ends_min=np.nan)


def _duties(cells: pd.DataFrame, primary: np.ndarray, backups: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One primary a cell, an eighth of them off at weekends, a few on duty by day only; backups by turns.

    In one cell of 25 the first backup of the community was primary until a day of last year.
    """
    code = cells["code"].to_numpy()
    mood = rng.random(len(cells))
    since = np.full(len(cells), layout.DRAWN_ON, dtype=object)
    new = np.flatnonzero(mood > 0.96)
    since[new] = [date(2025, int(month), 1) for month in rng.integers(1, 13, len(new))]
    first = backups.drop_duplicates("area").set_index("area")["code"]
    before = first[cells["area"].to_numpy()[new]].to_numpy()
    primaries = _duty(primary, code, "primary", since, None)
    primaries.loc[mood < 0.12, "weekdays"] = 31
    primaries.loc[(mood > 0.12) & (mood < 0.16), ["starts_min", "ends_min"]] = [8 * 60.0, 20 * 60.0]
    former = _duty(before, code[new], "primary", layout.DRAWN_ON, since[new])
    covered = rng.random(len(cells)) >= _WITHOUT_BACKUP
    turn = cells.groupby("area").cumcount().to_numpy()
    pool = backups.groupby("area")["code"].agg(list)
    chosen = [pool[area][i % len(pool[area])] for area, i in zip(cells["area"], turn, strict=True)]
    backup = _duty(np.array(chosen, dtype=object)[covered], code[covered], "backup", since[covered], None)
    return pd.concat([primaries, former, backup], ignore_index=True)


def make_leaves(workers: pd.DataFrame, until: date, rng: np.random.Generator) -> pd.DataFrame:
    """Leave around `until` for one worker in thirty, and some that is over; `ends_on` is the first day back."""
    n = len(workers)
    now = np.flatnonzero(rng.random(n) < _ON_LEAVE)
    past = np.flatnonzero(rng.random(n) < 0.25)
    who = np.r_[now, past]
    start = np.r_[-rng.integers(0, 6, len(now)), -rng.integers(30, 900, len(past))]
    length = np.r_[rng.integers(7, 25, len(now)), rng.integers(2, 15, len(past))]
    return pd.DataFrame({
        "worker": workers["code"].to_numpy()[who],
        "starts_on": [until + timedelta(days=int(d)) for d in start],
        "ends_on": [until + timedelta(days=int(d + m)) for d, m in zip(start, length, strict=True)],
    })  # fmt: skip
