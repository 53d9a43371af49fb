"""Archives looked at before anything in them is parsed: members, sizes, nesting, links, paths."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from gridmap.errors import InvalidInput
from gridmap.parsing.limits import MIB, Limits

#: an end record may be followed by a comment of 64 KiB; a member's entry with its name is far below 1 KiB
_END_WITHIN = (1 << 16) + 22
_MEMBER_BYTES = 1024
#: what zipfile raises at an archive that is damaged, or packed by a method it does not know (NotImplementedError)
UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error)
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


def look_into(path: Path, limits: Limits) -> None:
    """`check_archive` for an archive that is still closed; its list of members is measured before it is read."""
    if _list_bytes(path) > limits.members * _MEMBER_BYTES:
        raise _refused(path, f"its list of files is longer than that of {limits.members:,} files")
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(path, archive, limits)
    except UNREADABLE as error:
        raise damaged(path, error) from None


def _list_bytes(path: Path) -> int:
    """How long the archive says its list of members is (the end record, ZIP specification 4.3.16)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_WITHIN))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        return 0  # damaged, as opening it will say
    return int(struct.unpack_from("<I", tail, at + 12)[0])


def damaged(path: Path, error: Exception) -> InvalidInput:
    """The archive cannot be unpacked."""
    return InvalidInput(f"{path.name}: the archive is damaged ({error}).", code="damaged", file=path.name)


def _refused(path: Path, why: str) -> InvalidInput:
    return InvalidInput(f"{path.name} is refused: {why}.", code="archive_refused", file=path.name)
