"""What `assess` says at its end: numbers for machines, why the level is what it is for people, what missed for a gate."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from conftest import assess_few
from conftest import reporter as run_words

import reporter
from reporter.report import outcome
from reporter.report.export import read_view
from reporter.runs.store import read_data

pytestmark = pytest.mark.slow


def results(run: Path) -> Counter[str]:
    return Counter(reporter.open(run).results()["status"])


def _said(run: Path) -> Iterator[str]:
    return outcome.as_text(read_data(run), read_view(run), run)


def test_the_headline_of_a_run_is_numbers_of_the_run(sample_run: Path) -> None:
    told = json.loads(json.dumps(outcome.as_data(read_data(sample_run), sample_run)))
    view = read_view(sample_run)
    manifest = json.loads((sample_run / "manifest.json").read_bytes())
    for name in ("read", "kept", "out_of_scope", "unreadable", "rejected"):
        assert told["records"][name] == sum(f[name] for f in manifest["inputs"]), name
    summary = view.summary
    assert f"{told['coverage']} %" == summary.coverage
    assert f"{told['score_lo_percent']} %" == summary.figure.text
    assert f"–{told['score_hi_percent']} %" in summary.figure.range
    counted = results(sample_run)
    counted["not_applicable"] = counted.pop("na", 0)
    assert told["results"] == {name: counted[name] for name in told["results"]}
    assert sum(told["results"].values()) == manifest["results"]
    with (sample_run / "quarantine.csv").open(encoding="utf-8-sig") as file:
        kinds = Counter(row["kind"] for row in csv.DictReader(file))
    assert told["quarantine"] == dict(kinds)
    assert (kinds["unreadable"], kinds["rejected"]) == (told["records"]["unreadable"], told["records"]["rejected"])  # fmt: skip
    assert set(told["frameworks"]) == {f.id for f in view.frameworks}
    for f in view.frameworks:
        own, total = told["frameworks"][f.id], f.total
        level = (f.level.lo, f.level.hi) if f.level else (None, None)
        assert (own["level"], own["level_at_most"]) == level
        assert (own["score_lo"], own["score_hi"]) == (total.figure.exact_lo, total.figure.exact_hi)
        assert f"{own['score_lo_percent']} %" == total.figure.text
        assert list(map(str, own["controls_by_extent"].values())) == list(total.extents)
        assert sum(own["controls_by_extent"].values()) == own["controls"]


Said = Callable[..., tuple[Result, dict[str, Any]]]


@pytest.fixture
def said(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Return a function that assesses the good company with `--json`; gives the result, and what it printed."""

    def assess(language: str, *words: object) -> tuple[Result, dict[str, Any]]:
        ws = Path(shutil.copytree(good, tmp_path / "ws"))
        settings = json.loads((ws / "reporter.yml").read_text("utf-8"))
        (ws / "reporter.yml").write_text(json.dumps(settings | {"language": language}), "utf-8")
        words = ("--formats", "json", "--json", *words)
        assess_few(monkeypatch)
        result = run_words("assess", ws, "--out", tmp_path / "r", *words)
        return result, json.loads(result.stdout)

    return assess


def test_without_a_gate_none_is_missed_and_the_headline_is_the_same_numbers_in_german(
    said: Said, tmp_path: Path
) -> None:
    result, german = said("de")
    assert (result.exit_code, "is missed" in result.stderr) == (0, False)
    assert (german.get("fail_on"), german.get("fail_on_met")) == (None, None)
    data = read_data(tmp_path / "r")
    assert data.language == "de"
    in_english = outcome.as_data(replace(data, language="en"), tmp_path / "r")
    english = json.loads(json.dumps(in_english))
    assert [told.pop(key) for told in (german, english) for key in ("run", "notices")]
    assert german == english
    assert isinstance(german["coverage"], float) and german["records"]["read"] > 0
    assert "%" not in json.dumps(german)


def test_what_could_not_be_assessed_has_no_number(sample_run: Path) -> None:
    scores = read_data(sample_run).scores
    whole = scores.enterprise
    none = replace(whole, total=replace(whole.total, assessed=0))
    bare = outcome._standing(none, scores.level, is_thin=False)
    assert (bare["level"], bare["level_at_most"]) == (0, 0)
    assert (bare["score_lo_percent"], bare["score_hi_percent"], bare["coverage"]) == (None,) * 3


def test_a_missed_gate_says_what_the_level_is_and_what_holds_it(sample_run: Path) -> None:
    view = read_view(sample_run)
    said = outcome.missed(view, "level<2", "the level on evidence is 0.")
    assert said.startswith("level<2 is missed: the level on evidence is 0. Level 0 of 5: ")
    assert "Level 1 needs 3 practices: 1 is not met and 2 are not proven." in said
    assert f"Level 1 takes {view.front.rungs[0].way}." in said


def test_a_missed_gate_is_told_on_stderr_whatever_is_printed_elsewhere(said: Said) -> None:
    result, told = said("en", "--fail-on", 5)
    assert (result.exit_code, "level<5 is missed: " in result.stderr) == (1, True)
    assert (told["fail_on"], told["fail_on_met"]) == (5, False)
    assert [(g["gate"], g["missed"]) for g in told["gates"]] == [("level<5", True)]


def test_the_end_is_why_the_level_is_what_it_is_and_what_to_open(good_run: Path) -> None:
    view = read_view(good_run)
    *lines, first = outcome.as_text(read_data(good_run), view, good_run)
    assert first == f"\nopen {good_run / 'report.html'}"
    said, front = "\n".join(lines), view.front
    assert f"\n{front.judgement}" in said and front.change in said
    assert all(question.question in said for question in front.questions)
    assert all(f"  {line}" in lines for line in front.unseen)


def test_without_a_report_to_open_none_is_named(sample_run: Path) -> None:
    assert not [x for x in _said(sample_run) if "open" in x]


def test_findings_are_counted_by_what_they_are(sample_run: Path) -> None:
    (said,) = (x for x in _said(sample_run) if "Findings" in x)
    counted = results(sample_run)
    for result in ("fail", "unknown", "compensated"):
        assert f"{counted[result]:,} {result}" in said


def test_results_are_chosen_by_values_and_a_condition(sample_run: Path) -> None:
    run = reporter.open(sample_run)
    whole = run.results()
    chosen = run.results("tier_lo >= 3", check="CRD-06", status="fail")
    same = (whole.tier_lo >= 3) & (whole.check == "CRD-06") & (whole.status == "fail")
    assert 0 < len(chosen) == same.sum() < len(run.findings(check="CRD-06"))
    (first,) = run.results("TRUE OR FALSE", id=str(chosen["id"][0])).itertuples()
    assert (first.check, first.subject) == ("CRD-06", chosen["subject"][0])
    assert len(run.results(subject="' OR 1=1 --")) == 0
    with pytest.raises(reporter.InputError, match="results have no column 'agent'"):
        run.results(agent="x")
