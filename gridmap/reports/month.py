"""The monthly report from a scorecard's document: sentences first, then charts, ratios and lines. HTML, PDF, xlsx."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Literal
from zoneinfo import ZoneInfo

from markupsafe import Markup
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from gridmap.case.ratios import SMALL
from gridmap.reports import bookcharts, charts
from gridmap.reports.paper import page

Lang = Literal["zh", "en"]
#: a chart of more bars than these is no longer read
MOST_BARS = 15
COLUMNS = ("accepted", "due", "disposed", "overdue", "closed")
#: the counts under these heads
KEPT = ("accepted", "due", "disposed", "open_overdue", "closed")


@cache
def _words() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads(files("gridmap.reports").joinpath("words.json").read_text("utf-8"))
    return read


def words(lang: Lang) -> Mapping[str, str]:
    """What the report says in a language, by key: names of ratios, counts and channels among them."""
    return _words()[lang]


def drawings(card: Mapping[str, Any], lang: Lang) -> dict[str, Markup]:
    """The charts as SVG: `months`, `bars` (a bar a line, most cases first; empty without lines) and `ring`."""
    said = _words()[lang]
    months = list(card["history"])
    accepted = [card["history"][month]["accepted"] for month in months]
    half = len(months) // 2
    lines = sorted(_shown(card), key=lambda line: -line["counts"]["accepted"])[:MOST_BARS]
    rows = [(_name(one, lang), one["counts"]["accepted"], one["counts_year_before"]["accepted"]) for one in lines]
    channels = [(said.get(name, name), count) for name, count in card["channels"].items()]
    return {
        "months": charts.lines(said["months"], months[half:], accepted[half:], accepted[:half]),
        "bars": charts.bars(said["bars"], rows) if rows and card["by"] != "month" else Markup(),
        "ring": charts.ring(said["channels"], channels) if channels else Markup(),
    }


def _shown(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines that have anything to tell."""
    return [line for line in card["lines"] if line["counts"]["accepted"] or line["counts"]["due"]]


def html(card: Mapping[str, Any], lang: Lang) -> str:
    """The report as one page that needs nothing else. `card`: `usecases.scoredocs.document`."""
    said = _words()[lang]
    shown = _shown(card)
    return page(
        "month.html", lang="zh-CN" if lang == "zh" else "en", title=_title(card, lang), w=said,
        foot=_title(card, lang), made=said["made"].format(at=_made(card)),
        running=None if card["complete"] else said["running"], sentences=sentences(card, lang),
        ratios=_ratios(card["total"], said), lines=[_row(line, lang) for line in shown], charts=drawings(card, lang),
        small=said["small"].format(n=SMALL),
    )  # fmt: skip


def sentences(card: Mapping[str, Any], lang: Lang) -> list[str]:
    """What the month comes to in words, every share beside its counts."""
    said, total = _words()[lang], card["total"]
    counts, disposal, hours = total["counts"], total["ratios"]["disposal"], total["hours"]
    told = {"due": counts["due"], "disposed": counts["disposed"], "on_time": counts["on_time"]}
    verdict = said["verdict"].format(
        accepted=counts["accepted"], change=_change(total["accepted_change_pct"], said), overdue=counts["open_overdue"],
        disposal=_percent(disposal["value"]), **told,
    )  # fmt: skip
    if not hours["cases"]:
        return [verdict]
    within = {name: _within(hours[name], said) for name in ("median", "p90")}
    return [verdict, said["hours"].format(open=hours["open"], **within)]


def _within(hours: float | None, said: Mapping[str, str]) -> str:
    return said["unknown"] if hours is None else said["within"].format(time=_lasting(hours, said))


def xlsx(card: Mapping[str, Any], lang: Lang) -> bytes:
    """The report as a workbook: ratios, lines and months, numbers as numbers, texts as texts (never formulas)."""
    said, book = _words()[lang], Workbook()
    sheet = book.active
    sheet.title = said["ratios"]
    _fill(sheet, *_ratio_rows(card, said), shares=(2, 6, 7))
    _fill(book.create_sheet(said["by_line"]), *_line_rows(card, lang), shares=(7,))
    rows = [[month, *(one[key] for key in KEPT)] for month, one in card["history"].items()]
    _fill(book.create_sheet(said["month"]), [said["month"], *(said[c] for c in COLUMNS)], rows)
    before = said["before"].format(name=said["accepted"])
    bookcharts.bars(book.worksheets[1], said["accepted"], ((2, said["accepted"]), (10, before)), MOST_BARS)
    bookcharts.months(book.worksheets[2], said["accepted"], said["this_year"], before)
    for one in book.worksheets:
        bookcharts.print_well(one)
        one.oddFooter.left.text, one.oddFooter.right.text = _title(card, lang), "&P / &N"
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _ratio_rows(card: Mapping[str, Any], said: Mapping[str, str]) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows of the ratios."""
    names = ("figure", "share", "numerator", "of_count", "of_what", "low", "high")
    heads = [
        *(said[name] for name in names),
        *(said["in_points"].format(name=said[x]) for x in ("month_before", "year")),
    ]
    rows = [
        [said[name], one["value"], one["numerator"], one["denominator"], said[f"of_{one['of']}"], *one["interval"],
         one["points_on_month"], one["points_on_year"]]
        for name, one in card["total"]["ratios"].items()
    ]  # fmt: skip
    return heads, rows


def _line_rows(card: Mapping[str, Any], lang: Lang) -> tuple[list[str], list[list[Any]]]:
    """Heads and rows of the lines."""
    said = _words()[lang]
    hours = [said["hours_of"].format(name=said[name]) for name in ("median", "p90")]
    before = said["before"].format(name=said["accepted"])
    heads = [said["name"], *(said[name] for name in COLUMNS), said["disposal_share"], *hours, before, said["score"]]
    rows = [
        [_name(one, lang), *(one["counts"][key] for key in KEPT), one["ratios"]["disposal"]["value"],
         one["hours"]["median"], one["hours"]["p90"], one["counts_year_before"]["accepted"], one["points"]]
        for one in card["lines"]
    ]  # fmt: skip
    return heads, rows


def _fill(sheet: Any, heads: list[str], rows: list[list[Any]], shares: tuple[int, ...] = ()) -> None:
    for y, row in enumerate([heads, *rows], start=1):
        for x, value in enumerate(row, start=1):
            cell = sheet.cell(y, x, value)
            if isinstance(value, str):
                cell.data_type = "s"  # a name that begins with = is a name
            elif x in shares:
                cell.number_format = "0.0%"
            elif isinstance(value, float):
                cell.number_format = "0.0"
            cell.font, cell.alignment = Font(bold=y == 1), Alignment(wrap_text=y == 1, vertical="top")
    sheet.freeze_panes = "B2"
    for x in range(1, len(heads) + 1):
        sheet.column_dimensions[get_column_letter(x)].width = 24 if x == 1 else 14


def _made(card: Mapping[str, Any]) -> str:
    """When it was made, as clocks in the county show."""
    return datetime.fromisoformat(card["at"]).astimezone(ZoneInfo(card["zone"])).strftime("%Y-%m-%d %H:%M")


def _title(card: Mapping[str, Any], lang: Lang) -> str:
    said = _words()[lang]
    parts = [
        name_of(card["body"] or card["area"], lang),
        *([_name(card["category"], lang)] if card["category"] else []),
    ]
    return said["title"].format(area=" · ".join(parts), month=card["month"])


def name_of(thing: Mapping[str, Any] | None, lang: Lang) -> str:
    """A line, a place or a body as it is called in a language; channels by their code."""
    return _words()[lang]["all"] if thing is None else _name(thing, lang)


def lasting(hours: float | None, lang: Lang) -> str:
    """So many hours in words, days from 72 on; a dash where it is not known."""
    return _lasting(hours, _words()[lang])


def _name(line: Mapping[str, Any], lang: Lang) -> str:
    said = _words()[lang]
    own = (line["name_en"] if lang == "en" else None) or line["name"]
    return str(own or said.get(line["code"] or "other", line["code"]))


def _row(line: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    said, counts, disposal = _words()[lang], line["counts"], line["ratios"]["disposal"]
    return {
        "name": _name(line, lang), "accepted": counts["accepted"], "due": counts["due"],
        "disposed": counts["disposed"], "overdue": counts["open_overdue"], "share": _percent(disposal["value"]),
        "small": disposal["small"], "median": _lasting(line["hours"]["median"], said),
        "p90": _lasting(line["hours"]["p90"], said),
        "points": "–" if line["points"] is None else f"{line['points']:.1f}",
    }  # fmt: skip


def _ratios(line: Mapping[str, Any], said: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": said[name], "share": _percent(one["value"]),
            "count": f"{one['numerator']:,} / {one['denominator']:,}",
            "of": said[f"of_{one['of']}"], "small": one["small"],
            "interval": "–" if one["value"] is None else "–".join(f"{end * 100:.1f}" for end in one["interval"]),
            "month": _points(one["points_on_month"], said), "year": _points(one["points_on_year"], said),
        }
        for name, one in line["ratios"].items()
    ]  # fmt: skip


def _points(points: float | None, said: Mapping[str, str]) -> str:
    return "–" if points is None else said["points"].format(n=f"{points:+.1f}")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def _lasting(hours: float | None, said: Mapping[str, str]) -> str:
    if hours is None:
        return "–"
    return said["h"].format(n=f"{hours:.1f}") if hours < 72 else said["d"].format(n=f"{hours / 24:.1f}")


def _change(percent: float | None, said: Mapping[str, str]) -> str:
    if percent is None:
        return said["nothing"]
    if percent == 0:
        return said["same"]
    return said["up" if percent > 0 else "down"].format(pct=f"{abs(percent):.1f} %")
