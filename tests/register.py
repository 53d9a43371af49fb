"""A register of incidents as an office exports it: a CSV of any length for the small county (`tests.county`)."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.county import LAT, LON, SIZE_DEG

HEADING = ["工单编号", "事件类别", "来源", "事件描述", "反映人", "联系电话", "受理时间", "办结时间", "经度", "纬度"]
CATEGORIES = ("mining-blasting", "mining-dust", "labour-wages", "mining-water", "land-boundary", "environment-air")
BEGINNING = datetime.fromisoformat("2024-01-01")
DAYS = 880
_AT_ONCE = 50_000


def write(path: Path, count: int, *, prefix: str = "GD", seed: int = 1) -> Path:
    """`count` rows in no order of time, one in fifty outside all cells, three in four closed; equal for equal seeds."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADING)
        for start in range(0, count, _AT_ONCE):
            writer.writerows(_rows(start, min(start + _AT_ONCE, count), prefix, np.random.default_rng([seed, start])))
    return path


def _rows(start: int, end: int, prefix: str, rng: np.random.Generator) -> list[list[str]]:
    n = end - start
    lon = (LON + rng.uniform(-0.02, 4.02, n) * SIZE_DEG).round(7).tolist()
    lat = (LAT + rng.uniform(-0.02, 2.02, n) * SIZE_DEG).round(7).tolist()
    received = rng.integers(0, DAYS * 86_400, n).tolist()
    took = rng.integers(3600, 400 * 3600, n).tolist()
    rows = []
    for i in range(n):
        number, at = start + i, BEGINNING + timedelta(seconds=received[i])
        closed = at + timedelta(seconds=took[i])
        rows.append([
            f"{prefix}{number:09d}", CATEGORIES[number % 6], "电话" if number % 3 else "网络",
            f"{number % 97}号院墙体因放炮开裂，请派人查看，第{number}次反映",
            f"赵{number % 1000}", f"139{number % 10**8:08d}",
            at.isoformat(" "), f"{closed:%Y/%m/%d %H:%M}" if number % 4 else "", f"{lon[i]:.7f}", f"{lat[i]:.7f}",
        ])  # fmt: skip
    return rows
