"""Shapes of the mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Id, Named
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


class FailedItem(BaseModel):
    """A message that was given up: no text, no address; a name of bodies and workers alone."""

    id: int
    number: str | None = Field(description="of the case or the joint meeting")
    kind: str
    channel: str = Field(description="sms, email or webhook")
    to: str = Field(description="body, worker, resident or household", examples=["body"])
    name: str | None = Field(description="of a body or a worker; of residents none is told")
    name_en: str | None
    attempts: int
    error: str | None = Field(description="why, as a code", examples=["http_410"])
    settled_at: datetime = Field(description="when it was given up")


class FailedList(Listed):
    items: list[FailedItem]
    total: int = Field(description="all that were given up and not sent again")


class ResendIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [1], "reason": "gateway_back"}]})

    ids: Annotated[list[Id], Field(min_length=1, max_length=500, description="as in the list")]
    reason: Annotated[
        Literal["gateway_back", "address_mended", "settings_mended", "asked", "other"] | None,
        Field(description="must be said for more than one; kept in the audit"),
    ] = None


class Resent(BaseModel):
    resent: int = Field(description="how many are in the queue again")


class Unread(BaseModel):
    unread: int
