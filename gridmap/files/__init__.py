"""Files in and out: GeoPackage, GeoJSON, Shapefile, xlsx, CSV, Parquet; faults named by row.

Reading: `read_table`, then `guess` or `parse_map` for the columns, then `canonical` for an import kind's frame.
Parsing itself happens in `gridmap.parsing`, a child process.
"""

from gridmap.files.canonical import Canon, Parsed, canonical
from gridmap.files.headers import combined, forbidden, guess, parse_map, place_columns
from gridmap.files.kinds import KINDS
from gridmap.files.read import Source, open_source, read_table
from gridmap.files.table import Reject, Table, name_rows
from gridmap.files.write import write_rejects, write_table
from gridmap.parsing.limits import Limits

__all__ = [
    "KINDS",
    "Canon",
    "Limits",
    "Parsed",
    "Reject",
    "Source",
    "Table",
    "canonical",
    "combined",
    "forbidden",
    "guess",
    "name_rows",
    "open_source",
    "parse_map",
    "place_columns",
    "read_table",
    "write_rejects",
    "write_table",
]
