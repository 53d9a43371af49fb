"""What phones seal their entries to."""

from __future__ import annotations

from sqlalchemy import Column, Text

from gridmap.store.tables.base import UtcDateTime, ref, table

#: the private key is sealed under the subject, so `gridmap keys rotate` keeps it open; keys are never removed
sealing_keys = table(
    "sealing_keys",
    Column("public_key", Text, nullable=False),
    ref("subject_id", "subjects", null=False, index=False),
    Column("created_at", UtcDateTime, nullable=False),
)
