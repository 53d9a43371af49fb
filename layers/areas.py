"""Areas: county, towns and communities, as borders and names."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gridmap.view import Kind
from layers import style
from layers.layer import COARSE, EVERYONE, Field, Lang, Layer, LegendItem, Param, Words

LEVELS = ("county", "town", "community")
_LEVEL_WORDS = {
    "county": Words("县界", "County border"),
    "town": Words("乡镇界", "Town border"),
    "community": Words("村社界", "Community border"),
}


def _legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return [
        LegendItem("line", _LEVEL_WORDS[level].of(lang), style.LINES[level].colour, width=style.LINES[level].width)
        for level in LEVELS
    ]


LAYER = Layer(
    name="areas",
    title=Words("行政区", "Areas"),
    kind=Kind.AREA,
    geometry="polygon",
    fields=(
        Field("code", Words("代码", "Code"), audiences=EVERYONE),
        Field("name", Words("名称", "Name"), column_en="name_en", audiences=EVERYONE),
        Field("level", Words("级别", "Level"), audiences=EVERYONE),
        Field("parent", Words("上级", "Within"), audiences=EVERYONE),
    ),
    source="areas",
    params=(Param("level", "choice", Words("级别", "Level"), choices=LEVELS),),
    audiences=EVERYONE,
    style={level: style.LINES[level].as_dict() for level in LEVELS},
    decimals=COARSE,
    draw_legend=_legend,
)
