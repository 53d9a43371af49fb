"""`gridmap export` as GeoPackage: QGIS opens every kind and sees every column of it, with its type and its values."""

from __future__ import annotations

import math
from pathlib import Path

import pyogrio

from gridmap.files import KINDS
from gridmap.files.kinds import Shape, Type
from gridmap.files.outgoing import layout_of
from gridmap.store import exports
from gridmap.usecases.exporting import Choice, export_file
from tests.county import ZONE, SmallCounty
from tests.qgis.conftest import Qgis

READER = {"households": "worker-a", "incidents": "official", "workers": "supervisor"}
SEEN = {
    Type.COUNT: "Integer64", Type.FLAG: "Integer64", Type.NUMBER: "Real", Type.DATE: "Date", Type.MOMENT: "DateTime",
}  # fmt: skip


def test_every_kind_with_every_column(spatialite_county: SmallCounty, qgis: Qgis, tmp_path: Path) -> None:
    files = {(kind, lang): tmp_path / f"{kind}-{lang}.gpkg" for kind in KINDS for lang in ("en", "zh")}
    for (kind, lang), path in files.items():
        choice = Choice(personal=kind in READER, every_day=kind in exports.DATED, language=lang)
        export_file(spatialite_county.ctx, kind, path, choice, username=READER.get(kind), reason="a map in QGIS")
    layers = qgis("look", *files.values())
    assert len(layers) == len(files)  # each file is one layer
    for ((kind, lang), path), layer in zip(files.items(), layers, strict=True):
        made = layout_of(KINDS[kind], personal=kind in READER, language=lang, crs="wgs84", spatial=True, zone=ZONE)
        wanted = {one.heading: SEEN.get(one.type, "String") for one in made.columns}
        assert layer["name"] == kind
        assert {**layer["fields"], "fid": "Integer64"} == {"fid": "Integer64", **wanted}, (kind, lang)
        spatial = KINDS[kind].shape is not Shape.NONE
        assert layer["crs"] == ("EPSG:4326" if spatial else ""), kind
        assert (layer["geometry"] == "NoGeometry") is not spatial, kind
        assert layer["invalid"] == 0
        stored = pyogrio.read_dataframe(path, read_geometry=False, use_arrow=False)
        assert len(layer["rows"]) == len(stored), kind
        for name in stored.columns:
            at = list(layer["fields"]).index(name)
            for row, value in zip(layer["rows"], stored[name], strict=True):
                assert same(row[at], value), (kind, name, row[at], value)


def same(seen: object, stored: object) -> bool:
    """Whether QGIS shows a value as it is stored; of moments the second is compared."""
    if stored is None or stored != stored:  # NaN and NaT differ from themselves
        return seen is None
    if hasattr(stored, "isoformat"):
        return str(stored.isoformat())[:19].startswith(str(seen)[:19])
    if isinstance(stored, float):
        return isinstance(seen, int | float) and math.isclose(seen, stored, rel_tol=1e-12)
    return bool(seen == stored)
