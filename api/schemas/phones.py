"""What workers' phones fetch and bring."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MOST_ENTRIES = 50


class Section(BaseModel):
    """A part of the pack; without `data` where the phone has it."""

    hash: str
    data: Any = None


class SealingKey(BaseModel):
    """A P-256 public key that unsent entries are sealed to."""

    id: str
    spki: str = Field(description="SubjectPublicKeyInfo, base64")
    voucher: str = Field(description="goes into each envelope with the entry's key; shows who wrote it")


class PackOut(BaseModel):
    """The day's pack: `cells`, `households`, `incidents`, `today`, `categories` and `me`."""

    made_at: AwareDatetime
    lease_until: AwareDatetime = Field(description="the phone erases the pack then, unless it was here again")
    sections: dict[str, Section]
    sealing_key: SealingKey


class SealedEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[
        str, Field(pattern=r"^[!-~]{1,200}$", description="the Idempotency-Key under which it would be sent")
    ]
    sealed: Annotated[str, Field(max_length=60_000, description="the envelope, base64; see docs/field.md")]
    key_id: Annotated[str, Field(max_length=20, description="`sealing_key.id` of the pack")]


class SealedIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    entries: Annotated[list[SealedEntry], Field(min_length=1, max_length=MOST_ENTRIES)]


class SealedResult(BaseModel):
    """What became of an entry. `problem`: why it was refused, as an error answer would say it."""

    key: str
    status: Literal["taken", "refused"]
    incident_id: int | None = None
    problem: dict[str, Any] | None = None


class SealedOut(BaseModel):
    results: list[SealedResult]
