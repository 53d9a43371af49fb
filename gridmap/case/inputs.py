"""What an action needs to be told: typed, with limits. Free text never enters an event; it is sealed beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gridmap.case.events import canonical_moment
from gridmap.case.limits import Limit
from gridmap.errors import InvalidInput

LONGEST_NOTE = 4000
MOST_IDS = 100
#: into how many new cases one may be split at once
MOST_PARTS = 10
LONGEST_CODE = 64


class InputType(StrEnum):
    CODE = "code"
    ID = "id"
    IDS = "ids"
    TEXT = "text"
    LIMIT = "limit"
    MOMENT = "moment"
    FLAG = "flag"
    SCORE = "score"
    PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to enter. `codes`: what a code may be (empty: any, checked by whoever knows them)."""

    name: str
    type: InputType
    required: bool = True
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A new case that another one is split into: what it is, what is said of it, and the body it goes to (None: the
    rules decide)."""

    category: str
    text: str
    body_id: int | None = None


#: what each part asks for
OF_PART = (
    Input("category", InputType.CODE),
    Input("text", InputType.TEXT),
    Input("body_id", InputType.ID, required=False),
)


def read_inputs(wanted: Iterable[Input], given: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """What was entered, checked: (data for the event, as ids and codes; the free text to be sealed, or None).

    Raises InvalidInput naming the field: one that is missing, unknown, or not what it should be.
    """
    known = {one.name: one for one in wanted}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)}: this action does not ask for it", field=unknown[0])
    data: dict[str, Any] = {}
    note: str | None = None
    for name, one in known.items():
        value = given.get(name)
        if value is None or value == "":
            if one.required:
                raise InvalidInput(f"{name} must be entered", field=name)
        elif one.type is InputType.TEXT:
            note = _text(one, value)
        else:
            data[name] = READ[one.type](one, value)
    return data, note


def is_code(value: Any) -> bool:
    """Whether a value may stand in an event as a code: short, without a space, so no sentence hides in it."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_CODE
        and all(letter.isalnum() or letter in "-_.:/" for letter in value)
    )


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _wrong(one: Input, what: str) -> InvalidInput:
    return InvalidInput(f"{one.name}: {what}", field=one.name)


def _text(one: Input, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(one, "write some words")
    if len(value) > LONGEST_NOTE:
        raise _wrong(one, f"has {len(value)} characters; {LONGEST_NOTE} is the most")
    return value.strip()


def _code(one: Input, value: Any) -> str:
    if not is_code(value):
        raise _wrong(one, f"a code has at most {LONGEST_CODE} letters and digits and no space")
    if one.codes and value not in one.codes:
        raise _wrong(one, f"must be one of {', '.join(one.codes)}, not {value!r}")
    return str(value)


def _id(one: Input, value: Any) -> int:
    if not is_id(value):
        raise _wrong(one, f"{value!r} is no id")
    return int(value)


def _ids(one: Input, value: Any) -> list[int]:
    if not isinstance(value, list | tuple) or not value or len(value) > MOST_IDS or not all(map(is_id, value)):
        raise _wrong(one, f"must be a list of 1 to {MOST_IDS} ids")
    return sorted({int(item) for item in value})


def _limit(one: Input, value: Any) -> dict[str, float]:
    return (value if isinstance(value, Limit) else Limit.from_json(value, one.name)).to_json()


def _moment(one: Input, value: Any) -> str:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return canonical_moment(moment)
    except (ValueError, TypeError):
        raise _wrong(one, "write a moment with its zone, like 2026-07-03T09:41:00+08:00") from None


def _flag(one: Input, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(one, "must be true or false")
    return value


def _score(one: Input, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not math.isfinite(value) or not 1 <= value <= 5:
        raise _wrong(one, "must be a whole number from 1 to 5")
    return value


def _parts(one: Input, value: Any) -> tuple[Part, ...]:
    listed = isinstance(value, list | tuple) and 0 < len(value) <= MOST_PARTS
    if not listed or not all(isinstance(item, Mapping) for item in value):
        raise _wrong(one, f"must be a list of 1 to {MOST_PARTS} parts, each with category and text")
    return tuple(_part(one, number, item) for number, item in enumerate(value, start=1))


def _part(one: Input, number: int, item: Mapping[str, Any]) -> Part:
    try:
        data, text = read_inputs(OF_PART, item)
    except InvalidInput as wrong:
        raise _wrong(one, f"part {number}: {wrong.message}") from None
    return Part(data["category"], text or "", data.get("body_id"))


READ: Mapping[InputType, Callable[[Input, Any], Any]] = {
    InputType.CODE: _code,
    InputType.ID: _id,
    InputType.IDS: _ids,
    InputType.LIMIT: _limit,
    InputType.MOMENT: _moment,
    InputType.FLAG: _flag,
    InputType.SCORE: _score,
    InputType.PARTS: _parts,
}
