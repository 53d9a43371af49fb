"""A redraw as a value: edits with inverses, plans of them, what a plan changes and whether it may stand.

Knows no database: a published drawing comes in as cells, points as arrays, and what goes out are values.
"""

from gridmap.plan.applying import apply
from gridmap.plan.constraints import Facts, Finding, judge, standard
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
from gridmap.plan.diff import Diff, Moved, diff, outline_error_m
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.edited import Edited, at_home, edits_between, followed, stitched, told_apart
from gridmap.plan.impact import (
    Impact,
    Matters,
    Placed,
    cell_figures,
    crosswalk,
    handovers,
    heirs,
    impact,
    worker_figures,
)
from gridmap.plan.limits import Limits
from gridmap.plan.numbering import assignment, fresh
from gridmap.plan.planar import edits_from_plane
from gridmap.plan.plans import Plan, Step, Trouble, rebase
from gridmap.plan.relabel import OUTSIDE, Labelled, moved, moves

__all__ = [
    "OUTSIDE",
    "AssignCodes",
    "Cell",
    "ChangeCommunity",
    "Delta",
    "Diff",
    "Drawing",
    "Edited",
    "Facts",
    "Finding",
    "Impact",
    "Labelled",
    "Limits",
    "Matters",
    "Merge",
    "MoveNode",
    "MovePart",
    "Moved",
    "Placed",
    "Plan",
    "Redraw",
    "Reshape",
    "Split",
    "Step",
    "Trouble",
    "apply",
    "assignment",
    "at_home",
    "cell_figures",
    "crosswalk",
    "diff",
    "edits_between",
    "edits_from_plane",
    "followed",
    "fresh",
    "from_json",
    "handovers",
    "heirs",
    "impact",
    "judge",
    "kind_of",
    "moved",
    "moves",
    "outline_error_m",
    "rebase",
    "standard",
    "stitched",
    "to_json",
    "told_apart",
    "worker_figures",
]
