"""`gridmap serve`: the pages and the API over the database of GRIDMAP_DATABASE_URL."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.output import note, say

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gridmap.usecases.context import Context

#: bytes of an answer that the kernel takes at once
_SEND_BUFFER = 512 * 1024
#: bits that a proxy's network is named by at least, by the version of its addresses
_LEAST_PREFIX = {4: 8, 6: 16}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes; one for each core serves most.", min=1, max=64)] = 1,
    proxy: Annotated[
        str | None,
        typer.Option(
            help="Address of the proxy in front (several, or a network: 10.0.0.0/24), whose X-Forwarded-* headers are "
            "believed.",
            callback=lambda given: None if given is None else proxies(given),
        ),
    ] = None,
) -> None:
    """Serve the pages and the API, and send messages beside it, until it is told to stop.

    Example: gridmap serve --host 0.0.0.0 --workers 4 --proxy 127.0.0.1
    """
    ctx = _context()
    if host not in LOOPBACK and ctx.settings.secure_cookies and proxy is None:
        note(
            "browsers keep the log-in over https only: put a TLS proxy in front and name it by --proxy, "
            "or set GRIDMAP_SECURE_COOKIES=0 on a closed network"
        )
    if workers == 1:
        run(ctx, host=host, port=port, proxy=proxy)
        return
    _warm(ctx)  # what is compiled and indexed here is only read and mapped by the workers
    ctx.engine.dispose()
    say(f"http://{host}:{port}")
    run_workers("gridmap.cli.serve:application", factory=True, workers=workers, **_options(host, port, proxy))


def proxies(given: str) -> str:
    """Addresses of proxies as uvicorn takes them. BadParameter for "*", a name, or a network that holds everybody.

    Whoever is believed says which address a request comes from, and all limits on log-ins and reports go by that.
    """
    try:
        networks = [ipaddress.ip_network(one.strip(), strict=False) for one in given.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{given!r}: give the proxy's address in numbers, such as 127.0.0.1") from None
    if any(one.prefixlen < _LEAST_PREFIX[one.version] for one in networks):
        raise typer.BadParameter(f"{given!r} would let anybody say where a request comes from; name the proxy alone")
    return ",".join(str(one) for one in networks)


def run(ctx: Context, *, host: str, port: int, proxy: str | None = None) -> None:
    """Serve this context from this process until it is told to stop, sending messages beside it; what the read log
    holds is written at the end."""
    import uvicorn

    from api.app import create_app

    _warm(ctx)
    say(f"http://{host}:{port}")
    uvicorn.Server(uvicorn.Config(create_app(ctx, delivering=True), **_options(host, port, proxy))).run()


def run_workers(application: str, **options: Any) -> None:
    """Serve an application, named as `uvicorn` names it, from several processes until they are told to stop.

    As `uvicorn.run`, but that answers leave at once: on the socket it shares among processes a short answer waits for
    the client's acknowledgement of its headers, 40 ms with most clients. A page of borders fits the buffer whole: it
    is handed over at once, instead of piece by piece as the client reads.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = uvicorn.Config(application, **options)
    shared = config.bind_socket()
    shared.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    with contextlib.suppress(KeyboardInterrupt):
        Multiprocess(config, sockets=[shared]).run()


def application() -> FastAPI:
    """The application of one of several server processes."""
    from api.app import create_app

    ctx = _context()
    _warm(ctx)
    return create_app(ctx, delivering=True)


def _warm(ctx: Context) -> None:
    """Make ready what requests would otherwise wait for; `/readyz` answers after that."""
    from gridmap.plan.balance import make_ready
    from gridmap.store import read

    with read(ctx.engine) as conn:
        ctx.grounds.warm(conn, ctx.today())
    make_ready()


def _context() -> Context:
    """The context of GRIDMAP_*; EnvironmentFault when the database is not at this program's schema."""
    from gridmap.errors import EnvironmentFault
    from gridmap.settings import Settings
    from gridmap.store import head, revision
    from gridmap.usecases.context import open_context

    ctx = open_context(Settings.from_env())
    at = revision(ctx.engine)
    if at != head():
        raise EnvironmentFault(
            f"the database is at schema {at or 'none'}, this program needs {head()}: run `gridmap init`",
            code="not_migrated",
        )
    return ctx


def _options(host: str, port: int, proxy: str | None) -> dict[str, Any]:
    """How uvicorn serves: no access log (addresses hold reasons and codes; /metrics counts), no server's name."""
    return {
        "host": host,
        "port": port,
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": proxy is not None,
        "forwarded_allow_ips": proxy,
        "timeout_graceful_shutdown": 10,
    }
