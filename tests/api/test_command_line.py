"""`gridmap serve` and `gridmap user`, as processes of their own."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from tests.county import MASTER, SmallCounty

COMMAND = [sys.executable, "-c", "from gridmap.cli import main; main()"]


@pytest.fixture
def environment(spatialite_county: SmallCounty, tmp_path: Path) -> dict[str, str]:
    """What a process needs to open the county: its database and its key."""

    own = {name: value for name, value in os.environ.items() if not name.startswith("GRIDMAP_")}
    return own | {
        "GRIDMAP_DATABASE_URL": spatialite_county.ctx.settings.database_url,
        "GRIDMAP_SECRET_KEY": base64.b64encode(MASTER).decode(),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def gridmap(environment: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(params=[1, 2])
def served(environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server of one process and one of two."""
    port = free_port()
    arguments = [*COMMAND, "serve", "--port", str(port), "--workers", str(request.param)]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    url = f"http://127.0.0.1:{port}"
    for _ in range(2_400):  # on a machine that has not served yet, loops are compiled first
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.05)
    yield url, process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_server_serves_and_writes_its_read_log_when_told_to_stop(
    served: tuple[str, subprocess.Popen[str]], environment: dict[str, str], spatialite_county: SmallCounty
) -> None:
    url, process = served
    assert (
        gridmap(environment, "user", "passwd", "worker-a", "--password-stdin", given="a new password\n").returncode == 0
    )
    answer = httpx.post(f"{url}/api/v1/token", data={"username": "worker-a", "password": "a new password"})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    for _ in range(20):
        assert httpx.get(f"{url}/api/v1/incidents", headers=headers).status_code == 200
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}
    assert len(spatialite_county.run(select(t.readings))) == 20
    assert url in output
    assert "Traceback" not in output
    (kept,) = Path(f"{spatialite_county.ctx.engine.url.database}-index").iterdir()
    assert kept.suffix == ".pixels"


def test_serving_says_what_is_missing(environment: dict[str, str], tmp_path: Path) -> None:
    empty = {**environment, "GRIDMAP_DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite'}"}
    ended = gridmap(empty, "serve", "--port", str(free_port()))
    assert ended.returncode == 3
    assert "gridmap init" in ended.stderr
    assert gridmap(environment, "serve", "--port", "0").returncode == 2


def test_accounts_by_the_command_line(environment: dict[str, str], spatialite_county: SmallCounty) -> None:
    added = gridmap(environment, "user", "add", "Li.Na", "--role", "dispatcher", "--name", "李娜", "--of", "529901001")
    assert added.returncode == 0, added.stderr
    drawn = re.search(r"li\.na: dispatcher, password ([a-z2-9-]{22})", added.stdout)
    assert drawn, added.stdout
    from gridmap.usecases import accounts

    logged = accounts.log_in(spatialite_county.ctx, accounts.Passwords(), "li.na", drawn[1], "here")
    assert logged.account.name == "李娜"
    again = gridmap(environment, "user", "add", "li.na", "--role", "admin", "--name", "X")
    assert (again.returncode, "already" in again.stderr) == (1, True)
    short = gridmap(environment, "user", "passwd", "li.na", "--password-stdin", given="short\n")
    assert (short.returncode, "10 to 256" in short.stderr) == (1, True)
    fresh = gridmap(environment, "user", "passwd", "li.na")
    assert re.search(r"password [a-z2-9-]{22}", fresh.stdout)
    assert drawn[1] not in fresh.stdout
    assert gridmap(environment, "user", "disable", "li.na").returncode == 0
    assert gridmap(environment, "user", "disable", "nobody").returncode == 1
    assert gridmap(environment, "user", "add", "x", "--role", "king", "--name", "X").returncode == 2
