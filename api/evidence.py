"""The evidence near one enterprise: what its analysis says, and the card made of it."""

from __future__ import annotations

from typing import Any

from gridmap.errors import NotFound
from gridmap.usecases.analysing import Answer


def of_one(found: Answer, enterprise_id: int) -> dict[str, Any]:
    """The part of the analysis of all enterprises that is about one; NotFound where no household is within reach."""
    assert found.result is not None
    whole = found.result
    for source in whole["sources"]:
        if source["id"] == enterprise_id:
            shared = {name: whole[name] for name in ("months", "near_m", "rate")}
            return {**shared, "enterprises": len(whole["sources"]), "source": source}
    raise NotFound(
        "no household of your area lies near this enterprise, so there is nothing to compare", code="nobody_near"
    )
