"""Files made to do harm: each is refused or its feature named, at little cost, and nothing it says reaches anything."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.files import Limits, read_table
from gridmap.parsing.jsondepth import check_depth
from gridmap.parsing.wkb import look
from tests.awkward import INVALID_SHAPES, VALID_SHAPES
from tests.hostile import names, outcome, write

ROOT = Path(__file__).resolve().parent.parent.parent
SQUARE = shapely.box(106.74, 27.09, 106.75, 27.10)


# --- geometry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(names())), ids=names())
def test_awkward_geometry_is_named(tmp_path: Path, number: int) -> None:
    """One of each kind; the trials try 5,000 and hold them to their seconds and megabytes."""
    _, path = write(number, tmp_path)
    found = outcome(path)
    assert found.good, found


@pytest.mark.parametrize(
    "name", [*VALID_SHAPES, *(name for name, shape in INVALID_SHAPES.items() if shape is not None)]
)
def test_the_walk_counts_what_shapely_counts(name: str) -> None:
    shape = {**VALID_SHAPES, **INVALID_SHAPES}[name]
    for flavor in ("iso", "extended"):
        raw = shapely.to_wkb(
            shapely.set_srid(shape, 4326), flavor=flavor, include_srid=flavor == "extended", byte_order=0
        )
        assert look(raw, Limits()) == (shapely.get_num_coordinates(shape) if shape.geom_type != "Point" else 1, None)


def test_the_walk_stops_at_the_limits() -> None:
    deep = struct.pack("<BII", 1, 7, 1) * 1_000_000 + struct.pack("<BIdd", 1, 1, 1.0, 2.0)
    assert "nested more than 16 deep" in str(look(deep, Limits())[1])
    many = shapely.to_wkb(SQUARE.buffer(0.1, quad_segs=1000))
    assert "more than 1,000 vertices" in str(look(many, Limits(vertices=1000))[1])
    for end in range(1, len(many) - 1, 997):
        assert look(many[:end], Limits())[1] == "the geometry cannot be understood"


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("[" * 101 + "]" * 101, True), ("[" * 100 + "]" * 100, False), ('{"a": [' * 60, True), ("[] " * 500, False),
        ('"' + "[" * 500 + '"', False), ('["' + "]" * 500 + '", ' + "[" * 101, True), ('"\\"' + "{" * 500 + '"', False),
    ],
)  # fmt: skip
def test_json_is_as_deep_as_its_brackets_outside_of_texts(tmp_path: Path, text: str, deep: bool) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    if deep:
        with pytest.raises(InvalidInput, match="nested more than 100 deep"):
            check_depth(path, Limits())
    else:
        check_depth(path, Limits())


# --- archives -------------------------------------------------------------------------------------------------------


def archives(folder: Path) -> Iterator[Path]:
    """What `faults.md` lists, as .zip and as .xlsx."""
    link = zipfile.ZipInfo("x.shp")
    link.external_attr = 0o120777 << 16
    made: dict[str, list[tuple[str | zipfile.ZipInfo, bytes]]] = {
        "ratio": [("x.shp", bytes(40 << 20))],
        "members": [(f"{n}.txt", b"1") for n in range(1001)],
        "very many": [(f"{n}.txt", b"") for n in range(30_000)],
        "nested": [("inner.zip", b"1")],
        "link": [(link, b"/etc/passwd")],
        "climbs": [("../x.shp", b"1")],
        "climbs, as Windows writes it": [("..\\x.shp", b"1")],
        "absolute": [("/x.shp", b"1")],
        "a drive": [("C:/x.shp", b"1")],
    }
    for name, members in made.items():
        for ending in ("zip", "xlsx"):
            path = folder / f"{name}.{ending}"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, content in members:
                    archive.writestr(member, content)
            yield path
    for ending in ("geojson", "gpkg", "zip", "xlsx"):
        path = folder / f"vrt.{ending}"
        path.write_text("<OGRVRTDataSource></OGRVRTDataSource>", encoding="utf-8")
        yield path


#: a small process starts the reader: a child's peak counts what its parent held when it was started
PEAK = """
import json, resource, subprocess, sys, tempfile
limits = json.loads(sys.argv[1])
told = {}
for path in sys.argv[2:]:
    with tempfile.TemporaryFile() as out:
        job = {"path": path, "layer": None, "encoding": None, "limits": limits, "out": out.fileno()}
        command = [sys.executable, "-P", "-s", "-m", "gridmap.parsing.child"]
        said = json.dumps(job).encode()
        done = subprocess.run(command, input=said, capture_output=True, pass_fds=(out.fileno(),))
    told[path] = json.loads(done.stdout)["code"]
print(json.dumps([resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, told]))
"""


def test_archives_are_refused_before_they_are_parsed_in_little_memory(tmp_path: Path) -> None:
    paths = list(map(str, archives(tmp_path)))
    limits = json.dumps(asdict(Limits()))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, limits, *paths], capture_output=True, text=True, check=True, cwd=ROOT
    )
    peak_kib, told = json.loads(done.stdout)
    assert told == {path: "not_what_its_name_says" if "vrt" in path else "archive_refused" for path in paths}
    assert peak_kib < 100 << 10


def test_an_archive_that_lies_about_its_sizes_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x.shp", "x.shx", "x.dbf"):
            archive.writestr(name, bytes(50_000))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(struct.pack("<I", 50_000), struct.pack("<I", 100)))
    with pytest.raises(InvalidInput, match="damaged"):
        read_table(path)


# --- GeoPackages that run code --------------------------------------------------------------------------------------


def geopackage(path: Path, *statements: str) -> Path:
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[SQUARE], crs="EPSG:4326").to_file(path, layer="cells")
    with sqlite3.connect(path) as base:
        for statement in statements:
            base.execute(statement)
    base.close()
    return path


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("CREATE VIEW v AS SELECT * FROM cells", "'v' is a view"),
        (
            "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
            "is a view",
        ),
        ("CREATE VIEW v AS SELECT load_extension('/tmp/x.so')", "'v' is a view"),
        ("CREATE VIRTUAL TABLE f USING fts5(x)", "'f' is a virtual table"),
        ("CREATE TABLE g (a, b AS (hex(a)))", "'g' has a column that is computed"),
    ],
)
def test_a_geopackage_that_runs_code_is_refused(tmp_path: Path, statement: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        read_table(geopackage(tmp_path / "x.gpkg", statement))
    assert caught.value.code == "runs_code"


def test_a_virtual_table_that_reads_files_is_refused(tmp_path: Path) -> None:
    """Its module need not be known to whoever wrote it: the schema is text."""
    path = geopackage(tmp_path / "x.gpkg")
    (tmp_path / "secret.csv").write_text("a,b\nSECRET,1\n", encoding="utf-8")
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA writable_schema=ON")
        sql = f"CREATE VIRTUAL TABLE v USING VirtualOGR('{tmp_path / 'secret.csv'}')"
        base.execute("INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, ?)", [sql])
    base.close()
    with pytest.raises(InvalidInput, match="'v' is a virtual table"):
        read_table(path)


def test_triggers_are_no_matter(tmp_path: Path) -> None:
    """A GeoPackage's own spatial index has some, and nothing is written."""
    trigger = "CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM cells; END"
    assert read_table(geopackage(tmp_path / "x.gpkg", trigger)).frame["code"].tolist() == ["1"]


# --- odd metadata ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "geo",
    ["", "{", "[]", "7", '{"primary_column": "nothing", "columns": {}}',
     '{"primary_column": "code", "columns": {"code": {"encoding": "WKB"}}}',
     '{"primary_column": "geometry", "columns": {"geometry": 7}}', "[" * 100_000,
     '{"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": {"id": 7}}}}'],
)  # fmt: skip
def test_odd_geoparquet_metadata_is_damaged_or_harmless(tmp_path: Path, geo: str) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"code": ["1"], "geometry": pa.array([shapely.to_wkb(SQUARE)], pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": geo, "ARROW:schema": "AAAA"}), path)
    try:
        found = read_table(path)
    except InvalidInput as error:
        assert "x.parquet" in error.message  # noqa: PT017 - it may also be read
    else:
        assert found.frame["code"].tolist() == ["1"]


def test_a_billion_rows_in_a_few_bytes_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": pa.array([7]).take(pa.array([0] * 300_000))}), path)
    assert path.stat().st_size < 10_000
    with pytest.raises(InvalidInput, match="300,000 rows, more than 100,000"):
        read_table(path, limits=Limits(rows=100_000))


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.gpkg"])
def test_a_column_called_as_ours_is_one_of_theirs(tmp_path: Path, name: str) -> None:
    frame = gpd.GeoDataFrame({"__row__": ["theirs"]}, geometry=[SQUARE], crs="EPSG:4326")
    path = tmp_path / name
    frame.to_csv(path, index=False) if name == "x.csv" else frame.to_parquet(
        path
    ) if "parquet" in name else frame.to_file(path)
    table = read_table(path)
    assert table.rows.tolist() == [2 if name == "x.csv" else 1]
    assert "theirs" in table.frame.iloc[0].tolist()


# --- other files, other machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [".dbf", ".shx", ".prj"])
def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path, side: str) -> None:
    folder, other = tmp_path / "in", tmp_path / "out"
    folder.mkdir(), other.mkdir()
    pyogrio.write_dataframe(gpd.GeoDataFrame({"a": ["x"]}, geometry=[SQUARE], crs="EPSG:4326"), folder / "x.shp")
    (folder / f"x{side}").rename(other / "secret")
    (folder / f"x{side}").symlink_to(other / "secret")
    with pytest.raises(InvalidInput, match="leads out of its folder"):
        read_table(folder / "x.shp")


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """An address that writes down who comes."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def wait() -> None:
            while not over.is_set():
                try:
                    visitor, _ = server.accept()
                except TimeoutError:
                    continue
                with visitor:
                    came.append(visitor.recv(1000))

        thread = threading.Thread(target=wait)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x", came
        over.set()
        thread.join()


def test_nothing_that_a_file_says_reaches_another_machine(tmp_path: Path, listener: tuple[str, list[bytes]]) -> None:
    address, came = listener
    collection = {"type": "FeatureCollection", "features": [], "crs": {"type": "link", "properties": {"href": address}}}
    layer = f'<OGRVRTLayer name="x"><SrcDataSource>/vsicurl/{address}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    contents = {
        "crs.geojson": json.dumps(collection),
        "reference.geojson": json.dumps({**collection, "$ref": address, "url": address}),
        "vrt.geojson": "{" + vrt,
        "service.geojson": json.dumps({"currentVersion": 10.1, "serviceDescription": address, "layers": []}),
        "address.csv": f'a,b\n{address},=WEBSERVICE("{address}")\n',
        "plain.geojson": address,
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    geopackage(tmp_path / "x.gpkg", f"UPDATE gpkg_contents SET description = '/vsicurl/{address}'")
    table = pa.table({"code": ["1"]}).replace_schema_metadata({"geo": json.dumps({"$ref": address})})
    pq.write_table(table, tmp_path / "x.parquet")
    for path in sorted(tmp_path.iterdir()):
        try:
            read_table(path)
        except InvalidInput:
            continue
    assert came == []
