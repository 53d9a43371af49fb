"""What residents send without an account: their tracking links, the photos of cases, and what holds floods back."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, LargeBinary, String, Table, Text

from gridmap.store.tables.base import UtcDateTime, metadata, ref, table

#: a photo of a case, re-encoded and sealed with the key of the case's subject; both boxes go when that key goes
photos = table(
    "photos",
    ref("incident_id", "incidents", null=False),
    ref("subject_id", "subjects", null=False),
    ref("account_id", "accounts", index=False),  # None: the resident sent it
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("box", LargeBinary),
    Column("thumb", LargeBinary),
    CheckConstraint("(box IS NULL) = (thumb IS NULL)", name="both_or_none"),
)

#: a tracking link; only the token's SHA-256 is kept
tracks = table(
    "tracks",
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, unique=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

#: challenges that were answered: none is taken twice
spent = Table(
    "spent",
    metadata,
    Column("challenge", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

#: how often something was done in an hour, by a client (a salted digest of its address) or by all
tallies = Table(
    "tallies",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
)

#: the salt of a day's addresses; with it gone, a digest leads back to no address
salts = Table("salts", metadata, Column("day", Date, primary_key=True), Column("salt", String(64), nullable=False))
