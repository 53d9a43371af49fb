"""What a county sets of its work time besides the official years: days of its own, and when its offices are open."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from gridmap.case.calendar import Calendar, Hours, Office, SpecialDay
from gridmap.errors import InvalidInput

KINDS = ("off", "work", "usual")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_MONTH_DAY = re.compile(r"\d{2}-\d{2}")


def read_local_days(lines: Iterable[str]) -> dict[date, SpecialDay | None]:
    """Local days as CSV: day, kind (off, work, or usual: no longer special), name, hours ("09:00-12:00 14:00-17:00").

    Raises InvalidInput naming the line.
    """
    reader = csv.DictReader(lines)
    missing = {"day", "kind"} - set(reader.fieldnames or ())
    if missing:
        raise InvalidInput(f"local days lack the columns {', '.join(sorted(missing))}", field="days")
    found: dict[date, SpecialDay | None] = {}
    for row in reader:
        line = reader.line_num
        try:
            day = date.fromisoformat((row["day"] or "").strip())
        except ValueError:
            raise InvalidInput(f"line {line}: {row['day']!r} is no day", field="days", line=line) from None
        kind, hours = row["kind"], (row.get("hours") or "").strip()
        if kind not in KINDS:
            raise InvalidInput(f"line {line}: kind is {', '.join(KINDS)}", field="days", line=line)
        if hours and kind != "work":
            raise InvalidInput(f"line {line}: hours are for a day that is worked", field="days", line=line)
        if day in found:
            raise InvalidInput(f"line {line}: {day} stands there twice", field="days", line=line)
        special = SpecialDay(kind == "work", "local", row.get("name") or "", "", read_hours(hours) if hours else None)
        found[day] = None if kind == "usual" else special
    return found


def read_hours(text: str) -> tuple[Hours, ...]:
    """Hours such as "08:30-12:00 14:30-18:00" as minutes after midnight. Raises InvalidInput."""
    spans = _SPAN.findall(text)
    if not spans or _SPAN.sub("", text).strip(" ,;，；、"):
        raise InvalidInput(f"{text[:40]!r} are no hours; write them like 08:30-12:00 14:30-18:00", field="hours")
    return tuple((int(a) * 60 + int(b), int(c) * 60 + int(d)) for a, b, c, d in spans)


def told_hours(hours: Sequence[Hours]) -> str:
    """The same as text."""
    return " ".join("-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in span) for span in hours)


def read_office(entries: Iterable[Mapping[str, Any]]) -> tuple[Office, ...]:
    """Office hours by the day of the year from which they hold: {"since": "05-01", "hours": "08:00-12:00"}.

    A workday, as limits count it, has the minutes of the first entry. Raises InvalidInput.
    """
    return tuple(Office(_since(str(one["since"])), read_hours(str(one["hours"]))) for one in entries)


def _since(text: str) -> str:
    try:
        if not _MONTH_DAY.fullmatch(text):
            raise ValueError
        date.fromisoformat(f"2024-{text}")
    except ValueError:
        raise InvalidInput(f"since {text[:20]!r} is no day of the year; write it like 05-01", field="since") from None
    return text


def with_local(
    calendar: Calendar, days: Mapping[date, SpecialDay | None], office: tuple[Office, ...] | None
) -> Calendar:
    """The next version of a calendar with these local days, and these office hours unless None. Raises InvalidInput."""
    for day, what in sorted(days.items()):
        calendar = calendar.with_exception(day, what)
    return calendar if office is None else calendar.with_office(office)
