"""Earlier runs beside this one: counts that add up, nothing called remediated that is not, and no run that cannot be believed."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import fixture_assessment as given
import openpyxl
import pikepdf
import pytest
from conftest import read_rows, reporter
from fixture_estate import spoiled
from fixture_history import (
    NOW,
    Result,
    assessed,
    beside,
    beside_found,
    changes_of,
    counted,
    leave,
    write_results,
)
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.model.assessment import Assessment
from reporter.privacy.pseudonyms import mark
from reporter.report import WRITERS, build
from reporter.report.export import read_view
from reporter.report.html import ladders
from reporter.report.html import page as html
from reporter.report.trend.changes import COLUMNS, history
from reporter.report.trend.earlier_runs import read_earlier
from reporter.report.trend.transitions import Moment, Progress, Trend, what
from reporter.runs.store import CHANGES, read_data, read_run, write_data

pytestmark = pytest.mark.slow

FOOT = 800
"""Points from the top of a page to its foot."""
RESULTS = ("pass", "fail", "unknown", "compensated", "na")
CHECKS = ("INV-01", "INV-02", "OWN-01")
THEN: list[Result] = [
    ("INV-01", "a", "fail"), ("INV-01", "b", "fail"), ("INV-01", "c", "fail"), ("INV-01", "d", "fail"), ("INV-01", "e", "pass"),
    ("INV-01", "f", "unknown"), ("INV-02", "a", "pass"), ("INV-02", "b", "fail"),
]  # fmt: skip
THEN_NOW: list[Result] = [
    ("INV-01", "a", "pass"), ("INV-01", "b", "unknown"), ("INV-01", "d", "fail"), ("INV-01", "e", "fail"), ("INV-01", "f", "pass"),
    ("INV-01", "g", "fail"), ("INV-02", "a", "pass"), ("INV-02", "g", "pass"),
]  # fmt: skip


def told(a: Assessment) -> Progress:
    return history(a, {}, changes_of(a))


def rows_of(made: Progress) -> dict[tuple[str, str], dict[str, str]]:
    return {(r[1], r[2]): dict(zip(made.columns, r, strict=True)) for r in made.changes or ()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two earlier runs in one folder, for reading only."""
    folder = tmp_path_factory.mktemp("runs")
    leave(folder / "q1", assessed(180), [("INV-01", "d", "fail"), ("INV-01", "e", "fail"), ("INV-01", "g", "fail")])  # fmt: skip
    leave(folder / "q2", assessed(90), THEN)
    return folder


@pytest.fixture
def copy(runs: Path, tmp_path: Path) -> Path:
    """The later of the two, to spoil."""
    return Path(shutil.copytree(runs / "q2", tmp_path / "q2"))


# ---------------------------------------------------------------- what became of results


def test_each_result_is_said_to_have_become_what_it_became(runs: Path, tmp_path: Path) -> None:
    made = told(beside(tmp_path, [runs], THEN_NOW))
    assert {k: r["what"] for k, r in rows_of(made).items()} == {
        ("INV-01", "a"): "remediated", ("INV-01", "b"): "lost from sight", ("INV-01", "c"): "gone", ("INV-01", "d"): "still failing",
        ("INV-01", "e"): "fails now", ("INV-01", "f"): "evidence found", ("INV-01", "g"): "new, failing",
        ("INV-02", "b"): "no longer in scope", ("INV-02", "g"): "new",
    }  # fmt: skip
    assert made.sentences[3] == (
        "Unknown now: 1 result (1 last time). Of these, 0 concern what is new or newly in scope; 1 could be judged last time "
        "but not now, which is not progress. Of those unknown last time, 1 can be judged now."
    )
    old, new = made.balances
    assert old.sum.startswith("5 failed then = 1 remediated + ")
    assert new.sum == "3 fail now = 1 still failing + 1 fails now + 1 new, failing"


def test_failing_since_is_the_first_run_of_an_unbroken_row(runs: Path, tmp_path: Path) -> None:
    made = rows_of(told(beside(tmp_path, [runs], THEN_NOW)))
    since = {k: r["failing_since"] for k, r in made.items() if r["now"] == "fail"}
    # e passed in between, g was not there: neither goes back to the first run
    assert since == {("INV-01", "d"): "2026-04-04", ("INV-01", "e"): "2026-10-01", ("INV-01", "g"): "2026-10-01"}  # fmt: skip


def test_a_renamed_subject_is_gone_and_new_and_not_mended(runs: Path, tmp_path: Path) -> None:
    made = told(beside(tmp_path, [runs / "q2"], [(c, f"{s}-renamed", v) for c, s, v in THEN]))
    assert {r["what"] for r in rows_of(made).values()} == {"gone", "new", "new, failing"}
    assert "remediated" not in made.balances[0].sum
    assert "6 agents then, 6 now: 6 + 6 new − 6 gone = 6" in " ".join(made.actors)


def test_the_same_results_are_no_change(runs: Path, tmp_path: Path) -> None:
    made = told(beside(tmp_path, [runs / "q2"], THEN))
    assert {r["what"] for r in rows_of(made).values()} == {"still failing"}
    assert made.balances[0].sum == "5 failed then = 5 still failing"
    assert made.checks == ()
    assert {m.result for m in made.score_changes} <= {"unchanged", "not compared"}
    assert made.unlike == ()


results = st.dictionaries(
    st.tuples(st.sampled_from(CHECKS), st.sampled_from("abcdef")), st.sampled_from(RESULTS)
)


@settings(max_examples=10, deadline=None)
@drawn(then=results, now=results)
def test_what_failed_then_is_the_sum_of_what_became_of_it(
    runs: Path, then: dict[tuple[str, str], str], now: dict[tuple[str, str], str]
) -> None:
    before, after = ([(c, s, v) for (c, s), v in m.items()] for m in (then, now))
    (read,) = read_earlier([runs / "q2"], assessed().run, "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_results(folder / "results.parquet", before, folder / "work")
        a = beside_found(folder / "now", [replace(read, folder=folder)], after, assessed())
        made = told(a)
        for balance, side in zip(made.balances, (then, now), strict=True):
            failed = sum(v == "fail" for v in side.values())
            head, _, parts = balance.sum.partition(" = ")
            assert int(head.split()[0]) == failed
            assert sum(map(int, re.findall(r"\d+", parts))) == failed == sum(int(f.n) for f in balance.flows)  # fmt: skip
        remediated = sum(v == "fail" and now.get(k) == "pass" for k, v in then.items())
        assert (
            next((int(f.n) for f in made.balances[0].flows if f.label == "remediated"), 0)
            == remediated
        )
        assert sum(n for *_, n in a.history.flows) == len(then.keys() | now.keys())
        *inner, sums = made.matrix
        for column in range(1, len(made.matrix_columns)):
            assert int(sums[column]) == sum(int(row[column]) for row in inner)
        differing = {k for k in then.keys() | now.keys() if then.get(k) != now.get(k) or now.get(k) == "fail"}  # fmt: skip
        assert rows_of(made).keys() == differing


def test_no_two_results_share_a_name_that_hides_lost_evidence() -> None:
    assert [v for v in RESULTS if what("fail", v) == "remediated"] == ["pass"]
    assert {what(v, "fail") for v in RESULTS}.isdisjoint({what("fail", v) for v in RESULTS} - {"still failing"})  # fmt: skip


# ---------------------------------------------------------------- like with like


def test_a_changed_threshold_is_not_like_with_like(runs: Path, tmp_path: Path) -> None:
    made = told(beside(tmp_path, [runs], THEN_NOW, assessed(thresholds="0" * 64)))
    assert {m.result for m in made.score_changes} <= {"not directly comparable", "not compared"}
    assert "the thresholds" in made.unlike[0] and "the thresholds" in made.sentences[1]
    assert [r.note for r in made.runs] == ["", "different from the run after it: the thresholds"]
    assert [m.alike for m in made.trends[0].moments] == [True, True, False]
    drawing = ladders.trend(made.trends[0])
    assert drawing.count("stroke-dasharray") == drawing.count("rules changed") == 1
    assert len(made.sentences) <= 5


def test_a_check_of_one_run_only_is_named_and_not_compared(runs: Path, tmp_path: Path) -> None:
    a = assessed()
    a = replace(a, checks=tuple(c for c in a.checks if c.id != "INV-01"))
    made = told(beside(tmp_path, [runs / "q2"], [c for c in THEN_NOW if c[0] != "INV-01"], a))
    assert made.unlike == ("Checks only in the earlier run, whose results are not compared: INV-01.",)  # fmt: skip
    assert made.balances[0].sum == "1 failed then = 1 gone"
    assert "2 of 8 results then and 2 of 2 now" in made.matrix_text


def test_another_profile_or_list_of_frameworks_is_told(runs: Path, tmp_path: Path) -> None:
    a = assessed()
    scores = replace(a.scores, frameworks=a.scores.frameworks[:2])
    a = replace(
        a, scores=scores, frameworks=a.frameworks[:2], profile=replace(a.profile, title="Strict")
    )
    (said,) = told(beside(tmp_path, [runs / "q2"], THEN, a)).unlike
    assert "the target profile (Baseline, then Strict) and the list of frameworks" in said


def test_a_difference_within_the_ranges_is_not_called_progress(tmp_path: Path) -> None:
    run = leave(tmp_path / "q", assessed(90, given.perfect()), THEN)
    whole = told(beside(tmp_path, [run], THEN, assessed(0, given.rich()))).score_changes[0]
    assert whole.result == "worse on any reading" and whole.difference.startswith("−")
    run = leave(tmp_path / "p", assessed(90, given.empty()), THEN)
    made = told(beside(tmp_path, [run], THEN, assessed(0, given.rich())))
    assert made.score_changes[0].result == "not compared"
    drawing = ladders.trend(made.trends[0])
    assert drawing.count("<circle") == 1 and "Not assessed" in drawing
    run = leave(tmp_path / "r", assessed(90, given.single()), THEN)
    made = told(beside(tmp_path, [run], THEN, assessed(0, given.rich())))
    assert made.score_changes[0].result == "inconclusive as a whole, but not in every theme"
    (worse,) = (
        m.name for m in made.score_changes if m.kind == "theme" and m.result.startswith("worse")
    )
    (better,) = (m.name for m in made.score_changes if m.result.startswith("better"))
    said = f"1 theme is worse ({worse}) and 1 theme is better ({better}) on any reading; "
    assert f"{said}missing evidence could explain the rest; still level" in made.sentences[0]


def rescored(a: Assessment, **themes: tuple[int, int]) -> Assessment:
    """The same, but the last run had scored these hundredths."""
    (last,) = a.history.runs
    standings = tuple(
        replace(s, lo=Fraction(themes[key][0], 100), hi=Fraction(themes[key][1], 100))
        if (key := s.id or "whole") in themes else s
        for s in last.standings
    )  # fmt: skip
    return replace(a, history=replace(a.history, runs=(replace(last, standings=standings),)))


def test_ranges_that_overlap_show_neither_progress_nor_decline(tmp_path: Path) -> None:
    run = leave(tmp_path / "q", assessed(90), THEN)
    made = told(rescored(beside(tmp_path, [run], THEN), whole=(0, 100)))
    assert made.score_changes[0].result == "the ranges overlap"
    assert " %: missing evidence could explain the difference; still level" in made.sentences[0]
    assert not re.search("better|worse|higher|lower|rose|fell", made.sentences[0])


@pytest.mark.parametrize(
    ("now", "result"),
    [
        ([c for c in THEN if c[1] != "e"], "better on any reading"),
        ([c for c in THEN if c[1] not in "ab"], "higher, but subjects that did not pass are gone"),
        ([c for c in THEN if c[1] != "f"], "higher, but subjects that did not pass are gone"),
        ([(c, s, "pass") for c, s, _ in THEN], "better on any reading"),
    ],
)
def test_a_score_that_rose_by_dropping_what_did_not_pass_is_not_better(
    tmp_path: Path, now: list[Result], result: str
) -> None:
    run = leave(tmp_path / "q", assessed(90), THEN)
    made = told(rescored(beside(tmp_path, [run], now), whole=(0, 0), INV=(0, 0), OWN=(0, 0)))
    rose = {m.name: m.result for m in made.score_changes if m.difference.startswith("+")}
    assert rose["Whole organisation"] == rose["Complete inventory"] == result
    assert rose["Ownership"] == "better on any reading"  # nothing of it is gone


def test_agents_that_are_gone_are_told_before_the_failures_and_on_page_1(tmp_path: Path) -> None:
    then: list[Result] = [("INV-01", f"a{n}", "fail") for n in range(48)]
    run = leave(tmp_path / "q", assessed(90), then)
    a = beside(tmp_path, [run], then[:8])
    made = told(a)
    assert made.sentences[1] == (
        "0 agents are new and 40 gone: 48 then, 8 now. Failures of those that are gone do not count as fixed."
    )
    (notice,) = given.view(a).summary.notices
    assert notice.code == "agents_gone"
    assert notice.text.startswith(
        "Of 48 agents of the last run, 40 appear in none of the files read now."
    )
    few = beside(tmp_path / "few", [run], then[:-4])
    assert few.notices == () and "4 gone: 48 then, 44 now." in told(few).sentences[1]


def test_who_was_assessed_as_an_agent_and_now_is_not_is_told_on_page_1(tmp_path: Path) -> None:
    """Another type in the list, and its failures are gone; who left altogether, or was unknown, is another matter."""
    of_actors = [replace(c, about="actor") if c.id == "OWN-01" else c for c in assessed().checks]
    now = replace(assessed(), checks=tuple(of_actors))
    both: list[Result] = [("OWN-01", s, "pass") for s in ("kept", "posing", "unclear")]
    then: list[Result] = [*both, *[("INV-01", s, "fail") for s in ("kept", "posing", "left")], ("INV-01", "unclear", "unknown")]  # fmt: skip
    run = leave(tmp_path / "q", assessed(90), then)
    a = beside(tmp_path, [run], [*both, ("INV-01", "kept", "fail")], now)
    told = {n.code: tuple(map(str, n.lines)) for n in a.notices}
    assert told["agents_relabelled"] == ("posing",)
    same = beside(tmp_path / "same", [run], then, now)
    assert "agents_relabelled" not in {n.code for n in same.notices}


def test_the_trend_says_its_numbers_in_words() -> None:
    at = [Moment("1 July 2026", "1", "40.0 %", "40.0–60.0 %", 0, 400, 600, True, True, 1)]
    at.append(Moment("1 October 2026", "2", "50.0 %", "50.0–55.0 %", 1000, 500, 550, True, True, 2))
    drawing = ladders.trend(Trend("<Whole>", tuple(at)))
    title = drawing.partition("<title>")[2].partition("</title>")[0]
    assert title.startswith("&lt;Whole&gt;: did the evidenced score change? 1 July 2026: 40.0 %, range 40.0–60.0 %, level 1;")  # fmt: skip
    assert "stroke-dasharray" not in drawing and drawing.count("<circle") == 2


# ---------------------------------------------------------------- runs that are refused


def _manifest(run: Path, **changed: object) -> None:
    path = run / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def _spoil_report(run: Path) -> None:
    (run / "report.json").write_bytes((run / "report.json").read_bytes().replace(b"fail", b"pass"))


def _spoil_hashes(run: Path) -> None:
    hashes = json.loads((run / "manifest.json").read_text())["hashes"]
    _manifest(run, hashes=hashes | {"thresholds": "0" * 64})


REFUSED = {
    "report": (_spoil_report, "report.json: is not the file that manifest.json names"),
    "evidence": (lambda r: (r / "results.parquet").write_bytes(b"PAR1"), "results.parquet: is not the file"),
    "no evidence": (lambda r: (r / "results.parquet").unlink(), "results.parquet: is missing"),
    "no manifest": (lambda r: (r / "manifest.json").unlink(), "no manifest.json in it"),
    "hashes": (_spoil_hashes, "evidence_id does not follow"),
    "as_of": (lambda r: _manifest(r, as_of="2026-01-01T00:00:00"), "does not belong to the report.json"),
    "broken": (lambda r: (r / "manifest.json").write_text("[]"), "is not a manifest of a run"),
    "half": (lambda r: (r / "manifest.json").write_text('{"hashes": {}}'), "is not a manifest of a run"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_run_that_cannot_be_believed_is_refused(copy: Path, name: str) -> None:
    spoil, said = REFUSED[name]
    spoil(copy)  # type: ignore[no-untyped-call]
    with pytest.raises(InputError, match=re.escape(said)):
        read_earlier([copy], assessed().run, "")


def test_a_run_of_somebody_else_or_not_before_is_refused(runs: Path, tmp_path: Path) -> None:
    run = assessed().run
    for now, said in (
        (replace(run, organisation="Other"), "not of Other"),
        (replace(run, unit="North"), "· North"),
        (replace(run, as_of=datetime(2026, 7, 3)), "is not earlier"),
        (replace(run, as_of=datetime(2026, 1, 1)), "is not earlier"),
    ):
        with pytest.raises(InputError, match=said):
            read_earlier([runs], now, "")
    shutil.copytree(runs / "q2", tmp_path / "again")
    with pytest.raises(InputError, match="same as_of"):
        read_earlier([runs, tmp_path / "again"], run, "")
    (tmp_path / "none").mkdir()
    for folder in (tmp_path / "none", tmp_path / "nowhere"):
        with pytest.raises(InputError, match="--earlier takes a run folder"):
            read_earlier([folder], run, "")
    assert [f.folder.name for f in read_earlier([runs, runs / "q2"], run, "")] == ["q1", "q2"]


def test_evidence_that_is_none_is_refused_though_its_hash_agrees(copy: Path, tmp_path: Path) -> None:  # fmt: skip
    for results, said in (
        ([*THEN, THEN[0]], "holds two results of INV-01 on a"),
        ([("INV-01", "a", "perfect")], "holds what is not a result: 'perfect'"),
    ):
        shutil.rmtree(copy)
        leave(copy, assessed(90), results)
        with pytest.raises(InputError, match=said):
            beside(tmp_path / str(len(results)), [copy], THEN)


def test_a_score_that_is_none_is_refused_though_its_hash_agrees(copy: Path) -> None:
    text = (copy / "report.json").read_text()
    for made, said in (
        (text.replace('"lo":"0/1"', '"lo":"1/0"'), "is not a report"),
        (
            text.replace('"scores":', '"marks":'),
            "is not a report: Object missing required field `scores`",
        ),
    ):
        (copy / "report.json").write_text(made)
        digest = hashlib.sha256(made.encode()).hexdigest()
        outputs = json.loads((copy / "manifest.json").read_text())["outputs"]
        _manifest(copy, outputs=outputs | {"report.json": {"sha256": digest}})
        with pytest.raises(InputError, match=said):
            read_earlier([copy], assessed().run, "")


def test_other_pseudonyms_are_refused(runs: Path, tmp_path: Path) -> None:
    ours, theirs = mark("k" * 64), mark("l" * 64)
    assert ours != theirs and "k" * 8 not in ours
    hidden = leave(tmp_path / "h", replace(assessed(30), pseudonyms=theirs), THEN)
    assert len(read_earlier([hidden], assessed().run, theirs)) == 1
    for folder, key in ((hidden, ""), (hidden, ours), (runs / "q2", ours)):
        with pytest.raises(InputError, match="other pseudonyms"):
            read_earlier([folder], assessed().run, key)


def test_a_unit_that_is_named_after_a_person_follows_itself_and_no_other(tmp_path: Path) -> None:
    """Before its people are known, the name of the current unit is not hidden yet."""
    key = mark("k" * 64)

    def hidden(days: int, unit: str) -> Assessment:
        a = replace(assessed(days), pseudonyms=key)
        return replace(a, run=replace(a.run, unit=unit))

    ours, theirs = (f"Office of person-{n * 12}" for n in "ab")
    before = leave(tmp_path / "before", hidden(90, ours), THEN)
    now = replace(assessed().run, unit="Office of Ann")
    assert len(read_earlier([before], now, key)) == 1
    with pytest.raises(InputError, match="not of .*Desk of Ann"):
        read_earlier([before], replace(now, unit="Desk of Ann"), key)
    beside(tmp_path / "same", [before], THEN_NOW, hidden(0, ours))
    with pytest.raises(InputError, match=f"not of .*{theirs}"):
        beside(tmp_path / "other", [before], THEN_NOW, hidden(0, theirs))


# ---------------------------------------------------------------- how it is printed


@pytest.fixture(scope="module")
def shown(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> build.shape.View:
    """A rich report with names nobody should have, compared with two runs."""
    folder = tmp_path_factory.mktemp("shown")
    results = [*THEN_NOW, *(("OWN-01", name, "fail") for name in given.HOSTILE if "\0" not in name)]
    a = beside(folder, [runs], results, assessed(0, given.rich(), policy="0" * 64))
    made = given.view(a)
    shutil.copy(changes_of(a).path, made.findings.results.run)
    return made


@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_the_chapter_and_the_board_say_what_changed(shown: build.shape.View, medium: str) -> None:
    page = html.render(shown, medium)
    assert "<script>alert" not in page and "compliant" not in page.lower()
    page = re.sub("(?s)<script>.*?</script>", "", page)  # patterns of links are in it
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and {"history"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    # The whole is in the course over all runs.
    assert page.count('class="chart trend"') == len(shown.frameworks)
    assert page.count('class="chart course"') == 1
    assert shown.history.balances[0].sum in page
    board = html.render(shown, medium, edition="board")
    assert board.count('class="chart course"') == 1
    assert all(line.split(":")[0] in board for line in shown.history.sentences)
    assert "No earlier run was compared" not in board


def test_the_board_with_a_trend_keeps_to_four_pages(shown: build.shape.View, tmp_path: Path) -> None:  # fmt: skip
    WRITERS["board-pdf"](shown, tmp_path / "b.pdf")
    with pikepdf.open(tmp_path / "b.pdf") as document:
        assert 2 <= len(document.pages) <= 4


def test_the_board_of_the_sample_with_five_earlier_runs_keeps_to_four_full_pages(
    sample_run: Path, tmp_path: Path
) -> None:
    """The trend has a chart and a row a run; what follows it once began a fifth page with a few lines."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    for n in range(1, 6):
        leave(tmp_path / f"runs/q{n}", assessed(90 * n), THEN)
    for language in ("en", "de"):
        a = beside(tmp_path / language, [tmp_path / "runs"], THEN_NOW)
        past = given.view(a, language)
        assert len(past.course.points) == 6
        made = replace(read_view(sample_run, language), course=past.course, history=past.history)
        WRITERS["board-pdf"](made, tmp_path / "b.pdf")
        told = subprocess.run(["pdftotext", "-bbox", tmp_path / "b.pdf", "-"], check=True, capture_output=True, text=True).stdout  # fmt: skip
        pages = [[float(y) for y in re.findall(r'yMax="(\S+)">', page)] for page in told.split("<page ")[1:]]  # fmt: skip
        ends = [max(y for y in page if y < FOOT) / FOOT for page in pages]
        assert len(ends) <= 4 and min(ends[:-1]) > 0.9 and ends[-1] > 0.4, ends


def test_the_workbook_holds_every_change(shown: build.shape.View, tmp_path: Path) -> None:
    assert build.from_json(build.to_json(shown)) == shown
    WRITERS["xlsx"](shown, tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")["Changes"]
    rows = [tuple(c or "" for c in r) for r in sheet.iter_rows(values_only=True)]
    assert [r[:6] for r in rows[1:]] == [r[:6] for r in shown.history.changes]
    assert len(rows[0]) == len(COLUMNS)


def test_the_german_sheet_of_changes_says_each_change_in_german(runs: Path, tmp_path: Path) -> None:
    now: list[Result] = [*THEN_NOW, ("INV-02", "b", "na"), ("INV-01", "c", "compensated")]
    now[6] = ("INV-02", "a", "declared")
    a = beside(tmp_path, [runs / "q2"], now)
    made = given.view(a, "de")
    shutil.copy(changes_of(a).path, made.findings.results.run)
    WRITERS["xlsx"](made, tmp_path / "b.xlsx")
    _, *rows = openpyxl.load_workbook(tmp_path / "b.xlsx")["Änderungen"].values
    shown = {(row[1], row[2]): (row[0], row[5], row[6]) for row in rows}
    for r in told(a).changes or ():
        name, then, today = shown[r[1], r[2]]
        assert name and name != r[0] and (then != r[5] or not then) and (today != r[6] or not today)
    assert shown["INV-02", "a"] == ("erfüllt, jetzt erklärt", "erfüllt", "erklärt")
    assert shown["INV-02", "b"][2] == "nicht anwendbar"
    assert shown["INV-01", "b"] == ("nicht mehr zu sehen", "nicht erfüllt", "unbekannt")


# ---------------------------------------------------------------- two real runs


@pytest.fixture(scope="module")
def pair(good_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The good company's run with an earlier date and other results, and a real one, gone wrong, compared with it."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "before").mkdir()
    held = read_data(good_run)
    held = replace(held, run=replace(held.run, as_of=datetime(2026, 9, 30)))
    dice = random.Random(7)
    results = [(c, f"{s}-old" if dice.random() < 0.1 else s, dice.choice(RESULTS[:4])) for c, s, *_ in read_rows(good_run / "results.parquet")]  # fmt: skip
    kept = [result for result in results if dice.random() < 0.9 and result[1] != "agent-2"]
    write_results(folder / "before/results.parquet", kept, folder / "work")
    write_data(counted(held, kept), folder / "before")
    shutil.copy(good_run / "manifest.json", folder / "before")
    outputs = {n: {"sha256": hashlib.sha256((folder / "before" / n).read_bytes()).hexdigest()} for n in ("report.json", "results.parquet")}  # fmt: skip
    _manifest(folder / "before", as_of="2026-09-30T00:00:00", outputs=outputs)
    out, ws = folder / "after", spoiled().write(folder / "ws")
    done = reporter("assess", ws, "--out", out, "--formats", "json", "--quiet", "--earlier", folder / "before")  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "before", out


def test_changes_that_are_missing_or_others_are_named(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    run = Path(shutil.copytree(pair[1], tmp_path / "run"))
    with DuckDB(tmp_path / "work") as engine:
        changes = f"SELECT * FROM read_parquet({quoted(str(run / CHANGES))}) LIMIT 5"
        engine.write_parquet(changes, tmp_path / "some")
    (tmp_path / "some").replace(run / CHANGES)
    (run / "manifest.json").unlink()
    with pytest.raises(InputError, match="holds 5 changes, and report.json counts"):
        read_run(run)
    (run / CHANGES).unlink()
    with pytest.raises(InputError, match=f"this run has no {CHANGES}"):
        read_run(run)


def test_counts_are_those_of_a_naive_reading(pair: tuple[Path, Path]) -> None:
    then, now = ({(r[0], r[1]): r[2] for r in read_rows(p / "results.parquet")} for p in pair)
    seen_then, seen_now = ({s for _, s in results} for results in (then, now))
    made = read_view(pair[1]).history
    became: Counter[str] = Counter()
    for key, result in then.items():
        if result == "fail":
            gone = "gone" if key[1] not in seen_now else "no longer in scope"
            names = {"pass": "remediated", "declared": "remediated", "fail": "still failing", "unknown": "lost from sight", None: gone}  # fmt: skip
            became[names.get(now.get(key), now.get(key) or "")] += 1
    assert len(became) == 5
    assert {f.label: int(f.n) for f in made.balances[0].flows} == became
    came = Counter(
        {
            "fail": "still failing",
            "pass": "fails now",
            "declared": "fails now",
            "unknown": "found failing",
            "compensated": "no longer compensated",
        }.get(
            then.get(k, ""),
            "new, failing" if k[1] not in seen_then else "newly in scope, failing",
        )
        for k, v in now.items()
        if v == "fail"
    )
    assert {f.label: int(f.n) for f in made.balances[1].flows} == came
    with (pair[1] / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    wanted = {k for k in then.keys() | now.keys() if then.get(k) != now.get(k) or now[k] == "fail"}
    assert {(r["check"], r["subject"]) for r in table} == wanted and len(table) == len(wanted)
    for row in table:
        key = row["check"], row["subject"]
        assert (row["before"], row["now"]) == (then.get(key, ""), now.get(key, ""))


def test_what_was_compared_is_recorded_and_changes_no_evidence_id(
    pair: tuple[Path, Path], good_run: Path
) -> None:
    before, after = (json.loads((p / "manifest.json").read_text()) for p in pair)
    digest = hashlib.sha256((pair[0] / "report.json").read_bytes()).hexdigest()
    identity = before["hashes"]["evidence_id"]
    assert after["compared"] == [{"as_of": "2026-09-30T00:00:00", "evidence_id": identity, "report_sha256": digest}]  # fmt: skip
    alone = json.loads((good_run / "manifest.json").read_text())
    assert alone["hashes"].keys() == after["hashes"].keys() and "compared" not in alone
    rests_on = {k: v for k, v in after["hashes"].items() if k != "evidence_id"}
    made = hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()
    assert after["hashes"]["evidence_id"] == made
    assert not (good_run / "changes.csv").exists() and "changes.csv" in after["outputs"]
    report = read_view(pair[1])
    assert [(r.evidence_id, r.report_sha256) for r in report.history.runs] == [(identity, digest)]
    page = (Path(__file__).parents[1] / "docs/formats.md").read_text(encoding="utf-8")
    assert f"| `changes.csv` | {', '.join(f'`{c}`' for c in COLUMNS)} |" in page


def test_a_run_is_refused_before_anything_is_left(pair: tuple[Path, Path], good: Path, tmp_path: Path) -> None:  # fmt: skip
    done = reporter("assess", good, "--out", tmp_path / "r", "--formats", "json", "--earlier", pair[1])  # fmt: skip
    assert done.exit_code == 3 and "is not earlier" in done.output
    assert not (tmp_path / "r").exists()
    assert NOW.replace(tzinfo=None) == datetime(2026, 10, 1)
