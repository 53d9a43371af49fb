"""Heat tiles over HTTP: who gets which, what they count, and rasters that follow the data bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select

from api import layering, surfaces
from api.cache import StateCache
from api.surfaces import HeatAsked, heat_of
from gridmap.store import figures, read, versions, write
from gridmap.store import tables as t
from gridmap.usecases import casework, counting
from gridmap.usecases.reading import Reader, view_for
from gridmap.view import Everything, Kind, Scope, View
from layers import style
from layers.mercator import width, world
from layers.tiles import Measure, Raster
from layers.tiles.raster import WHOLE
from tests.api.client import Api, problem
from tests.api.test_layers import settle
from tests.county import CELL, centre, hand_over

RESOLVED = {"outcome": "settled", "note": "双方谈妥"}
VOID = {"reason": "not_a_case", "note": "误报"}
#: the tile at zoom 14 that holds the county's middle
ZOOM = 14


def tile_of(letter: str, zoom: int = ZOOM) -> str:
    x, y = (int(part * 2**zoom) for part in world(*centre(letter)))
    return f"//tiles/heat/{zoom}/{x}/{y}.png"


def classes(api: Api, user: str, letter: str, query: str = "") -> dict[str, int]:
    """Who sees which class at the middles of the cells of a tile: 0 for none."""
    answer = api.get(user, tile_of(letter) + query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    seen = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    ramp = {bytes.fromhex(one[1:])[::-1]: number + 1 for number, one in enumerate(style.HEAT_RAMP)}
    found = {}
    corner = tuple(int(part * 2**ZOOM) * 256 for part in world(*centre(letter)))
    for one in "ABCDEFGH":
        x, y = (int(part * width(ZOOM)) - start for part, start in zip(world(*centre(one)), corner, strict=True))
        if 0 <= x < 256 and 0 <= y < 256:
            pixel = seen[y, x]
            found[one] = ramp[bytes(pixel[:3])] if pixel[3] else 0
    return found


def report(api: Api, letter: str, category: str = "mining-dust", east: float = 0.0) -> int:
    lon, lat = centre(letter, east)
    said = {"category": category, "lon": lon, "lat": lat, "text": "灰尘很大"}
    user = {"A": "worker-a", "B": "worker-b", "G": "worker-g"}[letter]
    answer = api.post(user, "/incidents", said)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_tile_and_its_legend(api: Api) -> None:
    settle(api)
    told = api.get("official", "//tiles/heat.json?measure=rate").json()
    assert (told["incidents"], told["households"], told["drawn"]) == (48, 832, True)
    assert told["mean"] == pytest.approx(100 * 48 / 832)
    ramp = told["legend"][0]
    assert (ramp["colours"], len(ramp["breaks"])) == (list(style.HEAT_RAMP), 6)
    x, y = (int(part * 2**ZOOM) for part in world(*centre("A")))
    address = told["tiles"][0].format(z=ZOOM, x=x, y=y)
    assert "measure=rate" in address
    assert api.get("official", "/" + address).content == api.get("official", tile_of("A") + "?measure=rate").content
    assert all(0 < number <= 7 for number in classes(api, "official", "A").values())
    density = api.get("official", "//tiles/heat.json?measure=count").json()
    assert density["mean"] == pytest.approx(48 / (1.545 * 0.866), rel=0.01)  # km: 1/64 by 1/128 degree
    assert density["legend"] != told["legend"]
    near = api.get("official", "//tiles/heat.json?measure=count&near=mine&within=300").json()
    assert (near["mean"], near["legend"]) == (density["mean"], density["legend"])  # the whole area's, to compare with


def test_a_tile_is_kept_until_the_data_changes(api: Api) -> None:
    settle(api)
    first = api.get("official", tile_of("A"))
    assert first.headers["cache-control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    again = api.get("official", tile_of("A"), headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    for _ in range(30):
        report(api, "A")
    after = api.get("official", tile_of("A"), headers=tag)
    assert after.status_code == 200
    assert after.content != first.content


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?categroy=mining", "unknown_parameter"),
        ("?from=2026-01&from=2026-02", "invalid_input"),
        ("?from=2026-03&to=2026-02", "invalid_input"),
        ("?from=2026-03-01", "invalid_input"),
        ("?from=2026-13", "invalid_input"),
        ("?near=bank", "invalid_input"),
        ("?within=5", "invalid_input"),
        ("?bandwidth=20", "invalid_input"),
        ("?bandwidth=nan", "invalid_input"),
        ("?measure=cases", "invalid_input"),
        ("?from=0000-01", "invalid_input"),
        ("?to=9999-12", "invalid_input"),
    ],
)
def test_what_cannot_be_asked(api_shared: Api, query: str, code: str) -> None:
    for path in (tile_of("A"), "//tiles/heat.json"):
        problem(api_shared.get("official", path + query), 422, code)


def test_tiles_that_there_are_not(api_shared: Api) -> None:
    problem(api_shared.get("official", "//tiles/heat/3/8/0.png"), 404, "not_found")
    assert api_shared.get("official", "//tiles/heat/21/0/0.png").status_code == 422
    empty = api_shared.get("official", "//tiles/heat/14/0/0.png")
    assert (empty.status_code, len(empty.content) < 200) == (200, True)


def test_those_who_have_no_heat_layer_get_no_tile(api_shared: Api) -> None:
    for user in ("worker-a", "handler-land", "admin"):
        problem(api_shared.get(user, tile_of("A")), 403, "forbidden")
        problem(api_shared.get(user, "//tiles/heat.json"), 403, "forbidden")


def test_an_official_of_one_town_gets_nothing_of_another(api: Api) -> None:
    """Not by colour, nor by what a report in the other town does to tile, classes and figures."""
    settle(api)
    whole, town = classes(api, "official", "A"), classes(api, "official-2", "A")
    assert all(whole[letter] > 0 for letter in whole)
    assert all(town[letter] == 0 for letter in town if letter in "ABCD")
    figures_before = api.get("official-2", "//tiles/heat.json").json()
    pictures = {zoom: api.get("official-2", tile_of("G", zoom)).content for zoom in (9, 12, 14)}
    for _ in range(6):
        report(api, "A")
    assert api.get("official-2", "//tiles/heat.json").json() == figures_before
    assert {zoom: api.get("official-2", tile_of("G", zoom)).content for zoom in pictures} == pictures
    assert api.get("official", "//tiles/heat.json").json()["incidents"] == figures_before["incidents"] + 24 + 6


def test_of_fewer_than_five_cases_nothing_is_drawn(api: Api) -> None:
    settle(api)
    told = api.get("official", "//tiles/heat.json?category=traffic").json()
    assert (told["drawn"], told["incidents"]) == (False, 0)
    assert set(classes(api, "official", "A", "?category=traffic").values()) == {0}
    few = "?category=mining-dust&from=2026-06&to=2026-06&near=mine&within=100"
    assert api.get("official", "//tiles/heat.json" + few).json()["drawn"] is False


# --- what is counted --------------------------------------------------------------------------------------------------


def viewed(api: Api, user: str) -> View:
    county = api.county
    account = county.account(user)
    with read(county.ctx.engine) as conn:
        view = view_for(conn, account, county.ctx.today())
    return layering.find(Reader(county.ctx, view, api.app.state.read_log, "test"), "heat").view


def points_of(api: Api, asked: HeatAsked, user: str = "official") -> int:
    """How many cases are drawn, by the raster itself."""
    found = heat_of(api.county.ctx, StateCache(10**9), viewed(api, user), asked)
    return 0 if found.surface is None else whole_of(found.surface.cases)


def whole_of(raster: Raster) -> int:
    total = sum(int(block.sum()) for block in raster.levels[0].values())
    assert total % WHOLE == 0
    return total // WHOLE


def test_filters_by_category_months_and_distance(api: Api) -> None:
    """The tiny county's pattern: in each of 8 cells six cases, received 0.1 to 200 days before 3 July."""

    def told(query: str) -> int:
        return int(api.get("official", "//tiles/heat.json" + query).json()["incidents"])

    assert told("?category=mining") == 24
    assert told("?category=labour-wages") == 8
    assert told("?from=2026-07&to=2026-07") == 8  # the open month, as far as it has gone
    assert told("?from=2026-06&to=2026-06") == 16
    assert told("?to=2026-05") == 24
    assert told("?from=2026-04&to=2026-05&category=mining") == 8
    near = HeatAsked(near=("mine",), within_m=300.0)
    assert points_of(api, near) < points_of(api, HeatAsked(near=("factory", "mine", "quarry"), within_m=300.0)) < 48
    assert points_of(api, HeatAsked(near=("mine",), within_m=20_000.0)) == 48
    counted = counting.counts(api.county.ctx, viewed(api, "official"), "month", {"category": "mining"})
    by_month = dict(zip(counted["month"], counted["count"], strict=True))
    assert told("?from=2026-06&to=2026-06&category=mining") == by_month["2026-06"]


def test_a_map_in_gcj02_shifts_the_tiles(api: Api) -> None:
    """A place is some 400 m further; its class goes with it."""
    settle(api)
    plain = api.get("official", tile_of("A") + "?bandwidth=300").content
    shifted = api.get("official", tile_of("A") + "?bandwidth=300&crs=gcj02").content
    assert plain != shifted
    assert points_of(api, HeatAsked(crs="gcj02")) == points_of(api, HeatAsked()) == 48


# --- rasters that follow the data -------------------------------------------------------------------------------------


def same(one: surfaces.Heat, other: surfaces.Heat) -> bool:
    """Bit for bit the same rasters, and the same figures."""
    assert one.surface is not None
    assert other.surface is not None
    pairs = zip(one.surface.cases.levels, other.surface.cases.levels, strict=True)
    return (one.incidents, one.households, one.breaks) == (other.incidents, other.households, other.breaks) and all(
        a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a) for a, b in pairs
    )


def test_what_follows_equals_what_is_made_anew_bit_for_bit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports, moved pins, moves out of the area, closings, hand-overs, in several Views and filters at once."""
    settle(api)
    county, kept = api.county, StateCache(10**9)
    asked = [
        HeatAsked(), HeatAsked(category="mining"), HeatAsked(bandwidth_m=400.0, measure=Measure.COUNT),
        HeatAsked(near=("mine", "quarry"), within_m=500.0),
    ]  # fmt: skip
    reads: list[Any] = []
    plain = figures.incident_places
    monkeypatch.setattr(figures, "incident_places", lambda *a, **k: (reads.append(k["among"]), plain(*a, **k))[1])
    new: list[int] = []
    with read(county.ctx.engine) as conn:
        dispatcher = view_for(conn, county.account("dispatcher-1"), county.ctx.today())
    everywhere = replace(dispatcher, scope=Scope({Kind.INCIDENT: Everything()}))

    def moved(letter: str, to: str, east: float) -> None:
        lon, lat = centre(to, east)
        answer = api.post("dispatcher-1", f"/incidents/{new[0]}/actions/move", {"lon": lon, "lat": lat})
        assert answer.json()["moved"] is True, (letter, answer.text)

    def outside() -> None:
        lon, lat = centre("A", -0.55)
        casework.move(county.ctx, everywhere, new[0], lon, lat, confirmed=True)

    def handed_over() -> None:
        with write(county.ctx.engine) as conn:
            hand_over(conn, "R-A1", "G", at=county.clock() - timedelta(minutes=1))
            identity = conn.execute(select(t.incidents.c.id).where(t.incidents.c.source_ref == "R-A1")).scalar_one()
            versions.bump_rows(conn, "incidents", [identity])

    steps: list[tuple[str, Callable[[], Any]]] = [
        ("as it was", lambda: None),
        ("reported", lambda: new.append(report(api, "A", east=0.2))),
        ("another category", lambda: new.append(report(api, "B", "labour-wages"))),
        ("in the other town", lambda: report(api, "G")),
        ("moved a little", lambda: moved("A", "A", -0.3)),
        ("moved to another cell", lambda: moved("A", "C", 0.1)),
        ("moved out of the area", outside),
        ("moved in again", lambda: casework.move(county.ctx, everywhere, new[0], *centre("D", 0.2))),
        ("resolved", lambda: casework.act(county.ctx, everywhere, new[0], "resolve", RESOLVED)),
        ("void", lambda: casework.act(county.ctx, everywhere, new[1], "void", VOID)),
        ("handed to another town", handed_over),
    ]  # fmt: skip
    views = [viewed(api, user) for user in ("official", "official-2")]
    for name, step in steps:
        county.clock.forward(minutes=1)
        step()
        for view in views:
            for one in asked:
                reads.clear()
                followed = heat_of(county.ctx, kept, view, one)
                anew = heat_of(county.ctx, StateCache(10**9), view, one)
                if followed.surface is None:
                    assert anew.surface is None
                else:
                    assert same(followed, anew), (name, view.actor, one)
                # what was kept asked for the changed ones only, what is made anew for all
                assert [among is None for among in reads] == ([True] * 2 if name == "as it was" else [False, True]), (
                    name
                )
    assert heat_of(county.ctx, kept, views[0], asked[0]).incidents == 48 + 3 - 1  # the void one counts nowhere


def test_a_change_of_the_ground_makes_all_anew(api: Api) -> None:
    settle(api)
    kept, view = StateCache(10**9), viewed(api, "official")
    before = heat_of(api.county.ctx, kept, view, HeatAsked())
    assert heat_of(api.county.ctx, kept, view, HeatAsked()).surface is not None
    settle_more(api)
    after = heat_of(api.county.ctx, kept, view, HeatAsked())
    assert after.households == before.households + 1
    assert same(after, heat_of(api.county.ctx, StateCache(10**9), view, HeatAsked()))


def settle_more(api: Api) -> None:
    """One household more."""
    with write(api.county.ctx.engine) as conn:
        lon, lat = centre("C")
        cell = conn.execute(select(t.cells.c.id).where(t.cells.c.code == CELL["C"])).scalar_one()
        values = {"code": "X-NEW", "address": "X", "cell_id": cell, "crs_in": "wgs84", "x_in": lon, "y_in": lat}
        conn.execute(t.households.insert().values(**values, geom=f"SRID=4326;POINT({lon} {lat})"))
        versions.bump(conn, "households")


def test_rasters_are_bounded_in_memory(api_lite: Api) -> None:
    settle(api_lite)
    view, ctx = viewed(api_lite, "official"), api_lite.county.ctx
    one = StateCache(10**9)
    heat_of(ctx, one, view, HeatAsked())
    kept = StateCache(3 * one.nbytes)
    months = [HeatAsked(category=category) for category in ("mining", "mining-dust", "labour-wages", "land-boundary")]
    for asked in (*months, HeatAsked(near=("mine",), within_m=9_000.0), HeatAsked(bandwidth_m=300.0), *months):
        heat_of(ctx, kept, view, asked)
        assert kept.nbytes <= 3 * one.nbytes
    tiny = StateCache(0)
    assert same(heat_of(ctx, tiny, view, HeatAsked()), heat_of(ctx, kept, view, HeatAsked()))
