"""Executors of Spark that convert files: the same entries of the cache, and errors where they see other folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fixture_event_table import company_in
from fixture_spark import needs_spark, small_session

from reporter.content import loader
from reporter.engine import executors
from reporter.engine.duckdb import DuckDB
from reporter.engine.executors import Executors
from reporter.errors import InputError
from reporter.ingest import convert
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.inputs import Inputs

pytestmark = [pytest.mark.spark, needs_spark, pytest.mark.filterwarnings("ignore")]


def _read(company: Path, place: Path, helpers: Any = None) -> Intake:
    """Read a workspace into an engine whose files `helpers` convert."""
    with DuckDB(place / "work") as engine, Inputs.of(company) as inputs:
        engine.executors = helpers
        return ingest(engine, inputs, loader.load().sources, open_cache(place / "cache", "key"))


def _entries(place: Path) -> dict[str, Any]:
    return {p.name: json.loads(p.read_text()) for p in (place / "cache").glob("*.json")}


def test_results_are_in_the_order_of_the_calls() -> None:
    import math

    calls = [(n,) for n in (5, 3, 9, 1)]
    assert [*Executors(small_session()).results(math.factorial, calls)] == [120, 6, 362880, 1]
    assert [*Executors(small_session()).results(math.factorial, [])] == []


def test_what_executors_convert_is_what_this_process_converts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = company_in(tmp_path)
    log = company / "logs/gateway.jsonl"
    shutil.copyfile(log, company / "logs/more.jsonl")
    with log.open("a", encoding="utf-8") as lines:
        lines.write("no JSON\n")
    here = _read(company, tmp_path / "here")

    def refuse(*_: Any) -> Any:
        raise AssertionError("this process converts a file")

    monkeypatch.setattr(convert, "_work_off", refuse)
    there = _read(company, tmp_path / "there", Executors(small_session()))
    assert there == here and here.rows["events"] == 60  # a copy counts once
    assert [f.unreadable for f in there.files if f.file == "logs/gateway.jsonl"] == [1]
    assert _entries(tmp_path / "there") == _entries(tmp_path / "here") != {}


class OtherMachine:
    """A process that does not have a folder of this one, or has another of that name."""

    count, are_elsewhere = 2, True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def results(self, function: Callable[..., Any], calls: Iterable[Any]) -> Iterator[Any]:
        for job, means in calls:
            yield function(job, replace(means, cache=self.folder))


def test_a_machine_that_sees_no_such_folder_is_named(tmp_path: Path) -> None:
    company = company_in(tmp_path)
    with pytest.raises(InputError, match="see none of the files"):
        _read(company, tmp_path / "a", OtherMachine(tmp_path / "no such folder"))
    (tmp_path / "another").mkdir()
    with pytest.raises(InputError, match="converted files of the executors of Spark are not here"):
        _read(company, tmp_path / "b", OtherMachine(tmp_path / "another"))


def test_files_that_are_not_seen_there_do_not_count_as_gone(tmp_path: Path) -> None:
    company = company_in(tmp_path)
    with Inputs.of(company) as inputs:
        file = next(f for f in inputs.files if f.name == "logs/gateway.jsonl")
        gone = SimpleNamespace(files=[replace(file, path=tmp_path / "nowhere")])
        means = SimpleNamespace(cache=tmp_path)
        assert convert.try_job_there(gone, means) == convert.UNSEEN  # type: ignore[arg-type]


def test_executors_with_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import math

    monkeypatch.setattr(executors, "version", lambda _: "99.0")
    with pytest.raises(InputError, match="executors of Spark have Reporter 0"):
        [*Executors(small_session()).results(math.factorial, [(1,)])]


def _named(module: str) -> Any:
    """Return a function of a module that is not there."""
    return SimpleNamespace(__module__=module, __qualname__="work")


def test_executors_without_reporter_are_named() -> None:
    with pytest.raises(InputError, match="do not have Reporter"):
        [*Executors(small_session()).results(_named("reporter.not_there"), [(1,)])]
