"""Agents one by one: the standing of each step of a path, levels by the same method as the whole, pictures that say it all."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import fixture_assessment as given
import pytest

from reporter.content.loader import Content
from reporter.content.workspace import read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import extract
from reporter.ingest.cache import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.model.comparison import Comparison, RatedAgent, Step
from reporter.model.scores import Status, Tally
from reporter.pipeline.run_scores import Scoring
from reporter.report.chapters.agents import agents
from reporter.report.document import View
from reporter.report.html import diagrams, page, result_pages
from reporter.score import score
from reporter.transform.derive import derive

STATUSES = (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NA)


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


def test_the_level_of_an_agent_is_what_the_method_gives_its_results_alone(content: Content) -> None:
    """Each theme scored once and put together is the same as scoring all at once."""
    profile = content.profiles["baseline"]
    about = [c for c in content.checks if c.about == "agent"]
    dice = random.Random(7)
    agents = {
        f"a{seed}": tuple(
            Tally(c.id, dice.choices(STATUSES, (seed + 1, 2, 1, 1))[0], 2, 2 + n % 3, 1)
            for n, c in enumerate(about)
        )
        for seed in range(0, 60, 6)
    }
    rated = [RatedAgent(a, "", 0, 0, 0, 0, 0, 0, 2, 4, 0, 0) for a in (*agents, "unseen")]
    scoring = Scoring(content, content.checks, profile, (), (), (), {})
    made = scoring.leveled([([a], counts) for a, counts in agents.items()], rated)
    assert [m.agent for m in made] == [*agents, "unseen"]
    for found in made[:-1]:
        whole = score((), content.checks, content.themes, agents[found.agent], content.policy, profile)  # fmt: skip
        total = whole.enterprise.total
        assert (found.level_lo, found.level_hi) == (whole.level.lo, whole.level.hi)
        assert (found.score_lo, found.score_hi) == (total.lo, total.hi)
        assert found.narrow == (whole.level.judged == 0)
        assert found.assessed == bool(total.assessed)
    assert len({(m.level_lo, m.score_lo) for m in made[:-1]}) > 3
    assert (made[-1].level_lo, made[-1].score_lo, made[-1].narrow) == (0, Fraction(0), True)


def test_an_agent_of_whom_nothing_is_known_has_no_level(content: Content) -> None:
    about = [c for c in content.checks if c.about == "agent"]
    scoring = Scoring(content, content.checks, content.profiles["baseline"], (), (), (), {})
    silent = tuple(Tally(c.id, Status.UNKNOWN, 1, 4, 1) for c in about)
    heard = (Tally(about[0].id, Status.FAIL, 1, 4, 1), *silent[1:])
    rated = [RatedAgent(a, "", 0, 0, 0, 0, 0, 0, 1, 4, 0, 0) for a in ("silent", "heard")]
    levels = scoring.leveled([(["silent"], silent), (["heard"], heard)], rated)
    assert [(m.narrow, m.assessed) for m in levels] == [(False, False), (False, True)]
    made = agents(Comparison(levels=levels))
    assert [(c.level, c.score) for c in made.cards] == [("0, at most 1", "0.0–98.6 %"), ("", "Not assessed")]  # fmt: skip
    assert [r.cells for r in made.rows] == [(1, 0, 0, 0, 0, 0, 1)]
    assert "1 has no level" in made.text


def test_rows_of_levels_count_every_agent_once(rich: View) -> None:
    levels = given.rich().compared.levels
    assert sum(r.total for r in rich.agents.rows) == len(levels)
    assert [r.tier for r in rich.agents.rows] == ["3", "2 to 3"]
    assert sum(r.cells[6] for r in rich.agents.rows) == sum(level.narrow for level in levels) == 1
    drawn = diagrams.tier_levels(rich.agents)
    shown = Counter(re.findall(r'font-weight="600" text-anchor="middle"[^>]*>(\d+)<', drawn))
    assert sum(int(n) * k for n, k in shown.items()) == len(levels)
    assert "no level" in drawn


def test_a_card_shows_what_nobody_approved_first_and_says_what_it_leaves_out(
    rich: View,
) -> None:
    card = next(c for c in rich.agents.cards if c.agent == "agent-01")
    assert [s.standing for s in card.steps if s.kind == "tool"] == ["never", "later", "not recorded", "before"]  # fmt: skip
    assert [s.name for s in card.steps if s.kind == "principal"] == ["not known who", "ann@example.com"]  # fmt: skip
    assert (len([s for s in card.steps if s.kind == "data"]), card.more) == (6, "3 further steps: in paths.csv.")  # fmt: skip
    assert card.text == (
        "Acts for 2 principals; used 4 tools and 9 data sources, 1 never approved, "
        "1 approved after its first use and 1 no input records approvals."
    )
    unregistered = next(c for c in rich.agents.cards if c.agent == "<b>stranger</b>")
    assert (unregistered.tier, unregistered.level, unregistered.text) == ("4", "", "Used 1 tool; the agent is not in any register.")  # fmt: skip
    quiet = next(c for c in rich.agents.cards if c.agent == "agent-05")
    assert quiet.text == "The logs provided show no activity of it."


def test_a_path_draws_every_step_of_its_card_and_escapes_names(rich: View) -> None:
    for card in rich.agents.cards:
        drawn = diagrams.action_path(card)
        assert drawn.count('fill="none" stroke=') - len(re.findall(r'<circle [^>]*fill="none"', drawn)) == len(card.steps)  # fmt: skip
        assert "<b>" not in drawn
        for step in card.steps:
            assert f"{step.uses} uses" in drawn
    worst = next(c for c in rich.agents.cards if c.agent == "agent-01")
    assert 'stroke-dasharray="2 3"' in diagrams.action_path(worst)


def test_every_agent_has_its_card_on_the_screen_and_the_worst_on_paper(rich: View) -> None:
    found = result_pages.listing(rich)
    assert {a.card.agent for a in found.actors if a.card} == {c.agent for c in rich.agents.cards}
    screen, paper = page.render(rich), page.render(rich, "paper")
    paths = sum(bool(c.steps) for c in rich.agents.cards)
    assert screen.count('class="chart path"') == paths
    assert 'class="chart path"' not in paper
    for medium in (screen, paper):
        assert medium.count('class="chart deviations"') == len(rich.agents.worst) == 2


def steps(content: Content, folder: Path, dated: bool) -> dict[tuple[str, str, str], Step]:
    """Paths of two registered agents and one that is not; `dated` says whether rights have dates of approval."""
    ws = folder / "ws"
    tools = [("crm.read", "2026-07-01"), ("crm.write", "2026-08-20")]
    rights = [{"name": n} | ({"approved_at": at} if dated else {}) for n, at in tools]
    known = {"actor_id": "agt-p", "kind": "agent", "state": "active", "tools": rights}
    bare = {"actor_id": "agt-q", "kind": "agent", "state": "active", "tools": [{"name": "crm.read"}]}  # fmt: skip
    used = (
        ("agt-p", "crm.read", "read", "2026-07-05"), ("agt-p", "crm.read", "read", "2026-07-06"),
        ("agt-p", "crm.write", "write", "2026-08-01"), ("agt-p", "crm.delete", "delete", "2026-08-02"),
        ("agt-q", "crm.read", "read", "2026-07-07"), ("agt-unregistered", "crm.read", "read", "2026-07-08"),
        ("agt-p", "old.tool", "read", "2026-05-01"),
    )  # fmt: skip
    events = [
        {"event_id": f"e{n}", "time": f"{day}T10:00:00Z", "log_source": "gw", "actor_id": who, "action": tool, "tool": tool,
         "effect": effect, "outcome": "success", "session_id": f"s{n}",
         "actor_kind": "agent"}
        for n, (who, tool, effect, day) in enumerate(used)
    ]  # fmt: skip
    events.append(events[0] | {"event_id": "no", "tool": "crm.drop", "outcome": "denied"})
    (ws / "inventory").mkdir(parents=True)
    (ws / "logs").mkdir()
    (ws / "reporter.yml").write_text(
        "organisation: A\nperiod: {from: 2026-07-01, to: 2026-10-01}\n"
    )
    records = [known | {"type": "agent"}, bare | {"type": "agent"}, {"type": "human", "actor_id": "ann", "state": "active"}]  # fmt: skip
    (ws / "inventory/agents.json").write_text(json.dumps({"schema": "reporter-inventory/1", "records": records}))  # fmt: skip
    (ws / "logs/gw.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    workspace = read_workspace(ws)
    own = tuple(s for s in content.sources if s.id.startswith("reporter-"))
    with DuckDB(folder / "work") as engine:
        ingest(engine, Inputs.of(ws), own, open_cache(folder / "cache"))
        derive(engine, workspace.run, [])
        return {(s.agent, s.kind, s.name): s for s in extract.compared(engine).paths}


def test_a_path_says_what_was_approved_first(content: Content, tmp_path: Path) -> None:
    made = steps(content, tmp_path, dated=True)
    assert {key[::2]: s.standing for key, s in made.items() if key[1] == "tool"} == {
        ("agt-p", "crm.read"): "before",
        ("agt-p", "crm.write"): "later",
        ("agt-p", "crm.delete"): "never",
        ("agt-q", "crm.read"): "never",  # its source records approvals, of others
        ("agt-unregistered", "crm.read"): "unregistered",
    }
    read = made["agt-p", "tool", "crm.read"]
    assert (read.uses, read.changes, read.ref) == (2, False, "logs/gw.jsonl#1")
    assert made["agt-p", "tool", "crm.delete"].changes


def test_where_no_input_records_approvals_nothing_is_called_unapproved(
    content: Content, tmp_path: Path
) -> None:
    made = steps(content, tmp_path, dated=False)
    assert {s.standing for s in made.values() if s.agent != "agt-unregistered"} == {"not recorded"}
