"""The county's fixtures for API tests; see `tests.county`."""

from __future__ import annotations

from tests.county import county_file, county_template, postgis_county, small_county, spatialite_county

__all__ = ["county_file", "county_template", "postgis_county", "small_county", "spatialite_county"]
