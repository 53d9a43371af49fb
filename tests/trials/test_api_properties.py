"""Every endpoint asked a thousand times with what its schema allows and forbids: no 500, and the document kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.api.client import Api
from tests.api.conftest import serve
from tests.api.test_fuzz import fuzz, operations
from tests.county import SmallCounty

EACH = 500


@pytest.fixture
def api_lite(spatialite_county: SmallCounty) -> Iterator[Api]:
    yield from serve(spatialite_county)


@pytest.mark.trial
def test_a_thousand_requests_to_each_endpoint(api_lite: Api, trial: Callable[..., Any]) -> None:
    """Half of them keep to the schema, half break it."""
    cases = {f"{one.label}, {mode.value}": (one, mode) for one in operations(api_lite) for mode in GenerationMode}
    ledger, remaining = trial(f"each endpoint asked {2 * EACH:,} times, in two halves", cases)
    for case in remaining:
        try:
            fuzz(api_lite, *cases[case], EACH)
        except Unsatisfiable:
            ledger.record(case, "nothing there to be got wrong", good=True)
        except Exception as error:  # whatever it is, it is written down and the next endpoint is tried
            ledger.record(case, f"{case}: {str(error)[:300]}", good=False)
        else:
            ledger.record(case, "kept its word", good=True)
    assert ledger.bad == []
