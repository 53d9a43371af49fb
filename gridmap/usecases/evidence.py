"""The evidence card of one enterprise, for use inside or for the table where the enterprise sits.

Inside: exact counts around it. For the table: the verdict in words, and counts of the release alone; no count by
distance, which could be subtracted from it, no house and no complainant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import NotFound
from gridmap.ground import metric_crs
from gridmap.privacy.release import LEAST
from gridmap.reports import evidence_charts as charts
from gridmap.reports import page, sentences
from gridmap.store import figures, read, released, studied
from gridmap.usecases import analysing
from gridmap.usecases.analysing import Answer
from gridmap.usecases.context import Context
from gridmap.usecases.releasing import released_map
from gridmap.usecases.studies import NEAR_M, Question
from gridmap.usecases.surroundings import BLOCK_M
from gridmap.view import View

Edition = Literal["figures", "table"]

#: a square with fewer households is not drawn on what leaves the house
LEAST_HOMES = 8
_REACH_M = 3_600.0
#: months drawn at least, where so many are known
_CHARTED = 12
#: categories told of; fewer where promises and blasts share the sheet
_MOST_CATEGORIES, _FEW_CATEGORIES = 6, 3

#: what is said of both on what leaves: the border between them is a count of five cases at any place and time asked for
_NOT_SHOWN = ("Not raised, or too few to say", "未见偏高，或件数太少", False)
#: p from which a circle of the scan is taken for one, and how small one is drawn at least
LIKELY, LEAST_RADIUS_M = 0.05, 150.0
_VERDICTS = {
    "clear": ("Clearly raised near it", "近处明显偏高", True),
    "raised": ("Raised near it", "近处偏高", True),
    "inseparable": ("Raised, not told apart from a neighbour", "偏高，但与邻近企业分不开", False),
    "not_raised": ("Not raised", "未见偏高", False),
    "too_few": ("Too few to say", "太少，不能下结论", False),
}


@dataclass(frozen=True, slots=True)
class Happenings:
    """What else belongs on a card: `marks` below its months, and `sections` (title, body) after its tests.

    Blast logs, joint meetings and their promises put theirs here.
    """

    marks: Sequence[charts.Mark] = ()
    sections: Sequence[Mapping[str, Any]] = ()


def asked(ctx: Context, view: View, question: Question) -> tuple[Answer, Answer]:
    """What a card is made of, as far as it is: the analysis of all enterprises, and the search for circles over the
    same months, which knows no distance."""
    plain = replace(question, near_m=NEAR_M)
    return analysing.ask(ctx, view, "sources", question), analysing.ask(ctx, view, "scan", plain)


def awaited(found: Answer, scan: Answer) -> Answer | None:
    """Which of the two a card waits for, or cannot be made without; None where it can be made."""
    if found.result is None:
        return found
    return None if scan.settled else scan


def of_one(found: Answer, enterprise_id: int) -> dict[str, Any]:
    """The part of the analysis of all enterprises that is about one; NotFound where no household is within reach."""
    assert found.result is not None
    whole = found.result
    for source in whole["sources"]:
        if source["id"] == enterprise_id:
            shared = {name: whole[name] for name in ("months", "near_m", "rate")}
            return {**shared, "enterprises": len(whole["sources"]), "source": source}
    raise NotFound("no household of your area lies near this enterprise: nothing to compare", code="nobody_near")


def months_of(found: Answer, enterprise_id: int) -> list[str]:
    """The months along which an enterprise's reports are drawn."""
    known = of_one(found, enterprise_id)
    return _charted(known["source"], known["months"])


def _charted(source: Mapping[str, Any], window: Sequence[str]) -> list[str]:
    """A year to the window's last month, or the whole window where that is longer."""
    known: list[str] = source["trend"]["months"]
    return known[-max(_CHARTED, len(window)) :]


def card(
    ctx: Context, found: Answer, enterprise_id: int, edition: Edition, happenings: Happenings | None = None,
    *, scan: Answer | None = None, **more: Any,
) -> str:  # fmt: skip
    """The card as HTML, made of an analysis of all enterprises that is done. `scan`: the search for circles over the
    same months, settled; `more`: further values of the template."""
    known = of_one(found, enterprise_id)
    source, months = known["source"], known["months"]
    happened = happenings or Happenings()
    with read(ctx.engine) as conn:
        works = studied.enterprises(conn).set_index("id")
        areas = released.communities(conn)
        lon, lat = figures.household_points(conn)
    plane = metric_crs(*(float(v) for v in shapely.centroid(works.at[enterprise_id, "geom"]).coords[0]))
    place = gpd.GeoSeries([works.at[enterprise_id, "geom"]], crs=4326).to_crs(plane).iloc[0]
    homes = gpd.GeoSeries(shapely.points(lon, lat), crs=4326).to_crs(plane)
    squares = _squares(homes, 1 if edition == "figures" else LEAST_HOMES)
    borders = areas.to_crs(plane).geometry.tolist()
    values: dict[str, Any] = {
        "lang": "zh-CN", "title": source["name"],
        "foot": f"{source['code']} · Analysis 研判 {found.id} · Data 数据 {_short_of(ctx, found.data_version)}",
        "edition": edition, "name": cut(source["name"], 40), "name_en": cut(source["name_en"] or "", 60),
        "place": " · ".join(str(one) for one in (source["code"], works.at[enterprise_id, "cell"]) if one),
        "months": months,
        "prepared": f"{ctx.clock().astimezone(ctx.zone):%Y-%m-%d %H:%M}", "drawing": found.question["drawing"],
        "map": charts.ground(place, borders, squares, known["near_m"], _REACH_M, names=_names(areas, plane)),
        "more": list(happened.sections),
        **more,
    }  # fmt: skip
    inside = edition == "figures"
    values |= _inside(source, months, happened) if inside else _for_the_table(ctx, source, months, place, plane)
    values["tests"] = [*values["tests"], _circles(scan, place, plane, inside)]
    return page("evidence.html", **values)


def _inside(source: Mapping[str, Any], months: Sequence[str], happened: Happenings) -> dict[str, Any]:
    categories = [row for row in source["categories"] if row["observed"] >= LEAST]
    categories = categories[: _FEW_CATEGORIES if happened.sections else _MOST_CATEGORIES]
    drawn = charts.bars([(row["observed"], row["expected"]) for row in categories])
    return {
        "said": source["said"], "near": source["near"], "open": source["open"], "red": source["red"],
        "rings": [{**row, "drawn": charts.ring(row)} for row in source["rings"]], "ring_scale": charts.ring_scale(),
        "categories": [
            {**row, "name": cut(row["name"], 24), "name_en": cut(row["name_en"] or "", 44), "bar": bar}
            for row, bar in zip(categories, drawn, strict=True)
        ],
        "month_chart": _by_month(source, months, happened.marks),
        "trend": source["trend"], "trend_chart": charts.trend(source["trend"]), "tests": _tests(source),
    }  # fmt: skip


def _by_month(source: Mapping[str, Any], window: Sequence[str], marks: Sequence[charts.Mark]) -> Any:
    """The months of `_charted`; those of the window as the analysis tells them, the others from its trend."""
    names, row = _charted(source, window), source["trend"]
    seen, hoped = row["observed"][-len(names) :], row["expected"][-len(names) :]
    seen = [*seen[: -len(window)], *source["observed_by_month"]]
    hoped = [*hoped[: -len(window)], *source["expected_by_month"]]
    return charts.months(names, seen, hoped, len(window), marks)


def _tests(source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tests as rows: name, figure, verdict; "did not converge" and "too few" are verdicts."""
    rows = [_row("Falling off with distance, Lawson–Waller", "随距离下降", source["lawson_waller"], "p_sim")]
    rows.append(_row("Largest excess around it, Stone", "周边最大超出", source["stone"], "p"))
    fit = source["poisson"]
    if fit is None or not fit["converged"] or fit["per_km"] is None:
        words = "–" if fit is None else (fit["reason"] or "–").split(":")[0]
        rows.append(_plain("Rate by distance, Poisson", "按距离的比率", words, None))
    else:
        said = f"{fit['per_km']:.2f} per km ({fit['low']:.2f}–{fit['high']:.2f})"
        rows.append(_plain("Rate by distance, Poisson", "按距离的比率", said, fit["high"] < 1))
    rows.append(_odds(source["diggle"]))
    en, zh, raised = _VERDICTS[source["verdict"]]
    q = "–" if source["q"] is None else f"q = {max(source['q'], 0.001):.3f}"
    rows.append({
        "en": "All enterprises together", "zh": "全部企业一并校正", "figure": q, "raised": raised, "verdict_en": en,
        "verdict_zh": zh,
    })  # fmt: skip
    return rows


def _odds(found: Mapping[str, Any]) -> dict[str, Any]:
    """Diggle's model as a row; the odds falling off from somewhere else, or nowhere, is no rise."""
    raised = None if found["p"] is None else found["p"] <= 0.05 and found["alpha"] > 0
    said = sentences.of_odds(found)
    p = "" if found["p"] is None else f"; {_p(found['p'])}"
    return _plain("Odds by distance, Diggle", "按距离的相对可能", f"{said['en']} {said['zh']}{p}", raised)


def _circles(scan: Answer | None, place: shapely.Geometry, plane: Any, inside: bool) -> dict[str, Any]:
    """Whether it lies in one of the circles that the search over the whole area found (p <= 0.05)."""
    en, zh = "Circles of the whole area, Kulldorff", "全域圈扫描"
    asked = "Does it lie where the county has more than its share? 是否处在全县件数偏多的地方？"
    if scan is None or scan.result is None:
        return _plain(en, zh, "too few cases 件数太少" if inside else asked, None)
    sure = [one for one in scan.result["clusters"] if one["p"] <= LIKELY]
    at = gpd.GeoSeries([shapely.Point(one["centre"]["lon"], one["centre"]["lat"]) for one in sure], crs=4326)
    off = [
        float(shapely.distance(place, middle)) - max(one["radius_m"], LEAST_RADIUS_M)
        for one, middle in zip(sure, at.to_crs(plane) if len(sure) else (), strict=True)
    ]
    nearest = min(range(len(sure)), key=off.__getitem__, default=None)
    holds = nearest is not None and off[nearest] <= 0
    verdict = ("In a circle", "在圈内") if holds else ("In none", "不在圈内")
    said = sentences.of_circles(
        sure[nearest] if nearest is not None and holds else None,
        None if nearest is None else (sure[nearest]["name"], off[nearest]),
    )
    # how far off a circle begins is no count, and its name is no place; but neither is on a map that leaves
    figure = f"{said['en']} {said['zh']}" if inside else asked
    return {"en": en, "zh": zh, "figure": figure, "raised": holds, "verdict_en": verdict[0], "verdict_zh": verdict[1]}


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _row(en: str, zh: str, test: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    p = None if test is None else test[name]
    if p is None:
        return _plain(en, zh, "too few 太少", None)
    return _plain(en, zh, _p(p), p <= 0.05)


def _plain(en: str, zh: str, figure: str, raised: bool | None) -> dict[str, Any]:
    verdict = {True: ("Raised", "偏高"), False: ("Not raised", "未见偏高"), None: ("No statement", "不能下结论")}
    words = verdict[raised]
    return {
        "en": en, "zh": zh, "figure": figure, "raised": bool(raised), "verdict_en": words[0], "verdict_zh": words[1],
    }  # fmt: skip


def _for_the_table(
    ctx: Context, source: Mapping[str, Any], months: Sequence[str], place: shapely.Geometry, plane: Any
) -> dict[str, Any]:
    """The verdict in words and the released counts of the communities that the near ring touches."""
    spans = [date.fromisoformat(f"{month}-01") for month in months]
    gate = released_map(ctx, spans=spans)
    near = shapely.buffer(place, source["near"]["outer_m"])
    touched = gate.parts
    if len(touched):
        touched = touched[shapely.intersects(touched.to_crs(plane).geometry.to_numpy(), near)]
    homes = int(gate.parts["households"].sum()) if len(gate.parts) else 0
    rate = gate.total / homes if homes else 0.0
    en, zh, raised = _NOT_SHOWN if source["verdict"] in ("too_few", "not_raised") else _VERDICTS[source["verdict"]]
    parts = [
        {
            "name": _short(row["name"], "、", "等"), "name_en": _short(row["name_en"], ", ", " and others"),
            "households": row["households"], "count": row["count"], "expected": rate * row["households"],
        }
        for row in touched.to_dict("records")
    ]  # fmt: skip
    km = f"{source['near']['outer_m'] / 1000:g}"
    return {
        "said": {
            "en": f"{en}: disputes within {km} km against households, months and all other enterprises.",
            "zh": f"{zh}：周边 {km} 公里的矛盾纠纷，按户数、月份和全部企业一并比较。",
        },
        "parts": parts,
        "tests": [
            {"en": "Near and far compared, all enterprises together", "zh": "远近比较，全部企业一并校正",
             "figure": "Do they thin out with distance? 是否离得越远越少？", "raised": raised, "verdict_en": en,
             "verdict_zh": zh},
            _odds_in_words(source["diggle"]),
        ],
    }  # fmt: skip


def _odds_in_words(found: Mapping[str, Any]) -> dict[str, Any]:
    """The same for what leaves: no number, and that it says nothing is told as that it shows nothing."""
    told = _odds(found)
    words = ("Raised", "偏高") if told["raised"] else _NOT_SHOWN[:2]
    asked = "Are homes close by likelier to report than homes far off? 近处的户是否比远处的户更易有反映？"
    return {**told, "figure": asked, "verdict_en": words[0], "verdict_zh": words[1]}


def cut(words: str, most: int) -> str:
    """Words of a register that have no end are cut, so that the card stays one sheet."""
    return words if len(words) <= most else words[: most - 1] + "…"


def _short_of(ctx: Context, version: str) -> str:
    """A state of the data in eight characters, to tell whether two cards are of the same. Keyed: the state names how
    many reports there are, and a plain digest of so few numbers is found by trying."""
    return ctx.vault.digest(version)[:8]


def _names(areas: gpd.GeoDataFrame, plane: Any) -> list[tuple[float, float, str]]:
    """Where communities are named: inside each."""
    inside = areas.geometry.representative_point().to_crs(plane)
    return [(float(x), float(y), str(name)) for x, y, name in zip(inside.x, inside.y, areas["name"], strict=True)]


def _short(names: str, between: str, rest: str, most: int = 4) -> str:
    """The first few of joined names."""
    some = names.split(between)
    return names if len(some) <= most else between.join(some[:most]) + rest


def _squares(homes: gpd.GeoSeries, least: int) -> list[tuple[float, float]]:
    """The middles of squares in which at least so many households live."""
    xy = np.column_stack([homes.x.to_numpy(), homes.y.to_numpy()])
    square, count = np.unique(np.floor(xy / BLOCK_M), axis=0, return_counts=True)
    middles = (square[count >= least] + 0.5) * BLOCK_M
    return [(float(x), float(y)) for x, y in middles]
