"""The categories that ship."""

from __future__ import annotations

from gridmap.case.categories import default_categories
from gridmap.demo.staff import DEPARTMENTS


def test_two_levels_in_two_languages() -> None:
    categories = default_categories()
    top = categories[[parent is None for parent in categories["parent"]]]
    leaves = categories.drop(top.index)
    assert 10 <= len(top) <= 20
    assert 60 <= len(leaves) <= 80
    assert set(leaves["parent"]) == set(top["code"])
    assert not categories["code"].duplicated().any()
    assert not categories["name"].duplicated().any()
    assert not categories["name_en"].duplicated().any()
    assert categories["name_en"].str.isascii().all()
    first = categories.reset_index().drop_duplicates("code").set_index("code")["index"]
    assert (first[leaves["parent"].tolist()].to_numpy() < leaves.index.to_numpy()).all()


def test_processes_limits_and_departments() -> None:
    categories = default_categories()
    assert set(categories["process"]) == {"dispute", "service", "emergency"}
    assert (categories["limit_hours"] > 0).all()
    assert set(categories["department"].dropna()) <= {tag for tag, _, _ in DEPARTMENTS}
    help_button = categories.set_index("code").loc["emergency-help"]
    assert round(help_button["limit_hours"] * 60) == 10
    assert help_button["department"] is None
