"""`gridmap knox`: whether points that are near in space are near in time too."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.options import Encoding, Json, Layer, Seed
from gridmap.cli.output import note, print_json, say


def knox(
    points: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, metavar="POINTS", help="Incidents, one a row, each with a time."),
    ],
    x: Annotated[str, typer.Option("--x", metavar="COL", help="Column of x in a plane, taken as it stands.")],
    y: Annotated[str, typer.Option("--y", metavar="COL", help="Column of y in a plane, taken as it stands.")],
    t: Annotated[str, typer.Option("--t", metavar="COL", help="Column of time: numbers, or days and moments.")],
    distance: Annotated[
        float, typer.Option(min=0.0, help="Near in space: up to this, inclusive, in units of x and y.")
    ],
    time: Annotated[
        float, typer.Option(min=0.0, help="Near in time: up to this, inclusive, in units of t (days for dates).")
    ],
    permutations: Annotated[int, typer.Option(min=19, help="Random orders of the times to compare with.")] = 999,
    seed: Seed = 1,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Count pairs of points that are near in space and in time, and compare with chance (Knox's test).

    \b
    Example:
      gridmap knox burglaries.csv --x x_m --y y_m --t day --distance 200 --time 14
    """
    import numpy as np

    from gridmap import stats
    from gridmap.files import read_table
    from gridmap.files.figures import doubts_of_plane, numbers_in, times_in, whole_table

    table = read_table(points, layer=layer, encoding=encoding)
    for text in table.warnings:
        note(text)
    whole_table(table)
    for text in doubts_of_plane(table, x, y):
        note(text)
    columns = (numbers_in(table, x), numbers_in(table, y), times_in(table, t))
    found = stats.knox(*columns, distance, time, np.random.default_rng(seed), permutations)
    if as_json:
        print_json({**asdict(found), "points": len(table), "seed": seed})
        return
    say(
        f"{found.pairs:,} pairs of {len(table):,} points are near in space and time, {found.expected:.1f} are "
        f"expected: p {found.p_sim:.3g} by permuting times, {found.p_poisson:.3g} by the Poisson distribution."
    )
