"""`gridmap sources`: whether cases lie near a source more often than their numbers let expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.options import Encoding, Json, Layer, Seed
from gridmap.cli.output import note, print_json, say

if TYPE_CHECKING:
    from gridmap.files import Table
    from gridmap.stats import Diggle, Pair, Source


def sources(
    data: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Areas with counts, or points that are cases and controls.",
        ),
    ],
    x: Annotated[str, typer.Option("--x", metavar="COL", help="Column of x in a plane, taken as it stands.")],
    y: Annotated[str, typer.Option("--y", metavar="COL", help="Column of y in a plane, taken as it stands.")],
    source: Annotated[
        list[str],
        typer.Option(metavar="X,Y", help="The source, in the same plane: X,Y or WKT (POLYGON ...). May be repeated."),
    ],
    cases: Annotated[str | None, typer.Option(metavar="COL", help="Areas: column of cases.")] = None,
    expected: Annotated[
        str | None, typer.Option(metavar="COL", help="Areas: column of expected cases, or of households or people.")
    ] = None,
    covariate: Annotated[
        list[str] | None, typer.Option(metavar="COL", help="Areas: column for the regression. May be repeated.")
    ] = None,
    case: Annotated[str | None, typer.Option(metavar="COL", help="Points: column with 1 for a case, 0 else.")] = None,
    replications: Annotated[int, typer.Option(min=19, help="Random draws to compare with.")] = 999,
    seed: Seed = 1,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Test whether cases gather near a source: an enterprise, a pit, a fence.

    Counts by area: Stone's test, the Lawson-Waller score, and a Poisson regression on the distance. Points of cases and
    controls: Diggle's model of raised incidence. Expected numbers are scaled to the cases, so the column may hold
    households. Of several sources it is said which of them cannot be told apart.

    \b
    Example:
      gridmap sources tracts.csv --cases leukaemia --expected people --x x_km --y y_km --source 12.5,67.1
      gridmap sources homes.csv --case ill --x x --y y --source 355000,413000 --json
    """
    from gridmap.files import read_table
    from gridmap.files.figures import doubts_of_plane, whole_table

    if (case is None) == (cases is None) or (cases is None) != (expected is None):
        raise typer.BadParameter("give --cases and --expected for areas, or --case for points")
    shapes = [_shape(text) for text in source]
    table = read_table(data, layer=layer, encoding=encoding)
    for text in table.warnings:
        note(text)
    whole_table(table)
    for text in doubts_of_plane(table, x, y):
        note(text)
    if case is not None:
        document, lines = _points(table, case, (x, y), shapes, source, seed)
    else:
        columns = (str(cases), str(expected), covariate or [])
        document, lines = _areas(table, columns, (x, y), shapes, source, (replications, seed))
    if as_json:
        print_json(document)
    else:
        for line in lines:
            say(line)


def _shape(text: str) -> Any:
    """A point or a geometry from what was typed."""
    import shapely

    first, _, second = text.partition(",")
    try:
        return shapely.Point(float(first), float(second))
    except ValueError:
        pass
    shape = shapely.from_wkt(text, on_invalid="ignore")
    if shape is None or shape.is_empty:
        raise typer.BadParameter(f"--source is X,Y or WKT, not {text[:60]!r}")
    return shape


def _areas(
    table: Table,
    columns: tuple[str, str, Sequence[str]],
    place: tuple[str, str],
    shapes: Sequence[Any],
    named: Sequence[str],
    draws: tuple[int, int],
) -> tuple[dict[str, Any], Iterator[str]]:
    import numpy as np

    from gridmap import stats
    from gridmap.files.figures import numbers_in

    observed, hoped = numbers_in(table, columns[0]), numbers_in(table, columns[1])
    covariates = {name: numbers_in(table, name) for name in columns[2]}
    x, y = (numbers_in(table, name) for name in place)
    apart = [stats.distances(x, y, shape) for shape in shapes]
    least = stats.spacing(x, y)
    replications, seed = draws
    found = stats.near_sources(observed, hoped, apart, np.random.default_rng(seed), covariates, replications, least)
    pairs = stats.pairs(observed, hoped, apart, least)
    totals = {"cases": float(observed.sum()), "areas": len(observed), "replications": replications, "seed": seed}
    if len(found) == 1:
        document = {**asdict(found[0]), **totals}
    else:
        listed = [{"source": text, **asdict(one)} for text, one in zip(named, found, strict=True)]
        document = {"sources": listed, "pairs": [asdict(pair) for pair in pairs], **totals}
    return document, _lines_of_areas(found, pairs, named)


def _q(q: float | None, found: Sequence[Source | Diggle]) -> str:
    """What is left of a p among several sources (false discoveries held down); nothing to say of a single one."""
    return "" if q is None or len(found) == 1 else f", q {q:.3g}"


def _lines_of_areas(found: Sequence[Source], pairs: Sequence[Pair], named: Sequence[str]) -> Iterator[str]:
    for text, one in zip(named, found, strict=True):
        yield f"Source {text}:"
        stone, score, fit = one.stone, one.lawson_waller, one.poisson
        if stone.p is None:
            yield f"  {stone.reason}."
            continue
        yield (
            f"  Within {stone.distance:.4g}: {stone.observed:.4g} cases where {stone.expected:.4g} are expected, "
            f"{stone.ratio:.2f} times. Stone's test: p {stone.p:.3g}{_q(stone.q, found)}."
        )
        yield (
            f"  Lawson-Waller: {score.reason}."
            if score.z is None
            else (f"  Lawson-Waller: z {score.z:.2f}, p {score.p_sim:.3g}{_q(score.q, found)}.")
        )
        if not fit.converged:
            yield f"  Poisson regression: {fit.reason}."
        for name, one_of in fit.coefficients.items():
            yield f"  Poisson regression, {name}: {one_of.estimate:.4g} (se {one_of.se:.2g}, p {one_of.p:.3g})"
    for pair in pairs:
        words = "cannot be told apart" if pair.inseparable else "can be told apart"
        yield (
            f"{named[pair.first]} and {named[pair.second]} {words}: beside each other, "
            f"z {pair.z_first:.2f} and {pair.z_second:.2f}."
        )


def _points(
    table: Table, case: str, place: tuple[str, str], shapes: Sequence[Any], named: Sequence[str], seed: int
) -> tuple[dict[str, Any], Iterator[str]]:
    import numpy as np

    from gridmap import stats
    from gridmap.files.figures import numbers_in

    flags = numbers_in(table, case)
    x, y = (numbers_in(table, name) for name in place)
    rng = np.random.default_rng(seed)
    found = [stats.diggle(flags, stats.distances(x, y, shape), rng) for shape in shapes]
    totals = {"cases": int(flags.sum()), "controls": int((flags == 0).sum()), "seed": seed}
    if len(found) == 1:
        return {"diggle": asdict(found[0]), **totals}, _lines_of_points(found, named, [None])
    p = np.array([one.p_sim for one in found], dtype=np.float64)
    q = [None if np.isnan(value) else float(value) for value in stats.q_values(p)]
    listed = [
        {"source": text, "diggle": asdict(one), "q": value} for text, one, value in zip(named, found, q, strict=True)
    ]
    return {"sources": listed, **totals}, _lines_of_points(found, named, q)


def _lines_of_points(found: Sequence[Diggle], named: Sequence[str], q: Sequence[float | None]) -> Iterator[str]:
    for text, one, left in zip(named, found, q, strict=True):
        among = _q(left, found)
        if one.alpha is None or one.beta is None:
            tested = "" if one.p_sim is None else f" Distance as such: p {one.p_sim:.3g}{among}."
            yield f"Source {text}: {one.reason}.{tested}"
            continue
        yield (
            f"Source {text}: the odds there are {1.0 + one.alpha:.2f} times those far away (alpha {one.alpha:.3g}, "
            f"beta {one.beta:.3g}); likelihood ratio {one.lrt:.2f}, p {one.p:.3g}, by permutation {one.p_sim:.3g}"
            f"{among}."
        )
