"""The frames of the demo county: how many, how they hang together, the same from the same seed."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.case.categories import default_categories
from gridmap.demo import County, make_county
from gridmap.errors import InvalidInput
from gridmap.ground import AssignmentIndex, distance_m

POINT = ["lon", "lat", "crs_in", "x_in", "y_in"]
COLUMNS = {
    "areas": ["code", "name", "name_en", "level", "parent", "geometry"],
    "bodies": ["code", "name", "name_en", "kind", "level", "area", "department"],
    "cells": ["code", "name", "name_en", "area", "body", "valid_from", "valid_to", "geometry"],
    "workers": ["code", "name", "name_en", "area", "body", "agent", "phone"],
    "duties": ["worker", "cell", "rank", "valid_from", "valid_to", "weekdays", "starts_min", "ends_min"],
    "leaves": ["worker", "starts_on", "ends_on"],
    "households": ["code", "address", "children", "adults", "elders", "housing", "contact_name", "contact_phone",
                   "contact_consent", *POINT],
    "enterprises": ["code", "name", "name_en", "kind", "status", "opened_on", "source", "geometry", "crs_in", "x_in",
                    "y_in"],
    "incidents": ["number", "category", "channel", "text", "reporter_name", "reporter_phone", "received_at",
                  "occurred_at", "closed_at", "accuracy_m", "household", "enterprise", *POINT],
    "roads": ["code", "name", "name_en", "class", "geometry"],
    "water": ["code", "name", "name_en", "class", "width", "geometry"],
    "places": ["code", "name", "name_en", "class", *POINT],
}  # fmt: skip


def index_of(county: County) -> AssignmentIndex:
    cells = county.cells[["code", "geometry"]]
    return AssignmentIndex(gpd.GeoDataFrame(cells, geometry="geometry", crs="EPSG:4326"))


def test_counts(county: County) -> None:
    assert len(county.households) == 60_000
    assert len(county.enterprises) == 60
    assert len(county.incidents) == 25_000
    assert len(county.workers) > len(county.cells) >= 600
    assert len(county.bodies) == 13 + 1 + 11 + 170
    assert len(set(county.bodies["department"].dropna())) == 13


@pytest.mark.parametrize("kind", COLUMNS)
def test_frames_hold_the_canonical_columns_and_no_more(county: County, kind: str) -> None:
    frame: pd.DataFrame = getattr(county, kind)
    assert list(frame.columns) == ["row", *COLUMNS[kind]]
    assert frame["row"].tolist() == list(range(1, len(frame) + 1))
    assert not any(isinstance(frame[column].dtype, pd.StringDtype) for column in frame)
    texts = frame.select_dtypes(object).drop(columns="geometry", errors="ignore")
    assert not any(value is pd.NaT or isinstance(value, float) for column in texts for value in texts[column].tolist())


def test_the_same_seed_makes_the_same_county(small: County) -> None:
    again = make_county(scale=0.05)
    for field in fields(County):
        one, two = getattr(small, field.name), getattr(again, field.name)
        if isinstance(one, pd.DataFrame):
            if "geometry" in one:
                assert shapely.equals_exact(one["geometry"].to_numpy(), two["geometry"].to_numpy()).all()
                one, two = one.drop(columns="geometry"), two.drop(columns="geometry")
            pd.testing.assert_frame_equal(one, two)
        else:
            assert one == two


def test_another_seed_makes_another(small: County) -> None:
    other = make_county(2, scale=0.05)
    assert len(other.households) == len(small.households) == 3_000
    assert not np.array_equal(other.households["lon"], small.households["lon"])
    assert not np.array_equal(other.enterprises["x_in"], small.enterprises["x_in"])
    assert other.cells["code"].tolist() == small.cells["code"].tolist()


@pytest.mark.parametrize("scale", [0.0, -1.0, 1.5, float("nan")])
def test_a_senseless_scale_is_refused(scale: float) -> None:
    with pytest.raises(InvalidInput, match="scale"):
        make_county(scale=scale)


def test_every_household_is_in_one_cell_of_the_community_it_names(county: County) -> None:
    homes, cells = county.households, county.cells
    at = index_of(county).locate(homes["lon"].to_numpy(), homes["lat"].to_numpy())
    assert (at >= 0).all()
    assert (cells["area"].to_numpy()[at] == homes["code"].str[:12]).all()
    names = county.areas.set_index("code")["name"]
    sample = homes.iloc[::500]
    assert all(
        address.startswith(names[code[:12]]) for address, code in zip(sample["address"], sample["code"], strict=True)
    )
    tree = shapely.STRtree(cells["geometry"].to_numpy())
    points = shapely.points(homes["lon"].to_numpy()[::20], homes["lat"].to_numpy()[::20])
    assert len(tree.query(points, predicate="within")[0]) == len(points)
    assert not homes["code"].duplicated().any()
    assert homes["address"].duplicated().mean() < 0.01


def test_homes_stand_dry_and_apart_from_pits(county: County) -> None:
    points = shapely.points(county.households["lon"].to_numpy(), county.households["lat"].to_numpy())
    for shapes in (county.water.loc[county.water["class"] == "lake", "geometry"], county.enterprises["geometry"]):
        wet = shapely.STRtree(points).query(shapes.to_numpy(), predicate="contains")[1]
        assert len(wet) <= 3


def test_members_and_contacts(county: County) -> None:
    homes = county.households
    assert (homes[["children", "adults", "elders"]].sum(axis=1) > 0).all()
    assert set(homes["housing"]) == {"adobe", "rubble", "brick", "frame", "other", None}
    known = homes["contact_name"].notna()
    assert 2_000 < known.sum() < 4_000
    assert (known == homes["contact_phone"].notna()).all()
    assert (known == homes["contact_consent"]).all()
    phones = pd.concat([homes["contact_phone"], county.workers["phone"], county.incidents["reporter_phone"]]).dropna()
    assert phones.str.fullmatch(r"199-0000-\d{4}").all()


def test_somebody_serves_nearly_every_cell(county: County) -> None:
    duties = county.duties[county.duties["valid_to"].isna()]
    primary = duties[duties["rank"] == "primary"]
    backup = set(duties.loc[duties["rank"] == "backup", "cell"])
    cells = set(county.cells["code"])
    assert not primary["cell"].duplicated().any()
    assert len(cells - set(primary["cell"]) - backup) == 2
    assert 20 < len(cells - backup) < 80
    assert not county.duties.duplicated(["worker", "cell", "valid_from"]).any()
    assert set(county.duties["worker"]) == set(county.workers["code"])
    home = county.workers.set_index("code")["area"]
    assert (home[county.duties["worker"]].to_numpy() == county.duties["cell"].str[:12]).all()
    assert county.duties.loc[county.duties["starts_min"].notna(), "ends_min"].notna().all()


def test_each_community_has_one_petition_agent(county: County) -> None:
    assert (county.workers.groupby("area")["agent"].sum() == 1).all()


def test_some_are_on_leave_on_the_day(county: County) -> None:
    day = date(2026, 7, 3)
    away = [start <= day < end for start, end in zip(county.leaves["starts_on"], county.leaves["ends_on"], strict=True)]
    assert 10 < sum(away) < 80
    assert (county.leaves["ends_on"] > county.leaves["starts_on"]).all()


def test_the_workers_of_the_pictures_are_there(county: County) -> None:
    duties = county.duties.merge(county.cells[["code", "name"]], left_on="cell", right_on="code")
    names = county.workers.set_index("code")["name"]
    now = duties[(duties["rank"] == "primary") & duties["valid_to"].isna()]
    serving = dict(zip(now["name"], names[now["worker"]], strict=True))
    assert serving["柳湾村 03 网格"] == "李春梅"
    assert serving["梨树坪村 02 网格"] == "陈秀英"


def test_incidents_refer_to_what_is_there(county: County) -> None:
    incidents = county.incidents
    leaves = default_categories().dropna(subset="parent")
    assert set(incidents["category"]) <= set(leaves["code"])
    assert len(set(incidents["category"])) > 65
    assert set(incidents["household"].dropna()) <= set(county.households["code"])
    assert set(incidents["enterprise"].dropna()) <= set(county.enterprises["code"])
    assert 0.28 < incidents["household"].notna().mean() < 0.42
    assert set(incidents["channel"]) == {"worker", "phone", "online", "resident", "counter"}
    assert incidents["number"].is_unique
    assert incidents["number"].is_monotonic_increasing
    assert incidents["text"].nunique() > 1_000
    assert (incidents["accuracy_m"].isna() == incidents["channel"].isin(["phone", "counter"])).all()


def test_incidents_of_a_household_lie_at_it(county: County) -> None:
    homes = county.households.set_index("code")
    some = county.incidents.dropna(subset="household")
    at = homes.loc[some["household"]]
    far = distance_m(*(some[c].to_numpy() for c in ("lon", "lat")), *(at[c].to_numpy() for c in ("lon", "lat")))
    assert np.median(far) < 15.0
    assert np.quantile(far, 0.99) < 150.0


def test_a_handful_lie_outside_by_a_little(county: County) -> None:
    outside = index_of(county).locate(county.incidents["lon"].to_numpy(), county.incidents["lat"].to_numpy()) < 0
    assert 8 <= outside.sum() <= 20
    placed = index_of(county).place(*(county.incidents.loc[outside, c].to_numpy() for c in ("lon", "lat")))
    assert placed.nearest_m.max() < 4_000.0


def test_moments_are_in_order(county: County) -> None:
    incidents = county.incidents
    end = datetime.fromisoformat("2026-07-03T00:00:00+08:00")
    start = datetime.fromisoformat("2023-07-03T00:00:00+08:00")
    assert all(start <= moment < end for moment in incidents["received_at"])
    rows = zip(incidents["received_at"], incidents["occurred_at"], incidents["closed_at"], strict=True)
    for received, occurred, closed in rows:
        assert occurred is None or occurred <= received
        assert closed is None or received < closed < end
    still_open = np.mean([closed is None for closed in incidents["closed_at"]])
    assert 0.005 < still_open < 0.02  # a few hundred, most of them young
    assert 0.3 < np.mean([occurred is not None for occurred in incidents["occurred_at"]]) < 0.5


def test_another_day_shifts_the_years() -> None:
    leap = make_county(3, scale=0.02, until=date(2024, 2, 29))
    assert max(leap.incidents["received_at"]).date() <= date(2024, 2, 28)
    assert min(leap.incidents["received_at"]).date() >= date(2021, 2, 28)
    assert all(opened is None or opened < date(2024, 2, 29) for opened in leap.enterprises["opened_on"])
