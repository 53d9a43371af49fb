"""What goes into a file that opens offline: released counts by default, single rows by somebody's right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from api.pages.frame import county_of
from api.pages.offline import OfflineMap
from gridmap.errors import Forbidden, NotFound
from gridmap.store import accounts, features, read
from gridmap.usecases import counting, reading
from gridmap.usecases.context import Context
from gridmap.usecases.reading import Reader
from gridmap.usecases.readlog import ReadLog
from gridmap.usecases.releasing import released_map
from gridmap.view import Audience, Kind, Nothing, View
from layers import LAYERS, Layer, basemap, heat

#: settlements of fewer households are not in a file that leaves: a shape must not stand for one family
LEAST_HOUSEHOLDS = 8
#: more single rows than this do not belong into one file
MOST_ROWS = features.MAX_LIMIT

Drawn = list[tuple[Layer, pd.DataFrame]]


def released(ctx: Context, months: int = 12) -> OfflineMap:
    """Released counts of the last closed months over the base map; nothing in it is about a person or a house."""
    gate = released_map(ctx, months)
    homes = counting.household_places(ctx)
    parts = pd.DataFrame(gate.parts.drop(columns=["geometry", "codes"])).assign(geom=gate.parts.geometry.to_numpy())
    land = basemap.built_up(*homes, least=LEAST_HOUSEHOLDS, tolerance_m=basemap.COUNTY_M)
    layers: Drawn = [*_base(ctx), (basemap.LAND, land), (heat.RELEASED, heat.released(parts))]
    return OfflineMap(
        county_of(ctx), layers, Audience.RELEASE, ctx.today(),
        first=f"{gate.first:%Y-%m}", last=f"{gate.last:%Y-%m}", withheld=gate.withheld, timezone=ctx.settings.timezone,
    )  # fmt: skip


def exact(ctx: Context, username: str, reason: str | None = None, as_of: date | None = None) -> OfflineMap:
    """Open cases, and households where the role serves them, by the rights of an account; the reading is logged.
    `as_of`: the day whose cells are drawn (default: today); how far the account sees is today's right.

    NotFound without such an account in use; Forbidden where its role reads no single cases, or has to say why first.
    """
    with read(ctx.engine) as conn:
        known = accounts.credentials(conn, username)
        if known is None:
            raise NotFound(f"there is no account {username} in use")
        view = reading.view_for(conn, known[0], ctx.today(), reason)
    if view.scope.grant(Kind.INCIDENT) == Nothing():
        raise Forbidden(f"the role {known[0].role} reads no single cases, so {username} gets no exact map")
    log = ReadLog(ctx.engine)
    try:
        reader = Reader(ctx, view, log, "gridmap map --exact")
        drawn = replace(reader, view=replace(view, as_of=as_of or view.as_of))
        layers: Drawn = [*_base(ctx), (LAYERS["cells"], drawn.page("cells", limit=MOST_ROWS).rows)]
        if view.scope.grant(Kind.HOUSEHOLD) != Nothing():
            layers.append((LAYERS["households"], reader.page("households", limit=MOST_ROWS).rows))
        cases = reader.page("incidents", filters={"status": ["assigned", "unplaced"]}, limit=MOST_ROWS).rows
        layers.append((LAYERS["incidents"], cases))
    finally:
        log.close()
    return replace(
        OfflineMap(county_of(ctx), layers, view.audience, ctx.today(), timezone=ctx.settings.timezone),
        exact_for=known[0].name,
    )


def _base(ctx: Context) -> Drawn:
    """The layers that hold no person: borders, water, main roads, names, enterprises."""
    wanted: dict[str, dict[str, object]] = {
        "areas": {}, "water": {}, "roads": {"class": ["main"]}, "places": {}, "enterprises": {},
    }  # fmt: skip
    view = View.system(ctx.today())
    with read(ctx.engine) as conn:
        return [
            (LAYERS[name], features.page(conn, view, name, filters=filters, limit=MOST_ROWS).rows)
            for name, filters in wanted.items()
        ]
