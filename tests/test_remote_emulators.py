"""The three storages as their own libraries speak to them: moto for S3, Azurite for Azure, an emulator for Google's.

`make test-remote` installs all of it; what is missing is skipped by name.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from test_remote import adds_up, log, whys

from reporter.content.remote.remote_places import RemotePlace
from reporter.errors import InputError
from reporter.ingest.remote import fetch as fetching
from reporter.ingest.remote.fetch import Fetched, Surroundings, fetch

pytestmark = pytest.mark.slow

_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of Azurite, which publishes it: it opens nothing else."""
ODD = ("a//b.json", "Ü b.json", "%41+q", "c.json?x=1&y", "Case", "case", "n" * 700)


@dataclass
class Emulated:
    """A storage with an empty bucket."""

    name: str
    place: RemotePlace
    put: Callable[[str, bytes], object]
    remove: Callable[[str], object]
    module: str
    pages: int = 3
    """Of a list of seven objects."""


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(program: str, *words: str, port: int) -> Iterator[None]:
    path = shutil.which(program)
    if not path:
        pytest.skip(f"{program} is not installed: `make test-remote`")
    process = subprocess.Popen([path, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.kill()  # it keeps nothing, and Azurite takes its time to end
        process.wait()


@contextmanager
def _s3(patch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    pytest.importorskip("botocore")
    import botocore.session

    port = _port()
    with _running("moto_server", "-H", "127.0.0.1", "-p", str(port), port=port):
        patch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client: Any = botocore.session.Session().create_client("s3")
        client.create_bucket(Bucket="audit")
        client.put_bucket_versioning(Bucket="audit", VersioningConfiguration={"Status": "Enabled"})
        yield Emulated(
            "s3",
            RemotePlace("s3://audit/logs/", "logs/x"),
            lambda key, data: client.put_object(Bucket="audit", Key=key, Body=data),
            lambda key: client.delete_object(Bucket="audit", Key=key),
            "s3_objects",
        )


@contextmanager
def _az(patch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    blob = pytest.importorskip("azure.storage.blob")
    port = _port()
    words = ("--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--blobHost", "127.0.0.1")  # fmt: skip
    with _running("azurite-blob", *words, "--blobPort", str(port), port=port):
        text = f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};BlobEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
        patch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
        client = blob.ContainerClient.from_connection_string(text, "audit")
        client.create_container()
        yield Emulated(
            "az",
            RemotePlace(f"az://{_ACCOUNT}/audit/logs/", "logs/x"),
            lambda key, data: client.upload_blob(key, data, overwrite=True),
            client.delete_blob,
            "azure_objects",
        )
        client.close()


@contextmanager
def _gs(patch: pytest.MonkeyPatch) -> Iterator[Emulated]:
    storage = pytest.importorskip("google.cloud.storage")
    port = _port()
    words = ("start", "--host", "127.0.0.1", "--port", str(port), "--in-memory")
    with _running("gcp-storage-emulator", *words, port=port):
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        bucket = storage.Client(project="x").create_bucket("audit")

        def put(key: str, data: bytes) -> None:
            blob = bucket.blob(key)
            if key.endswith(".gz"):
                blob.content_encoding = (
                    "gzip"  # as gsutil does with -Z: not to be unpacked on the way
                )
            blob.upload_from_string(data)

        yield Emulated(
            "gs",
            RemotePlace("gs://audit/logs/", "logs/x"),
            put,
            lambda key: bucket.blob(key).delete(),
            "gcs_objects",
            pages=1,  # the emulator gives no pages; test_remote.py has a server that does
        )


@pytest.fixture(scope="module", params=[_s3, _az, _gs], ids=["s3", "az", "gs"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulated]:
    with pytest.MonkeyPatch.context() as patch, request.param(patch) as emulated:
        patch.setattr(f"reporter.ingest.remote.{emulated.module}.PAGE", 3)
        yield emulated


@pytest.fixture
def emulated(emulator: Emulated, monkeypatch: pytest.MonkeyPatch) -> Emulated:
    """A storage with seven packed logs, and nothing that an earlier test left."""
    monkeypatch.setattr(fetching, "FIRST_WAIT", 0.001)
    for key in (*ODD, "new.json"):
        try:
            emulator.remove(f"logs/{key}")
        except Exception:  # noqa: BLE001 - it is not there, as each storage says in its own way
            continue
    for n in range(7):
        emulator.put(f"logs/2026/{n}.jsonl.gz", log(n))
    return emulator


def _fetched(folder: Path, emulated: Emulated) -> Fetched:
    part = folder / "part"
    part.mkdir(exist_ok=True)
    return fetch([emulated.place], set(), Surroundings(folder, part, os.environ))


def test_all_pages_are_fetched_as_they_are_stored_and_not_twice(emulated: Emulated, tmp_path: Path) -> None:  # fmt: skip
    first = _fetched(tmp_path, emulated)
    assert adds_up(first) == (7, 7, 0, 0) and first.requests == emulated.pages + 7
    assert [f.path.read_bytes() for f in first.files] == [log(n) for n in range(7)]
    assert all(f.origin and (f.origin.etag or f.origin.version) for f in first.files)
    if emulated.name != "az":  # Azurite keeps no versions
        assert all(f.origin and f.origin.version for f in first.files)
    again = _fetched(tmp_path, emulated)
    assert again.files == first.files and (again.requests, again.bytes) == (emulated.pages, 0)


def test_what_changed_is_fetched_alone(emulated: Emulated, tmp_path: Path) -> None:
    _fetched(tmp_path, emulated)
    emulated.put("logs/2026/3.jsonl.gz", log(70, 9))
    again = _fetched(tmp_path, emulated)
    assert again.requests == emulated.pages + 1 and again.files[3].path.read_bytes() == log(70, 9)


def test_odd_keys_are_objects_like_others(emulated: Emulated, tmp_path: Path) -> None:
    for key in ODD:
        emulated.put(f"logs/{key}", key.encode())
    result = _fetched(tmp_path, emulated)
    assert adds_up(result) == (14, 14, 0, 0)
    assert {f.path.read_bytes() for f in result.files} >= {key.encode() for key in ODD}


def _meanwhile(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something between the list and the first read."""
    listed = fetching.list_places

    def list_and_act(*given: Any) -> Any:
        found = listed(*given)
        act()
        return found

    patch.setattr(fetching, "list_places", list_and_act)


def test_what_goes_meanwhile_is_named(emulated: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _meanwhile(monkeypatch, lambda: emulated.remove("logs/2026/2.jsonl.gz"))
    result = _fetched(tmp_path, emulated)
    assert adds_up(result) == (7, 6, 1, 0)
    assert "it was removed after it had been listed" in whys(result)["logs/x/2026/2.jsonl.gz"]


def test_what_is_written_meanwhile_is_read_in_its_new_state(emulated: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _meanwhile(monkeypatch, lambda: emulated.put("logs/2026/2.jsonl.gz", log(50, 8)))
    result = _fetched(tmp_path, emulated)
    assert adds_up(result) == (7, 7, 0, 0) and result.files[2].path.read_bytes() == log(50, 8)


def test_a_bucket_that_is_not_there_is_said(emulated: Emulated, tmp_path: Path) -> None:
    place = RemotePlace(emulated.place.url.replace("/audit/", "/no-such-bucket/"), "logs/x")
    emulated = Emulated("", place, emulated.put, emulated.remove, "")
    with pytest.raises(InputError, match="there is no such place"):
        _fetched(tmp_path, emulated)
