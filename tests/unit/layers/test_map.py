"""The folium map: local assets only, per instance, and the same skeleton each time."""

from __future__ import annotations

from pathlib import Path

import folium
import pytest
from folium.plugins import Draw, MarkerCluster, MeasureControl

from gridmap.errors import EnvironmentFault
from layers.map import ASSETS, MAP_ID, Tiles, compose, county_map, localise

BOUNDS = (106.4, 27.0, 106.9, 27.4)
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "map.html"


def test_the_skeleton_is_the_golden_one() -> None:
    made = compose(county_map(BOUNDS))
    text = "\n".join([*made.styles, *made.scripts, made.html, made.script, ""])
    assert text == GOLDEN.read_text("utf-8"), "when the change is meant, write the new text into tests/golden/map.html"


def test_two_maps_are_the_same_and_each_its_own() -> None:
    assert compose(county_map(BOUNDS)) == compose(county_map(BOUNDS))
    assert compose(county_map(BOUNDS)) != compose(county_map((0.0, 0.0, 1.0, 1.0)))


def test_no_asset_comes_from_another_host() -> None:
    county = county_map(BOUNDS, tiles=Tiles())
    MarkerCluster().add_to(county)
    localise(county)
    made = compose(county)
    assert made.scripts
    for url in (*made.scripts, *made.styles):
        assert url.startswith("/static/vendor/")
    assert "http" not in made.html + made.script
    assert f'id="{MAP_ID}"' in made.html


def test_folium_itself_is_left_as_it_was() -> None:
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    compose(county_map(BOUNDS))
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert any(url.startswith("https://") for _, url in folium.Map().default_js)


@pytest.mark.parametrize("plugin", [Draw, MeasureControl])
def test_an_unknown_asset_is_an_error(plugin: type[folium.elements.JSCSSMixin]) -> None:
    county = county_map(BOUNDS)
    plugin().add_to(county)
    with pytest.raises(EnvironmentFault, match=r"not among the local ones|would be fetched"):
        localise(county)
    with pytest.raises(EnvironmentFault):
        compose(county)


def test_markup_for_the_head_is_an_error() -> None:
    county = county_map(BOUNDS)
    county.get_root().header.add_child(folium.Element("<script>alert(1)</script>"), name="ours")
    with pytest.raises(EnvironmentFault, match="ours"):
        compose(county)


def test_vendored_files_are_there() -> None:
    folder = Path(__file__).resolve().parents[3] / "api/pages/static/vendor"
    for url in filter(None, ASSETS.values()):
        assert (folder / url.rsplit("/", 1)[1]).is_file(), url
