"""Who may read the page. In: an address, a token, what a request says. Out: whether it is let in.

On loopback no token is needed, but the request has to name this machine: a page of somebody else,
open in the same browser, may have its own name point here. Any other address needs a token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

from reporter.errors import InputError

PORT = 8137
LOOPBACK = "127.0.0.1"
LEAST = 32
"""Characters of a token."""
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_TOKEN = re.compile(r"[!-~]+")
_PLACE = re.compile(r"(?:(\[[0-9a-fA-F:.]+\]|[^\[\]:]+):)?([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is served."""

    host: str = LOOPBACK
    port: int = PORT
    """0: one that is free."""

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        return ip_address(self.host).is_loopback

    def address(self, port: int) -> str:
        """Return what a browser opens, for the port that it got."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{port}/"


def place_of(text: str) -> Place:
    """Read `[HOST:]PORT`.

    Raises InputError where it is none.
    """
    match = _PLACE.fullmatch(text)
    host = (match[1] or LOOPBACK).strip("[]") if match else ""
    host = LOOPBACK if host == "localhost" else host
    try:
        ip_address(host)
    except ValueError:
        host = ""
    if not match or not host or int(match[2]) > 65535:
        raise InputError(
            "is no place to serve a page at",
            text,
            "Give a port, or an address of this machine and a port: 8137, 0.0.0.0:8137,"
            " [::1]:8137.",
        )
    return Place(host, int(match[2]))


def token_of(place: Place, file: Path | None, text: str) -> str:
    """Return the token that the page asks for, from a file or as it is given; '' for none.

    Raises InputError where one is needed and there is none, or it is too short or open to all.
    """
    name, token = "REPORTER_SERVE_TOKEN", text
    if file:
        name = str(file)
        if file.stat().st_mode & 0o007:
            raise InputError(
                "everyone on this machine can read or change this token",
                name,
                "Take the rights of others away: chmod o-rwx.",
            )
        token = file.read_text(encoding="utf-8", errors="replace").strip()
    if (file or text) and (len(token) < LEAST or not _TOKEN.fullmatch(token)):
        raise InputError(
            f"is no token of at least {LEAST} characters without spaces",
            name,
            "Make one: openssl rand -hex 32.",
        )
    if not token and not place.is_loopback:
        raise InputError(
            "can be reached from other machines, and no token is given",
            place.host,
            "Give --serve-token-file, or serve on 127.0.0.1.",
        )
    return token


@dataclass(frozen=True, slots=True)
class Access:
    """What a request must show."""

    token: str
    """'' where none is asked."""
    port: int
    host: str = LOOPBACK
    """Address that is listened on."""

    @property
    def cookie(self) -> str:
        """Name of the cookie: pages on other ports of the machine have other ones."""
        return f"reporter_{self.port}"

    @property
    def pass_(self) -> str:
        """What the cookie holds: it shows that the token was known, and is not the token."""
        return hmac.new(self.token.encode(), b"the live page", hashlib.sha256).hexdigest()

    def is_named_here(self, host: str) -> bool:
        """Tell whether a request without a token names this machine."""
        known = {*_LOCAL, f"[{self.host}]" if ":" in self.host else self.host}
        names = {f"{name}:{self.port}" for name in known} | (known if self.port == 80 else set())
        return bool(self.token) or host.lower() in names

    def is_let_in(self, authorization: str, cookie: str) -> bool:
        """Tell whether a request shows the token, or that it was shown before."""
        if not self.token:
            return True
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer" and _is_same(given.strip(), self.token):
            return True
        # Not SimpleCookie: what it unquotes takes a time that grows with the square of its length.
        pairs = (part.strip().partition("=") for part in cookie.split(";"))
        return any(k == self.cookie and _is_same(v, self.pass_) for k, _, v in pairs)

    def is_shown_in(self, query: str) -> bool:
        """Tell whether the query of an address has the token."""
        if not self.token:
            return False
        values = [
            v for k, _, v in (part.partition("=") for part in query.split("&")) if k == "token"
        ]
        return len(values) == 1 and _is_same(unquote(values[0]), self.token)

    def set_cookie(self, is_secure: bool) -> str:
        """Return the cookie for whoever has shown the token."""
        secure = "; Secure" if is_secure else ""
        return f"{self.cookie}={self.pass_}; Path=/; HttpOnly; SameSite=Strict{secure}"


def _is_same(given: str, expected: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
