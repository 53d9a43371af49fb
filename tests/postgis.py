"""A PostGIS of the tests' own: made in a temporary folder, loopback only, gone afterwards.

    .venv/bin/python -m tests.postgis COMMAND [ARGUMENT ...]

runs a command with GRIDMAP_TEST_POSTGRES_URL pointing at it, and ends with the command's exit status. PostgreSQL
refuses to run as root; there the user `postgres` runs it, whom Debian's package makes. The server asks for a password
drawn for this run, since any local user reaches a loopback port. It is stopped and its folder removed when the command
ends, fails or is interrupted; after a kill -9 the kernel stops the server (Linux) and the next run removes the folder.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
from psycopg import sql

URL_VARIABLE = "GRIDMAP_TEST_POSTGRES_URL"
PREFIX = "gridmap-postgis-"
START_S = 60
#: how long an interrupted command may take to tidy up after itself
GRACE_S = 30

#: a power cut may take these databases with it; the rest is as PostgreSQL ships
SERVER_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
#: as PostgreSQL ships: what is committed is on the disk
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=200")


class ServerFailed(Exception):
    """The server is not installed or did not start; the message holds its own words."""


@dataclass
class Server:
    """A running server that can be broken and started again. `url`: a superuser's, of its database `postgres`."""

    url: str
    port: int
    folder: Path
    programs: Path
    owner: pwd.struct_passwd | None
    settings: Sequence[str]
    process: subprocess.Popen[bytes]

    def restart(self) -> None:
        """Stop it at once, as a crash would, and start it again on the same port; returns once it answers."""
        stop(self.process)
        self.process = start(self.programs, self.folder, self.owner, self.port, self.settings)
        wait_until_ready(self.process, self.url, self.folder)


@contextmanager
def cluster(settings: Sequence[str] = SERVER_OPTIONS) -> Iterator[str]:
    """A running server: yields a superuser's URL of its database `postgres`. `settings` as on its command line."""
    with own_server(settings) as server:
        yield server.url


@contextmanager
def own_server(settings: Sequence[str] = SERVER_OPTIONS) -> Iterator[Server]:
    """`cluster` for those who break it. Raises ServerFailed, as that does."""
    programs = find_programs()
    sweep()
    owner = server_user()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=open_to_others()))
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        password = secrets.token_urlsafe(24)
        initialise(programs, folder, password, owner)
        port = free_port()
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        process = start(programs, folder, owner, port, settings)
        server = Server(url, port, folder, programs, owner, settings, process)
        try:
            wait_until_ready(process, url, folder)
            yield server
        finally:
            stop(server.process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder of initdb and postgres: Debian's newest, else the one on the path. Raises ServerFailed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian[-1:] or ([Path(on_path).resolve()] if on_path else [])
    if not found:
        raise ServerFailed("PostgreSQL is missing; ./run test installs it (postgresql-15 and postgresql-15-postgis-3)")
    return found[0].parent


def server_user() -> pwd.struct_passwd | None:
    """Who runs the server: the user `postgres` when we are root, else (None) we ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ServerFailed("PostgreSQL does not run as root, and there is no user `postgres`") from None


def open_to_others() -> str:
    """The temporary folder, or /tmp where another user could not reach into that."""
    folder = Path(tempfile.gettempdir()).resolve()
    reachable = all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))
    return str(folder) if reachable else "/tmp"


def sweep() -> None:
    """Remove the folders of runs that were killed before they could."""
    for folder in Path(open_to_others()).glob(f"{PREFIX}*"):
        named = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if named and not Path(f"/proc/{named[1]}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


def credentials(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """What makes a subprocess run as `owner`."""
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def initialise(programs: Path, folder: Path, password: str, owner: pwd.struct_passwd | None) -> None:
    """Make the server's files in `folder`."""
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password + "\n", encoding="ascii")
    if owner:
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    done = subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={folder / 'data'}",
            "--username=postgres",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        **credentials(owner),
    )
    secret.unlink()
    if done.returncode != 0:
        raise ServerFailed(f"initdb failed:\n{done.stdout}{done.stderr}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    programs: Path, folder: Path, owner: pwd.struct_passwd | None, port: int, settings: Sequence[str]
) -> subprocess.Popen[bytes]:
    """Start the server of `folder` on a port of 127.0.0.1; it logs to `folder`/log."""
    options = (f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *settings)
    # The kernel tells the server to stop at once when this process is gone, however it went.
    guard = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*guard, programs / "postgres", "-D", folder / "data", *(word for one in options for word in ("-c", one))],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a terminal's Ctrl-C is for the tests, the server is stopped after them
            **credentials(owner),
        )


def wait_until_ready(server: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    """Return once the server answers. Raises ServerFailed with its log when it ends or takes too long."""
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up and server.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise ServerFailed(f"PostgreSQL did not start:\n{(folder / 'log').read_text(errors='replace')[-4000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop at once: nothing of it is kept."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def create(server: str, name: str, template: str | None = None) -> str:
    """Make the database `name`, empty or a copy of `template`, on the server with this URL; return its own URL."""
    # a copy of the files instead of a log of each of their pages: half the work, for over a thousand tests
    copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
    run_sql(server, copied.format(sql.Identifier(name), sql.Identifier(template or "template1")))
    return f"{server.rsplit('/', 1)[0]}/{name}"


def drop(url: str) -> None:
    """Drop the database with this URL, whoever is still connected to it. Nothing happens when it is gone already."""
    base, name = url.rsplit("/", 1)
    run_sql(f"{base}/postgres", sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def run_sql(server: str, statement: sql.Composed) -> None:
    """Run one statement outside of a transaction."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def end_by(signum: int, _frame: FrameType | None) -> None:
    """Turn a signal into an exception, so that everything is tidied up on the way out."""
    raise SystemExit(128 + signum)


def supervise(command: Sequence[str]) -> int:
    """Run `command` to its end and return its exit status; when we are told to end, it ends first."""
    child = subprocess.Popen(command)
    try:
        return child.wait()
    except KeyboardInterrupt:
        # The terminal has told the child too; it prints what it has.
        wait_or_end(child)
        raise
    except SystemExit:
        child.terminate()
        wait_or_end(child)
        raise


def wait_or_end(child: subprocess.Popen[bytes]) -> None:
    """Let an interrupted child finish, but not for ever."""
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main(arguments: Sequence[str]) -> int:
    """The command line, see the module's words. A server given by the environment is used as it is."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, end_by)
    try:
        if os.environ.get(URL_VARIABLE):
            return supervise(arguments)
        with cluster() as url:
            os.environ[URL_VARIABLE] = url
            return supervise(arguments)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
