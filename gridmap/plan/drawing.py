"""A drawing of the cells as a value: what is edited, and what an edit gives anew.

A drawing is a base, which many share, and the few cells that are otherwise than there. So an edit costs what it
touches, and an old drawing stays what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.ground.cells import code_texts, wgs84_polygons
from gridmap.ground.topology import refuse_faults
from gridmap.plan.refusing import stale


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its code, the code of its community, its shape (a polygon or multipolygon in WGS84)."""

    code: str
    community: str
    shape: BaseGeometry

    def __eq__(self, other: object) -> bool:
        """The same code, community and coordinates, bit for bit."""
        if not isinstance(other, Cell):
            return NotImplemented
        if (self.code, self.community) != (other.code, other.community):
            return False
        return self.shape is other.shape or shapely.to_wkb(self.shape) == shapely.to_wkb(other.shape)

    def __hash__(self) -> int:
        return hash((self.code, self.community))

    def as_dict(self) -> dict[str, Any]:
        """JSON: the shape as WKB in hexadecimal, so that no digit is lost."""
        return {"code": self.code, "community": self.community, "wkb": shapely.to_wkb(self.shape, hex=True)}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Cell:
        return cls(given["code"], given["community"], shapely.from_wkb(given["wkb"]))


class Base:
    """The cells that a drawing began with, ready to be asked who lies where. Immutable, safe to share."""

    __slots__ = ("cells", "order", "retired", "tree")

    def __init__(self, cells: Iterable[Cell], retired: Iterable[str] = ()) -> None:
        self.order = tuple(sorted(cells, key=lambda cell: cell.code))
        self.cells: Mapping[str, Cell] = MappingProxyType({cell.code: cell for cell in self.order})
        self.retired = frozenset(retired)
        self.tree = shapely.STRtree([cell.shape for cell in self.order])


class Drawing(Mapping[str, Cell]):
    """Cells by code, and the codes that were used before and may not come back. A value: edits give new ones."""

    __slots__ = ("_codes", "_gone", "_put", "_retired", "base")

    def __init__(self, base: Base, put: Mapping[str, Cell], gone: frozenset[str], retired: frozenset[str]) -> None:
        """Use `of` or `from_frame`. `put`: cells new or changed; `gone`: base cells no longer there."""
        self.base, self._put, self._gone, self._retired = base, put, gone, retired
        self._codes: tuple[str, ...] | None = None

    @classmethod
    def of(cls, cells: Iterable[Cell], retired: Iterable[str] = ()) -> Drawing:
        """A drawing of cells that are known to be a coverage: from a published drawing, say."""
        base = Base(cells, retired)
        return cls(base, {}, frozenset(), base.retired)

    @classmethod
    def from_frame(
        cls, cells: gpd.GeoDataFrame, code: str = "code", community: str | None = None, retired: Iterable[str] = ()
    ) -> Drawing:
        """A drawing of a GeoDataFrame in any CRS, after a check.

        `community`: the column with each cell's community; without, a code's first 12 digits. `retired`: codes that
        were used in the past. Vertices repeated in a row are dropped. Raises InvalidInput naming the faults when the
        cells are no coverage (see `ground.topology.faults`).
        """
        clean = cells.set_geometry(shapely.remove_repeated_points(np.asarray(cells.geometry.values)), crs=cells.crs)
        refuse_faults(clean, code)
        codes = [str(text) for text in code_texts(clean, code)]
        areas = [one[:12] for one in codes] if community is None else [t or "" for t in code_texts(clean, community)]
        return cls.of(map(Cell, codes, areas, wgs84_polygons(clean)), retired)

    def __getitem__(self, code: str) -> Cell:
        found = self._put.get(code)
        return self.base.cells[code] if found is None and code not in self._gone else self._put[code]

    def __contains__(self, code: object) -> bool:
        return code in self._put or (code in self.base.cells and code not in self._gone)

    def __iter__(self) -> Iterator[str]:
        if self._codes is None:  # an edit asks for them again and again
            self._codes = tuple(sorted((self.base.cells.keys() - self._gone) | self._put.keys()))
        return iter(self._codes)

    def __len__(self) -> int:
        both = sum(code in self.base.cells for code in self._put)
        return len(self.base.cells) - len(self._gone) + len(self._put) - both

    def __eq__(self, other: object) -> bool:
        """The same cells bit for bit, and the same codes retired."""
        if not isinstance(other, Drawing):
            return NotImplemented
        if self._retired != other._retired or len(self) != len(other):
            return False
        if self.base is other.base:
            touched = self.touched | other.touched
            return all(self.get(code) == other.get(code) for code in touched)
        return all(self.get(code) == cell for code, cell in other.items())

    def __hash__(self) -> int:
        return hash(self.digest())

    @property
    def retired(self) -> frozenset[str]:
        """Codes of cells that are no more; none of them is given again."""
        return self._retired

    @property
    def touched(self) -> frozenset[str]:
        """Codes that are new, changed or gone against the base."""
        return frozenset(self._put) | self._gone

    def cell(self, code: str) -> Cell:
        """A cell; raises Conflict naming the code when there is none such (any more)."""
        found = self.get(code)
        if found is None:
            raise stale(f"there is no cell {code} in this drawing", [code])
        return found

    def near(self, shape: BaseGeometry) -> list[Cell]:
        """Cells whose bounds meet those of a shape, by code."""
        base = self.base
        hits = (base.order[i] for i in base.tree.query(shape))
        found = {one.code: one for one in hits if one.code not in self._put and one.code not in self._gone}
        west, south, east, north = shape.bounds
        for code, one in self._put.items():
            w, s, e, n = one.shape.bounds
            if w <= east and e >= west and s <= north and n >= south:
                found[code] = one
        return [found[code] for code in sorted(found)]

    def beside(self, codes: Iterable[str]) -> list[Cell]:
        """Cells that meet one of these in at least a point, themselves left out, by code."""
        own = set(codes)
        found: dict[str, Cell] = {}
        for code in own:
            if code not in self:
                continue
            shape = self[code].shape
            found |= {c.code: c for c in self.near(shape) if c.code not in own and shapely.intersects(shape, c.shape)}
        return [found[code] for code in sorted(found)]

    def changed(self, take: Iterable[str], put: Iterable[Cell], retired: frozenset[str]) -> Drawing:
        """Another drawing, without some cells and with others; nothing is checked here, see `patch.patched`."""
        cells, gone = dict(self._put), set(self._gone)
        for code in take:
            cells.pop(code, None)
            if code in self.base.cells:
                gone.add(code)
        for cell in put:
            gone.discard(cell.code)
            if self.base.cells.get(cell.code) == cell:
                cells.pop(cell.code, None)
            else:
                cells[cell.code] = cell
        return Drawing(self.base, cells, frozenset(gone), retired)

    def to_frame(self, codes: Iterable[str] | None = None) -> gpd.GeoDataFrame:
        """Columns code, community, geometry (EPSG:4326), by code; all cells or those asked for."""
        chosen = [self[code] for code in (self if codes is None else sorted(codes))]
        return gpd.GeoDataFrame(
            {"code": [cell.code for cell in chosen], "community": [cell.community for cell in chosen]},
            geometry=[cell.shape for cell in chosen],
            crs="EPSG:4326",
        )

    def digest(self) -> str:
        """SHA-256 of all that the drawing says: equal drawings, and only they, have the same."""
        found = hashlib.sha256()
        for code in self:
            cell = self[code]
            found.update(f"{len(code)}:{code}{len(cell.community)}:{cell.community}".encode())
            found.update(shapely.to_wkb(cell.shape))
        found.update("\0".join(["", *sorted(self._retired)]).encode())
        return found.hexdigest()
