"""Events that come again while a log is followed: each counts once, as in an assessment, and nothing begins anew.

In: the lines of fixture_estate, some of them again. Out: what a watch found, beside an assessment of the same lines.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from fixture_estate import spoiled
from test_watch import LINES, LOG, NOW, append, compared, results_now, setting

from reporter.engine.growing.rows_aside import ASIDE
from reporter.engine.growing.seen_values import SeenValues
from reporter.ingest.cache import open_cache
from reporter.ingest.readers.files import discover
from reporter.ingest.readers.inputs import FOLDERS
from reporter.pipeline.assess import Options, known_content
from reporter.pipeline.watch import standing, watching
from reporter.pipeline.watch.cursor import Key
from reporter.pipeline.watch.hooks import Hooks
from reporter.pipeline.watch.judge import Judged, Result, judge
from reporter.pipeline.watch.watching import Watch

pytestmark = pytest.mark.slow

MODELS = Path(__file__).parent.parent / "frameworks/models"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A workspace whose log has no line yet."""
    folder = spoiled().write(tmp_path / "company")
    (folder / LOG).write_bytes(b"")
    return folder


def again(seed: int, lines: list[bytes], n: int, other: bool) -> list[bytes]:
    """Return lines of which some come again later, or others with their ids do."""
    made, lines = random.Random(seed), [*lines]
    for _ in range(n):
        at = made.randrange(1, len(lines))
        line = made.choice(lines[:at])
        if other:
            line = json.dumps(json.loads(line) | {"source_ip": f"10.0.0.{at % 250}"}).encode() + b"\n"  # fmt: skip
        lines.insert(at, line)
    return lines


def whole(company: Path, folder: Path) -> Judged:
    """Judge all lines at once."""
    known = known_content(watching.read_workspace(company), Options())
    cache = open_cache(folder / "cache", "a key of the test")
    return judge(known, discover(company, FOLDERS), (), cache, (folder, folder), Options())


@contextmanager
def judged(company: Path) -> Iterator[Watch]:
    """Yield a watch that has judged what is there."""
    with Watch(setting(company), Hooks((), print)) as watch:
        watch.look()
        watch.round(NOW)
        yield watch


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("other", [False, True])
def test_events_that_come_again_count_once_and_nothing_begins_anew(
    company: Path, tmp_path: Path, seed: int, other: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    anew = standing.Standing._anew
    monkeypatch.setattr(standing.Standing, "_anew", lambda *words: begun.append(1) or anew(*words))
    lines = again(seed, LINES, 40, other)

    def same(copy: Path, results: dict[Key, Result]) -> None:
        assert results == whole(copy, tmp_path).results

    cuts = [len(b"".join(lines[:n])) for n in (250, 272, len(lines))]
    compared(company, lines, cuts, same)
    assert len(begun) == 1


def test_an_event_that_comes_again_in_one_portion_counts_once(company: Path, tmp_path: Path) -> None:  # fmt: skip
    append(company / LOG, b"".join(LINES[:240]))
    with judged(company) as watch:
        append(company / LOG, b"".join([*LINES[240:250] * 3, LINES[3]]))
        results = results_now(watch, watch.round(NOW).judged)
        engine = watch._others.standing.engine
        assert engine
        (n,) = engine.rows(f"SELECT count(*), count(DISTINCT place) FROM {ASIDE}")
    assert n == (21, 21)
    assert results == whole(company, tmp_path).results


def test_an_id_that_comes_in_two_files_at_once_makes_all_begin_anew(
    company: Path, tmp_path: Path
) -> None:
    later = company / "logs/later.jsonl"
    append(company / LOG, b"".join(LINES[:240]))
    renamed = [json.dumps(json.loads(line) | {"event_id": f"other-{i}"}) for i, line in enumerate(LINES[:200])]  # fmt: skip
    later.write_text("\n".join(renamed) + "\n")
    with judged(company) as watch:
        before = watch._others.standing.engine
        for path in (company / LOG, later):
            append(path, b"".join(LINES[240:243]))
        results = results_now(watch, watch.round(NOW).judged)
        assert watch._others.standing.engine is not before
    assert results == whole(company, tmp_path).results


def test_an_id_that_another_file_has_makes_all_begin_anew(company: Path, tmp_path: Path) -> None:
    (company / "logs/later.jsonl").write_bytes(b"".join(LINES[:240]))
    append(company / LOG, b"".join(LINES[:240]))
    with judged(company) as watch:
        assert watch._lines._came and watch._lines._came._shared
        append(company / LOG, b"".join(LINES[240:250]))
        watch.round(NOW)
        before = watch._others.standing.engine
        append(company / "logs/later.jsonl", b"".join(LINES[244:]))
        results = results_now(watch, watch.round(NOW).judged)
        assert watch._others.standing.engine is not before
    assert results == whole(company, tmp_path).results


def test_an_id_that_a_file_has_that_is_read_whole_makes_all_begin_anew(
    company: Path, tmp_path: Path
) -> None:
    (company / "logs/short.jsonl").write_bytes(b"".join(LINES[244:249]))
    append(company / LOG, b"".join(LINES[:240]))
    with judged(company) as watch:
        assert len(watch.cursor.files) == 1
        before = watch._others.standing.engine
        append(company / LOG, b"".join(LINES[240:244]))
        watch.round(NOW)
        assert watch._others.standing.engine is before
        append(company / LOG, b"".join(LINES[244:246]))
        results = results_now(watch, watch.round(NOW).judged)
        assert watch._others.standing.engine is not before
    assert results == whole(company, tmp_path).results


def test_what_came_before_a_restart_comes_again(company: Path, tmp_path: Path) -> None:
    append(company / LOG, b"".join([*LINES[:240], LINES[7]]))
    with judged(company):
        pass
    with judged(company) as watch:
        before = watch._others.standing.engine
        append(company / LOG, b"".join([LINES[240], *LINES[3:6], LINES[7]]))
        results = results_now(watch, watch.round(NOW).judged)
        engine = watch._others.standing.engine
        assert engine is before
        assert engine
        assert engine.one(f"SELECT count(*) FROM {ASIDE}") == 5
    assert results == whole(company, tmp_path).results


def test_ids_that_two_files_have_are_known_after_a_restart(company: Path, tmp_path: Path) -> None:
    (company / "logs/later.jsonl").write_bytes(b"".join(LINES[:240]))
    append(company / LOG, b"".join(LINES[:240]))
    with judged(company):
        pass
    with judged(company) as watch:
        before = watch._others.standing.engine
        append(company / LOG, LINES[3])
        results = results_now(watch, watch.round(NOW).judged)
        assert watch._others.standing.engine is not before
    assert results == whole(company, tmp_path).results


@pytest.mark.parametrize("long", [None, 40, 300])
def test_numbers_that_came_before_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: int | None
) -> None:
    monkeypatch.setattr("reporter.engine.growing.seen_values.SHORT", 20)
    monkeypatch.setattr("reporter.engine.growing.seen_values.PIECE", 20)
    monkeypatch.setattr("reporter.engine.growing.seen_values.LONG", long)
    chosen, known = random.Random(5), set[int]()
    with ThreadPoolExecutor(1) as pool:
        seen = SeenValues(tmp_path / "seen", pool if long else None)
        most = 0
        for _ in range(400):
            values = [chosen.randrange(2**64 - 4000, 2**64) for _ in range(chosen.randrange(9))]
            told = seen.among(np.array(values, dtype=np.uint64))
            assert told.tolist() == [v in known for v in values]
            seen.add(np.array(values, dtype=np.uint64))
            known |= {*values}
            most = max(most, len(seen._runs))
        assert any(tmp_path.iterdir())
        assert most < 40
        seen.close()
    assert not [*tmp_path.iterdir()]


def test_runs_that_are_merged_slowly_pile_up_no_longer_than_that_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.engine.growing.seen_values.SHORT", 20)
    monkeypatch.setattr("reporter.engine.growing.seen_values.PIECE", 20)
    monkeypatch.setattr("reporter.engine.growing.seen_values.LONG", 100)
    goes_on = Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(goes_on.wait)
        seen = SeenValues(tmp_path / "seen", pool)
        for n in range(300):
            seen.add(np.arange(10 * n, 10 * n + 10, dtype=np.uint64))
        waiting = len(seen._runs)
        goes_on.set()
        pool.submit(int).result()
        for n in range(300, 330):
            seen.add(np.arange(10 * n, 10 * n + 10, dtype=np.uint64))
            pool.submit(int).result()
        assert waiting > 15 > len(seen._runs)
        assert seen.among(np.arange(3301, dtype=np.uint64)).sum() == 3300
        seen.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_run_that_finds_the_disk_full_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.engine.growing.seen_values.SHORT", 20)
    (tmp_path / "seen.1").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        SeenValues(tmp_path / "seen").add(np.arange(9000, dtype=np.uint64))


def test_every_table_of_a_model_is_remembered(company: Path) -> None:
    append(company / LOG, b"".join([*LINES[:240], LINES[3]]))
    with judged(company) as watch:
        engine = watch._others.standing.engine
        assert engine
        there = {n for (n,) in engine.rows("SELECT table_name FROM duckdb_tables()")}
        remembered = {step.target for step in engine._tape.steps}
    made = {path.stem for path in MODELS.glob("*.sql")} & there
    assert len(made) > 80
    assert made <= remembered
