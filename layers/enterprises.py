"""Enterprises: diamond mine, square quarry, gabled factory. Told by shape, so that grey printing keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from gridmap.view import Kind
from layers import style
from layers.layer import EVERYONE, Field, Lang, Layer, LegendItem, Param, Words

KIND_WORDS: Final[Mapping[str, Words]] = {
    "mine": Words("矿山", "Mine"),
    "quarry": Words("采石场", "Quarry"),
    "factory": Words("工厂", "Factory"),
    "other": Words("其他企业", "Other enterprise"),
}
STATUS_WORDS: Final[Mapping[str, Words]] = {
    "active": Words("在产", "Active"),
    "suspended": Words("停产", "Suspended"),
    "closed": Words("关闭", "Closed"),
    "planned": Words("拟建", "Planned"),
    "unknown": Words("不详", "Unknown"),
}


def _legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return [
        LegendItem("glyph", words.of(lang), style.INK, glyph=style.ENTERPRISE_GLYPHS[kind])
        for kind, words in KIND_WORDS.items()
    ]


LAYER = Layer(
    name="enterprises",
    title=Words("企业", "Enterprises"),
    kind=Kind.ENTERPRISE,
    geometry="mixed",
    fields=(
        Field("code", Words("编号", "Number"), audiences=EVERYONE),
        Field("name", Words("名称", "Name"), column_en="name_en", audiences=EVERYONE),
        Field("kind", Words("类型", "Kind"), audiences=EVERYONE),
        Field("status", Words("状态", "Status"), audiences=EVERYONE),
        Field("source", Words("资料来源", "Source of data"), audiences=EVERYONE),
    ),
    source="enterprises",
    params=(
        Param("kind", "choices", Words("类型", "Kind"), choices=tuple(KIND_WORDS)),
        Param("status", "choice", Words("状态", "Status"), choices=tuple(STATUS_WORDS)),
    ),
    audiences=EVERYONE,
    style={"fill": style.INK, "glyphs": dict(style.ENTERPRISE_GLYPHS)},
    draw_legend=_legend,
)
