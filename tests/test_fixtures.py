"""Every fixture of every source through the whole product: alone, with those of its source, and all together.

A reader that is tested only as a reader is not tested: what it gives meets every derived table, check and page here.
The samples of ../shared go the same way where they are; they are not part of the repository.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from test_sources import DATA, SAMPLES, VENDORS, needs_samples

import reporter
from reporter import InputError
from reporter.report.json_schema import report_schema

pytestmark = pytest.mark.slow

SETTINGS = """
organisation: Example
period: {from: 2015-01-01, to: 2030-01-01}
as_of: 2030-01-01
"""
"""A period that covers every fixture."""
ALL = ("json", "html", "pdf", "board-pdf")
USUAL_FORMATS = ("json", "html")
"""PDFs of all fixtures are for the deep suite; those of few are printed in the usual one."""
USUAL = ("claude-code-session", "langfuse", "openai-chat")
"""Records that hold several events, and agents' events that name none of them; each source alone is for the deep suite."""
Assess = Callable[[Path, Iterable[Path], tuple[str, ...]], None]


def _data(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.rglob("*")
        if p.is_file() and p.name not in ("golden.json", "SOURCE.md", "README.md")
    )  # fmt: skip


@pytest.fixture
def assessed(tmp_path: Path, converted: Path) -> Assess:
    """Return a function that lays files into logs/ as they lie below a folder, and assesses them."""

    def run(root: Path, files: Iterable[Path], formats: tuple[str, ...]) -> None:
        workspace = tmp_path / "workspace"
        shutil.rmtree(workspace, ignore_errors=True)
        (workspace / "logs").mkdir(parents=True)
        (workspace / "reporter.yml").write_text(SETTINGS, encoding="utf-8")
        for file in files:
            target = workspace / "logs" / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        run = reporter.assess(workspace, formats=formats, cache=converted)
        for name in formats:
            file = "board.pdf" if name == "board-pdf" else f"report.{name}"
            assert (run.folder / file).stat().st_size > 10_000, name
        report = json.loads((run.folder / "report.json").read_text(encoding="utf-8"))
        assert [f"{e.json_path}: {e.message[:200]}" for e in _schema().iter_errors(report)] == []

    return run


@functools.cache
def _schema() -> Draft202012Validator:
    """What every report holds to; a report with a line about nobody does not."""
    return Draft202012Validator(json.loads(report_schema()))


@pytest.mark.parametrize(
    "formats", [USUAL_FORMATS, pytest.param(ALL, marks=pytest.mark.deep)], ids=["usual", "all"]
)
def test_all_fixtures_together_reach_every_report(
    formats: tuple[str, ...], assessed: Assess
) -> None:
    assessed(DATA, _data(DATA), formats)


def test_the_fixtures_of_few_sources_reach_the_report(assessed: Assess) -> None:
    assessed(
        DATA, [file for vendor in USUAL for file in _data(DATA / vendor)], ("json", "board-pdf")
    )


@pytest.mark.deep
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_fixtures_of_a_source_reach_the_report(vendor: str, assessed: Assess) -> None:
    _reach(_data(DATA / vendor), DATA, assessed, ("json",))


@pytest.mark.deep
@pytest.mark.parametrize("vendor", VENDORS)
def test_each_fixture_alone_reaches_every_report(vendor: str, assessed: Assess) -> None:
    for file in _data(DATA / vendor):
        _reach([file], DATA, assessed)


@needs_samples
@pytest.mark.deep
def test_all_samples_together_reach_every_report(assessed: Assess) -> None:
    assessed(SAMPLES, _data(SAMPLES), ALL)


@needs_samples
@pytest.mark.deep
@pytest.mark.parametrize("folder", sorted(p.name for p in SAMPLES.glob("*/")))
def test_each_sample_alone_reaches_every_report(folder: str, assessed: Assess) -> None:
    for file in _data(SAMPLES / folder):
        _reach([file], SAMPLES, assessed)


def _reach(
    files: Sequence[Path], root: Path, assessed: Assess, formats: tuple[str, ...] = ALL
) -> None:
    """Files without any actor or event are refused, and named."""
    try:
        assessed(root, files, formats)
    except InputError as error:
        assert "no agent, no other actor and no event" in error.message, files
        assert all(file.name in (error.hint or "") for file in files)
