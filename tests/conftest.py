"""Fixtures that several tests share: the shipped content, and runs of the good company of fixture_estate."""

from __future__ import annotations

import fcntl
import functools
import gc
import io
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pikepdf
import pytest
from click.testing import CliRunner, Result
from fixture_estate import SETTINGS, Estate
from fixture_reasons import said
from hypothesis import Phase, settings

from reporter import assess
from reporter.cli import main
from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.workspace import read_workspace
from reporter.engine import duckdb
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.explain import explain
from reporter.ingest.cache import USUAL, open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.remote import remote_inputs
from reporter.model.assessment import Check
from reporter.pipeline import kept_runs, kept_tables, own_settings
from reporter.pipeline.workspace_content import compile_all
from reporter.report.build import to_json
from reporter.report.export import read_view
from reporter.runs.store import RESULT, Results
from reporter.schema.compiled import Compiled
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

Outcomes = dict[tuple[str, str], tuple[str, str]]
"""(check, subject) -> (result, reason)"""
Shared = Callable[[str, Callable[[Path], None]], Path]
"""(name, what makes a folder) -> that folder"""

# Programs that tests start stay compiled, as those of an installed package do, and so do the tests:
# rewriting their asserts takes half of collecting them, in each worker.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("mutants", max_examples=40, phases=[Phase.explicit, Phase.generate])
settings.register_profile("whole", max_examples=200)


OF_CLOUDS = ("role_definitions", "last_accesses", "assumed_roles", "holdings")
"""Loaded tables that no register knows."""
READERS = (
    "check",
    "source",
    "framework",
    "profile",
    "crosswalk",
    "register",
    "themes",
    "policy",
    "causes",
    "efforts",
    "tool_rules",
)
"""What `catalog` reads files with."""


def pytest_collection_finish() -> None:
    """All that is imported stays until the end: to look through it for garbage costs a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # as the command line does


def pytest_configure(config: pytest.Config) -> None:
    """Read shipped content once, for tests that read it while they are collected too: reading all takes as long as assessing a small company."""
    load, shipped, place = loader.load, functools.cache(loader.load), loader.content_dir
    plain: Callable[..., bool] = lambda *more: not any(more) and loader.content_dir is place  # noqa: E731
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(
        loader, "load", lambda *more, **how: shipped() if plain(*more) else load(*more, **how)
    )
    for name in READERS:
        patch.setattr(loader, f"read_{name}", _once(getattr(loader, f"read_{name}"), place()))


def _once(read: Callable[..., Any], shipped: tuple[Path, ...]) -> Callable[..., Any]:
    """Read a shipped file once, for own content beside it too; any other file each time."""
    kept = functools.cache(read)
    return lambda path, **how: (
        kept(path) if any(path.is_relative_to(s) for s in shipped) else read(path, **how)
    )


@pytest.fixture(scope="session")
def content() -> Content:
    """All content that ships."""
    return loader.load()


@pytest.fixture(scope="session")
def compiled(content: Content) -> list[tuple[Check, Compiled]]:
    """Every check with the good company's thresholds."""
    return compile_all(content.checks, SETTINGS["params"])


GIVEN: dict[str, Outcomes] = {}
"""What the engine said of estates, for `results_of`."""


@pytest.fixture
def results_of(
    content: Content, compiled: list[tuple[Check, Compiled]], tmp_path: Path, converted: Path
) -> Callable[..., Outcomes]:
    """Give what the engine says of an estate: every result, or those of some checks, without a report. Of equal ones it is asked once."""
    own = tuple(s for s in content.sources if s.id.startswith("reporter-"))

    def run(estate: Estate, only: Iterable[str] = ()) -> Outcomes:
        key = json.dumps([asdict(estate), sorted(only)])
        if key not in GIVEN:
            GIVEN[key] = assess_estate(estate, set(only))
        return dict(GIVEN[key])

    def assess_estate(estate: Estate, only: set[str]) -> Outcomes:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        workspace = read_workspace(estate.write(folder / "ws"))
        with DuckDB(folder / "work") as engine:
            ingest(engine, Inputs.of(workspace.folder), own, open_cache(converted))
            expected = [Expected(n, *e) for n, e in sorted(workspace.log_sources.items())]
            derive(engine, workspace.run, expected)
            runner.prepare(engine)
            runner.assess(engine, [(c, j) for c, j in compiled if not only or c.id in only])
            return said(engine, content.checks)

    return run


FEW = ("OWN-01", "OWN-02", "GOV-01", "INV-01")


@pytest.fixture
def few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of the test get results of few checks."""
    assess_few(monkeypatch)


READ = functools.cache(read_view)


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test explains is read and built once a run folder: a run is never changed."""
    monkeypatch.setattr(explain, "read_view", READ)


@pytest.fixture(scope="session")
def converted(shared: Shared) -> Path:
    """A folder for the cache of runs that are not about reading, one for all workers."""
    return shared("converted", lambda _: None)


@pytest.fixture(scope="session", autouse=True)
def _files_are_converted_once(converted: Path) -> Iterator[None]:
    """Runs that name no cache convert no file that a run of another test has converted: it takes a fifth of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            remote_inputs, "USUAL", str(converted)
        )  # a whole path replaces the run's folder
        yield


@pytest.fixture(scope="session", autouse=True)
def _every_run_is_made() -> Iterator[None]:
    """Nothing is what another test kept: it may have changed the program. The tests of what is kept take this back.

    What the program is made of is looked up once: for each run it takes a sixth of one of few checks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_runs, "name_of", lambda *_: "")
        patch.setattr(kept_runs, "program", functools.cache(kept_runs.program))
        patch.setattr(kept_tables, "LARGE", sys.maxsize)
        yield


@pytest.fixture(scope="module")
def own_caches() -> Iterator[None]:
    """Runs of the module keep their caches where they usually lie, for they are about reading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote_inputs, "USUAL", USUAL)
        yield


def assess_few(patch: pytest.MonkeyPatch, *more: str) -> None:
    """Let runs assess `FEW`, `more`, and checks that do not ship: the others take half the time of a run."""
    whole, others = runner.assess, {c.id for c in loader.load().checks} - {*FEW, *more}

    def some(
        engine: DuckDB, checks: Iterable[tuple[Check, Compiled]], *more: Any, **how: Any
    ) -> dict[str, str]:
        return whole(engine, [(c, j) for c, j in checks if c.id not in others], *more, **how)

    silence = own_settings.silence
    patch.setattr(runner, "assess", some)
    patch.setattr(
        own_settings,
        "silence",
        lambda e, checks: silence(e, [c for c in checks if c.id not in others]),
    )


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Make a folder once for all workers of a session, who share the parent of their temporary folders."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if hasattr(request.config, "workerinput") else base) / "shared"

    def once(name: str, make: Callable[[Path], None]) -> Path:
        place, done = root / name, root / f"{name}.done"
        root.mkdir(exist_ok=True)
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)  # another worker failed in it
                place.mkdir()
                make(place)
                done.touch()
        return place

    return once


@pytest.fixture(scope="session")
def good(shared: Shared) -> Path:
    """The good company's workspace, for reading only."""

    def make(place: Path) -> None:
        Estate().write(place / "ws")

    return shared("company", make) / "ws"


@pytest.fixture(scope="session")
def good_run(good: Path, shared: Shared) -> Path:
    """A finished run of it with the usual formats but the PDF, for reading only."""

    def make(place: Path) -> None:
        words = ("--out", place / "good", "--quiet", "--formats", "html,json,csv")
        result = reporter("assess", good, *words)
        assert result.exit_code == 0, result.output

    return shared("runs", make) / "good"


@pytest.fixture(scope="session")
def whole_run(good: Path, shared: Shared) -> Path:
    """A run of the same company elsewhere, with every format that is usual, for reading only."""

    def make(place: Path) -> None:
        shutil.copytree(good, place / "moved" / "deep" / "ws")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(remote_inputs, "USUAL", USUAL)
            result = reporter("assess", place / "moved/deep/ws", "--out", place / "other/name")
        assert result.exit_code == 0, result.output

    return shared("whole", make) / "other/name"


SAMPLE = Path(__file__).parents[1] / "sample_data/acme"


@pytest.fixture(scope="session")
def sample(shared: Shared) -> Path:
    """Runs of both quarters of the sample company, `q2` and `q3`, and their `cache`, for reading only.

    They hold nothing but report.json and the tables.
    """

    def make(place: Path) -> None:
        for quarter in ("q2", "q3"):
            workspace = SAMPLE / f"2026-{quarter}"
            assess(workspace, place / quarter, formats=["json"], cache=place / "cache")

    return shared("sample", make)


@pytest.fixture(scope="session")
def sample_run(sample: Path) -> Path:
    """The run of the sample company's last quarter, for reading only."""
    return sample / "q3"


def read_results(
    run: Path, where: str = "TRUE", columns: Sequence[str] = RESULT
) -> list[tuple[Any, ...]]:
    """Return columns of the results of a run that a condition in SQL chooses, by check and subject."""
    return Results(run, ()).rows(columns, where, 'ORDER BY "check", subject')


def read_rows(path: Path, where: str = "TRUE") -> list[tuple[Any, ...]]:
    """Return the rows of a Parquet file, in order: all, or those that a condition in SQL chooses."""
    sql = f"SELECT * EXCLUDE (place) FROM held WHERE {where}"
    return list(chain.from_iterable(duckdb.Parquet(path).batches(sql)))


def reporter(*words: object) -> Result:
    """Run a command of the command line in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])


def printed(run: Path, language: str = "") -> dict[str, Any]:
    """Return what the reports of a run print, as plain dicts and lists."""
    view = read_view(run, language)
    made: dict[str, Any] = json.loads(to_json(view))
    made["findings"] = list(map(list, view.findings))
    made["history"]["changes"] = list(map(list, view.history.changes or ()))
    return made


def texts_of(paths: Iterable[Path]) -> dict[str, str]:
    """Return what files say by their names, packed ones unpacked."""
    readers: dict[str, Callable[[Path], str]] = {
        ".parquet": lambda path: str(read_rows(path)),
        ".pdf": _pdf_text,
        **dict.fromkeys((".xlsx", ".docx", ".pptx"), _office_text),
    }
    plain: Callable[[Path], str] = lambda path: path.read_text("utf-8-sig", "replace")  # noqa: E731
    return {path.name: readers.get(path.suffix, plain)(path) for path in paths}


def _office_text(path: Path | IO[bytes]) -> str:
    """What all files of a workbook, document or deck say, those of the charts in it too."""
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        charts = [_office_text(io.BytesIO(book.read(n))) for n in names if n.endswith(".xlsx")]
        return "".join([*(book.read(n).decode("utf-8", "replace") for n in names), *charts])


def _pdf_text(path: Path) -> str:
    """What a reader of a PDF sees, and what is attached to it."""
    with pikepdf.open(path) as document:
        with tempfile.TemporaryDirectory() as folder:
            attached = {Path(folder, n): a.get_file() for n, a in document.attachments.items()}
            for file, data in attached.items():
                file.write_bytes(data.read_bytes())
            said = [*texts_of(attached).values()]
        said += [str(document.docinfo), bytes(document.Root.Metadata.read_bytes()).decode()]
        for page in document.pages:
            fonts = {name: _letters(font) for name, font in page.Resources.Font.items()}
            letters: dict[int, str] = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    letters = fonts[str(operands[0])]
                if str(operator) in ("Tj", "TJ"):
                    shown = operands[0] if str(operator) == "TJ" else [operands[0]]
                    codes = b"".join(bytes(x) for x in shown if isinstance(x, pikepdf.String))
                    pairs = zip(codes[::2], codes[1::2], strict=True)
                    said.append("".join(letters.get(a << 8 | b, "?") for a, b in pairs))
    return "".join(said)


def _letters(font: Any) -> dict[int, str]:
    """The letters of a font by their codes."""
    table = bytes(font.ToUnicode.read_bytes()).decode()
    pairs = re.findall(r"<([0-9a-f]+)> <([0-9a-f]+)>\n", table, re.IGNORECASE)
    return {int(a, 16): bytes.fromhex(b).decode("utf-16-be") for a, b in pairs}
