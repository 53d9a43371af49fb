"""`gridmap scan`: the circles of a file's cells with more cases than their population lets expect."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.options import Cells, CellsCrs, Code, Encoding, Json, Layer, PlanarX, PlanarY, Seed, both_or_neither
from gridmap.cli.output import note, print_json, say

if TYPE_CHECKING:
    from gridmap.stats import Cluster, Scan


class Model(StrEnum):
    """What the population column counts."""

    poisson = "poisson"
    bernoulli = "bernoulli"


def scan(
    cells: Cells,
    cases: Annotated[
        str,
        typer.Option(
            metavar="COL", help="Column of cases in each cell; with a *, columns of times ('2026-*'): space and time."
        ),
    ],
    population: Annotated[
        str,
        typer.Option(
            metavar="COL", help="Column of households or people in each cell; with a *, one for each of the times."
        ),
    ],
    x: PlanarX = None,
    y: PlanarY = None,
    max_share: Annotated[
        float, typer.Option(min=0.001, max=0.999, help="Share of the population that a circle may hold.")
    ] = 0.5,
    replications: Annotated[int, typer.Option(min=19, help="Random draws to compare with.")] = 999,
    model: Annotated[
        Model, typer.Option(help="poisson, or bernoulli where the population is cases and controls together.")
    ] = Model.poisson,
    alpha: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Further clusters are told when their p is at most this.")
    ] = 0.1,
    seed: Seed = 1,
    code: Code = None,
    crs: CellsCrs = None,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Find clusters: the circle of cells with the largest excess of cases, and further ones that do not overlap it.

    Kulldorff's scan statistic. Circles are drawn around the cells' centroids, or around --x and --y as they stand.
    In the JSON, `members` and `centre` are rows, counted from 0.

    \b
    Example:
      gridmap scan tracts.csv --cases leukaemia --population people --x x_km --y y_km --json
      gridmap scan cells.gpkg --cases 'disputes_2026*' --population households
    """
    import numpy as np

    from gridmap import stats
    from gridmap.files import read_table
    from gridmap.files.figures import doubts_of_plane, names_in, numbers_over, plane_places, whole_table

    both_or_neither(x, y)
    table = read_table(cells, layer=layer, encoding=encoding)
    for text in table.warnings:
        note(text)
    whole_table(table)
    for text in doubts_of_plane(table, x, y):
        note(text)
    names = names_in(table, code)
    place = plane_places(table, x, y, crs)
    times, counts = numbers_over(table, cases)
    people = numbers_over(table, population)[1]
    if people.shape[1] not in (1, len(times)):
        raise typer.BadParameter(f"--cases names {len(times)} columns, --population {people.shape[1]}; one or as many")
    found = stats.scan(
        *place, counts, people[:, 0] if people.shape[1] == 1 else people, np.random.default_rng(seed),
        model=model.value, max_share=max_share, replications=replications, alpha=alpha,
    )  # fmt: skip
    if as_json:
        listed = [
            _as_dict(one, None if code is None else names, place if x is not None else None, times)
            for one in found.clusters
        ]
        totals = {"cases": found.cases, "population": found.population}
        print_json({"clusters": listed, **totals, "replications": replications, "seed": seed})
    else:
        for line in _lines(found, names, times):
            say(line)


def _as_dict(one: Cluster, names: Sequence[str] | None, place: Any, times: Sequence[str]) -> dict[str, Any]:
    centre: dict[str, Any] = {"row": one.centre}
    if place is not None:
        centre |= {"x": float(place[0][one.centre]), "y": float(place[1][one.centre])}
    codes = {} if names is None else {"codes": [names[row] for row in one.members]}
    return {
        "members": one.members.tolist(), **codes, "centre": centre, "radius": one.radius,
        **({} if one.times is None else {"times": [times[one.times[0]], times[one.times[1]]]}), "cases": one.cases,
        "expected": one.expected, "relative_risk": one.relative_risk if math.isfinite(one.relative_risk) else None,
        "llr": one.llr, "p": one.p,
    }  # fmt: skip


def _lines(found: Scan, names: Sequence[str], times: Sequence[str]) -> Iterator[str]:
    if not found.clusters:
        yield "No circle holds more cases than expected."
    for number, one in enumerate(found.clusters):
        sure = "" if one.p <= 0.05 else " No more than chance does on such a map."
        yield (
            f"{'Most likely' if number == 0 else 'Further'} cluster: {one.cases:g} cases where {one.expected:.1f} were "
            f"expected, {one.relative_risk:.2f} times the rate elsewhere; log likelihood ratio {one.llr:.2f}, "
            f"p {one.p:.3g}.{sure}"
        )
        when = "" if one.times is None else f", {times[one.times[0]]} to {times[one.times[1]]}"
        listed = ", ".join(names[row] for row in one.members)
        yield f"  {len(one.members)} cells around {names[one.centre]}{when}: {listed}"
