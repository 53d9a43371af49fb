"""`gridmap demo`: the demo county, from nothing to a served map."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridmap.cli.output import say

if TYPE_CHECKING:
    from gridmap.demo.county import County
    from gridmap.usecases.context import Context
    from gridmap.usecases.setup import Login


def demo(
    port: Annotated[int, typer.Option(help="Port to serve on, on 127.0.0.1 only.", min=1, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="Folder for the database, its key and the planted truth.")] = Path("var"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the county once it stands.")] = True,
) -> None:
    """Make the demo county, assign everything, and serve it on this machine only.

    A second start finds the county and takes seconds; it draws new log-ins each time.

    Example: gridmap demo --port 8123
    """
    from gridmap.usecases.accounts import Passwords
    from gridmap.usecases.setup import demo_seats, draw_logins, has_demo, initialise

    ctx = _context(data)
    initialise(ctx)
    started = time.monotonic()
    if has_demo(ctx):
        say("the demo county stands already")
    else:
        _make(ctx, data)
        say(f"the demo county stands after {time.monotonic() - started:.0f} s")
    logins = draw_logins(ctx, Passwords(), demo_seats(ctx))
    _print_logins(logins)
    if serve:
        from gridmap.cli.serve import run

        run(ctx, host="127.0.0.1", port=port)


def _context(data: Path) -> Context:
    """The context of GRIDMAP_*, with the SpatiaLite file and the key under `data` where those say nothing."""
    import os
    from dataclasses import replace

    from gridmap.settings import Settings
    from gridmap.usecases.context import open_context

    settings = Settings.from_env()
    if not os.environ.get("GRIDMAP_DATABASE_URL"):
        settings = replace(settings, database_url=f"sqlite:///{data / 'gridmap.sqlite'}")
    if not os.environ.get("GRIDMAP_KEY_FILE"):
        settings = replace(settings, key_file=data / "secret.key")
    # the demo is served on loopback without TLS, where browsers keep no Secure cookie
    return open_context(replace(settings, secure_cookies=False))


def _make(ctx: Context, data: Path) -> None:
    from gridmap.demo.county import make_county
    from gridmap.usecases.imports import Loaded
    from gridmap.usecases.setup import load_demo

    say("drawing the demo county ...")
    county = make_county(until=ctx.today())
    _write_truth(county, data)

    def step(kind: str, loaded: Loaded) -> None:
        say(f"{kind:12} {loaded.inserted:7,} in" + (f", {len(loaded.rejects)} turned away" if loaded.rejects else ""))

    load_demo(ctx, county, step)


def _write_truth(county: County, data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    text = json.dumps(county.truth, ensure_ascii=False, indent=2)
    (data / "demo-truth.json").write_text(text + "\n", encoding="utf-8")


def _print_logins(logins: list[Login]) -> None:
    say(f"\n{'role':11} {'user':17} {'password':24} who")
    for login in logins:
        say(f"{login.seat.role:11} {login.username:17} {login.password:24} {login.seat.name}")
