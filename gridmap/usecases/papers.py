"""What is handed to a household on paper: its own file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gridmap.reports import page, pdf

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "住户档案", "people": "住户", "children": "16 岁以下", "adults": "16 至 64 岁", "elders": "65 岁以上",
        "why": "这里是所保存的全部内容。您可以要求更正、删除，也可以随时撤回同意。",
        "housing": "房屋", "housing_adobe": "土坯", "housing_rubble": "毛石", "housing_brick": "砖房",
        "housing_frame": "框架", "housing_other": "其他", "housing_none": "未登记", "contact": "联系人",
        "interpreter": "需要翻译", "yes": "是", "no": "否", "none": "没有记录", "consents": "同意", "care": "照护提示",
        "visits": "走访", "requests": "诉求", "purpose": "用途", "how": "方式", "given": "日期", "until": "到期",
        "withdrawn": "撤回", "text": "内容", "outcome": "结果", "number": "编号", "category": "类别", "readers": "可见",
        "p_contact": "联系方式", "p_interpreter": "翻译", "p_care": "照护提示", "p_visits": "走访记录",
        "p_help_button": "一键求助", "h_spoken": "口头", "h_written": "书面", "h_online": "网上", "o_met": "见面",
        "o_absent": "无人", "o_declined": "谢绝", "r_cell": "本网格网格员", "r_agent": "信访代办员",
        "c_mobility": "行动", "c_hearing": "听力", "c_sight": "视力", "c_medicine": "用药", "c_alone": "独居",
        "c_equipment": "设备", "c_other": "其他",
    },
    "en": {
        "title": "Household file", "people": "Household", "children": "Under 16", "adults": "16 to 64",
        "elders": "65 and over",
        "why": "This is everything that is kept. You may have it corrected or erased, and withdraw any consent.",
        "housing": "House", "housing_adobe": "adobe", "housing_rubble": "rubble", "housing_brick": "brick",
        "housing_frame": "frame", "housing_other": "other", "housing_none": "not recorded", "contact": "Contact",
        "interpreter": "Interpreter wanted", "yes": "yes", "no": "no", "none": "Nothing recorded",
        "consents": "Consents", "care": "Care notes", "visits": "Visits", "requests": "Requests", "purpose": "For",
        "how": "How", "given": "Given", "until": "Until", "withdrawn": "Withdrawn", "text": "Text",
        "outcome": "Outcome", "number": "Number", "category": "Category", "readers": "Read by",
        "p_contact": "contact", "p_interpreter": "interpreter", "p_care": "care notes", "p_visits": "notes of visits",
        "p_help_button": "help button", "h_spoken": "spoken", "h_written": "in writing", "h_online": "online",
        "o_met": "met", "o_absent": "nobody in", "o_declined": "declined", "r_cell": "the cell's workers",
        "r_agent": "petition agent", "c_mobility": "mobility", "c_hearing": "hearing", "c_sight": "sight",
        "c_medicine": "medicine", "c_alone": "living alone", "c_equipment": "equipment", "c_other": "other",
    },
}  # fmt: skip

Table = tuple[str, list[str], list[list[str]]]


def household_html(home: Mapping[str, Any], lang: str, today: date, zone: ZoneInfo) -> str:
    """The sheet of a file as `homes.file_of` gives it."""
    t = _WORDS[lang]
    return page(
        "household.html", lang=lang, title=t["title"], foot=today.isoformat(), t=t, home=home,
        tables=_tables(home, t, lang, zone),
    )  # fmt: skip


def household_pdf(home: Mapping[str, Any], lang: str, today: date, zone: ZoneInfo) -> bytes:
    """The PDF of a file, to be handed to the household."""
    return pdf(household_html(home, lang, today, zone))


def _tables(home: Mapping[str, Any], t: Mapping[str, str], lang: str, zone: ZoneInfo) -> list[Table]:
    def day(value: datetime | date | None) -> str:
        if value is None:
            return "–"
        return (value.astimezone(zone).date() if isinstance(value, datetime) else value).isoformat()

    consents = [
        [t[f"p_{one['purpose']}"], t[f"h_{one['how']}"], day(one["given_at"]), day(one["until"]),
         day(one["withdrawn_at"])] for one in home["consents"]
    ]  # fmt: skip
    care = [
        [t[f"c_{one['purpose']}"], one["text"] or "–", t[f"r_{one['readers']}"], day(one["expires_on"])]
        for one in home["care_notes"]
    ]
    visits = [[day(one["visited_at"]), t[f"o_{one['outcome']}"], one["note"] or "–"] for one in home["visits"]]
    named = "category_name_en" if lang == "en" else "category_name"
    asked = [[one["number"], one[named] or one["category_name"], day(one["received_at"])] for one in home["requests"]]
    return [
        (t["consents"], [t["purpose"], t["how"], t["given"], t["until"], t["withdrawn"]], consents),
        (t["care"], [t["purpose"], t["text"], t["readers"], t["until"]], care),
        (t["visits"], [t["given"], t["outcome"], t["text"]], visits),
        (t["requests"], [t["number"], t["category"], t["given"]], asked),
    ]
