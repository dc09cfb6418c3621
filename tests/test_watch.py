"""Logs followed while they grow: nothing is lost or taken in twice, and results are those of an assessment of the same lines.

In: the company of fixture_estate, written line by line. Out: what a watch took in, found and told.
"""

from __future__ import annotations

import gzip
import hmac
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast
from urllib.error import HTTPError

import pytest
from conftest import SAMPLE
from fixture_estate import Estate, spoiled

from reporter.engine.growing.statement_words import words_of
from reporter.engine.growing.taped import Taped
from reporter.errors import InputError, ReporterError
from reporter.ingest.cache import OF_EVENT, open_cache
from reporter.ingest.load import Intake
from reporter.ingest.readers.files import InputFile, discover, sniff
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.pipeline.assess import Options, assess_workspace, known_content
from reporter.pipeline.watch import cursor, hooks, watching
from reporter.pipeline.watch import judge as judging
from reporter.pipeline.watch.change_lines import millis_of
from reporter.pipeline.watch.cursor import Key
from reporter.pipeline.watch.episodes import Moment, follow
from reporter.pipeline.watch.hooks import Hooks
from reporter.pipeline.watch.intake import (
    file_places,
    followed_files,
    followed_lines,
    line_segments,
    stdin_file,
)
from reporter.pipeline.watch.judge import Judged, Result, judge, results_of
from reporter.pipeline.watch.other_checks import Begun, OtherChecks
from reporter.pipeline.watch.standing import DECIDING, Standing
from reporter.pipeline.watch.watching import Setting, Watch
from reporter.pipeline.watch.workspace_marks import EvidenceMark
from reporter.runs.store import read_run

LOG = "logs/gateway.jsonl"
NOW = datetime(2026, 10, 2, tzinfo=UTC)
LINES = [json.dumps(e).encode() + b"\n" for e in spoiled().events]
MAPPING = """\
map: map-gates
headings: [Date, Clock, Bot, Did, Access, Gate, Code, For]
optional: []                   # JSON: keys that not every record has; actor.id is id below actor, at any depth
kind: event
log_source: gates              # the log's name, also {from: HEADING}; else the mapping's name
event_class: tool              # tool, data, model, session, admin, auth, heartbeat, or {from: HEADING, values: {...}}; may be left out
columns:                       # columns of the events table; needed: occurred_at, action, and one of actor_id, principal_id, credential_id
  occurred_at: {from: [Date, Clock], date: '%d.%m.%Y / %H:%M:%S'}   # or one heading; epoch, epoch_ms, epoch_us, epoch_ns, excel for numbers
  actor_id: Bot
  action: Did
  effect: {from: Access, values: {W: write, R: read}}
  resource: Gate
  on_behalf_of: For
  outcome: {from: Code, values: {2xx: success, 401: denied, 403: denied, 4xx: error, 5xx: error}}   # 4xx: 400 to 499, where no code says more
"""
BAD = (b"not json\n", b'{"event_id": "x"\n', b'{"a": 1, "a": 2}\n', b"\xff\xfe\n", b"\n", b"[1]\n")


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace whose log has no line yet."""
    folder = spoiled().write(tmp_path / "company")
    (folder / LOG).write_bytes(b"")
    return folder


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count records in place of judging them: what is read is what these tests are about."""
    content = known_content

    def count(known: Any, files: Any, followed: Any, *_: Any, **__: Any) -> Judged:
        results = {}
        for choice, batch, _digest in followed:
            counts = batch.counts[0]
            assert counts.read == (
                counts.kept + counts.out_of_scope + counts.unreadable + counts.rejected
            )
            key = "INV-02", choice.file.name
            code = str(counts.read)
            results[key] = Result(*key, "fail", code, "", "", "", "", 1, 4, "", "", "")
        return Judged(results, Intake((), (), (), {}), {}, {})

    made: dict[str, Any] = {}
    monkeypatch.setattr(watching, "judge", count)
    monkeypatch.setattr(
        watching, "known_content", lambda w, o: made.setdefault(w.folder, content(w, o))
    )


def setting(company: Path, **given: Any) -> Setting:
    """Watch a company from a state beside it."""
    place = company.parent
    options = Options(key="a key of the test")
    return replace(Setting(company, place / "state", options, "1", place / "out.jsonl"), **given)


def look(company: Path, **given: Any) -> tuple[Watch, watching.Told]:
    """Start a watch, let it do one round, and stop it."""
    with Watch(setting(company, **given), Hooks((), print)) as watch:
        watch.look()
        return watch, watch.round(NOW, goes_on=True)


def results_now(watch: Watch, judged: Judged | None) -> dict[Key, Result]:
    """Return all results of a watch as they stand; those that were handed out say the same, but for values and records."""
    assert judged
    engine = watch._others.standing.engine
    whole = results_of(engine) if engine else judged.results

    def told(results: dict[Key, Result]) -> dict[Key, Result]:
        return {
            k: r._replace(values="", record="", evidence="", waiver="") for k, r in results.items()
        }

    assert told(judged.results) == told(whole)
    return whole


def whole_of(company: Path, place: Path) -> dict[Key, Result]:
    """Return what an assessment finds."""
    known = known_content(watching.read_workspace(company), Options())
    cache = open_cache(place / "cache", "a key of the test")
    files = discover(company, FOLDERS)
    return judge(known, files, (), cache, (place, place), Options()).results


def append(path: Path, data: bytes) -> None:
    """Write more to a file."""
    with path.open("ab") as file:
        file.write(data)


def taken(watch: Watch) -> dict[str, int]:
    """Return the lines that were taken in, by file."""
    return {f.name: f.lines for f in watch.cursor.files}


def told(company: Path) -> list[dict[str, Any]]:
    """Return the lines of changes."""
    text = (company.parent / "out.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("counted")
def test_half_a_line_waits_for_its_end(company: Path) -> None:
    data = b"".join(LINES[:200])
    append(company / LOG, data + LINES[200][:50])
    watch, _ = look(company)
    assert taken(watch) == {LOG: 200}
    append(company / LOG, LINES[200][50:])
    watch, round_ = look(company)
    assert (round_.taken, taken(watch)) == (1, {LOG: 201})


@pytest.mark.usefixtures("counted")
def test_a_short_file_is_read_whole_until_it_is_long_enough_to_know(company: Path) -> None:
    append(company / LOG, b"".join(LINES[:20]))
    watch, _ = look(company)
    assert taken(watch) == {}
    append(company / LOG, b"".join(LINES[20:]))
    watch, _ = look(company)
    assert taken(watch) == {LOG: len(LINES)}


@pytest.mark.slow
def test_a_short_file_with_half_a_line_is_read_up_to_that(company: Path) -> None:
    append(company / LOG, b"".join(LINES[:4]) + LINES[4][:9])
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        judged = watch.round(NOW).judged
        assert judged and judged.intake
        (read,) = [(f.read, f.kept) for f in judged.intake.files if f.file == LOG]
        assert read == (4, 4)
        append(company / LOG, LINES[4][9:20])
        watch.look()
        assert watch.round(NOW).judged is None  # no line has ended


def lines_of(turn: int, count: int) -> list[bytes]:
    """Return lines that stand in no other file of these tests."""
    return [line.replace(b'"event_id": "', b'"event_id": "%d-' % turn) for line in LINES[:count]]


def _rename(log: Path) -> None:
    log.rename(log.with_name("gateway.jsonl.1"))
    log.write_bytes(b"")


def _copy_and_cut(log: Path) -> None:
    shutil.copy(log, log.with_name("gateway.jsonl.1"))
    os.truncate(log, 0)


def _pack(log: Path) -> None:
    packed = log.with_name("gateway.jsonl.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.write_bytes(b"")


def _remove(log: Path) -> None:
    log.unlink()
    log.write_bytes(b"")


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    "rotate",
    [_rename, _copy_and_cut, *(pytest.param(r, marks=pytest.mark.slow) for r in (_pack, _remove))],
)
def test_a_rotated_log_is_taken_in_once(company: Path, rotate: Callable[[Path], None]) -> None:
    log = company / LOG
    append(log, b"".join(LINES[:300]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        rotate(log)
        watch.look()
        assert watch.round(NOW).taken == 0
        append(log, b"".join(lines_of(1, 250)))
        watch.look()
        assert watch.round(NOW).taken == 250
        assert sorted(taken(watch).values()) == [250, 300]
    watch, round_ = look(company)
    assert (round_.taken, sorted(taken(watch).values())) == (0, [250, 300])


@pytest.mark.usefixtures("counted")
def test_what_was_added_between_the_last_look_and_a_rotation_is_taken_in(company: Path) -> None:
    log = company / LOG
    append(log, b"".join(LINES[:200]))
    look(company)
    append(log, b"".join(LINES[200:300]))
    _rename(log)
    watch, round_ = look(company)
    assert (round_.taken, taken(watch)) == (100, {"logs/gateway.jsonl.1": 300})


@pytest.mark.usefixtures("counted")
def test_a_log_that_is_cut_before_it_was_read_is_another_from_then_on(company: Path) -> None:
    log = company / LOG
    append(log, b"".join(lines_of(1, 300)))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()  # it is found, and while others are read it is cut
        _copy_and_cut(log)
        append(log, b"".join(lines_of(2, 250)))
        assert watch.round(NOW).taken == 0
        watch.look()
        assert watch.round(NOW).taken == 550
        log.with_name("gateway.jsonl.1").rename(log.with_name("gateway.jsonl.2"))
        _copy_and_cut(log)
        append(log, b"".join(lines_of(3, 280)))
        for _ in range(2):
            watch.look()
            watch.round(NOW)
        assert sorted(n for n in taken(watch).values() if n) == [250, 280, 300]


def rotated(company: Path, day: int) -> None:
    """Rotate as logrotate does with compress and delaycompress, and begin the log of a day."""
    log = company / LOG
    for n in range(day, 1, -1):
        packed = log.with_name(f"gateway.jsonl.{n}.gz")
        if packed.exists():
            packed.rename(log.with_name(f"gateway.jsonl.{n + 1}.gz"))
    first = log.with_name("gateway.jsonl.1")
    if first.exists():
        log.with_name("gateway.jsonl.2.gz").write_bytes(gzip.compress(first.read_bytes()))
        first.unlink()
    log.rename(first)
    append(log, b"".join(lines_of(day, 150 + day)))


def read_of(watch: Watch) -> dict[str, int]:
    """Return the lines of followed files, and of logs that are read whole the size."""
    return taken(watch) | {f.name: f.size for f in watch._files.whole if f.name.startswith("logs")}


@pytest.mark.usefixtures("counted")
def test_packed_logs_stay_known_by_whatever_number_they_have(company: Path) -> None:
    log = company / LOG
    append(log, b"".join(lines_of(1, 151)))
    look(company)
    for day in (2, 3, 4, 5):
        rotated(company, day)
        watch, round_ = look(company)
        assert round_.taken == 150 + day
    assert read_of(watch) == {
        LOG: 155,
        **{f"{LOG}.1": 154, f"{LOG}.2.gz": 153, f"{LOG}.3.gz": 152, f"{LOG}.4.gz": 151},
    }
    # On another disk it is another file, of the same bytes.
    packed = log.with_name("gateway.jsonl.4.gz")
    data = packed.read_bytes()
    packed.unlink()
    (company / "logs/kept").mkdir()
    (company / "logs/kept/old.gz").write_bytes(data)
    watch, round_ = look(company)
    assert (round_.taken, read_of(watch).get("logs/kept/old.gz"), len(read_of(watch))) == (
        0,
        151,
        5,
    )


def _zip(log: Path) -> None:
    with zipfile.ZipFile(log.with_name("day.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(log, "a/gateway.jsonl")
        archive.writestr("other.jsonl", b"".join(lines_of(9, 290)))
    log.unlink()


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("pack", "end"),
    [
        (_zip, b""),
        (_pack, b'{"event_id": "half a line'),
        pytest.param(_pack, b"", marks=pytest.mark.slow),
        pytest.param(_zip, b"{", marks=pytest.mark.slow),
    ],
)
def test_lines_that_were_packed_before_they_were_taken_in_are_taken_in(
    company: Path, pack: Callable[[Path], None], end: bytes
) -> None:
    log = company / LOG
    append(log, b"".join(LINES[:200]))
    look(company)
    append(log, b"".join(LINES[200:300]) + end)
    pack(log)
    watch, round_ = look(company)
    assert (round_.taken, [*taken(watch).values()]) == (100 + bool(end), [300 + bool(end)])
    (batches,) = watch._lines.batches.values()
    counts = [b.counts[0] for b in batches]
    assert sum(c.read for c in counts) == 300 + bool(end)
    assert sum(c.unreadable for c in counts) == bool(end)
    watch, round_ = look(company)
    name, _ = taken(watch).popitem()
    others = {"logs/day.zip!other.jsonl"} if pack is _zip else {LOG}
    assert (round_.taken, {*read_of(watch)}) == (0, {name, *others})
    carrier = company / name.partition("!")[0]
    moved = carrier.with_name(f"moved-{carrier.name}")
    shutil.copy(carrier, moved)
    carrier.unlink()
    watch, round_ = look(company)
    assert (round_.taken, [*taken(watch)]) == (0, [name.replace(carrier.name, moved.name)])
    assert len(read_of(watch)) == 2


@pytest.mark.usefixtures("counted")
def test_another_file_on_the_same_inode_is_read_from_its_beginning(company: Path) -> None:
    log = company / LOG
    append(log, b"".join(lines_of(1, 200)))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        log.write_bytes(b"".join(lines_of(2, 300)))  # the inode is the same, and no look between
        assert watch.round(NOW).taken == 0
        with watch._lines.ahead():
            time.sleep(0.3)
        assert watch.round(NOW).taken == 0
        watch.look()
        assert watch.round(NOW).taken == 300
        assert sorted(taken(watch).values()) == [200, 300]


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("more", "is_seen"),
    [
        (3, False),
        (0, True),
        *(pytest.param(*p, marks=pytest.mark.slow) for p in ((0, False), (3, True))),
    ],
)
def test_a_copy_in_the_making_is_not_read(company: Path, more: int, is_seen: bool) -> None:
    log, data = company / LOG, b"".join(LINES[:300])
    copy = log.with_name("gateway.jsonl.1")
    append(log, data)
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        assert watch.round(NOW).taken == 300
        if is_seen:
            for size in (70_000, len(data) - 99, len(data)):
                copy.write_bytes(data[:size])
                watch.look()
                assert (watch.round(NOW).taken, read_of(watch)) == (0, {LOG: 300})
        copy.write_bytes(data)
        for line in LINES[300 : 300 + more]:  # between copy and cut
            append(log, line)
            assert watch.round(NOW).taken == 1
    os.truncate(log, 0)
    append(log, b"".join(lines_of(1, 310)))
    watch, round_ = look(company)
    assert (round_.taken, taken(watch)) == (310, {f"{LOG}.1": 300 + more, LOG: 310})
    copy.with_name("old.gz").write_bytes(gzip.compress(copy.read_bytes()))
    copy.unlink()
    watch, round_ = look(company)
    assert (round_.taken, read_of(watch)) == (0, {"logs/old.gz": 300 + more, LOG: 310})


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("grows", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_copy_of_a_log_that_goes_on_is_a_file_of_its_own(
    company: Path, monkeypatch: pytest.MonkeyPatch, grows: bool
) -> None:
    monkeypatch.setattr(file_places, "LOOKS", 3)
    log = company / LOG
    append(log, b"".join(LINES[:200]))
    look(company)
    shutil.copy(log, log.with_name("copy.jsonl"))
    with Watch(setting(company), Hooks((), print)) as watch:
        for n in range(file_places.LOOKS):
            append(log, LINES[n] if grows else b"")
            watch.look()
            watch.round(NOW)
            assert "logs/copy.jsonl" not in read_of(watch)
    watch, round_ = look(company)
    assert (round_.taken, taken(watch)["logs/copy.jsonl"]) == (200, 200)


@pytest.mark.usefixtures("counted")
def test_a_gz_that_is_being_written_is_not_read(company: Path) -> None:
    log = company / LOG
    append(log, b"".join(LINES))
    packed, data = log.with_name("gateway.jsonl.gz"), gzip.compress(log.read_bytes())
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        for size in (len(data) // 2, len(data)):
            packed.write_bytes(data[:size])
            watch.look()
            assert (watch.round(NOW).taken, read_of(watch)) == (0, {LOG: len(LINES)})
        log.unlink()
        watch.look()
        assert read_of(watch) == {"logs/gateway.jsonl.gz": len(LINES)}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("end", ["", "{", "\u0a05\u0500\u0a05"])
def test_lines_end_where_their_encoding_says(tmp_path: Path, encoding: str, end: str) -> None:
    bom = "\ufeff" if encoding == "utf-16-be" else ""
    odd = "\u0a05\u0500\u0a05"  # has the bytes of an end of a line, half in one character
    text = '{"a": "x"}\n{"a": "' + odd * 300_000 + '"}\n'
    path = tmp_path / "log.jsonl"
    path.write_bytes(f"{bom}{text}{end}".encode(encoding))
    file = followed_files.whole_lines(sniff(path, "logs/log.jsonl"), tmp_path)
    assert file and file.path.read_bytes() == f"{bom}{text}".encode(encoding)


def test_a_short_file_that_is_written_anew_is_copied_anew(tmp_path: Path) -> None:
    path, copies = tmp_path / "log.jsonl", tmp_path / "copies"
    copies.mkdir()

    def copied(data: bytes) -> InputFile:
        path.write_bytes(data)
        file = followed_files.whole_lines(sniff(path, "logs/log.jsonl"), copies)
        assert file
        return file

    first = copied(b'{"a": 1}\n{"half')
    assert copied(b'{"a": 1}\n{"half a line').stamp == first.stamp
    assert copied(b'{"a": 2}\n{"half').path.read_bytes() == b'{"a": 2}\n'


@pytest.mark.usefixtures("counted")
def test_a_line_of_many_megabytes_and_bytes_that_are_no_text_are_named_and_passed(
    company: Path,
) -> None:
    log = company / LOG
    append(log, b"".join(LINES[:200]))
    look(company)
    long = b'{"event_id": "' + b"x" * (40 << 20) + b'"}\n'
    append(log, long + bytes(range(256)) + b"\n" + LINES[200])
    watch, round_ = look(company)
    (file,) = watch.cursor.files
    lines = (company / LOG).read_bytes().count(b"\n")
    assert file.lines == lines and file.offset == log.stat().st_size
    counts = [watch._lines.batches[file.number][n].counts[0] for n in range(len(file.segments))]
    assert sum(c.unreadable for c in counts) >= 2
    assert sum(c.kept for c in counts) == 201
    assert round_.taken == lines - 200


@pytest.mark.usefixtures("counted")
def test_bad_lines_are_named_as_an_assessment_names_them(company: Path, tmp_path: Path) -> None:
    log, made = company / LOG, random.Random(7)
    for start in range(0, 390, 130):
        block = [*LINES[start : start + 130], *BAD]
        made.shuffle(block) if start else None
        append(log, b"".join(block))
        watch, _ = look(company)
    (file,) = watch.cursor.files
    batches = watch._lines.batches[file.number]
    found = sorted((line, kind, str(why)) for b in batches for _, line, kind, why, _ in b.problems)
    known = known_content(watching.read_workspace(company), Options())
    known = replace(known, compiled=[])  # no check is asked about lines that are not there
    cache = open_cache(tmp_path / "cache", "a key of the test")
    whole = judge(known, discover(company, FOLDERS), (), cache, (tmp_path, tmp_path), Options())
    expected = sorted(
        (q.line, q.kind, str(q.reason))
        for q in whole.intake.quarantined
        if q.file == LOG and q.kind in ("unreadable", "rejected", "field")
    )
    assert found == expected
    assert sum(kind == "unreadable" for _, kind, _ in found) >= 10


def test_outcomes_are_written_whole_where_many_changed_and_else_said_by_the_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "MOST_CHANGES", 3)
    held = cursor.Cursor(cursor.FORMAT, str(tmp_path.resolve()), "", "")
    outcomes: cursor.Outcomes = {}
    names = []
    for changes in (
        {("A-01", "x"): ("fail", "a", ""), ("A-01", "y"): ("pass", "b", "")},
        {("A-01", "x"): ("pass", "b", "")},
        {("A-01", "y"): None, ("A-02", "z"): ("unknown", "c", "")},
        {("A-02", "z"): ("fail", "d", "2026-01-01"), ("A-01", "x"): None},
        {("A-01", "x"): ("fail", "a", "")},
    ):
        outcomes = {k: o for k, o in {**outcomes, **changes}.items() if o}
        cursor.save_outcomes(tmp_path, held, outcomes, changes)
        cursor.save(tmp_path, held)
        cursor.clear_outcomes(tmp_path, held)
        read = cursor.load(tmp_path, tmp_path, "")
        assert read
        assert cursor.load_outcomes(tmp_path, read) == outcomes
        names += [path.name for path in tmp_path.glob("outcomes*")]
    assert names == [f"outcomes-{n}.msgpack" for n in (1, 1, 1, 2, 2)]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(0, marks=pytest.mark.slow),
        *(pytest.param(n, marks=pytest.mark.deep) for n in range(1, 9)),
    ],
)
def test_a_watch_that_ends_anywhere_takes_nothing_in_twice_and_loses_nothing(
    company: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    made = random.Random(seed)
    places = [
        (cursor, "save"),
        (cursor, "save_outcomes"),
        (followed_lines, "take"),
        (watching.Converter, "convert"),
        (watching.Converter, "clear"),
        (watching.LineFile, "deliver"),
    ]
    deadly = [0]

    def dying(done: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            deadly[0] -= 1
            if deadly[0] == 0:
                raise Killed
            result = done(*given, **more)
            deadly[0] -= 1
            if deadly[0] == 0:
                raise Killed
            return result

        return call

    for owner, name in places:
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    monkeypatch.setattr(cursor, "MOST_CHANGES", made.choice([0, 30]))
    log, written, names = company / LOG, 0, 1
    for turn in range(9):
        block = lines_of(turn, made.randrange(120, 300))
        append(log, b"".join(block))
        written += len(block)
        if made.random() < 0.3 and log.stat().st_size > 1 << 16:
            deadly[0] = 0
            look(company)
            log.rename(log.with_name(f"gateway.jsonl.{names}"))
            names += 1
            log.write_bytes(b"")
        deadly[0] = made.randrange(1, 20)
        try:
            look(company)
        except Killed:
            continue
    deadly[0] = 0
    append(log, b"".join(LINES))
    watch, _ = look(company)
    assert sum(taken(watch).values()) == written + len(LINES)
    numbers = [line["metadata"]["sequence"] for line in told(company)]
    assert numbers == [*range(1, len(numbers) + 1)]
    ids = Counter(line["metadata"]["uid"] for line in told(company))
    assert set(ids.values()) == {1}
    kept = {line["resources"][0]["uid"]: line for line in told(company)}
    for name, lines in taken(watch).items():
        assert kept[name]["unmapped"]["reason_code"] == str(lines)


@pytest.mark.usefixtures("counted")
def test_two_watches_on_one_state_are_refused(company: Path) -> None:
    with (
        Watch(setting(company), Hooks((), print)),
        pytest.raises(InputError, match="another watch is writing here"),
        Watch(setting(company), Hooks((), print)),
    ):
        pass


@pytest.mark.usefixtures("counted")
def test_a_watch_that_ended_in_order_prints_no_line_again(company: Path) -> None:
    printed: list[str] = []
    append(company / LOG, b"".join(LINES[:400]))
    look(company, out=None, stream=printed.append)
    look(company, out=None, stream=printed.append)
    assert len(printed) == 1


@pytest.mark.usefixtures("counted")
def test_lines_of_somebody_else_in_the_file_are_refused(company: Path) -> None:
    append(company / LOG, b"".join(LINES))
    look(company)
    out = company.parent / "out.jsonl"
    out.write_text("{}\n")
    append(company / LOG, b"".join(LINES))
    with pytest.raises(InputError, match="other lines than this watch wrote"):
        look(company)


@pytest.mark.usefixtures("counted")
def test_a_damaged_segment_is_refused(company: Path) -> None:
    append(company / LOG, b"".join(LINES))
    look(company)
    (parquet, *_) = (company.parent / "state/segments").glob("*.parquet")
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"\0")
    with pytest.raises(InputError, match="not as it kept them"):
        look(company)


@pytest.mark.usefixtures("counted")
def test_a_state_among_the_evidence_is_refused(company: Path) -> None:
    with (
        pytest.raises(InputError, match="among the evidence"),
        Watch(setting(company, state=company / "logs/state"), Hooks((), print)),
    ):
        pass


@pytest.mark.usefixtures("counted")
def test_a_file_with_the_name_of_stdin_is_refused_at_the_start_and_later(company: Path) -> None:
    named = setting(company, stdin="gateway.jsonl")
    with (
        pytest.raises(InputError, match="gateway.jsonl: is there, and --stdin has that name"),
        Watch(named, Hooks((), print)),
    ):
        pass
    assert not named.state.exists()
    (company / LOG).unlink()
    with Watch(named, Hooks((), print)) as watch:
        watch.look()
        append(company / LOG, LINES[0])
        with pytest.raises(InputError, match="--stdin has that name"):
            watch.look()


@pytest.mark.parametrize(
    ("kind", "message"),
    [("state", "is a file, and a state is a folder"), ("out", "is a folder")],
)
def test_a_file_as_state_and_a_folder_as_output_are_refused(
    company: Path, tmp_path: Path, kind: str, message: str
) -> None:
    places = {"state": company / "reporter.yml", "out": tmp_path}
    wrong = setting(company, **{kind: places[kind]})
    with pytest.raises(InputError, match=message), Watch(wrong, Hooks((), print)):
        pass


def copied(data: bytes, path: Path) -> stdin_file.Copying:
    """Copy what comes over a pipe, to its end."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
        copying = stdin_file.copy_lines(stream, path)
        assert copying.ended.wait(10)
    return copying


def test_a_line_of_stdin_that_was_cut_is_not_joined_with_the_next(tmp_path: Path) -> None:
    path = tmp_path / "stdin/gateway.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'{"a": 1}\n{"b"')  # the process was killed
    assert copied(b'{"c": 3}\n{"d": 4}', path).has_ended()
    assert copied(b"", path).has_ended()
    assert path.read_bytes() == b'{"a": 1}\n{"b"\n{"c": 3}\n{"d": 4}\n'


def test_stdin_that_cannot_be_kept_is_no_end_of_it() -> None:
    copying = copied(b"{}\n", Path("/dev/full"))
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        copying.has_ended()


@pytest.mark.usefixtures("counted")
def test_many_segments_become_few_and_stay_the_same_records(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.pipeline.watch.intake.line_segments.MANY", 3)
    log = company / LOG
    append(log, b"".join(LINES[:200]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        for line in LINES[200:212]:
            watch.round(NOW)
            wait(b.made for begun in watch._converter._begun.values() for b in begun)
            append(log, line)
        watch.round(NOW)
        (file,) = watch.cursor.files
        assert (file.lines, len(file.segments) < 7) == (212, True)
        batch = watch._joined(file, len(file.segments))
    paths = batch.tables["events"]
    rows = watching.DuckDB(company.parent / "work")
    with rows as engine:
        records = engine.rows(f"SELECT record FROM read_parquet({paths}) ORDER BY record")
    assert [n for (n,) in records] == [*range(1, 213)]


@pytest.mark.parametrize(("a_round", "judged_every"), [(1, 1), (7, 1), (1, 40), (6, 60)])
def test_segments_stay_few_and_are_written_a_few_times_whatever_their_sizes(
    a_round: int, judged_every: int
) -> None:
    made = random.Random(7)
    segments, written, known = list[int](), 0, 0
    for n in range(20_000):
        segments.append(made.choice((1, 3, made.randrange(1, 50_000))))
        if n % a_round:
            continue
        if n // a_round % judged_every == 0:  # what comes from now on is put together apart
            known = len(segments)
        for start, end in ((known, len(segments)), (0, known)):
            if found := line_segments.worth_joining(segments[start:end]):
                at, count = start + found[0], found[1]
                some = segments[at : at + count]
                segments[at : at + count] = [sum(some)]
                known -= (count - 1) * (at < known)
                written += sum(some)
    assert written < 4 * sum(segments)
    assert len(segments) < 150 + sum(segments) // (line_segments.LONG // 4)


@pytest.mark.parametrize(
    ("text", "is_each_one"),
    [
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', True),
        (b'{"a": 1}\n\n{"a": 2}\n{"a": 3}\n', False),
        (b'{"a": 1}\n{"a": 2}\n \n', False),
        (b'\n{"a": 1}\n{"a": 2}\n', False),
        (b'{"a": 1}\r\n{"a": 2}\r\n', False),
        (b'{"a": 1}\n [2]\n{"a": 3}\n', False),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3', False),
    ],
)
def test_lines_that_each_begin_and_end_an_object_need_no_sample(
    tmp_path: Path, text: bytes, is_each_one: bool
) -> None:
    (tmp_path / "lines.jsonl").write_bytes(text)
    digest = line_segments.digest_of(tmp_path / "lines.jsonl")
    assert digest.lines == text.count(b"\n") + (not text.endswith(b"\n"))
    assert (digest.samples == ()) is is_each_one


@pytest.mark.usefixtures("counted")
def test_a_line_of_two_objects_is_not_read_and_the_next_ones_keep_their_numbers(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.pipeline.watch.intake.line_segments.WORTH_STREAMING", 0)
    doubled = LINES[100].rstrip(b"\n") + LINES[101]
    append(company / LOG, b"".join([*LINES[:100], doubled, *LINES[102:240]]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        (file,) = watch.cursor.files
        batch = watch._joined(file, len(file.segments))
        kept, lacking = batch.counts[0].kept, [line for _, line, *_ in batch.problems]
    assert (file.lines, kept, lacking) == (239, 238, [101])


@pytest.mark.usefixtures("counted")
def test_a_log_that_never_rests_is_judged_all_the_same(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = watching.Converter.convert

    def slow(converter: Any, lines: Any) -> Any:
        append(company / LOG, LINES[0])  # faster than lines are taken in
        return convert(converter, lines)

    append(company / LOG, b"".join(LINES[:200]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        monkeypatch.setattr(watching.Converter, "convert", slow)
        assert [watch.round(NOW).taken for _ in range(3)] == [200, 1, 1]


@pytest.mark.usefixtures("counted")
def test_in_a_hurry_lines_that_show_nothing_new_wait_but_not_for_long(company: Path) -> None:
    log = company / LOG
    events = [json.loads(line) for line in LINES[:200]]
    same = {**events[0], "event_id": "the same again"}
    other = {**same, "event_id": "another tool", "tool": "nobody.used_it"}
    append(log, b"".join(LINES[:200]))

    def judged(watch: Watch, event: Any, seconds: float = 0, hurry: bool = True) -> bool:
        append(log, json.dumps(event).encode() + b"\n" if event else b"")
        told = watch.round(NOW + timedelta(seconds=seconds), hurry)
        assert told.taken == bool(event)
        return told.judged is not None

    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, hurry=True)
        assert not judged(watch, same)
        assert judged(watch, other)
        assert not judged(watch, {**other, "event_id": "and again"}, 1.9)
        assert judged(watch, {**same, "event_id": "late"}, 2.9)
        assert not judged(watch, {**same, "event_id": "the last"}, 3)
        assert judged(watch, None, 3, hurry=False)
        assert taken(watch) == {LOG: 205}
        with_other = [
            judged(watch, {**same, "event_id": f"to {n}", "destination": f"{n}.example.org"}, 3)
            for n in range(30)
        ]
    assert with_other[0] and not any(with_other[-10:])  # what is always new tells nothing


def test_a_large_portion_and_small_ones_have_the_same_columns(company: Path) -> None:
    append(company / LOG, b"".join(LINES[:200]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        for portion in (LINES[200:202], LINES * 3, LINES[:2]):  # the second is read directly
            append(company / LOG, b"".join(portion))
            watch._lines.take_in()
        (file,) = watch.cursor.files
        paths = watch._joined(file, len(file.segments)).tables["events"]
        with watching.DuckDB(company.parent / "work") as engine:
            asked = [engine.columns(f"SELECT * FROM read_parquet('{path}')") for path in paths]
            (n,) = engine.rows(f"SELECT count(*), max(record) FROM read_parquet({paths})")
    assert len(asked) == 3
    # Readers name them: a portion that is read directly tells more of its rows.
    named = {*OF_EVENT, "f", "record", "place"}
    asked = [sorted(c for c in columns if c[0] in named) for columns in asked]
    assert asked == [asked[0]] * 3 and len(asked[0]) == len(named)
    assert n == (file.lines, file.lines)


def stored(run: Path) -> list[tuple[Any, ...]]:
    """Return the results that a run has stored, as a watch has them."""
    columns = (
        '"check", subject, status, reason_code, reason_values, record, actor, owner, tier_lo,'
        " tier_hi, evidence, waived_until, waiver"
    )
    _, results = read_run(run)
    rows = results.query(f"SELECT {columns} FROM held")
    return sorted(tuple("" if v is None else v for v in row) for row in rows)


def compared(
    company: Path,
    lines: list[bytes],
    cuts: list[int],
    same: Callable[[Path, dict[Key, Result]], None],
    restarts: bool = False,
) -> int:
    """Let a watch follow a log that grows to each cut, and compare it there with an assessment. Return how many results it took
    from the judgement before.
    """
    data, at, reused = b"".join(lines), 0, 0
    with ExitStack() as held:
        watch = held.enter_context(Watch(setting(company), Hooks((), print)))
        for cut in cuts:
            append(company / LOG, data[at:cut])
            at = cut
            if restarts:
                held.close()
                watch = held.enter_context(Watch(setting(company), Hooks((), print)))
            watch.look()
            results = results_now(watch, watch.round(NOW).judged)
            reused += len(watch._known.compiled) - watch._others.standing.asked
            copy = company.parent / f"copy-{cut}"
            shutil.copytree(company, copy)
            (copy / LOG).write_bytes(data[: data[:cut].rfind(b"\n") + 1])
            same(copy, results)
    return reused


@pytest.mark.slow
def test_results_are_those_of_the_same_lines_read_at_once(company: Path, tmp_path: Path) -> None:
    def same(copy: Path, results: dict[Key, Result]) -> None:
        known = known_content(watching.read_workspace(copy), Options())
        cache = open_cache(tmp_path / "cache", "a key of the test")
        whole = judge(known, discover(copy, FOLDERS), (), cache, (tmp_path, tmp_path), Options())
        assert results == whole.results

    cuts = [len(b"".join(LINES[:n])) + 11 for n in (197, 262)]
    assert compared(company, LINES, cuts, same) >= 30
    changes = [line["activity_name"] for line in told(company)]
    assert "Create" in changes


@pytest.mark.slow
def test_a_watch_waits_for_the_first_event(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(workspace: Any, options: Options) -> Any:
        known = known_content(workspace, options)
        return replace(
            known, compiled=[c for c in known.compiled if c[0].id in ("INV-02", "MON-07")]
        )

    monkeypatch.setattr(watching, "known_content", few)
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        assert watch.round(NOW, goes_on=True).judged
        assert watch.round(NOW, goes_on=True).judged is None
        append(company / LOG, LINES[0])  # read whole
        watch.look()
        first = dict(watch.round(NOW).judged.results)
        append(company / LOG, b"".join(LINES[1:200]))  # followed
        watch.look()
        second = dict(watch.round(NOW).judged.results)
    assert first.keys() < second.keys() and first


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_lines_that_were_but_counted_are_in_all_that_is_told_later(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chosen = random.Random(seed)
    cuts = sorted(chosen.sample(range(250, len(LINES) - 30), 9))
    commit, committed, n_counted = Watch._commit, [], 0

    def noted(watch: Watch, judged: Judged, begun: Any) -> None:
        committed.append((begun.lines[1], dict(judged.results), judged.checks))
        commit(watch, judged, begun)

    monkeypatch.setattr(Watch, "_commit", noted)
    late, count = [*LINES[-30:]], Taped.count

    def slow(engine: Taped, *rows: str) -> None:
        append(company / LOG, b"".join(late[:10]))
        del late[:10]
        time.sleep(0.5)  # so they are converted ahead
        count(engine, *rows)

    monkeypatch.setattr(Taped, "count", slow)
    append(company / LOG, b"".join(LINES[: cuts[0]]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        for at, until in zip(cuts, [*cuts[1:], len(LINES) - 30], strict=True):
            watch.round(NOW, hurry=chosen.random() < 0.8, goes_on=True)
            n_counted += watch._gravest.has_counted
            watch._lines.has_news &= chosen.random() < 0.3  # few press
            append(company / LOG, b"".join(LINES[at:until]))
        append(company / LOG, b"".join(late))
        results = results_now(watch, watch.round(NOW).judged)
    assert results == whole_of(company, tmp_path)
    assert n_counted
    data = (company / LOG).read_bytes().splitlines(keepends=True)
    for n in {n for n, _, checks in committed if checks != frozenset()}:
        (company / LOG).write_bytes(b"".join(data[:n]))
        whole = whole_of(company, tmp_path)
        for at, found, checks in committed:
            own, all_ = (
                {k: r.outcome for k, r in results.items() if checks is None or k[0] in checks}
                for results in (found, whole)
            )
            assert at != n or own == all_


@pytest.mark.slow
def test_what_was_but_counted_is_judged_when_lines_press_or_ten_seconds_later(
    company: Path,
) -> None:
    log, events = company / LOG, [json.loads(line) for line in LINES[:240]]
    append(log, b"".join(LINES[:240]))

    def told(watch: Watch, event: Any, seconds: float) -> tuple[bool, int]:
        append(log, json.dumps(event | {"event_id": f"at {seconds}"}).encode() + b"\n")
        watch.round(NOW + timedelta(seconds=seconds), hurry=True, goes_on=True)
        kept = json.loads((setting(company).state / "cursor.json").read_text())
        return watch._gravest.has_counted, kept["files"][0]["lines"]

    with pytest.raises(KeyError), Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        assert told(watch, events[0], 0.5) == (True, 240)  # not committed for a second
        assert told(watch, events[0], 0.9) == (True, 240)
        assert told(watch, events[0], 1.5) == (True, 243)
        assert told(watch, {**events[0], "tool": "nobody.used_it"}, 1.6) == (False, 244)
        assert told(watch, events[0], 2) == (True, 244)
        assert told(watch, events[0], 12.1) == (False, 246)
        assert told(watch, events[0], 12.2) == (True, 246)
        raise KeyError  # nothing is saved, as if it had been killed
    _, again = look(company)  # what was but counted is taken in again
    assert again.taken == 1


@pytest.mark.slow
def test_checks_that_wait_in_a_hurry_are_asked_once_it_is_over(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_BREATH", timedelta(0))
    monkeypatch.setattr(watching, "_REST", timedelta(0))
    append(company / LOG, b"".join(LINES[:240]))
    waited = []
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        for at in range(240, len(LINES) - 1, 8):
            append(company / LOG, b"".join(LINES[at : min(at + 8, len(LINES) - 1)]))
            watch._presses = True
            assert watch.round(NOW, hurry=True, goes_on=True).judged
            waited.append(len(watch._gravest._due))
        append(company / LOG, LINES[-1])
        results = results_now(watch, watch.round(NOW).judged)
        assert watch.round(NOW).judged is None
    assert results == whole_of(company, tmp_path)
    assert len({*waited}) > 1


@pytest.mark.slow
def test_what_decides_over_results_reads_tables_that_stand_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = tmp_path / "company"
    shutil.copytree(SAMPLE / "2026-q3", company)
    deciding, asked = set[str](), set[str]()

    def noting(name: str) -> None:
        run = getattr(Taped, name)

        def noted(engine: Taped, sql: str, *params: Any) -> Any:
            if deciding and not engine.asker:
                asked.update(words_of(sql) & engine._tape.moving)
            return run(engine, sql, *params)

        monkeypatch.setattr(Taped, name, noted)

    for name in ("run", "rows", "one"):
        noting(name)
    places = [(Standing, "_decide"), (Standing, "_look_again")]
    places += [(judging, "_last_acts"), (judging, "_last_events")]
    for place, name in places:
        step = getattr(place, name)

        def marked(*given: Any, step: Callable[..., Any] = step) -> Any:
            deciding.add("now")
            found = step(*given)
            deciding.clear()
            return found

        monkeypatch.setattr(place, name, marked)
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        log = next((company / "logs").glob("gateway*.jsonl"))
        append(log, log.read_bytes().splitlines(keepends=True)[-1].replace(b"agt-", b"other-"))
        watch.round(NOW, goes_on=True)
        watch.round(NOW)
        claims = watch._others.standing._claims
    assert claims.waivers and claims.compensations
    assert {"activity", "feed_delivery", "tiers"} <= asked <= DECIDING


@pytest.mark.parametrize(
    ("minutes", "presses", "is_paused"),
    [(0, False, True), (0, True, True), (2, False, False), (2, True, True), (6, True, False)],
)
def test_others_wait_longer_for_what_presses_and_never_for_good(
    tmp_path: Path, minutes: int, presses: bool, is_paused: bool
) -> None:
    others, told = OtherChecks(tmp_path / "others"), list[bool]()
    others.standing = cast(Standing, SimpleNamespace(pause=told.append, end=dict, close=dict))
    others.note(Begun(NOW - timedelta(minutes=minutes), NOW, "", "", {}))
    with others.paused(NOW, presses):
        assert told == [is_paused]
    assert told == [is_paused, False]
    others.close()


@pytest.mark.usefixtures("counted")
def test_what_was_found_over_replaced_lists_is_not_told_once(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(company / LOG, b"".join(LINES[:300]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        key = "INV-02", LOG
        result = Result(*key, "pass", "fine", "", "", "", "", 1, 4, "", "", "")
        late = Judged({key: result}, None, {}, {}, checks=frozenset(["INV-02"]))
        begun = replace(watch._begun(NOW), evidence="of other lists")
        monkeypatch.setattr(OtherChecks, "found", lambda *_, **__: (late, begun))
        for status in ("fail", "pass", "pass"):
            watch.round(NOW, goes_on=True)
            assert watch._outcomes[key][0] == status


@pytest.mark.usefixtures("counted")
def test_what_others_found_is_told_after_what_presses_and_a_round_later_at_most(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(company / LOG, b"".join(LINES[:300]))
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        asked: list[int] = []
        monkeypatch.setattr(OtherChecks, "found", lambda *_, **__: asked.append(1))
        for presses, n in ((False, 1), (True, 1), (True, 2), (True, 2), (False, 3)):
            watch._new = watch._presses = presses
            watch.round(NOW, hurry=True, goes_on=True)
            assert len(asked) == n and not watch._presses


@pytest.mark.slow
def test_a_list_that_changes_while_it_is_read_tells_nothing_until_it_was_read(
    company: Path, tmp_path: Path
) -> None:
    append(company / LOG, b"".join(LINES[:240]))
    lists = sorted((company / "inventory").iterdir())

    def touch() -> None:
        for path in lists:
            (new := tmp_path / "new").write_bytes(path.read_bytes() + b"\n")
            new.rename(path)

    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        touch()
        round_ = watch.round(NOW, goes_on=True)
        assert (round_.judged, round_.outbox.lines) == (None, [])
        assert watch.is_behind()
        assert results_now(watch, watch.round(NOW, goes_on=True).judged) == whole_of(
            company, tmp_path
        )
        touch()
        watch.look()
        touch()
        assert watch.round(NOW, goes_on=True).judged is None
        assert watch.round(NOW, goes_on=True).outbox.lines == []
        assert not watch.is_behind()


@pytest.mark.slow
def test_a_check_that_another_makes_good_is_judged_with_it(tmp_path: Path) -> None:
    company = tmp_path / "company"
    shutil.copytree(SAMPLE / "2026-q3", company)
    stated = company / "statements/compensations.csv"
    signed = "it is enough,noor.haddadin@freight.example.com,2026-09-01,2027-02-28\n"
    made_good = ("CRD-06", "key-script-runner"), ("ENT-07", "agt-lost-parcel")
    for (check, subject), other in zip(made_good, ("CRD-03", "ENT-09"), strict=True):
        append(stated, f"{check},{subject},{other},{signed}".encode())
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW, goes_on=True)
        own = watch._gravest.own
        assert own
        for standing in (watch._gravest, watch._others.standing):
            assert standing.engine
            found = results_of(standing.engine)
            asked = own if standing.leads else standing.own - own
            assert {found[k].status for k in made_good if k[0] in asked} <= {"compensated"}


@pytest.mark.slow
@pytest.mark.parametrize(("hurry", "yields"), [(False, False), (True, False), (True, True)])
def test_what_some_checks_tell_before_others_is_what_an_assessment_finds(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurry: bool, yields: bool
) -> None:
    monkeypatch.setattr(watching, "_BREATH", timedelta(0))
    monkeypatch.setattr(watching, "_REST", timedelta(0))
    monkeypatch.setattr(Watch, "has_pressing", lambda _: not yields)
    if yields:
        turns = cycle([True, False])
        monkeypatch.setattr(followed_lines.FollowedLines, "sees_news", lambda _: next(turns))
    monkeypatch.setattr("reporter.pipeline.watch.intake.line_segments.MANY", 3)
    append(company / LOG, b"".join(LINES[:240]))
    commit = Watch._commit
    committed: list[tuple[int, dict[Key, Result], frozenset[str] | None]] = []

    def noted(watch: Watch, judged: Judged, begun: Any) -> None:
        (lines,) = begun.lines.values()
        committed.append((lines, dict(judged.results), judged.checks))
        commit(watch, judged, begun)

    monkeypatch.setattr(Watch, "_commit", noted)
    asked, segments = [], []
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        for at in (250, 300, 301, 302, 303, 304, 305, len(LINES)):
            watch.round(NOW, hurry, goes_on=True)
            asked.append(watch._gravest.asked)
            segments.append(len(watch.cursor.files[0].segments))
            append(company / LOG, b"".join(LINES[watch.cursor.files[0].lines : at]))
        while watch.round(NOW, goes_on=True).judged or watch._others.is_judging:
            time.sleep(0.1)
        assert not watch._gravest._due
        gravest = watch._gravest.own
        assert watch.round(NOW).judged is None
    data = (company / LOG).read_bytes().splitlines(keepends=True)
    for n in {n for n, *_ in committed}:
        (company / LOG).write_bytes(b"".join(data[:n]))
        whole = whole_of(company, tmp_path)
        for at, results, checks in committed:
            if at == n:
                own = {k: r.outcome for k, r in results.items() if not checks or k[0] in checks}
                assert own == {
                    k: r.outcome for k, r in whole.items() if not checks or k[0] in checks
                }
    (company / LOG).write_bytes(b"".join(data))
    last = {k: r.outcome for k, r in committed[-1][1].items()}
    assert last == {k: r.outcome for k, r in whole_of(company, tmp_path).items()}
    kinds = [checks for _, _, checks in committed]
    assert kinds[0] is None and len({*kinds}) >= 3  # all, then the gravest or the others
    assert max(map(len, filter(None, kinds))) > 90 and max(asked[1:]) <= 24
    critical = {c.id for c, _ in watch._known.compiled if c.severity == "critical"}
    waited = [gravest - k for k in kinds if k and k & gravest]
    assert gravest - critical in waited  # the critical ones were told before the others
    assert hurry == any(w & critical for w in waited)  # some may wait
    assert 0 in asked[1:] or not yields
    assert sorted(segments) != segments  # some were put together on the way


@pytest.mark.slow
@pytest.mark.parametrize("is_ahead", [False, True])
def test_results_stay_those_of_an_assessment_while_segments_are_put_together(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_ahead: bool
) -> None:
    monkeypatch.setattr("reporter.pipeline.watch.intake.line_segments.MANY", 3)
    append(company / LOG, b"".join(LINES[:240]))
    left = LINES[240:252]
    engines = set[int]()
    judging = Watch._judge

    def judged_while_lines_come(watch: Watch, *given: Any) -> None:
        if is_ahead and left:
            append(company / LOG, left.pop())
            while not watch._lines._ahead:
                time.sleep(0.01)
        judging(watch, *given)

    monkeypatch.setattr(Watch, "_judge", judged_while_lines_come)
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        while True:
            if left and not is_ahead:
                append(company / LOG, left.pop())
            told = watch.round(NOW, goes_on=is_ahead)
            if not told.judged and not watch._others.is_judging:
                break
            engines.add(id(watch._others.standing.engine))
            while (judging_now := watch._others._judging) and not judging_now.done():
                time.sleep(0.01)  # nobody reads segments when the next are put together
        append(company / LOG, LINES[252])
        results = results_now(watch, watch.round(NOW).judged)
        (file,) = watch.cursor.files
        assert len(file.segments) < 9 and not left
    assert results == whole_of(company, tmp_path)
    assert len(engines) == 1  # it never began anew


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("estate", [Estate, spoiled])
def test_results_at_random_cuts_are_those_of_an_assessment(
    tmp_path: Path, estate: Callable[[], Estate], seed: int
) -> None:
    made = random.Random(seed)
    company = estate().write(tmp_path / "company")
    lines = (company / LOG).read_bytes().splitlines(keepends=True)
    for _ in range(12):
        lines.insert(made.randrange(len(lines)), made.choice([*BAD, made.choice(lines)]))
    (company / LOG).write_bytes(b"")

    def same(copy: Path, results: dict[Key, Result]) -> None:
        run = copy.parent / f"{copy.name}-run"
        options = Options(formats=("json",), key="a key of the test", cache=tmp_path / "cache")
        assess_workspace(copy, run, options)
        assert sorted(map(tuple, results.values())) == stored(run)

    size = len(b"".join(lines))
    cuts = [*sorted(made.sample(range(1, size), 3)), size]
    compared(company, lines, cuts, same, restarts=seed % 2 > 0)


@pytest.fixture
def program() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `reporter watch`; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(company: Path, *words: str, **given: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "reporter", "watch", str(company), *words]
        state = ["--state", str(company.parent / "state")]
        started.append(subprocess.Popen([*command, *state], **given))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_program_killed_again_and_again_ends_where_an_assessment_does(
    company: Path, program: Callable[..., subprocess.Popen[bytes]]
) -> None:
    made, out = random.Random(3), company.parent / "out.jsonl"
    for start in range(0, len(LINES), 80):
        append(company / LOG, b"".join(LINES[start : start + 80]))
        process = program(company, "--out", str(out), "--quiet")
        time.sleep(made.uniform(0.5, 12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        while subprocess.run(["pgrep", "-f", str(company)], capture_output=True).stdout:
            time.sleep(0.1)
    process = program(company, "--out", str(out), "--once")
    assert process.wait() == 0
    numbers = [line["metadata"]["sequence"] for line in told(company)]
    assert numbers == [*range(1, len(numbers) + 1)]
    last = {(e["compliance"]["control"], e["resources"][0]["uid"]): e for e in told(company)}
    with Inputs(discover(company, FOLDERS)) as inputs:
        assess_workspace(company, company.parent / "run", Options(formats=("json",)), inputs)
    failing = {(row[0], row[1]) for row in stored(company.parent / "run") if row[2] == "fail"}
    assert failing == {k for k, e in last.items() if e["compliance"]["status"] == "Fail"}


@pytest.mark.slow
def test_stdin_is_followed_as_a_file(
    company: Path, program: Callable[..., subprocess.Popen[bytes]]
) -> None:
    (company / LOG).unlink()
    process = program(
        company, "--stdin", "gateway.jsonl", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    printed, _ = process.communicate(b"".join(LINES), timeout=300)
    assert process.returncode == 0
    lines = [json.loads(line) for line in printed.splitlines()]
    assert {line["class_uid"] for line in lines} == {2003}
    kept = company.parent / "state/stdin/gateway.jsonl"
    assert kept.read_bytes() == b"".join(LINES)


def _judged(status: str, acted_at: str = "2026-09-01 10:00:00") -> Judged:
    result = Result("CHG-03", "agent-1", status, "code", "", "f#1", "agent-1", "", 1, 4, "", "", "")
    found = {(result.check, result.subject): result} if status else {}
    return Judged(found, Intake((), (), (), {}), {}, {"agent-1": acted_at})


@pytest.mark.parametrize(
    ("status", "acted_at", "evidence", "ends"),
    [
        ("pass", "2026-09-02 10:00:00", "files", True),
        ("pass", "2026-09-01 10:00:00", "files", False),
        ("pass", "2026-09-01 10:00:00", "other files", True),
        ("unknown", "2026-09-02 10:00:00", "files", False),
        ("", "2026-09-02 10:00:00", "other files", False),
        ("fail", "2026-09-02 10:00:00", "other files", False),
    ],
    ids=[
        "a pass after an act",
        "a pass without an act",
        "a pass by other files",
        "a log that is silent",
        "out of scope",
        "a failure",
    ],
)
def test_an_episode_ends_only_by_a_test_of_what_came_after(
    status: str, acted_at: str, evidence: str, ends: bool
) -> None:
    first = Moment("2026-09-01T12:00:00", "files", frozenset(("CHG-03",)))
    episodes, opened, closed = follow([], _judged("fail"), first)
    assert (len(episodes), len(opened), closed) == (1, 1, [])
    then = replace(first, as_of="2026-09-03T12:00:00", evidence=evidence)
    episodes, opened, closed = follow(episodes, _judged(status, acted_at), then)
    assert opened == []
    assert [e.closed_at for e in closed] == (["2026-09-03T12:00:00"] if ends else [])
    assert len(episodes) == (0 if ends else 1)


def test_an_episode_does_not_end_by_other_rules_but_by_an_act_under_them() -> None:
    moment = Moment("2026-09-01T12:00:00", "files", frozenset(("CHG-03",)))
    episodes, _, _ = follow([], _judged("fail"), moment)
    episodes, _, closed = follow(episodes, _judged("fail", "2026-09-02 10:00:00"), moment)
    new = replace(moment, evidence="other files", has_new_rules=True)
    then = replace(moment, evidence="other files")
    episodes, _, closed = follow(episodes, _judged("pass", "2026-09-02 10:00:00"), new)
    assert (len(episodes), closed) == (1, [])
    episodes, _, closed = follow(episodes, _judged("pass", "2026-09-02 10:00:00"), then)
    assert (len(episodes), closed) == (1, [])
    episodes, _, closed = follow(episodes, _judged("pass", "2026-09-03 10:00:00"), then)
    assert (len(episodes), len(closed)) == (0, 1)


def test_the_episode_of_a_log_ends_by_a_later_event_of_it() -> None:
    of_logs = frozenset(("CHG-03",))
    moment = Moment("2026-09-01T12:00:00", "files", of_logs, of_logs)
    last = {"agent-1": "2026-08-31 09:00:00"}  # the subject
    episodes, _, _ = follow([], replace(_judged("fail"), last_events=last), moment)
    same = replace(_judged("pass", "2026-09-02 10:00:00"), last_events=last)
    episodes, _, closed = follow(episodes, same, moment)
    assert closed == []
    later = replace(same, last_events={"agent-1": "2026-09-01 09:00:00"})
    assert len(follow(episodes, later, moment)[2]) == 1


def test_an_episode_does_not_end_by_a_check_that_waits() -> None:
    moment = Moment("2026-09-01T12:00:00", "files", frozenset(("CHG-03",)))
    episodes, _, _ = follow([], _judged("fail"), moment)
    passed = _judged("pass", "2026-09-02 10:00:00")
    _, _, closed = follow(episodes, replace(passed, checks=frozenset()), moment)
    assert closed == []


def test_evidence_is_another_by_its_content_only(company: Path) -> None:
    mark = EvidenceMark()

    def now() -> str:
        return mark.of(discover(company, FOLDERS))

    first = now()
    file = next((company / "inventory").glob("*"))
    data = file.read_bytes()
    os.utime(file, (1, 1))
    append(company / LOG, LINES[0])
    append(company / "reporter.yml", b"# more\n")
    assert now() == first == EvidenceMark().of(discover(company, FOLDERS))
    append(file, b"\n")
    assert now() != first
    file.write_bytes(data)
    assert now() == first
    (company / "statements").mkdir(exist_ok=True)
    (company / "statements/note.pdf").write_bytes(b"%PDF-1.7")
    assert now() != first


@pytest.mark.usefixtures("counted")
def test_other_rules_are_known_again_after_a_restart(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_new_rules = []

    def noted(episodes: Any, judged: Any, moment: Moment) -> Any:
        has_new_rules.append(moment.has_new_rules)
        return follow(episodes, judged, moment)

    monkeypatch.setattr(watching, "follow", noted)
    for more in (b"".join(LINES[:200]), LINES[200], LINES[201]):
        append(company / LOG, more)
        look(company)
        os.utime(company / "reporter.yml", (1, 1))
    append(company / "reporter.yml", b"\n# another\n")
    look(company)
    assert has_new_rules == [True, False, False, True]  # a state begins without


@pytest.mark.usefixtures("counted")
def test_settings_that_cannot_be_read_do_not_end_a_watch(company: Path) -> None:
    warned: list[str] = []
    options = Options(key="a key of the test", warn=warned.append)
    path = company / "reporter.yml"
    text = path.read_text()
    append(company / LOG, b"".join(LINES[:200]))
    with Watch(setting(company, options=options), Hooks((), print)) as watch:
        watch.look()
        rules = watch._rules
        watch.round(NOW)
        path.write_text(text[: len(text) // 2])
        for line in LINES[200:203]:
            append(company / LOG, line)
            watch.look()
            assert watch.round(NOW).taken == 1
        path.unlink()
        (company / LOG).rename(company / f"{LOG}.1")  # it is not looked at now
        watch.look()
        watch.look()
        assert taken(watch) == {LOG: 203}
        assert len(warned) == 2 and "reporter.yml" in warned[0] and "no reporter.yml" in warned[1]
        path.write_text(text)
        watch.look()
        assert (taken(watch), watch._rules, len(warned)) == ({f"{LOG}.1": 203}, rules, 2)
    path.write_text(text[: len(text) // 2])
    with pytest.raises(ReporterError, match="invalid YAML"):
        look(company)


@pytest.mark.usefixtures("counted")
def test_a_new_mapping_needs_a_new_state(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "known_content", known_content)
    append(company / LOG, b"".join(LINES[:200]))
    (company / "mappings").mkdir()
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        (company / "mappings/gates.yml").write_text(MAPPING)
        with pytest.raises(InputError, match="made with other sources or mappings"):
            watch.look()
    with pytest.raises(InputError, match=r"cursor.json: .* other sources or mappings"):
        look(company)
    (company / "mappings/gates.yml").unlink()
    look(company)


def test_an_episode_goes_on_through_silence_until_a_pass(tmp_path: Path) -> None:
    moment = Moment("2026-09-01T12:00:00", "files", frozenset(("CHG-03",)))
    episodes, _, _ = follow([], _judged("fail"), moment)
    for status in ("unknown", "", "pass"):
        episodes, opened, closed = follow(episodes, _judged(status), moment)
        assert (opened, closed) == ([], [])
    (episode,) = episodes
    assert (episode.opened_at, episode.status) == ("2026-09-01T12:00:00", "pass")


def test_an_episode_does_not_end_by_a_pass_from_before_the_act() -> None:
    moment = Moment("2026-09-01T12:00:00", "files", frozenset(("CHG-03",)))
    episodes, _, _ = follow([], _judged("fail"), moment)
    passed = _judged("pass", "2026-09-02 10:00:00")
    for checks in (frozenset(("INV-02",)), frozenset(("CHG-03",))):
        judged = replace(passed, checks=checks, moved=frozenset())
        episodes, _, closed = follow(episodes, judged, moment)
        assert bool(closed) == ("CHG-03" in checks)


def test_a_hook_gets_each_line_and_failures_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "TRIES", 1)
    target, warned = tmp_path / "lines", []
    tools = [("tee", hooks.command(f"tee -a {target}")), ("false", hooks.command("false"))]
    told_of = Hooks(tools, warned.append)
    told_of.tell([(1, '{"a": 1}'), (2, '{"a": 2}')])
    told_of.close()
    assert target.read_text() == '{"a": 1}\n{"a": 2}\n'
    assert (told_of.failed, told_of.waiting()) == (2, [])
    assert warned == ["false: a change could not be told: exit code 1"] * 2


def test_a_hook_that_takes_too_long_ends_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "TIMEOUT", 1.0)
    begun = tmp_path / "begun"
    script = tmp_path / "hook.sh"
    script.write_text(f"sleep 300 &\necho $! > {begun}\nwait\n")
    with pytest.raises(OSError, match="it ran for more than 1 s"):
        hooks.command(f"sh {script}")("{}")
    child = Path("/proc") / begun.read_text().strip() / "stat"
    deadline = time.monotonic() + 10
    while child.exists() and child.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_hook_that_leaves_a_program_behind_is_over_when_it_ends(tmp_path: Path) -> None:
    script = tmp_path / "hook.sh"
    script.write_text("sleep 4 &\nexit 0\n")
    began = time.monotonic()
    hooks.command(f"sh {script}")("{}")
    assert time.monotonic() - began < 3


def test_a_hook_that_hangs_holds_nothing_up_and_drops_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "WAITING", 3)
    free = threading.Event()
    told_of = Hooks([("slow", lambda _: free.wait() and None)], print)
    told_of.tell([(n, "x") for n in range(1, 7)])
    assert told_of.failed >= 2
    assert [n for n, _ in told_of.waiting()][-3:] == [4, 5, 6]
    free.set()
    told_of.close()
    assert told_of.waiting() == []


class _Answer(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[str, bytes]]] = []
    code = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["X-Reporter-Signature"], body))
        self.send_response(self.code)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize("code", [200, 302, 500])
def test_a_webhook_signs_its_lines_and_follows_no_redirect(code: int) -> None:
    answer = type("Answer", (_Answer,), {"got": [], "code": code})
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        post = hooks.webhook(f"http://127.0.0.1:{server.server_port}/", "secret")
        if code == 200:
            post("{}")
        else:
            with pytest.raises(HTTPError):
                post("{}")
        server.shutdown()
    expected = hmac.new(b"secret", b"{}", "sha256").hexdigest()
    assert answer.got == [(f"sha256={expected}", b"{}")]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of this process is another than UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("moment", ["2026-10-01T00:00:00", "2026-10-01T00:00:00+00:00"])
def test_a_moment_is_of_utc_wherever_it_is_told(in_tokyo: None, moment: str) -> None:
    assert millis_of(moment) == 1_790_812_800_000


@pytest.mark.parametrize(
    "address", ["http://example.org/x", "ftp://localhost/", "file:///etc/passwd", "x"]
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(InputError, match="is no address of a webhook"):
        hooks.webhook(address)
