"""Fixtures shared by all tests: fresh databases of both kinds, the shared data, a real browser, and no way outside.

One PostGIS server serves all workers of a run: `./run test` starts it and names it in GRIDMAP_TEST_POSTGRES_URL; where
that is not set, the process that leads the run starts one. Each worker migrates one template of each kind, and each
test gets its own copy.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.postgis import URL_VARIABLE, cluster, create, drop

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from sqlalchemy import Engine

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}

#: what Chromium is to do without: Playwright's own list, since only the last such argument counts, and pages of its own
#: that it makes for the address bar of each window, which took a quarter of the time of all pages
_WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "TcpPortRandomizationWin,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
#: Chromium as Debian ships it; the last one makes every name but loopback unknown to it
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={_WITHOUT}",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# In CI the same examples come each time, so that a red run is about the change; elsewhere new ones are tried.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "here")

_SERVERS = pytest.StashKey[ExitStack]()


# --- the run as a whole ---------------------------------------------------------------------------------------------


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of several that pytest-xdist started."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """With several workers, start the server before them: they inherit its address."""
    servers = config.stash[_SERVERS] = ExitStack()
    several = bool(config.getoption("numprocesses", None)) and not is_worker(config)
    if several and not config.option.collectonly and not os.environ.get(URL_VARIABLE):
        os.environ[URL_VARIABLE] = servers.enter_context(cluster())
        servers.callback(os.environ.pop, URL_VARIABLE, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what `pytest_configure` started."""
    if _SERVERS in config.stash:
        config.stash[_SERVERS].close()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run in which every test was skipped has tested nothing, and must not look green."""
    if is_worker(session.config) or exitstatus != pytest.ExitCode.OK or session.config.option.collectonly:
        return
    if not ran(session.config):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Say in a word what exit status 5 means."""
    if config.option.collectonly:
        return
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED or (exitstatus == pytest.ExitCode.OK and not ran(config)):
        terminalreporter.write_line("No test ran, so nothing was tested: that counts as a failure.", red=True)


def ran(config: pytest.Config) -> int:
    """How many tests came to an end by themselves: passed, failed or failing as expected."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed", "error", "xfailed", "xpassed"))


# --- no way outside -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_outside_network() -> Iterator[None]:
    """Refuse connections of this process to anything but loopback and local sockets."""

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(str(address[0])):
                raise PermissionError(f"tests reach no other host than this one, and {address[0]} is another")
            return original(self, address)

        return connect

    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    yield
    patch.undo()


def is_loopback(host: str) -> bool:
    """Whether a socket address's host stays on this machine; "" and "localhost" do."""
    return host in {"", "localhost", "::1"} or host.startswith("127.")


# --- data -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder `../shared/data` beside the project: real files. Skips where it is absent, but fails in CI."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        message = f"the real files are missing: {folder}"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)
    return folder


# --- databases ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[str]:
    """A superuser's URL of a running PostGIS server's database `postgres`, one server for all workers."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield given
        return
    with cluster() as url:
        yield url


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """What sets this process's databases apart from those of other processes on the same server."""
    named: dict[str, str] = getattr(request.config, "workerinput", {})
    return f"{named.get('workerid', 'main')}_{os.getpid()}"


@pytest.fixture(scope="session")
def empty_postgis(postgis_server: str, worker_name: str) -> Iterator[Callable[[str | None], str]]:
    """Make databases: called with a template's name, or None for an empty one, it returns a fresh database's URL.

    Those that are still there at the end of the session are dropped then; `tests.postgis.drop` drops one earlier.
    """
    numbers = count()
    names: list[str] = []

    def make(template: str | None = None) -> str:
        name = f"gridmap_{worker_name}_{next(numbers)}"
        names.append(name)
        return create(postgis_server, name, template)

    yield make
    for name in reversed(names):
        drop(f"{postgis_server.rsplit('/', 1)[0]}/{name}")


@pytest.fixture(scope="session")
def migrated_postgis(empty_postgis: Callable[[str | None], str]) -> str:
    """The name of a database with our schema and no rows, to be copied."""
    url = empty_postgis(None)
    migrate(url)
    return url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def migrated_spatialite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SpatiaLite file with our schema and no rows, to be copied."""
    path = tmp_path_factory.mktemp("template") / "gridmap.sqlite"
    migrate(f"sqlite:///{path}")
    # One file to copy: what stands in the write-ahead log goes into it.
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def migrate(url: str) -> None:
    """Bring the database at `url` to our newest schema and let go of it."""
    from gridmap.store import open_engine, upgrade  # after the fixtures that need no store

    engine = open_engine(url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


@pytest.fixture
def spatialite_url(migrated_spatialite: Path, tmp_path: Path) -> str:
    """The URL of a fresh SpatiaLite database with our schema."""
    return f"sqlite:///{shutil.copyfile(migrated_spatialite, tmp_path / 'gridmap.sqlite')}"


@pytest.fixture
def postgis_url(migrated_postgis: str, empty_postgis: Callable[[str | None], str]) -> Iterator[str]:
    """The URL of a fresh PostGIS database with our schema, dropped afterwards."""
    url = empty_postgis(migrated_postgis)
    yield url
    drop(url)


@pytest.fixture(params=["spatialite", "postgis"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with our schema: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """`database_url`, opened."""
    from gridmap.store import open_engine

    opened = open_engine(database_url)
    yield opened
    opened.dispose()


# --- a browser ------------------------------------------------------------------------------------------------------


def chromium_path() -> str:
    """Where Chromium is; a test fails without it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.fail("Chromium is missing; ./run test installs it")
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium. Take a `chromium.new_context(service_workers="block")` in each test, and close it.

    Playwright's event loop stays in this thread until the session ends: other tests of the same process must run
    their coroutines in a thread of their own, as Starlette's TestClient does, not by `asyncio.run`.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
