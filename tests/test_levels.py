"""A workspace for every level: the good company, gone wrong at one level, and with an earlier quarter beside it.

Its records count as exports of the systems that keep them; what only a register of one's own says earns half."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fixture_estate import Estate, _event

from reporter import Run, assess
from reporter.content import loader
from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.model.assessment import EarlierPeriod, RunInfo
from reporter.pipeline.earlier_period import NOT_FOLLOWED, Followed, _objection, earlier_period

QUARTER = 92


def nothing(estate: Estate) -> None:
    pass


def unlisted(estate: Estate) -> None:
    """Somebody acts who is in no register: level 1 is not reached."""
    acts = {"actor_id": "stranger", "actor_kind": "agent", "action": "delete", "effect": "delete"}
    estate.events.append(_event("2026-09-30T08:00", **acts))


def unasked(estate: Estate) -> None:
    """Tools of high impact need no approval: level 2 is not reached."""
    for agent in estate.agents:
        for tool in agent["tools"]:
            tool["needs_approval"] = False


def allowing(estate: Estate) -> None:
    """What agents are not allowed is not denied: level 3 is not reached."""
    for agent in estate.agents:
        agent["default_policy"] = "allow"


def untested(estate: Estate) -> None:
    """No agent was attacked in a test: level 4 is not reached."""
    for agent in estate.agents:
        agent["tested_at"] = "2025-01-01T00:00:00Z"


WRONG: dict[int, tuple[Callable[[Estate], None], str, str]] = {
    0: (unlisted, "INV level 1", "INV-02"),
    1: (unasked, "APR level 2", "APR-01"),
    2: (allowing, "ENT level 3", "ENT-01"),
    3: (untested, "GOV level 4", "GOV-03"),
    4: (nothing, "", ""),
}
"""Level that is reached -> what is wrong, the practice in the way of the next, and its check."""


def shifted(estate: Estate, days: int) -> Estate:
    """Return the same company so many days before."""

    def before(match: re.Match[str]) -> str:
        return (date.fromisoformat(match[0]) - timedelta(days=days)).isoformat()

    parts = {f.name: json.dumps(getattr(estate, f.name)) for f in fields(Estate)}
    moved = {k: json.loads(re.sub(r"\d{4}-\d\d-\d\d", before, text)) for k, text in parts.items()}
    return Estate(**moved)


@pytest.fixture(scope="module")
def exported(content: Content) -> Content:
    """The content, with the company's own format as an export of the systems that keep it."""
    sources = (
        replace(s, evidence="record") if s.id == "reporter-inventory" else s
        for s in content.sources
    )
    return replace(content, sources=tuple(sources))


Assess = Callable[..., Run]


@pytest.fixture
def run(tmp_path: Path, exported: Content, monkeypatch: pytest.MonkeyPatch) -> Assess:
    monkeypatch.setattr(loader, "load", lambda *_, **__: exported)

    def made(estate: Estate, earlier: Sequence[Path] = (), name: str = "now") -> Run:
        folder = estate.write(tmp_path / f"{name}-ws")
        return assess(
            folder, tmp_path / name, formats=["json"], earlier=earlier, cache=tmp_path / "cache"
        )

    return made


@pytest.mark.parametrize("level", WRONG)
@pytest.mark.slow
def test_a_workspace_of_every_level(level: int, run: Assess) -> None:
    spoil, practice, check = WRONG[level]
    estate = Estate()
    spoil(estate)
    made = run(estate)
    assert made.level == level
    steps = made.view.summary.steps
    assert [s.level for s in steps if not s.missing + s.unknown][:level] == [*range(1, level + 1)]
    told = made.explain("level")
    if practice:
        first, *others = steps[level].blockers
        assert (first.practice, first.standing) == (practice, "missing")
        assert [b.practice for b in others] == (["OWN level 1"] if level == 0 else [])
        assert f"{check} fails for " in told
        assert f"Level {level + 1} lacks {1 + len(others)} of " in told
        (rung,) = (r for r in made.view.front.rungs if r.standing == "next")
        assert rung.level == level + 1
        assert any(check in o.title and " fail" in o.text for o in rung.obstacles)
        assert rung.way in made.explain("level")
    else:
        assert "Level 5 is not reached: Level 5 needs an earlier period" in told
    if level:
        assert made.level_at_most == (level if practice else 5)


@pytest.mark.slow
def test_level_5_needs_an_earlier_quarter_whose_failures_are_closed(
    run: Assess, tmp_path: Path
) -> None:
    before = run(shifted(Estate(), QUARTER), name="before")
    assert (before.level, before.level_at_most) == (4, 5)
    made = run(Estate(), [tmp_path / "before"])
    assert (made.level, made.level_at_most, made.data.scores.level.caps) == (5, 5, ())
    assert made.data.earlier == EarlierPeriod("")
    assert made.data.roadmap.ceiling == 5
    n = len({(c.theme, c.level) for c in loader.load().checks})
    assert f"Level 5 is reached: the {n} practices it asks for are met." in made.explain("level")


@pytest.mark.slow
def test_what_is_not_closed_of_the_earlier_quarter_is_named(run: Assess, tmp_path: Path) -> None:
    def spoiled(estate: Estate) -> Estate:
        estate.agents[2]["tested_at"] = "2025-01-01T00:00:00Z"
        return estate

    assert run(spoiled(shifted(Estate(), QUARTER)), name="before").level == 4
    made = run(spoiled(Estate()), [tmp_path / "before"])
    assert made.level == 4
    told = made.explain("level")
    assert "What failed in the earlier run and is not closed: GOV-03 for agent-3." in told
    assert "No earlier run was given" not in told


@pytest.mark.slow
def test_logs_that_are_withheld_lift_no_level_and_leave_it_open(run: Assess) -> None:
    estate = Estate(events=[])
    unlisted(estate)
    with_logs, without = run(estate), run(Estate(events=[]), name="silent")
    assert (with_logs.level, with_logs.level_at_most) == (0, 0)
    assert without.level == 0 and without.level_at_most > 0
    step = without.view.summary.steps[0]
    assert [(b.practice, b.standing) for b in step.blockers] == [("INV level 1", "unknown")]
    (obstacle,) = without.view.front.rungs[0].obstacles
    assert "INV-02" in obstacle.title and "unknown" in obstacle.text


@pytest.mark.usefixtures("few_checks")
def test_a_long_name_is_cut_on_page_1_and_the_place_of_the_whole_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of 200 signs, four a check, filled the page."""
    monkeypatch.setattr("reporter.report.build.unscored", lambda view: view)  # little is judged
    name, folder = "x" * 200, tmp_path / "ws"
    (folder / "inventory").mkdir(parents=True)
    (folder / "reporter.yml").write_text(
        "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
    )
    agent = {"type": "agent", "actor_id": name, "name": name, "state": "active", "purpose": "x"}
    other = {**agent, "actor_id": "a1", "owner_id": "ann@example.com", "risk_tier": "high"}
    (folder / "inventory" / "agents.json").write_text(
        json.dumps([{**agent, "owner_id": None}, other])
    )
    made = assess(folder, tmp_path / "run", formats=["json"], cache=tmp_path / "cache")
    texts = [o.text for o in made.view.front.rungs[0].obstacles]
    texts += [q.about for q in made.view.front.questions]
    assert any(f"{name[:60]}… [140 more characters in results.parquet]" in t for t in texts)
    assert not any(name in t for t in texts)


# ---------------------------------------------------------------- the lift of the cap

START, END = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
NOW = RunInfo("Acme", "", START, END, END, "baseline")


def earlier(content: Content, level: int = 4, days: int = 0, **more: Any) -> Any:
    """An earlier run as far as the lift looks at it."""
    scores = SimpleNamespace(level=SimpleNamespace(lo=level))
    held: dict[str, Any] = {"checks": content.checks, "policy": content.policy, "scores": scores}
    end = START.replace(tzinfo=None) - timedelta(days=days)
    return SimpleNamespace(
        assessment=SimpleNamespace(**held | more),
        run=SimpleNamespace(period_to=end),
        is_without_people=False,
    )


@pytest.mark.parametrize(
    ("changed", "may"),
    [
        ({}, True),
        ({"days": 100}, True),
        ({"days": 101}, False),
        ({"days": -1}, False),
        ({"level": 3}, False),
        ({"level": 5}, True),
    ],
)
def test_an_earlier_run_has_to_be_good_and_near(changed: dict[str, int], may: bool, content: Content) -> None:  # fmt: skip
    assert (not _objection(earlier(content, **changed), NOW, content)) == may


def test_an_earlier_run_has_to_be_scored_alike(content: Content) -> None:
    first, *rest = content.checks
    moved = (replace(first, level=first.level % 5 + 1), *rest)
    other = replace(content.policy, sha256="0" * 64)
    for more in ({"checks": moved}, {"checks": tuple(rest)}, {"policy": other}):
        assert _objection(earlier(content, **more), NOW, content) == "scale"


ROW = tuple[str, str, str, int]
"""(check, subject, status, tier)"""
KEPT: list[ROW] = [("POL-02", f"a{n}", "pass", 2) for n in range(9)]
"""What passes then and now, of the actors that both runs know."""


@pytest.mark.parametrize(
    ("then", "now", "closed"),
    [
        ([], [], True),
        ([("ENT-05", "a1", "fail", 4)], [("ENT-05", "a1", "pass", 4)], True),
        ([("ENT-05", "a1", "fail", 4)], [("ENT-05", "a1", "unknown", 4)], False),
        ([("ENT-05", "a1", "fail", 4)], [("ENT-05", "a1", "declared", 4)], False),
        ([("ENT-05", "a1", "fail", 4)], [("ENT-05", "a1", "na", 4)], True),
        ([("ENT-05", "a1", "fail", 4)], [], True),
        ([("SUP-01", "a1", "fail", 4)], [("SUP-01", "a1", "fail", 4)], True),
        ([("ENT-05", f"a{n}", "fail", 2) for n in range(8)],
         [("ENT-05", f"a{n}", "pass" if n else "fail", 2) for n in range(8)], True),
        ([("ENT-05", f"a{n}", "fail", 2) for n in range(6)],
         [("ENT-05", f"a{n}", "pass" if n else "fail", 2) for n in range(6)], False),
        ([], [("POL-02", "new", "pass", 2)], True),
        ([], [("POL-02", "old", "pass", 4)], False),
        ([], [("POL-02", "undated", "pass", 4)], False),
    ],
    ids=["nothing failed", "closed", "not known", "only declared", "applies no longer", "gone", "of medium severity",
         "7 of 8", "5 of 6", "began since", "was there, and is new to us", "began nobody knows when"],
)  # fmt: skip
def test_what_failed_then_has_to_pass_now(
    then: list[ROW], now: list[ROW], closed: bool, content: Content, tmp_path: Path
) -> None:
    actors = [("new", datetime(2026, 8, 1)), ("old", datetime(2026, 1, 1)), ("undated", None)]
    columns = "(check_id VARCHAR, subject VARCHAR, actor VARCHAR, status VARCHAR"
    with DuckDB(tmp_path) as engine:
        engine.run(f"CREATE TABLE results {columns}, tier_lo INTEGER, tier_hi INTEGER)")
        engine.run(f"CREATE TABLE earlier_results {columns})")
        engine.run("CREATE TABLE actors (actor_id VARCHAR, created_at TIMESTAMP)")
        engine.insert("actors", actors)
        engine.insert("results", [(c, s, s, status, n, n) for c, s, status, n in KEPT + now])
        engine.insert("earlier_results", [(c, s, s, status) for c, s, status, _ in KEPT + then])
        found = earlier_period(engine, Followed(earlier(content)), content)
        assert (not found.why) == closed
        failed = {(c, s) for c, s, status, _ in then if status == "fail"}
        open_now = {(c, s) for c, s, status, _ in now if status not in ("pass", "na")} & failed
        if found.why != "cover" and not closed:
            assert {u.check: u.n for u in found.unclosed} == Counter(c for c, _ in open_now)
            assert {(u.check, s) for u in found.unclosed for s in u.subjects} == open_now
        assert earlier_period(engine, NOT_FOLLOWED, content).why == "none"
