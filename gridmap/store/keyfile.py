"""Where the master key lies when the environment does not give one: a file only its owner can read."""

from __future__ import annotations

import os

from gridmap.privacy import Vault, new_master_key, parse_master_key
from gridmap.settings import Settings


def open_vault(settings: Settings) -> Vault:
    """The vault of GRIDMAP_SECRET_KEY, else of the key file, which is made when it is missing."""
    if settings.secret_key is None:
        _make_key_file(settings)
    return Vault(parse_master_key(settings.secret_key or settings.key_file.read_text()))


def _make_key_file(settings: Settings) -> None:
    settings.key_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(settings.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(new_master_key() + "\n")
