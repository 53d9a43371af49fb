"""A scorecard as one JSON document, for the API and for `gridmap report --json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gridmap.case.scorecard import DENOMINATORS, compare, relative
from gridmap.usecases.scoring import Card, Line, Times


def document(card: Card) -> dict[str, Any]:
    """The card with its ratios worked out; see docs/scorecards.md."""
    return {
        "month": card.month, "by": card.by, "area": _named(card.area), "category": _named(card.category),
        "body": _named(card.body), "at": card.at.isoformat(), "zone": card.zone, "complete": card.complete,
        "total": _line(card, card.total), "lines": [_line(card, line) for line in card.lines],
        "channels": dict(card.channels), "history": {month: asdict(one) for month, one in card.history.items()},
    }  # fmt: skip


def _named(thing: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if thing is None else {name: thing[name] for name in ("code", "name", "name_en")}


def _line(card: Card, line: Line) -> dict[str, Any]:
    label = line.label
    return {
        "code": label.code, "name": label.name, "name_en": label.name_en, "month": line.month,
        "filters": dict(label.filters), "counts": asdict(line.now),
        "counts_year_before": asdict(line.year_before), "counts_month_before": asdict(line.month_before),
        "accepted_change_pct": relative(line.now.accepted, line.year_before.accepted), "ratios": ratios(line),
        "points": card.weights.points(line.now), "points_year_before": card.weights.points(line.year_before),
        "hours": _times(line.times), "hours_year_before": _times(line.times_before),
    }  # fmt: skip


def ratios(line: Line) -> dict[str, dict[str, Any]]:
    """Every ratio of a line with what it is of, how sure it is, and how it moved, in percentage points."""
    by_month = compare(line.now, line.month_before)
    return {
        name: {
            "numerator": change.now.numerator, "denominator": change.now.denominator, "of": DENOMINATORS[name],
            "value": change.now.value, "interval": change.now.wilson(), "small": change.now.small,
            "points_on_year": change.points, "points_on_month": by_month[name].points,
        }
        for name, change in compare(line.now, line.year_before).items()
    }  # fmt: skip


def _times(times: Times) -> dict[str, Any]:
    return {"cases": times.cases, "open": times.open, "median": times.median_h, "p90": times.p90_h}
