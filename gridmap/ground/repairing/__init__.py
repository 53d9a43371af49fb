"""Repair of a coverage: slivers and gaps filled, overlaps given to one owner, everything else left as it is."""

from gridmap.ground.repairing.report import Cut, Filled, Given, RepairReport
from gridmap.ground.repairing.run import repair

__all__ = ["Cut", "Filled", "Given", "RepairReport", "repair"]
