"""Shapes of what became of a file of permits."""

from __future__ import annotations

from pydantic import BaseModel, Field


class RejectOut(BaseModel):
    """One fault of one row, with the value as it came."""

    row: int = Field(description="as the file numbers it; a table's headings are row 1")
    field: str
    reason: str
    value: str


class BroughtOut(BaseModel):
    """What became of a file's rows. The same file again gives inserted = updated = 0."""

    inserted: int
    updated: int
    unchanged: int
    turned_away: int = Field(description="rows that are not in; `rejects` lists the first 200 faults")
    rejects: list[RejectOut]
