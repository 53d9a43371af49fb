"""A plan as a value: the drawing it began with, the edits made, those undone; and its way to a newer drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gridmap.errors import Conflict, InvalidInput
from gridmap.plan.applying import apply, redraw_of
from gridmap.plan.deltas import Delta, Redraw, from_json, to_json
from gridmap.plan.drawing import Drawing
from gridmap.plan.patch import patched


@dataclass(frozen=True, slots=True)
class Step:
    """An edit that was made, and what takes it back."""

    delta: Delta
    inverse: Redraw


@dataclass(frozen=True, slots=True)
class Plan:
    """Edits on a base. `base`: the version of the drawing it began with; `undone`: the next to be made again last."""

    base: str
    steps: tuple[Step, ...] = ()
    undone: tuple[Delta, ...] = ()

    def do(self, drawing: Drawing, delta: Delta) -> tuple[Plan, Drawing]:
        """The plan with one edit more, and the drawing after it; what was undone is forgotten. Raises as `apply`."""
        after, inverse = apply(drawing, delta)
        return Plan(self.base, (*self.steps, Step(delta, inverse))), after

    def undo(self, drawing: Drawing) -> tuple[Plan, Drawing]:
        """The plan and the drawing before the last edit, bit for bit. Raises Conflict when there is none."""
        if not self.steps:
            raise Conflict("there is nothing to undo", code="nothing_to_undo")
        last = self.steps[-1]
        return Plan(self.base, self.steps[:-1], (*self.undone, last.delta)), patched(drawing, last.inverse)

    def redo(self, drawing: Drawing) -> tuple[Plan, Drawing]:
        """The plan and the drawing with the edit that was undone last. Raises Conflict when there is none."""
        if not self.undone:
            raise Conflict("there is nothing to do again", code="nothing_to_redo")
        plan, after = self.do(drawing, self.undone[-1])
        return replace(plan, undone=self.undone[:-1]), after

    def drawing(self, base: Drawing) -> Drawing:
        """The drawing that the plan makes of its base. Raises as `apply` does when it is another base."""
        for step in self.steps:
            base, _ = apply(base, step.delta)
        return base

    def touched(self) -> frozenset[str]:
        """Codes of all cells that the edits took or put."""
        return frozenset(cell.code for step in self.steps for cell in (*step.inverse.take, *step.inverse.put))

    def as_dict(self) -> dict[str, Any]:
        """JSON: base, steps (delta and inverse), undone."""
        steps = [{"delta": to_json(step.delta), "inverse": to_json(step.inverse)} for step in self.steps]
        return {"base": self.base, "steps": steps, "undone": [to_json(delta) for delta in self.undone]}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Plan:
        """The plan that `as_dict` made this of. Raises InvalidInput where it is none."""
        steps = []
        for step in given.get("steps", ()):
            inverse = from_json(step["inverse"])
            if not isinstance(inverse, Redraw):
                raise InvalidInput("the inverse of an edit is a redraw", field="inverse")
            steps.append(Step(from_json(step["delta"]), inverse))
        return cls(str(given["base"]), tuple(steps), tuple(map(from_json, given.get("undone", ()))))


@dataclass(frozen=True, slots=True)
class Trouble:
    """An edit that met a newer base. `blocked`: it cannot be made there; else it was, on cells that had changed.

    `number`: which edit, from 1.
    """

    number: int
    delta: Delta
    blocked: bool
    cells: tuple[str, ...]
    why: str
    lon: float | None = None
    lat: float | None = None


def rebase(plan: Plan, old: Drawing, new: Drawing, version: str) -> tuple[Plan, Drawing, list[Trouble]]:
    """The plan on a newer base: edit by edit, with what went wrong named.

    `old`: the plan's own base, `new`: the newer one, called `version`. Edits that cannot be made are left out (so are
    those that build on them); edits made on cells that differ between the bases are made, and named for a second look.
    """
    moved, drawing = Plan(version), new
    trouble: list[Trouble] = []
    for number, step in enumerate(plan.steps, start=1):
        meant = step.inverse.put
        try:
            redraw = redraw_of(step.delta, drawing)
            after = patched(drawing, redraw)
        except (InvalidInput, Conflict) as error:
            cells = tuple(error.details.get("cells") or (cell.code for cell in meant))
            at = error.details.get("lon"), error.details.get("lat")
            trouble.append(Trouble(number, step.delta, True, cells, error.message, *at))
            continue
        other = _differing(old, new, (cell.code for cell in redraw.take))
        if other:
            why = f"edit {number} was made on {', '.join(other)} as it was before the newer drawing"
            trouble.append(Trouble(number, step.delta, False, other, why))
        moved, drawing = Plan(version, (*moved.steps, Step(step.delta, redraw.inverse()))), after
    return moved, drawing, trouble


def _differing(old: Drawing, new: Drawing, codes: Any) -> tuple[str, ...]:
    """Which of these cells are not the same in both drawings."""
    return tuple(sorted(code for code in codes if old.get(code) != new.get(code)))
