"""The kept ground is what the seed draws, and is a true, nested coverage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.demo import Boundaries, draw, ground, keep, load
from gridmap.demo.kept import FOLDER
from gridmap.errors import InvalidInput
from gridmap.ground import CodeScheme, area_m2, check


def test_without_the_kept_ground_the_same_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmap.demo.kept.FOLDER", tmp_path / "absent")  # as in an installed wheel
    keep(ground(), tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name


def test_another_seed_draws_another_county_as_sound() -> None:
    other = draw(7)
    cells = other.cells["geometry"].to_numpy()
    assert 600 <= len(cells) <= 900
    assert shapely.coverage_is_valid(cells)
    assert not set(other.areas.loc[other.areas["level"] == "community", "name"]) <= set(ground().areas["name"])


def test_counts(land: Boundaries) -> None:
    levels = land.areas["level"].value_counts()
    assert levels.to_dict() == {"community": 170, "town": 11, "county": 1}
    assert 600 <= len(land.cells) <= 900
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000


def test_cells_are_a_coverage(land: Boundaries) -> None:
    geometry = land.cells["geometry"].to_numpy()
    assert shapely.is_valid(geometry).all()
    assert shapely.coverage_is_valid(geometry)
    assert (shapely.get_num_geometries(geometry) == 1).all()
    report = check(_frame(land.cells), code="code")
    assert report.as_dict()["ok"], report.as_dict()
    assert np.allclose(
        np.round(shapely.get_coordinates(geometry), 6), shapely.get_coordinates(geometry), rtol=0, atol=1e-9
    )


def _frame(cells: pd.DataFrame) -> object:
    import geopandas as gpd

    return gpd.GeoDataFrame(cells[["code", "geometry"]], geometry="geometry", crs="EPSG:4326")


def test_areas_are_the_exact_union_of_their_cells(land: Boundaries) -> None:
    for code, shape in zip(land.areas["code"], land.areas["geometry"], strict=True):
        mine = land.cells.loc[land.cells["code"].str.startswith(code), "geometry"].to_numpy()
        assert shapely.equals(shapely.coverage_union_all(mine), shape), code
        assert shapely.get_num_geometries(shape) == 1, code
    assert not shapely.get_num_interior_rings(shapely.get_parts(land.areas["geometry"].iloc[0])).any()


def test_codes_follow_the_rule(land: Boundaries) -> None:
    scheme = CodeScheme()
    assert not land.cells["code"].duplicated().any()
    assert all(scheme.validate(code) == code for code in land.cells["code"])
    assert (land.cells["code"].str[:12] == land.cells["area"]).all()
    assert set(land.cells["area"]) == set(land.areas.loc[land.areas["level"] == "community", "code"])
    centre = shapely.centroid(land.cells["geometry"].to_numpy())
    for area, rows in land.cells.groupby("area").indices.items():
        expected = scheme.number(str(area), shapely.get_x(centre[rows]), shapely.get_y(centre[rows]))
        assert expected.tolist() == land.cells["code"].iloc[rows].tolist()
    parents = dict(zip(land.areas["code"], land.areas["parent"], strict=True))
    assert all(parent is None or parent in parents for parent in parents.values())


def test_no_real_county_has_the_code(shared_data: Path) -> None:
    known = pd.read_csv(shared_data / "division_codes" / "areas.csv", dtype=str)
    assert len(known) > 2_900
    assert "520999" not in set(known["code"])


def test_borders_often_run_along_water_and_roads(land: Boundaries) -> None:
    border = _edges(shapely.boundary(land.cells["geometry"].to_numpy()))
    water = _edges(land.water.loc[land.water["class"] == "river", "geometry"].to_numpy())
    roads = _edges(land.roads["geometry"].to_numpy())
    assert len(border & water) > 0.08 * len(border)
    assert len(border & roads) > 0.04 * len(border)


def _edges(lines: np.ndarray) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    xy, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    joined = np.flatnonzero(line[1:] == line[:-1])
    points = [tuple(point) for point in xy.tolist()]
    return {(min(points[i], points[i + 1]), max(points[i], points[i + 1])) for i in joined.tolist()}


def test_the_county_has_a_believable_shape(land: Boundaries) -> None:
    shape = land.areas["geometry"].iloc[0]
    west, south, east, north = shape.bounds
    assert 0.38 < east - west < 0.52
    assert 0.28 < north - south < 0.38
    assert 900e6 < area_m2(np.array([shape]))[0] < 1_400e6
    sizes = area_m2(land.cells["geometry"].to_numpy())
    assert np.quantile(sizes, 0.02) < 0.2e6 < 1e6 < np.median(sizes) < 4e6 < sizes.max()


def test_names_do_not_repeat(land: Boundaries) -> None:
    assert not land.areas["name"].duplicated().any()
    assert not land.areas["name_en"].duplicated().any()
    assert land.areas["name_en"].str.isascii().all()
    assert {"柳湾村", "梨树坪村", "河口村", "大坪村"} <= set(land.areas["name"])
    assert land.water["name_en"].notna().sum() == land.water["name"].notna().sum() > 30


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cells\.geojson"):
        load(tmp_path)
