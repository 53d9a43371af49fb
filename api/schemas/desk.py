"""What a desk sends and is answered: many cases at once, searches in texts, saved lists, cases filed for residents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Id, Named
from api.schemas.incidents import Acted
from api.schemas.lists import IncidentItem, Listed
from gridmap.usecases import bulk, lists

#: no control characters, and not blank
_WORDS = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"


class ManyIn(BaseModel):
    """One action for many cases, with what it asks for."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[str, Field(max_length=40, description=", ".join(bulk.BULK), examples=["supervise"])]
    ids: Annotated[list[Id], Field(min_length=1, max_length=bulk.MOST, examples=[[1, 2]])]
    given: Annotated[dict[str, Any], Field(examples=[{"reason": "overdue"}])] = {}


class DoneOut(BaseModel):
    """What became of one case: done, or refused with the reason."""

    id: int
    done: bool
    case: Acted | None
    code: str | None
    reason: str | None
    why: str | None = Field(description="the reason by its key, where it is one of the flow's")
    given: dict[str, Any] | None = Field(description="what the reason is about: codes and numbers")


class ManyOut(BaseModel):
    done: int
    refused: int
    results: list[DoneOut]


class SearchIn(BaseModel):
    """Words to be looked for in texts. They stand in the body, so that no log of addresses keeps them."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, Field(max_length=100, pattern=_WORDS, examples=["墙 裂"])]
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 50


class FoundItem(IncidentItem):
    places: list[str] = Field(description="where the words stand: text, note, reporter")


class FoundList(Listed):
    """What was found so far; `next` goes on with older cases."""

    items: list[FoundItem]
    looked: int = Field(description="cases opened for this answer")
    total: int = Field(description="cases of the caller that hold words")


class SimilarItem(IncidentItem):
    distance_m: float


class ViewIn(BaseModel):
    """A list to be saved: its name, and the filters as they stand in the page's address."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=lists.LONGEST_NAME, pattern=_WORDS, examples=["待批延期"])]
    query: Annotated[str, Field(max_length=lists.LONGEST_QUERY, examples=["waiting=extension"])]


class ViewOut(BaseModel):
    id: int
    name: str
    query: str


class BehalfOut(BaseModel):
    """A case that the caller filed for a resident."""

    id: int
    number: str
    category: Named
    status: str
    received_at: datetime
    due_at: datetime
    closed_at: datetime | None
    body: Named | None
    resident_name: str
    resident_phone: str | None
    ends_at: datetime = Field(description="from then on nobody is told that it was filed for somebody")
    token: str | None = Field(description="of /track/{token}, for the resident alone; None where it was filed before")
