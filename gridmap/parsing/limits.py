"""How much one file may cost to read. Held in the child process that reads it."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on reading one file; the child process that reads it is killed beyond them."""

    #: wall-clock and processor seconds
    seconds: float = 300.0
    #: address space of the reading process
    memory_bytes: int = 4096 * MIB
    #: what the reading process may hand back
    output_bytes: int = 4096 * MIB
    input_bytes: int = 2048 * MIB
    #: of an archive (zip, gz, xlsx): unpacked size, unpacked to packed, and members
    unpacked_bytes: int = 4096 * MIB
    unpacked_ratio: float = 100.0
    members: int = 1000
    rows: int = 20_000_000
    #: of one feature's geometry: vertices, and collections inside collections
    vertices: int = 1_000_000
    depth: int = 16
    #: processor seconds that the check of one feature may take
    feature_seconds: float = 0.5
    #: of JSON: objects and lists inside one another
    json_depth: int = 100
    #: faults of rows that are told one by one
    faults: int = 10_000
