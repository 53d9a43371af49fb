"""A whole invented county from one seed, in the frames that the importers take.

`make_county` is pure: same seed, same frames. The ground (cells, areas, rivers, roads, settlements) is read from
`data/boundaries`, or drawn by `demo.boundaries` where that folder is absent; everything else is made here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.demo import homes, incidents, layout, staff
from gridmap.demo.boundaries import Boundaries
from gridmap.demo.frames import as_came, numbered
from gridmap.demo.ground import HOUSEHOLDS
from gridmap.demo.kept import ground
from gridmap.demo.plane import Plane
from gridmap.demo.truth import make_truth
from gridmap.demo.works import Works, make_works
from gridmap.errors import InvalidInput
from gridmap.ground import AssignmentIndex

SEED = 20260703
UNTIL = date(2026, 7, 3)
INCIDENTS = 25_000


@dataclass(frozen=True, slots=True)
class County:
    """The frames of one county, each as its importer takes it (a `row` column numbers them from 1), and the truth.

    Geometry is shapely in WGS84. `leaves` (worker, starts_on, ends_on) has no import kind of its own.
    `truth` says what was planted, see `demo.truth`.
    """

    name: str
    name_en: str
    code: str
    areas: pd.DataFrame
    bodies: pd.DataFrame
    cells: pd.DataFrame
    workers: pd.DataFrame
    duties: pd.DataFrame
    leaves: pd.DataFrame
    households: pd.DataFrame
    enterprises: pd.DataFrame
    incidents: pd.DataFrame
    roads: pd.DataFrame
    water: pd.DataFrame
    places: pd.DataFrame
    truth: dict[str, Any] = field(default_factory=dict)


def make_county(seed: int = SEED, *, scale: float = 1.0, until: date = UNTIL, boundaries: Path | None = None) -> County:
    """Make the demo county.

    `scale` multiplies the numbers of households (60,000) and incidents (25,000); cells, workers and enterprises stay.
    Incidents fall into the three years before `until`, that day excluded (local days of Asia/Shanghai).
    `boundaries` is a folder like data/boundaries. Raises InvalidInput when scale is not in (0, 1].
    """
    if not 0.0 < scale <= 1.0:
        raise InvalidInput(f"scale must be more than 0 and at most 1, but is {scale}", scale=scale)
    land, plane = ground(boundaries), Plane()
    # a stream of its own for each part: what one part draws does not shift the others
    parts = ("works", "homes", "staff", "leave", "incidents")
    draw = dict(zip(parts, np.random.default_rng(seed).spawn(len(parts)), strict=True))
    works = make_works(land, plane, until, draw["works"])
    lived, lanes = _settle(land, works, plane, round(HOUSEHOLDS * scale), draw["homes"])
    workers, duties = staff.make_workers(land.cells, draw["staff"])
    at = plane.xy(lived["lon"].to_numpy(), lived["lat"].to_numpy())
    people = incidents.Homes(at, lived["code"].to_numpy(), lived.pop("urban").to_numpy())
    total = round(INCIDENTS * scale)
    draft, drawn, rate = incidents.draft(people, works, total, draw["incidents"])
    outline = plane.flat(land.areas.loc[land.areas["level"] == "county", "geometry"].to_numpy())[0]
    reports = incidents.make_incidents(draft, people, works, outline, plane, until, draw["incidents"])
    places = land.places.drop(columns=["lon", "lat"]).assign(**as_came(land.places[["lon", "lat"]].to_numpy()))
    return County(
        layout.COUNTY_NAME, layout.COUNTY_NAME_EN, layout.COUNTY_CODE,
        areas=numbered(land.areas), bodies=numbered(staff.make_bodies(land.areas)), cells=numbered(land.cells),
        workers=numbered(workers), duties=numbered(duties),
        leaves=numbered(staff.make_leaves(workers, until, draw["leave"])),
        households=numbered(lived), enterprises=numbered(works.frame), incidents=numbered(reports),
        roads=numbered(pd.concat([land.roads, lanes])), water=numbered(land.water), places=numbered(places),
        truth=make_truth(people, works, rate, drawn, seed=seed, scale=scale, until=until, incidents=total),
    )  # fmt: skip


def _settle(
    land: Boundaries, works: Works, plane: Plane, count: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Households (canonical, with an extra column `urban`) and the lanes that lead to them."""
    spots = land.settlements
    xy = plane.xy(spots["lon"].to_numpy(), spots["lat"].to_numpy())
    expected, urban = spots["households"].to_numpy(), spots["urban"].to_numpy(dtype=bool)
    roads = np.asarray(shapely.get_parts(plane.flat(land.roads["geometry"].to_numpy())), dtype=object)
    lanes = homes.make_lanes(xy, expected, urban, roads, rng)
    index = AssignmentIndex(gpd.GeoDataFrame(land.cells[["code", "geometry"]], geometry="geometry", crs="EPSG:4326"))
    shut = homes.barriers(land.water, plane, works.grounds)
    site = homes.Site(index, land.cells["area"].to_numpy(), spots["community"].to_numpy(), urban, shut, plane)
    lived_in = np.repeat(np.arange(len(spots)), rng.multinomial(count, expected / expected.sum()))
    at = homes.place_houses(lanes, xy, lived_in, site, rng)
    names = dict(zip(land.areas["code"], land.areas["name"], strict=True))
    frame = homes.households(spots, names, lived_in, at, rng)
    return frame, homes.tracks(lanes, plane, len(land.roads) + 1)
