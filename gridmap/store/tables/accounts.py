"""Accounts, sessions, the audit, the readings of personal data, and the numbers of the layers."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

from gridmap.store.tables.base import UtcDateTime, metadata, one_of, ref, table

accounts = table(
    "accounts",
    Column("username", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    ref("worker_id", "workers"),
    ref("body_id", "bodies"),
    ref("area_id", "areas"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    one_of("role", "worker", "dispatcher", "handler", "supervisor", "planner", "approver", "official", "admin"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    ref("account_id", "accounts", null=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("revoked_at", UtcDateTime),
)

login_failures = table(
    "login_failures",
    Column("name_hash", String(64), nullable=False, index=True),
    Column("client_hash", String(64), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

audit = table(
    "audit",
    Column("at", UtcDateTime, nullable=False),
    ref("account_id", "accounts", index=False),
    Column("action", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("data", Text, nullable=False),
)

#: every reading of personal data, once per request, with ids; expires
readings = table(
    "readings",
    Column("at", UtcDateTime, nullable=False, index=True),
    ref("account_id", "accounts", null=False),
    Column("route", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ids", Text, nullable=False),  # JSON list
    Column("reason", Text),
)

#: one number for each layer, raised in the transaction that changes it; caches and indexes compare it
versions = Table(
    "versions",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

#: the rows that a version of a layer touched, as ranges of ids; a version without any here may have touched all
changes = Table(
    "changes",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("first_id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", Integer, nullable=False),
)
