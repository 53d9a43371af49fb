"""Text of a cell to a value, by the field's type: what county registers and public portals really write.

Each parser takes one stripped, non-empty text and returns the value, or `MISSING` for a mark that stands for nothing
("N/A", "--", ">0"), or raises `Fault` with the reason. `parse` applies one to a column, each distinct text once.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.files.headers import normal
from gridmap.files.kinds import Field, Type
from gridmap.files.table import MISSING_MARKS

Texts = NDArray[np.object_]
Parser = Callable[[str], Any]


class Fault(ValueError):
    """Why a text is not a value of its type, in words that go behind "is not accepted: "."""


class _Missing:
    """The one value that stands for a mark of nothing."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Column:
    """A parsed column: values (None where blank or faulty), the fault of each, and where a mark stood for nothing."""

    values: Texts
    faults: Texts
    marked: NDArray[np.bool_]


def texts(series: pd.Series[Any]) -> Texts:
    """A column as stripped text, None where blank; whole numbers without a point, days and moments as ISO 8601."""
    if series.dtype == object or isinstance(series.dtype, pd.StringDtype):
        found = [_text(value) for value in series.tolist()]
    elif pd.api.types.is_integer_dtype(series.dtype) and not series.hasnans:
        found = [str(value) for value in series.tolist()]
    else:
        found = [
            None if missing else _text(value) for value, missing in zip(series.tolist(), series.isna(), strict=True)
        ]
    return _objects(found)


def present(values: Texts) -> NDArray[np.bool_]:
    """Where an object array holds something other than None."""
    return np.fromiter((value is not None for value in values), dtype=bool, count=len(values))


def _objects(values: list[Any]) -> Texts:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip() or None


def parse(column: Texts, parser: Parser) -> Column:
    """Apply the parser to each distinct text once."""
    places, distinct = pd.factorize(column)
    values = np.empty(len(distinct) + 1, dtype=object)
    faults = np.empty(len(distinct) + 1, dtype=object)
    marked = np.zeros(len(distinct) + 1, dtype=bool)
    for place, text in enumerate(distinct):
        try:
            value = parser(text)
        except Fault as fault:
            faults[place] = str(fault)
        else:
            marked[place] = value is MISSING
            values[place] = None if value is MISSING else value
    # blanks have place -1, which is the last, empty entry
    return Column(values[places], faults[places], marked[places])


def parser_of(field: Field, tz: ZoneInfo) -> Parser:
    """The parser of a field."""
    match field.type:
        case Type.TEXT:
            return partial(text, longest=20_000 if field.name == "text" else 500)
        case Type.CODE:
            return code
        case Type.PHONE:
            return phone
        case Type.EMAIL:
            return email
        case Type.COUNT:
            return partial(count, low=field.low, high=field.high)
        case Type.NUMBER:
            return partial(bounded, low=field.low, high=field.high)
        case Type.DATE:
            return partial(day, loose=field.partial, endless=field.endless)
        case Type.MOMENT:
            return partial(moment, tz=tz)
        case Type.CHOICE:
            return partial(choice, field=field)
        case Type.FLAG:
            return flag
        case Type.MINUTES:
            return minutes
        case Type.WEEKDAYS:
            return weekdays


def _half(raw: str) -> str:
    """Full-width digits and signs to half-width."""
    return raw if raw.isascii() else unicodedata.normalize("NFKC", raw)


# --- text -----------------------------------------------------------------------------------------------------------

_SHORTENED = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,9})")
#: a spreadsheet's numbers have 15 digits
_LONGEST_EXACT = 14
_LONGEST_MARK = 16
_EMAIL = re.compile(r'[^\s@<>(),;:\\"\[\]]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+')
_ENDLESS = frozenset({"长期", "长期有效", "永久", "永久有效", "无固定期限", "permanent", "unlimited", "indefinite"})
_POINT_ZERO = re.compile(r"(\d+)\.0+")


def text(raw: str, longest: int) -> Any:
    """Free text; marks such as "N/A" and "--" stand for nothing."""
    if not any(map(str.isalnum, raw)) or (len(raw) <= _LONGEST_MARK and normal(raw) in {"na", "null", "none", ""}):
        return MISSING
    if "\x00" in raw:
        raise Fault("it holds a NUL character")
    if len(raw) > longest:
        raise Fault(f"it is longer than {longest:,} characters")
    return raw


def code(raw: str) -> Any:
    """A code or number of a register, kept as text: leading zeros stay, a spreadsheet's ".0" goes."""
    half = _half(raw).strip()
    if half in MISSING_MARKS:
        return MISSING
    if "\x00" in half or len(half) > 200:
        raise Fault("it is no code: too long, or not text")
    half = _lengthened(half)
    whole = _POINT_ZERO.fullmatch(half)
    return whole[1] if whole else half


def email(raw: str) -> Any:
    """A mail address of an office: one @, no blanks, in lower case."""
    address = _half(raw).strip().lower()
    if address in MISSING_MARKS:
        return MISSING
    if not _EMAIL.fullmatch(address):
        raise Fault("it is no mail address")
    return address


def phone(raw: str) -> Any:
    """A telephone number as text; 13800001234.0 loses its point."""
    half = _half(raw).strip()
    if half in MISSING_MARKS:
        return MISSING
    half = _lengthened(half)
    whole = _POINT_ZERO.fullmatch(half)
    number = whole[1] if whole else half
    digits = len(number) if number.isdigit() else sum(letter.isdigit() for letter in number)
    if not 3 <= digits <= 30 or len(number) > 60:
        raise Fault("it is no telephone number")
    return number


def _lengthened(raw: str) -> str:
    """1.3800013123E+10 is 13800013123: all of its digits are there. Fault when some are not, as in 1.38E+10."""
    found = _SHORTENED.fullmatch(raw)
    if not found:
        return raw
    first, digits, exponent = found[1], found[2] or "", int(found[3])
    if exponent > _LONGEST_EXACT or len(digits) < exponent or digits[exponent:].strip("0"):
        raise Fault("a spreadsheet has shortened it and digits are lost; format that column as text and fill it again")
    return first + digits[:exponent]


# --- numbers --------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_COUNTED = re.compile(r"(\d+)\s*[人口个名位户]")


def number(raw: str) -> Any:
    """A finite number; thousands may be parted by commas. ">0" and the like say that there is one but not which."""
    half = _half(raw).strip()
    if half in MISSING_MARKS or half[:1] in "<>~≥≤":
        return MISSING
    if _THOUSANDS.fullmatch(half):
        half = half.replace(",", "")
    if not _NUMBER.fullmatch(half):
        raise Fault("it is no number")
    value = float(half)
    if not math.isfinite(value):
        raise Fault("it is too large a number")
    return value


def bounded(raw: str, low: float, high: float) -> Any:
    """A number from low to high."""
    value = number(raw)
    if value is not MISSING and not low <= value <= high:
        raise Fault(f"it must be from {low:g} to {high:g}")
    return value


def count(raw: str, low: float, high: float) -> Any:
    """A whole number from low to high; "3人" is 3."""
    counted = _COUNTED.fullmatch(raw)
    value = bounded(counted[1] if counted else raw, low, high)
    if value is not MISSING and not value.is_integer():
        raise Fault("it must be a whole number")
    return value


# --- days and moments -----------------------------------------------------------------------------------------------

_DAY = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_CLOCK = r"(\d{1,2})\s*[:时点]\s*(\d{1,2})?\s*(?:[:分]\s*(?:(\d{1,2})(?:[.,](\d{1,9}))?\s*秒?)?)?"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})?"
_MOMENT = re.compile(rf"{_DAY}(?:[T\s]*{_CLOCK}\s*{_ZONE})?", re.IGNORECASE)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2})(\d{2})(\d{2})?)?")
_PARTIAL = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})?\s*月?)?")
_AMBIGUOUS = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_EPOCH = re.compile(r"[1-4]\d{9}(\d{3})?")
#: day 0 of a spreadsheet's serial dates, as counted from March 1900 on
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - its zone is the county's, put on by `moment`
_UNSURE = "day and month cannot be told apart; write it as 2024-03-05"


def day(raw: str, loose: bool = False, endless: bool = False) -> Any:
    """A day: 2024-03-05, 2024/3/5, 2024年3月5日, 20240305, a spreadsheet's serial. `loose`: a year or month will do.

    `endless`: words such as 长期 stand for no day.
    """
    half = _half(raw).strip()
    if half in MISSING_MARKS or (endless and normal(half) in _ENDLESS):
        return MISSING
    if loose:
        rough = _PARTIAL.fullmatch(half)
        if rough:
            return _built(int(rough[1]), int(rough[2] or 1), 1).date()
    return _naive(half)[0].date()


def moment(raw: str, tz: ZoneInfo) -> Any:
    """A moment: a day, with a clock time and a zone if any; without one it is in `tz`. 10 digits are epoch seconds."""
    half = _half(raw).strip()
    if half in MISSING_MARKS:
        return MISSING
    if _EPOCH.fullmatch(half):
        return datetime.fromtimestamp(int(half[:10]), UTC).astimezone(tz)
    found, zone = _naive(half)
    if found.year < 1900:
        raise Fault("its year is before 1900")
    return found.replace(tzinfo=zone or tz)


def _naive(half: str) -> tuple[datetime, timezone | None]:
    packed = _PACKED.fullmatch(half)
    if packed:
        return _built(*(int(part or 0) for part in packed.groups())), None
    full = _MOMENT.fullmatch(half)
    if full:
        year, month, day_, hour, minute, second, fraction, zone = full.groups()
        micro = int((fraction or "0").ljust(6, "0")[:6])
        parts = (year, month, day_, hour, minute, second)
        return _built(*(int(part or 0) for part in parts), micro), _zone(zone)
    if _SERIAL.fullmatch(half):
        return _SERIAL_ZERO + timedelta(seconds=round(float(half) * 86_400)), None
    raise Fault(_UNSURE if _AMBIGUOUS.fullmatch(half) else "it is no date; write it as 2024-03-05 or 2024-03-05 14:30")


def _built(*parts: int) -> datetime:
    try:
        found = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - as `_SERIAL_ZERO`
    except ValueError as error:
        raise Fault(f"there is no such date or time ({error})") from None
    if not 1000 <= found.year <= 2200:
        raise Fault("its year is not from 1000 to 2200")
    return found


def _zone(raw: str | None) -> timezone | None:
    if raw is None:
        return None
    if raw in "Zz":
        return UTC
    hours, minutes_ = int(raw[1:3]), int(raw[-2:])
    if hours > 15 or minutes_ > 59:
        raise Fault("its time zone does not exist")
    ahead = timedelta(hours=hours, minutes=minutes_)
    return timezone(-ahead if raw[0] == "-" else ahead)


_CLOCK_ONLY = re.compile(r"(\d{1,2})\s*[:时点]\s*(\d{1,2})?(?:\s*[:分]\s*\d{0,2})?\s*秒?")


def minutes(raw: str) -> Any:
    """Minutes after midnight, 0 to 1440: "08:30", "8点30分", 510, or a spreadsheet's fraction of a day."""
    half = _half(raw).strip()
    if half in MISSING_MARKS:
        return MISSING
    clock = _CLOCK_ONLY.fullmatch(half)
    if clock:
        value = int(clock[1]) * 60.0 + int(clock[2] or 0)
        if int(clock[2] or 0) > 59:
            raise Fault("there is no such time of day")
    else:
        value = number(half)
        if value is MISSING:
            return MISSING
        value = float(round(value * 1440)) if 0 < value < 1 else value
    if not 0 <= value <= 1440 or not value.is_integer():
        raise Fault("it must be a time of day, 00:00 to 24:00")
    return value


# --- choices --------------------------------------------------------------------------------------------------------

_YES = frozenset({"1", "是", "有", "true", "yes", "y", "t", "同意", "对", "√", "✓"})
_NO = frozenset({"0", "否", "无", "false", "no", "n", "f", "不同意", "错", "×", "没有"})


def flag(raw: str) -> Any:
    """Yes (1) or no (0)."""
    word = _half(raw).strip().casefold()
    if word in _YES:
        return 1
    if word in _NO:
        return 0
    raise Fault("write 1 or 0, yes or no, 是 or 否")


def choice(raw: str, field: Field) -> Any:
    """One of the field's values, by any word that files use for it."""
    found = field.choices.get(normal(raw))
    if found is not None:
        return found
    allowed = ", ".join(dict.fromkeys(field.choices.values()))
    if raw.strip() in MISSING_MARKS and not field.required:
        return MISSING
    raise Fault(f"it must be one of {allowed}")


#: bit 0 of a mask is Monday
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "七": 6,
         **{name.casefold(): bit for bit, name in enumerate(DAY_NAMES)}}  # fmt: skip
_WHOLE = {"每天": 127, "每日": 127, "全周": 127, "daily": 127, "工作日": 31, "weekdays": 31, "周末": 96, "weekend": 96}
_DAY_WORD = r"(?:星期|礼拜|周)?\s*([一二三四五六日天七1-7]|mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_DAY_SPAN = re.compile(rf"{_DAY_WORD}\s*(?:[-~至到—]\s*{_DAY_WORD})?", re.IGNORECASE)


def weekdays(raw: str) -> Any:
    """Days of the week as a mask (bit 0 Monday), from one, "1-5", "1,3,5", "周一至周五", "Mon-Fri", "每天"."""
    half = _half(raw).strip().casefold()
    if half in MISSING_MARKS:
        return MISSING
    if half in _WHOLE:
        return float(_WHOLE[half])
    if half.isdigit() and 1 <= int(half) <= 127:
        return float(half)
    mask = 0
    for part in re.split(r"[,;、，\s]+", half):
        span = _DAY_SPAN.fullmatch(part)
        if not span:
            raise Fault('write the days as "1-5", "1,3,5", "周一至周五" or "Mon-Fri"')
        first = _day_number(span[1])
        last = _day_number(span[2]) if span[2] else first
        mask |= sum(1 << (place % 7) for place in range(first, last + 1 if last >= first else last + 8))
    return float(mask)


def _day_number(word: str) -> int:
    return int(word) - 1 if word.isdigit() else _DAYS[word[:3] if word.isascii() else word]
