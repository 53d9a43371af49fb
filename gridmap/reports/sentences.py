"""What was found, as plain sentences in both languages: observed beside expected, chance last, small as small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

#: below so many cases, seen and expected together, a comparison is not put into words
FEW = 10


def of_source(source: Mapping[str, Any], months: Sequence[str]) -> dict[str, str]:
    """The sentence of one enterprise, by language, from its analysis (`usecases.studies.run_sources`)."""
    near = source["near"]
    observed, expected, homes = near["observed"], near["expected"], near["households"]
    km = near["outer_m"] / 1000
    seen = {
        "en": f"In {_span_en(months)} the {homes:,} households within {km:g} km reported {_cases(observed)} "
        f"where {_count(expected)} {_were(_count(expected))} expected.",
        "zh": f"{_span_zh(months)}，周边 {km:g} 公里 {homes:,} 户有矛盾纠纷 {observed:,} 件，"
        f"按户数应有 {_count(expected)} 件。",
    }
    after = _verdict(source, observed + expected)
    return {lang: seen[lang] + after[lang] for lang in seen}


def of_cluster(cluster: Mapping[str, Any]) -> dict[str, str]:
    """The sentence of one circle of the scan, by language."""
    km, chance = cluster["radius_m"] / 1000, chances(cluster["p"])
    cases, expected, homes = round(cluster["cases"]), cluster["expected"], cluster["households"]
    short = cluster["p"] > 0.05
    return {
        "en": f"{len(cluster['members'])} cells within {km:.1f} km: {_cases(cases)} where {_count(expected)} were "
        f"expected from {homes:,} households. Searched for over the whole area, chance alone gives this in "
        f"{chance['en']}" + ("; by itself too little to go by." if short else "."),
        "zh": f"{km:.1f} 公里内 {len(cluster['members'])} 格 {homes:,} 户有 {cases:,} 件，应有 {_count(expected)} 件。"
        f"在全区域搜索，只凭偶然，{chance['zh']}" + ("，单凭搜索不足为凭。" if short else "。"),
    }


#: of cells marked at a level, at most about this share is marked by chance (the q of `stats.hotspots`)
_BY_CHANCE = {"90": ("1 in 10", "十分之一"), "95": ("1 in 20", "二十分之一"), "99": ("1 in 100", "百分之一")}


def of_cells(cells: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """The sentence of the cells that have more than their share, by language; None where there is none."""
    hot = [one for one in cells if one["class"].startswith("hot")]
    if not hot:
        return None
    cases, homes = sum(one["count"] for one in hot), sum(one["households"] for one in hot)
    expected = _count(sum(one["expected"] for one in hot))
    en, zh = _BY_CHANCE[min(one["class"][-2:] for one in hot)]
    # a cell is marked for itself and those around it, so one of the marked may have few of its own
    these = "This cell" if len(hot) == 1 else f"These {len(hot):,} cells together"
    return {
        "en": f"{these} had {_cases(cases)} where {expected} {_were(expected)} expected from {homes:,} households. "
        f"Each is judged with the cells around it; of cells so marked at most about {en} is there by chance.",
        "zh": f"这 {len(hot):,} 格共 {homes:,} 户，有 {cases:,} 件，按户数应有 {expected} 件。"
        f"每格连同周围的格一并判断；这样标出的格中，只凭偶然的大约不超过{zh}。",
    }


def letter(place: int) -> str:
    """The name of a circle by its place in the list: A, B ... Z, AA."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


_NO_ODDS = (
    ("too few cases", "too few cases", "件数太少"),
    ("too few controls", "too few households", "住户太少"),
    ("did not converge: whatever", "did not converge: it hangs on the nearest few", "未收敛：只取决于最近的几处"),
    ("did not converge: the odds", "did not converge: no place to fall off from", "未收敛：全域渐变，不围绕它"),
    ("did not converge", "did not converge", "未收敛"),
)


def of_odds(found: Mapping[str, Any]) -> dict[str, str]:
    """Diggle's model in a phrase, by language; that there is none is a result, with its reason."""
    if found["alpha"] is None:
        reason = found["reason"] or ""
        en, zh = next(((en, zh) for begins, en, zh in _NO_ODDS if reason.startswith(begins)), ("–", "–"))
        return {"en": en, "zh": zh}
    if found["alpha"] <= 0:
        return {"en": "no more likely at it than farther off", "zh": "近处并不比远处更易有反映"}
    times = f"{1 + found['alpha']:.1f}" if found["alpha"] < 9 else ">10"
    half_km = math.sqrt(math.log(2) / found["beta"]) / 1000
    return {
        "en": f"{times} times as likely at it as far off, half of that gone by {half_km:.1f} km",
        "zh": f"紧邻处为远处的 {times} 倍，{half_km:.1f} 公里外减半",
    }


def of_circles(inside: Mapping[str, Any] | None, nearest: tuple[str, float] | None) -> dict[str, str]:
    """Where a place stands among the scan's circles: in one, or how far from the nearest (its name, metres)."""
    if inside is not None:
        chance = chances(inside["p"])
        return {
            "en": f"within circle {inside['name']}; chance alone gives such a circle in {chance['en']}",
            "zh": f"在圈 {inside['name']} 内；只凭偶然出现这样的圈，{chance['zh']}",
        }
    if nearest is None:
        return {"en": "no circle in the county", "zh": "全域没有聚集圈"}
    name, metres = nearest
    km = f"{metres / 1000:.1f}"
    return {
        "en": f"in no circle; the nearest, {name}, begins {km} km off",
        "zh": f"不在圈内；最近的圈 {name} 在 {km} 公里外",
    }


def of_trend(trend: Mapping[str, Any]) -> dict[str, str]:
    """A row of months in words, by language: the year before, and changes of level; too little is said as such."""
    before, after = _year_before(trend["year_before"]), _changes(trend)
    return {"en": f"{before['en']} {after['en']}", "zh": before["zh"] + after["zh"]}


def _year_before(found: Mapping[str, Any] | None) -> dict[str, str]:
    if found is None:
        return {"en": "No figures of the same months a year before.", "zh": "没有去年同期的数字。"}
    told = {
        "en": f"The same months a year before: {found['before']:,}, now {found['after']:,}",
        "zh": f"去年同期 {found['before']:,} 件，现在 {found['after']:,} 件",
    }
    if found["verdict"] == "too_few":
        return {"en": f"{told['en']}; too few to compare.", "zh": f"{told['zh']}，太少，不能比较。"}
    ends = (f"{found['low']:.1f}", "" if found["high"] is None else f"{found['high']:.1f}")
    words = {
        "fell": ("fewer", "下降"), "rose": ("more", "上升"), "unclear": ("no clear difference", "看不出差别"),
    }[found["verdict"]]  # fmt: skip
    ratio = "" if found["ratio"] is None else f"{found['ratio']:.1f}"
    span = f" ({ratio}x, {ends[0]}–{ends[1]})" if ratio and ends[1] else ""
    span_zh = span.replace(" (", "（").replace("x", " 倍").replace(", ", "，").replace(")", "）")
    return {"en": f"{told['en']}: {words[0]}{span}.", "zh": f"{told['zh']}，{words[1]}{span_zh}。"}


def _changes(trend: Mapping[str, Any]) -> dict[str, str]:
    reason = trend["changes_reason"]
    if reason == "too_short":
        return {"en": "Too few months to look for a change of level.", "zh": "月份太少，看不出水平变化。"}
    if reason is not None:
        return {"en": "Too few cases to look for a change of level.", "zh": "件数太少，看不出水平变化。"}
    if not trend["changes"]:
        return {"en": "No change of level beyond chance.", "zh": "水平没有超出偶然的变化。"}
    en, zh = [], []
    for one in trend["changes"]:
        chance, span = chances(one["p"]), (f"{one['before']:.1f}", f"{one['after']:.1f}")
        en.append(f"From {one['month']} on {span[1]} times what is usual, before {span[0]} (chance: {chance['en']}).")
        zh.append(f"自 {one['month']} 起为常态的 {span[1]} 倍，此前 {span[0]} 倍（只凭偶然，{chance['zh']}）。")
    return {"en": " ".join(en), "zh": "".join(zh)}


def chances(p: float) -> dict[str, str]:
    """A p value in words: how often chance alone does as much."""
    if p < 0.001:
        return {"en": "fewer than 1 of 1,000", "zh": "千次不到 1 次"}
    if p < 0.01:
        return {"en": f"{round(1000 * p)} of 1,000", "zh": f"千次 {round(1000 * p)} 次"}
    return {"en": f"{round(100 * p)} of 100", "zh": f"百次 {round(100 * p)} 次"}


def _verdict(source: Mapping[str, Any], cases: float) -> dict[str, str]:
    verdict, p = source["verdict"], source["p"]
    if source.get("since", 0) >= len(source["observed_by_month"]):
        return {"en": " It was not open yet: nothing is counted against it.", "zh": "当时尚未开业，不作比较。"}
    if verdict == "too_few" or p is None:
        return {"en": " Too few to say anything.", "zh": "件数太少，不能下结论。"}
    chance = chances(p)
    if verdict == "inseparable":
        names = source["rivals"]
        zh, en = "、".join(one["name"] for one in names), ", ".join(one["name_en"] or one["name"] for one in names)
        return {
            "en": f" It is raised here, but this cannot be told apart from {en}.",
            "zh": f"这里偏高，但与{zh}的影响分不开。",
        }
    if verdict == "not_raised":
        if p <= 0.05:
            return {
                "en": f" Looked at alone, chance gives this in {chance['en']}; among so many enterprises that is not "
                "enough.",
                "zh": f"单看这一家，只凭偶然，{chance['zh']}；这么多家一并看，不足为凭。",
            }
        small = cases < FEW
        return {
            "en": " Small numbers: a rise could be missed." if small else " Nearness shows no rise beyond chance.",
            "zh": "件数少，偏高也可能看不出。" if small else "离得近并不更多，偶然就能出现。",
        }
    most = next(iter(source["categories"]), None)
    strongest = {"en": "", "zh": ""}
    if most is not None and most["observed"] >= 5 and most["observed"] > most["expected"]:
        strongest = {
            "en": f" Strongest: {(most['name_en'] or most['name']).lower()} ({most['observed']}).",
            "zh": f"最突出：{most['name']}（{most['observed']} 件）。",
        }
    return {
        "en": f" They grow more frequent towards it; chance alone gives this in {chance['en']}.{strongest['en']}",
        "zh": f"离得越近越多；只凭偶然，{chance['zh']}。{strongest['zh']}",
    }


def _cases(count: int) -> str:
    return f"{count:,} dispute" if count == 1 else f"{count:,} disputes"


def _were(count: str) -> str:
    return "was" if count == "1" else "were"


def _count(value: float) -> str:
    """A number of expected cases: whole, or with a decimal where it is small."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def _span_en(months: Sequence[str]) -> str:
    (first, a), (last, b) = (month.split("-") for month in (months[0], months[-1]))
    if months[0] == months[-1]:
        return f"{_MONTHS[int(a) - 1]} {first}"
    begin = _MONTHS[int(a) - 1] + ("" if first == last else f" {first}")
    return f"{begin} to {_MONTHS[int(b) - 1]} {last}"


def _span_zh(months: Sequence[str]) -> str:
    (first, a), (last, b) = (month.split("-") for month in (months[0], months[-1]))
    if months[0] == months[-1]:
        return f"{first} 年 {int(a)} 月"
    return f"{first} 年 {int(a)} 月至{'' if first == last else f' {last} 年'} {int(b)} 月"
