"""What a kind asks of a row beyond its single fields: days in order, hours in pairs, consent, levels, unique keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.files.headers import normal
from gridmap.files.kinds import Kind, Shape
from gridmap.files.notes import Notes
from gridmap.files.table import Reject, Table, name_rows
from gridmap.files.values import Texts, present
from gridmap.ground import level_of, parent_of


@dataclass(slots=True, eq=False)
class Work:
    """A table on its way: parsed columns by field, faults by row, notes."""

    kind: Kind
    table: Table
    named: Mapping[str, str]
    columns: dict[str, Texts] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    faults: list[tuple[int, str, str, str]] = field(default_factory=list)
    bad: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.bad = np.zeros(len(self.table), dtype=bool)

    def fault(self, place: int, name: str, reason: str, value: object) -> None:
        self.bad[place] = True
        self.faults.append((place, name, reason, "" if value is None else str(value)[:200]))

    def faulty(self, name: str) -> NDArray[np.bool_]:
        """Which rows have a fault in this field."""
        mask = np.zeros(len(self.table), dtype=bool)
        mask[[place for place, other, _, _ in self.faults if other == name]] = True
        return mask

    def rejects(self) -> list[Reject]:
        rows = self.table.rows
        return [Reject(int(rows[place]), name, reason, value) for place, name, reason, value in self.faults]


def apply(work: Work) -> None:
    """The rules of the work's kind."""
    for rule in _RULES.get(work.kind.name, ()):
        rule(work)


def _days_in_order(work: Work) -> None:
    _in_order(work, "valid_from", "valid_to", "it must be after valid_from", strict=True)


def _leave_in_order(work: Work) -> None:
    _in_order(work, "starts_on", "ends_on", "it must be after starts_on", strict=True)


def _times_in_order(work: Work) -> None:
    _in_order(work, "received_at", "closed_at", "it is before received_at", strict=False)


def _in_order(work: Work, first: str, last: str, reason: str, *, strict: bool) -> None:
    starts, ends = work.columns[first], work.columns[last]
    both = np.flatnonzero(present(starts) & present(ends))
    for place in both:
        if ends[place] < starts[place] or (strict and ends[place] == starts[place]):
            work.fault(int(place), last, reason, ends[place])


def _hours_in_pairs(work: Work) -> None:
    starts, ends = work.columns["starts_min"], work.columns["ends_min"]
    for place in np.flatnonzero(present(starts) != present(ends)):
        lacking = "starts_min" if starts[place] is None else "ends_min"
        work.fault(int(place), lacking, "give both hours, or neither for the whole day", None)


def _contacts_by_consent(work: Work) -> None:
    """Contacts without consent are dropped, not rejected: the household is served all the same."""
    names, phones = work.columns["contact_name"], work.columns["contact_phone"]
    unasked = ~(work.columns["contact_consent"] == 1) & (present(names) | present(phones))
    if unasked.any():
        names[unasked] = phones[unasked] = None
        work.notes.count("{n} contacts are dropped: contact_consent does not say that they agreed.", int(unasked.sum()))


def _levels_by_code(work: Work) -> None:
    """Level and parent of an area that the file does not name follow from its code; a county has no parent."""
    codes, levels, parents = (work.columns[name] for name in ("code", "level", "parent"))
    for place, code in enumerate(codes):
        if code is None or work.bad[place]:
            continue
        try:
            levels[place] = levels[place] or level_of(code)
            if levels[place] == "county":
                parents[place] = None
            elif parents[place] is None:
                parents[place] = parent_of(code)
        except InvalidInput as error:
            wanting = "level" if levels[place] is None else "parent"
            work.fault(
                place, wanting, f"the file does not give it and the code does not tell it: {error.message}", code
            )
        else:
            if levels[place] not in {"county", "town", "community"}:
                work.fault(place, "level", f"the code is that of a {levels[place]}, not of an area", code)


_LANGUAGE = re.compile(r"\s*\([A-Z][a-z]+( [A-Z][a-z]+)?\)")


def _names_without_language(work: Work) -> None:
    """ "福宜铁矿(Chinese)" is how Global Energy Monitor writes a name in another language."""
    if "otherlanguage" not in normal(work.named.get("name", "")):
        return
    names = work.columns["name"]
    for place in np.flatnonzero(present(names)):
        tail = names[place].rfind("(")
        if tail > 0 and _LANGUAGE.fullmatch(names[place][tail:]):
            names[place] = names[place][:tail].rstrip()


def _codes_by_name(work: Work) -> None:
    """Enterprises without a column of codes get one from their name, the same each time."""
    if "code" in work.named:
        for place in np.flatnonzero(~present(work.columns["code"]) & ~work.faulty("code")):
            work.fault(int(place), "code", "it is missing", None)
        return
    first, second = work.columns["name_en"], work.columns["name"]
    for at, name in enumerate(np.where(present(first), first, second)):
        if name is not None:
            work.columns["code"][at] = "N-" + hashlib.sha256(normal(name).encode()).hexdigest()[:12]
    work.notes.say("The file has no column of codes: each enterprise has one made from its name.")


_RULES: Mapping[str, tuple[Callable[[Work], None], ...]] = {
    "areas": (_levels_by_code,),
    "cells": (_days_in_order,),
    "leaves": (_leave_in_order,),
    "duties": (_days_in_order, _hours_in_pairs),
    "households": (_contacts_by_consent,),
    "enterprises": (_names_without_language, _codes_by_name),
    "incidents": (_times_in_order,),
}


# --- keys -----------------------------------------------------------------------------------------------------------


class Keys:
    """Which row had a key first, over all tables of a file: 24 bytes a row, in sorted runs that are merged when two are
    alike in size. A key is told by 128 bits of its digest."""

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[np.bytes_], NDArray[np.int64]]] = []

    def first_rows(self, keys: Sequence[tuple[object, ...]], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row that had each key first: one of an earlier table, else the row given here. Keys are distinct."""
        told = np.array([blake2b(repr(key).encode(), digest_size=16).digest() for key in keys], dtype="S16")
        first, fresh = rows.copy(), np.ones(len(told), dtype=bool)
        for digests, owners in self._runs:
            at = np.minimum(np.searchsorted(digests, told), len(digests) - 1)
            same = digests[at] == told
            first[same] = owners[at[same]]
            fresh &= ~same
        self._add(told[fresh], rows[fresh])
        return first

    def _add(self, digests: NDArray[np.bytes_], rows: NDArray[np.int64]) -> None:
        while len(digests):
            order = np.argsort(digests, kind="stable")
            digests, rows = digests[order], rows[order]
            if not self._runs or len(self._runs[-1][0]) > 2 * len(digests):
                self._runs.append((digests, rows))
                return
            other, owners = self._runs.pop()
            digests, rows = np.concatenate([other, digests]), np.concatenate([owners, rows])


def same_keys(work: Work, merge: bool, seen: Keys) -> dict[int, list[int]]:
    """Turn away rows that share their key with another.

    For kinds with areas all of them, since no one of them is the whole; with `merge` none, and they are returned as
    {first place: all places}. Elsewhere the first is kept and the later ones are rejected naming it; `seen` are the
    keys of the file's earlier tables.
    """
    good = np.flatnonzero(~work.bad)
    keys = pd.Series(list(zip(*(work.columns[name][good] for name in work.kind.key), strict=True)), dtype=object)
    if work.kind.shape is not Shape.AREA:
        _reject_later(work, seen, keys, good)
        return {}
    repeated = keys[keys.duplicated(keep=False)]
    groups = [good[places.index].tolist() for _, places in repeated.groupby(repeated, sort=False)]
    if merge:
        return {members[0]: members for members in groups}
    name, rows, word = work.kind.key[0], work.table.rows, work.table.word
    for members in groups:
        for place in members:
            others = name_rows([int(rows[other]) for other in members if other != place], word)
            said = f"the same {name} as {others}; if they are one, merge them with --merge-same-code"
            work.fault(place, name, said, work.columns[name][place])
    return {}


def _reject_later(work: Work, seen: Keys, keys: pd.Series[Any], good: NDArray[np.int64]) -> None:
    """Reject each row whose key another row had before it, in this table or in an earlier one."""
    numbers, distinct = pd.factorize(keys.to_numpy(dtype=object))
    rows = work.table.rows[good]
    _, at_first = np.unique(numbers, return_index=True)
    first = seen.first_rows(list(distinct), rows[at_first])[numbers]
    name = work.kind.key[0]
    for at in np.flatnonzero(first != rows).tolist():
        place = int(good[at])
        said = f"the same {name} as {name_rows([int(first[at])], work.table.word)}, which is kept"
        work.fault(place, name, said, work.columns[name][place])


def merge(work: Work, frame: pd.DataFrame, groups: Mapping[int, list[int]]) -> pd.DataFrame:
    """Rows with one key made one: their geometry united, else the first row's values."""
    if not groups:
        return frame
    position = np.cumsum(~work.bad).astype(np.int64) - 1
    gone: list[int] = []
    shapes = frame["geometry"].to_numpy(dtype=object).copy()
    for first, members in groups.items():
        at = position[members]
        shapes[at[0]] = as_multipolygon(shapely.union_all(shapes[at]))
        gone.extend(int(place) for place in at[1:])
        what = work.columns[work.kind.key[0]][first]
        listed = name_rows(work.table.rows[members], work.table.word)
        work.notes.say(f"{listed} have the code {what} and are merged into one.")
    merged = frame.assign(geometry=pd.Series(shapes, dtype=object))
    return merged.drop(index=gone).reset_index(drop=True)


def as_multipolygon(shape: Any) -> Any:
    """A polygon as a multipolygon of one."""
    return shapely.multipolygons([shape]) if shape is not None and shape.geom_type == "Polygon" else shape


def points(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.object_]:
    """Points, None where a coordinate is not finite."""
    found: NDArray[np.object_] = np.full(len(lon), None, dtype=object)
    finite = np.isfinite(lon) & np.isfinite(lat)
    found[finite] = shapely.points(lon[finite], lat[finite])
    return found
