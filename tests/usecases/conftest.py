"""The small county for the use cases."""

from tests.county import county_file, county_template, postgis_county, small_county, spatialite_county, twin

__all__ = ["county_file", "county_template", "postgis_county", "small_county", "spatialite_county", "twin"]
