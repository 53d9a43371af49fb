"""A redraw as a value: edits with inverses, plans of them, what a plan changes and whether it may stand.

Knows no database: a published drawing comes in as cells, points as arrays, and what goes out are values.
"""

from gridmap.plan.applying import apply
from gridmap.plan.deltas import (
    AssignCodes,
    ChangeCommunity,
    Delta,
    Merge,
    MoveNode,
    MovePart,
    Redraw,
    Reshape,
    Split,
    from_json,
    kind_of,
    to_json,
)
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.numbering import assignment, fresh
from gridmap.plan.plans import Plan, Step, Trouble, rebase

__all__ = [
    "AssignCodes",
    "Cell",
    "ChangeCommunity",
    "Delta",
    "Drawing",
    "Merge",
    "MoveNode",
    "MovePart",
    "Plan",
    "Redraw",
    "Reshape",
    "Split",
    "Step",
    "Trouble",
    "apply",
    "assignment",
    "fresh",
    "from_json",
    "kind_of",
    "rebase",
    "to_json",
]
