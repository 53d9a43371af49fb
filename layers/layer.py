"""What a layer is: a name, the parameters it may be asked with, the fields it may show, a legend, and how a frame
becomes GeoJSON. A layer gets frames and never a session; who may see which rows was decided by `store.scope` before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely

from gridmap.errors import InvalidInput
from gridmap.view import Audience, Kind

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")

#: 0.1 m: below what any phone measures, and a third of the bytes of full doubles
DECIMALS = 6
#: 1 m, for what is looked at and never measured: base map and heat
COARSE = 5

_CODE = re.compile(r"[^\s\x00-\x1f]{1,64}")

ALL_INSIDE = frozenset({Audience.DUTY, Audience.FIGURES})
EVERYONE = frozenset(Audience)


@dataclass(frozen=True, slots=True)
class Words:
    """One text in the two languages."""

    zh: str
    en: str

    def of(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Param:
    """A query parameter: its name, its type, and what it admits.

    `kind`: "code" (1 to 64 visible characters), "date" (YYYY-MM-DD), "choice" (one of `choices`), "choices" (several,
    comma separated), "metres" (a number from `low` to `high`), "flag" (0 or 1).
    """

    name: str
    kind: Literal["code", "date", "choice", "choices", "metres", "flag"]
    title: Words
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = float("inf")

    def parse(self, raw: str) -> Any:
        """The value of one raw string; InvalidInput names the parameter, what came and what is admitted."""
        match self.kind:
            case "code":
                if _CODE.fullmatch(raw):
                    return raw
                raise self._refuse(raw, "1 to 64 visible characters")
            case "date":
                try:
                    return date.fromisoformat(raw)
                except ValueError:
                    raise self._refuse(raw, "a day such as 2026-03-01") from None
            case "choice":
                if raw in self.choices:
                    return raw
                raise self._refuse(raw, "one of " + ", ".join(self.choices))
            case "choices":
                parts = tuple(part for part in raw.split(",") if part)
                if parts and set(parts) <= set(self.choices):
                    return parts
                raise self._refuse(raw, "some of " + ", ".join(self.choices) + ", separated by commas")
            case "metres":
                return self._metres(raw)
            case "flag":
                if raw in {"0", "1"}:
                    return raw == "1"
                raise self._refuse(raw, "0 or 1")

    def _metres(self, raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if self.low <= value <= self.high:
            return value
        raise self._refuse(raw, f"metres from {self.low:g} to {self.high:g}")

    def _refuse(self, raw: str, admitted: str) -> InvalidInput:
        return InvalidInput(f"{self.name} must be {admitted}, but is {raw[:80]!r}", parameter=self.name)

    def as_dict(self, lang: Lang) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "title": self.title.of(lang), "choices": list(self.choices)}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that may leave: `column` in the frame (`column_en` preferred in English where it holds something)."""

    name: str
    title: Words
    column: str = ""
    column_en: str = ""
    audiences: frozenset[Audience] = ALL_INSIDE

    def values(self, frame: pd.DataFrame, lang: Lang) -> list[Any]:
        """Plain JSON values, one a row; None where the frame has no such column or the cell is missing."""
        column = self.column or self.name
        if column not in frame.columns:
            return [None] * len(frame)
        series = frame[column]
        if lang == "en" and self.column_en in frame.columns:
            english = frame[self.column_en]
            series = english.where(english.notna() & (english != ""), series)
        return [_plain(value) for value in series.tolist()]

    def as_dict(self, lang: Lang) -> dict[str, str]:
        return {"name": self.name, "title": self.title.of(lang)}


@dataclass(frozen=True, slots=True)
class LegendItem:
    """One line of a legend: what is drawn and what it means.

    A "ramp" has `colours` from low to high and the `breaks` between them, one fewer, so that numbers stand beside it.
    """

    draw: Literal["ramp", "fill", "line", "light", "glyph", "point"]
    label: str
    colour: str = ""
    glyph: str = ""
    width: float = 0.0
    colours: tuple[str, ...] = ()
    breaks: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, without what the item does not have."""
        given = {
            "colour": self.colour, "glyph": self.glyph, "width": self.width,
            "colours": list(self.colours), "breaks": list(self.breaks),
        }  # fmt: skip
        return {"draw": self.draw, "label": self.label} | {name: value for name, value in given.items() if value}


Legend = Callable[[Lang, "pd.DataFrame | None"], Sequence[LegendItem]]


def _no_legend(_lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the map. The same value serves live pages, the API and `gridmap map`.

    `kind` is the kind of row whose grant scopes it. `source` says where its frame comes from: the name of a layer of
    `store.features` ("cells"), or "computed" where a function of the layer's module makes it from other frames
    (`heat.surface`, `land.built_up`).
    """

    name: str
    title: Words
    kind: Kind
    geometry: Literal["point", "line", "polygon", "mixed"]
    fields: tuple[Field, ...]
    source: str
    params: tuple[Param, ...] = ()
    audiences: frozenset[Audience] = ALL_INSIDE
    style: Mapping[str, Any] = field(default_factory=dict)
    decimals: int = DECIMALS
    draw_legend: Legend = _no_legend

    def parse(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Typed values of the parameters that were given; InvalidInput for a name or a value that is not admitted."""
        known = {param.name: param for param in self.params}
        unknown = sorted(set(query) - set(known))
        if unknown:
            raise InvalidInput(
                f"the layer {self.name} has no parameter {unknown[0][:40]!r}; it has {', '.join(known) or 'none'}",
                parameter=unknown[0][:40],
            )
        return {name: known[name].parse(raw) for name, raw in query.items() if raw != ""}

    def legend(self, lang: Lang, frame: pd.DataFrame | None = None) -> list[dict[str, Any]]:
        """The legend's lines; layers whose classes follow the data read them from the frame."""
        return [item.as_dict() for item in self.draw_legend(lang, frame)]

    def features(self, frame: pd.DataFrame, lang: Lang, audience: Audience = Audience.DUTY) -> dict[str, Any]:
        """A GeoJSON FeatureCollection (RFC 7946, WGS84) of the frame's rows.

        `frame` has a column `geom` of shapely geometries (EPSG:4326; None: the row is left out) and, where rows have
        one, `id`. Only fields that the audience may have leave; coordinates are rounded to `decimals`. `legend` stands
        in the collection as a foreign member.
        """
        drawn = frame[frame["geom"].notna()] if len(frame) else frame
        features = self.feature_list(drawn, lang, audience)
        return {"type": "FeatureCollection", "features": features, "legend": self.legend(lang, drawn)}

    def feature_list(self, drawn: pd.DataFrame, lang: Lang, audience: Audience = Audience.DUTY) -> list[dict[str, Any]]:
        """The GeoJSON features of rows that all have a geometry, in order; see `features`."""
        if audience not in self.audiences:
            raise InvalidInput(f"the layer {self.name} is not given to {audience}", layer=self.name)
        fields = [one for one in self.fields if audience in one.audiences]
        columns = {one.name: one.values(drawn, lang) for one in fields}
        names = tuple(columns)
        geometries = geojson_geometries(drawn["geom"].to_numpy(), self.decimals) if len(drawn) else []
        ids = drawn["id"].tolist() if "id" in drawn.columns else [None] * len(drawn)
        rows = zip(*columns.values(), strict=True) if columns else iter([()] * len(drawn))
        return [
            _feature(identity, geometry, dict(zip(names, row, strict=True)))
            for identity, geometry, row in zip(ids, geometries, rows, strict=True)
        ]

    def manifest(self, lang: Lang, audience: Audience) -> dict[str, Any]:
        """What a client needs to ask for the layer and to draw it."""
        return {
            "name": self.name,
            "title": self.title.of(lang),
            "geometry": self.geometry,
            "params": [param.as_dict(lang) for param in self.params],
            "fields": [one.as_dict(lang) for one in self.fields if audience in one.audiences],
            "legend": self.legend(lang),
            "style": dict(self.style),
        }


def geojson_geometries(geometries: np.ndarray, decimals: int = DECIMALS) -> list[dict[str, Any]]:
    """GeoJSON geometries of an array of shapely ones: coordinates rounded, outer rings counter-clockwise."""
    turned = shapely.orient_polygons(shapely.force_2d(geometries))
    rounded = shapely.transform(turned, lambda xy: np.round(xy, decimals))
    parsed: list[dict[str, Any]] = json.loads("[" + ",".join(shapely.to_geojson(rounded)) + "]")
    return parsed


def _feature(identity: Any, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    feature: dict[str, Any] = {"type": "Feature", "geometry": geometry, "properties": properties}
    if identity is not None:
        feature["id"] = _plain(identity)
    return feature


def _plain(value: Any) -> Any:
    """A value that JSON has: missing (None, NaN, NaT) becomes None, moments ISO 8601, numpy scalars Python's."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value.is_integer() else round(value, 6)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value
