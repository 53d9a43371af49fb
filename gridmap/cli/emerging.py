"""`gridmap emerging`: how the hot and cold spots of a file's cells come and go, month by month."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.options import (
    Cells,
    CellsCrs,
    Code,
    Encoding,
    Findings,
    Json,
    Layer,
    Neighbouring,
    Permutations,
    PlanarX,
    PlanarY,
    Seed,
    both_or_neither,
    check_neighbours,
)
from gridmap.cli.output import note, print_json, say, write_findings

if TYPE_CHECKING:
    from gridmap.stats import Emerging


def emerging(
    cells: Cells,
    values: Annotated[
        str, typer.Option(metavar="COLS", help="Columns of counts, a month each in the file's order, as '2026-*'.")
    ],
    population: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of households or people; with a *, one for each month."),
    ] = None,
    neighbours: Neighbouring = "queen",
    permutations: Permutations = None,
    seed: Seed = 1,
    code: Code = None,
    x: PlanarX = None,
    y: PlanarY = None,
    out: Findings = None,
    crs: CellsCrs = None,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Sort cells by how their hot spots come and go: new, consecutive, intensifying, persistent, diminishing,
    historical, oscillating or sporadic; cold ones likewise.

    Gi* of each cell and month is over its neighbours of that month and the one before; its trend is by Mann and
    Kendall. At least ten months. The definitions stand in `gridmap/stats/emerging.py`.

    \b
    Example:
      gridmap emerging cells.gpkg --values 'disputes_20*' --population households -o emerging.gpkg
    """
    import numpy as np

    from gridmap import stats
    from gridmap.files import read_table
    from gridmap.files.figures import doubts_of_plane, names_in, neighbours_in, numbers_over, whole_table
    from gridmap.files.write import writable_format

    both_or_neither(x, y)
    check_neighbours(neighbours)
    if out is not None:
        writable_format(out)
    table = read_table(cells, layer=layer, encoding=encoding)
    for text in table.warnings:
        note(text)
    whole_table(table)
    for text in doubts_of_plane(table, x, y):
        note(text)
    names = names_in(table, code)
    steps, counts = numbers_over(table, values)
    people = None if population is None else numbers_over(table, population)[1]
    if people is not None and people.shape[1] == 1:
        people = people[:, 0]
    graph = neighbours_in(table, neighbours, code, x, y, crs)
    found = stats.emerging(counts, graph, np.random.default_rng(seed), people, permutations)
    if out is not None:
        write_findings(table, _columns(found), out, crs)
    if as_json:
        listed = [dict(zip(_columns(found), row, strict=True)) for row in zip(*_columns(found).values(), strict=True)]
        coded = [
            {"row": row, **({} if code is None else {"code": names[row]}), **one} for row, one in enumerate(listed)
        ]
        print_json({"cells": coded, "steps": steps, "seed": seed})
    else:
        for line in _lines(found, names, steps, out):
            say(line)


def _columns(found: Emerging) -> dict[str, list[Any]]:
    """What each cell gets; None where there is no trend to tell."""
    trends = {"trend_z": found.trend_z, "trend_p": found.trend_p}
    numbers = {name: [None if math.isnan(v) else float(v) for v in values] for name, values in trends.items()}
    shares = {"hot_share": (found.states > 0).mean(axis=1), "cold_share": (found.states < 0).mean(axis=1)}
    return {
        "category": [str(name) for name in found.categories],
        **numbers,
        **{name: [float(v) for v in values] for name, values in shares.items()},
    }


def _lines(found: Emerging, names: list[str], steps: list[str], out: Path | None) -> Iterator[str]:
    """The findings for people: each cell that is anything, then how many of what."""
    columns = _columns(found)
    for row, category in enumerate(columns["category"]):
        if category != "none":
            hot, cold = columns["hot_share"][row], columns["cold_share"][row]
            yield f"{names[row]}: {category}; hot in {hot:.0%}, cold in {cold:.0%} of the steps"
    counted = Counter(columns["category"])
    told = ", ".join(f"{n:,} {name}" for name, n in sorted(counted.items()) if name != "none")
    yield f"{len(names):,} cells over {len(steps)} steps, {steps[0]} to {steps[-1]}: {told or 'nothing stands out'}."
    if out is not None:
        yield f"written to {out}"
