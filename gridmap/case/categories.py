"""The incident categories that ship with the platform: two levels, Chinese and English, editable once loaded."""

from __future__ import annotations

from importlib.resources import files

import pandas as pd

from gridmap.errors import EnvironmentFault

COLUMNS = ("code", "name", "name_en", "parent", "process", "limit_hours", "department")


def default_categories() -> pd.DataFrame:
    """The shipped categories, parents before their children.

    Columns: code, name, name_en (text); parent (code of the upper level, None at the top); process
    ("dispute", "service" or "emergency"); limit_hours (float64 > 0: hours from receipt until it is due);
    department (tag of the department that answers for it, None: the body of the cell). Raises EnvironmentFault
    when the installed file is damaged.
    """
    with files("gridmap.case").joinpath("categories.csv").open(encoding="utf-8") as source:
        frame = pd.read_csv(source, dtype={"limit_hours": "float64"}, keep_default_na=False)
    if tuple(frame.columns) != COLUMNS:
        wanted = ", ".join(COLUMNS)
        raise EnvironmentFault(f"gridmap/case/categories.csv must have the columns {wanted}: reinstall gridmap")
    for column in ("parent", "department"):
        text = frame[column].astype(object)
        frame[column] = text.where(text != "", None)
    return frame
