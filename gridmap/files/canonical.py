"""From a table as it came to the canonical frame of an import kind: good rows parsed, bad rows named and explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.files import rules
from gridmap.files.came import CAME_FIELDS, as_first_came
from gridmap.files.headers import CONSTANT, forbidden, guess, known_kind
from gridmap.files.kinds import Field, Kind, Shape, Type
from gridmap.files.notes import Notes
from gridmap.files.places import Extent, Order, Places, crs_of, points_of, shapes_of
from gridmap.files.table import Reject, Table
from gridmap.files.values import Column, Texts, parse, parser_of, present, texts

_ALLOWED: Mapping[Shape, tuple[str, ...]] = {
    Shape.AREA: ("Polygon", "MultiPolygon"),
    Shape.SITE: ("Point", "Polygon", "MultiPolygon"),
    Shape.LINE: ("LineString", "MultiLineString"),
    Shape.WATER: ("LineString", "MultiLineString", "Polygon", "MultiPolygon"),
}
_AS_FLOAT = frozenset({Type.COUNT, Type.NUMBER, Type.MINUTES, Type.WEEKDAYS})


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """The canonical frame (see the kind), the faults of rows that are not in it, and what else people should know."""

    frame: pd.DataFrame
    rejects: list[Reject]
    notes: tuple[str, ...]


def canonical(
    kind: str,
    table: Table,
    mapping: Mapping[str, str] | None = None,
    crs: str | None = None,
    extent: Extent | None = None,
    *,
    tz: str = "Asia/Shanghai",
    assume_ok: bool = False,
    merge_same_code: bool = False,
) -> Parsed:
    """Parse a table into the canonical frame of an import kind.

    `mapping`: field -> column, or field -> ":value" for all rows; None takes `guess`. `crs` names the coordinates'
    reference system and overrides what the file says. `extent` (west, south, east, north of the county, degrees):
    places that look swapped or elsewhere are rejected with the question, unless `assume_ok`. `tz`: where moments
    without a zone were written. `merge_same_code`: features of cells and areas with one code become one. InvalidInput
    when the file as a whole does not fit the kind (a required field that no column gives).
    """
    canon = Canon(
        kind, table, mapping, crs, extent, tz=tz, assume_ok=assume_ok, merge_same_code=merge_same_code
    )  # fmt: skip
    frame, rejects = canon.take(table)
    return Parsed(frame, sorted([*table.rejects, *rejects], key=lambda reject: reject.row), canon.notes())


class Canon:
    """`canonical` for a file that comes in several tables: what holds for the file as a whole is settled here.

    Kinds with areas must come in one table. A file with both coordinates in one text must be looked through by
    `settle` before the first `take`.
    """

    def __init__(
        self,
        kind: str,
        head: Table,
        mapping: Mapping[str, str] | None = None,
        crs: str | None = None,
        extent: Extent | None = None,
        *,
        tz: str = "Asia/Shanghai",
        assume_ok: bool = False,
        merge_same_code: bool = False,
    ) -> None:
        self._kind, self._head = known_kind(kind), head
        self._named = dict(guess(kind, list(head.frame.columns)) if mapping is None else mapping)
        self._crs, self._extent, self._zone = crs, extent, ZoneInfo(tz)
        self._assume_ok, self._merge = assume_ok, merge_same_code
        self._order: Order | None = None
        self._keys = rules.Keys()
        self._notes = Notes()
        _check_mapping(self._kind, self._named, head)

    @property
    def unsettled(self) -> list[str]:
        """The columns that `settle` must see in all tables first; none for most files."""
        if self._kind.shape is Shape.NONE or "x" in self._named or "coordinates" not in self._named:
            return []
        return [self._named["coordinates"]]

    def settle(self, tables: Iterable[Table]) -> None:
        """Look through the columns of `unsettled`."""
        for column in self.unsettled:
            self._order = Order(column, crs_of(self._head, self._crs))
            for table in tables:
                self._order.look(texts(table.frame[column]))

    def take(self, table: Table) -> tuple[pd.DataFrame, list[Reject]]:
        """The canonical frame of one table, and the faults of the rows that are not in it."""
        work = rules.Work(self._kind, table, self._named, notes=self._notes)
        for field in self._kind.fields:
            _fill(work, field, self._zone)
        rules.apply(work)
        places = _places(work, self._crs, self._extent, self._assume_ok, self._order)
        _require(work)
        duplicates = rules.same_keys(work, self._merge, self._keys)
        frame = _frame(work, places)
        return rules.merge(work, frame, duplicates) if duplicates else frame, work.rejects()

    def notes(self) -> tuple[str, ...]:
        """What people should know, of all tables so far."""
        return (*self._notes.listed(), *_unread(self._head))


def _check_mapping(kind: Kind, named: Mapping[str, str], table: Table) -> None:
    held = forbidden([column for column in named.values() if not column.startswith(CONSTANT)])
    if held:
        column, what = next(iter(held.items()))
        raise InvalidInput(f"The column {column!r} may hold {what}, which gridmap never reads.", code="forbidden_field")
    gone = [c for c in named.values() if not c.startswith(CONSTANT) and c not in table.frame.columns]
    if gone:
        raise InvalidInput(f"{table.path.name} has no column {gone[0]!r}.", code="bad_map", file=table.path.name)
    missing = [
        field.name
        for field in kind.fields
        if field.required and field.default is None and not {field.name, *field.instead} & named.keys()
    ]
    if kind.shape is not Shape.NONE and kind.shape_required and not {"x", "coordinates", "geometry"} & named.keys():
        missing.append("x and y (or coordinates, or geometry)" if kind.point_columns else "geometry")
    if missing:
        wanted = "; ".join(_wish(kind, name) for name in missing)
        columns = [str(column) for column in table.frame.columns]
        raise InvalidInput(
            f"{table.path.name}: no column was found for {wanted}. Its columns are {', '.join(columns)}. "
            "Say which is which with --map field=column, or give all rows one value with --map field=:value.",
            code="missing_fields", file=table.path.name, fields=missing,
        )  # fmt: skip


def _wish(kind: Kind, name: str) -> str:
    field = kind.field(name)
    if field is None or not field.choices:
        return name
    return f"{name} (one of {', '.join(dict.fromkeys(field.choices.values()))})"


def _fill(work: rules.Work, field: Field, tz: ZoneInfo) -> None:
    """Parse one field's column into the work; faults of values are noted there."""
    source = work.named.get(field.name)
    count = len(work.table)
    if source is None:
        empty: Texts = np.full(count, None, dtype=object)
        work.columns[field.name] = empty
        return
    if source.startswith(CONSTANT):
        raw: Texts = np.full(count, source.removeprefix(CONSTANT).strip() or None, dtype=object)
    else:
        raw = texts(work.table.frame[source])
    parsed = parse(raw, parser_of(field, tz))
    _note_marks(work, field, raw, parsed)
    work.columns[field.name] = parsed.values
    for place in np.flatnonzero(present(parsed.faults)):
        work.fault(int(place), field.name, str(parsed.faults[place]), raw[place])


def _note_marks(work: rules.Work, field: Field, raw: Texts, parsed: Column) -> None:
    if not parsed.marked.any():
        return
    said = f"{field.name}: {{n}} values that say nothing ({{shown}}) are taken as missing."
    work.notes.count(said, int(parsed.marked.sum()), map(str, raw[parsed.marked]))


def _require(work: rules.Work) -> None:
    """Defaults, stand-ins, and the fault of each row that lacks a required field."""
    for field in work.kind.fields:
        values = work.columns[field.name]
        blank = ~present(values)
        for other in field.instead:
            values[blank] = work.columns[other][blank]
            blank = ~present(values)
        if field.default is not None:
            values[blank] = field.default
        elif field.required:
            for place in np.flatnonzero(blank & ~work.faulty(field.name)):
                work.fault(int(place), field.name, "it is missing", None)


def _places(
    work: rules.Work, crs: str | None, extent: Extent | None, assume_ok: bool, order: Order | None
) -> Places | None:
    """The rows' places, their faults noted; None for a kind that has none, or a file that gives none and needs none."""
    kind = work.kind
    if kind.shape is Shape.NONE or not {"x", "coordinates", "geometry"} & work.named.keys():
        return None
    if kind.shape is Shape.POINT or "geometry" not in work.named:
        places = points_of(work.table, work.named, crs, extent, assume_ok, order)
        field = "place"
    else:
        places = shapes_of(work.table, work.named["geometry"], _ALLOWED[kind.shape], crs, extent, assume_ok)
        field = "geometry"
        if kind.shape_required and places.geometry is not None:
            places.faults[~present(places.faults) & ~present(places.geometry)] = "it has no geometry"
    if work.named.keys() >= set(CAME_FIELDS):
        places = as_first_came(places, work.columns)
    for place in np.flatnonzero(present(places.faults)):
        work.fault(int(place), field, str(places.faults[place]), places.values[place])
    work.notes.say(*places.notes)
    return places


def _frame(work: rules.Work, places: Places | None) -> pd.DataFrame:
    """The good rows' canonical columns."""
    good = ~work.bad
    columns: dict[str, pd.Series[Any]] = {"row": pd.Series(work.table.rows[good])}
    for field in work.kind.fields:
        columns[field.name] = _typed(field, work.columns[field.name][good])
    frame = pd.DataFrame(columns)
    shape = work.kind.shape
    if shape is Shape.NONE:
        return frame
    if shape in {Shape.POINT, Shape.SITE} and places is not None:
        came = places.came[good] if places.came is not None else [places.crs] * len(frame)
        frame["crs_in"] = pd.Series(came, dtype=object)
        frame["x_in"], frame["y_in"] = places.x[good], places.y[good]
    if shape is Shape.POINT and places is not None:
        frame["lon"], frame["lat"] = places.lon[good], places.lat[good]
    if shape is not Shape.POINT:
        frame["geometry"] = pd.Series(_geometry(work, places)[good], dtype=object)
    return frame


def _geometry(work: rules.Work, places: Places | None) -> NDArray[np.object_]:
    if places is None:
        return np.full(len(work.table), None, dtype=object)
    if places.geometry is not None:
        return places.geometry
    return rules.points(places.lon, places.lat)


def _typed(field: Field, values: Texts) -> pd.Series[Any]:
    if field.type in _AS_FLOAT and not (field.default is not None):
        return pd.Series(values.astype(np.float64))
    if field.type in _AS_FLOAT:
        return pd.Series(values.astype(np.int64))
    if field.type is Type.FLAG:
        return pd.Series(values.astype(bool) if field.name.endswith("consent") else values.astype(np.int64))
    return pd.Series(values, dtype=object)


def _unread(table: Table) -> list[str]:
    held = forbidden(map(str, table.frame.columns))
    return [f"The column {column!r} is not read: it may hold {what}." for column, what in held.items()]
