"""All layers by name, in drawing order from the ground up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gridmap.view import Audience, Kind, Nothing, Scope
from layers import areas, basemap, cells, enterprises, heat, households, incidents
from layers.layer import Layer

LAYERS: Final[Mapping[str, Layer]] = MappingProxyType(
    {
        layer.name: layer
        for layer in (
            basemap.LAND,
            heat.LAYER,
            basemap.WATER,
            basemap.ROADS,
            cells.LAYER,
            areas.LAYER,
            households.LAYER,
            enterprises.LAYER,
            incidents.LAYER,
            basemap.PLACES,
        )
    }
)


def layers_for(scope: Scope, audience: Audience) -> list[Layer]:
    """The layers somebody may ask for: given to the audience, and of a kind of which the scope grants anything."""
    return [
        layer
        for layer in LAYERS.values()
        if audience in layer.audiences and (layer.kind is Kind.BASEMAP or scope.grant(layer.kind) != Nothing())
    ]
