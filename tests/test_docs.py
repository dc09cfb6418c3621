"""The pages: their commands run, their quotes are true, their links and names lead somewhere."""

from __future__ import annotations

import csv
import functools
import importlib
import json
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import OF_CLOUDS
from conftest import printed as printed_view
from conftest import reporter as run_words
from test_content import RETIRED

import reporter
from reporter import errors
from reporter.authoring import docs, examples
from reporter.content import loader
from reporter.content.kinds.check_files import read_check
from reporter.content.sql_policy import compile_check
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError, ReporterError, VerificationError
from reporter.model.assessment import Check, Control, Framework, Profile, Theme
from reporter.model.scores import Status, Tally
from reporter.report.json_schema import report_schema, view_schema
from reporter.schema.tables import TABLES
from reporter.score import ASK, printed, rating, score

ROOT = Path(__file__).parents[1]
EXTRA = ROOT / "docs/examples/extra"
OWN_CHECK = EXTRA / "checks/ent/ENT-51-own-destinations.yml"
PAGES = sorted(
    p for folder in (".", "docs", "sample_data", "benchmarks") for p in (ROOT / folder).glob("*.md")
)
WRITTEN = {
    "README": 160,
    "architecture": 320,
    "writing-checks": 260,
    "writing-content": 220,
    "method": 367,
    "decisions": 420,
    "decisions-honesty": 100,
    "decisions-evidence": 100,
    "decisions-rights": 100,
    "decisions-records": 100,
    "decisions-house": 100,
    "decisions-intake": 100,
    "decisions-reports": 100,
    "decisions-screen": 100,
    "decisions-pictures": 100,
    "decisions-runs": 100,
    "decisions-quarter": 100,
    "batch": 160,
    "remote": 160,
    "decisions-remote": 100,
    "schedulers": 60,
    "decisions-sealed": 100,
    "decisions-statements": 100,
    "decisions-processes": 100,
    "many-files": 60,
}
"""The pages written by hand, and how many lines one can read in one sitting."""
MADE_UP = {"ENT-51", "ENT-52"}
"""Check ids that only docs/writing-content.md and docs/writing-checks.md use."""


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, what stands behind it, its text."""

    language: str
    info: str
    text: str


def page(name: str) -> str:
    """Return a page written by hand."""
    path = ROOT / "README.md" if name == "README" else ROOT / f"docs/{name}.md"
    return path.read_text(encoding="utf-8")


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks of a page."""
    found = re.findall(r"^( *)```(\w*) ?(.*?)\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [Fence(language, info, textwrap.dedent(body)) for _, language, info, body in found]


def commands(name: str) -> list[str]:
    """Return the lines of a page's shell blocks."""
    return [line for f in fences(page(name)) if f.language == "sh" for line in f.text.splitlines()]


def rows_under(name: str, heading: str) -> list[list[str]]:
    """Return the body of the table whose first heading is given."""
    lines = iter(page(name).splitlines())
    rows = []
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return rows
                rows.append([c.strip() for c in re.split(r"(?<!\\)\|", row)[1:-1]])
    raise AssertionError(f"no table {heading!r} in {name}")


def quoted(cell: str) -> list[str]:
    """Return what stands in backticks in a table cell."""
    return [q.replace("\\|", "|") for q in re.findall(r"`([^`]+)`", cell)]


def shell(line: str, folder: Path) -> None:
    """Run a line in a shell with the installed command first in the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def follow(lines: list[str]) -> None:
    """Run lines of the command line in this process and folder: to start anew for each doubles what they take."""
    for line in lines:
        command, *words = shlex.split(line)
        assert command == "reporter"
        done = run_words(*words)
        assert done.exit_code == 0, f"{line}: {done.output}"


# ---------------------------------------------------------------- commands


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in commands("README") if not line.startswith("make ")]
    assert len(lines) == 5 and lines[-1] == "reporter lint"
    shell(lines[0], tmp_path)
    monkeypatch.chdir(tmp_path)
    # The PDF takes half of a run, and the next test has one; test_content runs each of the examples.
    assert lines[2].startswith("reporter assess")
    lines[2] += " --formats html,json,csv"
    follow([*lines[1:-1], "reporter lint --no-examples"])
    (snippet,) = (f.text for f in fences(page("README")) if f.language == "python")
    capsys.readouterr()
    exec(snippet, {})  # noqa: S102 - it is our own page
    assert "OWN-01" in capsys.readouterr().out


def test_a_run_holds_the_files_that_the_readme_lists(whole_run: Path) -> None:
    written = {name for row in rows_under("README", "file of a run") for name in quoted(row[0])}
    assert {p.name for p in whole_run.iterdir()} == written


def test_the_two_commands_of_the_readme_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    texts = [p.read_text(encoding="utf-8") for p in PAGES]
    blocks = [f.text for text in texts for f in fences(text) if f.language == "sh"]
    named = {m for text in blocks for m in re.findall(r"^make (\w+)", text, re.MULTILINE)}
    named |= {m for text in texts for m in re.findall(r"`make (\w+)`", text)}
    assert {"demo", "test"} <= named <= targets


def test_the_demo_shows_what_it_does_and_installs_only_what_a_run_needs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = {
        head: (needs.split("##")[0].split(), lines.splitlines())
        for head, needs, lines in re.findall(r"^([\w$()]+):(.*)\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    }  # fmt: skip
    needs, commands = recipes["demo"]
    assert needs == ["$(RUNTIME)"] and not [c for c in commands if c.startswith("\t@")]
    needs, commands = recipes["$(RUNTIME)"]
    assert needs == ["pyproject.toml"] and commands[2].endswith(" -e .") and "[dev]" not in "".join(commands)  # fmt: skip
    needs, commands = recipes["$(STAMP)"]
    assert needs == ["$(RUNTIME)"] and "-e '.[dev]'" in commands[0]


@pytest.mark.slow
def test_the_commands_about_own_content_run_and_give_the_results_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    monkeypatch.chdir(tmp_path)
    follow(commands("writing-content"))
    run = tmp_path / "runs/dock"
    expect_results("writing-content", run)
    view = printed_view(run)
    assert view["accounting"]["equation"] in " ".join(page("writing-content").split())
    (own,) = (c for c in view["checks"] if c["id"] == "ENT-51")
    assert (own["counts"]["passed"], own["counts"]["failed"]) == (1, 1)
    assert [f["id"] for f in view["frameworks"]][-1] == "dock-rules"
    assert view["cover"]["profile"] == "Dock Ltd"
    assert view["crosswalks"][-1]["id"] == "dock-agentic"


def test_exit_codes_are_those_of_the_readme() -> None:
    codes = {int(row[0]) for row in rows_under("README", "exit code")}
    kinds = [
        e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, ReporterError)
    ]
    assert codes == {0, 1, 2, *(kind.exit_code for kind in kinds)} and VerificationError in kinds


# ---------------------------------------------------------------- quotes


def expect_results(name: str, run: Path) -> None:
    """Hold the result blocks of a page against the evidence of a run."""
    found = reporter.open(run).results()
    shown = zip(found["status"], found["reason"], found["record"], strict=True)
    told = dict(zip(zip(found["check"], found["subject"], strict=True), shown, strict=True))
    blocks = [f.text.splitlines() for f in fences(page(name)) if f.info == "result"]
    assert blocks
    for lines in blocks:
        for head, said in zip(lines[::2], lines[1::2], strict=True):
            check, subject, result, *ref = head.split()
            status, reason, record = told[check, subject]
            assert (status, reason) == (result, said)
            assert not ref or record == ref[0]


@pytest.mark.slow
def test_the_results_of_the_two_walks_are_those_of_the_sample(sample_run: Path) -> None:
    expect_results("architecture", sample_run)


def test_the_readme_quotes_true_results(sample_run: Path) -> None:
    found = reporter.open(sample_run).results(check="APR-02").set_index("subject")
    (block,) = (f.text for f in fences(page("README")) if f.language == "text")
    for line in block.splitlines():
        subject, result, said = line.split(None, 2)
        assert found.status[subject] == result
        assert found.reason[subject].startswith(said)


def test_quoted_records_stand_where_the_page_says() -> None:
    found = [f for f in fences(page("architecture")) if f.info.startswith("sample=")]
    assert len(found) == 2
    for fence in found:
        name, number = fence.info.removeprefix("sample=").split("#")
        text = (ROOT / "sample_data/acme/2026-q3" / name).read_text(encoding="utf-8")
        lines = text.splitlines() if name.endswith(".jsonl") else None
        record = (
            json.loads(lines[int(number) - 1])
            if lines
            else json.loads(text)["records"][int(number) - 1]
        )
        assert json.loads(fence.text).items() <= record.items()


def test_quoted_files_hold_what_the_page_shows() -> None:
    both = [*fences(page("writing-content")), *fences(page("writing-checks"))]
    found = [f for f in both if f.info.startswith("file=")]
    assert len(found) == 6
    for fence in found:
        whole = (ROOT / fence.info.removeprefix("file=")).read_text(encoding="utf-8")
        assert textwrap.dedent(fence.text) in whole or textwrap.indent(fence.text, "  ") in whole
    query = next(f.text for f in fences(page("writing-checks")) if f.language == "sql")
    assert query in yaml.safe_load(OWN_CHECK.read_text(encoding="utf-8"))["sql"]
    (line,) = (f.text for f in fences(page("writing-content")) if f.language == "json")
    log = (
        (ROOT / "docs/examples/workspace/logs/gateway.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    assert any(json.loads(line).items() <= json.loads(entry).items() for entry in log)


def test_the_columns_of_a_runs_tables_are_those_of_the_formats_page(whole_run: Path) -> None:
    said = {n: quoted(columns) for name, _, columns in rows_under("formats", "file") for n in quoted(name)}  # fmt: skip
    assert set(said) == {p.name for p in whole_run.glob("*.csv")}
    for name, columns in said.items():
        head = (whole_run / name).read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert head[: len(columns)] == columns
        assert name == "findings.csv" or len(head) == len(columns)


def test_every_loaded_table_has_a_table_of_fields() -> None:
    named = re.findall(r"^<!-- fields of (\w+) -->$", page("formats"), re.MULTILINE)
    loaded = {t.name for t in TABLES.values() if t.loaded}
    assert sorted(named) == sorted(loaded - {"actor_log_sources", *OF_CLOUDS})


def test_the_fields_of_events_are_those_that_the_format_takes() -> None:
    table = page("formats").partition("<!-- fields of events -->\n")[2].partition("\n\n")[0]
    listed = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    source = loader.read_source(ROOT / "reporter/ingest/sources/reporter-events.yml")
    assert listed == {*source.columns} - {"hash_holds"} and "hash_holds" not in source.columns


def test_what_is_said_of_access_keys_is_what_is_read() -> None:
    assert "temporary key" in page("sources") and "temporary key (`ASIA...`)" in page("formats")


# ---------------------------------------------------------------- names and links


@pytest.mark.parametrize(
    "made",
    [
        ("tables", lambda: docs.tables(loader.load())),
        ("checks", lambda: docs.checks(loader.load())),
        ("coverage", lambda: docs.coverage(loader.load())),
        ("disagreements", lambda: docs.disagreements(loader.load())),
        ("sources", lambda: docs.sources(loader.load())),
        ("what-to-export", lambda: docs.what_to_export(loader.load())),
        ("formats", lambda: docs.formats(page("formats"))),
        ("report.schema.json", report_schema),
        ("view.schema.json", view_schema),
    ],
    ids=lambda made: made[0],
)
def test_generated_pages_are_current(made: tuple[str, Callable[[], str]]) -> None:
    name, text = made
    path = ROOT / "docs" / (name if "." in name else f"{name}.md")
    assert path.read_text(encoding="utf-8") == text(), "run `make docs`"


def test_every_function_named_by_the_architecture_exists() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for found in pkgutil.walk_packages(reporter.__path__, "reporter."):
        modules[found.name.rsplit(".", 1)[-1]].append(found.name)
    files = ("html", "json", "csv", "yml", "key", "py")
    named = {
        (m, f) for m, f in re.findall(r"`(\w+)\.(\w+)`", page("architecture")) if f not in files
    }
    assert len(named) > 40
    for module, name in sorted(named - {("Engine", "lock"), ("Engine", "confine")}):
        there = [importlib.import_module(m) for m in modules[module]]
        inner = [m for m in modules[name] if m.endswith(f"{module}.{name}")]
        assert inner or any(hasattr(m, name) for m in there), f"{module}.{name}"
    assert hasattr(DuckDB, "lock") and hasattr(DuckDB, "confine")


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    checked = [n for layer in layers for n in re.findall(r"reporter\.(\w+)", layer)]
    told = [n for row in rows_under("architecture", "layer") for n in quoted(row[0])]
    assert told == checked


@functools.cache
def anchors(path: Path) -> frozenset[str]:
    """Return the places of a page that a link can name."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in heads)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    text = re.sub(
        r"^( *)```.*?^\1```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_check_and_file_named_exists(path: Path) -> None:
    content = loader.load()
    themes = "|".join(t.id for t in content.themes)
    text = path.read_text(encoding="utf-8")
    known = {c.id for c in content.checks} | MADE_UP | RETIRED
    assert set(re.findall(rf"\b(?:{themes})-\d\d\b", text)) <= known
    folders = "frameworks|reporter|docs|templates|tests|benchmarks|sample_data"
    for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize(("name", "limit"), WRITTEN.items())
def test_pages_can_be_read_in_one_sitting(name: str, limit: int) -> None:
    lines = page(name).splitlines()
    assert len(lines) <= limit
    prose = re.sub(
        r"^( *)```.*?^\1```", "", page(name), flags=re.MULTILINE | re.DOTALL
    ).splitlines()
    assert not [x for x in prose if len(x) > 100 and not x.startswith(("|", "!", "["))]


# ---------------------------------------------------------------- the SQL that is allowed


def compile_expression(expression: str) -> None:
    sql = (
        f"SELECT a.actor_id AS subject, ({expression}) IS NOT NULL AS ok "
        "FROM agents AS a CROSS JOIN run AS r JOIN events AS e ON e.agent_id = a.actor_id"
    )
    compile_check(Check("T-01", "", "", "agent", "low", 1, "inventory", sql, "", "page:1"))


@pytest.mark.parametrize(
    "expression", [e for row in rows_under("writing-checks", "kind") for e in quoted(row[1])]
)
def test_what_the_page_allows_is_allowed(expression: str) -> None:
    compile_expression(expression)


@pytest.mark.parametrize(
    "expression", [e for row in rows_under("writing-checks", "refused") for e in quoted(row[0])]
)
def test_what_the_page_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ContentError, match="outside the portable subset"):
        compile_expression(expression)


MISTAKES = [
    ("e.destination IS NOT NULL\n", "e.destinaton IS NOT NULL\n", 'no column "destinaton" in events'),
    ("FROM events AS e", "FROM event AS e", 'no table "event"'),
    ("s.n_out = 0 THEN", "now() IS NULL THEN", "'NOW()' (Anonymous) is outside the portable subset"),
    ("s.agent_id AS subject", "s.agent_id AS agent",
     "the SELECT gives agent, code, n_sent, first_out, n_out, ref; expected subject, ok or code"),
    ("FROM sent AS s", "FROM sent AS s; SELECT 1", "a check is exactly one SELECT"),
    ("{own_domain} THEN 1 END) AS n_out", "{own_domian} THEN 1 END) AS n_out",
     "parameter 'own_domian' is not among params"),
    ("own_domain: \"", "limit: 3\n  own_domain: \"", "parameter 'limit' is never used in the SQL"),
    ("severity: high", "severity: severe", "'severity' is 'severe'; expected one of critical, high, medium, low"),
    ("title: Agents send nothing outside our own domain", "title: yes", "'title' must be a text, not true or false"),
    ("why: What", "motive: What", "unknown key 'motive'"),
    ("needs: [events.destination]", "needs: [events.target]", "needs: no column 'events.target'"),
    ("    outside: ", "    yes: ", "reasons: fail: a name must be text, not true"),
    ("{n_out:event|events}", "{n_out:>10}", "{n_out:>10}: no form '>10' of a value"),
    ("    inside: ", "    nowhere: it was idle\n    inside: ", "no example gives the code nowhere"),
    ("{occurred_at: ", "{ocurred_at: ", "events has no column 'ocurred_at'; did you mean 'occurred_at'?"),
    ("id: ENT-51", "id: ENT-52", "the file of check ENT-52 must be named ENT-52-....yml"),
    ("id: ENT-51", "id: ENT-51\nid: ENT-51", "key 'id' appears twice"),
    ("expect: {a1: unknown}", "expect: {a1: pass}", "expected {'a1': 'pass'}, got {'a1': 'unknown'}"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=lambda x: x[:24])
def test_common_mistakes_are_answered_as_the_page_says(
    right: str, wrong: str, message: str, tmp_path: Path
) -> None:
    text = OWN_CHECK.read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / OWN_CHECK.name
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert message in said_of(path)
    assert f"`{message}`" in page("writing-checks")


def said_of(path: Path) -> str:
    """Return what Reporter says of a check file."""
    try:
        check = read_check(path)
        compile_check(check)
        return "\n".join(examples.failures(check))
    except ContentError as error:
        return str(error)


def test_an_example_of_each_result_is_asked_for(tmp_path: Path) -> None:
    text = OWN_CHECK.read_text(encoding="utf-8")
    path = tmp_path / OWN_CHECK.name
    path.write_text(text.split("  - name: a log that never")[0], encoding="utf-8")
    assert "no example shows unknown" in said_of(path)
    assert "`no example shows unknown`" in page("writing-checks")


@pytest.mark.usefixtures("few_checks")
def test_two_rows_for_a_subject_make_it_unknown(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs")
    own = tmp_path / "docs/extra" / OWN_CHECK.relative_to(EXTRA)
    text = own.read_text(encoding="utf-8")
    twice = "  FROM sent AS s CROSS JOIN (SELECT DISTINCT x.log_source FROM feeds AS x UNION SELECT 'y') AS f\n"
    own.write_text(text.replace("  FROM sent AS s\n", twice), encoding="utf-8")
    made = reporter.assess(tmp_path / "docs/workspace", extra=[tmp_path / "docs/extra"])
    assert made.view.summary.notices[0].lines[0].startswith("ENT-51: it gives 2 rows for '")
    assert "gives 2 rows for" in page("writing-checks")


# ---------------------------------------------------------------- the worked examples of the method


TARGET = Profile("p", "", 1, {})


def made_check(id: str, severity: str, level: int = 1) -> Check:
    return Check(id, "", "", "agent", severity, level, "inventory", "", "", "")


def scored(
    controls: dict[str, tuple[int, list[str]]], checks: list[Check], tallies: list[Tally]
) -> Any:
    """Score one framework whose controls have no question: id -> (weight, checks)."""
    made = tuple(
        Control(k, "", "", "", "", tuple((i, "partial") for i in ids), weight)
        for k, (weight, ids) in controls.items()
    )
    framework = Framework("f", "", "", "", "", "", "", "", (), made)
    return score((framework,), checks, (), tallies, loader.load().policy, TARGET).frameworks[0]


def tally(check: str, marks: dict[int, str]) -> list[Tally]:
    return [Tally(check, Status(s), tier, tier, 1) for tier, s in marks.items()]


P, F, U = "pass", "fail", "unknown"


@pytest.mark.parametrize(
    ("k", "h", "lo", "hi", "marks"),
    [
        ({4: P, 2: F, 1: U}, {4: U, 2: P}, Fraction(91, 165), Fraction(29, 33), "LF"),
        ({4: U, 2: F, 1: U}, {4: U, 2: P}, Fraction(1, 15), Fraction(29, 33), "NF"),
        ({4: F, 2: P, 1: P}, {4: U, 2: P}, Fraction(41, 165), Fraction(1, 2), "PP"),
    ],
)
def test_the_worked_practice(
    k: dict[int, str], h: dict[int, str], lo: Fraction, hi: Fraction, marks: str
) -> None:
    checks = [made_check("K", "critical"), made_check("H", "high")]
    (control,) = scored({"c": (1, ["K", "H"])}, checks, tally("K", k) + tally("H", h)).controls
    policy = loader.load().policy
    assert (control.lo, control.hi) == (lo, hi)
    assert rating(control.lo, policy) + rating(control.hi, policy) == marks
    assert f"{lo} = {printed(lo)} %" in page("method")
    assert f"{printed(hi)} %" in page("method")


def test_the_worked_levels() -> None:
    checks = [made_check(f"K-{n}", "high", n) for n in (1, 2, 3)]
    for row in rows_under("method", "level 1"):
        tallies = [
            Tally(f"K-{n}", Status(s), 1, 1, count)
            for n in (1, 2, 3)
            for s, count in ((P, int(row[n - 1])), (F, 20 - int(row[n - 1])))
        ]
        scores = score((), checks, [Theme("K", "")], tallies, loader.load().policy, TARGET)
        (theme,) = scores.enterprise.controls
        shown = [
            " ".join(p.rating_lo for p in theme.practices),
            str(scores.level.themes[0].lo),
            f"{printed(theme.lo)} %",
        ]
        assert row[3:] == shown


def test_the_worked_total() -> None:
    checks = [made_check("K1", "critical"), made_check("K2", "medium"), made_check("K3", "high")]
    tallies = (
        tally("K1", {3: F, 1: P, 4: P}) + tally("K2", {3: P, 1: U, 4: F}) + tally("K3", {1: U})
    )
    total = scored({"C1": (2, ["K1"]), "C2": (1, ["K2"]), "C3": (1, ["K3"])}, checks, tallies).total
    for value in (total.lo, total.hi):
        assert f"{value} = {printed(value)} %" in page("method")


def test_what_this_release_can_reach_is_what_the_page_says() -> None:
    content = loader.load()
    usual = tuple(f for f in content.frameworks if not f.optional)
    best = [Tally(c.id, Status.PASS, 2, 2, 9) for c in content.checks]
    profile = content.profiles["baseline"]
    scores = score(usual, content.checks, content.themes, best, content.policy, profile)
    said = " ".join(page("method").split())
    assert f"Enterprise: level {scores.level.lo}." in said
    practices = Counter(p.level for theme in scores.enterprise.controls for p in theme.practices)
    *first, last = (str(practices[n]) for n in range(1, 6))
    assert f"{', '.join(first)} and {last} practices are at levels 1 to 5" in said
    for framework in scores.frameworks:
        assert f"{printed(framework.total.lo)} %" in said
    bare = [c for f in usual for c in f.controls if not any(s != "contextual" for _, s in c.checks)]
    assert f"{len(bare)} of the 72 AI RMF controls" in said


def test_the_question_stands_where_the_method_says() -> None:
    """At the lowest level without a direct check: 1 where there is none, 5 where all have one."""
    content = loader.load()
    levels = {c.id: c.level for c in content.checks}
    scores = score(content.frameworks, content.checks, content.themes, [], content.policy, content.profiles["baseline"])  # fmt: skip
    full = set()
    for framework, scored in zip(content.frameworks, scores.frameworks, strict=True):
        for control, made in zip(framework.controls, scored.controls, strict=True):
            direct = {levels[check] for check, strength in control.checks if strength == "direct"}
            free = sorted({1, 2, 3, 4, 5} - direct)
            asked = [p.level for p in made.practices if ASK in dict(p.weights)]
            assert asked == [free[0] if free else 5], control.id
            if not free:
                full.add(control.id)
    said = " ".join(page("method").split())
    assert f"at all five levels, as {' and '.join(sorted(full)) or 'none has'}." in said


def test_the_method_denies_nothing_that_it_does() -> None:
    said = " ".join(page("method").split())
    assert "weights are not varied" not in said and "no sampling" not in said


def test_the_changelog_names_no_few_of_the_formats_as_if_they_were_all() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    reads = text[text.index("- **Reads**") : text.index("- **Checks**")]
    assert "(docs/sources.md)" in reads
    assert [s.title for s in loader.load().sources if s.title in reads] == []


def test_the_changelog_counts_right() -> None:
    content = loader.load()
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"**Checks**: {len(content.checks)}, in {len(content.themes)} themes" in text
    assert f"{len(content.checks)} are here" in " ".join(page("decisions").split())


@pytest.mark.parametrize(
    "name",
    [
        "decisions",
        "decisions-honesty",
        "decisions-evidence",
        "decisions-mappings",
        "decisions-rights",
        "decisions-records",
        "decisions-intake",
        "decisions-reports",
        "decisions-screen",
        "decisions-pictures",
        "decisions-runs",
        "decisions-quarter",
        "decisions-statements",
    ],
)
def test_decisions_are_dated(name: str) -> None:
    paragraphs = [p for p in page(name).split("\n\n")[2:] if p and not p.startswith("#")]
    for before, paragraph in zip(["", *paragraphs], paragraphs, strict=False):
        if paragraph.startswith("|") and before.startswith("**"):
            continue  # a table belongs to the decision that it follows
        found = re.match(r"\*\*(\d{4}-\d\d-\d\d)\. ", paragraph)
        assert found, paragraph
        datetime.fromisoformat(found[1])


def test_the_table_of_figures_is_that_of_measured_csv() -> None:
    folder = ROOT / "benchmarks"
    told = (folder / "README.md").read_text(encoding="utf-8")
    with (folder / "measured.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        (line,) = (r for r in told.splitlines() if r.startswith(f"| {row['what']} | "))
        _, limit, measured, met, _ = (c.strip() for c in line.strip("|").split("|"))
        is_met = float(row["median"]) <= float(row["limit"]) if float(row["limit"]) else None
        assert measured.startswith(f"{row['median']} {row['unit']}".strip())
        assert met == {True: "met", False: "**not met**", None: ""}[is_met]
        assert limit == (f"{row['limit']} {row['unit']}".strip() if float(row["limit"]) else "")
