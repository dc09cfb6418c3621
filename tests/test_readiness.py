"""Too little evidence to score: the headline, the report of what to bring next, and what is counted in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pikepdf
import pytest
from conftest import assess_few, reporter, texts_of

from reporter.explain.explain import explain
from reporter.model.assessment import Assessment, Notice
from reporter.model.assessment import Wanted as Export
from reporter.pipeline.gates.gate_numbers import judge
from reporter.report import WRITERS, outcome
from reporter.report.document import View
from reporter.report.editions.readiness import FAILURES, HEADLINE
from reporter.report.export import Wanted, write_run
from reporter.report.html import page as html
from reporter.report.office.outline import outline
from reporter.report.trend.standings import standings
from reporter.report.view.asks import Lack, asks
from reporter.runs.store import DATA, RESULTS
from reporter.system.gates import gates

MORE = Fraction(99, 100)


def lacks(*rows: tuple[str, str, dict[str, Any], int]) -> list[Lack]:
    return [Lack(*row) for row in rows]


def missing(*columns: str) -> dict[str, Any]:
    return {"columns": list(columns)}


@pytest.fixture(scope="module")
def thin() -> tuple[Assessment, View]:
    """The rich company, where more evidence is asked for than it has."""
    made = given.rich()
    made = replace(made, policy=replace(made.policy, readiness_coverage=MORE))
    return made, given.view(made)


def score_of_the_whole() -> str:
    """What is printed where more evidence is not asked for."""
    return given.view(given.rich()).summary.figure.text


@pytest.mark.parametrize("share", [Fraction(0), Fraction(3, 10)])
def test_a_score_is_the_headline_from_the_coverage_of_the_policy_up(share: Fraction) -> None:
    made = given.rich()
    coverage = made.scores.enterprise.total.coverage
    at = replace(made, policy=replace(made.policy, readiness_coverage=coverage))
    assert given.view(at).readiness is None
    assert coverage > share
    above = coverage + Fraction(1, 10**9)
    told = given.view(replace(made, policy=replace(made.policy, readiness_coverage=above)))
    assert told.readiness is not None
    assert told.readiness.headline == HEADLINE


@pytest.mark.parametrize("medium", ["screen", "paper"])
@pytest.mark.parametrize("edition", ["auditor", "board"])
def test_no_score_and_no_level_is_printed(
    thin: tuple[Assessment, View], edition: str, medium: str
) -> None:
    page = html.render(thin[1], medium, edition=edition)
    assert HEADLINE in page
    assert score_of_the_whole() not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert 'class="hero' not in page
    assert "Maturity level" not in page


@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_every_check_that_fails_is_named(thin: tuple[Assessment, View], medium: str) -> None:
    _, view = thin
    page = html.render(view, medium)
    failing = [c for c in view.checks if c.counts.failed or c.counts.compensated]
    assert len(failing) > 3
    assert view.readiness is not None
    assert {f.check.text for f in view.readiness.failing} == {c.id for c in failing}
    for check in failing:
        assert f"{check.id} {check.title}" in page


def test_failing_subjects_are_named_or_counted(thin: tuple[Assessment, View]) -> None:
    ready = thin[1].readiness
    assert ready is not None
    totals = {c.id: c.counts.failed + c.counts.compensated for c in thin[1].checks}
    assert 0 < sum(len(f.subjects) for f in ready.failing) <= FAILURES
    for f in ready.failing:
        rest = totals[f.check.text] - len(f.subjects)
        assert f.subjects
        assert f.more == (f"and {rest:,} more, in findings.csv" if rest else "")


def test_every_unknown_result_is_in_one_ask_or_counted_apart() -> None:
    given_lacks = lacks(
        ("A", "not_recorded", missing("actors.owner_id"), 5),
        ("B", "recorded_nowhere", missing("actors.owner_id", "actors.purpose"), 3),
        ("C", "not_recorded", missing("grants.name"), 4),
        ("D", "not_recorded", missing("grants.name", "actors.purpose"), 2),
        ("E", "no_log", {}, 7),
        ("F", "no_events", {}, 1),
        ("G", "silent_days", {"log_source": "gateway", "seen": 3, "expected": 92}, 6),
        ("H", "unlisted", {}, 9),
        ("I", "too_weak", {"evidence": "declared"}, 11),
    )
    found = asks(given_lacks, (), True)
    told = [(a.what, a.alone, a.together, a.partners, a.checks) for a in found.asks]
    assert told == [
        ("A register that lists everyone who acts", 9, 0, (), ("H",)),
        (
            "Agents and accounts: owner_id, purpose",
            8,
            2,
            ("Permissions of agents",),
            ("A", "B", "D"),
        ),
        ("Logs of what the agents do", 8, 0, (), ("E", "F")),
        ("The missing time of log gateway", 6, 0, (), ("G",)),
        ("Permissions of agents: name", 4, 2, ("Agents and accounts",), ("C", "D")),
    ]
    assert (found.others, found.of_several) == (11, 2)
    alone = sum(a.alone for a in found.asks)
    assert alone + found.of_several + found.others == sum(e.results for e in given_lacks)
    assert [found.decided(n) for n in range(6)] == [0, 9, 17, 25, 31, 37]


def test_what_decides_nothing_alone_comes_after_what_does() -> None:
    found = asks(
        lacks(
            ("A", "not_recorded", missing("grants.name", "approvals.decision"), 50),
            ("B", "not_recorded", missing("grants.name"), 2),
        ),
        (),
        True,
    )
    assert [(a.what, a.alone, a.together, a.partners) for a in found.asks] == [
        ("Permissions of agents: name", 2, 50, ("Approvals",)),
        ("Approvals: decision", 0, 50, ("Permissions of agents",)),
    ]


def test_asks_are_sorted_by_the_numbers_that_are_printed() -> None:
    found = asks(
        lacks(*((c, "not_recorded", missing(*columns), n) for c, columns, n in (
            ("A", ("actors.state",), 299), ("B", ("grants.name",), 313), ("C", ("links.peer_id",), 78),
            ("D", ("reviews.due_at", "links.peer_id"), 400),
        ))),
        (),
        True,
    ).asks  # fmt: skip
    numbers = [(a.alone, a.together) for a in found]
    assert numbers == sorted(numbers, reverse=True)
    assert [n for n, _ in numbers] == [313, 299, 78, 0]


@pytest.mark.parametrize(
    "values",
    [
        missing("reviews.due_at") | {"then": {"code": "no_log", "values": {}}},
        missing("reviews.due_at") | {"also": ["grants.name"]},
        missing("reviews.due_at")
        | {"then": {"code": "not_recorded", "values": missing("events.tool")}},
    ],
    ids=["log", "other list", "column of a log"],
)
def test_what_is_lacking_behind_a_reason_is_needed_too(values: dict[str, Any]) -> None:
    found = asks(lacks(("A", "not_recorded", values, 7)), (), True)
    assert [(a.alone, a.together) for a in found.asks] == [(0, 7), (0, 7)]
    assert found.decided(1) == 0
    assert found.decided(2) == 7


@pytest.mark.parametrize(
    ("has_logs", "what"), [(False, "Logs of what the agents do"), (True, "Logs: principal_id")]
)
def test_columns_of_events_are_a_log_where_there_is_none(has_logs: bool, what: str) -> None:
    found = asks(
        lacks(("A", "recorded_nowhere", missing("events.principal_id"), 1)), (), has_logs
    ).asks
    assert [a.what for a in found] == [what]


@pytest.mark.parametrize(("seen", "what"), [(0, "The log gw"), (1, "The missing time of log gw")])
def test_a_log_that_shows_nothing_is_asked_for_as_a_whole(seen: int, what: str) -> None:
    values = {"log_source": "gw", "seen": seen, "expected": 92}
    found = asks(lacks(("A", "silent_hours", values, 1)), (), True).asks
    assert [a.what for a in found] == [what]


def test_exports_are_named_that_hold_most_of_what_is_missing() -> None:
    columns = ("alerts.event_id", "alerts.raised_at", "alerts.action")
    half = Export(("s",), ("Half of it",), 1, ("A",), columns[:2])
    less = Export(("l",), ("A third of it",), 1, ("A",), columns[:1])
    (found,) = asks(lacks(("A", "not_recorded", missing(*columns), 1)), (less, half), True).asks
    assert "Half of it" in found.how
    assert "A third of it" not in found.how


@pytest.mark.slow
def test_the_pdf_is_short_and_holds_the_data(thin: tuple[Assessment, View], tmp_path: Path) -> None:
    given.leave(thin[0], tmp_path)
    data = [tmp_path / DATA, tmp_path / RESULTS]
    WRITERS["pdf"](thin[1], tmp_path / "made.pdf", data=data)
    with pikepdf.open(tmp_path / "made.pdf") as document:
        assert len(document.pages) <= 15
        assert {DATA, RESULTS} <= {*document.attachments}


def test_slides_and_text_of_the_board_begin_with_it(thin: tuple[Assessment, View]) -> None:
    made = outline(thin[1])
    assert made.judgement == HEADLINE
    assert [t.label for t in made.tiles] == ["Coverage"]
    assert thin[1].readiness is not None
    (context,) = made.context
    assert context.startswith(thin[1].readiness.reason)


def test_machines_are_told_and_keep_the_numbers(
    thin: tuple[Assessment, View], tmp_path: Path
) -> None:
    made, view = thin
    told = outcome.as_data(made, tmp_path)
    assert told["readiness"] is True
    assert told["score_lo"] == outcome.as_data(given.rich(), tmp_path)["score_lo"]
    assert outcome.as_data(given.rich(), tmp_path)["readiness"] is False
    said = "\n".join(outcome.as_text(made, view, tmp_path))
    assert f"Score     {HEADLINE}" in said
    assert "Maturity" not in said
    assert score_of_the_whole() not in said


def written(made: Any, folder: Path) -> dict[str, str]:
    """Return what every file of a run says, but its data and what is on paper."""
    hashes = json.dumps(made.hashes, sort_keys=True).encode()
    made = replace(made, hashes=made.hashes | {"evidence_id": sha256(hashes).hexdigest()})
    given.leave(made, folder)
    formats = tuple(name for name in WRITERS if not name.endswith("pdf"))
    data, view = given.plain(made), given.view(made)
    write_run(data, view, view, {}, folder, Wanted(formats), ())
    said = texts_of(p for p in folder.rglob("*") if p.is_file() and p.name not in (DATA, RESULTS))
    asked = ("level", "enterprise", *(f.id for f in view.frameworks))
    said |= {f"explain {name}": explain(folder, name) for name in asked}
    return {name: unescape(text).replace("\u00a0%", " %") for name, text in said.items()}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """The outputs of the rich company with a headline, and without."""
    own = Notice("own_settings", (("n", 1), ("own_level", 0), ("shipped_level", 0)), (), "", ())
    total = given.rich().scores.enterprise.total
    own = replace(own, shares=(("own", total.lo), ("shipped", total.lo)))
    made = replace(given.rich(), notices=(own,), causes=())  # no file has their results
    low = replace(made, policy=replace(made.policy, readiness_coverage=MORE))
    folder = tmp_path_factory.mktemp("outputs")
    return written(made, folder / "scored"), written(low, folder / "thin")


PRINTED = ("report.xlsx", "board.docx", "board.pptx", "assessment-results.json", "report.html", "board.html",
           "sums.csv", "explain level", "explain enterprise")  # fmt: skip


def test_no_output_prints_a_score_of_the_whole(outputs: tuple[dict[str, str], ...]) -> None:
    """Nor that of a framework or a part, not even as a fraction: those are data, in report.json."""
    scored, thin = outputs
    view = given.view(given.rich())
    controls = {c.figure.exact_lo for f in (view.themes, *view.frameworks) for c in f.controls}
    totals = {f.total.figure.exact_lo for f in (view.themes, *view.frameworks)} - controls
    assert totals
    wholes = {view.summary.figure.text, *totals}
    for name in PRINTED:
        assert any(whole in scored[name] for whole in wholes), name
    assert {n: w for n, text in thin.items() for w in wholes if w in text} == {}
    assert [n for n in PRINTED if HEADLINE not in thin[n]] == ["sums.csv"], "it leaves them out"
    assert [n for n, text in thin.items() if view.level_names[0] in text] == []


def test_a_gate_is_missed_where_there_is_no_level(
    thin: tuple[Assessment, View], tmp_path: Path
) -> None:
    made, view = thin
    high = replace(made.scores.level, lo=3, hi=3)
    made = replace(made, scores=replace(made.scores, level=high))
    held = judge(gates(["level<1", "score<1"]), made, tmp_path)
    assert [(g.is_missed, g.number) for g in held] == [(True, ""), (True, "")]
    assert HEADLINE in outcome.missed(view, held[0].gate, held[0].reason)
    data = outcome.as_data(made, tmp_path, [g.as_data() for g in held])
    assert data["fail_on_met"] is False
    data = outcome.as_data(made, tmp_path)
    assert data["headline"] == HEADLINE
    for each in (data, *data["frameworks"].values()):
        assert (each["level"], each["score_lo_percent"], each["score_hi_percent"]) == (None,) * 3


def test_an_earlier_run_without_a_score_is_not_compared_in_total(
    thin: tuple[Assessment, View],
) -> None:
    rows = standings(thin[0])
    assert {s.kind for s in rows if s.assessed} == {"theme"}
    assert {s.kind for s in standings(given.rich()) if s.assessed} > {"theme", "enterprise"}


HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"


@pytest.mark.slow
def test_a_run_of_hardly_anything_is_a_readiness_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch)
    (tmp_path / "ws/inventory").mkdir(parents=True)
    (tmp_path / "ws/reporter.yml").write_text(HEAD)
    (tmp_path / "ws/inventory/agents.csv").write_text(
        "type,actor_id,name\n" + "".join(f"agent,a{n},Agent {n}\n" for n in range(40))
    )
    words = ("--formats", "json,html,pdf", "--editions", "auditor,board", "--json", "--quiet")
    result = reporter("assess", tmp_path / "ws", "--out", tmp_path / "run", *words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["readiness"] is True
    for name in ("report.html", "board.html"):
        page = (tmp_path / "run" / name).read_text()
        assert HEADLINE in page
        assert "Agents and accounts: " in page
    with pikepdf.open(tmp_path / "run/report.pdf") as document:
        assert len(document.pages) <= 15
    again = reporter("render", tmp_path / "run", "--format", "pdf", "--out", tmp_path / "again")
    assert again.exit_code == 0, again.output
    assert (tmp_path / "again/report.pdf").read_bytes() == (
        tmp_path / "run/report.pdf"
    ).read_bytes()
