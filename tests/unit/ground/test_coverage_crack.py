"""A crack between cells that meet only at its two ends, both on the rim: no ring goes round it, yet nobody has it."""

import geopandas as gpd
import pytest
from shapely import box
from shapely.affinity import translate

from gridmap.ground import check


def test_a_crack_whose_ends_lie_on_the_rim_is_a_gap() -> None:
    """Boxes with a T-junction are exact in metres; in degrees the long edge no longer passes through the junction."""
    drawn = [box(0, 0, 9000, 9000), box(9000, 4321, 12000, 9000), box(9000, 0, 12000, 4321)]
    metres = gpd.GeoDataFrame(
        {"code": list("abc")}, geometry=[translate(one, 370_000, 2_990_000) for one in drawn], crs=4545
    )
    assert check(metres, code="code").ok
    report = check(metres.to_crs(4326), code="code")
    assert not report.ok
    [gap] = report.gaps
    assert gap.area_m2 == pytest.approx(207, abs=1)
    assert report.overlaps == []
