"""Whose word on a client's address is believed: a proxy that was named, and nobody else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import typer
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gridmap.cli.serve import proxies


def client_seen(proxy: str, peer: str, forwarded: str) -> str:
    """The client that the application sees, for a connection from `peer` with this X-Forwarded-For."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    scope = {
        "type": "http",
        "client": (peer, 1),
        "scheme": "http",
        "headers": [(b"x-forwarded-for", forwarded.encode())],
    }
    with ThreadPoolExecutor(1) as pool:  # a browser of an earlier test may leave its loop in this thread
        pool.submit(asyncio.run, ProxyHeadersMiddleware(app, proxies(proxy))(scope, None, None)).result()  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.1,10.0.0.0/24", "::1, 127.0.0.1"])
def test_the_named_proxy_tells_the_address_and_a_client_does_not(proxy: str) -> None:
    assert client_seen(proxy, "127.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert (
        client_seen(proxy, "127.0.0.1", "1.2.3.4, 203.0.113.9") == "203.0.113.9"
    )  # the first is the client's own word
    assert client_seen(proxy, "198.51.100.7", "1.2.3.4") == "198.51.100.7"


@pytest.mark.parametrize(
    "proxy", ["*", "0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "localhost", "nginx", "", "127.0.0.1,*"]
)
def test_nobody_else_is_believed(proxy: str) -> None:
    with pytest.raises(typer.BadParameter):
        proxies(proxy)
