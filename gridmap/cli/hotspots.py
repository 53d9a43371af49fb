"""`gridmap hotspots`: which cells of a file stand out together with their neighbours."""

from __future__ import annotations

import math
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
    from gridmap.stats import Hotspots


def hotspots(
    cells: Cells,
    value: Annotated[str, typer.Option(metavar="COL", help="Column of what is counted or measured in each cell.")],
    population: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Column of households or people: compare rates, allowing for small cells."),
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
    """Tell which cells are hot or cold spots: Gi* and local Moran, with p by permutations, corrected for many cells.

    Each cell gets gi_star (a z value), p_sim (two-sided), q_fdr (p after Benjamini and Hochberg) and a class: hot99,
    hot95, hot90, none, cold90, cold95, cold99. Fewer than 30 incidents or equal values are refused: exit status 1.

    \b
    Example:
      gridmap hotspots cells.gpkg --value disputes --population households -o spots.gpkg
    """
    import numpy as np

    from gridmap import stats
    from gridmap.files import read_table
    from gridmap.files.figures import doubts_of_plane, names_in, neighbours_in, numbers_in, whole_table
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
    values = numbers_in(table, value)
    people = numbers_in(table, population) if population is not None else None
    graph = neighbours_in(table, neighbours, code, x, y, crs)
    found = stats.hotspots(values, graph, np.random.default_rng(seed), people, permutations)
    if out is not None:
        write_findings(table, _columns(found), out, crs)
    if as_json:
        print_json(_document(found, None if code is None else names, seed))
    else:
        for line in _lines(found, names, out):
            say(line)


def _columns(found: Hotspots) -> dict[str, list[Any]]:
    """What each cell gets; None where it could not be tested."""
    numbers = {"gi_star": found.gi_star, "p_sim": found.p_sim, "q_fdr": found.q_fdr}
    columns: dict[str, list[Any]] = {name: [_number(v) for v in values] for name, values in numbers.items()}
    columns["class"] = [str(name) for name in found.classes]
    columns["local_moran"] = [_number(v) for v in found.local_moran]
    columns["quadrant"] = [str(name) or None for name in found.quadrants]
    if found.rates is not None:
        columns["rate"] = [_number(v) for v in found.rates]
    return columns


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _document(found: Hotspots, names: list[str] | None, seed: int) -> dict[str, Any]:
    columns = _columns(found)
    listed = [dict(zip(columns, record, strict=True)) for record in zip(*columns.values(), strict=True)]
    moran = found.moran
    return {
        "cells": [
            {"row": row, **({"code": names[row]} if names is not None else {}), **one} for row, one in enumerate(listed)
        ],
        "moran": {
            "I": moran.i, "expected": moran.expected, "z_norm": moran.z_norm, "p_norm": moran.p_norm,
            "p_sim": moran.p_sim, "permutations": moran.permutations,
        },
        "islands": found.islands.tolist(),
        "without_population": found.left_out.tolist(),
        "permutations": int(found.permutations.max()),
        "seed": seed,
    }  # fmt: skip


def _lines(found: Hotspots, names: list[str], out: Path | None) -> Iterator[str]:
    """The findings for people: the whole map, each spot, and what could not be told."""
    moran = found.moran
    alike = "alike more" if moran.i > moran.expected else "alike less"
    told = f"Neighbouring cells are {alike} than chance makes them" if moran.p_sim <= 0.05 else "No pattern as a whole"
    yield f"{told}: Moran's I {moran.i:.3f}, p {moran.p_sim:.3g}."
    spots = [row for row, name in enumerate(found.classes) if name != "none"]
    for row in sorted(spots, key=lambda row: (found.q_fdr[row], -abs(found.gi_star[row]))):
        yield f"{names[row]}: {found.classes[row]}, Gi* {found.gi_star[row]:.2f}, q {found.q_fdr[row]:.2g}"
    hot = sum(found.classes[row].startswith("hot") for row in spots)
    yield f"{len(names):,} cells: {hot:,} hot, {len(spots) - hot:,} cold."
    for rows, why in ((found.islands, "no neighbours"), (found.left_out, "no population")):
        if len(rows):
            yield f"Not tested, since they have {why}: {', '.join(names[row] for row in rows)}."
    if out is not None:
        yield f"Written to {out}."
