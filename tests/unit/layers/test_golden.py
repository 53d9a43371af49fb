"""What each layer says of a small grid, as files that a reviewer can read.

When a change is meant: `GRIDMAP_WRITE_GOLDEN=1 pytest tests/unit/layers/test_golden.py`, then read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.view import Audience
from layers import LAYERS, cells, heat
from tests.grids import LAT, LON, SIZE_DEG, grid

FOLDER = Path(__file__).resolve().parents[2] / "golden"
SCRIPT = "</script><img src=x onerror=alert(1)>${alert(1)}`"


def place(east: float, north: float) -> shapely.Point:
    return shapely.Point(LON + east * SIZE_DEG, LAT + north * SIZE_DEG)


def cell_frame() -> pd.DataFrame:
    drawn = grid("AAB/ACB")
    rows = pd.DataFrame(
        {
            "id": [1, 2, 3], "code": drawn["code"],
            "name": ["甲格", SCRIPT, "丙格"], "name_en": ["Cell A", None, "Cell C"],
            "area": "520999101001", "area_m2": [640_000.0, 320_000.0, 160_000.5], "valid_from": date(2026, 1, 1),
            "households": [120, 80, 40], "open_incidents": [3, 0, 1], "overdue": [1, 0, 0], "workers": [1, 2, 0],
            "geom": drawn.geometry.to_numpy(),
        }
    )  # fmt: skip
    return cells.shaded(rows)


def area_frame() -> pd.DataFrame:
    shape = shapely.coverage_union_all(grid("AAB/ACB").geometry.to_numpy())
    names = {"code": ["520999"], "name": ["测试县"], "name_en": ["Test"], "level": ["county"], "parent": [None]}
    return pd.DataFrame({"id": [1], **names, "geom": [shape]})


def line_frame(**more: Any) -> pd.DataFrame:
    line = shapely.LineString([place(0, 0), place(1.5, 1), place(3, 2)])
    return pd.DataFrame({"id": [1], "name": [SCRIPT], "name_en": [None], "class": ["main"], "geom": [line], **more})


def point_frame(**more: Any) -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2], "geom": [place(0.5, 0.5), place(2.5, 1.5)], **more})


def incident_frame() -> pd.DataFrame:
    at = [datetime(2026, 6, 15, 3, 5, tzinfo=UTC), datetime(2026, 7, 1, 3, 5, tzinfo=UTC)]
    return point_frame(
        number=["260615-AAAAAA", "260701-BBBBBB"], category="mining-blasting", category_name="爆破后房屋开裂",
        category_name_en="House cracks after blasting", status=["assigned", "closed"], light=["red", None],
        received_at=at, due_at=at, closed_at=[None, at[1]], cell=["A", "B"], worker=["李春梅", None],
        text=SCRIPT, reporter_name="不能出现",
    )  # fmt: skip


def household_frame() -> pd.DataFrame:
    return point_frame(
        code=["H1", "H2"], address=[SCRIPT, "三组 12 号"], housing=["adobe", None], cell="A", contact_phone="139"
    )


def enterprise_frame() -> pd.DataFrame:
    pit = shapely.box(LON, LAT, LON + 0.1 * SIZE_DEG, LAT + 0.1 * SIZE_DEG)
    rows = point_frame(
        code=["E1", "E2"], name=[SCRIPT, "青石采石场"], name_en=[None, "Qingshi quarry"], kind=["mine", "quarry"]
    )
    return rows.assign(status="active", source=None, geom=[rows["geom"][0], pit])


def heat_frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    homes = rng.uniform((LON, LAT), (LON + 3 * SIZE_DEG, LAT + 2 * SIZE_DEG), (400, 2)).T
    county = area_frame()["geom"][0]
    return heat.surface((homes[0][:20], homes[1][:20]), (homes[0], homes[1]), county, bandwidth_m=300)


FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "areas": area_frame,
    "cells": cell_frame,
    "enterprises": enterprise_frame,
    "heat": heat_frame,
    "households": household_frame,
    "incidents": incident_frame,
    "land": lambda: pd.DataFrame({"geom": [place(1, 1).buffer(0.001)]}),
    "places": lambda: point_frame(name=["龙坳", SCRIPT], name_en=["Long'ao", None], **{"class": "village"}),
    "roads": line_frame,
    "water": lambda: line_frame(width=3).assign(**{"class": "river"}),
}


def audience_of(name: str) -> Audience:
    return Audience.DUTY if Audience.DUTY in LAYERS[name].audiences else Audience.FIGURES


def test_every_layer_has_a_golden_file() -> None:
    assert set(FRAMES) == set(LAYERS)


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_layer_says_what_the_golden_file_says(name: str) -> None:
    layer, path = LAYERS[name], FOLDER / f"layer_{name}.json"
    said = {lang: layer.features(FRAMES[name](), lang, audience_of(name)) for lang in ("zh", "en")}
    text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    assert "不能出现" not in text
    if os.environ.get("GRIDMAP_WRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    golden = json.loads(path.read_text("utf-8"))
    if name == "heat":  # contours differ in the last digit between builds of GEOS: compare shapes, not digits
        assert _without_shapes(said) == _without_shapes(golden)
        assert _covered(said) == pytest.approx(_covered(golden), rel=1e-3)
    else:
        assert json.loads(text) == golden


def _without_shapes(said: dict[str, Any]) -> Any:
    return {
        lang: ([one["properties"] for one in collection["features"]], collection["legend"])
        for lang, collection in said.items()
    }


def _covered(said: dict[str, Any]) -> list[float]:
    shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in said["zh"]["features"]]
    return [float(shapely.area(shape)) for shape in shapes]
