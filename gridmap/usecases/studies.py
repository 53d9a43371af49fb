"""What an analysis computes: from the database's rows to figures as JSON has them. No row of a person is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.ground import metric_crs
from gridmap.reports import sentences
from gridmap.stats import contiguous, emerging, hotspots, scan
from gridmap.stats.emerging import FEWEST_STEPS
from gridmap.stats.focused import Focus, focus
from gridmap.stats.neighbours import Neighbours
from gridmap.store import figures, read, studied
from gridmap.usecases.closing import next_month
from gridmap.usecases.context import Context
from gridmap.usecases.counting import figures_within
from gridmap.usecases.surroundings import Surroundings, blocks, in_plane
from gridmap.usecases.trending import TREND_MONTHS, months_back
from gridmap.view import Drawing, InArea, Kind, Scope, View

#: told how much of the work is done (0 to 1); raises where the work is no longer wanted
Step = Callable[[float], None]
#: months that emerging hot spots look back at most
LOOK_BACK = 24


#: what counts as near an enterprise, unless something else is asked for (metres)
NEAR_M = 1_500.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `first`, `last`: first days of the first and last month; `path`: of the area whose figures they
    are; `near_m`: what counts as near an enterprise."""

    path: str
    first: date
    last: date
    categories: tuple[str, ...] = ()
    drawing: Drawing = Drawing.NOW
    near_m: float = NEAR_M
    seed: int = 20260703
    #: whose cells are taken; None: today's, or as drawn then those of the window's last day
    as_of: date | None = None

    def day(self, today: date) -> date:
        """The day whose cells the figures are by."""
        usual = today if self.drawing is Drawing.NOW else next_month(self.last) - timedelta(days=1)
        return self.as_of or usual

    def months(self) -> list[date]:
        """The first days of the window's months."""
        found = [self.first]
        while found[-1] < self.last:
            found.append(next_month(found[-1]))
        return found

    def view(self, today: date) -> View:
        """Whose figures: those of the area, in the drawing asked for."""
        plain = figures_within(View.system(today), self.path)
        scope = Scope({**plain.scope.grants, Kind.INCIDENT: InArea(self.path)})
        return replace(plain, scope=scope, drawing=self.drawing)


def run_hotspots(ctx: Context, asked: Question, step: Step) -> dict[str, Any]:
    """Gi* and local Moran of each cell with p, q and class, and how each cell's spots come and go over two years."""
    months = asked.months()
    longer = replace(asked, first=min(asked.first, months_back(asked.last, LOOK_BACK))).months()
    cells, households, past, lost = _by_cell(ctx, asked, longer, len(months))
    cases = past[:, -len(months) :]
    step(0.15)
    graph = contiguous(cells.geometry.to_numpy())
    rng = np.random.default_rng(asked.seed)
    found = hotspots(cases.sum(axis=1), graph, rng, population=households)
    step(0.6)
    lasting, reason = _emerging(cells["code"], past[:, -LOOK_BACK:], graph, households, rng)
    step(0.95)
    # what each cell would have at the rate of all (cells without households have no cases here)
    expected = cases.sum() * households / households.sum()
    rows = []
    for i, (code, name, name_en) in enumerate(zip(cells["code"], cells["name"], cells["name_en"], strict=True)):
        rows.append({
            "code": code, "name": name, "name_en": name_en, "households": int(households[i]),
            "count": int(cases[i].sum()), "expected": float(expected[i]), "gi_star": _number(found.gi_star[i]),
            "local_moran": _number(found.local_moran[i]), "p": _number(found.p_sim[i]), "q": _number(found.q_fdr[i]),
            "class": str(found.classes[i]), "quadrant": str(found.quadrants[i]),
            "emerging": None if lasting is None else lasting.get(code, "none"),
        })  # fmt: skip
    moran = found.moran
    return {
        "day": asked.day(ctx.today()).isoformat(), "cells": rows, "said": sentences.of_cells(rows),
        "moran": {"i": moran.i, "p_sim": moran.p_sim, "p_norm": moran.p_norm},
        "emerging_reason": reason, "without_household": lost, "incidents": int(cases.sum()),
        "islands": [cells["code"].iloc[i] for i in found.islands.tolist()],
        "left_out": [cells["code"].iloc[i] for i in found.left_out.tolist()],
    }  # fmt: skip


def run_scan(ctx: Context, asked: Question, step: Step) -> dict[str, Any]:
    """Circles with the most cases beyond what their households let expect."""
    cells, households, cases, lost = _by_cell(ctx, asked, asked.months(), len(asked.months()))
    step(0.15)
    plane = cells.to_crs(_plane(cells))
    middle = plane.geometry.representative_point()
    x, y = middle.x.to_numpy(), middle.y.to_numpy()
    found = scan(x, y, cases.sum(axis=1), households.astype(float), np.random.default_rng(asked.seed))
    step(0.9)
    places = middle.to_crs(4326)
    clusters: list[dict[str, Any]] = [
        {
            "members": [cells["code"].iloc[i] for i in one.members.tolist()],
            "centre": {"lon": round(places.x.iloc[one.centre], 6), "lat": round(places.y.iloc[one.centre], 6)},
            "radius_m": one.radius, "cases": one.cases, "expected": one.expected,
            "households": int(households[one.members].sum()), "relative_risk": _number(one.relative_risk),
            "llr": one.llr, "p": one.p,
        }
        for one in found.clusters
    ]  # fmt: skip
    named = [one | {"name": sentences.letter(i), "said": sentences.of_cluster(one)} for i, one in enumerate(clusters)]
    return {"clusters": named, "incidents": int(cases.sum()), "without_household": lost}


def run_sources(ctx: Context, asked: Question, step: Step) -> dict[str, Any]:
    """Every enterprise of the county against the ground around it, with false discoveries held down over all."""
    months = asked.months()
    longer = replace(asked, first=min(asked.first, months_back(asked.last, TREND_MONTHS))).months()
    with read(ctx.engine) as conn:
        incidents = studied.incidents(
            conn, asked.view(ctx.today()), _window(longer), longer, asked.categories, now=ctx.clock(), zone=ctx.zone
        )
        works, kinds = studied.enterprises(conn), studied.categories(conn)
        lon, lat = figures.household_points(conn)
        mine = _inside(ctx, conn, asked, lon, lat)
    step(0.1)
    plane = metric_crs(float(lon.mean()), float(lat.mean())) if len(lon) else metric_crs(105.0, 35.0)
    place = gpd.GeoSeries(works["geom"].to_numpy(), crs=4326).to_crs(plane).to_numpy()
    homes = in_plane(lon[mine], lat[mine], plane)
    if not len(homes):
        raise InvalidInput("there are no households in this area, so no cases are expected", code="no_households")
    reports = in_plane(incidents["lon"].to_numpy(), incidents["lat"].to_numpy(), plane)
    month = incidents["month"].to_numpy()
    past, block = blocks(homes, reports, month, len(longer))
    early = len(longer) - len(months)
    ground = replace(past, cases=past.cases[:, early:], rate=past.rate[early:])
    of_window = month >= early
    recent = incidents[of_window].assign(month=month[of_window] - early)
    known = Surroundings(past, recent, block[of_window], kinds, asked.near_m, longer)
    since = [_since(day, months) for day in works["opened_on"]]
    chosen = np.flatnonzero([known.reached(one) for one in place])
    rng = np.random.default_rng(asked.seed)
    found = focus(
        ground, place[chosen], [since[i] for i in chosen], asked.near_m, rng, lambda share: step(0.1 + 0.85 * share)
    )
    sources = [
        _source(works.iloc[i], one, works.iloc[chosen], {
            "since": since[i], **known.about(place[i], since[i]),
            "trend": known.trend(place[i], _since(works["opened_on"].iloc[i], longer), len(months), rng),
        })
        for i, one in zip(chosen, found, strict=True)
    ]  # fmt: skip
    whole = known.whole_trend(len(months), rng)
    names = [f"{month:%Y-%m}" for month in months]
    sources = [{**one, "said": sentences.of_source(one, names)} for one in sources]
    return {
        "months": names, "near_m": asked.near_m, "sources": sources,
        "households": int(ground.households.sum()), "incidents": int(ground.cases.sum()),
        "left_out": int((block[of_window] < 0).sum()), "trend": whole,
        "rate": [float(one) for one in ground.rate],
    }  # fmt: skip


# --- by cell ----------------------------------------------------------------------------------------------------------

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _by_cell(
    ctx: Context, asked: Question, months: list[date], window: int
) -> tuple[gpd.GeoDataFrame, Ints, Floats, int]:
    """The area's cells as drawn, their households, cases (cells, months), and cases of the last `window` months left
    out for want of households.

    As drawn now: the cells of today (or of `as_of`), by the cell responsible. As drawn then: those of the window's last
    day (or of `as_of`), by the cell reported in. A case whose cell is of another drawing counts where it lies.
    """
    day = asked.day(ctx.today())
    with read(ctx.engine) as conn:
        view = asked.view(ctx.today())
        found = studied.incidents(conn, view, _window(months), months, asked.categories, now=ctx.clock(), zone=ctx.zone)
        lon, lat = figures.household_points(conn)
        ground = ctx.grounds.on(conn, day)
    if not len(ground.ids):
        raise InvalidInput(f"there were no cells on {day}: take a later day", code="no_cells")
    homes = ground.index.locate(lon, lat)
    row = pd.Index(ground.ids).get_indexer(pd.Index(found["cell_id"]))
    strange = row < 0
    row[strange] = ground.index.locate(found["lon"].to_numpy()[strange], found["lat"].to_numpy()[strange])
    n, m = len(ground.ids), len(months)
    households = np.bincount(homes[homes >= 0], minlength=n)
    month, known = found["month"].to_numpy(), row >= 0
    cases = np.bincount(row[known] * m + month[known], minlength=n * m).reshape(n, m).astype(np.float64)
    mine = ground.cells["area_path"].str.startswith(asked.path).to_numpy()
    households, cases = households[mine], cases[mine]
    empty = households == 0
    lost = int(cases[empty, -window:].sum())
    cases[empty] = 0.0
    return ground.cells[mine].reset_index(drop=True), households, cases, lost


def _emerging(
    codes: pd.Series, cases: Floats, graph: Neighbours, households: Ints, rng: np.random.Generator
) -> tuple[dict[str, str] | None, str | None]:
    """The category of each cell by code, from its cases by month (cells, months); or None and why not."""
    begun = np.flatnonzero(cases.sum(axis=0) > 0)
    cases = cases[:, begun[0] :] if len(begun) else cases[:, :0]
    if cases.shape[1] < FEWEST_STEPS:
        return None, "too_few_steps"
    try:
        found = emerging(cases, graph, rng, population=households)
    except InvalidInput as fault:
        return None, fault.code
    return dict(zip(codes, map(str, found.categories), strict=True)), None


# --- one enterprise ---------------------------------------------------------------------------------------------------


def _source(work: pd.Series, found: Focus, works: pd.DataFrame, about: dict[str, Any]) -> dict[str, Any]:
    """One enterprise as the pages read it."""
    tests = found.tests
    poisson = None
    if tests is not None:
        fit = tests.poisson
        slope = fit.coefficients.get("distance")
        poisson = {
            "converged": fit.converged, "reason": fit.reason,
            "per_km": None if slope is None else _number(np.exp(1000 * slope.estimate)),
            "low": None if slope is None else _number(np.exp(1000 * (slope.estimate - 1.96 * slope.se))),
            "high": None if slope is None else _number(np.exp(1000 * (slope.estimate + 1.96 * slope.se))),
            "p": None if slope is None else _number(slope.p),
        }  # fmt: skip
    return {
        "id": int(work["id"]), "code": work["code"], "name": work["name"], "name_en": work["name_en"],
        "kind": work["kind"], "verdict": found.verdict, "p": found.p, "q": found.q,
        "excess": found.near.observed - found.near.expected, "near": asdict(found.near),
        "rings": [asdict(ring) for ring in found.rings], "observed_by_month": found.observed_by_month,
        "expected_by_month": found.expected_by_month,
        "stone": None if tests is None else asdict(tests.stone),
        "lawson_waller": None if tests is None else asdict(tests.lawson_waller), "poisson": poisson,
        "diggle": {name: _number(value) if isinstance(value, float) else value
                   for name, value in asdict(found.odds).items() if name != "p_sim"},
        "rivals": [
            {"id": int(works["id"].iloc[i]), "name": works["name"].iloc[i], "name_en": works["name_en"].iloc[i]}
            for i in found.rivals
        ],
        **about,
    }  # fmt: skip


# --- small things -----------------------------------------------------------------------------------------------------


def _window(months: list[date]) -> dict[str, Any]:
    return {"from": months[0], "to": next_month(months[-1])}


def _since(opened: Any, months: list[date]) -> int:
    """From which of the months on the enterprise was there; a month that it opened in does not count.

    As many as there are months: it was not there yet, and nothing is counted against it.
    """
    if opened is None or pd.isna(opened):
        return 0
    day = opened if not isinstance(opened, datetime) else opened.date()
    return sum(month < day for month in months)


def _inside(ctx: Context, conn: Any, asked: Question, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Which households lie in the area asked about."""
    ground = ctx.grounds.on(conn, ctx.today())
    at = ground.index.locate(lon, lat)
    mine = ground.cells["area_path"].str.startswith(asked.path).to_numpy()
    return np.asarray((at >= 0) & mine[np.maximum(at, 0)] if len(mine) else np.zeros(len(lon), dtype=bool))


def _plane(cells: gpd.GeoDataFrame) -> Any:
    west, south, east, north = cells.total_bounds
    return metric_crs((west + east) / 2, (south + north) / 2)


def _number(value: Any) -> float | None:
    """A number as JSON has it; None for none."""
    return float(value) if np.isfinite(value) else None
