"""How each layer gets its frame, from a list of the store or computed from several; and who may have which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.errors import Forbidden, NotFound
from gridmap.privacy.release import LEAST
from gridmap.usecases import counting
from gridmap.usecases.counting import HeatGround, HeatInput, reads_figures
from gridmap.usecases.reading import Reader
from gridmap.view import Audience, Drawing, View
from layers import LAYERS, Layer, basemap, cells, heat, layers_for
from layers.plane import Plane

#: layers without rows of persons: they may be kept, and depend on the versions of these kinds
DEPENDS: Mapping[str, tuple[str, ...]] = {
    "land": ("households",),
    "heat": ("incidents", "households", "enterprises", "areas", "cells", "categories"),
    "water": ("water",),
    "roads": ("roads",),
    "places": ("places",),
    "cells": ("cells", "areas", "bodies", "households", "incidents", "duties", "workers"),
    "areas": ("areas",),
    "enterprises": ("enterprises", "cells"),
}
#: layers whose rows come page by page
PAGED = frozenset({"households", "incidents", "enterprises", "roads", "water", "places", "areas"})
#: how near is "near mines" when no distance is given
NEAR_M = 2000.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """A layer, and the View by which this caller may have it."""

    layer: Layer
    view: View


def allowed(reader: Reader) -> list[Allowed]:
    """The layers that the caller may ask for, in drawing order: by their own View, else as figures."""
    seen = [reader.view]
    if reads_figures(reader.view):
        seen.append(reader.for_figures())
    by_name: dict[str, Allowed] = {}
    for view in seen:
        for layer in layers_for(view.scope, view.audience):
            by_name.setdefault(layer.name, Allowed(layer, view))
    return [by_name[name] for name in LAYERS if name in by_name]


def find(reader: Reader, name: str) -> Allowed:
    """The layer of this name; NotFound when there is none, Forbidden when it is not for this caller."""
    if name not in LAYERS:
        raise NotFound(f"there is no layer of this name; there are {', '.join(LAYERS)}")
    for one in allowed(reader):
        if one.layer.name == name:
            return one
    needs_reason = reader.view.audience is Audience.FIGURES and name == "incidents" and reads_figures(reader.view)
    raise Forbidden(
        f"the layer {name} is not given to your role" + (" without a reason" if needs_reason else ""),
        code="reason_required" if needs_reason else None,
    )


def dated(one: Allowed, params: Mapping[str, Any]) -> Allowed:
    """The layer on the day and in the drawing that its parameters ask for. How far the caller sees is today's right."""
    day, drawing = params.get("as_of"), params.get("drawing")
    view = replace(one.view, as_of=day or one.view.as_of, drawing=Drawing(drawing) if drawing else one.view.drawing)
    return replace(one, view=view)


def whole_frame(reader: Reader, one: Allowed, params: Mapping[str, Any]) -> pd.DataFrame:
    """The frame of a layer that comes in one piece."""
    match one.layer.name:
        case "cells":
            named = {name: value for name, value in params.items() if name == "code"}
            measure = params.get("measure", "households")
            if measure in counting.CASES and not reads_figures(reader.view):
                raise Forbidden("your role reads no counts of cases; shade the cells by households")
            return cells.shaded(counting.cells_with_loads(reader.ctx, one.view, named), measure)
        case "land":
            tolerance = basemap.COUNTY_M if params.get("detail", "county") == "county" else basemap.CLOSE_M
            return basemap.built_up(*counting.household_places(reader.ctx), tolerance_m=tolerance)
        case "heat":
            filters = {name: params[name] for name in ("category", "from", "to") if name in params}
            near = params.get("near", ())
            given = counting.heat_input(reader.ctx, reader.view, filters, near)
            return _heat(given, params.get("within", NEAR_M) if near else None)
    raise NotFound(f"the layer {one.layer.name} comes in pages")


def _heat(given: HeatInput, within_m: float | None) -> pd.DataFrame:
    """Heat of a whole area, or around its enterprises; the classes are set around the whole area's mean.

    Of fewer than `LEAST` cases none is drawn: the surface of a lone case points at its house.
    """
    cases, homes = given.incidents, given.households
    if len(cases[0]) < LEAST:
        return pd.DataFrame({"class": [], "low": [], "high": [], "geom": np.empty(0, dtype=object)})
    if within_m is None:
        return heat.surface(cases, homes, given.area)
    reach = around(given, within_m)
    if shapely.is_empty(reach):
        return pd.DataFrame({"class": [], "low": [], "high": [], "geom": np.empty(0, dtype=object)})
    mean = 100 * len(cases[0]) / len(homes[0]) if len(homes[0]) else None
    near_cases = heat.near(*cases, given.sources, within_m)
    near_homes = heat.near(*homes, given.sources, within_m)
    return heat.surface(
        (cases[0][near_cases], cases[1][near_cases]),
        (homes[0][near_homes], homes[1][near_homes]),
        reach,
        mean=mean,
    )


def around(given: HeatGround, within_m: float) -> shapely.Geometry:
    """The part of the area within so many metres of an enterprise: colour ends there, as the rows do."""
    if not len(given.sources):
        return shapely.Polygon()
    plane = Plane.around(*(float(value) for value in shapely.total_bounds(given.sources)))
    reach = shapely.union_all(shapely.buffer(plane.geometries_to_metres(given.sources), within_m))
    inside = np.empty(1, dtype=object)
    inside[0] = reach
    return shapely.intersection(plane.geometries_to_degrees(inside)[0], given.area)
