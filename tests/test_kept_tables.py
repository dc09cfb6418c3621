"""Another run over the same input makes only what differs, and gives what a run from nothing gives, byte by byte."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import SAMPLE

from reporter.content import loader
from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.ingest.cache import open_cache
from reporter.pipeline import assess as running
from reporter.pipeline import kept_tables
from reporter.pipeline.assess import Options, assess_workspace

pytestmark = pytest.mark.deep

ALL_CHECKS = len(loader.load().checks)


class Company:
    """The sample company, assessed again and again with one cache."""

    def __init__(self, folder: Path) -> None:
        """Take a folder with a workspace, and perhaps the cache of a run."""
        self.folder, self.workspace, self.cache = folder, folder / "ws", folder / "cache"
        self.warnings: list[str] = []
        self.settings = self.workspace / "reporter.yml"
        self.checks_run, self.tables_used = 0, frozenset[str]()
        """By the last run, the first time that it assessed."""

    def run(self, name: str, **how: Any) -> dict[str, bytes]:
        """Assess it, and return the files of the run."""
        self.checks_run, self.tables_used = -1, frozenset()
        options = Options(("json", "csv"), cache=self.cache, warn=self.warnings.append, **how)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner, "assess", partial(self._assess, runner.assess))
            patch.setattr(running, "derive", partial(self._derive, running.derive))
            patch.setattr(kept_tables, "LARGE", 1)
            patch.setattr(kept_tables, "program", lambda _: [])  # somebody may be writing it
            assess_workspace(self.workspace, self.folder / name, options)
        files = [p for p in sorted((self.folder / name).rglob("*")) if p.is_file()]
        return {p.relative_to(self.folder / name).as_posix(): p.read_bytes() for p in files}

    def _assess(
        self, whole: Callable[..., Any], engine: DuckDB, checks: Any, *more: Any, **how: Any
    ) -> Any:
        if self.checks_run < 0:
            self.checks_run = len(checks)
        return whole(engine, checks, *more, **how)

    def _derive(
        self, whole: Callable[..., None], *args: Any, kept: Mapping[str, str], **how: Any
    ) -> None:
        self.tables_used = frozenset(kept)
        whole(*args, kept=kept, **how)

    def say(self, old: str, new: str) -> None:
        """Change the settings."""
        text = self.settings.read_text()
        assert old in text
        self.settings.write_text(text.replace(old, new))

    def kept(self, file: str) -> Path:
        """Find a kept file."""
        [path] = self.cache.glob(f"tables/*/{file}")
        return path


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sample company was assessed once."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(SAMPLE / "2026-q3", folder / "ws")
    company = Company(folder)
    company.run("first")
    assert (company.checks_run, company.tables_used) == (ALL_CHECKS, frozenset())
    return folder


@pytest.fixture
def company(assessed: Path, tmp_path: Path) -> Company:
    """A copy of the company and of its cache."""
    shutil.copytree(assessed / "ws", tmp_path / "ws")
    shutil.copytree(assessed / "cache", tmp_path / "cache")
    return Company(tmp_path)


THRESHOLD = ("baseline: {", "params: {APR-05: {skew_minutes: 7}}\nbaseline: {")


@pytest.fixture(scope="module")
def with_threshold(assessed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run with another threshold, from nothing."""
    folder = tmp_path_factory.mktemp("anew")
    shutil.copytree(assessed / "ws", folder / "ws")
    company = Company(folder)
    company.say(*THRESHOLD)
    return company.run("anew")


def test_another_threshold_runs_one_check_and_gives_what_a_run_from_nothing_gives(
    company: Company, with_threshold: dict[str, bytes]
) -> None:
    company.say(*THRESHOLD)
    assert company.run("again") == with_threshold
    assert (company.checks_run, company.warnings) == (1, [])
    assert company.tables_used == {*kept_tables._from_events()}, "one has a type that is not kept"
    assert company.run("third") == with_threshold
    assert company.checks_run == 0
    assert company.run("fresh", fresh=True) == with_threshold
    assert (company.checks_run, company.tables_used) == (ALL_CHECKS, frozenset())


def test_kept_tables_have_the_rows_and_the_types_of_those_made(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is compared beside what its model gives in the same engine."""
    compared: set[str] = set()

    def compare(engine: DuckDB, kept: kept_tables.Kept) -> None:
        for name, sql in kept.tables.items():
            assert engine.columns(sql) == engine.columns(f"SELECT * FROM {name}"), name
            for one, other in ((sql, f"FROM {name}"), (f"FROM {name}", sql)):
                assert not engine.one(f"SELECT count(*) FROM (({one}) EXCEPT ALL ({other}))"), name
            compared.add(name)

    derive = running.derive
    monkeypatch.setattr(running, "derive", lambda *args, kept, **how: derive(*args, kept={}, **how))
    monkeypatch.setattr(kept_tables, "keep_tables", compare)
    company.run("again")
    assert compared == {*kept_tables._from_events()}


def later(company: Company) -> None:
    company.say("as_of: 2026-10-01", "as_of: 2026-10-02")


def one_more(company: Company) -> None:
    log = company.workspace / "logs" / "gateway-2026-09.jsonl"
    log.write_bytes(log.read_bytes() + log.read_bytes().splitlines(keepends=True)[1])


def laxer(company: Company) -> None:
    company.say("share: 90", "share: 80")


def other_approvers(company: Company) -> None:
    company.say("  baseline: [Head of IT]", "  baseline: [Nobody]")


@pytest.mark.deep
@pytest.mark.parametrize(
    ("change", "has_tables"),
    [(later, False), (one_more, False), (laxer, False), (other_approvers, True)],
)
def test_what_shapes_tables_or_results_makes_them_anew(
    company: Company, change: Callable[[Company], None], has_tables: bool
) -> None:
    change(company)
    again = company.run("again")
    assert (company.checks_run, bool(company.tables_used)) == (ALL_CHECKS, has_tables)
    assert again == company.run("anew", fresh=True)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def linked(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def retold(path: Path) -> None:
    """A type that would be a part of SQL."""
    entry = path.with_name("kept.json")
    data = json.loads(entry.read_text())
    data["columns"]["activity"][0][1] = "BIGINT), (SELECT 1"
    entry.write_text(json.dumps(data))


def swapped(path: Path) -> None:
    entry = path.with_name("kept.json")
    entry.write_text(entry.read_text().replace(json.loads(entry.read_text())["key"], "0" * 32))


@pytest.mark.parametrize("damage", [cut, linked, retold, swapped])
def test_what_is_damaged_is_made_anew_and_said(
    company: Company, damage: Callable[[Path], None], with_threshold: dict[str, bytes]
) -> None:
    damage(company.kept("activity.parquet"))
    company.say(*THRESHOLD)
    assert company.run("again") == with_threshold
    assert "damaged" in " ".join(company.warnings)
    assert not company.tables_used


def test_a_check_that_failed_is_run_again(
    company: Company, monkeypatch: pytest.MonkeyPatch, with_threshold: dict[str, bytes]
) -> None:
    one = runner._run_one

    def failing(engine: DuckDB, check: Any, *more: Any) -> None:
        if check.id == "APR-05":
            raise Error("out of luck")
        one(engine, check, *more)

    company.say(*THRESHOLD)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "_run_one", failing)
        assert company.run("failed") != with_threshold
    assert company.run("again") == with_threshold
    assert company.checks_run == 1


def test_nothing_is_kept_where_checks_of_others_take_part(company: Company) -> None:
    shutil.rmtree(company.cache / "tables")
    extra = company.folder / "extra" / "checks"
    extra.mkdir(parents=True)
    [own] = (Path(__file__).parents[1] / "frameworks" / "checks").rglob("OWN-01-*.yml")
    (extra / "OWN-99-x.yml").write_text(own.read_text().replace("id: OWN-01", "id: OWN-99"))
    company.run("first", extra=(company.folder / "extra",))
    assert not (company.cache / "tables").exists()


def test_folders_of_before_go(tmp_path: Path) -> None:
    cache = open_cache(tmp_path / "cache")
    for number in range(9):
        kept_tables._put(cache, f"{number:032}", lambda _: {"checks": {}})
        os.utime(cache.folder / "tables" / f"{number:032}" / "kept.json", (number, number))
    names = sorted(p.name for p in (cache.folder / "tables").iterdir())
    assert names == [f"{n:032}" for n in range(9 - kept_tables.MOST, 9)]
