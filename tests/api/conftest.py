"""The county's fixtures, and the application over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.client import Api
from tests.county import (
    SmallCounty,
    county_file,
    county_template,
    open_county,
    postgis_county,
    small_county,
    spatialite_county,
)

__all__ = ["county_file", "county_template", "postgis_county", "small_county", "spatialite_county"]


def serve(county: SmallCounty) -> Iterator[Api]:
    app = create_app(county.ctx, county.passwords)
    with TestClient(app, base_url="http://testserver") as client:
        yield Api(county, client)


@pytest.fixture(scope="module")
def api_shared(county_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One application on SpatiaLite for all tests of a module that leave it as it was."""
    county = open_county(
        f"sqlite:///{shutil.copyfile(county_file, tmp_path_factory.mktemp('shared') / 'county.sqlite')}"
    )
    yield from serve(county)
    county.ctx.engine.dispose()


@pytest.fixture
def api(small_county: SmallCounty) -> Iterator[Api]:
    """The application over the county, once on each database."""
    yield from serve(small_county)


@pytest.fixture
def api_lite(spatialite_county: SmallCounty) -> Iterator[Api]:
    """The application on SpatiaLite alone, for what does not touch SQL."""
    yield from serve(spatialite_county)
