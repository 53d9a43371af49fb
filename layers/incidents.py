"""Incidents: each with its light, told by shape, colour and word. What was written in a report is not on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from gridmap.case.terms import Status
from gridmap.view import Audience, Kind
from layers import style
from layers.layer import Field, Lang, Layer, LegendItem, Param, Words

LIGHT_WORDS: Final[Mapping[str, Words]] = {
    "very_late": Words("严重超期", "Very late"),
    "red": Words("超期", "Overdue"),
    "yellow": Words("临期", "Due soon"),
    "green": Words("正常", "On time"),
    "paused": Words("暂停", "Paused"),
}
#: of cases that have ended, in the light's place: `style.ENDINGS`
ENDING_WORDS: Final[Mapping[str, Words]] = {
    "done_in_time": Words("按期处置", "Done in time"),
    "done_late": Words("超期处置", "Done late"),
    "ended": Words("已结束", "Ended"),
}
STATUSES = tuple(map(str, Status))

_DUTY = frozenset({Audience.DUTY})


def _legend(lang: Lang, _frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    lights = [(name, words, style.LIGHTS[name][0]) for name, words in LIGHT_WORDS.items()]
    endings = [(name, words, style.ENDINGS[name][1]) for name, words in ENDING_WORDS.items()]
    return [LegendItem("light", words.of(lang), colour, glyph=name) for name, words, colour in (*lights, *endings)]


LAYER = Layer(
    name="incidents",
    title=Words("案件", "Incidents"),
    kind=Kind.INCIDENT,
    geometry="point",
    fields=(
        Field("number", Words("编号", "Number"), audiences=_DUTY),
        Field("category", Words("类别代码", "Category code"), audiences=_DUTY),
        Field("category_name", Words("类别", "Category"), column_en="category_name_en", audiences=_DUTY),
        Field("status", Words("状态", "Status"), audiences=_DUTY),
        Field("light", Words("灯", "Light"), audiences=_DUTY),
        Field("in_time", Words("按期处置", "Done in time"), audiences=_DUTY),
        Field("received_at", Words("上报时间", "Reported"), audiences=_DUTY),
        Field("due_at", Words("到期", "Due"), audiences=_DUTY),
        Field("closed_at", Words("办结时间", "Closed"), audiences=_DUTY),
        Field("cell", Words("网格", "Cell"), audiences=_DUTY),
        Field("worker", Words("网格员", "Grid worker"), audiences=_DUTY),
    ),
    source="incidents",
    params=(
        Param("category", "code", Words("类别", "Category")),
        Param("status", "choice", Words("状态", "Status"), choices=STATUSES),
        Param("light", "choice", Words("灯", "Light"), choices=tuple(LIGHT_WORDS)),
        Param("cell", "code", Words("网格", "Cell")),
        Param("from", "date", Words("从", "From")),
        Param("to", "date", Words("到（不含）", "To (not included)")),
    ),
    audiences=_DUTY,
    style={
        name: {"fill": fill, "ink": ink, "text": text}
        for name, (fill, ink, text) in (*style.LIGHTS.items(), *style.ENDINGS.items())
    },
    draw_legend=_legend,
)
