"""Places: reference systems, measures, areas and codes, coverage, and which cell a place is in.

Everything is WGS84 longitude and latitude unless a name says otherwise. Knows nobody else in the platform.
"""

from gridmap.ground.areas import level_of, parent_of, paths
from gridmap.ground.assignment import AssignmentIndex, Placement, load_pixels
from gridmap.ground.codes import CodeScheme
from gridmap.ground.coverage import CoverageReport, check
from gridmap.ground.crs import convert, parse_crs, to_wgs84, transformer
from gridmap.ground.measure import area_m2, distance_m, length_m, metric_crs, project, require_metric, transform
from gridmap.ground.question import question, question_text
from gridmap.ground.repairing import RepairReport, repair

__all__ = [
    "AssignmentIndex",
    "CodeScheme",
    "CoverageReport",
    "Placement",
    "RepairReport",
    "area_m2",
    "check",
    "convert",
    "distance_m",
    "length_m",
    "level_of",
    "load_pixels",
    "metric_crs",
    "parent_of",
    "parse_crs",
    "paths",
    "project",
    "question",
    "question_text",
    "repair",
    "require_metric",
    "to_wgs84",
    "transform",
    "transformer",
]
