"""One address of the web. In: an https address. Out: an ObjectStore of one object. No credentials
are sent but what the address holds.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from reporter.content.remote.remote_places import WEB, shown
from reporter.ingest.remote.stored_objects import (
    CHUNK,
    READ_SECONDS,
    ObjectError,
    StoredObject,
    broken,
    refusal,
)
from reporter.model.sentences import tell

_NO_HEAD = (401, 403, 405, 501)
"""How servers refuse to tell about a file without giving it; a signed address is for one verb."""


class _SameHost(HTTPRedirectHandler):
    """Follows a redirect that stays on the host: any other could lead into a network of its own."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (new.scheme, new.netloc) != (WEB, old.netloc):
            fp.close()
            raise _led_away()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class WebObjects:
    """The object at one address."""

    def __init__(self, address: str) -> None:
        self.address = shown(address)
        self._url = address
        context = ssl.create_default_context()
        self._opener = build_opener(HTTPSHandler(context=context), _SameHost())

    def page(self, after: str) -> tuple[list[StoredObject], str]:
        """Return the one object."""
        return [self.look(self.address)], ""

    def look(self, key: str) -> StoredObject:
        """Return the object as it is now, or one without a state where the server does not tell."""
        try:
            with self._asked("HEAD", {}) as answer:
                return _object(key, answer.headers)
        except HTTPError as error:
            if error.code in _NO_HEAD:
                error.close()
                return StoredObject(key, -1)
            raise _meaning(error) from None

    def read(self, object: StoredObject, take: Callable[[bytes], object]) -> StoredObject:
        """Hand on the bytes, as long as the object has the ETag that it had."""
        is_strong = object.etag and not object.etag.startswith("W/")
        try:
            with self._asked("GET", {"If-Match": object.etag} if is_strong else {}) as answer:
                found = _object(object.key, answer.headers)
                size = 0
                while chunk := answer.read(CHUNK):
                    size += len(chunk)
                    take(chunk)
        except HTTPError as error:
            raise _meaning(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise broken(type(error).__name__) from None
        if found.size not in (-1, size):
            raise broken("IncompleteRead")
        return found

    @contextmanager
    def _asked(self, method: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """Ask for the address; HTTPError is an answer, all else means that there was none."""
        # What is packed stays so: its bytes are the evidence.
        given = {"Accept-Encoding": "identity", "User-Agent": "agent-reporter", **headers}
        request = Request(self._url, headers=given, method=method)
        try:
            answer = self._opener.open(request, timeout=READ_SECONDS)
        except HTTPError:
            raise
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                why = tell("the certificate of the storage cannot be verified")
                raise ObjectError(why) from None
            raise broken(type(error.reason).__name__) from None
        except (OSError, http.client.HTTPException) as error:
            raise broken(type(error).__name__) from None
        with answer:
            yield answer


def _led_away() -> ObjectError:
    return ObjectError(
        tell("it is redirected to another host, which is not followed: name that one")
    )


def _meaning(error: HTTPError) -> ObjectError:
    error.close()
    return _led_away() if 300 <= error.code < 400 else refusal(error.code, f"HTTP {error.code}")


def _object(key: str, headers: Message) -> StoredObject:
    length = headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else -1
    return StoredObject(key, size, headers.get("ETag", ""), "", headers.get("Last-Modified", ""))
