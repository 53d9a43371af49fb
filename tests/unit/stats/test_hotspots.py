"""Gi*, local and global Moran: published figures, esda, R's spdep, and brute force on the same permutations."""

from __future__ import annotations

import itertools
from pathlib import Path

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from gridmap.errors import InvalidInput
from gridmap.stats import Neighbours, from_gal, global_moran, hotspots, q_values, within
from gridmap.stats.hotspots import getis_ord
from gridmap.stats.permuting import FIRST, Extremes, _tables, extremes, most


def square(side: int) -> Neighbours:
    """Queen contiguity of side x side squares."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    return within(x.ravel(), y.ravel(), 1.5)


def planted(side: int, mean: float, seed: int, times: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Counts with nine raised cells, and which these are."""
    rate = np.full((side, side), mean)
    rate[10:13, 10:13] *= times
    return np.random.default_rng(seed).poisson(rate).ravel().astype(float), (rate > mean).ravel()


# --- published figures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "at_120", "first", "last", "total", "largest"),
    [  # spdep 1.2-7 (R 4.2.2): localG of nb2listw(include.self(dnearneigh(xy, 0, d)), style = "B")
        (30, 1.450779807387, -2.229709558488, 0.429147270821, 6.991684237631, 4.310407383189),
        (60, 1.90055888287, -3.05142479209, 1.03307045815, 20.53623581981, 5.97680599788),
        (90, 2.09693874647, -4.12355889864, 1.59561863304, 45.68613302206, 7.91728314946),
        (120, 1.98190685195, -5.15130467383, 2.66075287581, 75.32579293937, 9.47961534526),
        (150, 1.30669844418, -6.18579087113, 4.80837147133, 128.63113664589, 11.27112353529),
    ],
)
def test_gi_star_of_getis_and_ord_s_grid(
    shared_data: Path, distance: float, at_120: float, first: float, last: float, total: float, largest: float
) -> None:
    """The 16 x 16 remotely sensed values of Getis and Ord 1996, at the distances that they take."""
    grid = pd.read_csv(shared_data / "bench/local_statistics/getisord_16x16.csv")
    z = getis_ord(grid["val"].to_numpy(float), within(grid["x"], grid["y"], distance))
    assert [z[119], z[0], z[255], z.sum(), z.max()] == pytest.approx([at_120, first, last, total, largest], rel=1e-9)


def test_gi_star_of_esda_s_example() -> None:
    """The six points in esda's documentation of G_Local, star=True, binary."""
    points = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
    z = getis_ord(np.array([2, 3, 3.2, 5, 8, 7]), within(points[:, 0], points[:, 1], 15))
    assert z == pytest.approx([-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331], abs=1e-7)


def test_moran_of_st_louis_homicides(shared_data: Path) -> None:
    """I, its mean and p_norm as in PySAL's documentation of Moran (HR8893, stl.gal)."""
    folder = shared_data / "bench/local_statistics"
    values = pd.read_csv(folder / "stl_hom.csv")["HR8893"].to_numpy(float)
    moran = global_moran(values, from_gal((folder / "stl.gal").read_text()), np.random.default_rng(1), 9_999)
    assert moran.i == pytest.approx(0.24365582621771659, rel=1e-12)
    assert moran.expected == -0.012987012987012988
    assert moran.p_norm == pytest.approx(0.00027147862770937614, rel=1e-9)
    assert moran.p_sim < 0.005


@pytest.fixture(scope="module")
def sids(shared_data: Path) -> tuple[pd.DataFrame, Neighbours]:
    """North Carolina's sudden infant deaths 1974-78 in the order of the shapefile, and its neighbour list."""
    folder = shared_data / "bench/nc_sids"
    frame = gpd.read_file(folder / "sids2.shp")
    return frame, from_gal((folder / "sids2.gal").read_text(), frame["FIPSNO"].astype(int).astype(str))


def test_moran_of_the_sids_rates(sids: tuple[pd.DataFrame, Neighbours]) -> None:
    """PySAL's documentation: I 0.248, p_norm 0.000115833; spdep 1.2-7: z 3.8548."""
    moran = global_moran(sids[0]["SIDR74"].to_numpy(float), sids[1], np.random.default_rng(1))
    assert moran.i == pytest.approx(0.247725193, abs=1e-9)
    assert moran.z_norm == pytest.approx(3.8548, abs=5e-5)
    assert moran.p_norm == pytest.approx(0.0001158330781489969, rel=1e-9)


def test_rates_of_small_populations_as_in_spdep(sids: tuple[pd.DataFrame, Neighbours]) -> None:
    """spdep 1.2-7: EBImoran.mc's statistic 0.2714, EBest's estmm of the first three counties."""
    frame, graph = sids
    found = hotspots(frame["SID74"], graph, np.random.default_rng(1), frame["BIR74"], 999)
    assert found.moran.i == pytest.approx(0.2714, abs=5e-5)
    assert found.moran.p_sim == 0.002
    assert found.rates is not None
    assert found.rates[:3] == pytest.approx([0.001697297, 0.001705378, 0.001773087], abs=5e-10)


def test_local_figures_of_the_sids_rates_as_in_spdep(sids: tuple[pd.DataFrame, Neighbours]) -> None:
    """spdep 1.2-7: localG with include.self, localmoran, and localmoran_perm's two-sided p of 9,999 permutations."""
    frame, graph = sids
    found = hotspots(frame["SID74"] / frame["BIR74"], graph, np.random.default_rng(1), permutations=99_999)
    expected = [-1.69909282361, -1.43555208848, -1.92214749373, -1.55306002176, 4.25177239257]
    assert found.gi_star[:5] == pytest.approx(expected, rel=1e-9)
    # spdep divides by the sum of squares over n, PySAL and we by that over n - 1
    local = np.array([0.6310747657861, 0.6623095292850, 0.2611270895892, 0.0643501181355, 4.5018068704788])
    assert found.local_moran[:5] == pytest.approx(local * 0.99, rel=1e-9)
    p = [0.0638, 0.3438, 0.0186, 0.0198, 0.009, 0.0986, 0.341, 0.9862, 0.0684, 0.9624, 0.4582, 0.7276]
    # spdep draws with replacement, which makes extremes a little more frequent
    assert np.abs(found.p_sim[:12] - p).max() < 0.02


def test_p_is_the_share_of_all_samples(sids: tuple[pd.DataFrame, Neighbours]) -> None:
    """Currituck's two neighbours have no deaths: every pair of the other 99 counties, one after another."""
    rates = (sids[0]["SID74"] / sids[0]["BIR74"]).to_numpy()
    others = np.delete(rates, 3)
    none = np.mean([a + b == 0.0 for a, b in itertools.combinations(others, 2)])
    found = extremes(rates, sids[1], np.random.default_rng(1), 99_999)
    assert found.above[3] == 99_999
    assert found.p[3] == pytest.approx(2.0 * none, rel=0.1)


def test_close_to_esda(shared_data: Path) -> None:
    """z and local I equal; p, which esda 2.9.0 gives one-sided, within Monte Carlo error of 99,999 permutations each.

    Its p are written down here: `Moran_Local(y, w, permutations=99999, seed=2)` and `G_Local(y, w, transform="B",
    star=True, permutations=99999, seed=1)` compile for a minute.
    """
    folder = shared_data / "bench/local_statistics"
    values = pd.read_csv(folder / "stl_hom.csv")["HR8893"].to_numpy(float)
    graph = from_gal((folder / "stl.gal").read_text())
    found = hotspots(values, graph, np.random.default_rng(1), permutations=99_999)
    neighbours = {i: graph.to[graph.start[i] : graph.start[i + 1]].tolist() for i in range(len(graph))}
    weights = libpysal.weights.W(neighbours, silence_warnings=True)
    star = esda.G_Local(values, weights, transform="B", star=True, permutations=0)
    local = esda.Moran_Local(values, weights, permutations=0)
    assert found.gi_star == pytest.approx(star.Zs, rel=1e-9)
    assert found.local_moran == pytest.approx(local.Is, rel=1e-9)
    for theirs in (
        [0.1887, 0.06748, 0.41604, 0.28114, 0.34745, 0.06394, 0.28308, 0.22455, 0.04978, 0.05417, 0.25995, 0.47837],
        [0.18854, 0.06897, 0.41541, 0.28119, 0.34743, 0.06448, 0.28521, 0.22691, 0.05061, 0.05391, 0.26132, 0.47941],
    ):
        p = 2.0 * np.array(theirs)
        assert (np.abs(found.p_sim[:12] - p) < 6.0 * np.sqrt(2.0 * p / 99_999)).all()


# --- brute force ------------------------------------------------------------------------------------------------------


def brute_force(values: np.ndarray, graph: Neighbours, seed: int, found: Extremes, both: bool) -> None:
    """Each cell's own conditional permutations, one after another, in the rows that it was looked up in."""
    longest = int(graph.counts.max()) + 1
    rng = np.random.default_rng(seed)
    parts = [FIRST, most(len(values)) - FIRST] if not both else [int(found.drawn.max())]
    table = np.vstack([part for rows in parts for part in _tables(rng, len(values), rows, longest)])
    for i, k in enumerate(graph.counts):
        if not both and found.drawn[i] == FIRST and i % 16:
            continue
        rows = table[: found.drawn[i]]
        if k == 0:
            assert found.drawn[i] == 0
            continue
        sample = np.array([row[row != i][:k] for row in rows])
        sums = values[sample].sum(axis=1)
        own = values[graph.to[graph.start[i] : graph.start[i + 1]]].sum()
        above, below = int((sums >= own - 1e-9).sum()), int((sums <= own + 1e-9).sum())
        assert (found.above[i], found.below[i]) == (above, below)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_brute_force_s(seed: int) -> None:
    """Cells with 1 to all other cells as neighbours, many ties, on the same table: every count equal."""
    rng = np.random.default_rng(seed)
    n = 24
    degree = rng.integers(0, n, n)
    degree[:3] = [0, 1, n - 1]
    pairs = [(i, j) for i in range(n) for j in rng.permutation(np.delete(np.arange(n), i))[: degree[i]]]
    graph = Neighbours.of(n, *np.array(pairs).T)
    for values in (rng.poisson(2.0, n).astype(float), np.round(rng.normal(size=n), 1) * 3.0):
        brute_force(values, graph, seed, extremes(values, graph, np.random.default_rng(seed), 499), both=True)


def test_going_on_with_the_cells_in_the_running_counts_as_brute_force() -> None:
    values, _ = planted(16, 2.0, 8, times=4.0)
    graph = square(16)
    found = extremes(values, graph, np.random.default_rng(5))
    assert found.drawn.min() == FIRST < found.drawn.max()
    brute_force(values, graph, 5, found, both=False)


def test_the_same_seed_gives_the_same_figures_and_input_is_kept() -> None:
    values, _ = planted(20, 2.0, 1)
    before = values.copy()
    first, second = (hotspots(values, square(20), np.random.default_rng(4)) for _ in range(2))
    assert (first.p_sim == second.p_sim).all()
    assert first.moran == second.moran
    assert (values == before).all()


def test_q_is_benjamini_and_hochberg() -> None:
    p = np.random.default_rng(1).random(50) ** 3
    assert q_values(p) == pytest.approx(scipy.stats.false_discovery_control(p))
    with_gaps = np.insert(p, [0, 20], np.nan)
    assert q_values(with_gaps)[~np.isnan(with_gaps)] == pytest.approx(q_values(p))


# --- what it is for -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [27, 70])
def test_nine_cells_at_three_times_the_rate_are_found(side: int) -> None:
    """Among 729 and 4,900 cells with the default permutations; 999 are blind among 4,900."""
    values, raised = planted(side, 6.0, 5)
    found = hotspots(values, square(side), np.random.default_rng(1))
    hot = np.isin(found.classes, ["hot95", "hot99"])
    assert hot[raised].sum() >= 7
    assert hot[~raised].sum() <= 8, "their own neighbours may be hot with them"
    if side == 70:
        blind = hotspots(values, square(side), np.random.default_rng(1), permutations=999)
        assert (blind.q_fdr > 0.05).all()


def test_where_people_live_is_no_hot_spot() -> None:
    """Nine times the people give nine times the incidents: hot as a count, nothing as a rate."""
    people = np.full((30, 30), 100.0)
    people[10:16, 10:16] = 900.0
    values = np.random.default_rng(2).poisson(0.05 * people).ravel()
    graph = square(30)
    by_count = hotspots(values, graph, np.random.default_rng(1))
    by_rate = hotspots(values, graph, np.random.default_rng(1), people.ravel())
    assert np.char.startswith(by_count.classes, "hot").sum() > 20
    assert not np.char.startswith(by_rate.classes, "hot").any()


def test_cold_is_cold() -> None:
    rate = np.full((20, 20), 20.0)
    rate[4:8, 4:8] = 4.0
    values = np.random.default_rng(3).poisson(rate).ravel()
    found = hotspots(values, square(20), np.random.default_rng(1))
    assert set(found.classes.reshape(20, 20)[5:7, 5:7].ravel()) <= {"cold95", "cold99"}
    assert set(found.quadrants.reshape(20, 20)[5:7, 5:7].ravel()) == {"LL"}


def test_islands_and_cells_without_people_are_named_and_not_tested() -> None:
    graph = Neighbours.of(6, [0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2])
    found = hotspots([9, 8, 7, 6, 5, 0], graph, np.random.default_rng(1), [10, 10, 10, 10, 10, 0])
    assert found.islands.tolist() == [4]
    assert found.left_out.tolist() == [5]
    assert np.isnan(found.p_sim[4:]).all()
    assert np.isnan(found.gi_star[5])
    assert not np.isnan(found.gi_star[4]), "Gi* counts the cell itself"
    assert set(found.classes[4:]) == {"none"}


@pytest.mark.parametrize(
    ("values", "population", "code"),
    [
        ([1] * 24 + [5], None, "too_few_incidents"),
        ([1.5] * 25, None, "constant_values"),
        ([4] * 25, None, "constant_values"),
        ([1] * 24 + [5], [100] * 25, "too_few_incidents"),
        ([4] * 24 + [9], [100] * 24 + [0], "no_population"),
        ([4] * 24 + [-9], [100] * 25, "invalid_input"),
        ([4] * 24 + [None], None, "invalid_input"),
        ([4] * 24, None, "invalid_input"),
    ],
)
def test_what_shows_nothing_is_refused(values: list[float], population: list[float] | None, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        hotspots(values, square(5), np.random.default_rng(1), population)
    assert caught.value.code == code
