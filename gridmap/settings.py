"""Settings, read once by an entry point from GRIDMAP_* and passed down; never a module-level global."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gridmap.errors import EnvironmentFault

DEFAULT_DATABASE = "sqlite:///var/gridmap.sqlite"


@dataclass(frozen=True, slots=True)
class Messaging:
    """How messages leave. A channel without its address is not used."""

    #: an HTTP gateway for short messages, and the bearer token it asks for
    sms_url: str | None = None
    sms_secret: str | None = field(default=None, repr=False)
    #: smtps://USER:PASSWORD@HOST or smtp://HOST:587, and whom messages come from
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    #: a program of the county's own, and the secret that signs what it is told
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)
    #: the address under which people open the pages; links are left out without it
    public_url: str | None = None
    quiet_hours: str = "21:00-07:00"
    #: weekday (1: Monday) and hour of the weekly digest, county time; None: none is sent
    weekly: tuple[int, int] | None = (1, 8)
    per_hour: int = 20
    #: of short messages and e-mail: zh or en
    language: str = "zh"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read GRIDMAP_SMS_URL, GRIDMAP_QUIET_HOURS and the rest; raise EnvironmentFault naming a bad one."""
        default = cls()
        language = env.get("GRIDMAP_MESSAGE_LANGUAGE") or default.language
        if language not in {"zh", "en"}:
            raise EnvironmentFault(f"GRIDMAP_MESSAGE_LANGUAGE must be zh or en, but is {language!r}")
        public_url = env.get("GRIDMAP_PUBLIC_URL") or None
        return cls(
            sms_url=env.get("GRIDMAP_SMS_URL") or None,
            sms_secret=env.get("GRIDMAP_SMS_SECRET") or None,
            smtp_url=env.get("GRIDMAP_SMTP_URL") or None,
            mail_from=env.get("GRIDMAP_MAIL_FROM") or None,
            webhook_url=env.get("GRIDMAP_WEBHOOK_URL") or None,
            webhook_secret=env.get("GRIDMAP_WEBHOOK_SECRET") or None,
            public_url=public_url.rstrip("/") if public_url else None,
            quiet_hours=env.get("GRIDMAP_QUIET_HOURS") or default.quiet_hours,
            weekly=_weekly(env.get("GRIDMAP_WEEKLY_DIGEST"), default.weekly),
            per_hour=_number(env, "MESSAGES_PER_HOUR", default.per_hour),
            language=language,
        )


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekly(raw: str | None, fallback: tuple[int, int] | None) -> tuple[int, int] | None:
    """ "mon 08:00" as (1, 8), "off" as None; EnvironmentFault for anything else."""
    if not raw:
        return fallback
    if raw == "off":
        return None
    found = re.fullmatch(rf"({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):00", raw)
    if found is None:
        raise EnvironmentFault(f'GRIDMAP_WEEKLY_DIGEST must be like "mon 08:00", or off, but is {raw!r}')
    return WEEKDAYS.index(found[1]) + 1, int(found[2])


def _number(env: Mapping[str, str], name: str, fallback: int) -> int:
    raw = env.get(f"GRIDMAP_{name}") or str(fallback)
    try:
        return int(raw)
    except ValueError:
        raise EnvironmentFault(f"GRIDMAP_{name} must be a whole number, but is {raw!r}") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. `from_env` documents the variables by its mapping."""

    database_url: str = DEFAULT_DATABASE
    #: where the master key for sealed personal fields lies when GRIDMAP_SECRET_KEY is not given
    key_file: Path = Path("var/secret.key")
    secret_key: str | None = field(default=None, repr=False)
    #: while keys are rotated: the key before, with which older rows still open
    old_secret_key: str | None = field(default=None, repr=False)
    #: where indexes of the cells are kept for all server processes; None: beside a SpatiaLite file, else `var/index`
    index_dir: Path | None = None
    timezone: str = "Asia/Shanghai"
    session_hours: int = 12
    read_log_days: int = 365
    #: for how long an account sees which cases it filed for residents; then nobody does
    behalf_days: int = 365
    #: for how long after its end a case says who reported it
    reporter_days: int = 365
    #: for how long a phone keeps a worker's pack without a contact with the server
    lease_days: int = 3
    #: what may be the same case told twice: how near, and received within how many weeks
    duplicate_m: int = 50
    duplicate_weeks: int = 12
    max_body_bytes: int = 1_000_000
    #: memory for the rasters that heat tiles are drawn from, in each process
    heat_bytes: int = 256_000_000
    secure_cookies: bool = True
    #: an optional raster tile source of one's own, fetched by the server: "https://host/{z}/{x}/{y}.png"
    tile_url: str | None = None
    tile_crs: str = "wgs84"
    tile_attribution: str = ""
    messaging: Messaging = field(default_factory=Messaging)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read GRIDMAP_DATABASE_URL, GRIDMAP_SECRET_KEY and the rest; raise EnvironmentFault naming a bad one."""
        env = os.environ if environ is None else environ
        default = cls()

        def text(name: str, fallback: str) -> str:
            return env.get(f"GRIDMAP_{name}") or fallback

        return cls(
            database_url=text("DATABASE_URL", default.database_url),
            key_file=Path(text("KEY_FILE", str(default.key_file))),
            secret_key=env.get("GRIDMAP_SECRET_KEY") or None,
            old_secret_key=env.get("GRIDMAP_OLD_SECRET_KEY") or None,
            index_dir=Path(folder) if (folder := env.get("GRIDMAP_INDEX_DIR")) else None,
            timezone=text("TIMEZONE", default.timezone),
            session_hours=_number(env, "SESSION_HOURS", default.session_hours),
            read_log_days=_number(env, "READ_LOG_DAYS", default.read_log_days),
            behalf_days=_number(env, "BEHALF_DAYS", default.behalf_days),
            reporter_days=_number(env, "REPORTER_DAYS", default.reporter_days),
            lease_days=_number(env, "LEASE_DAYS", default.lease_days),
            duplicate_m=_number(env, "DUPLICATE_M", default.duplicate_m),
            duplicate_weeks=_number(env, "DUPLICATE_WEEKS", default.duplicate_weeks),
            max_body_bytes=_number(env, "MAX_BODY_BYTES", default.max_body_bytes),
            heat_bytes=_number(env, "HEAT_BYTES", default.heat_bytes),
            secure_cookies=text("SECURE_COOKIES", "1") not in {"0", "no", "false"},
            tile_url=env.get("GRIDMAP_TILE_URL") or None,
            tile_crs=text("TILE_CRS", default.tile_crs),
            tile_attribution=text("TILE_ATTRIBUTION", ""),
            messaging=Messaging.from_env(env),
        )
