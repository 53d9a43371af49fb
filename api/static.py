"""Static files under /static/<fingerprint>/...: the fingerprint is of all files together, so browsers keep them a year.

Style sheets and script modules refer to each other relatively and stay under the same fingerprint. The plain address
/static/... works too and is checked again each time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOREVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """The files of one folder, also under their fingerprint. `url("css/app.css")` is what a template writes."""

    def __init__(self, folder: Path, mounted_at: str = "/static") -> None:
        super().__init__(directory=folder)
        self.fingerprint = _fingerprint(folder)
        self.mounted_at = mounted_at

    def url(self, path: str) -> str:
        """The lasting address of a file of the folder."""
        return f"{self.mounted_at}/{self.fingerprint}/{path.lstrip('/')}"

    def get_path(self, scope: Scope) -> str:
        path = super().get_path(scope)
        first, _, rest = path.partition(os.sep)
        return rest if first == self.fingerprint else path

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        lasting = f"{self.mounted_at}/{self.fingerprint}/" in str(scope["path"])
        response.headers["Cache-Control"] = FOREVER if lasting else "no-cache"
        return response


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(_contents(folder).items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def _contents(folder: Path) -> Mapping[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
