"""People report by season, weekday and hour, and some cases are late."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridmap.case.categories import default_categories
from gridmap.demo import County


@pytest.fixture(scope="module")
def reports(county: County) -> pd.DataFrame:
    frame = county.incidents.assign(at=pd.to_datetime(county.incidents["received_at"]))
    known = default_categories().set_index("code").loc[frame["category"].tolist()]
    return frame.assign(process=known["process"].to_numpy(), limit_hours=known["limit_hours"].to_numpy())


def months(reports: pd.DataFrame, *categories: str) -> pd.Series:
    return reports.loc[reports["category"].isin(categories), "at"].dt.month.value_counts()


def test_dust_in_the_dry_season_and_waste_water_in_the_wet(reports: pd.DataFrame) -> None:
    dust, water = months(reports, "mining-dust", "environment-dust"), months(reports, "environment-wastewater")
    assert dust[[12, 1, 2]].sum() > 1.8 * dust[[6, 7, 8]].sum()
    assert water[[6, 7, 8]].sum() > 1.8 * water[[12, 1, 2]].sum()


def test_wages_before_the_spring_festival(reports: pd.DataFrame) -> None:
    wages = reports.loc[reports["category"] == "labour-wages", "at"]
    festivals = pd.to_datetime(["2024-02-10", "2025-01-29", "2026-02-17"]).tz_localize("Asia/Shanghai")
    before = sum(((wages >= day - pd.Timedelta(days=24)) & (wages < day)).sum() for day in festivals)
    assert before / len(wages) > 2.0 * 72 / 1_096


def test_mondays_and_mornings(reports: pd.DataFrame) -> None:
    weekday = reports["at"].dt.day_of_week.value_counts()
    assert weekday[0] > 1.25 * weekday[6]
    hour = reports["at"].dt.hour.value_counts()
    assert hour[9] > 1.5 * hour[13] > 10 * hour[2]


def test_the_festival_is_quiet(reports: pd.DataFrame) -> None:
    daily = reports["at"].dt.strftime("%Y-%m-%d").value_counts()
    week = pd.date_range("2025-01-29", periods=7).strftime("%Y-%m-%d")
    assert daily.reindex(week, fill_value=0).mean() < 0.65 * daily.mean()


def test_some_cases_are_late_and_most_are_not(reports: pd.DataFrame) -> None:
    closed = reports.dropna(subset="closed_at")
    hours = (pd.to_datetime(closed["closed_at"]) - closed["at"]).dt.total_seconds() / 3600.0
    late = (hours > closed["limit_hours"]).groupby(closed["process"]).mean()
    assert ((late > 0.1) & (late < 0.75)).all()
    shift = pd.to_datetime(closed.loc[closed["process"] == "dispute", "closed_at"]).dt.hour
    assert np.mean((shift >= 8) & (shift < 18)) > 0.95
