"""Layers held in memory by each server process, and what was written of their rows: one mechanism for all lists.

A request says which versions it has seen in the database (they come with its session), and gets rows at least as new.
So a change that any process commits is in the next answer, and nothing asks twice whether there was one. Who may see
which row is decided for each request by its View; nothing of that is kept.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
from sqlalchemy import Engine

from gridmap.people.lists import Ids
from gridmap.store import held as store
from gridmap.store import read, versions
from gridmap.store.features import Write
from gridmap.store.gone import for_everybody
from gridmap.store.held import DATED, DEPENDS, Held
from gridmap.store.spatial import Bbox
from gridmap.view import View

#: larger layers are asked of the database each time
MOST_ROWS = 200_000
#: what written rows may take in one process; beyond it they are dropped and written anew
MOST_BYTES = 128_000_000
#: rows that are written while others wait; more go to a thread
AT_ONCE = 50
#: days of a dated layer: today's, and around midnight yesterday's
_DAYS = 2

Version = tuple[int, ...]


class NotAtHand(Exception):
    """An answer would have to be waited for. Only callers who asked not to wait meet it, and ask again in a thread."""


@dataclass(slots=True)
class Holding:
    """A layer of one version with what was written of it; `held` is None for a layer too large to be held."""

    holdings: Holdings
    version: Version
    held: Held | None
    texts: dict[Hashable, list[bytes | None]] = field(default_factory=dict)
    bytes: int = 0

    def is_as_new_as(self, version: Version) -> bool:
        """Versions only rise; another thread may have read a newer one than this request saw."""
        return all(mine >= theirs for mine, theirs in zip(self.version, version, strict=True))

    def page(
        self, view: View, *, bbox: Bbox | None = None, after: int | None = None, limit: int = 500, waits: bool = True
    ) -> HeldPage | None:
        """One page as `store.features.page` gives it; None: ask the database, the layer is not held."""
        if self.held is None:
            return None
        found = self.held.find(view, bbox, after)
        positions, more = found[:limit], len(found) > limit
        return HeldPage(self, self.held, positions, int(self.held.ids[positions[-1]]) if more else None, waits)


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of a held layer; it is used like a `store.features.Page`."""

    holding: Holding
    held: Held
    positions: Ids
    next: int | None
    waits: bool

    @property
    def rows(self) -> pd.DataFrame:
        return self.held.rows.iloc[self.positions]

    def ids(self) -> list[int]:
        """The rows' ids in order."""
        ids: list[int] = self.held.ids[self.positions].tolist()
        return ids

    def texts(self, kind: Hashable, write: Write) -> list[bytes]:
        """Each row as `write` writes it, written once for each kind while the layer stays as it is."""
        known = self.holding.texts.get(kind)
        if known is None:
            known = self.holding.texts.setdefault(kind, [None] * len(self.held.ids))
        wanted = self.positions.tolist()
        found = [known[i] for i in wanted]
        if None in found:
            missing = [i for i in wanted if known[i] is None]
            if len(missing) > AT_ONCE and not self.waits:
                raise NotAtHand
            written = write(self.held.rows.iloc[missing])
            for i, text in zip(missing, written, strict=True):
                known[i] = text
            self.holding.holdings.grew(self.holding, written)
            found = [known[i] for i in wanted]
        return [text for text in found if text is not None]


class Holdings:
    """The layers that this process holds. Safe to share between threads."""

    def __init__(self, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._holdings: dict[tuple[str, date | None], Holding] = {}
        self._changing = threading.Lock()
        self._reading = {layer: threading.Lock() for layer in DEPENDS}

    def find(
        self, engine: Engine, known: Mapping[str, int], layer: str, day: date, *, waits: bool = True
    ) -> Holding | None:
        """A layer as of a day, at least as new as the versions `known`; None: ask the database.

        Who finds it changed reads it anew; who comes in the meantime does not wait for that. Raises NotAtHand where it
        would have to be read first and the caller does not wait.
        """
        if layer not in DEPENDS:
            return None
        key = (layer, day if layer in DATED else None)
        wanted = _version(layer, known)
        holding = self._holdings.get(key)
        if holding is not None and holding.is_as_new_as(wanted):
            return holding
        if not waits:
            raise NotAtHand
        if not self._reading[layer].acquire(blocking=False):
            return None
        try:
            with for_everybody():
                holding = self._read(engine, layer, day)
            self._keep(key, holding)
        finally:
            self._reading[layer].release()
        return holding

    def grew(self, holding: Holding, texts: list[bytes]) -> None:
        """Count what was written; where all of it takes too much room, drop it."""
        with self._changing:
            holding.bytes += sum(map(sys.getsizeof, texts))
            if sum(one.bytes for one in self._holdings.values()) > self._most_bytes:
                for one in self._holdings.values():
                    one.texts, one.bytes = {}, 0

    def _read(self, engine: Engine, layer: str, day: date) -> Holding:
        """Read a layer. The versions come first: a change in between makes the rows newer than they are said to be."""
        with read(engine) as conn:
            version = _version(layer, versions.read(conn))
            few = store.count(conn, layer) <= self._most_rows
            return Holding(self, version, store.hold(conn, layer, day) if few else None)

    def _keep(self, key: tuple[str, date | None], holding: Holding) -> None:
        with self._changing:
            self._holdings.pop(key, None)
            self._holdings[key] = holding
            of_layer = [one for one in self._holdings if one[0] == key[0]]
            for old in of_layer[:-_DAYS]:
                del self._holdings[old]


def _version(layer: str, known: Mapping[str, int]) -> Version:
    return tuple(known.get(name, 0) for name in DEPENDS[layer])
