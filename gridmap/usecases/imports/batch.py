"""One file's rows on their way in: which still stand, which were turned away and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Table

from gridmap.files.table import Reject
from gridmap.store.upsert import Upserted, upsert
from gridmap.usecases.context import Context
from gridmap.view import View

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the rows of a file."""

    inserted: int
    updated: int
    unchanged: int
    rejects: Sequence[Reject]
    #: ids of the rows that are new or other than they were; None: any may be
    touched: npt.NDArray[np.int64] | None = None


def silent(done: int, total: int) -> None:
    """The progress of nobody."""


@dataclass
class Batch:
    """The canonical rows that still stand, and the ones turned away so far.

    A column that the frame lacks is one the file says nothing of: new rows get its default, others keep what they have.
    """

    ctx: Context
    conn: Connection
    rows: pd.DataFrame
    progress: Progress = silent
    rejects: list[Reject] = field(default_factory=list)
    given: frozenset[str] = frozenset()
    #: who brings the file, where that is somebody with an area; None: the operator
    view: View | None = None

    def __post_init__(self) -> None:
        self.given = frozenset(map(str, self.rows.columns))

    def turn_away(self, bad: np.ndarray, name: str, reason: str) -> None:
        """Reject the rows of the mask; `reason` may hold {value}."""
        if not bad.any():
            return
        for row, value in zip(self.rows.loc[bad, "row"].tolist(), self.rows.loc[bad, name].tolist(), strict=True):
            self.rejects.append(Reject(int(row), name, reason.format(value=value), str(value)))
        self.rows = self.rows.loc[~bad].reset_index(drop=True)

    def drop_repeated(self, name: str = "code", *, named: str | None = None) -> None:
        """Keep the first row of each code (or of another key, told by the column `named`)."""
        self.turn_away(
            self.rows[name].duplicated().to_numpy(), named or name, "{value} stands in an earlier row already"
        )

    def resolve(self, name: str, known: Mapping[Any, int], what: str, *, required: bool = True) -> list[int | None]:
        """The ids behind a column of codes; rows with an unknown code (or none, where required) are turned away."""
        if name not in self.rows:
            self.rows[name] = None
        missing = self.rows[name].isna().to_numpy()
        unknown = ~missing & ~self.rows[name].isin(known.keys()).to_numpy()
        self.turn_away(unknown, name, f"there is no {what} {{value}}; import it first")
        if required:
            self.turn_away(self.rows[name].isna().to_numpy(), name, f"no {what} is given")
        return [None if code is None else known[code] for code in self.column(name)]

    def column(self, name: str) -> list[Any]:
        """A column with None for what is missing; all None when the file has no such column."""
        if name not in self.rows:
            return [None] * len(self.rows)
        values = self.rows[name]
        return [
            None if missing else value for value, missing in zip(values.tolist(), values.isna().tolist(), strict=True)
        ]

    def upsert(
        self,
        table: Table,
        columns: Mapping[str, Sequence[Any]],
        *,
        key: Sequence[str] = ("code",),
        sources: Mapping[str, str] | None = None,
    ) -> Upserted:
        """Bring columns of a table in. `sources`: the frame's column behind one of another name ("area_id": "area").

        In rows that are there already only columns whose source was given are changed.
        """
        behind = sources or {}
        told = [name for name in columns if behind.get(name, name) in self.given]
        return upsert(self.conn, table, columns, key=key, told=told)

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        return {name: self.column(name) for name in names}

    def choice(self, name: str, default: str) -> list[str]:
        """A column of text with a default for what is missing."""
        return [default if value is None else str(value) for value in self.column(name)]

    def whole(self, name: str, default: int | None = None) -> list[int | None]:
        """A column of whole numbers."""
        return [default if value is None else int(value) for value in self.column(name)]
