"""What can go wrong, in the words of the field. No HTTP here: `api.errors` maps each kind to a status.

Every error carries a stable `code` for programs, a `message` for people (what is wrong, where, what to do),
and `details` for both (row, feature, field, ids). Never personal text.
"""

from __future__ import annotations

from typing import Any


class GridmapError(Exception):
    """The parent of all errors raised on purpose."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = details


class InvalidInput(GridmapError):
    """The data or the request is at fault; the message names the place."""

    code = "invalid_input"


class Unauthenticated(GridmapError):
    """Nobody is logged in, or the session has ended."""

    code = "unauthenticated"


class Forbidden(GridmapError):
    """Somebody is logged in, but may not do this; the message says why."""

    code = "forbidden"


class NotFound(GridmapError):
    """No such thing, or none that this person may see: the two are not told apart."""

    code = "not_found"


class Conflict(GridmapError):
    """The state has moved on, or the thing exists already."""

    code = "conflict"


class KeyReused(Conflict):
    """The same idempotency key came with another body."""

    code = "idempotency_key_reused"


class Stale(Conflict):
    """Somebody else changed the thing since it was read; `details` tell who and what."""

    code = "changed_meanwhile"


class VersionNeeded(InvalidInput):
    """A change must say which version it was made for."""

    code = "version_needed"


class TooMany(GridmapError):
    """Slow down; `details["retry_after_s"]` says for how long."""

    code = "too_many_requests"


class EnvironmentFault(GridmapError):
    """Something outside the data is missing or down; the message says what to install or start."""

    code = "environment"
