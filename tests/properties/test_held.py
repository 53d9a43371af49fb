"""What is held in memory gives the pages that the database gives: same rows, same order, same next, for any View."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from api.answers import Fields
from gridmap.store import bulk_insert, features, read, versions, write
from gridmap.store import tables as t
from gridmap.store.held import DEPENDS
from gridmap.usecases.holding import Holdings
from gridmap.usecases.reading import KIND_OF_LAYER
from gridmap.view import Audience, Everything, Grant, Kind, Scope, View
from tests.properties.test_scope import GRANTS, county
from tests.store.county import TODAY, spot

__all__ = ["county"]

LAYERS = sorted(DEPENDS)
BOXES = st.one_of(st.none(), st.tuples(*[st.integers(0, 8)] * 4))


def box_of(engine: Engine, sides: tuple[int, int, int, int] | None) -> tuple[float, float, float, float] | None:
    """A box whose sides run through the corners and points of what is drawn, with no width or height at times."""
    if sides is None:
        return None
    with read(engine) as conn:
        homes = features.page(conn, View.system(TODAY), "households").rows["geom"].to_numpy()
        cells = features.page(conn, View.system(TODAY), "cells").rows["geom"].to_numpy()
    x, y = np.unique(shapely.get_coordinates([*homes, *cells]), axis=0).T
    steps = np.linspace(0, 1, 9)
    xs, ys = (np.quantile(values, steps, method="nearest") for values in (x, y))
    west, east, south, north = (*sorted(sides[:2]), *sorted(sides[2:]))
    return float(xs[west]), float(ys[south]), float(xs[east]), float(ys[north])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layer=st.sampled_from(LAYERS), grant=GRANTS, sides=BOXES, after=st.one_of(st.none(), st.integers(0, 12)),
    limit=st.integers(1, 6), days=st.integers(-3, 3), audience=st.sampled_from([Audience.DUTY] * 3 + [*Audience]),
)  # fmt: skip
def test_a_held_page_is_the_database_s(
    county: Engine,
    layer: str,
    grant: Grant,
    sides: tuple[int, int, int, int] | None,
    after: int | None,
    limit: int,
    days: int,
    audience: Audience,
) -> None:
    view = View(None, Scope({KIND_OF_LAYER[layer]: grant}), TODAY + timedelta(days=days), audience=audience)
    asked = {"bbox": box_of(county, sides), "after": after, "limit": limit}
    with read(county) as conn:
        theirs = features.page(conn, view, layer, **asked)  # type: ignore[arg-type]
    holding = Holdings().find(county, {}, layer, view.as_of)
    assert holding is not None
    ours = holding.page(view, **asked)  # type: ignore[arg-type]
    assert ours is not None
    assert (ours.ids(), ours.next) == (theirs.ids(), theirs.next)
    assert list(ours.rows.columns) == list(theirs.rows.columns)
    fields = Fields(*(name for name in theirs.rows.columns if name != "geom"))
    assert fields.rows(ours.rows) == fields.rows(theirs.rows)
    assert (
        shapely.to_wkb(ours.rows["geom"].to_numpy()).tolist() == shapely.to_wkb(theirs.rows["geom"].to_numpy()).tolist()
    )


def everything(kind: Kind) -> View:
    return View(None, Scope({kind: Everything()}), TODAY)


def test_a_change_is_in_the_next_page(engine: Engine) -> None:
    """Whoever changed the rows: what decides is the version that the request saw."""
    held, view = Holdings(), everything(Kind.BASEMAP)

    def names() -> list[str]:
        with read(engine) as conn:
            seen = versions.read(conn)
        holding = held.find(engine, seen, "places", TODAY)
        assert holding is not None
        page = holding.page(view)
        assert page is not None
        return [text.decode() for text in page.texts("names", lambda rows: [name.encode() for name in rows["name"]])]

    def change(name: str) -> None:
        with write(engine) as conn:
            if not conn.execute(t.places.update().values(name=name)).rowcount:
                bulk_insert(conn, t.places, {"code": ["P"], "name": [name], "class": ["village"], "geom": [spot("A")]})
            versions.bump(conn, "places")

    assert names() == []
    for name in ("one", "two", "three"):
        change(name)
        assert names() == [name]
        assert names() == [name]


def test_what_is_too_large_is_not_held_and_written_rows_are_bounded(engine: Engine) -> None:
    with write(engine) as conn:
        codes = [f"P{i}" for i in range(20)]
        places = {"code": codes, "name": codes, "class": ["village"] * 20, "geom": [spot("A")] * 20}
        bulk_insert(conn, t.places, places)
    view = everything(Kind.BASEMAP)
    small = Holdings(most_rows=19).find(engine, {}, "places", TODAY)
    assert small is not None
    assert small.page(view) is None
    held = Holdings(most_bytes=1000)
    holding = held.find(engine, {}, "places", TODAY)
    assert holding is not None
    page = holding.page(view)
    assert page is not None
    written: list[int] = []

    def write_rows(rows: object) -> list[bytes]:
        written.append(len(rows))  # type: ignore[arg-type]
        return [b"x" * 20] * len(rows)  # type: ignore[arg-type]

    for _ in range(3):
        assert page.texts("kind", write_rows) == [b"x" * 20] * 20
    assert written == [20, 20, 20]  # 20 rows take more than 1,000 bytes: nothing is kept
    assert holding.bytes == 0


@pytest.mark.parametrize("layer", LAYERS)
def test_dated_layers_keep_two_days(engine: Engine, layer: str) -> None:
    held = Holdings()
    first = held.find(engine, {}, layer, TODAY)
    for days in (1, 2):
        held.find(engine, {}, layer, TODAY + timedelta(days=days))
    again = held.find(engine, {}, layer, TODAY)
    assert (again is first) == (layer != "cells")
