"""A local SMS gateway (or webhook receiver) over HTTP, and a small SMTP server: they answer as a test tells them to."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: what is done with the n-th request (from 0): a status, headers besides; or DROP: take it and say nothing
Answer = int | tuple[int, dict[str, str]] | None
DROP: Answer = None


@dataclass
class Gateway:
    """What came in, in order, and by key; `answer` decides. `hold` set: the next answers wait until it is cleared."""

    url: str = ""
    answer: Callable[[int, dict[str, Any]], Answer] = lambda _n, _body: 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    hold: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def keys(self) -> Counter[str]:
        """How often each key came."""
        return Counter(headers["idempotency-key"] for headers in self.headers)

    def take(self, headers: dict[str, str], raw: bytes) -> Answer:
        with self.lock:
            number, body = len(self.bodies), json.loads(raw)
            self.bodies.append(body)
            self.headers.append(headers)
            self.raw.append(raw)
        answer = self.answer(number, body)
        if self.hold.is_set():
            self.came.set()
            threading.Event().wait(30)  # whoever asked is killed meanwhile
        return answer


@contextmanager
def gateway(port: int = 0) -> Iterator[Gateway]:
    """A gateway on loopback; on a given port to come back after a death."""
    state = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            answer = state.take({name.lower(): value for name, value in self.headers.items()}, raw)
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, more = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", port), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}/send"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()


@dataclass
class Mailbox:
    """What an SMTP server took; `recipient` and `data` give the reply codes, `data` None: take it and hang up."""

    url: str = ""
    recipient: Callable[[str], int] = lambda _address: 250
    data: Callable[[int], int | None] = lambda _n: 250
    mails: list[Message] = field(default_factory=list)
    to: list[str] = field(default_factory=list)

    @property
    def keys(self) -> Counter[str]:
        return Counter(str(mail["Message-ID"]) for mail in self.mails)


@contextmanager
def smtp_server(port: int = 0) -> Iterator[Mailbox]:
    """A server that speaks enough of RFC 5321 for one message at a time."""
    state = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            to = ""
            while line := self.rfile.readline().decode().strip():
                verb = line.split(" ")[0].upper()
                if verb == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                    self.say(f"{state.recipient(to)} so be it")
                elif verb == "DATA":
                    if not self.take(to):
                        return
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def take(self, to: str) -> bool:
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            state.mails.append(message_from_bytes(b"".join(lines), policy=default))
            state.to.append(to)
            code = state.data(len(state.mails) - 1)
            if code is not None:
                self.say(f"{code} so be it")
            return code is not None

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        allow_reuse_address = True

    with Server(("127.0.0.1", port), Handler) as server:
        state.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
