"""The edition of a meeting for the table, as a printed sheet: it names no house, no complainant and no case."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from gridmap.reports import page
from gridmap.usecases.context import Context
from gridmap.usecases.meetings import table_edition
from gridmap.view import View

_WORDS: Final = {
    "zh": {
        "kind": "联席会议 · 桌面版", "when": "时间", "venue": "地点", "seats": "到会三方", "cases": "反映情况",
        "category": "类别", "number": "至少（件）", "others": "其他类别合计",
        "held_back": "件数少于 5 的类别不列出。", "none": "没有可列出的数字。", "promises": "承诺", "promise": "内容",
        "owner": "承诺方", "due": "到期", "state": "情况", "nothing": "还没有承诺。", "of": "居民",
        "government": "政府", "enterprise": "企业", "residents": "居民", "open": "未结", "proven": "已举证，待核",
        "kept": "已兑现", "broken": "未兑现", "withdrawn": "已撤回", "late": "超期",
        "foot": "本版不列住户、反映人和案件。",
    },
    "en": {
        "kind": "Joint meeting · for the table", "when": "When", "venue": "Venue", "seats": "Who sits there",
        "cases": "What was reported", "category": "Category", "number": "At least",
        "others": "All other categories", "held_back": "Categories with fewer than five cases are not shown.",
        "none": "No figure can be shown.", "promises": "Promises", "promise": "What", "owner": "Whose", "due": "Due",
        "state": "State", "nothing": "Nothing was promised yet.", "of": "Residents of", "government": "Government",
        "enterprise": "Enterprise", "residents": "Residents", "open": "open", "proven": "proven, to be looked at",
        "kept": "kept", "broken": "broken", "withdrawn": "withdrawn", "late": "late",
        "foot": "This sheet names no household, no complainant and no case.",
    },
}  # fmt: skip


def sheet(ctx: Context, view: View, meeting_id: int, lang: str, tag: str, **more: Any) -> str:
    """The HTML of the sheet in a language ("zh", "en"); `tag`: its `lang` attribute. Raises NotFound."""
    told, t = table_edition(ctx, view, meeting_id), _WORDS[lang]

    def named(one: Any) -> str:
        return str((lang == "en" and one["name_en"]) or one["name"])

    def day(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(ctx.zone):%Y-%m-%d}"

    promises = [
        {
            "text": one["text"], "owner": named(one["owner"]), "due": day(one["due_at"]),
            "state": t["late"] if one["light"] == "red" else t[one["status"]],
        }
        for one in told["promises"]
    ]  # fmt: skip
    return page(
        "table.html", lang=tag, title=told["title"], foot=told["number"], t=t, told=told,
        when=f"{datetime.fromisoformat(told['meets_at']).astimezone(ctx.zone):%Y-%m-%d %H:%M}",
        seats=[(t[one["party"]], named(one)) for one in told["seats"]],
        cases=[(named(one["category"]) if one["category"] else t["others"], one) for one in told["cases"]],
        promises=promises, enterprise=named(told["enterprise"]) if told["enterprise"] else "", **more,
    )  # fmt: skip
