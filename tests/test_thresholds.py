"""The thresholds behind results: printed with their checks, and those that an organisation set itself said first and last."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from conftest import FEW, printed, reporter
from fixture_assessment import Assessed, view
from fixture_estate import Estate
from fixture_history import assessed, beside, changes_of, leave

from reporter.content.loader import Content
from reporter.model.assessment import Assessment, Check
from reporter.report.trend.changes import history
from reporter.report.view.thresholds import rule

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that sets two thresholds: one otherwise than shipped, one to the same."""
    estate = Estate()
    estate.settings["params"] = {"GOV-01": {"parity_points": 10}, "OWN-02": {"leave_days": 400}}
    return estate.write(tmp_path_factory.mktemp("lenient") / "ws")


@pytest.mark.usefixtures("few_checks")
def test_a_threshold_of_ones_own_is_told_in_every_place(lenient: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = reporter("assess", lenient, "--out", run, "--quiet", "--formats", "html,json,xlsx")
    assert done.exit_code == 0, done.output
    made = printed(run)
    own = "leave_days 400 (default: 30)"
    thresholds = {c["id"]: c["thresholds"] for c in made["checks"]}
    assert thresholds["OWN-02"] == [{"name": "leave_days", "value": "400", "shipped": "30"}]
    assert {"name": "parity_points", "value": "10", "shipped": ""} in thresholds["GOV-01"]
    (line,) = (s["text"] for s in made["scope"] if s["label"] == "Thresholds")
    assert line == f"1 set by the organisation: OWN-02 {own}"
    page = unescape((run / "report.html").read_text())
    assert f"Thresholds: {own}" in page and line in page
    (box,) = (n for n in made["summary"]["notices"] if n["code"] == "own_settings")
    assert box["lines"][0] == "params: OWN-02 leave_days 400 (default 30)"
    begin, end = (
        page.index(f"{x}</h3>")
        for x in ("Before you rely on these numbers", "Frameworks side by side")
    )
    assert begin < page.index("OWN-02 leave_days 400 (default 30)", begin) < end
    assert f"\nThresholds: {own}\n" in reporter("explain", run, "OWN-02").output
    sheet = openpyxl.load_workbook(run / "report.xlsx", read_only=True)["Checks"]
    head, *rows = sheet.iter_rows(values_only=True)
    at = head.index("thresholds in force")
    assert {row[0]: row[at] for row in rows if row[0] in FEW}["OWN-02"] == own


def test_shipped_thresholds_are_printed_and_called_shipped(content: Content) -> None:
    shipped = {c.id: c for c in content.checks}
    made = view(with_checks(shipped["APR-02"], shipped["OWN-01"]))
    lines = {c.id: c.threshold_text for c in made.checks}
    effects = "delete, transfer, publish, execute, admin, grant"
    assert lines["APR-02"] == f"approval_ttl_hours 24 · effects {effects} · skew_minutes 5"
    assert lines["OWN-01"] == ""
    assert next(s.text for s in made.scope if s.label == "Thresholds") == "all at their defaults"  # fmt: skip


def with_checks(*own: Check) -> Assessed:
    """The invented assessment, in which checks stand in place of its first ones."""
    a = assessed()
    olds = {c.id: c for c in a.checks}
    given = {c.id: c for c in own}
    scores = {**a.scores.checks}
    for i in given.keys() - olds.keys():
        scores[i] = replace(next(iter(scores.values())), check=i)
    return replace(
        a, checks=tuple((olds | given).values()), scores=replace(a.scores, checks=scores)
    )


# ---------------------------------------------------------------- between runs


GIVEN = [("INV-01", "a", "pass"), ("OWN-01", "a", "fail")]


def changed(check: str, **fields: object) -> Assessment:
    """The invented assessment with other content, in which one check has other fields."""
    a = assessed(content="0" * 64, thresholds="0" * 64)
    own = (replace(c, **fields) if c.id == check else c for c in a.checks)  # type: ignore[arg-type]
    return replace(a, checks=tuple(own))


@pytest.fixture
def before(tmp_path: Path) -> Path:
    a = assessed(90)
    own = tuple(replace(c, params={"days": 30, "kinds": ["a", "b"]}) for c in a.checks)
    return leave(tmp_path / "then", replace(a, checks=own), GIVEN)


def said(now: Assessment, before: Path) -> str:
    made = beside(before.parent / "now", [before], GIVEN, now)
    (text,) = history(made, {}, changes_of(made)).unlike
    return text


def test_a_changed_threshold_is_named_with_both_values(before: Path) -> None:
    a = assessed(thresholds="0" * 64)
    own = [replace(c, params={"days": 30, "kinds": ["a", "b"]}) for c in a.checks]
    own[0] = replace(own[0], params={"days": 90, "kinds": ["a", "c"]})
    i = own[0].id
    told = said(replace(a, checks=tuple(own)), before)
    assert f"the thresholds ({i} days: 30, then 90; {i} kinds: a, b, then a, c) changed" in told


def test_a_changed_rule_is_named_and_a_changed_title_is_none(before: Path) -> None:
    kept = {"params": {"days": 30, "kinds": ["a", "b"]}}
    same = changed("INV-01", title="Another title", fix="Otherwise.", **kept)
    assert "but no rule of a check that both have) changed" in said(same, before)
    for field, value in (("sql", "SELECT 2"), ("severity", "low"), ("level", 5), ("needs", ("actors.owner_id",))):  # fmt: skip
        other = changed("INV-01", **{field: value}, **kept)
        assert "with it the rules of INV-01) changed" in said(other, before)


def test_the_rule_of_a_check_is_the_same_in_every_process(content: Content) -> None:
    digests = {rule(c) for c in content.checks}
    assert len(digests) == len(content.checks)
    assert rule(content.checks[0]) == rule(replace(content.checks[0], title="x", params={}))


@pytest.mark.parametrize("name", ["", "Acme"])
def test_an_organisation_without_a_name_has_runs_before_it_too(name: str, tmp_path: Path) -> None:
    a = assessed(90)
    then = replace(a, run=replace(a.run, organisation=name))
    leave(tmp_path / "then", then, GIVEN)
    now = assessed()
    now = replace(now, run=replace(now.run, organisation=name))
    made = beside(tmp_path / "now", [tmp_path / "then"], GIVEN, now)
    assert history(made, {}, changes_of(made)).runs
