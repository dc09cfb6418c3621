"""A run holds data: what is written is read back, in no language; every print is made of it, and nothing that is printed is read."""

from __future__ import annotations

import ast
import gzip
import hashlib
import importlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import fixture_assessment as given
import pikepdf
import pytest
from conftest import Shared, read_results, reporter
from jsonschema import Draft202012Validator

import reporter as package
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.explain.what_if import what_if
from reporter.model.assessment import Assessment
from reporter.pipeline.assess import Options, assess_workspace
from reporter.report import FILES
from reporter.report.editions.off_paper import CONTROLS, SUMS
from reporter.report.export import render
from reporter.report.json_schema import report_schema
from reporter.report.pdf.paper import FINDINGS
from reporter.runs import store
from reporter.runs.store import DATA, LISTS, RESULT, RESULTS, Results, from_json, read_run, to_json
from reporter.system.hashes import sha256

pytestmark = pytest.mark.slow

EXTREMES: dict[str, Callable[[], given.Assessed]] = {
    f.__name__: f for f in (given.rich, given.empty, given.perfect, given.single)
}
PRINTED = ("json", "html", "csv", "xlsx", "oscal", "ocsf", "sarif", "board-html", "board-pdf")


def _without_examples(a: given.Assessed) -> Assessment:
    return replace(given.plain(a), checks=tuple(replace(c, examples=()) for c in a.checks))


# ---------------------------------------------------------------- what is written is read back


@pytest.mark.parametrize("name", EXTREMES)
def test_an_assessment_is_read_back_as_it_was(name: str, tmp_path: Path) -> None:
    a = EXTREMES[name]()
    held, results = read_run(given.leave(a, tmp_path))
    assert held == _without_examples(a)
    assert len(results.rows()) == len(a.rows)


def test_the_sample_is_read_back_as_it_was(sample_run: Path) -> None:
    a, results = read_run(sample_run)
    assert to_json(a) == (sample_run / DATA).read_bytes()
    assert from_json(to_json(a)) == a
    assert sum(sum(c.counts.values()) for c in a.scores.checks.values()) == a.results
    assert a.results == len(results.rows())


def test_a_run_holds_to_the_published_schema(sample: Path) -> None:
    schema = Draft202012Validator(json.loads(report_schema()))
    for quarter in ("q2", "q3"):
        data = json.loads((sample / quarter / DATA).read_bytes())
        assert [f"{e.json_path}: {e.message[:200]}" for e in schema.iter_errors(data)] == []


def test_no_definition_of_the_schema_is_of_what_report_json_does_not_hold() -> None:
    schema = json.loads(report_schema())
    used = {line.split("/")[-1] for line in _refs(schema)}
    assert used == set(schema["$defs"])


def _refs(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for value in part.values() for ref in _refs(value)]
    return [ref for value in part for ref in _refs(value)] if isinstance(part, list) else []


@pytest.fixture
def split_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose lists are too long for report.json."""
    monkeypatch.setattr(store, "MOST_LISTED", 1)
    return given.leave(given.rich(), tmp_path / "run")


def test_long_lists_lie_beside_report_json_which_says_where(split_run: Path) -> None:
    data = json.loads((split_run / DATA).read_bytes())
    packed = (split_run / LISTS).read_bytes()
    lists = json.loads(gzip.decompress(packed))
    digest = hashlib.sha256(packed).hexdigest()
    assert data.pop("lists") == {"fields": sorted(lists), "file": LISTS, "sha256": digest}
    assert {*data, *lists} == {*json.loads(to_json(given.plain(given.rich())))}
    assert not {*data} & {*lists} and all(lists.values())
    assert read_run(split_run)[0] == _without_examples(given.rich())
    assert store.data_files(split_run) == [split_run / n for n in (DATA, LISTS, RESULTS)]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lists_in_pieces_are_the_lists_as_a_whole(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a name holds half a character, or what every print writes out."""
    rich = given.plain(given.rich())
    cause = replace(rich.causes[0], what="half \ud800, DEL \x7f, to the right \u202e")
    rich = replace(rich, causes=(*rich.causes, cause, *rich.causes))
    monkeypatch.setattr(store, "MOST_LISTED", 1)
    monkeypatch.setattr(store, "_AT_ONCE", size)
    store.write_data(rich, tmp_path)
    lists = gzip.decompress((tmp_path / LISTS).read_bytes())
    whole = json.loads(to_json(rich))
    assert json.loads(lists) == {name: whole[name] for name in store.LISTED_APART}
    entry = rb'"half \\ud800, DEL \u007f, to the right \u202e"'
    assert entry in lists and entry in to_json(rich)


def test_a_run_of_long_lists_holds_to_the_published_schema(split_run: Path) -> None:
    schema = Draft202012Validator(json.loads(report_schema()))
    data = json.loads((split_run / DATA).read_bytes())
    assert list(schema.iter_errors(data)) == []
    pointer = data.pop("lists")
    assert [e.validator for e in schema.iter_errors(data)] == ["anyOf"], "the lists are nowhere"
    lists = json.loads(gzip.decompress((split_run / LISTS).read_bytes()))
    assert list(schema.iter_errors(data | lists)) == []
    assert list(schema.iter_errors(data | {"lists": pointer | {"file": "another.gz"}}))


def test_who_renders_the_data_gets_the_lists_too(split_run: Path, tmp_path: Path) -> None:
    written = render(split_run, ["json", "csv"], tmp_path / "out", tables=False)
    assert {DATA, LISTS} <= {p.name for p in written}
    for name in (DATA, LISTS):
        assert (tmp_path / "out" / name).read_bytes() == (split_run / name).read_bytes()


def test_a_pdf_carries_the_lists_too(split_run: Path, tmp_path: Path) -> None:
    render(split_run, ["pdf"], tmp_path / "out")
    with pikepdf.open(tmp_path / "out/report.pdf") as document:
        files = {name: a.get_file() for name, a in document.attachments.items()}
        assert {*files} == {DATA, LISTS, RESULTS, FINDINGS, CONTROLS, SUMS}
        assert files[LISTS].read_bytes() == (split_run / LISTS).read_bytes()
        assert files[LISTS].mime_type == "application/gzip"


def _point_at(run: Path, packed: bytes) -> None:
    """Put other lists in place of those of a run, and name them in its report.json."""
    data = json.loads((run / DATA).read_bytes())
    data["lists"]["sha256"] = hashlib.sha256(packed).hexdigest()
    (run / DATA).write_text(json.dumps(data), "utf-8")
    (run / LISTS).write_bytes(packed)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda r: (r / LISTS).unlink(), f"this run has no {LISTS}"),
        (lambda r: (r / LISTS).write_bytes(gzip.compress(b"{}")), "its hash differs"),
        (lambda r: _point_at(r, b"{}"), "is not a list of a run"),
        (lambda r: _point_at(r, gzip.compress(b"{}")[:-4]), "is not a list of a run"),
        (lambda r: _point_at(r, gzip.compress(b"[]")), "is not a list of a run"),
        (lambda r: _point_at(r, gzip.compress(b"{}")), "missing required field"),
        (lambda r: _point_at(r, gzip.compress(b'{"scores": 1}')), "both hold scores"),
    ],
)
def test_lists_that_are_not_those_of_the_run_are_refused(
    spoil: Callable[[Path], object], said: str, split_run: Path
) -> None:
    spoil(split_run)
    with pytest.raises(InputError, match=re.escape(said)) as refused:
        read_run(split_run)
    assert refused.value.hint


def test_half_a_character_and_what_drives_a_terminal_are_written_as_escapes(tmp_path: Path) -> None:
    a = given.single()
    a = replace(a, run=replace(a.run, organisation="A\ud800\u202e\x7f\x1b"))
    path = given.leave(a, tmp_path) / DATA
    assert rb"A\\ud800\u202e\u007f\u001b" in path.read_bytes()
    assert read_run(tmp_path)[0].run.organisation == "A\\ud800\u202e\x7f\x1b"


# ---------------------------------------------------------------- in no language, printed in any


@pytest.fixture(scope="module")
def german(good: Path, shared: Shared) -> Path:
    """The good company's run as `good_run` has it, printed in German and in every format but the long PDFs."""

    def make(place: Path) -> None:
        assess_workspace(good, place / "run", Options(formats=PRINTED, language="de"))

    return shared("german", make) / "run"


def test_the_data_of_a_run_are_the_same_in_every_language(german: Path, good_run: Path) -> None:
    assert (german / DATA).read_bytes() == (good_run / DATA).read_bytes()
    assert read_results(german) == read_results(good_run)
    assert (german / RESULTS).read_bytes() == (good_run / RESULTS).read_bytes()
    assert (german / "report.html").read_bytes() != (good_run / "report.html").read_bytes()


def test_a_print_of_a_stored_run_has_the_bytes_that_assess_gave_it(
    german: Path, tmp_path: Path
) -> None:
    render(german, PRINTED, tmp_path / "out", language="de")
    _expect_same(german, tmp_path / "out", PRINTED)


def test_another_language_and_edition_are_printed_as_assess_would(
    good_run: Path, german: Path, tmp_path: Path
) -> None:
    words = ("--format", "pdf", "--language", "de", "--edition", "board", "--out", tmp_path)
    done = reporter("render", good_run, *words)
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'board.pdf'}\n")
    assert (tmp_path / "board.pdf").read_bytes() == (german / "board.pdf").read_bytes()


@pytest.mark.deep
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_edition_on_paper_has_the_bytes_that_assess_gave_it(
    language: str, good: Path, tmp_path: Path
) -> None:
    formats = ("pdf", "board-pdf", "engineer-pdf", "engineer-html")
    assess_workspace(good, tmp_path / "run", Options(formats=formats, language=language))
    render(tmp_path / "run", formats, tmp_path / "out", language=language)
    _expect_same(tmp_path / "run", tmp_path / "out", formats)


@pytest.mark.parametrize("language", ["en", "de"])
def test_csv_of_a_stored_run_are_all_tables_that_assess_gave_it(
    language: str, good_run: Path, german: Path, tmp_path: Path
) -> None:
    done = reporter("render", good_run, "--format", "csv", "--language", language, "--out", tmp_path / "out")  # fmt: skip
    assert done.exit_code == 0, done.output
    _expect_same_tables(good_run if language == "en" else german, tmp_path / "out")
    assert len(done.output.splitlines()) == len([*(tmp_path / "out").iterdir()])


@pytest.mark.slow
def test_csv_of_a_run_that_was_compared_are_all_tables_too(
    good: Path, good_run: Path, tmp_path: Path
) -> None:
    """Only here a finding has a date before the run, and changes.csv is there."""
    later = Path(shutil.copytree(good, tmp_path / "ws")) / "reporter.yml"
    _edited(later, '"as_of": "2026-10-01"', '"as_of": "2026-10-02"')
    words = ("--earlier", good_run, "--formats", "csv", "--language", "de", "--out", tmp_path / "run", "--quiet")  # fmt: skip
    done = reporter("assess", tmp_path / "ws", *words)
    assert done.exit_code == 0, done.output
    render(tmp_path / "run", ["csv"], tmp_path / "out", language="de")
    _expect_same_tables(tmp_path / "run", tmp_path / "out")
    assert (tmp_path / "out/changes.csv").is_file()


def test_one_file_is_written_where_one_is_named(good_run: Path, tmp_path: Path) -> None:
    package.open(good_run).write("csv", tmp_path / "mine.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["mine.csv"]
    assert (tmp_path / "mine.csv").read_bytes() == (good_run / "findings.csv").read_bytes()


def _expect_same_tables(run: Path, out: Path) -> None:
    names = {path.name for path in run.glob("*.csv")}
    assert {path.name for path in out.iterdir()} == names >= {"todo.csv", "sums.csv"}
    assert [n for n in names if (run / n).read_bytes() != (out / n).read_bytes()] == []


def _expect_same(run: Path, out: Path, formats: tuple[str, ...]) -> None:
    for name in formats:
        whole = out / FILES[name]
        for path in sorted(whole.rglob("*")) if whole.is_dir() else [whole]:
            assert path.read_bytes() == (run / path.relative_to(out)).read_bytes(), path.name


@pytest.mark.parametrize("language", ["", "xx"])
@pytest.mark.parametrize("verb", ["render", "assess"])
def test_a_language_that_is_none_is_a_wrong_command(
    verb: str, language: str, good: Path, good_run: Path, tmp_path: Path
) -> None:
    what = good_run if verb == "render" else good
    done = reporter(verb, what, "--formats", "csv", "--language", language, "--out", tmp_path / "o")
    assert done.exit_code == 2 and "is not one of de, en" in done.output
    assert not (tmp_path / "o").exists()


# ---------------------------------------------------------------- what is not a run is refused


def _edited(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _rewritten(run: Path, sql: str) -> None:
    """Put what a query gives of `results` in its place."""
    path, work = run / RESULTS, run / "work"
    with DuckDB(work) as engine:
        engine.run(f"CREATE TABLE results AS SELECT * FROM read_parquet({quoted(str(path))})")
        engine.write_parquet(sql, path)
    shutil.rmtree(work)


MENDED = """
SELECT * REPLACE (CASE WHEN (subject, "check") = (
  SELECT (subject, "check") FROM results WHERE status = 'fail' ORDER BY ALL LIMIT 1
) THEN 'pass' ELSE status END AS status) FROM results ORDER BY "check", subject
"""
DAMAGE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no data": (DATA, lambda r: (r / DATA).unlink(), "no report.json in it"),
    "empty": (DATA, lambda r: (r / DATA).write_bytes(b""), "is not a report"),
    "cut off": (DATA, lambda r: (r / DATA).write_bytes((r / DATA).read_bytes()[:-900]), "is not a report"),
    "a list": (DATA, lambda r: (r / DATA).write_bytes(b"[]"), "is not a report"),
    "no utf-8": (DATA, lambda r: (r / DATA).write_bytes(b'{"schema":"\xff"}'), "is not a report"),
    "of the first release": (
        DATA, lambda r: _edited(r / DATA, store.SCHEMA, "agent-maturity-report/1"),
        "its schema is agent-maturity-report/1, and this version reads agent-maturity-run/4",
    ),
    "without a schema": (DATA, lambda r: _edited(r / DATA, '"schema":', '"plan":'), "its schema is not named"),
    "without a part": (DATA, lambda r: _edited(r / DATA, '"scores":', '"marks":'), "missing required field `scores`"),
    "a score that is none": (DATA, lambda r: _edited(r / DATA, '"1/2"', '"1/0"'), "is not a report"),
    "a status that is none": (DATA, lambda r: _edited(r / DATA, '"status":"fail"', '"status":"fails"'), "is not a report: Invalid enum value 'fails'"),
    "no results": (RESULTS, lambda r: (r / RESULTS).unlink(), "this run has no results.parquet"),
    "no parquet": (RESULTS, lambda r: (r / RESULTS).write_bytes(b"PAR1"), "cannot be read as Parquet"),
    "results cut off": (
        RESULTS, lambda r: (r / RESULTS).write_bytes((r / RESULTS).read_bytes()[:-99]), "cannot be read as Parquet",
    ),
    "other columns": (RESULTS, lambda r: _rewritten(r, 'SELECT "check", subject FROM results'), "status"),
    "a result that is none": (
        RESULTS, lambda r: _rewritten(r, "SELECT * REPLACE ('perfect' AS status) FROM results"),
        "holds what is not a result: 'perfect' is not a valid Status",
    ),
    "a result remediated by hand": (RESULTS, lambda r: _rewritten(r, MENDED), "results fail of ENT-02, and report.json counts"),
    "a result left out": (
        RESULTS, lambda r: _rewritten(r, "SELECT * FROM results WHERE NOT (subject = 'agent-0001' AND status = 'na')"), "results na of",
    ),
    "of a check that was not run": (
        RESULTS, lambda r: _rewritten(r, "SELECT * FROM results UNION ALL SELECT * REPLACE ('ZZZ-01' AS \"check\") FROM results LIMIT 999"),
        "of ZZZ-01, and report.json counts 0",
    ),
}  # fmt: skip
"""What is done to a run -> the file that is named, how it is done, and what is said."""


@pytest.fixture(scope="module")
def rich_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given.leave(given.rich(), tmp_path_factory.mktemp("rich") / "run")


@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_damaged_or_of_another_version_is_named_with_what_to_do(
    case: str, rich_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(rich_run, tmp_path / "run"))
    name, spoil, said = DAMAGE[case]
    spoil(run)
    with pytest.raises(InputError) as refused:
        read_run(run)
    assert said in refused.value.message
    assert refused.value.place in (str(run), str(run / name)) and refused.value.hint
    with pytest.raises(InputError):
        what_if(run, ["OWN-01"])


@pytest.mark.parametrize("case", ["of the first release", "a result remediated by hand"])
@pytest.mark.parametrize(
    "words",
    [("render", "--format", "csv", "--out"), ("render", "--format", "json", "--out"), ("explain", "OWN-01"), ("explain", "--fix", "OWN-01")],
)  # fmt: skip
def test_every_command_refuses_it(
    words: tuple[str, ...], case: str, rich_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(rich_run, tmp_path / "run"))
    name, spoil, said = DAMAGE[case]
    spoil(run)
    verb, *options = words
    done = reporter(verb, run, *options, *([tmp_path / "out"] if verb == "render" else []))
    assert done.exit_code == 3
    assert f"{run / name}: " in done.output and said in done.output and store.AGAIN in done.output
    assert not (tmp_path / "out").exists()


def test_a_result_mended_by_hand_is_noticed_where_runs_are_compared(
    good: Path, good_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(good_run, tmp_path / "run"))
    _rewritten(run, "SELECT * REPLACE ('fail' AS status) FROM results")
    done = reporter("assess", good, "--out", tmp_path / "out", "--earlier", run)
    assert done.exit_code == 3
    assert f"{run / RESULTS}: is not the file that manifest.json names" in done.output


def test_so_it_is_where_the_manifest_was_changed_with_it(
    good: Path, good_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(good_run, tmp_path / "run"))
    _rewritten(run, "SELECT * REPLACE ('fail' AS status) FROM results")
    manifest = json.loads((run / "manifest.json").read_bytes())
    manifest["outputs"][RESULTS]["sha256"] = sha256(run / RESULTS)
    (run / "manifest.json").write_text(json.dumps(manifest))
    done = reporter("assess", good, "--out", tmp_path / "out", "--earlier", run)
    assert done.exit_code == 3
    assert f"{run / RESULTS}: holds " in done.output and store.AGAIN in done.output


def test_a_tier_changed_by_hand_is_noticed_by_what_if(rich_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(rich_run, tmp_path / "run"))
    _rewritten(run, "SELECT * REPLACE (1 AS tier_lo, 1 AS tier_hi) FROM results")
    with pytest.raises(InputError, match="its results give another score than it holds"):
        what_if(run, ["OWN-01"])


def test_results_have_the_columns_that_are_documented(sample_run: Path) -> None:
    page = (Path(__file__).parents[1] / "docs/formats.md").read_text(encoding="utf-8")
    for name in RESULT:
        assert f"\n| `{name}` | " in page
    assert all(len(row) == len(RESULT) for row in read_results(sample_run))


# ---------------------------------------------------------------- nothing that is printed is read

NUMBERS = {"int", "float", "Fraction", "Decimal"}
CUTS = {
    *("split", "rsplit", "partition", "rpartition", "removesuffix", "removeprefix"),
    *("translate", "startswith", "endswith", "fullmatch", "search", "match", "findall", "isdecimal", "isdigit"),
}  # fmt: skip
DATA_IN_A_VIEW = {
    *("id", "severity", "status", "standing", "lane", "state", "needs"),  # codes
    *("exact_lo", "exact_hi", "exact_gain", "as_of_iso", "accent"),  # exact values
    *("record", "file", "part", "name", "parent"),  # names that the input gave
}
"""Fields of a view that hold no number or word of a language."""
FORBIDDEN = ("from_numeral", ".messages.items(", 'removesuffix(" %")', '.replace(",", "")', "float(printed(", "int(printed(")  # fmt: skip
READERS = (
    "explain/explain",
    "explain/what_if",
    "explain/related_controls",
    "runs/store",
    "pipeline/own_settings",
)


def _reads_prints(source: str, printed: set[str]) -> list[str]:
    """Return each call of a module that makes a number of a printed field, or cuts one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in NUMBERS:
            parts = node.args
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CUTS:
            # `"a".join(...)` or `f"{...}".rstrip()` makes a print; it reads none
            parts = [node.func.value, *node.args[1:], *node.args[:1]]
            parts = [p for p in parts if not isinstance(p, ast.JoinedStr)]
        else:
            continue
        used = {n.attr for part in parts for n in ast.walk(part) if isinstance(n, ast.Attribute)}
        if used & printed:
            found.append(ast.unparse(node))
    return found


def _printed_fields() -> set[str]:
    folder = Path(package.__file__).parent / "report"
    own = (
        folder / "document.py",
        *(
            p
            for room in ("view", "chapters", "trend", "editions")
            for p in (folder / room).glob("[!_]*.py")
        ),
    )
    shapes = [importlib.import_module(".".join(("reporter", *p.relative_to(folder.parent).with_suffix("").parts))) for p in own]  # fmt: skip
    lines = {
        line
        for shape in shapes
        for line in vars(shape).values()
        if is_dataclass(line) and line.__module__.startswith("reporter.report.")  # no model
    }
    return {f.name for line in lines for f in fields(line) if f.type == "str"} - DATA_IN_A_VIEW


@pytest.mark.parametrize(
    "source",
    [
        'float(f.text.removesuffix(" %"))', "int(check.level.split()[1])", "Fraction(control.coverage)",
        "int(m.level[0])", 're.findall("[0-9]", m.level)', 'c.evidence.startswith("inventory")',
    ],
)  # fmt: skip
def test_the_ways_that_prints_were_read_are_found(source: str) -> None:
    assert _reads_prints(source, _printed_fields())


def test_nothing_that_is_printed_is_read_back() -> None:
    folder, printed = Path(package.__file__).parent, _printed_fields()
    assert {"text", "level", "coverage", "range", "evidence"} <= printed
    paths = [*(folder / "report").rglob("*.py"), *(folder / f"{name}.py" for name in READERS)]
    found = {p.name: _reads_prints(p.read_text("utf-8"), printed) for p in paths}
    assert {name: calls for name, calls in found.items() if calls} == {}
    told = {p.name: [w for w in FORBIDDEN if w in p.read_text("utf-8")] for p in folder.rglob("*.py")}  # fmt: skip
    assert {name: words for name, words in told.items() if words} == {}


@pytest.mark.parametrize(
    "where",
    [
        "(SELECT count(*) FROM read_text('/etc/hostname')) > 0",
        "(SELECT count(*) FROM glob('/*')) > 0",
    ],
)
def test_a_question_reaches_the_results_and_no_other_file(where: str, sample_run: Path) -> None:
    with pytest.raises(InputError, match="disabled by configuration"):
        Results(sample_run, ()).rows(where=where)
