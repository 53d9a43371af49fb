"""What every use case is handed: the database, the settings, the vault, the ground as drawn today, and the clock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Engine, make_url

from gridmap.ground import AssignmentIndex, load_pixels
from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import open_engine, versions
from gridmap.store.ground import cells_on
from gridmap.store.keyfile import open_vault
from gridmap.usecases.drafts import Drafts
from gridmap.usecases.holding import Holdings
from gridmap.usecases.packs import Packs
from gridmap.usecases.settled import SettledCache

logger = logging.getLogger(__name__)


def server_clock() -> datetime:
    """Now, in UTC. The server's clock decides; tests pass their own."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Ground:
    """The cells of one day with their index. Arrays are aligned with the index's row positions."""

    day: date
    version: tuple[int, int]
    index: AssignmentIndex
    cells: gpd.GeoDataFrame
    ids: npt.NDArray[np.int64]
    #: (west, south, east, north) in degrees; None when there are no cells
    extent: tuple[float, float, float, float] | None

    @cached_property
    def id_list(self) -> list[int]:
        """`ids` as Python's own numbers."""
        ids: list[int] = self.ids.tolist()
        return ids

    @cached_property
    def names(self) -> dict[int, dict[str, Any]]:
        """{code, name, name_en} of each cell by its id."""
        columns = ("code", "name", "name_en")
        plain = (self.cells[name].astype(object).where(self.cells[name].notna(), None).tolist() for name in columns)
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True))
        return dict(zip(self.id_list, rows, strict=True))

    @cached_property
    def id_of(self) -> dict[str, int]:
        """The ids of the cells by code."""
        return dict(zip(self.cells["code"].tolist(), self.id_list, strict=True))

    @cached_property
    def ties(self) -> tuple[list[int], list[str], list[int | None]]:
        """Area id, area path and body id of each cell: read once, since a report looks up one of thousands."""
        return self.cells["area_id"].tolist(), self.cells["area_path"].tolist(), _or_none(self.cells["body_id"])

    @cached_property
    def towns(self) -> list[int | None]:
        """The id of each cell's town."""
        return _or_none(self.cells["town_id"])

    def cell_ids(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The id of the cell that each place (WGS84) lies in; 0 for none."""
        found = self.index.locate(lon, lat)
        known = np.concatenate([self.ids, np.zeros(1, dtype=np.int64)])  # -1, for none, is the last
        return np.asarray(known[found], dtype=np.int64)


def _or_none(ids: pd.Series) -> list[int | None]:
    return [None if pd.isna(one) else int(one) for one in ids.tolist()]


class GroundCache:
    """The ground of the days asked for, rebuilt in every process once the cells' version has moved on.

    `folder`: where a server's processes keep and find the indexes' pixel grids, see `warm`.
    """

    def __init__(self, keep: int = 4, folder: Path | None = None) -> None:
        self._keep = keep
        self._folder = folder
        self._at_once = False
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._grounds: dict[date, Ground] = {}

    def at_hand(self, day: date) -> Ground | None:
        """The ground of a day as this process last read it, for a caller who finds out whether it still stands."""
        with self._lock:
            return self._grounds.get(day)

    def on(self, conn: Connection, day: date) -> Ground:
        """The ground of a day. One small query when nothing has changed."""
        version = ground_version(versions.read(conn))
        with self._lock:
            known = self._grounds.get(day)
            if known is None or known.version != version:
                known = self._made(cells_on(conn, day), day, version)
                self._grounds.pop(day, None)
                self._grounds[day] = known
                while len(self._grounds) > self._keep:
                    del self._grounds[next(iter(self._grounds))]
            return known

    def _made(self, cells: gpd.GeoDataFrame, day: date, version: tuple[int, int]) -> Ground:
        """The ground of these cells; days of one drawing share its index."""
        ids = cells["id"].to_numpy(np.int64)
        for other in self._grounds.values():
            if other.version == version and np.array_equal(other.ids, ids):
                return replace(other, day=day)
        made = ground_of(cells, day, version)
        if self._at_once:
            self._make_ready(made.index)
        return made

    def warm(self, conn: Connection, day: date) -> Ground:
        """What a server does before its first request: nothing is compiled, and nothing of this day made, in one.

        From here on every ground comes with its pixel grid, mapped from the folder where another process has made it.
        """
        load_pixels()
        self._at_once = True
        ground = self.on(conn, day)
        if ground.extent is not None:
            west, south, east, north = ground.extent
            ground.index.place((west + east) / 2.0, (south + north) / 2.0)  # makes the borders ready, too
        return ground

    def _make_ready(self, index: AssignmentIndex) -> None:
        """Make the pixel grid; say once what is amiss. A folder that cannot be written to fails nobody."""
        why = index.make_ready(self._folder), index.method.why_tree and f"looking up in a tree: {index.method.why_tree}"
        for words in why:
            if words and words not in self._told:
                self._told.add(words)
                logger.warning(words)


def index_folder(settings: Settings) -> Path | None:
    """Where a server keeps the indexes of its cells; None for a database in memory."""
    url = make_url(settings.database_url)
    if settings.index_dir is not None:
        return settings.index_dir
    if url.get_backend_name() != "sqlite":
        return Path("var/index")
    return None if url.database in (None, "", ":memory:") else Path(f"{url.database}-index")


def ground_version(known: Mapping[str, int]) -> tuple[int, int]:
    """Of all versions, those of what a ground is made of; they move on with every change of cells or areas."""
    return known.get("cells", 0), known.get("areas", 0)


def ground_of(cells: gpd.GeoDataFrame, day: date, version: tuple[int, int] = (0, 0)) -> Ground:
    """The ground made of the cells of a day (`store.ground.cells_on`)."""
    west, south, east, north = (float(value) for value in cells.total_bounds)
    return Ground(
        day=day,
        version=version,
        index=AssignmentIndex(cells, code="code"),
        cells=cells,
        ids=cells["id"].to_numpy(np.int64),
        extent=(west, south, east, north) if len(cells) else None,
    )


@dataclass(frozen=True, slots=True)
class Context:
    """Made once by an entry point (`open_context`) and passed down."""

    engine: Engine
    settings: Settings
    vault: Vault
    clock: Callable[[], datetime] = server_clock
    grounds: GroundCache = field(default_factory=GroundCache)
    held: Holdings = field(default_factory=Holdings)
    drafts: Drafts = field(default_factory=Drafts)
    settled: SettledCache = field(default_factory=SettledCache)
    packs: Packs = field(default_factory=Packs)

    @property
    def zone(self) -> ZoneInfo:
        """The county's time zone, in which days begin and moments are shown."""
        return ZoneInfo(self.settings.timezone)

    def day_of(self, moment: datetime) -> date:
        """The county's day of a moment."""
        return moment.astimezone(self.zone).date()

    def today(self) -> date:
        """The county's day by the server's clock."""
        return self.day_of(self.clock())


def open_context(settings: Settings) -> Context:
    """Open the database and the vault of these settings; EnvironmentFault says what is missing."""
    return Context(
        engine=open_engine(settings.database_url),
        settings=settings,
        vault=open_vault(settings),
        grounds=GroundCache(folder=index_folder(settings)),
    )
