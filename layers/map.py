"""The folium map that pages and files are built around: local assets only, no text of users.

folium composes what a map is (element, projection, view, tiles); rows are fetched by our own static scripts and put on
the page by `textContent`. Text in folium's popups and tooltips runs as script when it holds `${...}`, so none is ever
given to it. folium's default assets are addresses of other hosts: each is replaced, and an unknown one is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.elements import JSCSSMixin
from folium.map import FitBounds

from gridmap.errors import EnvironmentFault

VENDOR: Final = "/static/vendor/"
#: the only assets a page may take, by the names folium and its plugins give them; None: not needed, left out
ASSETS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "leaflet": VENDOR + "leaflet.js",
        "leaflet_css": VENDOR + "leaflet.css",
        "jquery": None,
        "bootstrap": None,
        "bootstrap_css": None,
        "glyphicons_css": None,
        "awesome_markers": None,
        "awesome_markers_font_css": None,
        "awesome_markers_css": None,
        "awesome_rotate_css": None,
        "markerclusterjs": VENDOR + "leaflet.markercluster.js",
        "markerclustercss": VENDOR + "MarkerCluster.css",
        "markerclusterdefaultcss": None,
    }
)
MAP_ID: Final = "map_gridmap"

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Tiles:
    """An optional raster base of one's own, fetched through the server. `crs` is "wgs84" or "gcj02"."""

    url: str = "/tiles/base/{z}/{x}/{y}.png"
    crs: str = "wgs84"
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """A map's parts for a page: addresses of scripts and styles, the element, and the script that makes the map."""

    scripts: tuple[str, ...]
    styles: tuple[str, ...]
    html: str
    script: str


def county_map(bounds: Bounds, *, tiles: Tiles | None = None) -> folium.Map:
    """A folium map of a county without rows. bounds: (west, south, east, north) in degrees (EPSG:4326).

    Zooming is in quarters so that a county fills its frame; zoom buttons and scale bar are ours (their words are
    translated), and there is no base map but the stored one unless `tiles` is given.
    """
    west, south, east, north = bounds
    county = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        prefer_canvas=True,
        zoom_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
        attribution_control=False,
    )
    county.options["max_zoom"] = 19  # folium keeps its own max_zoom for tiles alone
    county._name, county._id = "map", "gridmap"
    if tiles is not None:
        # folium writes the attribution into the script as HTML: ours goes to the page as text instead
        folium.TileLayer(tiles.url, attr=" ", max_zoom=19, control=False).add_to(county)
    fit = FitBounds([[south, west], [north, east]], padding=(12, 12))
    # an animated fit would end after the page has chosen its own view, and undo it
    fit.options["animate"] = False
    fit.add_to(county)
    localise(county)
    return county


def localise(county: folium.Map) -> None:
    """Replace the asset addresses of the map and everything on it by local ones, on the instances, not the classes.

    Raises EnvironmentFault for an asset that is not in `ASSETS`.
    """
    for element in _elements(county):
        if isinstance(element, JSCSSMixin):
            element.default_js = _local(element.default_js)
            element.default_css = _local(element.default_css)


def compose(county: folium.Map) -> Composed:
    """Render a map's parts. Raises EnvironmentFault when any part would ask another host or carry markup of its own."""
    figure = county.get_root()
    if not isinstance(figure, Figure):
        raise EnvironmentFault("the folium map stands in no Figure")
    for child in figure._children.values():
        child.render()
    scripts: list[str] = []
    styles: list[str] = []
    for name, element in figure.header._children.items():
        if isinstance(element, JavascriptLink):
            scripts.append(_checked(name, element.url))
        elif isinstance(element, CssLink):
            styles.append(_checked(name, element.url))
        elif name not in {"meta_http", county.get_name()}:
            # folium's own block for the map (sizes, a viewport that forbids zooming) is replaced by our style sheet
            raise EnvironmentFault(f"the folium element {name!r} puts markup into the page's head")
    return Composed(tuple(scripts), tuple(styles), figure.html.render().strip(), _tidy(figure.script.render()))


def _local(links: list[tuple[str, str]]) -> list[tuple[str, str]]:
    unknown = sorted(name for name, _ in links if name not in ASSETS)
    if unknown:
        raise EnvironmentFault(f"folium asks for the asset {unknown[0]!r}, which is not among the local ones")
    return [(name, local) for name, _ in links if (local := ASSETS[name]) is not None]


def _checked(name: str, url: str) -> str:
    if not url.startswith(VENDOR):
        raise EnvironmentFault(f"the asset {name!r} would be fetched from {url}")
    return url


def _elements(element: Element | MacroElement) -> Iterator[Any]:
    yield element
    for child in element._children.values():
        yield from _elements(child)


def _tidy(script: str) -> str:
    """The same script without empty lines and trailing blanks, so that a golden file is readable."""
    return "\n".join(line.rstrip() for line in script.splitlines() if line.strip())
