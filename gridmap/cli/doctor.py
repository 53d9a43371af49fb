"""`gridmap doctor`: what is missing, what is wrong, and how to mend it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli import output

if TYPE_CHECKING:
    from gridmap.usecases.context import Context
    from gridmap.usecases.delivering import Health

#: a message that could have gone so long ago tells that nobody delivers
LATE_S = 900
#: a clock further off than this is worth a look; a gateway tells whole seconds
DRIFT_S = 5
NOBODY = ": does `gridmap serve` run, or `gridmap sweep` by cron? `gridmap messages failed` tells what failed"
LOST = "; messages wait for channels that are not configured here: "
DEAD = " given up: `gridmap messages failed` lists them, `gridmap messages retry` sends them again"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `fault` is None, "warning", "environment" or "data"."""

    what: str
    said: str
    fault: str | None = None


def doctor(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="print a fresh GRIDMAP_SECRET_KEY and do nothing else")
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="fold so many cases again, drawn at random; 0: all. Without: all of fewer than 5,000",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="which cases are drawn; the same seed draws the same")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Look over this machine and the database: what is missing and how to get it, what is wrong and where.

    Cases are compared with their events, of which 1,000 take a second or two; hash chains and sums are always all.

    Exit status 3: the machine lacks something; 1: the data is at fault; 0: all is well.

    Example: gridmap doctor
    """
    if new_key:
        from gridmap.privacy import new_master_key

        typer.echo(new_master_key())
        return
    checks = [*_machine(), *_database(sample, seed, as_json)]
    if as_json:
        sound = all(check.fault in (None, "warning") for check in checks)
        output.print_json({"ok": sound, "checks": [asdict(check) for check in checks]})
    else:
        words = {None: "ok", "warning": "look"}
        for check in checks:
            output.say(f"{words.get(check.fault, 'FAULT'):6} {check.what}: {check.said}")
    faults = {check.fault for check in checks}
    if "environment" in faults:
        raise typer.Exit(3)
    if "data" in faults:
        raise typer.Exit(1)


def _machine() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < (3, 11)
    return [
        Check("Python", f"{version}, but 3.11 is needed" if old else version, "environment" if old else None),
        _page_assets(),
        _font(),
    ]


def _page_assets() -> Check:
    from importlib.resources import files

    leaflet = files("api").joinpath("pages/static/vendor/leaflet.js")
    if leaflet.is_file():
        return Check("page assets", "there")
    return Check("page assets", "missing: `./run demo` or `pip install .` fetches them from npm", "environment")


def _font() -> Check:
    import subprocess

    program = shutil.which("fc-list")
    if program is None:
        return Check("Chinese font", "cannot tell without fc-list (apt-get install fontconfig); reports would need one")
    asked = [program, ":lang=zh", "family"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False).stdout  # noqa: S603 (no user text)
    if listed.strip():
        return Check("Chinese font", listed.splitlines()[0].split(",")[0])
    return Check("Chinese font", "none: apt-get install fonts-noto-cjk", "environment")


def _database(sample: int | None, seed: int, quiet: bool) -> list[Check]:
    import numpy as np

    from gridmap.cli.database import open_here
    from gridmap.errors import EnvironmentFault
    from gridmap.store import head, read, revision
    from gridmap.store.doctor import chosen, counted, examine, remembered

    try:
        ctx = open_here(ready=False)
        at = revision(ctx.engine)
    except EnvironmentFault as fault:
        return [Check("database", fault.message, "environment")]
    if at is None:
        return [Check("database", "empty: `gridmap init` makes it ready", "environment")]
    if at != head():
        return [Check("database", f"at revision {at}, not {head()}: `gridmap init` brings it there", "environment")]
    with read(ctx.engine) as conn:
        findings = examine(conn, ctx.today())
        ids, total = chosen(conn, sample, np.random.default_rng(seed))
        with output.progress("comparing cases with their events", json=quiet) as advance:
            findings += remembered(conn, ctx.zone, ctx.clock(), ids, advance)
        with output.progress("counting cases again", json=quiet) as advance:
            findings += counted(conn, ctx.zone, ids, advance)
    named = Check("database", f"{ctx.engine.dialect.name}, revision {at}")
    faults = {"error": "data", "warning": "warning"}
    return [
        named,
        _folded(len(ids), total, seed),
        *_delivery(ctx),
        *(Check(one.code, one.message, faults[one.severity]) for one in findings),
    ]


def _folded(count: int, total: int, seed: int) -> Check:
    """How many cases were compared with their events."""
    if count == total:
        return Check("cases", f"all {total:,} compared with their events")
    said = f"{count:,} of {total:,} compared with their events, drawn by the seed {seed}; --sample 0 compares all"
    return Check("cases", said)


def _delivery(ctx: Context) -> list[Check]:
    """The queue of messages and the clock."""
    from gridmap.errors import EnvironmentFault
    from gridmap.usecases.delivering import deliverer, health

    found = health(ctx)
    try:
        ways = deliverer(ctx).channels
        lost = sorted(set(found.waiting) - set(ways))
        said = ", ".join(ways) or "mailboxes on the pages only"
        channels = Check("channels", said + (LOST + ", ".join(lost) if lost else ""), "warning" if lost else None)
    except EnvironmentFault as fault:
        channels = Check("channels", fault.message, "environment")
    stuck = found.age_s > LATE_S
    words = f"{sum(found.waiting.values()) + found.unsent:,} wait, the oldest ready for {found.age_s:,.0f} s"
    queue = Check("messages", words + (NOBODY if stuck else ""), "warning" if stuck else None)
    dead = sum(found.dead.values())
    failed = Check("failed messages", f"{dead:,}" + (DEAD if dead else ""), "warning" if dead else None)
    return [channels, queue, failed, _clock(found)]


def _clock(found: Health) -> Check:
    if found.behind_s > DRIFT_S:
        said = f"stands {found.behind_s:,.0f} s before the newest message: it was put back; set it by NTP"
        return Check("clock", said, "warning")
    if found.drift_s is None:
        return Check("clock", "nothing to compare it with yet")
    said = f"{found.drift_s:+,.1f} s against the {found.drift_by}"
    off = abs(found.drift_s) > DRIFT_S
    return Check("clock", said + (": deadlines follow it; set it by NTP" if off else ""), "warning" if off else None)
