"""Archives looked at before anything in them is parsed: members, sizes, nesting, links, paths."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from gridmap.errors import InvalidInput
from gridmap.parsing.limits import MIB, Limits

_NESTED = (".zip", ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz")


def check_archive(path: Path, archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """The archive's files; InvalidInput when it is too large, too many, nested, linked, locked or climbs out."""
    members = archive.infolist()
    if len(members) > limits.members:
        raise _refused(path, f"it holds {len(members):,} files, more than {limits.members:,}")
    total = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if total > limits.unpacked_bytes or (total > MIB and total / packed > limits.unpacked_ratio):
        raise _refused(path, f"it unpacks to {total / MIB:,.0f} MiB from {packed / MIB:,.1f} MiB")
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise _refused(path, f"its member {member.filename!r} points outside the archive")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(path, f"its member {member.filename!r} is a link")
        if member.flag_bits & 1:
            raise _refused(path, "it is locked with a password")
        if member.filename.lower().endswith(_NESTED):
            raise _refused(path, f"its member {member.filename!r} is an archive itself")
    return [member for member in members if not member.is_dir()]


def damaged(path: Path, error: Exception) -> InvalidInput:
    """The archive cannot be unpacked."""
    return InvalidInput(f"{path.name}: the archive is damaged ({error}).", code="damaged", file=path.name)


def _refused(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path.name} is refused: {why}.", code="archive_refused", file=path.name)
