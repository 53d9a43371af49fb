"""Invented blast logs, joint meetings and promises in every light, for the demo county's quarries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from gridmap.demo.times import at_hour

SEED = 20_260_716
#: blasts of a year in the log of each enterprise
BLASTS: Final = 96
#: how long ago the meeting of the first enterprise was held
HELD_DAYS: Final = 120
#: who sits there for the government; the first one promises
DEPARTMENTS = ("emergency-management", "ecology")
TITLE, VENUE = "爆破震动与粉尘联席会议", "村委会会议室"
MINUTES = "政府、企业、居民三方到会。企业说明了爆破安排，居民代表反映房屋裂缝与粉尘，各方商定以下承诺。"
NEXT_TITLE = "爆破震动定期联席会议"


@dataclass(frozen=True, slots=True)
class Made:
    """A promise: what, days from the meeting until it is due, the steps with the days after the meeting on which they
    were taken; `body`: a body's, else the enterprise's."""

    text: str
    due_days: int
    steps: tuple[tuple[str, int, str | None], ...] = ()
    body: bool = False


#: kept, broken, proven, red, yellow and green at HELD_DAYS
PROMISES: Final = (
    Made("修复受损房屋的裂缝", 60, (("proven", 48, "已修复，附照片和验收单"), ("kept", 55, "现场查看，属实"))),
    Made("爆破前一天在村务群公告时间", 30, (("broken", 40, "三次爆破未公告"),)),
    Made("委托第三方测振并公布结果", 110, (("proven", 100, "测振报告已张贴在村委会"),)),
    Made("运输道路每天洒水两次", 90),
    Made("安装振动自动监测仪", 140, body=True),
    Made("更换低药量起爆方案", 400),
)


def pit(lon: float, lat: float, homes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where an enterprise at a place blasts: the spot within some 400 m of it that lies farthest from all homes."""
    if not homes:
        return lon, lat
    plane = np.array([np.cos(np.radians(lat)), 1.0])
    turn, far = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.array([0.0, 0.0018, 0.0036]))
    spots = np.array([lon, lat]) + np.column_stack([(far * np.cos(turn)).ravel(), (far * np.sin(turn)).ravel()]) / plane
    clear, _ = cKDTree(np.asarray(homes) * plane).query(spots * plane)
    best = spots[int(np.argmax(clear))]
    return float(best[0]), float(best[1])


def blast_log(code: str, lon: float, lat: float, now: datetime) -> pd.DataFrame:
    """The log of one enterprise over the last year, as canonical rows of `blasts`."""
    rng = np.random.default_rng(SEED)
    days, hours = np.sort(rng.uniform(2, 364, BLASTS))[::-1], rng.choice([11.5, 12.0, 16.5, 17.0], BLASTS)
    x, y = lon + rng.normal(0, 0.0004, BLASTS), lat + rng.normal(0, 0.0004, BLASTS)
    measured = rng.random(BLASTS) < 0.3
    return pd.DataFrame({
        "row": range(1, BLASTS + 1), "code": [f"B{i:04d}" for i in range(1, BLASTS + 1)], "enterprise": code,
        "at": [at_hour(now, one, hour) for one, hour in zip(days.tolist(), hours.tolist(), strict=True)],
        "charge_kg": np.round(rng.gamma(6.0, 12.0, BLASTS) + 8.0, 1),
        "frequency_hz": np.where(measured, np.round(rng.uniform(8, 45, BLASTS), 1), np.nan),
        "lon": x, "lat": y, "crs_in": "EPSG:4326", "x_in": x, "y_in": y,
    })  # fmt: skip
