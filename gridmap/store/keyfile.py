"""Where the master key lies when the environment does not give one: a file only its owner can read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gridmap.privacy import Vault, new_master_key, parse_master_key
from gridmap.settings import Settings


def open_vault(settings: Settings) -> Vault:
    """The vault of GRIDMAP_SECRET_KEY, else of the key file, which is made when it is missing.

    While keys are rotated it opens what the old key wrapped, too: GRIDMAP_OLD_SECRET_KEY, else `KEY_FILE.old`.
    """
    if settings.secret_key is None:
        _make_key_file(settings.key_file)
    master = parse_master_key(settings.secret_key or settings.key_file.read_text())
    former = settings.old_secret_key
    if former is None and settings.secret_key is None and old_key_file(settings).exists():
        former = old_key_file(settings).read_text()
    return Vault(master, None if former is None else parse_master_key(former))


def old_key_file(settings: Settings) -> Path:
    """Where the key before lies while keys are rotated."""
    return settings.key_file.with_name(settings.key_file.name + ".old")


def draw_new_key(settings: Settings) -> None:
    """Set the key file's key aside as the old one, and make a new one; nothing where that was begun before.

    The old one is copied before anything else: killed anywhere, no key is lost.
    """
    old = old_key_file(settings)
    if old.exists():
        return
    held, fresh = settings.key_file.read_text(), settings.key_file.with_name(settings.key_file.name + ".new")
    fresh.unlink(missing_ok=True)
    _make_key_file(fresh)
    partly = settings.key_file.with_name(settings.key_file.name + ".copy")
    partly.unlink(missing_ok=True)
    _write_private(partly, held)
    partly.replace(old)
    fresh.replace(settings.key_file)


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        _write_private(path, new_master_key() + "\n")


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
