"""Which formats are read, by what name and by what first bytes. A file's bytes must be what its name says.

GDAL opens what the bytes say and not what the name says (a `.geojson` holding an OGR VRT reads local files and fetches
addresses), so the name chooses the one driver that stays switched on, and the bytes are compared first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gridmap.errors import InvalidInput

#: file name endings (longest first where they overlap) and the format each promises
ENDINGS: Mapping[str, str] = {
    ".csv.gz": "csv",
    ".tsv.gz": "csv",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".geojson": "geojson",
    ".json": "geojson",
    ".geojsonl": "geojson",
    ".ndjson": "geojson",
    ".gpkg": "gpkg",
    ".shp": "shapefile",
    ".zip": "shapefile",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
}

#: the only GDAL drivers that stay switched on while a format is read
DRIVERS: Mapping[str, tuple[str, ...]] = {
    "gpkg": ("GPKG",),
    "geojson": ("GeoJSON", "GeoJSONSeq"),
    "shapefile": ("ESRI Shapefile",),
}

#: every vector driver of the GDAL builds in use; those not needed are named in OGR_SKIP
KNOWN_DRIVERS = (
    "ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "Arrow", "CAD", "CSV", "CSW", "Carto", "DGN", "DXF", "EDIGEO",
    "EEDA", "ESRI Shapefile", "ESRIJSON", "Elasticsearch", "FlatGeobuf", "GDALG", "GML", "GMLAS", "GPKG", "GPSBabel",
    "GPX", "GTFS", "GeoJSON", "GeoJSONSeq", "GeoRSS", "HANA", "HTTP", "Idrisi", "Interlis 1", "Interlis 2", "JML",
    "JSONFG", "KML", "LIBKML", "LVBAG", "MBTiles", "MEM", "MSSQLSpatial", "MVT", "MapInfo File", "MapML",
    "MiraMonVector", "MongoDBv3", "MySQL", "NAS", "NGW", "NTF", "OAPIF", "OCI", "ODBC", "ODS", "OGCAPI", "OGR_GMT",
    "OGR_PDS", "OGR_VRT", "OSM", "OpenFileGDB", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PGEO", "PLSCENES", "PMTiles",
    "Parquet", "PostgreSQL", "S57", "SOSI", "SQLite", "SVG", "SXF", "Selafin", "TIGER", "TopoJSON", "UK .NTF", "VDV",
    "VFK", "VICAR", "WAsP", "WFS", "XLS", "XLSX", "XODR", "netCDF", "Memory",
)  # fmt: skip

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"SQLite format 3\x00", "an SQLite file"),
    (b"PK\x03\x04", "a zip archive (xlsx is one, too)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x00\x00\x27\x0a", "a Shapefile"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls)"),
    (b"%PDF", "a PDF"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
)

_EXPECTED: Mapping[str, str] = {
    "csv": "text",
    "xlsx": "a zip archive (xlsx is one, too)",
    "geojson": "JSON",
    "gpkg": "an SQLite file",
    "shapefile": "a Shapefile",
    "parquet": "a Parquet file",
}

_NEEDS = {
    "csv": "comma-separated text",
    "xlsx": "an xlsx workbook",
    "geojson": "GeoJSON",
    "gpkg": "a GeoPackage",
    "shapefile": "a Shapefile (.shp), or a .zip holding one",
    "parquet": "a Parquet file",
}


def ending_of(path: Path) -> str:
    """The known ending of a file's name, in lower case; InvalidInput when it is none of ours."""
    name = path.name.lower()
    for ending in ENDINGS:
        if name.endswith(ending):
            return ending
    hint = " Save it as .xlsx first." if name.endswith(".xls") else ""
    raise InvalidInput(
        f"{path.name}: this kind of file is not read.{hint} Give one of {', '.join(ENDINGS)}.",
        code="unknown_format",
        file=path.name,
    )


def format_of(path: Path) -> str:
    """The format that the file's name promises: csv, xlsx, geojson, gpkg, shapefile or parquet."""
    return ENDINGS[ending_of(path)]


def check_bytes(path: Path, head: bytes) -> None:
    """Compare a file's first bytes (1 KiB is enough) with what its name says; InvalidInput where they differ."""
    ending = ending_of(path)
    kind = ENDINGS[ending]
    if not head:
        raise InvalidInput(f"{path.name} is empty.", code="empty_file", file=path.name)
    holds = _holds(head)
    expected = _EXPECTED[kind]
    if ending.endswith(".gz"):
        expected = "a gzip archive"
    elif ending == ".zip":
        expected = "a zip archive (xlsx is one, too)"
    # JSON is text, so a text format may hold it; XML and binary it may not
    fits = holds == expected or (expected == "text" and holds == "JSON")
    if fits and kind == "gpkg" and head[68:72] not in {b"GPKG", b"GP10", b"GP11"}:
        fits, holds = False, "an SQLite file that is no GeoPackage"
    if not fits:
        raise InvalidInput(
            f"{path.name}: its name says {_NEEDS[kind]}, but it holds {holds}. "
            "Rename it to what it is, or export it again.",
            code="not_what_its_name_says",
            file=path.name,
            holds=holds,
        )


def _holds(head: bytes) -> str:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return "JSON"
    if start[:1] == b"<":
        return "an OGR VRT" if b"OGRVRTDataSource" in head else "XML or HTML"
    if b"\x00" in head:
        return "binary data of an unknown kind"
    return "text"
