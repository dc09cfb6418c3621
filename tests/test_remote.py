"""Evidence in object storage: every object that is listed is read, or named with the reason; nothing is fetched unasked or twice, and
no credential leaves the environment."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from conftest import reporter
from fixture_storage import Storage, make_certificate, served

from reporter import assess
from reporter.content.remote.remote_places import RemotePlace, read_places
from reporter.content.workspace import NAME, read_workspace
from reporter.content.yaml import fields
from reporter.errors import InputError
from reporter.ingest.readers import inputs
from reporter.ingest.readers.files import InputFile
from reporter.ingest.remote import fetch as fetching
from reporter.ingest.remote import remote_inputs
from reporter.ingest.remote.fetch import Fetched, Surroundings, fetch
from reporter.ingest.remote.object_names import distinct, file_name, is_left_out
from reporter.pipeline import kept_runs
from reporter.system.folders import EVIDENCE

NAME_OF = kept_runs.name_of  # before a fixture of the session replaces it
HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
AGENTS = '{"type": "agent", "actor_id": "a1", "state": "active"}\n'
EVENT = '{"time": "2026-08-01T08:00:%02dZ", "actor_id": "a1", "actor_kind": "agent", "outcome": "success", "event_id": "e%d"}\n'
SECRET, SIGNATURE = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "Zm9vYmFyc2lnbmF0dXJl"
S3 = RemotePlace("s3://audit/logs/", "logs/s3")


def log(first: int, n: int = 3) -> bytes:
    """A packed log of a few lines."""
    lines = (EVENT % (i % 60, i) for i in range(first, first + n))
    return gzip.compress("".join(lines).encode(), mtime=0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is not what is tested."""
    monkeypatch.setattr(fetching, "FIRST_WAIT", 0.001)


@cache
def _loader(path: str | None = None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(path)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A bucket with six packed logs, and the environment of one who may read it."""
    pytest.importorskip("botocore", reason="the extra s3 is not installed")
    import botocore.session

    from reporter.ingest.remote import s3_objects

    # Reading the descriptions of a service takes longer than a test.
    monkeypatch.setattr(botocore.session, "create_loader", _loader)
    monkeypatch.setattr(s3_objects, "PAGE", 4)
    with served(Storage({f"logs/2026/{n}.jsonl.gz": log(3 * n) for n in range(6)})) as storage:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{storage.port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield storage


def fetched(folder: Path, *places: RemotePlace, most: int = 0, **environ: str) -> Fetched:
    """Fetch places into a cache that lasts as long as the test."""
    part = folder / "part"
    part.mkdir(parents=True, exist_ok=True)
    return fetch(places or (S3,), set(), Surroundings(folder, part, environ, most))


def whys(result: Fetched) -> dict[str, str]:
    """The objects that were lost, with the reason."""
    return {f.name: str(f.why) for f in result.files if f.is_lost}


def adds_up(result: Fetched) -> tuple[int, int, int, int]:
    """Return listed, read, lost and left out of the one place, once they are known to add up."""
    (count,) = result.counts
    assert count.listed == count.read + count.lost + count.left_out
    assert count.read == sum(not f.is_lost for f in result.files) and count.lost == len(
        whys(result)
    )
    return count.listed, count.read, count.lost, count.left_out


# ---------------------------------------------------------------- what reporter.yml may say


def settings(tmp_path: Path, text: str) -> tuple[RemotePlace, ...]:
    (tmp_path / NAME).write_text(HEAD + text, encoding="utf-8")
    return read_places(fields(tmp_path / NAME))


def test_an_entry_may_name_several_places_of_one_folder(tmp_path: Path) -> None:
    given = "remote: [{from: [s3://audit/a/, gs://audit/b/], to: logs/x/}, {from: 'az://acct/logs/p', to: logs/y},"
    given += " {from: 'https://h.example.com/a.json', to: inventory}, {from: 'env:ADDRESSES', to: inventory}]"
    places = settings(tmp_path, given)
    assert [(p.scheme, p.root, p.prefix, p.to) for p in places[:3]] == [
        ("s3", "audit", "a/", "logs/x"),
        ("gs", "audit", "b/", "logs/x"),
        ("az", "acct/logs", "p", "logs/y"),
    ]
    assert [(p.url, p.variable) for p in places[3:]] == [("https://h.example.com/a.json", ""), ("", "ADDRESSES")]  # fmt: skip


WRONG = {
    "no list": ("remote: {from: s3://bucket/, secret_key: " + SECRET + "}", "expected a list"),
    "no mapping": ("remote: [s3://bucket/a/]", "expected `from` and `to`"),
    "a key": (f"remote: [{{from: s3://bucket/a/, to: logs, secret_key: {SECRET}}}]", "Credentials come from the environment"),
    "a password": (f"remote: [{{from: 'https://u:{SECRET}@h.example.com/a', to: logs}}]", "must not hold a user"),
    "a signature": (f"remote: [{{from: 'https://h.example.com/a?sig={SECRET}', to: logs}}]", "env:NAME_OF_VARIABLE"),
    "a signed object": (f"remote: [{{from: 's3://bucket/a?X-Amz-Signature={SECRET}', to: logs}}]", "query"),
    "a user of a bucket": (f"remote: [{{from: 's3://AKIA:{SECRET}@bucket/a', to: logs}}]", "expected s3://BUCKET/PREFIX"),
    "no prefix": ("remote: [{from: s3://bucket, to: logs}]", "expected s3://BUCKET/PREFIX"),
    "another host for Azure": ("remote: [{from: az://evil.example.com/c/p, to: logs}]", "expected az://ACCOUNT"),
    "not encrypted": ("remote: [{from: 'http://h.example.com/a', to: logs}]", "not encrypted"),
    "a file": ("remote: [{from: 'file:///etc/passwd', to: logs}]", "must begin with"),
    "no folder": ("remote: [{from: s3://bucket/a/}]", "`to` must be a folder in one of"),
    "out of the workspace": ("remote: [{from: s3://bucket/a/, to: logs/../../x}]", "`to` must be a folder in one of"),
    "content": ("remote: [{from: s3://bucket/a/, to: mappings}]", "`to` must be a folder in one of"),
    "twice": ("remote: [{from: s3://bucket/a/, to: logs}, {from: s3://bucket/a/b, to: logs/b}]", "count twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_place_is_refused_by_its_line_and_not_repeated(
    case: str, tmp_path: Path
) -> None:
    text, says = WRONG[case]
    with pytest.raises(InputError) as caught:
        settings(tmp_path, text)
    assert says in str(caught.value) and SECRET not in str(caught.value)
    assert re.search(rf"{NAME}:\d", caught.value.place)


def test_folders_of_evidence_are_said_once() -> None:
    assert inputs.FOLDERS is EVIDENCE


# ---------------------------------------------------------------- names


NAMES = {
    "2026/a.json": "logs/s3/2026/a.json",
    "../../etc/passwd": "logs/s3/%2E%2E/%2E%2E/etc/passwd",
    "a//b": "logs/s3/a/%2F/b",
    "a/": "logs/s3/a/%2F",
    "./x": "logs/s3/%2E/x",
    "new\nline\x1b[31m": "logs/s3/new%0Aline%1B[31m",
    "\u202egnp.exe": "logs/s3/%E2%80%AEgnp.exe",
    "sheet!1\\2": "logs/s3/sheet%211%5C2",
    "Ünï.json": "logs/s3/Ünï.json",
    "\ud800": "logs/s3/%ED%A0%80",
}


@pytest.mark.parametrize("key", NAMES)
def test_a_name_stays_in_its_folder_and_can_be_read(key: str) -> None:
    name = file_name("logs/s3", key)
    assert name == NAMES[key] and name.isprintable() and not {"", ".", ".."} & {*name.split("/")}


def test_names_that_would_be_one_are_told_apart() -> None:
    taken = {"logs/a"}
    assert distinct(["logs/a", "logs/A", "logs/a"], taken) == ["logs/a~", "logs/A", "logs/a~~"]


@pytest.mark.parametrize(("key", "size", "left_out"), [("a/", 0, True), ("a/", 5, False), ("a/.DS_Store", 9, True), ("a", 0, False)])  # fmt: skip
def test_only_what_systems_leave_behind_is_left_out(key: str, size: int, left_out: bool) -> None:
    assert is_left_out(key, size) is left_out


# ---------------------------------------------------------------- fetching


def test_all_pages_are_fetched_and_the_counts_add_up(store: Storage, tmp_path: Path) -> None:
    store.objects |= {"logs/2026/": b"", "logs/.DS_Store": b"x", "logs-of-others/x": b"y"}
    result = fetched(tmp_path)
    assert adds_up(result) == (8, 6, 0, 2) and store.asked == {"list": 2, "read": 6}
    assert [f.name for f in result.files] == [f"logs/s3/2026/{n}.jsonl.gz" for n in range(6)]
    assert all(f.gzipped and f.format == "jsonl" for f in result.files)
    first = result.files[0]
    assert first.path.read_bytes() == log(0) and first.path.name.startswith(first.sha256)
    assert (
        first.origin and first.origin.url == "s3://audit/logs/2026/0.jsonl.gz" and first.origin.etag
    )


def test_what_has_not_changed_costs_the_list_alone(store: Storage, tmp_path: Path) -> None:
    before = fetched(tmp_path)
    store.asked.clear()
    assert fetched(tmp_path).files == before.files and store.asked == {"list": 2}
    store.objects["logs/2026/3.jsonl.gz"] = log(99)
    store.asked.clear()
    after = fetched(tmp_path)
    assert store.asked == {"list": 2, "read": 1}
    assert [a.sha256 == b.sha256 for a, b in zip(before.files, after.files, strict=True)] == [True] * 3 + [False] + [True] * 2  # fmt: skip


def test_odd_keys_are_objects_like_others(store: Storage, tmp_path: Path) -> None:
    keys = ["..", "a//b.json", "dir/", "x/../../y", "ctl\x01", "q?a=1#f", "%41", "p+ q", "Case", "case", "l" * 900, "<b>&"]  # fmt: skip
    store.objects = {f"logs/{k}": k.encode() for k in keys}
    result = fetched(tmp_path)
    assert adds_up(result) == (12, 12, 0, 0) and len({f.name for f in result.files}) == 12
    assert {f.path.read_bytes().decode() for f in result.files} == {*keys}
    inside = (tmp_path / "remote" / "objects").resolve()
    assert all(f.path.resolve().is_relative_to(inside) and len(f.path.name) < 80 for f in result.files)  # fmt: skip


FAULTS = {
    "busy twice": (["503", "500"], ""),
    "cut once": (["cut"], ""),
    "written to": (["change"], ""),
    "written to again and again": (["change*"], "it was written to while it was being fetched"),
    "gone": (["vanish"], "it was removed after it had been listed"),
    "denied": (["403*"], "access is denied (AccessDenied)"),
    "archived": (["InvalidObjectState*"], "it is archived: restore it, then run again"),
    "busy for good": (["503*"], "the storage did not answer in full (SlowDown)"),
    "cut for good": (["cut*"], "the storage did not answer in full"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_an_object_is_read_or_named_with_the_reason(case: str, store: Storage, tmp_path: Path) -> None:  # fmt: skip
    faults, why = FAULTS[case]
    store.faults["logs/2026/2.jsonl.gz"] = [*faults]
    result = fetched(tmp_path)
    assert adds_up(result) == (6, 5 if why else 6, 1 if why else 0, 0)
    assert [why in text for text in whys(result).values()] == [True] * bool(why)
    assert store.asked["read"] <= 5 + fetching.TRIES
    if not why:
        held = next(f for f in result.files if f.name.endswith("2.jsonl.gz"))
        assert held.path.read_bytes() == store.objects["logs/2026/2.jsonl.gz"]


def test_a_lost_object_is_tried_again_by_the_next_run(store: Storage, tmp_path: Path) -> None:
    store.faults["logs/2026/2.jsonl.gz"] = ["403"]
    assert adds_up(fetched(tmp_path))[2] == 1
    store.asked.clear()
    assert adds_up(fetched(tmp_path)) == (6, 6, 0, 0) and store.asked["read"] == 1


REFUSED = {
    "the list is denied": ({"list_faults": ["403"]}, "cannot be listed: access is denied"),
    "the second page fails": ({"list_faults": ["", *["503"] * 9]}, "cannot be listed: the storage did not answer"),
    "there is no bucket": ({"list_faults": ["404"]}, "there is no such place"),
    "nothing may be read": ({"faults": {f"logs/2026/{n}.jsonl.gz": ["403*"] for n in range(6)}}, "none of its 6 objects"),
    "it stops answering": ({"faults": {f"logs/2026/{n}.jsonl.gz": ["503*"] for n in range(4)}}, "has stopped answering"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_accounted_for_is_refused(case: str, store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    given, says = REFUSED[case]
    vars(store).update(given)
    monkeypatch.setattr(fetching, "SILENT", 4)
    monkeypatch.setattr(fetching, "THREADS", 1)
    with pytest.raises(InputError) as caught:
        fetched(tmp_path)
    assert says in str(caught.value) and caught.value.place == "s3://audit/logs/"


def test_no_credentials_are_said_at_once(store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(InputError, match="no usable credentials"):
        fetched(tmp_path)
    assert not store.paths


def test_more_than_there_is_room_for_is_refused_before_it_is_fetched(store: Storage, tmp_path: Path) -> None:  # fmt: skip
    with pytest.raises(InputError, match="to be fetched, and there is room for"):
        fetched(tmp_path, most=100)
    assert store.asked["read"] == 0


def test_a_list_without_end_is_refused(store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(fetching, "MOST_OBJECTS", 5)
    with pytest.raises(InputError, match="more than 5 objects"):
        fetched(tmp_path)


def damage_bytes(cache: Path) -> None:
    path = next((cache / "remote" / "objects").rglob("*.gz"))
    path.write_bytes(bytes(path.stat().st_size))


def damage_length(cache: Path) -> None:
    next((cache / "remote" / "objects").rglob("*.gz")).write_bytes(b"")


def damage_line(cache: Path) -> None:
    path = next((cache / "remote" / "listings").iterdir())
    path.write_bytes(path.read_bytes()[:-20])


def lead_elsewhere(cache: Path) -> None:
    path = next((cache / "remote" / "listings").iterdir())
    lines = path.read_bytes().splitlines(keepends=True)
    line = json.loads(lines[-1]) | {"file": "../../../../etc/passwd"}
    path.write_bytes(b"".join(lines[:-1]) + json.dumps(line).encode())


@pytest.mark.parametrize("damage", [damage_bytes, damage_length, damage_line, lead_elsewhere])
def test_a_damaged_cache_costs_the_object_alone(damage: Any, store: Storage, tmp_path: Path) -> None:  # fmt: skip
    before = fetched(tmp_path)
    damage(tmp_path)
    store.asked.clear()
    after = fetched(tmp_path)
    assert store.asked == {"list": 2, "read": 1}
    assert [f.sha256 for f in after.files] == [f.sha256 for f in before.files]
    assert all(f.path.stat().st_size == f.size for f in after.files)


def test_bytes_that_rot_under_an_old_time_are_no_evidence(store: Storage, tmp_path: Path) -> None:
    """Reading shows what a look at the time does not; the next run fetches it anew."""
    import os

    file = fetched(tmp_path).files[0]
    status = file.path.stat()
    file.path.write_bytes(bytes(status.st_size))
    os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = fetched(tmp_path).files[0]
    with inputs.Inputs([again]) as opened:
        assert not opened.digest(again).is_whole
    store.asked.clear()
    assert fetched(tmp_path).files[0].sha256 == file.sha256 and store.asked["read"] == 1


def test_one_content_under_two_keys_lies_there_once(store: Storage, tmp_path: Path) -> None:
    store.objects = {"logs/a.json": b"{}", "logs/b.json": b"{}"}
    assert len({f.path for f in fetched(tmp_path).files}) == 1


def test_two_runs_at_a_time_disturb_each_other_not(store: Storage, tmp_path: Path) -> None:
    """What one has is not replaced under it by the other."""
    first = fetched(tmp_path)
    shutil.rmtree(tmp_path / "remote" / "listings")
    stamps = [f.stamp for f in first.files]
    assert [f.stamp for f in fetched(tmp_path).files] == stamps


def test_all_pages_of_google_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its emulators give no pages."""
    pytest.importorskip("google.cloud.storage", reason="the extra gs is not installed")
    from reporter.ingest.remote import gcs_objects

    monkeypatch.setattr(gcs_objects, "PAGE", 2)
    with served(Storage({f"logs/{n}": b"x" for n in range(5)})) as storage:
        environ = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{storage.port}"}
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", environ["STORAGE_EMULATOR_HOST"])
        place = RemotePlace("gs://audit/logs/", "logs/gs")
        requests = fetching.Requests(lambda _: None)
        (listed,) = fetching.list_places([place], environ, requests)
        assert [o.key for o in listed.objects] == [f"logs/{n}" for n in range(5)]
        assert storage.asked["list"] == requests.made == len(storage.paths) == 3


# ---------------------------------------------------------------- the web


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A web server with a certificate that this process trusts."""
    pytest.importorskip("cryptography")
    certificate = make_certificate(tmp_path / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served(Storage({"a.jsonl": AGENTS.encode()}), certificate) as storage:
        yield storage


def of_web(store: Storage, path: str = "x/a.jsonl") -> RemotePlace:
    return RemotePlace(f"https://localhost:{store.port}/{path}", "inventory/web")


def test_an_address_is_read_and_not_twice(web: Storage, tmp_path: Path) -> None:
    result = fetched(tmp_path, of_web(web))
    assert adds_up(result) == (1, 1, 0, 0) and result.files[0].name == "inventory/web/a.jsonl"
    assert fetched(tmp_path, of_web(web)).files == result.files
    assert web.asked == {"look": 2, "read": 1}


def test_a_signed_address_comes_from_the_environment_and_its_signature_goes_nowhere(web: Storage, tmp_path: Path) -> None:  # fmt: skip
    place = RemotePlace("", "inventory/web", "ADDRESS")
    signed = f"https://localhost:{web.port}/x/a.jsonl?sig={SIGNATURE}"
    result = fetched(tmp_path, place, ADDRESS=signed)
    assert any(SIGNATURE in path for path in web.paths)
    assert adds_up(result) == (1, 1, 0, 0) and SIGNATURE not in repr(result)
    kept = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not [p for p in kept if SIGNATURE.encode() in p.read_bytes() or SIGNATURE in p.name]


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="env:ADDRESS: that variable of the environment is not set"):  # fmt: skip
        fetched(tmp_path, RemotePlace("", "inventory", "ADDRESS"))


LED = {"another host": "https://127.0.0.1:{port}/x/a.jsonl", "not encrypted": "http://localhost:{port}/x/a.jsonl", "a file": "file:///etc/passwd"}  # fmt: skip


@pytest.mark.parametrize("where", LED)
def test_a_redirect_elsewhere_is_not_followed(where: str, web: Storage, tmp_path: Path) -> None:
    web.redirects["b"] = LED[where].format(port=web.port)
    with pytest.raises(InputError, match="redirected to another host"):
        fetched(tmp_path, of_web(web, "x/b"))
    assert web.asked["read"] == 0


def test_a_redirect_on_the_host_is_followed(web: Storage, tmp_path: Path) -> None:
    web.redirects["b"] = f"https://localhost:{web.port}/x/a.jsonl"
    assert fetched(tmp_path, of_web(web, "x/b")).files[0].path.read_bytes() == AGENTS.encode()


def test_a_certificate_that_nobody_vouches_for_is_refused(web: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(InputError, match="certificate of the storage cannot be verified"):
        fetched(tmp_path, of_web(web))


def test_an_answer_that_is_cut_is_asked_for_again(web: Storage, tmp_path: Path) -> None:
    web.faults["a.jsonl"] = ["cut", "503"]
    assert adds_up(fetched(tmp_path, of_web(web))) == (1, 1, 0, 0)


# ---------------------------------------------------------------- whole runs


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A register here, and logs in the bucket."""
    folder = tmp_path / "ws"
    (folder / "inventory").mkdir(parents=True)
    (folder / NAME).write_text(HEAD + "remote: [{from: s3://audit/logs/, to: logs/s3}]\n", encoding="utf-8")  # fmt: skip
    (folder / "inventory" / "agents.jsonl").write_text(AGENTS, encoding="utf-8")
    return folder


def run(ws: Path, name: str, *words: object) -> Result:
    cache = ws.parent / "cache"
    return reporter("assess", ws, "--out", ws.parent / name, "--formats", "csv", "--cache", cache, *words)  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_nothing_is_fetched_unasked(store: Storage, ws: Path) -> None:
    for result in (run(ws, "out"), reporter("check", ws)):
        assert result.exit_code == 3 and "nothing is fetched without --remote" in result.output
    assert not store.paths and not (ws.parent / "out").exists()


@pytest.mark.usefixtures("few_checks")
def test_a_run_tells_of_every_object_where_it_is_from(store: Storage, ws: Path) -> None:
    store.faults["logs/2026/2.jsonl.gz"] = ["403*"]
    store.objects["logs/2026/"] = b""
    result = run(ws, "out", "--remote")
    assert result.exit_code == 0, result.output
    manifest = json.loads((ws.parent / "out" / "manifest.json").read_bytes())
    assert manifest["remote"] == [{"url": "s3://audit/logs/", "to": "logs/s3", "listed": 7, "read": 5, "lost": 1, "left_out": 1}]  # fmt: skip
    of_store = {f["file"]: f for f in manifest["inputs"] if "origin" in f}
    assert len(of_store) == 6 and "origin" not in next(f for f in manifest["inputs"] if f["file"] == "inventory/agents.jsonl")  # fmt: skip
    for name, file in of_store.items():
        assert file["origin"]["url"] == f"s3://audit/{name.replace('/s3', '')}" and file["origin"]["etag"]  # fmt: skip
        is_lost = name == "logs/s3/2026/2.jsonl.gz"
        assert bool(file["sha256"]) is not is_lost
        assert (file["read"], file["kept"], file["unreadable"]) == ((1, 0, 1) if is_lost else (3, 3, 0))  # fmt: skip
    assert "Objects in remote storage that could not be fetched: 1" in result.output
    assert "logs/s3/2026/2.jsonl.gz" in (ws.parent / "out" / "quarantine.csv").read_text(encoding="utf-8")  # fmt: skip
    assert "17 records read = 16 kept + 0 out of scope + 1 unreadable + 0 rejected" in result.output


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_the_numbers_are_those_of_the_same_files_here(store: Storage, ws: Path) -> None:
    assert run(ws, "out", "--remote").exit_code == 0
    for key, data in store.objects.items():
        path = ws / "logs" / "s3" / key.removeprefix("logs/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (ws / NAME).write_text(HEAD, encoding="utf-8")
    assert run(ws, "here").exit_code == 0
    for name in ("findings.csv", "controls.csv", "results.parquet", "quarantine.csv"):
        assert (ws.parent / "out" / name).read_bytes() == (ws.parent / "here" / name).read_bytes(), name  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_a_run_of_what_has_not_changed_is_the_run_of_before(store: Storage, ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(kept_runs, "name_of", NAME_OF)
    monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**12))  # the register is new
    assert run(ws, "one", "--remote").exit_code == 0
    store.asked.clear()
    second = run(ws, "two", "--remote")
    assert "nothing has changed since this was assessed" in second.output and store.asked == {"list": 2}  # fmt: skip
    assert (ws.parent / "one" / "manifest.json").read_bytes() == (ws.parent / "two" / "manifest.json").read_bytes()  # fmt: skip
    store.objects["logs/2026/0.jsonl.gz"] += (
        b"\0"  # as large a change as a marker, in the manifest alone
    )
    assert "nothing has changed" not in run(ws, "three", "--remote").output


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_what_was_lost_is_not_kept_as_the_run_of_before(store: Storage, ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(kept_runs, "name_of", NAME_OF)
    monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**12))
    store.faults["logs/2026/2.jsonl.gz"] = ["403", "403"]
    for name in ("one", "two"):
        assert "could not be fetched: 1" in run(ws, name, "--remote").output
    assert "could not be fetched" not in run(ws, "three", "--remote").output


@pytest.mark.usefixtures("few_checks")
def test_no_credential_is_in_anything_that_is_written(store: Storage, ws: Path) -> None:
    store.faults["logs/2026/2.jsonl.gz"] = ["403*"]
    result = run(ws, "out", "--remote", "--keep-tables", "--log", "json")
    assert result.exit_code == 0
    texts = [result.output.encode(), *(p.read_bytes() for p in ws.parent.rglob("*") if p.is_file())]
    for secret in (SECRET, "X-Amz-Signature", "AKIAIOSFODNN7EXAMPLE", "Signature="):
        assert not [t for t in texts if secret.encode() in t], secret


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_a_place_without_objects_is_said_on_page_one(store: Storage, ws: Path) -> None:
    store.objects.clear()
    result = run(ws, "out", "--remote")
    assert result.exit_code == 0 and "Places in remote storage that hold no object: 1" in result.output  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_a_look_before_lists_and_fetches_nothing(store: Storage, ws: Path) -> None:
    result = reporter("check", ws, "--remote")
    assert result.exit_code == 0 and "s3://audit/logs/: 6 objects" in result.output
    assert store.asked == {"list": 2}
    data = json.loads(reporter("check", ws, "--remote", "--json").stdout)
    assert data["remote"][0]["objects"] == 6 and data["would_run"]
    shutil.rmtree(ws / "inventory")
    assert reporter("check", ws, "--remote").exit_code == 0


def test_an_extra_that_is_missing_is_named(ws: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setitem(fetching._STORES, "s3", ("no_such_module", "X", "s3"))
    with pytest.raises(InputError, match=re.escape("pip install 'agent-reporter[s3]'")):
        fetched(tmp_path)


def test_a_workspace_without_places_imports_nothing_for_them(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from reporter.pipeline import assess\n"
        "heavy = ('botocore', 'google', 'azure', 'reporter.ingest.remote.fetch', 'reporter.ingest.remote.object_cache')\n"
        "print([m for m in sys.modules if m.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lost_files_name_nothing_of_the_cache(store: Storage, tmp_path: Path) -> None:
    store.faults["logs/2026/2.jsonl.gz"] = ["403*"]
    lost = next(f for f in fetched(tmp_path).files if f.is_lost)
    assert isinstance(lost, InputFile) and not lost.path.exists() and not lost.size


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_python_asks_with_the_environment(store: Storage, ws: Path) -> None:
    import os

    with pytest.raises(InputError, match="without --remote"):
        assess(ws)
    assert len(assess(ws, remote=os.environ, cache=ws.parent / "cache").data.files) == 7


def test_the_part_of_a_run_that_fails_goes(store: Storage, ws: Path) -> None:
    store.list_faults = ["403*"]
    asked = remote_inputs.Asked({}, ws.parent / "cache")
    with pytest.raises(InputError, match="cannot be listed"):
        remote_inputs.inputs_of(read_workspace(ws), asked)
    assert not [p.name for p in (ws.parent / "cache").iterdir() if p.name.endswith(".part")]


@pytest.mark.slow
def test_a_batch_fetches_for_each_unit_and_does_nothing_twice(store: Storage, ws: Path) -> None:
    plan = ws.parent / "PLAN.yml"
    plan.write_text("units: [ws]\nout: runs\njobs: 1\nformats: [csv]\n", encoding="utf-8")
    refused = reporter("batch", plan, "--json")
    assert refused.exit_code == 3 and "nothing is fetched without --remote" in refused.output
    assert not store.paths
    first = reporter("batch", plan, "--remote")
    assert first.exit_code == 0 and "assessed" in first.output, first.output
    (made,) = (ws.parent / "runs" / "ws").glob("*/manifest.json")
    assert json.loads(made.read_bytes())["remote"][0]["read"] == 6
    store.asked.clear()
    again = reporter("batch", plan, "--remote")
    assert again.exit_code == 0 and "unchanged" in again.output and store.asked["read"] == 0
    store.objects["logs/2026/0.jsonl.gz"] = log(70)
    assert reporter("batch", plan, "--remote").exit_code == 0
    assert len([*(ws.parent / "runs" / "ws").glob("*/manifest.json")]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_people_are_hidden_in_addresses_too(store: Storage, ws: Path) -> None:
    (ws / "inventory" / "people.csv").write_text("person_id,name,status\nann.smith@example.com,Ann Smith,active\n")  # fmt: skip
    store.objects["logs/ann.smith@example.com.jsonl.gz"] = log(200)
    assert run(ws, "out", "--remote", "--pseudonymise", "people").exit_code == 0
    texts = [p.read_bytes() for p in (ws.parent / "out").rglob("*") if p.is_file()]
    assert not [t for t in texts if b"ann.smith" in t]


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_kept_tables_tell_where_files_are_from_without_the_storage(store: Storage, ws: Path) -> None:  # fmt: skip
    assert run(ws, "out", "--remote", "--keep-tables").exit_code == 0
    store.objects.clear()
    store.asked.clear()
    again = reporter("restate", ws.parent / "out", "--out", ws.parent / "again", "--formats", "csv")
    assert again.exit_code == 0, again.output
    one, other = (json.loads((ws.parent / n / "manifest.json").read_bytes()) for n in ("out", "again"))  # fmt: skip
    assert (one["remote"], one["inputs"]) == (other["remote"], other["inputs"])  # fmt: skip
    assert not store.asked
