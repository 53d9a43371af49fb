"""Real QGIS, where it is installed: Debian's `python3-qgis` and `qgis-providers`, which `./run` does not install."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import api_lite, county_file, spatialite_county

__all__ = ["api_lite", "county_file", "spatialite_county"]

#: the system's Python: QGIS comes with bindings for that one alone
PYTHON = "/usr/bin/python3"
SESSION = Path(__file__).with_name("session.py")

Qgis = Callable[..., Any]


@pytest.fixture(scope="session")
def qgis() -> Qgis:
    """Called as `session.py` is on a command line; what it printed, read as JSON."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OGR_", "VIRTUAL"))}
    environment = {**clean, "QT_QPA_PLATFORM": "offscreen"}
    if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", "import qgis.core"], env=environment,
                                                   capture_output=True, check=False).returncode:  # fmt: skip
        pytest.skip("QGIS is not installed: apt-get install python3-qgis qgis-providers")

    def ask(*words: Any) -> Any:
        texts = [
            one if isinstance(one, str) else str(one) if isinstance(one, Path) else json.dumps(one) for one in words
        ]
        done = subprocess.run(
            [PYTHON, str(SESSION), *texts], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        # GDAL warns of what it knows only in part
        assert "may only be partially supported" not in done.stderr, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return ask
