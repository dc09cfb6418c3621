"""A storage on this machine that misbehaves as it is told. In: objects and faults by key. Out: the S3 protocol over HTTP, or files
over HTTPS, and how often each was asked.

Only what fetching asks for is answered; `make test-remote` asks moto, Azurite and an emulator of Google's instead.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

AT = "2026-10-02T08:00:00.000Z"
AT_HEADER = "Fri, 02 Oct 2026 08:00:00 GMT"


@dataclass
class Storage:
    """What is stored, what goes wrong, and what was asked."""

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    """Key -> what its next reads meet: a status, `cut`, `vanish` or `change`; the last one stays where it ends in `*`."""
    list_faults: list[str] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    def fault(self, faults: list[str]) -> str:
        """Return the next fault of a list, and forget it unless it stays."""
        if not faults:
            return ""
        return faults[0].removesuffix("*") if faults[0].endswith("*") else faults.pop(0)


def etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: a second one would wait 40 ms for the first
    storage: Storage

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        store = self.storage
        store.paths.append(self.path)
        if parts.path.startswith("/storage/v1/"):
            if not parts.path.endswith(
                "/o"
            ):  # the library asks where a bucket lies, and needs no answer
                self._error(403, "forbidden")
                return
            store.asked["list"] += 1
            self._list_json(query)
            return
        if "list-type" in query:
            store.asked["list"] += 1
            self._list(query)
            return
        store.asked["read" if with_body else "look"] += 1
        key = unquote(parts.path).split("/", 2)[2]
        if target := store.redirects.get(key):
            self._send(302, b"", {"Location": target})
            return
        fault = store.fault(store.faults.get(key, [])) if with_body else ""
        if fault == "vanish":
            store.objects.pop(key, None)
        if fault == "change":
            store.objects[key] = store.objects[key] + b"\n"
        data = store.objects.get(key)
        if data is None:
            self._error(404, "NoSuchKey")
        elif fault == "InvalidObjectState":
            self._error(403, fault)
        elif fault.isdecimal():
            self._error(int(fault), {"403": "AccessDenied", "503": "SlowDown"}.get(fault, "InternalError"))  # fmt: skip
        elif self.headers.get("If-Match", etag(data)) != etag(data):
            self._error(412, "PreconditionFailed")
        else:
            headers = {"ETag": etag(data), "Last-Modified": AT_HEADER}
            self._send(200, data, headers, cut=fault == "cut", with_body=with_body)

    def _list(self, query: dict[str, list[str]]) -> None:
        store = self.storage
        if fault := store.fault(store.list_faults):
            self._error(int(fault), {"403": "AccessDenied", "404": "NoSuchBucket"}.get(fault, "SlowDown"))  # fmt: skip
            return
        prefix, most = query.get("prefix", [""])[0], int(query.get("max-keys", ["1000"])[0])
        after = query.get("continuation-token", [""])[0]
        # As keys are in a token, the page that follows begins behind the last one.
        keys = [k for k in sorted(store.objects) if k.startswith(prefix) and k > after]
        page, is_cut = keys[:most], len(keys) > most
        rows = "".join(
            f"<Contents><Key>{quote(k)}</Key><LastModified>{AT}</LastModified><ETag>{escape(etag(store.objects[k]))}</ETag>"
            f"<Size>{len(store.objects[k])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for k in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if is_cut else ""  # fmt: skip
        text = (
            "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
            f"<EncodingType>url</EncodingType><IsTruncated>{str(is_cut).lower()}</IsTruncated>{rows}{token}</ListBucketResult>"
        )
        self._send(200, text.encode(), {"Content-Type": "application/xml"})

    def _list_json(self, query: dict[str, list[str]]) -> None:
        """A page of a list as Google's storage gives it."""
        store = self.storage
        most, after = int(query["maxResults"][0]), query.get("pageToken", [""])[0]
        keys = [k for k in sorted(store.objects) if k.startswith(query["prefix"][0]) and k > after]
        rows = [{"name": k, "size": str(len(store.objects[k])), "generation": "1", "etag": "e", "updated": AT} for k in keys[:most]]  # fmt: skip
        more = {"nextPageToken": keys[most - 1]} if len(keys) > most else {}
        self._send(200, json.dumps({"items": rows} | more).encode(), {"Content-Type": "application/json"})  # fmt: skip

    def _error(self, status: int, code: str) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
        self._send(status, text.encode(), {"Content-Type": "application/xml"})

    def _send(
        self,
        status: int,
        data: bytes,
        headers: dict[str, str],
        cut: bool = False,
        with_body: bool = True,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if with_body and self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True


@contextmanager
def served(storage: Storage, certificate: Path | None = None) -> Iterator[Storage]:
    """Serve a storage on a port of this machine; with a certificate and key in one file, over TLS."""
    handler = type("Handler", (_Handler,), {"storage": storage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    storage.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)  # fmt: skip
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(path: Path) -> Path:
    """Write a key and a certificate for localhost that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = dt.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(dt.datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
