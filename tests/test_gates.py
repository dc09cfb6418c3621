"""Gates: what is written is what is meant, each is missed by its number, and a number that nobody knows misses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import assess_few, read_results, reporter
from fixture_history import assessed, beside, leave

from reporter.errors import Errors, InputError
from reporter.model.assessment import Assessment
from reporter.model.statements import Waiver
from reporter.pipeline.gates.gate_files import Outcome, write_junit, write_summary
from reporter.pipeline.gates.gate_numbers import Judged, judge
from reporter.pipeline.gates.run_figures import HEADINGS, figures, printed
from reporter.runs.store import read_data
from reporter.system.gates import COUNTS, TOP, Gate, gate, gates


@pytest.mark.parametrize(
    ("text", "name", "framework", "limit", "canonical"),
    [
        ("3", "level", "", 3, "level<3"),
        (" level < 3 ", "level", "", 3, "level<3"),
        ("level:nist-ai-rmf<2", "level", "nist-ai-rmf", 2, "level:nist-ai-rmf<2"),
        ("score:owasp-nhi-2025<60", "score", "owasp-nhi-2025", 60, "score:owasp-nhi-2025<60"),
        ("score<59.5%", "score", "", Fraction("59.5"), "score<59.5"),
        ("coverage<50", "coverage", "", 50, "coverage<50"),
        ("regressions", "regressions", "", 0, "regressions>0"),
        ("regressions:nist-ai-rmf>4", "regressions", "nist-ai-rmf", 4, "regressions:nist-ai-rmf>4"),
        ("new-critical", "new-critical", "", 0, "new-critical>0"),
        ("overdue>2", "overdue", "", 2, "overdue>2"),
        ("expired-waivers", "expired-waivers", "", 0, "expired-waivers>0"),
        ("quarantined>100", "quarantined", "", 100, "quarantined>100"),
    ],
)
def test_a_gate_is_read_and_written_the_same(
    text: str, name: str, framework: str, limit: int | Fraction, canonical: str
) -> None:
    found = gate(text)
    assert found == Gate(name, framework, Fraction(limit))
    assert str(found) == canonical and gate(canonical) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a gate"), ("0", "above 0, and 5 at most"), ("6", "above 0, and 5 at most"),
        ("level<2.5", "whole number"), ("level", "below a limit"), ("score>60", "below a limit"),
        ("score<101", "100 at most"), ("regressions<3", "above a limit"), ("overdue>1.5", "whole number"),
        ("quarantined>5%", "is no percentage"), ("level<3%", "is no percentage"),
        ("expired-waivers:nist-ai-rmf", "whole run only"), ("score:a b<3", "is not a gate"),
        ("level<3; rm -rf", "is not a gate"), ("levl<3", "is not a gate"), ("score<1e3", "is not a gate"), ("score<-1", "is not a gate"),
    ],
)  # fmt: skip
def test_what_is_no_gate_is_refused_with_the_words(text: str, why: str) -> None:
    with pytest.raises(InputError) as error:
        gate(text, "PLAN.yml:3")
    assert why in error.value.message and error.value.place == "PLAN.yml:3"
    assert all(word in error.value.hint for word in (*TOP, *COUNTS))


def test_a_slip_is_told_what_it_may_mean() -> None:
    with pytest.raises(InputError) as error:
        gate("regresions")
    assert error.value.hint.startswith("Did you mean regressions?")


def test_several_stand_in_one_text_and_each_counts_once() -> None:
    assert list(map(str, gates(["3,score<60", 3, "regressions"]))) == ["level<3", "score<60", "regressions>0"]  # fmt: skip
    with pytest.raises(Errors) as error:
        gates(["x", "level<3", "y"], "a.yml:1")
    assert len(error.value.errors) == 2


# ---------------------------------------------------------------- numbers


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Assessment, Path]:
    """A run beside an earlier one, which did not have INV-02 yet."""
    folder = tmp_path_factory.mktemp("gates")
    then = [("OWN-01", "a", "pass"), ("OWN-01", "b", "declared"), ("OWN-01", "c", "fail"), ("OWN-01", "d", "unknown"), ("INV-01", "a", "pass")]  # fmt: skip
    now = [("OWN-01", "a", "fail"), ("OWN-01", "b", "fail"), ("OWN-01", "c", "fail"), ("OWN-01", "d", "fail"), ("INV-01", "a", "unknown"), ("INV-02", "a", "fail")]  # fmt: skip
    before = assessed(90)
    before = replace(before, checks=tuple(c for c in before.checks if c.id != "INV-02"))
    earlier = leave(folder / "then", before, then)
    return beside(folder / "now", [earlier], now), folder / "now"


def one(data: Assessment, folder: Path, text: str) -> Judged:
    (judged,) = judge([gate(text)], data, folder)
    return judged


def graver(data: Assessment, *critical: str) -> Assessment:
    """The same where these checks are critical, and no other."""
    checks = [replace(c, severity="critical" if c.id in critical else "low") for c in data.checks]
    return replace(data, checks=tuple(checks))


def test_a_regression_passed_then_and_fails_now(compared: tuple[Assessment, Path]) -> None:
    """What was unknown may have failed then, what became unknown may pass: neither is one."""
    judged = one(*compared, "regressions")
    assert (judged.is_missed, judged.number) == (True, "2")
    assert judged.reason == "2 results passed on 2026-07-03 and fail now: OWN-01 a, OWN-01 b."
    assert str(judged).startswith("regressions>0 is missed: ")
    assert not one(*compared, "regressions>2").is_missed


def test_a_critical_finding_is_new_where_it_did_not_fail_or_was_not_checked(
    compared: tuple[Assessment, Path],
) -> None:
    data, folder = compared
    assert one(graver(data, "OWN-01"), folder, "new-critical").number == "3"
    assert one(graver(data, "INV-01"), folder, "new-critical").number == "0"
    assert "INV-02" in data.history.checks_now
    assert one(graver(data, "INV-02"), folder, "new-critical").number == "1"


@pytest.mark.parametrize("text", ["regressions>99", "new-critical>99"])
def test_without_an_earlier_run_nothing_shows_that_nothing_got_worse(
    text: str, sample_run: Path
) -> None:
    judged = one(read_data(sample_run), sample_run, text)
    assert (judged.is_missed, judged.number) == (True, "")
    assert "no earlier run was given" in judged.reason


@pytest.mark.parametrize("name", ["level", "score", "coverage"])
@pytest.mark.parametrize("of", ["", ":owasp-nhi-2025"])
def test_a_limit_is_met_at_its_number_and_missed_below(
    name: str, of: str, sample_run: Path
) -> None:
    data = read_data(sample_run)
    score = data.scores.enterprise if not of else next(f for f in data.scores.frameworks if f":{f.framework}" == of)  # fmt: skip
    level = data.scores.levels()[score.framework].lo
    number = {"level": Fraction(max(level, 1)), "score": score.total.lo * 100, "coverage": score.total.coverage * 100}[name]  # fmt: skip
    limit = Gate(name, of[1:], number)
    (judged,) = judge([limit], data, sample_run)
    assert judged.is_missed == (name == "level" and level == 0)
    (judged,) = judge([replace(limit, limit=number + Fraction(1, 10**6))], data, sample_run)
    assert judged.is_missed and judged.number in judged.reason


@pytest.mark.parametrize("text", ["level<1", "score<1", "coverage<1"])
def test_what_could_not_be_assessed_misses_every_limit(text: str, sample_run: Path) -> None:
    data = read_data(sample_run)
    whole = data.scores.enterprise
    none = replace(whole, total=replace(whole.total, assessed=0))
    judged = one(replace(data, scores=replace(data.scores, enterprise=none)), sample_run, text)
    assert (judged.is_missed, judged.number) == (True, "") and "assessed" in judged.reason


@pytest.mark.parametrize("text", ["score:nist-ai-rmf<1", "overdue:nist-ai-rmf>9"])
def test_a_framework_that_the_run_does_not_have_is_named(text: str, sample_run: Path) -> None:
    judged = one(read_data(sample_run), sample_run, text)
    assert judged.is_missed and "no framework nist-ai-rmf:" in judged.reason
    assert "nist-ai-rmf-1.0" in judged.reason


def test_what_is_overdue_is_what_causes_csv_says(sample_run: Path) -> None:
    data = read_data(sample_run)
    late = replace(data, responses=(), policy=replace(data.policy, due_days=dict.fromkeys(data.policy.due_days, 1)), causes=tuple(replace(c, first_seen=datetime(2026, 1, 1)) for c in data.causes))  # fmt: skip
    assert one(late, sample_run, "overdue").number == str(len(data.causes))
    of_one = one(late, sample_run, "overdue:owasp-nhi-2025")
    assert 0 < int(of_one.number) < len(data.causes)
    none = replace(data, policy=replace(data.policy, due_days={}), responses=())
    assert one(none, sample_run, "overdue>999").is_missed


def test_an_expired_waiver_counts_while_what_it_covered_fails(sample_run: Path) -> None:
    data = read_data(sample_run)
    ((check, subject),) = read_results(sample_run, "status = 'fail' AND waived_until = ''", ("check", "subject"))[:1]  # fmt: skip
    ((passing, good),) = read_results(sample_run, "status = 'pass'", ("check", "subject"))[:1]
    end = data.run.as_of

    def waiver(check: str, subject: str, expires: datetime) -> Waiver:
        return Waiver(check, subject, "", "zoe", datetime(2026, 1, 1), expires, None, "", "w.csv#2")

    given = {
        "expired": waiver(check, subject, end),
        "of all": waiver(check, "", end),
        "in force": waiver(check, subject, end.replace(year=end.year + 1)),
        "without an end": waiver(check, subject, datetime.min),
        "fixed since": waiver(passing, good, end),
    }
    counted = {
        name: one(replace(data, waivers=(w,)), sample_run, "expired-waivers").number
        for name, w in given.items()
    }
    assert counted == {"expired": "1", "of all": "1", "in force": "0", "without an end": "0", "fixed since": "0"}  # fmt: skip


def test_the_quarantine_counts_records(sample_run: Path) -> None:
    data = read_data(sample_run)
    n = sum(f.unreadable + f.rejected for f in data.files)
    assert n and one(data, sample_run, "quarantined").number == str(n)
    assert not one(data, sample_run, f"quarantined>{n}").is_missed
    assert one(data, sample_run, f"quarantined>{n - 1}").is_missed


# ---------------------------------------------------------------- files


ODD = "R&D <b>|`x`\x1b[31m"


def test_junit_has_a_case_for_each_gate_and_reads_as_xml(tmp_path: Path) -> None:
    outcomes = [
        Outcome(ODD, [Judged("level<3", True, "2", f"it is {ODD}"), Judged("score<60", False, "70", "fine")]),
        Outcome("b", (), "no reporter.yml in it\n  write one"),
        Outcome("c", (), "", (), "there is no such folder"),
    ]  # fmt: skip
    write_junit(outcomes, tmp_path / "j.xml")
    suites = ElementTree.parse(tmp_path / "j.xml").getroot()  # noqa: S314 - we wrote it
    assert [(s.get("tests"), s.get("failures"), s.get("errors")) for s in suites] == [("3", "1", "0"), ("1", "0", "1"), ("1", "0", "0")]  # fmt: skip
    (failure,) = suites.iter("failure")
    assert (failure.text or "").startswith("level<3 is missed: it is R&D")
    (error,) = suites.iter("error")
    assert error.get("message") == "no reporter.yml in it"
    (skipped,) = suites.iter("skipped")
    assert skipped.get("message") == "there is no such folder", "what was not assessed did not pass"


def test_the_summary_is_a_table_that_no_name_breaks(tmp_path: Path, sample_run: Path) -> None:
    shown = printed(figures(read_data(sample_run)))
    gates_met = [Judged("level<3", True, "2", f"it is {ODD}")]
    write_summary("Units", HEADINGS, [Outcome(ODD, gates_met, "", shown), Outcome("b", (), "gone", printed({}))], tmp_path / "s.md")  # fmt: skip
    text = (tmp_path / "s.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {len(HEADINGS) + 2}
    assert "<b>" not in text.replace("\\<", "") and "\x1b" not in text
    assert "### Not assessed\n\n- **b**: gone" in text and "level\\<3 is missed" in text


# ---------------------------------------------------------------- the command line


Assess = Callable[..., tuple[int, str, str, Path]]


@pytest.fixture
def assess(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assess:
    """Assess the good company with some gates of its own; return exit code, stdout, stderr and the folder."""

    def run(own: object, *words: object) -> tuple[int, str, str, Path]:
        ws = Path(shutil.copytree(good, tmp_path / "ws"))
        settings = json.loads((ws / "reporter.yml").read_text("utf-8"))
        if own:
            settings["gates"] = own
        (ws / "reporter.yml").write_text(json.dumps(settings), "utf-8")
        assess_few(monkeypatch)
        done = reporter("assess", ws, "--out", tmp_path / "r", "--formats", "json", *words)
        return done.exit_code, done.stdout, done.stderr, tmp_path

    return run


def test_gates_of_the_workspace_and_the_command_line_hold_together(assess: Assess) -> None:
    code, out, err, folder = assess(
        ["quarantined", "regressions"], "--fail-on", "5,score:nope<1", "--json",
        "--quiet",
    )  # fmt: skip
    assert code == 1
    assert {g["gate"]: g["missed"] for g in json.loads(out)["gates"]} == {
        "quarantined>0": False, "regressions>0": True, "level<5": True, "score:nope<1": True,
    }  # fmt: skip
    assert json.loads(out)["fail_on_met"] is False
    for start in ("regressions>0 is missed", "level<5 is missed: the level on evidence is", "score:nope<1 is missed"):  # fmt: skip
        assert start in err
    assert "quarantined>0 is missed" not in err and (folder / "r/manifest.json").is_file()


def test_met_gates_exit_0_and_both_files_say_so(assess: Assess, tmp_path: Path) -> None:
    files = ("--junit", tmp_path / "out/j.xml", "--summary", tmp_path / "out/s.md")
    code, _, err, _ = assess("quarantined>5", *files)
    assert code == 0 and "is missed" not in err
    assert 'failures="0"' in (tmp_path / "out/j.xml").read_text()
    assert "All 1 gates are met." in (tmp_path / "out/s.md").read_text()


def test_a_wrong_gate_of_a_workspace_is_told_with_its_line(assess: Assess) -> None:
    code, _, err, folder = assess(["level<9", "scor<3"])
    assert code == 3 and not (folder / "r").exists()
    assert "reporter.yml:1: 'level<9' is not a gate" in err and "'scor<3' is not a gate" in err
