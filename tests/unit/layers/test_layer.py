"""Layers: what may be asked, what may leave, and how rows become GeoJSON."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.people.roles import Standing, scope_of
from gridmap.view import Audience, Kind, Role, Scope
from layers import LANGS, LAYERS, layers_for

PERSONAL = {"households", "incidents"}


def frame(**columns: object) -> pd.DataFrame:
    """Two rows with geometry; given columns win."""
    rows = {"id": [7, 8], "geom": [shapely.Point(106.5, 27.0), shapely.Point(106.6, 27.1)], **columns}
    return pd.DataFrame(rows)


@pytest.mark.parametrize("name", sorted(LAYERS))
@pytest.mark.parametrize("audience", list(Audience))
def test_only_listed_fields_leave(name: str, audience: Audience) -> None:
    layer = LAYERS[name]
    rows = frame(
        text=["秘密", "secret"], contact_phone="139", reporter_name="x", subject_id=1, crs_in="wgs84", name="甲"
    )
    if audience not in layer.audiences:
        with pytest.raises(InvalidInput, match=f"the layer {name} is not given to {audience}"):
            layer.features(rows, "zh", audience)
        return
    collection = layer.features(rows, "zh", audience)
    listed = {field.name for field in layer.fields if audience in field.audiences}
    assert [set(one["properties"]) for one in collection["features"]] == [listed, listed]
    assert "secret" not in str(collection)
    assert "139" not in str(collection)


def test_nothing_about_persons_is_for_release_or_figures() -> None:
    for name in PERSONAL:
        assert LAYERS[name].audiences == {Audience.DUTY}
    assert Audience.RELEASE not in LAYERS["heat"].audiences
    released = {field.name for field in LAYERS["cells"].fields if Audience.RELEASE in field.audiences}
    assert released == {"code", "name", "area", "area_m2", "valid_from", "valid_to"}


def test_layers_follow_the_scope() -> None:
    worker = scope_of(Role.WORKER, Standing(cell_ids=frozenset({1}), worker_id=1))
    planner = scope_of(Role.PLANNER, Standing(area_path="/1/"))
    assert {layer.name for layer in layers_for(worker, Audience.DUTY)} >= PERSONAL
    assert not PERSONAL & {layer.name for layer in layers_for(planner, Audience.DUTY)}
    assert {layer.name for layer in layers_for(Scope({}), Audience.RELEASE)} == {"land", "water", "roads", "places"}
    assert {layer.kind for layer in LAYERS.values()} >= {Kind.CELL, Kind.HOUSEHOLD, Kind.INCIDENT, Kind.ENTERPRISE}


def test_values_are_plain_json() -> None:
    rows = frame(
        code=["52-A", None],
        name=["龙坳村", "城关"],
        name_en=["Long'ao", None],
        area_m2=[1234.5678901, float("nan")],
        valid_from=[date(2026, 1, 1), pd.NaT],
        households=np.array([3, 4], dtype=np.int64),
        workers=[1.0, float("inf")],
    )
    first, second = (one["properties"] for one in LAYERS["cells"].features(rows, "en")["features"])
    assert first["name"] == "Long'ao"
    assert second["name"] == "城关"  # no English name: the Chinese one, not nothing
    assert first["valid_from"] == "2026-01-01"
    assert first["area_m2"] == 1234.56789
    assert first["workers"] == 1
    assert isinstance(first["workers"], int)
    assert [second[key] for key in ("code", "area_m2", "valid_from", "workers", "load")] == [None] * 5
    chinese = LAYERS["cells"].features(rows, "zh")["features"]
    assert chinese[0]["properties"]["name"] == "龙坳村"


def test_moments_keep_their_offset() -> None:
    rows = frame(received_at=[datetime(2026, 7, 3, 2, 0, tzinfo=UTC), None])
    properties = LAYERS["incidents"].features(rows, "zh")["features"]
    assert properties[0]["properties"]["received_at"] == "2026-07-03T02:00:00+00:00"
    assert properties[1]["properties"]["received_at"] is None


def test_geometry_is_rounded_turned_and_never_missing() -> None:
    clockwise = shapely.Polygon([(0, 0), (0, 1.23456789), (1, 1), (1, 0)])
    rows = pd.DataFrame({"id": [1, 2], "geom": [clockwise, None]})
    collection = LAYERS["cells"].features(rows, "zh")
    assert [one["id"] for one in collection["features"]] == [1]
    ring = collection["features"][0]["geometry"]["coordinates"][0]
    assert shapely.LinearRing(ring).is_ccw
    assert [0, 1.234568] in ring
    assert LAYERS["water"].decimals == 5


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_an_empty_frame_is_an_empty_collection(name: str) -> None:
    layer = LAYERS[name]
    audience = next(one for one in Audience if one in layer.audiences)
    empty = pd.DataFrame({"id": [], "geom": np.empty(0, dtype=object)})
    for lang in LANGS:
        collection = layer.features(empty, lang, audience)
        assert collection["features"] == []
        assert collection["type"] == "FeatureCollection"


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_the_manifest_speaks_both_languages(name: str) -> None:
    layer = LAYERS[name]
    chinese, english = (layer.manifest(lang, Audience.DUTY) for lang in LANGS)
    assert chinese["title"] != english["title"]
    assert english["title"].isascii()
    for one in (*english["fields"], *english["params"]):
        assert one["title"].replace("²", "2").isascii(), one
    assert [item["draw"] for item in chinese["legend"]] == [item["draw"] for item in english["legend"]]


@pytest.mark.parametrize(
    ("layer", "query", "value"),
    [
        ("heat", {"from": "2026-03-01"}, {"from": date(2026, 3, 1)}),
        ("heat", {"near": "mine,factory", "within": "1500"}, {"near": ("mine", "factory"), "within": 1500.0}),
        ("heat", {"category": ""}, {}),
        ("cells", {"measure": "open_incidents", "code": "a.b"}, {"measure": "open_incidents", "code": "a.b"}),
        ("incidents", {"light": "very_late", "status": "closed"}, {"light": "very_late", "status": "closed"}),
        ("roads", {"class": "main,track"}, {"class": ("main", "track")}),
    ],
)  # fmt: skip
def test_parameters_are_typed(layer: str, query: dict[str, str], value: dict[str, object]) -> None:
    assert LAYERS[layer].parse(query) == value


@pytest.mark.parametrize(
    ("layer", "query", "named"),
    [
        ("heat", {"form": "2026-03-01"}, "form"),
        ("heat", {"from": "2026-02-30"}, "from"),
        ("heat", {"from": "1.3.2026"}, "from"),
        ("heat", {"near": "mine,school"}, "near"),
        ("heat", {"near": ","}, "near"),
        ("heat", {"within": "nan"}, "within"),
        ("heat", {"within": "1e999"}, "within"),
        ("heat", {"within": "99"}, "within"),
        ("heat", {"within": "-"}, "within"),
        ("heat", {"category": "a b"}, "category"),
        ("heat", {"category": "x" * 65}, "category"),
        ("heat", {"category": "a\x00"}, "category"),
        ("incidents", {"light": "blue"}, "light"),
        ("land", {"detail": "closer"}, "detail"),
        ("areas", {"geom": "1"}, "geom"),
    ],
)
def test_a_wrong_parameter_is_named(layer: str, query: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        LAYERS[layer].parse(query)
    assert raised.value.details["parameter"] == named
    assert named in raised.value.message
