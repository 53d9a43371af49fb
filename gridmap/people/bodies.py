"""Which body answers for a report: the department of its category that is nearest, else the cell's own body."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Body:
    """A department, centre or committee; `area_path` is that of the area it serves."""

    id: int
    kind: str
    department: str | None
    area_path: str


class Bodies:
    """All bodies of a county, answering which one is responsible."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        # nearest first: the longest path that still contains the place
        self._bodies = sorted(bodies, key=lambda body: (-len(body.area_path), body.id))
        self._known: dict[tuple[str, str | None, int | None], int | None] = {}

    def responsible(self, area_path: str, department: str | None, cell_body_id: int | None = None) -> int | None:
        """The body for a place in this area.

        1. The nearest body of the category's department; 2. the cell's own body; 3. the nearest committee or centre;
        None only where the county has no body at all.
        """
        asked = (area_path, department, cell_body_id)
        if asked not in self._known:
            self._known[asked] = self._find(*asked)
        return self._known[asked]

    def _find(self, area_path: str, department: str | None, cell_body_id: int | None) -> int | None:
        over = [body for body in self._bodies if area_path.startswith(body.area_path)]
        by_department = (body.id for body in over if department is not None and body.department == department)
        general = (body.id for body in over if body.kind in ("committee", "centre"))
        return next(by_department, cell_body_id if cell_body_id is not None else next(general, None))
