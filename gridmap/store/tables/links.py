"""How residents without an account come back: their contacts, links sent again, and photos that are on their way."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, String, UniqueConstraint

from gridmap.store.tables.base import UtcDateTime, ref, table

#: whose telephone number reported what; goes with the contact
reached = table(
    "reached",
    ref("incident_id", "incidents", null=False),
    Column("digest", String(64), nullable=False, index=True),  # keyed, of the number's digits
)

#: links that were sent again; the first one stays good
tracks_again = table(
    "tracks_again",
    ref("incident_id", "incidents", null=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

#: the links of residents for whom a case was filed. Which case is sealed, as in `behalves`
behalf_tracks = table(
    "behalf_tracks",
    Column("token_hash", String(64), nullable=False, unique=True),
    ref("subject_id", "subjects", null=False),
)

#: parts of a photo that is not whole yet, sealed with the key of the case's subject
chunks = table(
    "chunks",
    ref("incident_id", "incidents", null=False),
    ref("subject_id", "subjects", null=False),
    Column("upload", String(64), nullable=False),
    Column("starts", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("box", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("upload", "starts"),
)
