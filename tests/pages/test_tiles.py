"""Base tiles of one's own: fetched by the server from the one source of the settings, for those who are logged in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.county import SmallCounty, county_file, spatialite_county

__all__ = ["county_file", "spatialite_county"]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Source(BaseHTTPRequestHandler):
    """A tile source: 1/0/0 is a tile, 1/1/0 is missing, 1/0/1 is a page, 1/1/1 never ends."""

    def do_GET(self) -> None:
        kind, body, status = {
            "/1/0/0.png": ("image/png", PNG, 200),
            "/1/1/0.png": ("text/plain", b"no", 404),
            "/1/0/1.png": ("text/html", b"<script>alert(1)</script>", 200),
            "/1/1/1.png": ("image/png", bytes(1_000_001), 200),
        }.get(self.path, ("text/plain", b"broken", 500))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def source() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png"
    server.shutdown()
    server.server_close()


def client_of(county: SmallCounty, tile_url: str | None, tile_crs: str = "wgs84") -> TestClient:
    ctx = county.ctx
    settings = replace(ctx.settings, tile_url=tile_url, tile_crs=tile_crs, tile_attribution="© <b>示例</b>")
    return TestClient(create_app(replace(ctx, settings=settings), county.passwords))


def test_tiles_come_through_the_server(spatialite_county: SmallCounty, source: str) -> None:
    signed = {"Authorization": f"Bearer {spatialite_county.token('worker-a')}"}
    with client_of(spatialite_county, source) as client:
        answer = client.get("/tiles/base/1/0/0.png", headers=signed)
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["cache-control"] == "private, max-age=86400"
        assert client.get("/tiles/base/1/0/0.png").status_code == 401
        missing, broken, wrong = ("1/1/0", "1/2/0"), ("1/0/1", "1/1/1", "2/0/0"), ("20/0/0", "-1/0/0", "a/b/c")
        expected = dict.fromkeys(missing, 404) | dict.fromkeys(broken, 503) | dict.fromkeys(wrong, 422)
        for path, status in expected.items():
            found = client.get(f"/tiles/base/{path}.png", headers=signed)
            assert found.status_code == status, path
            assert b"script" not in found.content


def test_without_a_source_there_are_none(spatialite_county: SmallCounty) -> None:
    signed = {"Authorization": f"Bearer {spatialite_county.token('worker-a')}"}
    with client_of(spatialite_county, None) as client:
        assert client.get("/tiles/base/1/0/0.png", headers=signed).status_code == 404
        assert "tileLayer" not in client.get("/plan", headers=signed).text


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/{z}"])
def test_only_web_addresses_are_sources(spatialite_county: SmallCounty, url: str) -> None:
    signed = {"Authorization": f"Bearer {spatialite_county.token('worker-a')}"}
    with client_of(spatialite_county, url) as client:
        assert client.get("/tiles/base/1/0/0.png", headers=signed).status_code == 503


def test_a_source_that_is_down_is_said(spatialite_county: SmallCounty) -> None:
    signed = {"Authorization": f"Bearer {spatialite_county.token('worker-a')}"}
    with client_of(spatialite_county, "http://127.0.0.1:9/{z}/{x}/{y}.png") as client:
        assert client.get("/tiles/base/1/0/0.png", headers=signed).status_code == 503


def test_pages_draw_them_and_know_their_crs(spatialite_county: SmallCounty, source: str) -> None:
    signed = {"Authorization": f"Bearer {spatialite_county.token('planner')}"}
    with client_of(spatialite_county, source, "gcj02") as client:
        text = client.get("/plan", headers=signed).text
    assert '"/tiles/base/{z}/{x}/{y}.png"' in text
    assert '"crs": "gcj02"' in text
    assert "<b>示例</b>" not in text  # the attribution goes to the page as data, and from there as text
