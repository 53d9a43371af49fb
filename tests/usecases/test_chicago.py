"""A real city goes in: Chicago's beats as cells, one invented worker each, all complaints of twelve years."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select

from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import frame, read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.context import Context
from gridmap.usecases.importing import Imported, Options, import_file
from gridmap.usecases.imports import load
from gridmap.usecases.setup import initialise
from tests.county import MASTER

CATEGORY = "sanitation"


def import_chicago(ctx: Context, data: Path, folder: Path) -> dict[str, Imported]:
    """Areas, beats, workers, rosters and complaints, as a newcomer would bring them in."""
    initialise(ctx)
    (folder / "areas.csv").write_text("code,name,level\n17031,Chicago,county\n")
    done = {"areas": import_file(ctx, "areas", folder / "areas.csv", Options())}
    beats = Options(merge_same_code=True)
    done["cells"] = import_file(ctx, "cells", data / "police_beats.zip", beats)
    with read(ctx.engine) as conn:
        codes = conn.execute(select(t.cells.c.code).order_by(t.cells.c.code)).scalars().all()
    pd.DataFrame({"code": [f"W{c}" for c in codes], "name": [f"Worker of {c}" for c in codes], "area": "17031"}).to_csv(
        folder / "workers.csv", index=False
    )
    pd.DataFrame({"worker": [f"W{c}" for c in codes], "cell": codes, "valid_from": "2000-01-01"}).to_csv(
        folder / "duties.csv", index=False
    )
    for kind in ("workers", "duties"):
        done[kind] = import_file(ctx, kind, folder / f"{kind}.csv", Options())
    category = {"row": 1, "code": CATEGORY, "name": "环境卫生", "name_en": "Sanitation Code Violation", "parent": None}
    load(
        ctx, "categories", pd.DataFrame([{**category, "process": "service", "limit_hours": 168.0, "department": None}])
    )
    complaints = data / "sanitation_complaints_before_2013.csv.gz"
    done["incidents"] = import_file(ctx, "incidents", complaints, Options())
    return done


@pytest.fixture
def chicago(engine: Any, shared_data: Path, tmp_path: Path) -> tuple[Context, dict[str, Imported]]:
    ctx = Context(engine, Settings(timezone="America/Chicago"), Vault(MASTER))
    return ctx, import_chicago(ctx, shared_data / "chicago", tmp_path)


@pytest.mark.timeout(180)
def test_chicago_goes_in_whole(chicago: tuple[Context, dict[str, Imported]]) -> None:
    ctx, done = chicago
    assert {kind: one.loaded.inserted for kind, one in done.items()} == {
        "areas": 1, "cells": 275, "workers": 275, "duties": 275, "incidents": 37_224
    }  # fmt: skip
    assert Counter(reject.field for reject in done["incidents"].rejects) == {"place": 4, "number": 2}
    assert {r.value for r in done["incidents"].rejects if r.field == "number"} == {"12-01209013", "12-01209172"}
    with read(ctx.engine) as conn:
        i, r = t.incidents.c, t.responsibilities.c
        rows = frame(
            conn,
            select(i.id, i.geom, i.status, t.cells.c.code, t.workers.c.code.label("worker"), i.place_reason)
            .outerjoin(t.cells, i.cell_id == t.cells.c.id)
            .join(t.responsibilities, (r.incident_id == i.id) & r.valid_to.is_(None))
            .outerjoin(t.workers, r.worker_id == t.workers.c.id),
        )
        beats = frame(conn, select(t.cells.c.code, t.cells.c.geom).order_by(t.cells.c.code))
        events = conn.execute(select(func.count()).select_from(t.events)).scalar_one()
        assert broken_chains(conn) == []
    assert rows["code"].fillna("").tolist() == brute_force(beats, rows["geom"].to_numpy())
    inside = rows["code"].notna()
    assert (rows["worker"][inside] == "W" + rows["code"][inside]).all()
    assert rows["worker"][~inside].isna().all()
    assert set(rows["place_reason"][~inside]) == {"outside"}
    still_open = rows["status"] != "closed"
    assert still_open.sum() == 31
    assert events == 4 * len(rows) - still_open.sum()


def brute_force(beats: pd.DataFrame, points: np.ndarray) -> list[str]:
    """The lowest code whose shape covers each point, by trying every cell on every point of its box; "" outside."""
    found = np.full(len(points), "", dtype=object)
    for code, shape in sorted(zip(beats["code"], beats["geom"], strict=True), reverse=True):
        shapely.prepare(shape)
        found[shapely.covers(shape, points)] = code
    return found.tolist()
