"""What analyses are asked for, and how they answer."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import CODE
from api.schemas.queries import Day
from gridmap.errors import InvalidInput
from gridmap.usecases.context import Context
from gridmap.usecases.releasing import closed_months
from gridmap.usecases.studies import NEAR_M, Question
from gridmap.view import Drawing

#: months of a window when none is named, and at most
USUAL, MOST_MONTHS, MOST_CATEGORIES = 4, 60, 20
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class AnalysisQuery(BaseModel):
    """A window of closed months, categories, the drawing, and the seed."""

    model_config = ConfigDict(extra="forbid")

    from_: Annotated[
        str | None, Field(alias="from", pattern=MONTH, description="first month", examples=["2026-03"])
    ] = None
    to: Annotated[
        str | None,
        Field(
            pattern=MONTH, description=f"last month; must have ended; default: the last {USUAL}", examples=["2026-06"]
        ),
    ] = None
    category: Annotated[
        str | None,
        Field(
            max_length=1000,
            description="codes separated by commas, a top category holds its own; default: all disputes",
        ),
    ] = None
    drawing: Annotated[
        Drawing, Field(description="then: the cells of the last day, cases by the cell reported in; now: today's")
    ] = Drawing.NOW
    as_of: Annotated[
        Day | None, Field(description="the day whose cells are taken, in both drawings; without, as `drawing` says")
    ] = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="of the random numbers; the same gives the same")] = (
        20260703
    )

    def question(self, ctx: Context, near_m: float = NEAR_M) -> Question:
        """The question, of no area yet; InvalidInput for months or categories that are none."""
        usual = closed_months(ctx.today(), USUAL)
        last = _month(self.to) or usual[-1]
        back = last.year * 12 + last.month - USUAL
        first = _month(self.from_) or date(back // 12, back % 12 + 1, 1)
        length = (last.year - first.year) * 12 + last.month - first.month + 1
        if not 1 <= length <= MOST_MONTHS:
            raise InvalidInput(f"take 1 to {MOST_MONTHS} months, the first before the last", parameter="from")
        return Question("/", first, last, self.categories(), self.drawing, near_m, self.seed, self.as_of)

    def categories(self) -> tuple[str, ...]:
        """The codes named, each once."""
        codes = tuple(sorted(set(self.category.split(",")))) if self.category else ()
        if len(codes) > MOST_CATEGORIES or any(not re.match(CODE, code) for code in codes):
            raise InvalidInput(f"name up to {MOST_CATEGORIES} codes, separated by commas", parameter="category")
        return codes


class EvidenceQuery(AnalysisQuery):
    """As before, with what counts as near."""

    within: Annotated[float, Field(ge=200, le=4000, description="metres from the enterprise's border")] = NEAR_M


class CardQuery(EvidenceQuery):
    """As before, with the edition."""

    edition: Annotated[Literal["figures", "table"], Field(description="for use inside, or for the meeting")] = "figures"

    def question(self, ctx: Context, near_m: float = NEAR_M) -> Question:
        """As before. The edition for the table is one for all: it takes months and nothing else, since verdicts over
        any distance and category would be asked for until they tell single cases."""
        fields = type(self).model_fields
        free = {"from_", "to", "edition"}
        asked = [name for name in fields if name not in free and getattr(self, name) != fields[name].default]
        if self.edition == "table" and asked:
            raise InvalidInput("the edition for the table takes months alone", parameter=asked[0])
        return super().question(ctx, near_m)


class AnalysisOut(BaseModel):
    """An analysis as it stands: ask again while it waits or runs."""

    id: int
    kind: Literal["hotspots", "scan", "sources"]
    status: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: float = Field(description="0 to 1")
    question: dict[str, Any] = Field(description="what was asked, defaults filled in")
    result: dict[str, Any] | None = Field(description="when done; figures only")
    error: dict[str, str] | None = Field(description="when failed: `code` (such as too_few_incidents) and `message`")
    data_version: str = Field(description="the state of the data it is of")


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    found = date.fromisoformat(f"{text}-01")
    if not 1900 <= found.year < 2200:
        raise InvalidInput(f"{text} is no month of a case", parameter="to")
    return found


class ReleaseQuery(BaseModel):
    """Which closed months, in which drawing."""

    model_config = ConfigDict(extra="forbid")

    from_: Annotated[str | None, Field(alias="from", pattern=MONTH, description="first month")] = None
    to: Annotated[str | None, Field(pattern=MONTH, description="last month; default: the last twelve")] = None
    drawing: Annotated[
        Drawing, Field(description="then: the cell reported in; now: today's, for months that may be told so as well")
    ] = Drawing.THEN

    def months(self, ctx: Context) -> list[date]:
        """The first days of the months."""
        last = _month(self.to) or closed_months(ctx.today(), 1)[0]
        back = last.year * 12 + last.month - 12
        first = _month(self.from_) or date(back // 12, back % 12 + 1, 1)
        numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        if len(numbers) > MOST_MONTHS:
            raise InvalidInput(f"take 1 to {MOST_MONTHS} months", parameter="from")
        return [date(number // 12, number % 12 + 1, 1) for number in numbers]


class ReleaseOut(BaseModel):
    """What may leave. Every `count` is 0 or at least 5."""

    first: str
    last: str
    drawing: Drawing
    months: list[str] = Field(description="those of them that are counted")
    withheld: bool = Field(description="even the whole county holds fewer than five in some month")
    parts: list[dict[str, Any]] = Field(description="communities joined: names, codes, how many, count, households")
    categories: list[dict[str, Any]] = Field(description="for the whole county: codes of a group, count")
    single_months: float | None = Field(description="share of community-months that monthly releases show singly")
    single_incidents: float | None = Field(description="share of incidents that they show singly")
    total: int
