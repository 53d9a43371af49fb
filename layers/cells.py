"""Cells: the drawing of a day, shaded by the load that each cell's primary workers carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from gridmap.view import Drawing, Kind
from layers import style
from layers.layer import EVERYONE, Field, Lang, Layer, LegendItem, Param, Words
from layers.plane import Floats

MEASURES: Final[Mapping[str, Words]] = {
    "households": Words("每名网格员住户数", "Households per worker"),
    "open_incidents": Words("每名网格员未结案件", "Open cases per worker"),
}


#: a mean load below one in a thousand is no load: classes would tell nothing apart
LEAST_MEAN: Final = 0.001


def load(frame: pd.DataFrame, measure: str = "households") -> Floats:
    """Load per primary worker, one value a cell: float64 (n,), NaN where a cell has no primary worker.

    `frame` has int columns `households`, `open_incidents` and `workers` (primary workers on the roster today).
    """
    workers = frame["workers"].to_numpy(dtype=np.float64)
    carried = frame[measure].to_numpy(dtype=np.float64, na_value=np.nan)
    per_worker: Floats = np.divide(carried, workers, out=np.full(len(frame), np.nan), where=workers > 0)
    return per_worker


def load_breaks(values: Floats) -> tuple[float, ...]:
    """Four round breaks for five classes: 50, 80, 120 and 160 % of the mean, so that the fair share is in the middle.

    Values are NaN where unknown. With nothing known or carried the breaks are those of a mean of 1.
    """
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else 0.0
    mean = mean if mean >= LEAST_MEAN else 1.0
    breaks: list[float] = []
    for share in (0.5, 0.8, 1.2, 1.6):
        rounded = _round(mean * share)
        breaks.append(rounded if not breaks or rounded > breaks[-1] else breaks[-1] + _step(mean))
    return tuple(breaks)


def _step(mean: float) -> float:
    """The rounding step for loads around this mean: about a twentieth of it, as 1, 2 or 5 times a power of ten."""
    rough = mean / 20
    power = 10.0 ** np.floor(np.log10(rough))
    return float(power * (1 if rough / power < 2 else 2 if rough / power < 5 else 5))


def _round(value: float) -> float:
    step = _step(value)
    return round(round(value / step) * step, 6)


def shaded(frame: pd.DataFrame, measure: str = "households") -> pd.DataFrame:
    """The frame with `load` and `load_class` (0 to 4; missing without a worker) added, and the breaks in `attrs`."""
    values = load(frame, measure)
    breaks = load_breaks(values)
    classes = np.where(np.isfinite(values), np.searchsorted(breaks, values, side="right"), np.nan)
    out = frame.assign(load=np.round(values, 1), load_class=classes)
    out.attrs = {**frame.attrs, "breaks": breaks, "measure": measure}
    return out


def _legend(lang: Lang, frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    border = style.LINES["cell"]
    lines = [LegendItem("line", Words("网格界", "Cell border").of(lang), border.colour, width=border.width)]
    if frame is None or "breaks" not in frame.attrs:
        return lines
    title = MEASURES[frame.attrs["measure"]].of(lang)
    return [LegendItem("ramp", title, colours=style.LOAD_RAMP, breaks=tuple(frame.attrs["breaks"])), *lines]


LAYER = Layer(
    name="cells",
    title=Words("网格", "Cells"),
    kind=Kind.CELL,
    geometry="polygon",
    fields=(
        Field("code", Words("代码", "Code"), audiences=EVERYONE),
        Field("name", Words("名称", "Name"), column_en="name_en", audiences=EVERYONE),
        Field("area", Words("村社代码", "Community code"), audiences=EVERYONE),
        Field("area_m2", Words("面积（平方米）", "Area (m²)"), audiences=EVERYONE),
        Field("valid_from", Words("启用", "Valid from"), audiences=EVERYONE),
        Field("valid_to", Words("停用", "Valid until"), audiences=EVERYONE),
        Field("households", Words("住户", "Households")),
        Field("open_incidents", Words("未结", "Open cases")),
        Field("overdue", Words("超期", "Overdue")),
        Field("workers", Words("网格员", "Grid workers")),
        Field("load", Words("每名网格员", "Per worker")),
        Field("load_class", Words("档", "Class")),
    ),
    source="cells",
    params=(
        Param("code", "code", Words("代码", "Code")),
        Param("measure", "choice", Words("按", "Shaded by"), choices=tuple(MEASURES)),
        Param("as_of", "date", Words("划分日期", "Drawing of the day")),
        Param("drawing", "choice", Words("案件归属", "Cases counted"), choices=tuple(map(str, Drawing))),
    ),
    audiences=EVERYONE,
    style={name: style.LINES[name].as_dict() for name in ("cell", "cell_close", "selection")}
    | {"ramp": list(style.LOAD_RAMP)},
    draw_legend=_legend,
)
