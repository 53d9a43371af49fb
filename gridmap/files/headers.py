# ruff: noqa: E501 - a table of headings
"""Which column is which field: guessed by the usual headings, or told by `field=column`. And which are never read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

from gridmap.errors import InvalidInput
from gridmap.files.kinds import BOTH, KINDS, WKT, Field, Kind, Shape, X, Y

#: mapped instead of a column: `kind=:mine` gives every row the value "mine"
CONSTANT = ":"

#: headings, normalised, of what no register of ours may hold: identity numbers, ethnicity, religion, politics, criminal or
#: psychiatric records, histories of petitioning. A column whose heading contains one of them (or is it, after "=") is
#: never read.
_FORBIDDEN: Mapping[str, str] = {
    "身份证": "identity numbers", "证件号": "identity numbers", "公民身份": "identity numbers", "idcard": "identity numbers",
    "=idnumber": "identity numbers", "=idno": "identity numbers", "identitycard": "identity numbers",
    "identitynumber": "identity numbers", "citizenid": "identity numbers",
    "nationalid": "identity numbers", "passport": "identity numbers", "护照": "identity numbers",
    "民族": "ethnicity", "ethnic": "ethnicity", "nationality": "ethnicity",
    "宗教": "religion", "信仰": "religion", "religio": "religion",
    "政治面貌": "politics", "党员": "politics", "党派": "politics", "politicalstatus": "politics",
    "politicalaffiliation": "politics", "partymember": "politics",
    "犯罪": "criminal records", "前科": "criminal records", "刑满": "criminal records", "刑释": "criminal records",
    "社区矫正": "criminal records", "吸毒": "criminal records", "criminal": "criminal records", "convict": "criminal records",
    "精神病": "psychiatric records", "精神障碍": "psychiatric records", "肇事肇祸": "psychiatric records",
    "psychiatr": "psychiatric records", "mentalillness": "psychiatric records", "mentalhealth": "psychiatric records",
    "上访史": "histories of petitioning", "上访记录": "histories of petitioning", "上访次数": "histories of petitioning",
    "是否上访": "histories of petitioning", "信访史": "histories of petitioning", "信访记录": "histories of petitioning",
    "信访次数": "histories of petitioning", "信访历史": "histories of petitioning", "缠访": "histories of petitioning",
    "上访户": "histories of petitioning", "重点人员": "histories of petitioning", "重点上访": "histories of petitioning",
    "petitionhistory": "histories of petitioning",
}  # fmt: skip

_IN_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")


def normal(heading: str) -> str:
    """A heading for comparison: full-width to half, lower case, letters and digits of any script only."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", heading).casefold() if letter.isalnum())


def forbidden(columns: Iterable[str]) -> dict[str, str]:
    """The columns that are never read, each with what it would hold."""
    found = {}
    for column in columns:
        key = normal(column)
        held = next((what for word, what in _FORBIDDEN.items() if word in key or word == f"={key}"), None)
        if held:
            found[column] = held
    return found


def known_kind(name: str) -> Kind:
    """The import kind of this name; InvalidInput listing them."""
    try:
        return KINDS[name]
    except KeyError:
        raise InvalidInput(
            f"{name!r} cannot be imported; the kinds are {', '.join(KINDS)}.", code="unknown_kind"
        ) from None


def guess(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """The column of each field by the usual headings; fields that none fits are left out.

    Place columns come as `x` and `y`, else `coordinates` (both numbers in one text), else `geometry` (of a spatial file, or
    WKT). Each column serves one field.
    """
    known = known_kind(kind)
    allowed = [column for column in columns if column not in forbidden(columns)]
    taken: set[str] = set()
    mapping = _place(known, allowed, taken)
    for one in known.fields:
        column = find(one, allowed, taken)
        if column is not None:
            mapping[one.name] = column
            taken.add(column)
    return mapping


def find(field: Field, columns: Sequence[str], taken: Iterable[str] = ()) -> str | None:
    """The first column headed by one of the field's aliases; whole headings first, then without what is in brackets."""
    free = [column for column in columns if column not in set(taken)]
    whole = _by_heading(free, lambda column: column)
    bare = _by_heading(free, lambda column: _IN_BRACKETS.sub("", column))
    for headings in (whole, bare):
        for alias in (field.name, *field.aliases):
            if normal(alias) in headings:
                return headings[normal(alias)]
    return None


def _by_heading(columns: Sequence[str], cut: Callable[[str], str]) -> dict[str, str]:
    headings: dict[str, str] = {}
    for column in columns:
        headings.setdefault(normal(cut(column)), column)
    return headings


def _place(kind: Kind, columns: Sequence[str], taken: set[str]) -> dict[str, str]:
    if kind.shape is Shape.NONE:
        return {}
    if "geometry" in columns:
        found = {"geometry": "geometry"}
    elif kind.point_columns:
        found = place_columns(columns)
    else:
        found = {}
    if not found:
        wkt = find(WKT, columns)
        found = {"geometry": wkt} if wkt else {}
    taken.update(found.values())
    return found


def place_columns(columns: Sequence[str]) -> dict[str, str]:
    """`x` and `y` by the usual headings, else `coordinates`, else nothing."""
    x, y = find(X, columns), find(Y, columns)
    if x is not None and y is not None:
        return {"x": x, "y": y}
    both = find(BOTH, columns)
    return {"coordinates": both} if both else {}


def parse_map(options: Sequence[str], kind: str, columns: Sequence[str]) -> dict[str, str]:
    """What `--map field=column` says, checked against the kind and the file.

    `field=:value` gives every row that value; `field=` leaves the field out though a heading fits. `lon` and `lat` are
    accepted for `x` and `y`. InvalidInput names the options that fit nothing.
    """
    known = known_kind(kind)
    places = ("x", "y", "coordinates", "geometry") if known.shape is not Shape.NONE else ()
    names = [one.name for one in known.fields] + list(places)
    mapping: dict[str, str] = {}
    for option in options:
        name, equals, column = option.partition("=")
        name = {"lon": "x", "lat": "y"}.get(name.strip(), name.strip())
        column = column.strip()
        if not equals:
            raise InvalidInput(f"--map {option}: write field=column, or field=:value for all rows.", code="bad_map")
        if name not in names:
            raise InvalidInput(
                f"--map {option}: {kind} have no field {name!r}; they have {', '.join(names)}.", code="bad_map"
            )
        if column and not column.startswith(CONSTANT) and column not in columns:
            raise InvalidInput(
                f"--map {option}: the file has no column {column!r}; it has {', '.join(columns)}.", code="bad_map"
            )
        held = forbidden([column]).get(column)
        if held:
            raise InvalidInput(
                f"--map {option}: the column may hold {held}, which gridmap never reads.", code="forbidden_field"
            )
        mapping[name] = column
    return mapping


def combined(kind: str, columns: Sequence[str], told: Mapping[str, str]) -> dict[str, str]:
    """The guess with what was told put over it: a column told for one field is not guessed for another."""
    guessed = {name: column for name, column in guess(kind, columns).items() if column not in told.values()}
    if {"x", "y", "coordinates", "geometry"} & told.keys():
        guessed = {
            name: column for name, column in guessed.items() if name not in {"x", "y", "coordinates", "geometry"}
        }
    return {name: column for name, column in {**guessed, **told}.items() if column}
