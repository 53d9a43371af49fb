"""Shapes of the mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import Named
from api.schemas.lists import Listed
from api.schemas.queries import Pages


class MessageQuery(Pages):
    unread: Annotated[bool, Field(description="only those not read yet")] = False


class InTwoLanguages(BaseModel):
    zh: str
    en: str


class MessageItem(BaseModel):
    """What an account was told. Of a neighbour's case near a border (`border`) only category and cell are told."""

    id: int
    kind: str = Field(description="assigned, border, or what else happened", examples=["assigned"])
    urgent: bool = Field(description="an emergency")
    created_at: datetime
    read_at: datetime | None
    incident_id: int | None = Field(description="null where the case is not the caller's")
    number: str | None = Field(description="of the case, or of the joint meeting")
    due_at: datetime | None = Field(description="of the case, or of the promise")
    meeting_id: int | None = Field(description="where it is about a joint meeting or a promise made there")
    enterprise_id: int | None = Field(description="where it is about an enterprise")
    category: Named | None = Field(description="of the case")
    cell: Named | None
    text: InTwoLanguages


class MessageList(Listed):
    items: list[MessageItem]
    unread: int = Field(description="of all the caller's messages")


class Unread(BaseModel):
    unread: int
