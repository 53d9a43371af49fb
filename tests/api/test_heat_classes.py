"""Heat in quantiles and natural breaks: one set of breaks for every map of as many months, whatever else is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import mapclassify
import numpy as np
import pytest
import shapely

from api import scales
from api.cache import StateCache
from api.surfaces import Heat, HeatAsked, heat_of
from gridmap.store import figures, read
from gridmap.usecases import casework, counting
from gridmap.usecases.imports import load
from gridmap.usecases.reading import view_for
from gridmap.view import Everything, Kind, Scope
from layers import style
from layers.classes import Classes
from layers.heat import LEAST_HOUSEHOLDS
from layers.mercator import metres_a_pixel, width, world
from layers.tiles import Measure, Shape, zoom_for
from tests.api.client import Api
from tests.api.test_heat_tiles import VOID, classes, report, tile_of, viewed
from tests.api.test_layers import settle
from tests.county import centre
from tests.usecases.test_releasing import register

FOUND = [Classes.QUANTILES, Classes.NATURAL]
#: first days of the months with cases that have closed, and of the open one
CLOSED = [date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 8))]


def told(api: Api, query: str, user: str = "official") -> dict[str, Any]:
    answer = api.get(user, "//tiles/heat.json" + query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def breaks(api: Api, query: str, user: str = "official") -> list[float]:
    """The numbers of the legend, whose colours are as many as they part."""
    ramp = told(api, query, user)["legend"][0]
    assert ramp["colours"] == list(style.heat_ramp(len(ramp["breaks"]) + 1))
    found: list[float] = ramp["breaks"]
    return found


def by_hand(api: Api, length: int, measure: Measure, bandwidth_m: float) -> np.ndarray:
    """What each map of so many closed months shows at all pixels' middles: every case summed for every one of them."""
    ctx, view = api.county.ctx, viewed(api, "official")
    given, extent = counting.heat_ground(ctx, view), counting.county_extent(ctx, view)
    assert extent is not None
    lat = (extent[1] + extent[3]) / 2
    zoom = zoom_for(bandwidth_m, lat)
    sigma = bandwidth_m / metres_a_pixel(zoom, lat)
    west, south, east, north = given.area.bounds
    (left, right), (top, bottom) = (np.floor(part * width(zoom)) for part in world([west, east], [north, south]))
    x, y = (grid.ravel() + 0.5 for grid in np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1)))

    def sums(places: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        inside = shapely.intersects_xy(given.area, *places)
        px, py = (part[inside] * width(zoom) for part in world(*places))
        return np.exp(-((x[:, None] - px) ** 2 + (y[:, None] - py) ** 2) / (2 * sigma**2)).sum(axis=1)

    window = (int(left), int(top), int(right - left) + 1, int(bottom - top) + 1)
    homes = sums(given.households)
    drawn = (homes >= LEAST_HOUSEHOLDS) & (Shape(given.area).mask(zoom, *window).ravel() > 0)
    shown = []
    for number in range(len(CLOSED) - length):
        found = counting.heat_cases(ctx, view, {"from": CLOSED[number], "to": CLOSED[number + length]})
        cases = sums((found.lon, found.lat))[drawn]
        shown.append(
            100 * cases / homes[drawn] if measure is Measure.RATE else cases * 1e6 / (2 * np.pi * bandwidth_m**2)
        )
    return np.concatenate(shown)


@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize(("length", "query"), [(1, "from=2026-04&to=2026-04"), (3, "from=2026-04&to=2026-06")])
def test_breaks_are_mapclassifys_of_all_maps_of_so_many_months(
    api_lite: Api, monkeypatch: pytest.MonkeyPatch, measure: Measure, length: int, query: str
) -> None:
    settle(api_lite)
    seen: list[np.ndarray] = []
    plain = scales.breaks_of
    monkeypatch.setattr(scales, "breaks_of", lambda values, of: (seen.append(np.sort(values)), plain(values, of))[1])
    found = {one: breaks(api_lite, f"?classes={one}&measure={measure}&bandwidth=400&{query}") for one in FOUND}
    expected = np.sort(by_hand(api_lite, length, measure, 400.0))
    assert len(expected) > 200
    assert len(seen[0]) == len(expected)
    assert np.abs(seen[0] - expected).max() < 0.01 * expected[-1]
    theirs = mapclassify.Quantiles(seen[0], k=7), mapclassify.FisherJenks(seen[1], k=7)
    for one, other in zip(FOUND, theirs, strict=True):
        ours = np.searchsorted(found[one], seen[0], side="right")
        # in two digits: whatever lies farther from a break than that is where theirs has it
        written = np.array(found[one])
        clear = (np.abs(seen[0][:, None] - written) > 0.055 * written).all(axis=1)
        full = np.unique(other.yb, return_inverse=True)[1]
        assert (ours == full)[clear].all(), (one, found[one], other.bins)
        assert clear.mean() > 0.4


@pytest.mark.parametrize("classes_", FOUND)
def test_one_legend_for_all_months_places_and_grounds(api: Api, classes_: Classes) -> None:
    settle(api)
    base = f"?classes={classes_}&bandwidth=400"
    april = breaks(api, base + "&from=2026-04&to=2026-04")
    assert len(april) >= 2
    for month in ("2026-01", "2026-05", "2026-06", "2026-07"):
        assert breaks(api, f"{base}&from={month}&to={month}") == april
    for more in ("&near=mine&within=300", "&near=quarry,mine&within=2000", "&crs=gcj02"):
        assert breaks(api, base + "&from=2026-04&to=2026-04" + more) == april
    longer = breaks(api, base + "&from=2026-03&to=2026-06")
    assert longer == breaks(api, base + "&from=2026-02&to=2026-05") != april
    assert longer[-1] > april[-1]
    # all that there is: as from the slider's one end to its other
    assert breaks(api, base) == breaks(api, base + "&from=2025-12&to=2026-07")
    assert breaks(api, base + "&measure=count") != breaks(api, base)
    assert told(api, base)["classes"] == classes_
    assert told(api, "")["classes"] == "mean"


def test_tiles_meet_in_the_same_class_and_have_the_legends_colours(api: Api) -> None:
    settle(api)
    load(api.county.ctx, "incidents", register("A" * 20 + "C" * 9, 60.0, "L-"))
    query = "?classes=quantiles&bandwidth=300&from=2026-05&to=2026-05"
    ramp = told(api, query)["legend"][0]["colours"]
    seen = classes(api, "official", "A", query)
    place = {style.HEAT_RAMP.index(colour) + 1 for colour in ramp}
    assert {one for one in seen.values() if one} <= place
    assert len(set(seen.values())) >= 2
    asked = HeatAsked(classes=Classes.QUANTILES, bandwidth_m=300.0, start=CLOSED[5], end=CLOSED[6])
    surface = heat_of(api.county.ctx, StateCache(10**9), viewed(api, "official"), asked).surface
    assert surface is not None
    x, y = (int(part * width(14)) for part in world(*centre("A")))
    whole = surface.classes(14, x - 128, y - 128, 256, 256)
    left, right = (surface.classes(14, west, y - 128, 128, 256) for west in (x - 128, x))
    assert (np.hstack([left, right]) == whole).all()
    assert api.get("official", tile_of("A") + query).content != api.get("official", tile_of("A")).content


def test_breaks_are_found_once_and_again_when_a_closed_month_is_another(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report of the open month changes the map and no break; what follows equals what is made anew, bit for bit."""
    settle(api)
    ctx, kept, view = api.county.ctx, StateCache(10**9), viewed(api, "official")
    looked: list[int] = []
    plain = scales.breaks_of
    monkeypatch.setattr(scales, "breaks_of", lambda *given: (looked.append(1), plain(*given))[1])
    june = HeatAsked(classes=Classes.NATURAL, bandwidth_m=400.0, start=date(2026, 6, 1), end=date(2026, 7, 1))
    april = replace(june, start=date(2026, 4, 1), end=date(2026, 5, 1))

    def both() -> tuple[Heat, Heat]:
        followed = heat_of(ctx, kept, view, june)
        assert heat_of(ctx, kept, view, april).breaks == followed.breaks
        count = len(looked)
        anew = heat_of(ctx, StateCache(10**9), view, june)
        del looked[count:]
        assert anew.breaks == followed.breaks
        return followed, anew

    first, _ = both()
    assert len(looked) == 1
    new = report(api, "A")
    assert both()[0].breaks == first.breaks
    assert len(looked) == 1
    with read(ctx.engine) as conn:
        dispatcher = view_for(conn, api.county.account("dispatcher-1"), ctx.today())
    everywhere = replace(dispatcher, scope=Scope({Kind.INCIDENT: Everything()}))
    casework.act(ctx, everywhere, new, "void", VOID)
    assert both()[0].breaks == first.breaks
    assert len(looked) == 1, "nothing of a closed month has changed"
    api.county.clock.forward(days=31)  # July has closed
    api.tokens.clear()
    view = viewed(api, "official")
    report(api, "A")
    both()
    assert len(looked) == 2
    load(ctx, "incidents", register("A" * 30, 60.0, "L-"))
    assert both()[0].breaks != first.breaks
    assert len(looked) == 3
    load(ctx, "incidents", register("B" * 10, 300.0, "E-"))  # before all months that were kept
    both()
    assert len(looked) == 4


def test_months_are_read_once_and_then_what_was_touched(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(api)
    ctx, kept, view = api.county.ctx, StateCache(10**9), viewed(api, "official")
    reads: list[bool] = []
    plain = figures.incident_months
    monkeypatch.setattr(
        figures, "incident_months", lambda *a, **k: (reads.append(k["among"] is None), plain(*a, **k))[1]
    )
    for classes_ in FOUND:
        for bandwidth in (400.0, 400.0):
            heat_of(ctx, kept, view, HeatAsked(classes=classes_, bandwidth_m=bandwidth))
    assert reads == [True]
    report(api, "A")
    heat_of(ctx, kept, view, HeatAsked(classes=Classes.NATURAL, bandwidth_m=400.0))
    assert reads == [True, False]
    heat_of(ctx, kept, view, HeatAsked(classes=Classes.MEAN, bandwidth_m=400.0))
    assert reads == [True, False]


def test_what_a_map_needs_stays_however_little_memory_there_is(api_lite: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each tile would read all months again."""
    settle(api_lite)
    ctx, tiny, view = api_lite.county.ctx, StateCache(0), viewed(api_lite, "official")
    asked = HeatAsked(classes=Classes.NATURAL, bandwidth_m=400.0, near=("mine",), within_m=9_000.0)
    first = heat_of(ctx, tiny, view, asked)
    monkeypatch.setattr(counting, "heat_months", lambda *_: pytest.fail("the months were read again"))
    monkeypatch.setattr(counting, "heat_cases", lambda *_: pytest.fail("the cases were read again"))
    monkeypatch.setattr(counting, "heat_ground", lambda *_: pytest.fail("the ground was read again"))
    assert heat_of(ctx, tiny, view, asked).breaks == first.breaks


def test_of_fewer_than_five_cases_in_closed_months_the_mean_decides(api: Api) -> None:
    settle(api)
    none = told(api, "?classes=quantiles&category=traffic")
    assert (none["classes"], none["drawn"]) == ("mean", False)
    assert none["legend"] == told(api, "?category=traffic")["legend"]
    open_month = told(api, "?classes=natural&category=mining-blasting")  # all of them are of this month
    assert (open_month["classes"], open_month["drawn"]) == ("mean", True)
    assert told(api, "?classes=natural&category=mining-dust")["classes"] == "natural"


def test_an_official_of_one_town_learns_nothing_of_another(api: Api) -> None:
    settle(api)
    query = "?classes=quantiles&bandwidth=400"
    before = told(api, query, "official-2")
    assert before["classes"] == "quantiles"
    whole = breaks(api, query)
    load(api.county.ctx, "incidents", register("A" * 30, 60.0, "T-"))
    assert told(api, query, "official-2") == before
    assert breaks(api, query) != whole


def test_an_unknown_division_is_refused(api_shared: Api) -> None:
    for path in ("//tiles/heat.json", tile_of("A")):
        answer = api_shared.get("official", path + "?classes=equal")
        assert answer.status_code == 422
        assert "quantiles" in answer.text
