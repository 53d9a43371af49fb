"""Figures before and after a redraw, against counting everything anew; the diff of drawings; a real redraw."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.ground import AssignmentIndex, convert
from gridmap.plan import (
    AssignCodes,
    ChangeCommunity,
    Diff,
    Drawing,
    Merge,
    Placed,
    Split,
    apply,
    cell_figures,
    diff,
    heirs,
    impact,
    outline_error_m,
)
from tests.unit.plan.county import NORTH, A, B, C, D, county, matters
from tests.unit.plan.test_edits import TALL

NEW = NORTH + "003"
WORKERS = {A: "wang", B: "li", C: "wang", D: None}


def both() -> tuple[Placed, Placed, set[str]]:
    """A is split, its east given to a new cell; C goes to B."""
    before = county()
    placed = Placed.of(before, matters(before))
    after = placed
    codes: set[str] = set()
    for delta in (Split(A, TALL, (A, NEW)), Merge((B, C), B, NORTH)):
        drawing, inverse = apply(after.drawing, delta)
        take, put = {cell.code for cell in inverse.put}, {cell.code for cell in inverse.take}
        after = after.after(drawing, take, put)
        codes |= take | put
    return placed, after, codes


def brute(drawing: Drawing, frame: pd.DataFrame) -> pd.Series:
    """The code of each row's cell, by the index of the whole drawing; "" outside."""
    index = AssignmentIndex(drawing.to_frame())
    return pd.Series(np.array([*index.codes, ""], dtype=object)[index.locate(frame["lon"], frame["lat"])])


def test_figures_are_those_of_counting_anew() -> None:
    _, after, _ = both()
    figures = cell_figures(after, list(after.drawing))
    home, case = (brute(after.drawing, frame) for frame in (after.matters.households, after.matters.cases))
    work = after.matters.households.assign(cell=home, hours=lambda f: f["visits_due"] * f["visit_minutes"] / 60)
    lights = pd.crosstab(case, after.matters.cases["light"])
    for code in after.drawing:
        own = work[work["cell"] == code]
        assert figures.loc[code, "households"] == len(own)
        assert figures.loc[code, "visits_due"] == own["visits_due"].sum()
        assert figures.loc[code, "visit_hours"] == pytest.approx(own["hours"].sum())
        assert figures.loc[code, "open"] == (case == code).sum()
        assert figures.loc[code, "red"] == (lights.loc[code, "red"] if code in lights.index else 0)
        zones = shapely.area(shapely.intersection(after.matters.zones, after.drawing[code].shape)) > 0
        assert figures.loc[code, "blasting_zones"] == zones.sum()
    assert 100 < figures["walk_m"].max() < 1000


def test_workers_carry_all_their_cells_and_nobody_is_lost() -> None:
    before, after, codes = both()
    staff = {A: "wang", B: "li", NEW: "li"}
    found = impact(before, after, WORKERS, staff, codes)
    for figure in ("households", "open", "red", "visits_due"):
        total = [found.cells[side][figure].sum() for side in ("before", "after")]
        assert total[0] == total[1] > 0
    one, other = (found.cells[side]["households"] for side in ("before", "after"))
    assert found.workers.loc["wang", ("before", "households")] == one[A] + one[C]
    assert found.workers.loc["li", ("after", "households")] == other[B] + other[NEW]
    assert found.workers.loc["wang", ("after", "cells")] == 1
    assert np.isnan(found.cells.loc[NEW, ("before", "households")])


def test_handovers_and_crosswalk_agree_with_labels() -> None:
    before, after, codes = both()
    staff = {A: "wang", B: "li", NEW: "wang"}
    found = impact(before, after, WORKERS, staff, codes)
    old, new = (brute(side.drawing, before.matters.households) for side in (before, after))
    want = pd.crosstab(old, new)
    walk = found.crosswalk.set_index(["source_cell", "to_cell"])
    assert all(walk["households"].get((a, b), 0) == want.loc[a, b] for a in want.index for b in want.columns if a and b)
    assert walk["area_m2"].groupby("to_cell").sum()[B] == pytest.approx(
        found.cells.loc[B, ("after", "area_m2")], rel=1e-6
    )
    assert walk.loc[(A, NEW), "households"] > 0
    hand = found.handovers
    assert hand[["source", "to", "source_cell", "to_cell"]].to_numpy().tolist() == [["wang", "li", C, B]]
    assert hand["households"].tolist() == [want.loc[C, B]]
    assert heirs(before, after, WORKERS, codes) == {A: "wang", B: "li", NEW: "wang"}


def test_a_diff_says_what_is_gone_new_changed_and_where_land_went() -> None:
    before, after, _ = both()
    found = diff(before.drawing, after.drawing)
    assert (found.gone, found.new, found.recoded) == ((C,), (NEW,), ())
    assert found.reshaped == (A, B)
    assert {(one.source, one.to) for one in found.moved} == {(A, NEW), (C, B)}
    assert found.unreliable() == ()
    assert len(found.lines({C: "Chen"})) == 4
    assert "gone: Chen (" in found.lines({C: "Chen"})[0]
    assert not diff(after.drawing, after.drawing)


def test_a_diff_knows_a_cell_by_its_shape_and_its_community() -> None:
    before = county()
    after, _ = apply(before, AssignCodes(((A, NEW),)))
    after, _ = apply(after, ChangeCommunity(B, "x"))
    found = diff(before, Drawing.of(after.values(), after.retired))
    assert found == Diff((), (), ((A, NEW),), (), ((B, NORTH, "x"),), (), 0.0)


def test_land_may_enter_and_leave_the_area() -> None:
    before, after = county("AB"), county("AB.")
    wider = Drawing.of([*after.values(), *(cell for cell in county("..C").values())])
    assert [(one.source, one.to) for one in diff(before, wider).moved] == [("", C)]
    assert [(one.source, one.to) for one in diff(wider, before).moved] == [(C, "")]


# --- the redraw of Guiyang, 2010 to 2021 ----------------------------------------------------------------------------


def guiyang(folder: Path, name: str, code: str, crs: str) -> tuple[Drawing, dict[str, str]]:
    features = json.loads((folder / name).read_text(encoding="utf-8-sig"))["features"]
    cells = gpd.GeoDataFrame.from_features(features, crs="EPSG:4326")
    cells["code"] = cells[code].astype(str)
    moved = shapely.transform(cells.geometry.to_numpy(), lambda x, y: convert(x, y, crs, "wgs84"), interleaved=False)
    drawing = Drawing.from_frame(cells.set_geometry(moved, crs="EPSG:4326").assign(area="5201"), community="area")
    return drawing, dict(zip(cells["code"], cells["name"], strict=True))


def test_the_real_redraw_of_guiyang_is_readable(shared_data: Path) -> None:
    old, names = guiyang(shared_data / "guiyang", "520100_counties_2010_bom.json", "id", "wgs84")
    new, new_names = guiyang(shared_data / "guiyang", "520100_counties_gcj02.json", "adcode", "gcj02")
    names |= new_names
    error_m = outline_error_m(old, new)
    assert 300 < error_m < 1500, "the older file is generalised"
    found = diff(old, new, error_m)
    assert [names[code] for code in found.gone] == ["小河区"]
    assert [names[code] for code in found.new] == ["观山湖区"]
    assert found.lines(names)[:4] == [
        "gone: 小河区 (520114)",
        "new: 观山湖区 (520115)",
        f"乌当区 (520112) -> 观山湖区 (520115): {found.moved[0].area_m2 / 1e6:.3f} km2",
        f"清镇市 (520181) -> 观山湖区 (520115): {found.moved[1].area_m2 / 1e6:.3f} km2",
    ]
    chinese = found.lines(names, "zh")
    assert chinese[:2] == ["撤销：小河区（520114）", "新设：观山湖区（520115）"]
    assert chinese[2].startswith("乌当区（520112） → 观山湖区（520115）：")
    assert chinese[3].startswith("清镇市（520181） → 观山湖区（520115）：")
    (apart,) = [n for n, line in enumerate(chinese) if line.startswith("不可靠：")]
    assert len(chinese) == apart + 1 + len(found.unreliable())
    reliable = {(names.get(one.source), names.get(one.to)) for one in found.reliable()}
    assert {("小河区", "花溪区"), ("花溪区", "南明区"), ("乌当区", "南明区")} < reliable
    doubtful = {(names.get(one.source), names.get(one.to)): one.area_m2 / 1e6 for one in found.unreliable()}
    assert doubtful["息烽县", "修文县"] > 10, "tens of square kilometres, and no redraw"
    assert not any("开阳县" in pair or "息烽县" in pair for pair in reliable), "counties that no redraw touched"
