"""Households: 4 px squares, only for those who serve them. No person's name and no telephone is on the map."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gridmap.view import Audience, Kind
from layers import style
from layers.layer import Field, Lang, Layer, LegendItem, Param, Words

_DUTY = frozenset({Audience.DUTY})


def _legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return (LegendItem("point", Words("住户", "Household").of(lang), style.HOUSEHOLD, glyph="square", width=4),)


LAYER = Layer(
    name="households",
    title=Words("住户", "Households"),
    kind=Kind.HOUSEHOLD,
    geometry="point",
    fields=(
        Field("code", Words("编号", "Number"), audiences=_DUTY),
        Field("address", Words("地址", "Address"), audiences=_DUTY),
        Field("housing", Words("房屋结构", "Housing"), audiences=_DUTY),
        Field("cell", Words("网格", "Cell"), audiences=_DUTY),
    ),
    source="households",
    params=(Param("cell", "code", Words("网格", "Cell")),),
    audiences=_DUTY,
    style={"fill": style.HOUSEHOLD, "size": 4},
    draw_legend=_legend,
)
