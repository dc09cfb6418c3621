"""The command line: exit codes, the run folder and its hashes, same bytes from same input, and what each verb says."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from conftest import assess_few, printed, read_rows, reporter
from fixture_estate import Estate

from reporter import open as open_run
from reporter.cli import main
from reporter.errors import InputError
from reporter.report import export

FILES = {
    "report.html", "report.pdf", "report.json", "findings.csv", "quarantine.csv", "results.parquet", "manifest.json", "actors.parquet",
    "coverage.csv", "observed.csv", "tiers.csv", "agents.csv", "paths.csv", "unused.csv", "deviations.csv", "causes.csv", "responses.csv", "workpapers.csv", "parity.csv", "todo.csv", "slices.csv",
    "roadmap.csv", "statements.csv", "controls.csv", "sums.csv",
}  # fmt: skip
HEAVY = (
    "duckdb",
    "sqlglot",
    "pandas",
    "yaml",
    "jinja2",
    "weasyprint",
    "pikepdf",
    "openpyxl",
    "xlsxwriter",
    "babel",
    "typst",
)


@pytest.mark.parametrize(
    "verb", [[], *([name] for name in main.commands)], ids=lambda v: v[0] if v else "reporter"
)
def test_every_verb_has_help(verb: list[str]) -> None:
    result = reporter(*verb, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert len(result.output.splitlines()) > 5


def test_the_command_line_starts_without_anything_heavy() -> None:
    code = f"import sys, reporter.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version() -> None:
    assert reporter("--version").output.startswith("reporter, version 0")


def test_the_package_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "reporter", "--version"], capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.startswith("reporter, version 0")


# ---------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    "words",
    [
        ["asess"],
        ["assess"],
        ["assess", "ws"],
        ["assess", "ws", "--out", "r", "--formats", "html,odt"],
        ["assess", "ws", "--out", "r", "--fail-on", "6"],
        ["assess", "ws", "--out", "r", "--fail-on", "0"],
        ["assess", "ws", "--out", "r", "--fail-on", " "],
        ["assess", "ws", "--out", "r", "--memory", "lots"],
        ["assess", "ws", "--out", "r", "--colour", "red"],
        ["export", "run", "--formats", "odt", "--out", "d"],
        ["export", "run"],
        ["explain", "run"],
        ["lint", "extra"],
    ],
)
def test_a_wrong_command_line_exits_2(words: list[str], good: Path, tmp_path: Path) -> None:
    words = [str(good) if w == "ws" else str(tmp_path / "r") if w == "r" else w for w in words]
    result = reporter(*words)
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "r").exists()


@pytest.mark.slow  # test_gates has a run that misses several, and another that misses none
@pytest.mark.usefixtures("few_checks")
def test_fail_on_exits_1_below_the_level_and_leaves_the_run(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("--formats", "json", "--fail-on", 5, "--quiet")
    result = reporter("assess", good, "--out", out, *words)
    assert result.exit_code == 1
    assert (out / "manifest.json").is_file()
    assert result.stdout == ""


def test_an_existing_run_is_never_changed(good: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("mine")
    result = reporter("assess", good, "--out", tmp_path / "run")
    assert result.exit_code == 3
    assert "never changed afterwards" in result.output
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["mine"]


# ---------------------------------------------------------------- the run folder


def test_a_run_is_complete(whole_run: Path) -> None:
    assert {p.name for p in whole_run.iterdir()} == FILES
    assert (whole_run / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert {p.name for p in whole_run.parent.iterdir()} == {whole_run.name, ".reporter-cache"}


def test_the_manifest_tells_the_truth(whole_run: Path, good: Path) -> None:
    manifest = json.loads((whole_run / "manifest.json").read_text())
    outputs = {p.name: _hash(p) for p in whole_run.iterdir() if p.name != "manifest.json"}
    assert {name: o["sha256"] for name, o in manifest["outputs"].items()} == outputs
    assert {i["file"]: i["sha256"] for i in manifest["inputs"]} == {
        p.relative_to(good).as_posix(): _hash(p)
        for p in good.rglob("*")
        if p.is_file() and p.name != "reporter.yml"
    }
    assert manifest["hashes"]["workspace"] == _hash(good / "reporter.yml")
    assert manifest["results"] == len(open_run(whole_run).results())
    for i in manifest["inputs"]:
        assert i["read"] == i["kept"] + i["out_of_scope"] + i["unreadable"] + i["rejected"]


@pytest.mark.slow
def test_the_same_input_elsewhere_gives_the_same_bytes(
    good_run: Path, whole_run: Path, tmp_path: Path
) -> None:
    made = reporter("export", good_run, "--formats", "pdf", "--out", tmp_path)
    assert made.exit_code == 0, made.output
    here = {p.name: _hash(p) for f in (good_run, tmp_path) for p in f.iterdir()}
    there = {p.name: _hash(p) for p in whole_run.iterdir()}
    del here["manifest.json"], there["manifest.json"]
    assert here == there
    one, two = (json.loads((r / "manifest.json").read_text()) for r in (good_run, whole_run))
    assert two["outputs"].pop("report.pdf")["sha256"] == here["report.pdf"]
    assert one == two


def test_pages_that_cannot_be_laid_out_beside_the_assessment_leave_no_run(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_checks: None
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    made = reporter("assess", good, "--out", tmp_path / "run", "--formats", "pdf,csv")
    assert (made.exit_code, "typst cannot be imported" in made.output) == (3, True), made.output
    assert not [p.name for p in tmp_path.iterdir() if p.name != ".reporter-cache"]


def test_nothing_in_a_run_names_a_place_on_this_machine(whole_run: Path) -> None:
    for path in whole_run.iterdir():
        data = path.read_bytes()
        for place in (str(whole_run.parent), str(Path(__file__).parent.parent), str(Path.home())):
            assert place.encode() not in data, path.name
    assert "/tmp/" not in str(open_run(whole_run).results().values.tolist())


@pytest.mark.slow
@pytest.mark.usefixtures("few_checks")
def test_a_second_run_converts_nothing_again_but_what_changed(tmp_path: Path) -> None:
    cache, estate = tmp_path / "cache", Estate()
    del estate.settings["params"]
    estate.lists = [o for o in estate.lists if o.get("listed_in") != "directory"]
    kept: list[dict[str, int]] = []
    for number, owner in enumerate(("ann", "ann", "")):
        estate.agents[0]["owner_id"] = owner
        ws, out = estate.write(tmp_path / "ws"), tmp_path / str(number)
        words = ("--formats", "json", "--cache", cache, "--quiet")
        assert reporter("assess", ws, "--out", out, *words).exit_code == 0
        kept.append({p.name: p.stat().st_mtime_ns for p in cache.iterdir()})
    assert kept[0] == kept[1] and any(name.endswith(".parquet") for name in kept[0])
    assert kept[1].items() < kept[2].items()
    run = open_run(tmp_path / "2")
    assert list(run.results(check="OWN-01", subject="agent-1")["status"]) == ["fail"]


@pytest.mark.usefixtures("few_checks")
def test_only_the_wanted_formats_are_written_and_the_headline_agrees_with_them(
    good: Path, tmp_path: Path
) -> None:
    words = ("--formats", "csv, csv", "--json")
    result = reporter("assess", good, "--out", tmp_path / "r", *words)
    assert {p.name for p in (tmp_path / "r").iterdir()} == FILES - {"report.html", "report.pdf"}
    headline = json.loads(result.stdout)
    report = printed(tmp_path / "r")
    assert headline["organisation"] == report["cover"]["organisation"] == "Good Company"
    assert headline["score_lo"] == report["summary"]["figure"]["exact_lo"]
    assert headline["level"] == report["summary"]["level"]["lo"]
    assert f"{headline['records']['read']:,} records read" in report["accounting"]["equation"]
    assert result.stderr == ""


@pytest.fixture(scope="module")
def told(good: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What is said of a run of the good company and an agent of whom little is known, and its folder."""
    folder = tmp_path_factory.mktemp("told")
    ws = Path(shutil.copytree(good, folder / "ws"))
    with (ws / "inventory" / "more.jsonl").open("w", encoding="utf-8") as file:
        file.write('{"type": "agent", "actor_id": "agent-x", "state": "active"}\n')
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        result = reporter("assess", ws, "--out", folder / "r", "--formats", "json")
    return result, folder / "r"


def test_the_headline_as_text_names_every_file(told: tuple[Result, Path]) -> None:
    result, run = told
    assert "Good Company, 1 July 2026" in result.stdout
    for path in run.iterdir():
        assert str(path) in result.stdout
    assert "assessing" in result.stderr


# ---------------------------------------------------------------- render


@pytest.mark.parametrize("name", ["html", "json", "csv"])
def test_a_report_exported_again_is_the_same_report(
    whole_run: Path, tmp_path: Path, name: str
) -> None:
    before = {p.name: _hash(p) for p in whole_run.iterdir()}
    file = "findings.csv" if name == "csv" else f"report.{name}"
    assert reporter("export", whole_run, "--formats", name, "--out", tmp_path).exit_code == 0
    assert (tmp_path / file).read_bytes() == (whole_run / file).read_bytes()
    assert {p.name: _hash(p) for p in whole_run.iterdir()} == before


def test_an_export_overwrites_nothing(whole_run: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    assert reporter("export", whole_run, "--formats", "html", "--out", tmp_path).exit_code == 3
    assert (tmp_path / "report.html").read_text() == "mine"


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), InputError("no")])
def test_an_export_that_ends_early_leaves_no_folder(
    ends: BaseException, whole_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        assert not (tmp_path / "new").exists()  # what is killed here removes nothing
        raise ends

    monkeypatch.setattr(export, "write_formats", end)
    assert reporter("export", whole_run, "--formats", "csv", "--out", tmp_path / "new").exit_code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "verb", [["export", "RUN", "--formats", "html"], ["explain", "RUN", "ASI03"]]
)
@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"schema": "other/9"}'])
def test_what_is_no_run_is_refused(tmp_path: Path, verb: list[str], content: str | None) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    words = [str(tmp_path) if w == "RUN" else w for w in verb]
    result = reporter(*words, *(["--out", tmp_path / "out"] if verb[0] == "export" else []))
    assert result.exit_code == 3, result.output
    assert "report.json" in result.output
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- explain


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with failures, and with an agent whose id is also a reference that people write."""
    estate = Estate()
    estate.agents[0] |= {"owner_id": ""}
    estate.lists = [o for o in estate.lists if o.get("listed_in") != "directory"]
    estate.agents[1] |= {"actor_id": "AGENT-02", "owner_id": ""}
    folder = tmp_path_factory.mktemp("explain")
    out = folder / "run"
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "CRD-02", "CRD-03", "INV-02")
        result = reporter("assess", estate.write(folder / "ws"), "--out", out, "--formats", "json")
    assert result.exit_code == 0, result.output
    return out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("GOVERN 2.1", ["NIST AI RMF GOVERN 2.1", "OWN-01", "agent-1: no owner is recorded", "No named person answers for this agent.",
                        "What no check shows: Whether roles are clear to all teams", "Checks that count, by what they show: 1 existence, 1 operation;"]),
        ("asi 03", ["OWASP Agentic ASI03 Identity and Privilege Abuse"]),
        ("NHI1", ["NHI1:2025 Improper Offboarding"]),
        ("NHI-03", ["literally NHI3:2025; most plausibly NHI9:2025, NHI1:2025, NHI5:2025", "Vulnerable Third-Party NHI"]),
        ("GV-1.6", ["GOVERN 1.6"]),
        ("GOVERN 1.6", ["GOVERN 1.6", "Question for a person:"]),
        ("OWN-01", ["OWN-01 Each agent has a named", "fail (2)", "agent-1: no owner is recorded  [inventory/agents.json#1]",
                    "frameworks/checks/own/OWN-01-named-owner.yml:"]),
        ("own-01", ["fail (2)"]),
        ("OWN", ["OWN"]),
        ("enterprise", ["Score ", "OWN"]),
        ("owasp-nhi-2025", ["NHI1:2025", "NHI10:2025"]),
        ("agent-1", ["agent-1:", "OWN-01", "no owner is recorded", "pass ("]),
        ("key-1", ["CRD-03", "pass ("]),
        ("ASI03", ["intersects GOVERN 1.6, GOVERN 2.1", "intersects NHI9:2025 (our reading; high confidence)"]),
        ("LLM06:2025", ["OWASP LLM 2025 LLM06:2025 Excessive Agency", "name owasp-llm-2025 under `frameworks`",
                        "APR-01  direct", "intersects ASI02, ASI03, ASI08, ASI09 (published by OWASP"]),
        ("Art. 12", ["EU AI Act Article 12 Record-keeping", "our reading, with low confidence", "Question for a person:"]),
        ("A.5.4", ["No check covers it: it needs an attestation."]),
        ("A.7.3", ["No check covers it: it needs an attestation.", "Related, never scored:", "CHG-04"]),
        ("gv 1.6-001", ["GV-1.6-001", "Known from crosswalks only: it is not scored.", "subset of GOVERN 1.6 (published by NIST", "INV-01"]),
        ("A.10.1", ["literally nothing in the list; most plausibly A.10.2", "A.10.2 Allocating responsibilities"]),
        ("MG-3.2 Residual risk", ["literally MANAGE 3.2; most plausibly MANAGE 1.4"]),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("read_once")
def test_explain(run: Path, given: str, says: list[str]) -> None:
    result = reporter("explain", run, given)
    assert result.exit_code == 0, result.output
    for text in says:
        assert text in result.output


def test_explain_says_how_good_the_evidence_is_and_what_is_better(sample_run: Path) -> None:
    output = reporter("explain", sample_run, "OWN-01").output
    assert (
        "is listed as group, not as a person  [inventory/agents.json#13]  (tier 2, weight 2), declared"
        in output
    )
    advice = output.split("How to prove it:")[1]
    assert "declared so far: actors.owner_id, actors.state. Better: " in advice
    assert "Okta resource owners" not in advice, "that tells no state"
    seen = reporter("explain", sample_run, "AUD-01").output
    assert ", seen in logs" in seen


def test_explain_gives_tier_and_weight_of_each_result_and_adds_them_up(sample_run: Path) -> None:
    output = reporter("explain", sample_run, "CRD-01").output
    weights = {1: 1, 2: 2, 3: 4, 4: 8}
    found = open_run(sample_run).results(check="CRD-01")
    sums: dict[tuple[str, int], list[int]] = {}
    columns = ["subject", "status", "tier_lo", "tier_hi"]
    for subject, result, lo, hi in found[columns].itertuples(index=False):
        assert lo == hi and re.search(
            rf"^  CRD-01  {re.escape(subject)}: .*  \(tier {lo}, weight {weights[lo]}\)(, \w+)?$", output, re.MULTILINE
        )  # fmt: skip
        sums.setdefault((result, lo), []).append(weights[lo])
    for (result, tier), own in sums.items():
        assert re.search(rf"^  {result} +tier {tier} +{len(own)} x {weights[tier]} = {sum(own)}$", output, re.MULTILINE)  # fmt: skip
    credits = {"pass": Fraction(1), "declared": Fraction(1, 2)}
    credit = sum(credits.get(result, 0) * sum(own) for (result, _), own in sums.items())
    share = credit / sum(sum(own) for own in sums.values())
    assert f"= {share} = " in output


def test_explain_names_each_factor_of_a_sum(sample_run: Path) -> None:
    output = reporter("explain", sample_run, "ASI05").output
    (line,) = (x for x in output.splitlines() if x.startswith("P3 = "))
    assert re.findall(r"(\d+) x \S+ \[([^]]+)\]", line) == [
        ("8", "APR-02"), ("4", "ENT-09"), ("4", "ENT-10"), ("4", "LIF-04"), ("16", "RUN-01"),
    ]  # fmt: skip
    for check, strength, severity in (
        ("APR-02", "partial x 1", "critical x 8"), ("RUN-01", "direct x 2", "critical x 8"), ("ENT-10", "partial x 1", "high x 4"),
    ):  # fmt: skip
        assert re.search(rf"^  {check}  {strength} +{severity} ", output, re.MULTILINE)


def test_the_level_is_explained_by_what_stands_in_its_way_and_the_least_that_would_do(
    sample_run: Path,
) -> None:
    output = reporter("explain", sample_run, "level").output
    detail, ways = output.split("\nWhat reaches each level from here:\n")
    assert "\n1 Visible: Level 1 lacks " in detail and "2 Identified" not in detail
    assert re.findall(r"^  (\d) .*; score then \d", ways, re.MULTILINE) == list("12345")
    (line,) = (x for x in output.splitlines() if x.startswith("      INV-02 "))
    assert "fails for agt-border-helper-2, agt-pallet-bot and agt-quay-helper" in line
    assert line.endswith("deny by default whatever is not in the register.")
    assert reporter("explain", sample_run, "LEVEL").output == output


def test_a_tier_that_is_not_recorded_is_explained_by_its_two_weights(
    told: tuple[Result, Path],
) -> None:
    output = reporter("explain", told[1], "OWN-01").output
    found = re.search(r"OWN-01  agent-x: .*\(tier (\d)-(\d), weight (\d)\.\.(\d)\)", output)
    assert found and int(found[1]) < int(found[2]) and int(found[3]) < int(found[4])
    assert "A tier that is not recorded is given the weight that makes that end of the" in output


def test_an_agent_comes_before_what_people_mean_by_its_id(run: Path) -> None:
    output = reporter("explain", run, "AGENT-02").output
    assert output.startswith("AGENT-02: ")
    assert "OWN-01  AGENT-02: no owner is recorded" in output


def test_a_known_reference_that_is_no_agent_is_explained_as_what_it_most_plausibly_means(
    whole_run: Path,
) -> None:
    output = reporter("explain", whole_run, "AGENT-02").output
    assert "literally nothing in the list; most plausibly ASI02" in output
    assert "ASI02 Tool Misuse and Exploitation" in output


@pytest.mark.usefixtures("read_once")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("PR.AC-01", "version 1.1 of the NIST Cybersecurity Framework"),
        ("LLM06", "without its edition"),
        ("no-such-thing", "is not a control, check, theme or actor of this run"),
        ("' OR 1=1 --", "is not a control, check, theme or actor of this run"),
        ("{0}", "is not a control, check, theme or actor of this run"),
        ("", "is not a control, check, theme or actor of this run"),
    ],
)
def test_explain_says_what_it_does_not_know(run: Path, given: str, says: str) -> None:
    result = reporter("explain", run, given)
    assert result.exit_code == 3
    assert says in result.output


@pytest.mark.usefixtures("read_once")
@pytest.mark.parametrize(
    ("given", "suggested"),
    [
        ("OWN01", ["Did you mean", "OWN-01"]),
        ("agnet-02", ["Did you mean", "AGENT-02"]),
        ("ASJ03", ["Did you mean", "ASI03"]),
        ("entreprise", ["Did you mean", "enterprise"]),
        ("xyzzy", ["This run has, for example, ", "enterprise."]),
    ],
)
def test_explain_suggests_ids_of_the_run(run: Path, given: str, suggested: list[str]) -> None:
    result = reporter("explain", run, given)
    assert result.exit_code == 3
    assert all(text in result.output for text in suggested)


# ---------------------------------------------------------------- init and formats


@pytest.mark.usefixtures("few_checks")
def test_init_makes_a_workspace_that_can_be_assessed(tmp_path: Path) -> None:
    made = reporter("init", tmp_path / "ws", "--organisation", "Ärzte & Co: #1")
    assert made.exit_code == 0
    assert all(Path(line).is_file() for line in made.output.splitlines())
    result = reporter(
        "assess", tmp_path / "ws", "--out", tmp_path / "r", "--formats", "json", "--json"
    )
    assert json.loads(result.stdout)["organisation"] == "Ärzte & Co: #1"
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    taken = [i for i in manifest["inputs"] if i["source"] != "attestations"]
    assert all(i["source"] and i["read"] == i["kept"] > 0 for i in taken)
    (asked,) = [i for i in manifest["inputs"] if i not in taken]
    assert asked["read"] == asked["out_of_scope"] == 92, "no question is answered yet"


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert reporter("init", tmp_path).exit_code == 0
    (tmp_path / "inventory" / "agents.csv").write_text("mine")
    result = reporter("init", tmp_path)
    assert result.exit_code == 3
    assert "already" in result.output
    (tmp_path / "reporter.yml").unlink()
    assert reporter("init", tmp_path).exit_code == 0
    assert (tmp_path / "inventory" / "agents.csv").read_text() == "mine"
    assert (tmp_path / "reporter.yml").is_file()


def test_init_puts_no_example_beside_data_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "ours.json").write_text("[]")
    assert reporter("init", tmp_path).exit_code == 0
    assert [p.name for p in (tmp_path / "inventory").iterdir()] == ["ours.json"]


def test_formats_lists_every_source() -> None:
    output = reporter("formats").output
    for name in ("reporter-inventory", "reporter-events", "aws-cloudtrail", "okta-system-log"):
        assert name in output


def test_formats_says_what_each_file_is_taken_for_and_why(good: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.bin"
    odd.write_bytes(b"\0\1\2")
    result = reporter("formats", good, odd)
    assert result.exit_code == 0
    assert (
        f"{good / 'inventory/agents.json'}: reporter-inventory\n    100% of the first"
        in result.output
    )
    assert f"{odd}: not recognised\n    binary content" in result.output
    found = json.loads(reporter("formats", good, odd, "--json").output)
    assert {f["file"]: f["source"] for f in found} == {
        **{
            p.as_posix(): "reporter-inventory"
            for f in ("inventory", "statements")
            for p in good.glob(f"{f}/*")
        },
        **{p.as_posix(): "reporter-events" for p in good.glob("logs/*")},
        **{p.as_posix(): "reporter-events" for p in good.glob("baseline/*")},
        odd.as_posix(): None,
    }
    for f in found:
        assert f["records"] == f["kept"] + f["out_of_scope"] + f["unreadable"] + f["rejected"]
        assert f["source"] is None or (sum(f["tables"].values()) > 0 and f["missing"] is not None)


def test_formats_says_what_a_source_left_out_of_scope(tmp_path: Path) -> None:
    for kind in ("NetworkPolicy", "RuntimeClass"):
        text = f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: walls}}\n"
        (tmp_path / f"{kind}.yaml").write_text(text, encoding="utf-8")
    result = reporter("formats", tmp_path)
    assert (
        "out of scope of kubernetes-objects: NetworkPolicy (1), RuntimeClass (1)" in result.output
    )
    found = json.loads(reporter("formats", tmp_path, "--json").output)
    assert found[0]["out_of_scope_kinds"] == {"NetworkPolicy": 1, "RuntimeClass": 1}


def test_formats_of_nothing_is_an_error(tmp_path: Path) -> None:
    result = reporter("formats", tmp_path / "gone")
    assert result.exit_code == 3
    assert "no such file or folder" in result.output


def test_lint_lists_the_tables() -> None:
    output = reporter("lint", "--tables").output
    assert "actors: " in output
    assert "One of: low, medium, high, critical." in output


def test_findings_agree_with_the_evidence(run: Path, tmp_path: Path) -> None:
    assert reporter("export", run, "--formats", "csv", "--out", tmp_path).exit_code == 0
    with (tmp_path / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    columns = ["check", "subject", "status"]
    told = sorted([r[name] for name in columns] for r in rows)
    assert told == sorted(open_run(run).findings()[columns].values.tolist())


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_lint_tries_a_source_of_ones_own_on_a_file(tmp_path: Path) -> None:
    source = tmp_path / "mine.yml"
    source.write_text(
        "id: mine\ntitle: Mine\nwhen: r ->> 'bot' IS NOT NULL\ntables:\n  actors: >-\n"
        "    SELECT record, r ->> 'bot' AS actor_id, 'agent' AS kind, r ->> 'since' AS created_at FROM raw\n"
    )
    (tmp_path / "bots.jsonl").write_text(
        '{"bot":"b1","since":"2026-01-01"}\n{"bot":"b2","since":"x"}\n{bad\n'
    )
    result = reporter("lint", "--try", source, tmp_path / "bots.jsonl")
    assert result.exit_code == 0
    assert "3 records = 2 kept + 0 out of scope + 1 unreadable + 0 rejected" in result.output
    assert (
        '{"record": 1, "actor_id": "b1", "kind": "agent", "created_at": "2026-01-01T00:00:00"}'
        in result.output
    )
    assert "unreadable: record 3: not JSON" in result.output
    source.write_text(source.read_text().replace("FROM raw", "FROM read_text('/etc/passwd')"))
    assert (
        "a source reads raw and nothing else"
        in reporter("lint", "--try", source, tmp_path / "bots.jsonl").output
    )
    assert reporter("lint", "--try", "nobody", tmp_path / "bots.jsonl").exit_code == 3


@pytest.mark.deep
def test_people_are_pseudonyms_in_every_file_of_a_run(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "sample_data/acme/2026-q3"
    words = ("--formats", "html,json,csv", "--quiet", "--cache", tmp_path / "cache")
    for name, more in (
        ("open", ()),
        ("a", ("--pseudonymise", "people")),
        ("b", ("--pseudonymise", "people")),
    ):
        assert reporter("assess", sample, "--out", tmp_path / name, *words, *more).exit_code == 0
    names = re.findall(r"[\w.]+@freight\.example\.com", (tmp_path / "open/report.json").read_text())
    assert len(set(names)) > 5
    person = r"(?!desk@|soc@)\b[\w.]+@freight\.example\.com"  # desk and soc are groups
    for path in sorted((tmp_path / "a").iterdir()):
        held = (
            str(read_rows(path))
            if path.suffix == ".parquet"
            else path.read_text(encoding="utf-8-sig")
        )
        assert not set(re.findall(person, held)), path.name
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert (tmp_path / "a/findings.csv").read_text().count("person-") > 50
    figure = [printed(tmp_path / n)["summary"] for n in ("open", "a")]
    for summary in figure:  # their lines name people
        said = {n["code"]: n["text"] for n in summary["notices"]}
        summary["notices"] = {code: said[code] for code in said if code != "names_left"}
    assert figure[0] == figure[1]
