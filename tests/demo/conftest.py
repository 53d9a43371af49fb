"""One demo county for all tests of it: made once, never changed."""

from __future__ import annotations

import pytest

from gridmap.demo import Boundaries, County, ground, make_county


@pytest.fixture(scope="session")
def land() -> Boundaries:
    return ground()


@pytest.fixture(scope="session")
def county() -> County:
    return make_county()


@pytest.fixture(scope="session")
def small() -> County:
    return make_county(scale=0.05)
