"""Settings, read once by an entry point from GRIDMAP_* and passed down; never a module-level global."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gridmap.errors import EnvironmentFault

DEFAULT_DATABASE = "sqlite:///var/gridmap.sqlite"


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. `from_env` documents the variables by its mapping."""

    database_url: str = DEFAULT_DATABASE
    #: where the master key for sealed personal fields lies when GRIDMAP_SECRET_KEY is not given
    key_file: Path = Path("var/secret.key")
    secret_key: str | None = None
    #: where indexes of the cells are kept for all server processes; None: beside a SpatiaLite file, else `var/index`
    index_dir: Path | None = None
    timezone: str = "Asia/Shanghai"
    session_hours: int = 12
    read_log_days: int = 365
    max_body_bytes: int = 1_000_000
    #: memory for the rasters that heat tiles are drawn from, in each process
    heat_bytes: int = 256_000_000
    secure_cookies: bool = True
    #: an optional raster tile source of one's own, fetched by the server: "https://host/{z}/{x}/{y}.png"
    tile_url: str | None = None
    tile_crs: str = "wgs84"
    tile_attribution: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read GRIDMAP_DATABASE_URL, GRIDMAP_SECRET_KEY and the rest; raise EnvironmentFault naming a bad one."""
        env = os.environ if environ is None else environ
        default = cls()

        def text(name: str, fallback: str) -> str:
            return env.get(f"GRIDMAP_{name}") or fallback

        def number(name: str, fallback: int) -> int:
            raw = text(name, str(fallback))
            try:
                return int(raw)
            except ValueError:
                raise EnvironmentFault(f"GRIDMAP_{name} must be a whole number, but is {raw!r}") from None

        return cls(
            database_url=text("DATABASE_URL", default.database_url),
            key_file=Path(text("KEY_FILE", str(default.key_file))),
            secret_key=env.get("GRIDMAP_SECRET_KEY") or None,
            index_dir=Path(folder) if (folder := env.get("GRIDMAP_INDEX_DIR")) else None,
            timezone=text("TIMEZONE", default.timezone),
            session_hours=number("SESSION_HOURS", default.session_hours),
            read_log_days=number("READ_LOG_DAYS", default.read_log_days),
            max_body_bytes=number("MAX_BODY_BYTES", default.max_body_bytes),
            heat_bytes=number("HEAT_BYTES", default.heat_bytes),
            secure_cookies=text("SECURE_COOKIES", "1") not in {"0", "no", "false"},
            tile_url=env.get("GRIDMAP_TILE_URL") or None,
            tile_crs=text("TILE_CRS", default.tile_crs),
            tile_attribution=text("TILE_ATTRIBUTION", ""),
        )
