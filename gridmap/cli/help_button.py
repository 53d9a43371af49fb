"""`gridmap help-button`: install and retire devices, and a simulator of one."""

from __future__ import annotations

from typing import Annotated

import typer

from gridmap.cli import output
from gridmap.cli.database import open_here

help_button = typer.Typer(name="help-button", help="Help buttons: install, retire, simulate.", no_args_is_help=True)

Device = Annotated[str, typer.Argument(help="the code on the device")]


@help_button.command("install")
def install(device: Device, household: Annotated[str, typer.Argument(help="the household's code")]) -> None:
    """Give a household that agreed to it a device; prints its secret, once.

    Example: gridmap help-button install HB-0001 520123001001001-007
    """
    from gridmap.usecases.helping import install as run

    output.say(run(open_here(), device, household))


@help_button.command("retire")
def retire(device: Device) -> None:
    """Take a device out of use.

    Example: gridmap help-button retire HB-0001
    """
    from gridmap.usecases.helping import retire as run

    run(open_here(), device)
    output.say(f"{device} is out of use")


@help_button.command("simulate")
def simulate(
    device: Device,
    url: Annotated[str, typer.Option(help="the server")] = "http://127.0.0.1:8000",
    test: Annotated[bool, typer.Option("--test", help="the monthly test instead of a call")] = False,
    again: Annotated[int, typer.Option(help="send it so many times, as a device without an answer does", min=1)] = 1,
) -> None:
    """Press the button: one signed call, as a device sends it. The secret is read from GRIDMAP_DEVICE_SECRET.

    Example: GRIDMAP_DEVICE_SECRET=... gridmap help-button simulate HB-0001 --test
    """
    import json
    import os
    import time

    from gridmap.errors import InvalidInput
    from gridmap.privacy.signing import signature

    secret = os.environ.get("GRIDMAP_DEVICE_SECRET", "")
    if len(secret) != 64:
        raise InvalidInput("GRIDMAP_DEVICE_SECRET holds no device secret (64 hex digits, as `install` printed them)")
    # a real device counts in its memory; here the seconds since 2020: two presses in one second are one
    sent_at, kind = int(time.time()), "test" if test else "call"
    counter = sent_at - 1_577_836_800
    body = {
        "device": device, "counter": counter, "sent_at": sent_at, "kind": kind,
        "signature": signature(secret, device, counter, sent_at, kind),
    }  # fmt: skip
    for _ in range(again):
        output.say(_post(url, json.dumps(body)))


def _post(url: str, body: str) -> str:
    """What the server answers: its status and body."""
    import http.client

    from gridmap.delivery.http import Endpoint

    to = Endpoint.parse("--url", url)
    kind = http.client.HTTPSConnection if to.secure else http.client.HTTPConnection
    connection = kind(to.host, to.port, timeout=20)
    try:
        connection.request("POST", "/api/v1/help/calls", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode()}"
    finally:
        connection.close()
