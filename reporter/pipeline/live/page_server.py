"""The page over HTTP. In: what answers a name. Out: pages for whoever may read them.

It gives a fixed list of names to GET and HEAD. No connection lasts long, and a slow one makes room
for the next.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from reporter.errors import InputError
from reporter.pipeline.live.page_access import Access, Place

if TYPE_CHECKING:
    from io import BufferedIOBase

CONNECTIONS = 32
"""At a time; of more the oldest that has not asked for anything is closed, or else the oldest."""
TO_ASK = 5.0
"""Seconds for a request to arrive."""
TO_ANSWER = 60.0
"""Seconds for an answer to be taken."""
AT_LEAST_TO_ASK, AT_LEAST_TO_ANSWER = 0.25, 2.0
"""Seconds that each has, however many wait."""
REQUEST = 1 << 17
"""Bytes of a request that are read."""
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; connect-src 'self';"
    " img-src 'self'; base-uri 'none'; form-action 'none'"
)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_ARRIVED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Reporter</title>'
    '<meta http-equiv="refresh" content="0;url=/"><p><a href="/">Reporter</a></p></html>'
)
"""A link of another site would lose the cookie on a redirect, for that is still the other's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name stands for."""

    body: bytes
    kind: str
    policy: str = POLICY


Answers = Callable[[str], Answer | None]
"""Name -> answer; None where there is none of the name."""


class PageServer(ThreadingHTTPServer):
    """Serves the page on threads of its own."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, place: Place, token: str, answers: Answers) -> None:
        """Listen.

        Raises InputError where the address cannot be had.
        """
        self.address_family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        self.answers = answers
        self._open: dict[Any, _Connection] = {}
        self._lock = threading.Condition()
        try:
            super().__init__((place.host, place.port), _Handler)
        except OSError as error:
            raise InputError(
                f"no page can be served there: {error.strerror}",
                place.address(place.port).removeprefix("http://").rstrip("/"),
                "Give another --serve; with port 0 a free one is taken.",
            ) from error
        self.access = Access(token, self.server_port, place.host)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.25,), daemon=True)

    def begin(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def end(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()
        for connection in self._connections():
            _cut(connection)

    def server_bind(self) -> None:
        """Bind, and look up no name: that may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection; where there are too many, one that is slow goes."""
        with self._lock:
            self._make_room()
            self._open[request] = _Connection(request, time.monotonic())
        super().process_request(request, client_address)

    def _make_room(self) -> None:
        """Wait for one of many to end, for as long as none of them is slow; else close it."""
        while len(self._open) >= CONNECTIONS:
            oldest = min(self._open.values(), key=lambda c: (c.has_asked, c.began))
            allowed = AT_LEAST_TO_ANSWER if oldest.has_asked else AT_LEAST_TO_ASK
            left = oldest.began + allowed - time.monotonic()
            if left <= 0:
                self._open.pop(oldest.socket)
                _cut(oldest)
            else:
                self._lock.wait(left)

    def shutdown_request(self, request: Any) -> None:
        """Let a connection go."""
        with self._lock:
            self._open.pop(request, None)
            self._lock.notify()
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close what takes too long; called several times a second."""
        now = time.monotonic()
        for connection in self._connections():
            allowed = TO_ASK + (TO_ANSWER if connection.has_asked else 0)
            if now - connection.began > allowed:
                _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a connection that breaks off is the client's."""

    def has_asked(self, request: Any) -> None:
        """Note that the request of a connection has arrived."""
        with self._lock:
            if connection := self._open.get(request):
                connection.has_asked = True

    def _connections(self) -> list[_Connection]:
        with self._lock:
            return list(self._open.values())


@dataclass(slots=True)
class _Connection:
    socket: Any
    began: float
    has_asked: bool = False


class _Short:
    """Lines of a request, as many as are read of one."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file, self._left = file, REQUEST

    def readline(self, size: int = -1) -> bytes:
        """Return the next line.

        Raises HTTPException where the request is too long.
        """
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise HTTPException("the request is too long")
        return line

    def close(self) -> None:
        """Read no more."""
        self._file.close()


def _cut(connection: _Connection) -> None:
    with suppress(OSError):
        connection.socket.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: PageServer
    timeout = TO_ASK

    def setup(self) -> None:
        """Read no more than a request may have: the library would take a hundred long lines."""
        super().setup()
        self.rfile = cast("BufferedIOBase", _Short(self.rfile))

    def do_GET(self) -> None:
        """Answer with the page of a name, if it may be read."""
        self.server.has_asked(self.connection)
        self.connection.settimeout(TO_ANSWER)
        access, (name, _, query) = self.server.access, self.path.partition("?")
        if len(self.headers.get_all("Host") or ()) != 1 or not access.is_named_here(
            self.headers["Host"]
        ):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "Ask for this machine by its own name.")
        elif access.is_shown_in(query):
            self._welcome()
        elif not access.is_let_in(
            self.headers.get("Authorization", ""), self.headers.get("Cookie", "")
        ):
            words = "This page needs a token: open it with ?token=, or send it as Bearer."
            self._refuse(HTTPStatus.UNAUTHORIZED, words, {"WWW-Authenticate": "Bearer"})
        elif answer := self.server.answers(name):
            self._give(answer)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")

    do_HEAD = do_GET

    def _give(self, answer: Answer) -> None:
        tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            "Content-Security-Policy": f"{answer.policy}; frame-ancestors 'none'",
        }
        if tag in self.headers.get("If-None-Match", ""):
            self._send(HTTPStatus.NOT_MODIFIED, headers, None)
        else:
            self._send(HTTPStatus.OK, {"Content-Type": answer.kind, **headers}, answer.body)

    def _welcome(self) -> None:
        """Keep the token in a cookie, and lead to the page without it."""
        is_secure = self.headers.get("X-Forwarded-Proto", "") == "https"
        cookie = {"Set-Cookie": self.server.access.set_cookie(is_secure)}
        if self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
            self._send(HTTPStatus.SEE_OTHER, {"Location": "/", **cookie}, b"")
            return
        policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
        kind = {"Content-Type": "text/html; charset=utf-8"}
        self._send(HTTPStatus.OK, kind | cookie | policy, _ARRIVED.encode())

    def _refuse(self, status: HTTPStatus, words: str, more: Mapping[str, str] = {}) -> None:
        kind = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        }
        self._send(status, kind | {**more}, f"{words}\n".encode())

    def _send(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes | None) -> None:
        self.send_response(status)
        for name, value in (*_ALWAYS, *headers.items()):
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request that is answered here, in a few plain words."""
        status = HTTPStatus(code)
        if status == HTTPStatus.NOT_IMPLEMENTED:  # the method of the request
            status = HTTPStatus.METHOD_NOT_ALLOWED
        allow = {"Allow": "GET, HEAD"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        self.close_connection = True
        self._refuse(status, status.phrase, allow)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: an address may have the token."""

    def version_string(self) -> str:
        """Return the name of the program, and no version."""
        return "reporter"
