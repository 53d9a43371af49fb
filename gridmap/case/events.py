"""The chain of an incident's events: each event's hash covers the one before it, so that no change goes unseen.

A forger with the file in hand would have to recompute every later hash of the incident, which copies (backups, replies)
contradict. Events hold ids and codes only, never personal text: erasing a person must not break the chain. Which kinds
there are, and what each may hold, stands in `gridmap.case.kinds`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

#: what the first event of an incident follows
GENESIS = "0" * 64


def canonical_json(data: Mapping[str, Any] | list[Any]) -> str:
    """JSON that is the same for the same data: sorted keys, no spaces, characters as they are; NaN is refused.

    Raises TypeError or ValueError for what JSON does not have.
    """
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_moment(at: datetime) -> str:
    """An aware moment as UTC text to the microsecond: 2026-07-03T01:41:00.000000+00:00."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def event_hash(
    prev_hash: str, incident_number: str, seq: int, kind: str, at_iso: str, account_id: int | None, data_json: str
) -> str:
    """SHA-256 (64 hexadecimal digits) over an event and the hash of the event before it (`GENESIS` for the first).

    `at_iso` as `canonical_moment` writes it, `data_json` as `canonical_json` does and as it is stored.
    """
    covered = canonical_json([prev_hash, incident_number, seq, kind, at_iso, account_id, data_json])
    return hashlib.sha256(covered.encode("utf-8")).hexdigest()


def event_hashes(
    prev_hashes: Sequence[str],
    numbers: Sequence[str],
    seq: int,
    kind: str,
    at_isos: Sequence[str],
    account_id: int | None,
    data_jsons: Sequence[str],
) -> list[str]:
    """`event_hash` of many incidents' events of one kind and place in the sequence; lists of one length.

    The JSON that is covered is put together by hand, four times as fast: a register has millions of events.
    """
    quote = json.encoder.encode_basestring
    middle = f",{seq},{quote(kind)},"
    who = f",{canonical_json([account_id])[1:-1]},"
    quoted = {data: f"{who}{quote(data)}]" for data in set(data_jsons)}
    return [
        hashlib.sha256(f'["{before}",{quote(number)}{middle}"{at}"{quoted[data]}'.encode()).hexdigest()
        for before, number, at, data in zip(prev_hashes, numbers, at_isos, data_jsons, strict=True)
    ]
