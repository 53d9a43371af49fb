"""The body for a report: the nearest department of its kind, else the cell's own, else the nearest committee."""

import pytest

from gridmap.people.bodies import Bodies, Body

BODIES = Bodies(
    [
        Body(1, "centre", None, "/c/"),
        Body(2, "department", "ecology", "/c/"),
        Body(3, "department", "ecology", "/c/t/"),
        Body(4, "centre", None, "/c/t/"),
        Body(5, "committee", None, "/c/t/m/"),
    ]
)


@pytest.mark.parametrize(
    ("area", "department", "own", "expected"),
    [
        ("/c/t/m/", "ecology", 9, 3),
        ("/c/u/n/", "ecology", 9, 2),
        ("/c/t/m/", "labour", 9, 9),
        ("/c/t/m/", None, 9, 9),
        ("/c/t/m/", None, None, 5),
        ("/c/t/o/", None, None, 4),
        ("/c/", None, None, 1),
        ("/elsewhere/", "ecology", None, None),
    ],
)
def test_who_is_responsible(area: str, department: str | None, own: int | None, expected: int | None) -> None:
    assert BODIES.responsible(area, department, own) == expected
