"""GeoPackage, GeoJSON and Shapefile, in the child: GDAL with one driver switched on, features streamed as Arrow."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from gridmap.errors import EnvironmentFault, InvalidInput
from gridmap.parsing.archive import UNREADABLE, check_archive, damaged
from gridmap.parsing.dbf import dbf_encoding
from gridmap.parsing.formats import DRIVERS
from gridmap.parsing.geopackage import check_geopackage
from gridmap.parsing.jsondepth import check_depth
from gridmap.parsing.limits import MIB, Limits
from gridmap.parsing.sink import Sink

_BATCH = 4096
_SIDES = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def read(path: Path, kind: str, sink: Sink, layer: str | None, encoding: str | None, limits: Limits) -> dict[str, Any]:
    """Read one layer into the sink; returns crs, encoding, layer, geometry (the column's name) and warnings."""
    pyogrio = _gdal(kind)
    warnings: list[str] = []
    source: str | bytes = str(path.absolute())
    options: dict[str, str] = {}
    if kind == "shapefile":
        parts = _from_zip(path, layer, limits) if path.suffix.lower() == ".zip" else _from_folder(path)
        layer = None
        found, warnings = dbf_encoding(path.name, parts.get(".dbf"), parts.get(".cpg"), encoding)
        options["ENCODING"] = encoding = found
        if path.suffix.lower() == ".zip":
            source = _rezipped(parts)
    elif kind == "geojson":
        check_depth(path, limits)
        encoding = "UTF-8"
    else:
        check_geopackage(path)
    try:
        layer = _layer(pyogrio, path, source, layer)
        with pyogrio.raw.open_arrow(source, layer=layer, use_pyarrow=True, batch_size=_BATCH, **options) as (
            meta,
            reader,
        ):
            geometry = meta["geometry_name"] or "wkb_geometry"
            for batch in _plain(reader, geometry):
                sink.spatial(batch)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        reason = _why_not_geojson(path) if kind == "geojson" else None
        raise InvalidInput(
            f"{path.name}: {reason or f'it cannot be read ({error}). Export it again.'}",
            code="not_geojson" if reason else "damaged", file=path.name,
        ) from None  # fmt: skip
    crs = meta["crs"]
    return {
        "crs": crs, "encoding": encoding or "UTF-8", "layer": layer, "warnings": warnings, "spatial": True,
        "faults": sink.faults,
    }  # fmt: skip


def _gdal(kind: str) -> Any:
    """pyogrio, checked to have only this format's drivers. What it can do without is kept out: it halves the start."""
    unneeded = ("geopandas", "pandas", "shapely", "pyproj")
    sys.modules.update(dict.fromkeys(unneeded))  # type: ignore[arg-type]
    import pyogrio
    import pyogrio.raw

    for name in unneeded:
        del sys.modules[name]

    extra = set(pyogrio.list_drivers()) - set(DRIVERS[kind])
    if extra:
        raise EnvironmentFault(
            f"This GDAL has drivers that gridmap does not know and so cannot switch off: {', '.join(sorted(extra))}. "
            "Install the locked versions (./run test does).",
            code="unknown_drivers",
        )
    return pyogrio


def _layer(pyogrio: Any, path: Path, source: str | bytes, layer: str | None) -> str:
    """The layer to read: the one asked for, or the only one that has geometry, or the only one."""
    listed = pyogrio.list_layers(source)
    names = [str(name) for name, _ in listed]
    if layer is not None:
        if layer not in names:
            raise InvalidInput(f"{path.name} has no layer {layer!r}; it has {', '.join(names)}.", code="no_such_layer")
        return layer
    spatial = [str(name) for name, kind in listed if kind is not None]
    choice = names if len(names) == 1 else spatial
    if len(choice) != 1:
        held = ", ".join(names) or "none"
        raise InvalidInput(f"{path.name} has several layers ({held}); choose one with --layer.", code="several_layers")
    return choice[0]


def _plain(reader: Any, geometry: str) -> Iterator[pa.RecordBatch]:
    """Batches with the geometry last and named `geometry`, extension types unwrapped."""
    names = reader.schema.names
    if geometry not in names:
        geometry = next((name for name in ("wkb_geometry", "geometry", "geom") if name in names), geometry)
    others = [name for name in names if name != geometry]
    called = [f"{name}_attribute" if name == "geometry" else name for name in others]
    empty = pa.RecordBatch.from_pylist([], schema=reader.schema)
    for batch in _with_one(reader, empty):
        columns = [_storage(batch.column(name)) for name in others]
        if geometry in names:
            columns.append(_storage(batch.column(geometry)))
        else:
            columns.append(pa.nulls(batch.num_rows, pa.binary()))
        yield pa.RecordBatch.from_arrays(columns, names=[*called, "geometry"])


def _with_one(reader: Any, empty: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The reader's batches, or one empty batch, so that a layer without features still has its columns."""
    some = False
    for batch in reader:
        some = True
        yield batch
    if not some:
        yield empty


def _storage(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column


def _from_folder(path: Path) -> dict[str, bytes]:
    """The small sidecars that tell the encoding; InvalidInput when the attribute table is missing."""
    beside = {one.suffix.lower(): one for one in path.parent.iterdir() if one.stem == path.stem}
    missing = [side for side in (".shx", ".dbf") if side not in beside]
    if missing:
        raise InvalidInput(
            f"{path.name}: the {' and '.join(missing)} beside it is missing. "
            "A Shapefile is several files: keep them together.",
            code="missing_part", file=path.name,
        )  # fmt: skip
    for one in beside.values():
        if one.is_symlink() and one.resolve().parent != path.parent.resolve():
            raise InvalidInput(
                f"{one.name} is a link that leads out of its folder; put the file itself there.",
                code="link", file=path.name,
            )  # fmt: skip
    return {side: beside[side].read_bytes() for side in (".dbf", ".cpg") if side in beside}


def _from_zip(path: Path, layer: str | None, limits: Limits) -> dict[str, bytes]:
    """The parts of the one Shapefile in the archive (or the one called `layer`), by their ending."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise damaged(path, error) from None
    with archive:
        members = check_archive(path, archive, limits)
        stems = {Path(one.filename).with_suffix("").as_posix(): one for one in members if _ending(one) == ".shp"}
        chosen = [stem for stem in stems if layer is None or Path(stem).name == layer]
        if len(chosen) != 1:
            held = ", ".join(Path(stem).name for stem in stems) or "none"
            raise InvalidInput(
                f"{path.name}: the archive should hold one Shapefile; it holds {held}."
                + (" Choose one with --layer." if stems else ""),
                code="several_layers" if stems else "no_shapefile", file=path.name,
            )  # fmt: skip
        mine = [one for one in members if Path(one.filename).with_suffix("").as_posix() == chosen[0]]
        try:
            parts = {_ending(one): archive.read(one) for one in mine if _ending(one) in _SIDES}
        except UNREADABLE as error:
            raise damaged(path, error) from None
    missing = [side for side in (".shx", ".dbf") if side not in parts]
    if missing:
        raise InvalidInput(
            f"{path.name}: the archive lacks {' and '.join(missing)}.", code="missing_part", file=path.name
        )
    return parts


def _ending(member: zipfile.ZipInfo) -> str:
    return Path(member.filename).suffix.lower()


def _rezipped(parts: dict[str, bytes]) -> bytes:
    """The needed parts under plain names, uncompressed, in memory: nothing is unpacked to disk, no name is trusted."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for side, content in parts.items():
            if side != ".cpg":  # the encoding is given to the driver
                archive.writestr(f"layer{side}", content)
    return held.getvalue()


def _why_not_geojson(path: Path) -> str | None:
    """What is missing in a JSON file that the GeoJSON driver refused; None when nothing can be said."""
    if path.stat().st_size > 256 * MIB:
        return None
    try:
        held = json.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return "GeoJSON must be UTF-8, and this file is not. Save it again as UTF-8."
    except RecursionError:
        return "it is nested too deeply to be GeoJSON."
    except ValueError as error:
        return f"it is not JSON ({error}). Export it again."
    if isinstance(held, list):
        return 'it holds a list. GeoJSON is one object with "type": "FeatureCollection" and "features": [...].'
    if not isinstance(held, dict):
        return "it holds a single value. GeoJSON is one object."
    keys = ", ".join(map(str, list(held)[:8]))
    if "coordinates" in held and "type" not in held:
        shape = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPolygon"}.get(_depth(held["coordinates"]), "...")
        return (
            f'"type" is missing: it holds {keys} and nothing says what the coordinates are. '
            f'GeoJSON would be {{"type": "Feature", '
            f'"properties": {{...}}, "geometry": {{"type": "{shape}", "coordinates": [...]}}}}.'
        )
    if "type" not in held:
        return f'"type" is missing: it holds {keys}. GeoJSON needs "type": "FeatureCollection" and "features": [...].'
    if held["type"] == "FeatureCollection" and not isinstance(held.get("features"), list):
        return '"features" is missing: a FeatureCollection needs a list of them.'
    return f"its type {held['type']!r} is not one of GeoJSON's, or its geometry is not complete."


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth
