"""What is hashed is what is converted: files that change during a run, and a cache that is damaged, falsify nothing."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import conftest
import pytest
from conftest import printed, reporter

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.evaluate import runner
from reporter.ingest import convert, load
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake
from reporter.ingest.readers import inputs, samples
from reporter.ingest.readers.inputs import Inputs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
SOURCES = tuple(s for s in loader.load().sources if s.id.startswith("reporter-"))
AGENTS = (
    '{"type": "agent", "actor_id": "a1", "state": "active"}\n{"type": "agent", "actor_id": "a2"}\n'
)


def events(n: int, who: str = "a1") -> bytes:
    """Lines of a log."""
    line = '{"time": "2026-08-01T08:00:%02dZ", "actor_id": "%s", "actor_kind": "agent", "outcome": "success", "event_id": "%s-%d"}\n'
    return "".join(line % (i % 60, who, who, i) for i in range(n)).encode()


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A register, and a log of 200 lines."""
    made = {"reporter.yml": HEAD.encode(), "inventory/agents.jsonl": AGENTS.encode(), "logs/gateway.jsonl": events(200)}  # fmt: skip
    for name, data in made.items():
        (tmp_path / "ws" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ws" / name).write_bytes(data)
    return tmp_path / "ws"


Read = tuple[dict[str, tuple[int, int, int, bool]], list[str], Intake]
"""By file (read, kept, unreadable, whether it has a hash); who acted; and the rest."""


def read(ws: Path, warn: Callable[[str], None] = lambda _: None) -> Read:
    """Read a workspace, with one cache for all times."""
    work = ws.parent / os.urandom(4).hex()
    with DuckDB(work) as engine, Inputs.of(ws) as found:
        intake = load.ingest(engine, found, SOURCES, open_cache(ws.parent / "cache", "k", warn))
        who = [
            f"{a} {n}"
            for a, n in engine.rows(
                "SELECT actor_id, count(*) FROM in_events GROUP BY ALL ORDER BY ALL"
            )
        ]
    assert not list(work.glob("tmp*"))  # copies
    return (
        {f.file: (f.read, f.kept, f.unreadable, bool(f.sha256)) for f in intake.files},
        who,
        intake,
    )


WHOLE = {"inventory/agents.jsonl": (2, 2, 0, True), "logs/gateway.jsonl": (200, 200, 0, True)}

# ---------------------------------------------------------------- files that change


def _rotated(path: Path) -> None:
    (path.parent / "new").write_bytes(events(7, "a2"))
    (path.parent / "new").replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "replaced": _rotated,
    "truncated": lambda path: os.truncate(path, 700),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": lambda path: path.unlink(),
    "written over": lambda path: path.write_bytes(events(200, "a2")),
    "written over, at its old time": lambda path: _written_back(path),
}


def _written_back(path: Path) -> None:
    before = path.stat()
    path.write_bytes(events(200, "a2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


WAYS = {"by the engine": 1, "record by record": 1 << 60}
"""The two ways of converting, and from how many bytes on the first is taken."""
DEEP = pytest.mark.deep


def cases(*usual: tuple[str, ...], of: tuple[Iterable[str], ...]) -> list[Any]:
    """All combinations; those that are not named are for the deep suite."""
    return [
        pytest.param(*case, id=", ".join(case), marks=() if case in usual else DEEP)
        for case in itertools.product(*of)
    ]


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The way of converting that a test names."""
    name = str(getattr(request, "param", "by the engine"))
    monkeypatch.setattr(convert, "STREAM_FROM", WAYS[name])
    return name


def once(
    place: Any, name: str, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object], wanted: str
) -> None:  # fmt: skip
    """Change something when a function is first called for the log, before it does its work."""
    whole, done, lock = getattr(place, name), threading.Event(), threading.Lock()

    def first(*words: Any, **more: Any) -> Any:
        with lock:
            if wanted in repr(words) and not done.is_set():
                done.set()
                change()
        return whole(*words, **more)

    monkeypatch.setattr(place, name, first)


@pytest.mark.parametrize(
    ("way", "change", "written"),
    cases(
        ("by the engine", "replaced", "long ago"),
        ("by the engine", "removed", "long ago"),
        ("record by record", "replaced", "just now"),
        ("record by record", "truncated", "long ago"),
        of=(WAYS, CHANGES, ("just now", "long ago")),
    ),
    indirect=["way"],
)
def test_a_file_that_changes_during_the_run_is_named_not_used_and_not_kept(
    way: str, change: str, written: str, ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ws / "logs/gateway.jsonl"
    if written == "long ago":
        monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**18))
    before = log.read_bytes()
    stage = "stream" if way == "by the engine" else "spool"
    if written == "just now":
        stage = "_from_copies"
    once(convert, stage, monkeypatch, lambda: CHANGES[change](log), "gateway.jsonl")
    files, who, intake = read(ws)
    n = files["logs/gateway.jsonl"][0]
    assert files == WHOLE | {"logs/gateway.jsonl": (n, 0, n, False)}
    assert n == 200 and who == []
    (notice,) = intake.notices
    assert (notice.code, tuple(map(str, notice.lines))) == (
        "files_changed",
        ("logs/gateway.jsonl: 200 records",),
    )
    assert [str(q.reason) for q in intake.quarantined if q.file == "logs/gateway.jsonl"] == [
        "it was changed, replaced or removed while it was read"
    ]
    log.write_bytes(before)
    files, who, intake = read(ws)
    assert (files, who, intake.notices) == (WHOLE, ["a1 200"], ())


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Logs are converted while they are hashed; what was is listed."""
    monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**18))
    monkeypatch.setattr(convert, "WORTH_BEGINNING", 1)
    monkeypatch.setattr(Inputs, "is_hashed", lambda *_: False)
    whole, files = convert.begin, list[str]()

    def begin(engine: DuckDB, source: Any, file: Any, folder: Path) -> Path | None:
        files.append(file.name)
        return whole(engine, source, file, folder)

    monkeypatch.setattr(convert, "begin", begin)
    return files


def test_a_log_may_be_converted_while_it_is_hashed(ws: Path, begun: list[str]) -> None:
    assert read(ws)[:2] == (WHOLE, ["a1 200"]) and begun == ["logs/gateway.jsonl"]
    assert read(ws)[:2] == (WHOLE, ["a1 200"]) and len(begun) == 1  # a log of its size is kept
    (ws / "logs/gateway.jsonl").write_bytes(events(201) + b"no record\n")
    files, who, _ = read(ws)
    assert files == WHOLE | {"logs/gateway.jsonl": (202, 201, 1, True)}
    assert who == ["a1 201"] and len(begun) == 2


@pytest.mark.parametrize("change", CHANGES)
def test_a_log_that_changes_while_it_is_hashed_is_not_used(
    change: str, ws: Path, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ws / "logs/gateway.jsonl"
    before = log.read_bytes()
    once(convert, "begin", monkeypatch, lambda: CHANGES[change](log), "gateway.jsonl")
    _, who, intake = read(ws)
    told = {f.file: f.sha256 for f in intake.files}["logs/gateway.jsonl"]
    assert begun == ["logs/gateway.jsonl"]
    if told:  # written over before it was hashed: that is what counts
        assert (told, who) == (hashlib.sha256(log.read_bytes()).hexdigest(), ["a2 200"])
    else:
        assert [n.code for n in intake.notices] == ["files_changed"] and who == []
    log.write_bytes(before)
    assert read(ws)[:2] == (WHOLE, ["a1 200"])


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_what_is_put_back_before_the_end_is_read_as_it_was(
    way: str, ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replaced when the conversion begins, back when it ends: both hashes are right, what was converted is not."""
    monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**18))
    log, before = ws / "logs/gateway.jsonl", events(200)
    whole = convert._convert
    seen: list[int] = []

    def changed(engine: DuckDB, job: Any, *more: Any) -> Any:
        if job.files[0].path != log:
            return whole(engine, job, *more)
        log.write_bytes(events(200, "a2"))
        made = whole(engine, job, *more)
        log.write_bytes(before)
        seen.append(1)
        return made

    monkeypatch.setattr(convert, "_convert", changed)
    for _ in range(2):
        files, who, _ = read(ws)
        assert (files, who) == (WHOLE, ["a1 200"])
    assert seen == [1]


@pytest.mark.parametrize(
    ("way", "change"),
    cases(
        ("by the engine", "written over"),
        ("record by record", "replaced"),
        ("record by record", "emptied"),
        of=(WAYS, CHANGES),
    ),
    indirect=["way"],
)
def test_a_file_that_changes_before_it_is_hashed_has_the_hash_of_what_was_read(
    way: str, change: str, ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ws / "logs/gateway.jsonl"
    once(samples, "documents", monkeypatch, lambda: CHANGES[change](log), "gateway.jsonl")
    files, who, intake = read(ws)
    read_, kept, unreadable, hashed = files["logs/gateway.jsonl"]
    assert read_ == kept + unreadable
    if change.startswith("written over"):
        assert (kept, hashed, who) == (200, True, ["a2 200"])
        digest = hashlib.sha256(events(200, "a2")).hexdigest()
        assert digest in {f.sha256 for f in intake.files}
        assert [q.kind for q in intake.quarantined] == ["changed"] * ("old time" not in change)
    else:
        assert (kept, hashed, who) == (0, False, [])
        assert unreadable >= 1, intake.quarantined


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_what_is_added_during_the_run_belongs_to_a_later_one(
    way: str, ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ws / "logs/gateway.jsonl"

    def grow() -> None:
        with log.open("ab") as handle:
            handle.write(events(5, "a2"))

    monkeypatch.setattr(inputs, "JUST_WRITTEN", -(10**18))
    once(convert, "_convert", monkeypatch, grow, "gateway.jsonl")
    files, who, intake = read(ws)
    assert (files, who, intake.notices) == (WHOLE, ["a1 200"], ())
    assert [q.kind for q in intake.quarantined] == ["changed"]


def test_one_file_of_a_batch_that_changes_does_not_take_the_others_along(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        (ws / f"logs/more{n}.jsonl").write_bytes(events(10, f"b{n}"))
    (ws / "logs/twin.jsonl.gz").write_bytes(gzip.compress(events(10, "b3"), mtime=0))
    log = ws / "logs/more1.jsonl"
    once(convert, "_from_copies", monkeypatch, lambda: _rotated(log), "more1.jsonl")
    files, who, _ = read(ws)
    assert files["logs/more1.jsonl"] == (10, 0, 10, False)
    assert who == ["a1 200", "b0 10", "b2 10", "b3 10"]
    _, who, _ = read(ws)
    assert who == ["a1 200", "a2 7", "b0 10", "b2 10", "b3 10"]


@pytest.mark.usefixtures("few_checks")
def test_a_file_that_changed_stands_on_page_1_and_its_hash_nowhere(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ws / "logs/gateway.jsonl"
    once(convert, "_from_copies", monkeypatch, lambda: _rotated(log), "gateway.jsonl")
    result = reporter("assess", ws, "--out", ws.parent / "out", "--formats", "json")
    assert result.exit_code == 0, result.output
    assert "Files that changed while they were read: 1." in result.output
    entries = json.loads((ws.parent / "out/manifest.json").read_text())["inputs"]
    entry = next(e for e in entries if e["file"] == "logs/gateway.jsonl")
    assert (entry["sha256"], entry["read"], entry["unreadable"]) == ("", 200, 200)
    page = printed(ws.parent / "out")
    assert page["summary"]["notices"][0]["lines"] == ["logs/gateway.jsonl: 200 records"]


# ---------------------------------------------------------------- the cache


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], tuple[Read, Path]]:
    """Return a function that gives the first reading of `ws` in one of the two ways, made once, and the cache after it."""
    kept: dict[str, tuple[Read, Path]] = {}

    def once(ws: Path, way: str) -> tuple[Read, Path]:
        if way not in kept:
            cache = tmp_path_factory.mktemp("cache")
            made = read(ws)
            shutil.copytree(ws.parent / "cache", cache, dirs_exist_ok=True)
            kept[way] = made, cache
        return kept[way]

    return once


@pytest.fixture
def first(ws: Path, way: str, readings: Callable[[Path, str], tuple[Read, Path]]) -> Read:
    """What a first reading of `ws` gives, whose cache is there."""
    made, cache = readings(ws, way)
    shutil.copytree(cache, ws.parent / "cache", dirs_exist_ok=True)
    return made


def _files(ws: Path, ending: str) -> list[Path]:
    return sorted((ws.parent / "cache").glob(f"*{ending}"))


def _zero(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 8] = bytes(8)
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "eight bytes zeroed": _zero,
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize(
    ("way", "damage", "ending"),
    cases(
        ("by the engine", "eight bytes zeroed", ".parquet"),
        ("record by record", "cut in half", ".json"),
        ("record by record", "removed", ".parquet"),
        of=(WAYS, DAMAGE, (".parquet", ".json")),
    ),
    indirect=["way"],
)
def test_a_damaged_cache_is_converted_anew_with_a_note(
    way: str, damage: str, ending: str, ws: Path, first: Read
) -> None:
    for path in _files(ws, ending):
        DAMAGE[damage](path)
    said: list[str] = []
    assert read(ws, said.append) == first
    if (damage, ending) != ("removed", ".json"):
        assert len(said) == 2 and all("is converted again" in s for s in said), said
    said.clear()
    assert read(ws, said.append) == first
    assert said == []


def _rewritten(change: Callable[[dict[str, Any]], object]) -> Callable[[list[Path]], object]:
    """Change entries, and give them the hash that they then need."""

    def rewrite(entries: list[Path]) -> None:
        for path in entries:
            data = json.loads(path.read_text())
            del data["sha256"]
            change(data)
            text = json.dumps(data, sort_keys=True).encode()
            path.write_text(json.dumps(data | {"sha256": hashlib.sha256(text).hexdigest()}))

    return rewrite


def _swap(entries: list[Path]) -> None:
    one, two = (p.read_bytes() for p in entries)
    entries[0].write_bytes(two)
    entries[1].write_bytes(one)


def _instead(make: Callable[[Path], object]) -> Callable[[list[Path]], object]:
    def replaced(entries: list[Path]) -> None:
        for path in entries:
            path.unlink()
            make(path)

    return replaced


OTHERS: dict[str, Callable[[list[Path]], object]] = {
    "one over the other": lambda entries: entries[0].write_bytes(entries[1].read_bytes()),
    "swapped": _swap,
    "a count too many": _rewritten(lambda d: d["counts"].append(d["counts"][0])),
    "no count": _rewritten(lambda d: d.update(counts=[])),
    "a count that is a text": _rewritten(lambda d: d["counts"][0].update(read="200")),
    "a problem of no file": _rewritten(lambda d: d["problems"].append([7, 1, "x", "x", ""])),
    "a problem cut": _rewritten(lambda d: d["problems"].append([0])),
    "a file without hash": _rewritten(lambda d: d.update(hashes={})),
    "hashes as a list": _rewritten(lambda d: d.update(hashes=[])),
    "null": _instead(lambda path: path.write_text("null")),
    "a list": _instead(lambda path: path.write_text("[]")),
    "a number": _instead(lambda path: path.write_text("7")),
    "a pipe": _instead(os.mkfifo),
    "an endless device": _instead(lambda path: path.symlink_to("/dev/zero")),
    "a link that leads nowhere": _instead(lambda path: path.symlink_to("nothing")),
}


USUAL = ("one over the other", "swapped", "a count that is a text", "a problem of no file", "a file without hash", "null",
         "a pipe", "an endless device", "a link that leads nowhere")  # fmt: skip
"""One of each kind of damage; the others are for the deep suite."""


@pytest.mark.parametrize(
    "other", [o if o in USUAL else pytest.param(o, marks=DEEP) for o in OTHERS]
)
def test_an_entry_that_is_not_the_one_of_its_files_is_converted_anew(
    other: str, ws: Path, first: Read
) -> None:
    OTHERS[other](_files(ws, ".json"))
    said: list[str] = []
    assert read(ws, said.append) == first
    assert len(said) == (1 if other == "one over the other" else 2), said
    assert all("is converted again" in s for s in said)
    said.clear()
    assert read(ws, said.append) == first and said == []


@pytest.mark.parametrize("other", ["a pipe", "an endless device"])
def test_a_parquet_of_the_cache_that_is_no_regular_file_is_not_opened(
    other: str, ws: Path, first: Read
) -> None:
    OTHERS[other](_files(ws, ".parquet"))
    said: list[str] = []
    assert read(ws, said.append) == first
    assert len(said) == 2 and all("is not a regular file" in s for s in said), said


@pytest.mark.parametrize("ending", [".json", ".parquet"])
def test_a_folder_in_the_place_of_a_file_of_the_cache_is_named(
    ending: str, ws: Path, first: Read
) -> None:
    _instead(Path.mkdir)(_files(ws, ending))
    assert read(ws) == first  # nothing was in it
    _instead(lambda path: (path.mkdir(), (path / "x").touch()))(_files(ws, ending))
    with pytest.raises(
        InputError, match="there is a folder where the cache keeps a file"
    ) as refused:
        read(ws)
    assert str(ws.parent / "cache") in refused.value.place


def test_a_value_changed_in_the_cache_is_not_believed(ws: Path, first: Read) -> None:
    for path in _files(ws, ".json"):
        path.write_text(path.read_text().replace('"kept": 200', '"kept": 199'))
    said: list[str] = []
    assert read(ws, said.append) == first
    assert len(said) == 1
    entry = next(p for p in _files(ws, ".json") if '"kept": 200' in p.read_text())
    data = json.loads(entry.read_text())
    (name,) = data["hashes"]
    with DuckDB(ws.parent / "w") as engine:
        path = entry.parent / name
        engine.write_parquet(
            f"SELECT * REPLACE ('a2' AS actor_id) FROM read_parquet('{path}')", ws.parent / "x"
        )
        (ws.parent / "x").replace(path)
    assert read(ws, said.append) == first
    assert len(said) == 2


@pytest.mark.usefixtures("few_checks")
def test_a_damaged_cache_changes_no_byte_of_a_run_and_is_told_on_stderr(ws: Path) -> None:
    cache = ws.parent / "cache"
    words = ("assess", ws, "--formats", "json", "--cache", cache)
    assert reporter(*words, "--out", ws.parent / "one").exit_code == 0
    for path in _files(ws, ".parquet"):
        _zero(path)
    again = reporter(*words, "--out", ws.parent / "two")
    assert again.exit_code == 0
    assert "WARNING" in again.stderr and "damaged" in again.stderr
    one, two = ({p.name: p.read_bytes() for p in (ws.parent / n).iterdir()} for n in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("step", ["prepare", "_run_one"])
def test_a_run_whose_cache_is_removed_meanwhile_is_none(
    step: str, ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "FEW", ("IDN-06", "LIF-02", "MON-04"))
    conftest.assess_few(monkeypatch)
    cache, whole = ws.parent / "cache", getattr(runner, step)

    def removed(*what: Any, **how: Any) -> Any:
        shutil.rmtree(cache, ignore_errors=True)
        return whole(*what, **how)

    monkeypatch.setattr(runner, step, removed)
    result = reporter("assess", ws, "--out", ws.parent / "out", "--formats", "json", "--cache", cache)  # fmt: skip
    assert result.exit_code == 3 and "Traceback" not in result.output, result.output
    assert f"{cache}: a file of the cache was removed" in result.output
    assert not (ws.parent / "out").exists()


def test_what_holds_fingerprints_of_another_key_is_converted_anew_the_rest_is_not(ws: Path) -> None:
    (ws / "logs/other.jsonl").write_bytes(events(3).replace(b'"outcome"', b'"resource": "x?token=ghp_' + b"Zz9y" * 9 + b'", "outcome"'))  # fmt: skip
    (ws / "reporter.yml").write_text(HEAD)

    def prints(key: str) -> tuple[list[Any], dict[str, int]]:
        with DuckDB(ws.parent / os.urandom(4).hex()) as engine, Inputs.of(ws) as found:
            load.ingest(engine, found, SOURCES, open_cache(ws.parent / "cache", key))
            rows = engine.rows("SELECT DISTINCT resource FROM in_events WHERE resource IS NOT NULL")
        return rows, {p.name: p.stat().st_mtime_ns for p in _files(ws, "")}

    (one, made), (two, then) = prints("k1"), prints("k2")
    assert len(one) == 1 == len(two) and one != two and "secret-" in one[0][0]
    assert made.keys() == then.keys()
    again = {name for name in made if made[name] != then[name]}
    assert again and len(again) < len(made)
    assert prints("k1")[0] == one
